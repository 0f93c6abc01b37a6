// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.extproc.server.journal.ProviderBill.Amounts;
import io.semanticrouter.maas.extproc.server.journal.ProviderBill.Item;
import io.semanticrouter.maas.extproc.server.journal.Sums.Certainty;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A journal beside a {@link ProviderBill}, by day and by the model that the answer names, which is
 * what providers bill by. All that is known here counts, estimates as well: a provider bills what a
 * client did not wait for. Answers of the response cache do not.
 */
final class Reconciliation {
  private static final BigDecimal PERCENT = BigDecimal.valueOf(100);

  private final ProviderBill bill;

  /** By how much an amount may differ, as a share of the bill. */
  private final BigDecimal tolerance;

  private final Map<Item, Ours> ours = new TreeMap<>();

  private static final class Ours {
    private final Amounts amounts = new Amounts();
    private long exchanges;
    private long unknown;
  }

  /** One amount of a row, by both accounts. */
  private record Pair(BigDecimal provider, BigDecimal here) {
    BigDecimal difference() {
      return here.subtract(provider);
    }
  }

  /** A row, with its amounts in the order of the columns. */
  private record Row(Item item, long exchanges, long unknown, List<Pair> pairs) {}

  /**
   * A comparison with a bill.
   *
   * @param percent by how much an amount may differ from that of the bill
   */
  Reconciliation(ProviderBill bill, BigDecimal percent) {
    this.bill = bill;
    this.tolerance = percent.divide(PERCENT);
  }

  /**
   * Adds an exchange.
   *
   * @param sign -1 to take it off again
   */
  void add(UsageRecord record, int sign) {
    LocalDate day = Key.end(record).atOffset(ZoneOffset.UTC).toLocalDate();
    if (!bill.covers(day) || record.isCacheHit()) {
      return;
    }
    String answered = record.routing().responseModel();
    Ours of = ours(day, answered == null ? record.model() : answered);
    Certainty certainty = Certainty.of(record.outcome());
    if (certainty == Certainty.UNBILLED) {
      return;
    }
    of.exchanges += sign;
    of.unknown += certainty == Certainty.UNMETERED || certainty == Certainty.FAILED ? sign : 0;
    add(of, record.measurement().usage(), sign);
    Cost cost = record.cost();
    if (cost != null) {
      BigDecimal amount = cost.amount();
      of.amounts.money(cost.currency(), sign > 0 ? amount : amount.negate());
    }
    for (UsageLine other : record.measurement().otherLines()) {
      add(ours(day, other.model()), other.usage(), sign);
    }
  }

  private Ours ours(LocalDate day, String model) {
    return ours.computeIfAbsent(new Item(day, model), item -> new Ours());
  }

  private static void add(Ours to, @Nullable TokenUsage usage, int sign) {
    if (usage != null) {
      to.amounts.tokens(
          BigDecimal.valueOf(sign * Math.max(0, usage.prompt())),
          BigDecimal.valueOf(sign * Math.max(0, usage.completion())));
    }
  }

  /** Prints the table; whether no amount differs by more than it may. */
  boolean print(PrintWriter out) throws IOException {
    Set<Item> items = new TreeSet<>(bill.items().keySet());
    Set<String> notBilled = new TreeSet<>();
    for (Map.Entry<Item, Ours> entry : ours.entrySet()) {
      if (bill.names(entry.getKey().model())) {
        items.add(entry.getKey());
      } else if (entry.getValue().exchanges > 0) {
        notBilled.add(entry.getKey().model());
      }
    }
    List<String> names = new ArrayList<>();
    if (bill.hasTokens()) {
      names.addAll(List.of("prompt", "completion"));
    }
    for (String currency : bill.currencies()) {
      names.add(currency.toLowerCase(Locale.ROOT));
    }
    List<Row> rows = new ArrayList<>();
    boolean same = true;
    for (Item item : items) {
      Row row = row(item);
      rows.add(row);
      for (Pair pair : row.pairs) {
        same &= pair.difference().abs().compareTo(pair.provider.abs().multiply(tolerance)) <= 0;
      }
    }
    rows.sort(largestFirst(names.size()));
    table(names, rows).print(out, total(rows, names.size()), shown(names));
    for (String model : notBilled) {
      out.println("not in the bill: " + Table.printable(model));
    }
    for (Map.Entry<String, Long> left : bill.leftOut().entrySet()) {
      out.println("not compared: " + Table.printable(left.getKey()) + ", " + left.getValue());
    }
    return same;
  }

  private Row row(Item item) {
    Amounts theirs = bill.items().getOrDefault(item, new Amounts());
    Ours here = ours.getOrDefault(item, new Ours());
    List<Pair> pairs = new ArrayList<>();
    if (bill.hasTokens()) {
      pairs.add(new Pair(theirs.prompt(), here.amounts.prompt()));
      pairs.add(new Pair(theirs.completion(), here.amounts.completion()));
    }
    for (String currency : bill.currencies()) {
      pairs.add(new Pair(theirs.money(currency), here.amounts.money(currency)));
    }
    return new Row(item, here.exchanges, here.unknown, pairs);
  }

  /** By money where there is any, else by tokens; then by day and model. */
  private Comparator<Row> largestFirst(int pairs) {
    int first = pairs > 2 || !bill.hasTokens() ? (bill.hasTokens() ? 2 : 0) : 0;
    return Comparator.comparing(
            (Row row) -> {
              BigDecimal size = BigDecimal.ZERO;
              for (Pair pair : row.pairs.subList(first, pairs)) {
                size = size.add(pair.difference().abs());
              }
              return size;
            },
            Comparator.reverseOrder())
        .thenComparing(Row::item);
  }

  private static Table table(List<String> names, List<Row> rows) {
    List<String> numbers = new ArrayList<>(List.of("exchanges", "unknown"));
    for (String name : names) {
      numbers.addAll(List.of("provider_" + name, "ours_" + name, "difference_" + name));
    }
    return new Table(
        List.of("day", "model"),
        numbers,
        taker -> {
          for (Row row : rows) {
            taker.take(List.of(row.item.day().toString(), row.item.model()), numbers(row));
          }
        });
  }

  private static List<String> numbers(Row row) {
    List<String> numbers = new ArrayList<>();
    numbers.add(Long.toString(row.exchanges));
    numbers.add(Long.toString(row.unknown));
    for (Pair pair : row.pairs) {
      numbers.add(ReportCommand.plain(pair.provider));
      numbers.add(ReportCommand.plain(pair.here));
      numbers.add(ReportCommand.plain(pair.difference()));
    }
    return numbers;
  }

  private static List<String> total(List<Row> rows, int pairs) {
    long exchanges = 0;
    long unknown = 0;
    List<Pair> sums = new ArrayList<>();
    for (int i = 0; i < pairs; i++) {
      sums.add(new Pair(BigDecimal.ZERO, BigDecimal.ZERO));
    }
    for (Row row : rows) {
      exchanges += row.exchanges;
      unknown += row.unknown;
      for (int i = 0; i < pairs; i++) {
        Pair sum = sums.get(i);
        Pair pair = row.pairs.get(i);
        sums.set(i, new Pair(sum.provider.add(pair.provider), sum.here.add(pair.here)));
      }
    }
    return numbers(new Row(new Item(LocalDate.MIN, ""), exchanges, unknown, sums));
  }

  /** All columns but that of exchanges whose usage is not known. */
  private static Set<String> shown(List<String> names) {
    Set<String> shown = new HashSet<>();
    for (String name : names) {
      shown.addAll(List.of("provider_" + name, "ours_" + name, "difference_" + name));
    }
    return shown;
  }
}
