// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import io.semanticrouter.maas.extproc.server.text.SourceFiles;
import io.semanticrouter.maas.extproc.server.text.TextTree;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The book that is in the jar: the price list of the PyPI package model-prices, byte for byte,
 * which becomes a book when it is asked for. {@code tools/default-book} fetches it.
 */
final class DefaultBook {
  /** What it is called in {@code pricing.books}. */
  static final String NAME = "default";

  private DefaultBook() {}

  /**
   * The book.
   *
   * @throws UnreadableException when the jar is broken
   */
  static PriceBook read() throws UnreadableException {
    return read(new BookDraft(List.of()));
  }

  /** The same, with what was left out. */
  static PriceBook read(BookDraft draft) throws UnreadableException {
    byte[] list = list();
    String sha256 = SourceFiles.sha256(list);
    return new PriceBook(NAME, PriceList.MODEL_PRICES.book(tree(list), sha256, draft), sha256);
  }

  /** The list as a tree. */
  static @Nullable Object tree(byte[] list) throws UnreadableException {
    return TextTree.readJson("model-prices.json", list);
  }

  static byte[] list() {
    try (InputStream in = new GZIPInputStream(resource("model-prices.json.gz"))) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One line of where it is from. */
  static String description() {
    Properties properties = new Properties();
    try (InputStream in = resource("model-prices.properties")) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return "PyPI model-prices "
        + properties.getProperty("version")
        + " of "
        + properties.getProperty("date")
        + ", "
        + properties.getProperty("license")
        + ", sha256 "
        + properties.getProperty("sha256");
  }

  private static InputStream resource(String name) throws IOException {
    InputStream in = DefaultBook.class.getResourceAsStream(name);
    if (in == null) {
      throw new FileNotFoundException(name);
    }
    return in;
  }
}
