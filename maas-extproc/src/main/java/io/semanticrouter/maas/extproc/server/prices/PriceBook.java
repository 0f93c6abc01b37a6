// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import io.semanticrouter.maas.extproc.server.text.SourceFiles;
import io.semanticrouter.maas.extproc.server.text.TextTree;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A price book as it was written, not checked yet.
 *
 * @param section what would stand in {@code pricing.books}
 * @param sha256 of its bytes, in hexadecimal digits
 */
record PriceBook(String name, Map<String, @Nullable Object> section, String sha256) {
  private static final int MAX_BYTES = 16 << 20;

  /**
   * Reads a book.
   *
   * @param name the path of a file, or that of the default book
   * @param directory what the path is relative to
   * @param path of the section that it becomes, for the places
   * @throws UnreadableException when there is no such file, or it is no YAML or JSON
   */
  static PriceBook read(String name, Path directory, String path, TextTree.Places places)
      throws UnreadableException {
    if (name.equals(DefaultBook.NAME)) {
      return DefaultBook.read();
    }
    byte[] bytes = bytes(directory.resolve(name));
    return new PriceBook(
        name, TextTree.read(name, bytes, path, key -> true, places), SourceFiles.sha256(bytes));
  }

  /** What a file contains, when that is not too much. */
  static byte[] bytes(Path file) throws UnreadableException {
    if (!Files.isRegularFile(file)) {
      throw new UnreadableException("no file at " + file.toAbsolutePath().normalize());
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new UnreadableException(file + ": larger than " + MAX_BYTES + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw new UnreadableException(file + ": cannot be read: " + e.getMessage());
    }
  }

  /** How many models it names. */
  private int models() {
    return section.get("models") instanceof Map<?, ?> models ? models.size() : 0;
  }

  /** One line for a log. */
  String description() {
    return name
        + ": version "
        + section.get("version")
        + ", "
        + models()
        + " models, sha256 "
        + sha256;
  }
}
