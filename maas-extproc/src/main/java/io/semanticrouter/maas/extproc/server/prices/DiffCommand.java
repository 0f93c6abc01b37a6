// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Compares two books. */
@Command(
    name = "diff",
    mixinStandardHelpOptions = true,
    description = {
      "Lists what another book says of each model, at each time.",
      "Exit status: 0 when they say the same, 1 when not, 2 when a file is wrong."
    })
final class DiffCommand extends BookCommand {
  @Parameters(index = "0", paramLabel = "BOOK", description = "A file, or default.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private String before;

  @Parameters(index = "1", paramLabel = "OTHER", description = "A file, or default.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private String after;

  @Override
  boolean run(PrintWriter out) throws UnreadableException {
    SortedMap<String, SortedMap<String, String>> old = models(checkedBook(before));
    SortedMap<String, SortedMap<String, String>> changed = models(checkedBook(after));
    boolean same = true;
    TreeSet<String> names = new TreeSet<>(old.keySet());
    names.addAll(changed.keySet());
    for (String name : names) {
      SortedMap<String, String> one = old.get(name);
      SortedMap<String, String> other = changed.get(name);
      if (one == null || other == null) {
        out.println((one == null ? "+ " : "- ") + name);
        same = false;
      } else {
        same &= print(out, name, one, other);
      }
    }
    return same;
  }

  private static boolean print(
      PrintWriter out,
      String name,
      SortedMap<String, String> one,
      SortedMap<String, String> other) {
    boolean same = true;
    TreeSet<String> keys = new TreeSet<>(one.keySet());
    keys.addAll(other.keySet());
    for (String key : keys) {
      String was = one.getOrDefault(key, "none");
      String is = other.getOrDefault(key, "none");
      if (!was.equals(is)) {
        out.println("~ " + name + " " + key + ": " + was + " -> " + is);
        same = false;
      }
    }
    return same;
  }

  /** What a book says of each name, by the time from which it says so and the key. */
  private static SortedMap<String, SortedMap<String, String>> models(Map<?, ?> book) {
    SortedMap<String, SortedMap<String, String>> models = new TreeMap<>();
    Object currency = book.get("currency");
    versions(book)
        .forEach(
            (model, versions) -> {
              for (Map<?, ?> version : versions) {
                List<Object> names = new ArrayList<>(List.of(model));
                Object aliases = version.get("aliases");
                names.addAll(
                    aliases instanceof String alias ? List.of(alias) : PriceList.list(aliases));
                Object from = version.get("valid_from");
                String when =
                    (from == null ? "" : "from " + from + " ") + hours(version.get("window"));
                for (Object name : names) {
                  SortedMap<String, String> values =
                      models.computeIfAbsent(String.valueOf(name), key -> new TreeMap<>());
                  values.put("currency", currency == null ? "USD" : String.valueOf(currency));
                  add(values, when, version);
                }
              }
            });
    return models;
  }

  /** What tells prices of certain hours from those of others that begin to be valid with them. */
  private static String hours(@Nullable Object window) {
    return window instanceof Map<?, ?> map && map.containsKey("hours")
        ? "at " + map.get("hours") + " "
        : window == null ? "" : "on weekdays ";
  }

  private static void add(Map<String, String> values, String prefix, Map<?, ?> terms) {
    terms.forEach(
        (key, value) -> {
          switch (String.valueOf(key)) {
            case "source", "aliases", "valid_from" -> {}
            default -> add(values, prefix + key, value);
          }
        });
  }

  private static void add(Map<String, String> values, String key, @Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      add(values, key + " ", map);
    } else if (value instanceof List<?> list) {
      for (Object element : list) {
        if (element instanceof Map<?, ?> size) {
          Object over = size.get("input_tokens_over");
          add(
              values,
              key + " " + (over == null ? size.get("input_tokens_from") : over) + " ",
              size);
        } else {
          values.put(key + " " + element, "yes");
        }
      }
    } else {
      values.put(key, value == null ? "none" : normalized(value));
    }
  }

  private static String normalized(Object value) {
    try {
      return new BigDecimal(value.toString().strip()).stripTrailingZeros().toPlainString();
    } catch (NumberFormatException e) {
      return value.toString();
    }
  }
}
