// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The price books that a configuration names in {@code pricing.books}: each name of a file becomes
 * the section that stands in the file. Immutable; reading again sees what has changed.
 */
public final class PriceBooks {
  /** Stands for a file that could not be read, so that it is reported once. */
  private static final Map<String, Object> UNREAD = Map.of("version", "unread");

  private static final String PRICING = "pricing";
  private static final String BOOKS = "books";

  private final Map<String, @Nullable Object> tree;
  private final List<@Nullable Object> named;
  private final List<String> read = new ArrayList<>();

  /**
   * A book that a configuration names.
   *
   * @param path of its file; null for the default book, which is in the jar
   * @param description its name, version, size and SHA-256, for a log
   */
  public record BookFile(@Nullable Path path, String description) {}

  private PriceBooks(
      Map<String, @Nullable Object> tree, Path file, ConfigText text, List<ConfigError> errors) {
    Map<?, ?> pricing = tree.get(PRICING) instanceof Map<?, ?> map ? map : Map.of();
    named = pricing.get(BOOKS) instanceof List<?> list ? new ArrayList<>(list) : new ArrayList<>();
    List<@Nullable Object> sections = new ArrayList<>();
    Path directory = file.toAbsolutePath().getParent();
    for (Object element : named) {
      String key = PRICING + "." + BOOKS + "[" + sections.size() + "]";
      if (element instanceof String name && directory != null) {
        try {
          PriceBook book = PriceBook.read(name, directory, key, text.places(name));
          if (!name.equals(DefaultBook.NAME)) {
            text.files().note(directory.resolve(name), book.sha256());
          }
          read.add(book.description());
          sections.add(book.section());
        } catch (UnreadableException e) {
          text.files().missing(directory.resolve(name));
          errors.add(new ConfigError(key, name, String.valueOf(e.getMessage()), null));
          sections.add(UNREAD);
        } catch (InvalidPathException e) {
          errors.add(new ConfigError(key, name, String.valueOf(e.getMessage()), null));
          sections.add(UNREAD);
        }
      } else {
        sections.add(element);
      }
    }
    this.tree = sections.equals(named) ? tree : with(tree, sections);
  }

  /**
   * Reads the books of a configuration.
   *
   * @param tree the whole configuration, which stays as it is
   * @param file where it is from: names of books are relative to its directory
   * @param text receives where things stand in the books
   * @param errors receives what cannot be read
   */
  public static PriceBooks read(
      Map<String, @Nullable Object> tree, Path file, ConfigText text, List<ConfigError> errors) {
    return new PriceBooks(tree, file, text, errors);
  }

  private static Map<String, @Nullable Object> with(
      Map<String, @Nullable Object> tree, List<@Nullable Object> books) {
    Map<String, @Nullable Object> pricing = new LinkedHashMap<>();
    if (tree.get(PRICING) instanceof Map<?, ?> map) {
      map.forEach((key, value) -> pricing.put(String.valueOf(key), value));
    }
    pricing.put(BOOKS, books);
    Map<String, @Nullable Object> whole = new LinkedHashMap<>(tree);
    whole.put(PRICING, pricing);
    return whole;
  }

  /** The configuration with the books in it. */
  public Map<String, @Nullable Object> tree() {
    return tree;
  }

  /** What is in effect, with the names in place of the books again. */
  public Map<String, Object> named(Map<String, Object> effective) {
    if (read.isEmpty()
        || !(effective.get(PRICING) instanceof Map<?, ?> pricing)
        || !(pricing.get(BOOKS) instanceof List<?> sections)) {
      return effective;
    }
    List<Object> books = new ArrayList<>();
    for (Object section : sections) {
      books.add(named.get(books.size()) instanceof String name ? name : section);
    }
    Map<Object, Object> named = new LinkedHashMap<>(pricing);
    named.put(BOOKS, books);
    Map<String, Object> whole = new LinkedHashMap<>(effective);
    whole.put(PRICING, named);
    return whole;
  }

  /** What was read, in the order of the books: name, version, size and SHA-256, for a log. */
  public List<String> descriptions() {
    return List.copyOf(read);
  }

  /**
   * A card of books and nothing else.
   *
   * @param names of files, relative to the working directory, or {@code default}; later ones count
   *     before earlier ones
   * @throws UnreadableException when one is wrong, with all errors
   */
  public static RateCard card(List<String> names) throws UnreadableException {
    List<ConfigError> errors = new ArrayList<>();
    ConfigText text = new ConfigText();
    Map<String, @Nullable Object> pricing = new LinkedHashMap<>();
    pricing.put(BOOKS, names);
    PriceBooks books = read(Map.of(PRICING, pricing), Path.of("none"), text, errors);
    ConfigSection root = ConfigSection.root(books.tree(), errors);
    RateCard card = MaasConfig.from(root).rateCard();
    if (!errors.isEmpty()) {
      throw new UnreadableException(
          errors.size()
              + " error(s)\n  "
              + String.join("\n  ", errors.stream().map(text::located).toList()));
    }
    return card;
  }

  /** What the book {@code default} is: a package, its licence, its date and its SHA-256. */
  public static String defaultDescription() {
    return DefaultBook.description();
  }
}
