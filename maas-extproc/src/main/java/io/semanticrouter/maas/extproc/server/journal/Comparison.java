// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.record.Cost;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the same exchanges cost by two accounts. Memory grows with the rows. */
final class Comparison {
  private final String one;
  private final String other;
  private final boolean largestFirst;
  private final Map<List<String>, Row> rows = new HashMap<>();

  /** What exchanges add up to. */
  private static final class Row {
    private long exchanges;
    private long different;
    private long withoutOne;
    private long withoutOther;
    private final Map<String, BigDecimal> one = new TreeMap<>();
    private final Map<String, BigDecimal> other = new TreeMap<>();

    BigDecimal one(String currency) {
      return one.getOrDefault(currency, BigDecimal.ZERO);
    }

    BigDecimal other(String currency) {
      return other.getOrDefault(currency, BigDecimal.ZERO);
    }

    /** The sum of all differences, whatever their currency: an order, not an amount. */
    BigDecimal size() {
      TreeSet<String> currencies = new TreeSet<>(one.keySet());
      currencies.addAll(other.keySet());
      BigDecimal size = BigDecimal.ZERO;
      for (String currency : currencies) {
        size = size.add(other(currency).subtract(one(currency)).abs());
      }
      return size;
    }
  }

  /**
   * An empty one.
   *
   * @param one what columns of the first account are named after
   * @param other the same of the second
   * @param largestFirst rows by the size of the difference; else by their keys
   */
  Comparison(String one, String other, boolean largestFirst) {
    this.one = one;
    this.other = other;
    this.largestFirst = largestFirst;
  }

  /**
   * Adds an exchange.
   *
   * @param sign -1 to take it off again
   */
  void add(List<String> keys, @Nullable Cost first, @Nullable Cost second, int sign) {
    Row row = rows.computeIfAbsent(keys, key -> new Row());
    row.exchanges += sign;
    row.different += first == null ? second == null ? 0 : sign : first.equals(second) ? 0 : sign;
    if (first == null) {
      row.withoutOne += sign;
    } else {
      add(row.one, first, sign);
    }
    if (second == null) {
      row.withoutOther += sign;
    } else {
      add(row.other, second, sign);
    }
  }

  private static void add(Map<String, BigDecimal> to, Cost cost, int sign) {
    to.merge(cost.currency(), sign > 0 ? cost.amount() : cost.amount().negate(), BigDecimal::add);
  }

  /** The table of all rows. */
  Table table(List<String> keys) {
    List<Map.Entry<List<String>, Row>> sorted = new ArrayList<>(rows.entrySet());
    Comparator<Map.Entry<List<String>, Row>> byKeys =
        Map.Entry.comparingByKey(ReportCommand.IN_ORDER);
    sorted.sort(
        largestFirst
            ? Comparator.comparing(
                    (Map.Entry<List<String>, Row> row) -> row.getValue().size(),
                    Comparator.reverseOrder())
                .thenComparing(byKeys)
            : byKeys);
    return new Table(
        keys,
        names(),
        taker -> {
          for (Map.Entry<List<String>, Row> row : sorted) {
            taker.take(row.getKey(), numbers(row.getValue()));
          }
        });
  }

  /** The sums of all rows. */
  List<String> totals() {
    Row total = new Row();
    for (Row row : rows.values()) {
      total.exchanges += row.exchanges;
      total.different += row.different;
      total.withoutOne += row.withoutOne;
      total.withoutOther += row.withoutOther;
      row.one.forEach((currency, cost) -> total.one.merge(currency, cost, BigDecimal::add));
      row.other.forEach((currency, cost) -> total.other.merge(currency, cost, BigDecimal::add));
    }
    return numbers(total);
  }

  private SortedSet<String> currencies() {
    SortedSet<String> currencies = new TreeSet<>();
    for (Row row : rows.values()) {
      currencies.addAll(row.one.keySet());
      currencies.addAll(row.other.keySet());
    }
    return currencies;
  }

  private List<String> names() {
    List<String> names =
        new ArrayList<>(List.of("exchanges", "different", "without_" + one, "without_" + other));
    names.addAll(money());
    return names;
  }

  /** The columns of money. */
  Set<String> money() {
    Set<String> names = new LinkedHashSet<>();
    for (String currency : currencies()) {
      String suffix = "_" + currency.toLowerCase(Locale.ROOT);
      names.addAll(List.of(one + suffix, other + suffix, "difference" + suffix));
    }
    return names;
  }

  private List<String> numbers(Row row) {
    List<String> numbers = new ArrayList<>();
    for (long count : new long[] {row.exchanges, row.different, row.withoutOne, row.withoutOther}) {
      numbers.add(Long.toString(count));
    }
    for (String currency : currencies()) {
      numbers.add(ReportCommand.plain(row.one(currency)));
      numbers.add(ReportCommand.plain(row.other(currency)));
      numbers.add(ReportCommand.plain(row.other(currency).subtract(row.one(currency))));
    }
    return numbers;
  }
}
