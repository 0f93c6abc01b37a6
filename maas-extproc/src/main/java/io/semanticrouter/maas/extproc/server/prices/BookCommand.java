// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import io.semanticrouter.maas.extproc.server.text.TextTree;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * What the subcommands of {@code prices} have in common. Exit status: 0, {@value #FOUND} when there
 * is something that needs a look, {@value #WRONG} when a file is wrong.
 */
abstract class BookCommand implements Callable<Integer> {
  static final int FOUND = 1;
  static final int WRONG = 2;

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  private final ConfigText text = new ConfigText();

  /** Does the work; whether nothing needs a look. */
  abstract boolean run(PrintWriter out) throws UnreadableException;

  @Override
  public final Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try {
      boolean good = run(out);
      out.flush();
      return good ? 0 : FOUND;
    } catch (UnreadableException e) {
      err().println(spec.qualifiedName() + ": " + e.getMessage());
      return WRONG;
    } catch (ConfigException e) {
      err().println(spec.qualifiedName() + ": " + e.errors().size() + " error(s)");
      for (ConfigError error : e.errors()) {
        err().println("  " + text.located(error));
      }
      return WRONG;
    }
  }

  CommandLine commandLine() {
    return spec.commandLine();
  }

  PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** The section {@code pricing} of a configuration file, with its books in it. */
  Map<String, @Nullable Object> pricing(Path file) throws UnreadableException {
    Map<String, @Nullable Object> tree =
        TextTree.read(
            file.toString(),
            PriceBook.bytes(file),
            "",
            key -> key.equals("pricing"),
            text.places());
    return pricing(tree, file);
  }

  /** A section {@code pricing} that has these books and nothing else. */
  Map<String, @Nullable Object> pricing(List<String> books) throws UnreadableException {
    Map<String, @Nullable Object> pricing = new LinkedHashMap<>();
    pricing.put("books", books);
    return pricing(Map.of("pricing", pricing), Path.of("none"));
  }

  private Map<String, @Nullable Object> pricing(Map<String, @Nullable Object> tree, Path file) {
    List<ConfigError> errors = new ArrayList<>();
    PriceBooks books = PriceBooks.read(tree, file, text, errors);
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    Map<String, @Nullable Object> pricing = new LinkedHashMap<>();
    PriceList.map(books.tree().get("pricing"))
        .forEach((key, value) -> pricing.put(String.valueOf(key), value));
    return pricing;
  }

  /** The card of a section {@code pricing}. */
  static RateCard card(Map<String, @Nullable Object> pricing) {
    return MaasConfig.from(Map.of("pricing", pricing)).rateCard();
  }

  /** Checks a book, and gives its section. */
  Map<?, ?> checkedBook(String name) throws UnreadableException {
    Map<String, @Nullable Object> pricing = pricing(List.of(name));
    RateCard unused = card(pricing);
    return PriceList.map(PriceList.list(pricing.get("books")).get(0));
  }

  /** The versions of each model of a book, as they were written. */
  static Map<String, List<Map<?, ?>>> versions(Map<?, ?> book) {
    Map<String, List<Map<?, ?>>> models = new LinkedHashMap<>();
    PriceList.map(book.get("models"))
        .forEach(
            (model, entry) -> {
              List<Map<?, ?>> versions = new ArrayList<>();
              List<?> all = entry instanceof List<?> list ? list : List.of(PriceList.map(entry));
              all.forEach(version -> versions.add(PriceList.map(version)));
              models.put(String.valueOf(model), versions);
            });
    return models;
  }
}
