// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.extproc.server.journal.Sums.Certainty;
import io.semanticrouter.maas.extproc.server.prices.PriceBooks;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Adds up a journal. Memory grows with the rows, not with the journal. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = {
      "Adds up a journal. An exchange belongs to the time at which it ended.",
      "Exit status: 0, 1 when it cannot run, 4 when something of the journal cannot be read."
    })
public final class ReportCommand extends JournalCommand {
  private static final Certainty[] WITH_TOKENS = {
    Certainty.MEASURED, Certainty.PARTIAL, Certainty.ESTIMATED
  };

  static final Comparator<List<String>> IN_ORDER =
      (one, other) -> {
        int order = 0;
        for (int i = 0; order == 0 && i < one.size(); i++) {
          order = one.get(i).compareTo(other.get(i));
        }
        return order;
      };

  /** How it is printed. */
  enum Format {
    TABLE,
    CSV,
    JSON,
    FOCUS
  }

  @Option(
      names = "--from",
      paramLabel = "TIME",
      description = "First day or time, such as 2026-11-01 or 2026-11-01T12:00 (default: all).")
  private @Nullable String from;

  @Option(
      names = "--to",
      paramLabel = "TIME",
      description = "First day or time that does not belong to it any more (default: all).")
  private @Nullable String to;

  @Option(
      names = "--zone",
      paramLabel = "ZONE",
      converter = Zone.class,
      description = "Time zone of days and times, such as Europe/Berlin (default: UTC).")
  private ZoneId zone = ZoneOffset.UTC;

  @Option(
      names = "--by",
      split = ",",
      paramLabel = "KEY",
      converter = KeyName.class,
      description =
          "One row for each: ${COMPLETION-CANDIDATES}, or an attribute of the payer such as"
              + " cost_center (default: user,model; with --book month,model, with --drift model).",
      completionCandidates = KeyName.class)
  private List<Dimension> by = new ArrayList<>();

  @Option(
      names = "--where",
      paramLabel = "KEY=VALUE",
      description = "Only exchanges with this value; all of several have to apply.")
  private Map<String, String> where = new HashMap<>();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      converter = FormatName.class,
      description = "table (default), csv, json or focus.")
  private Format format = Format.TABLE;

  @Option(
      names = "--focus-version",
      paramLabel = "VERSION",
      converter = FocusVersion.class,
      description = "Of the FinOps Open Cost and Usage Specification: 1.2 (default) or 1.3.")
  private Focus.Version focusVersion = Focus.Version.V1_2;

  @Option(
      names = "--billing-account",
      paramLabel = "NAME",
      description = "Whose account it is, for --format focus (default: default).")
  private String billingAccount = "default";

  @Option(
      names = "--book",
      paramLabel = "BOOK",
      description =
          "Rate all exchanges anew with this price book (a file, or default) and print what that"
              + " changes; of several, later ones count first.")
  private List<String> books = new ArrayList<>();

  @Option(
      names = "--drift",
      description =
          "Compare the costs with those that providers have stated, in USD; the largest differences"
              + " first.")
  private boolean drift;

  private final Map<List<String>, Sums> rows = new HashMap<>();
  private final Map<Dimension, String> conditions = new HashMap<>();

  /** The attributes that are asked for and that no exchange has had. */
  private final Set<String> unseen = new TreeSet<>();

  private Key.Times times = new Key.Times(zone);
  private @Nullable Focus focus;
  private @Nullable RateCard book;
  private @Nullable Comparison comparison;
  private Instant begin = Instant.MIN;
  private Instant end = Instant.MAX;

  @Override
  void begin() throws IOException {
    times = new Key.Times(zone);
    if (by.isEmpty()) {
      by =
          !books.isEmpty()
              ? List.of(Key.MONTH, Key.MODEL)
              : drift ? List.of(Key.MODEL) : List.of(Key.USER, Key.MODEL);
    }
    if (!books.isEmpty()) {
      try {
        book = PriceBooks.card(books);
      } catch (UnreadableException e) {
        throw new IOException(e.getMessage(), e);
      }
      comparison = new Comparison("before", "after", false);
    } else if (drift) {
      comparison = new Comparison("provider", "ours", true);
    }
    focus = comparison == null && format == Format.FOCUS ? new Focus(zone, billingAccount) : null;
    begin = from == null ? Instant.MIN : time(from);
    end = to == null ? Instant.MAX : time(to);
    where.forEach((key, value) -> conditions.put(KeyName.of(key), value));
    Stream.concat(by.stream(), conditions.keySet().stream())
        .filter(Dimension.Attribute.class::isInstance)
        .forEach(attribute -> unseen.add(attribute.label()));
  }

  private Instant time(String text) {
    try {
      return LocalDate.parse(text).atStartOfDay(zone).toInstant();
    } catch (DateTimeParseException e) {
      try {
        return LocalDateTime.parse(text).atZone(zone).toInstant();
      } catch (DateTimeParseException neither) {
        throw wrong(text + " is neither a day nor a time");
      }
    }
  }

  @Override
  public boolean takes(JournalLine.Kind kind) {
    return kind == JournalLine.Kind.USAGE;
  }

  @Override
  public void line(JournalLine line) {
    if (!unseen.isEmpty()) {
      unseen.removeAll(line.record().identity().attributes().keySet());
    }
    UsageRecord replaced = line.replaced();
    if (replaced != null) {
      add(line, replaced, -1);
    }
    add(line, line.record(), 1);
  }

  private void add(JournalLine line, UsageRecord record, int sign) {
    Instant ended = Key.end(record);
    if (ended.isBefore(begin) || !ended.isBefore(end)) {
      return;
    }
    TokenUsage usage = record.measurement().usage();
    if (comparison != null) {
      if (usage != null && applies(line, record, record.model())) {
        compare(comparison, line, record, sign);
      }
      return;
    }
    if (focus != null) {
      if (usage != null) {
        add(focus, line, record, new UsageLine(record.model(), usage), record.cost(), sign);
      }
      for (UsageLine other : record.measurement().otherLines()) {
        add(focus, line, record, other, null, sign);
      }
      return;
    }
    if (applies(line, record, record.model())) {
      row(line, record, record.model()).add(record, sign);
    }
    for (UsageLine other : record.measurement().otherLines()) {
      if (applies(line, record, other.model())) {
        row(line, record, other.model())
            .addTokens(Certainty.of(record.outcome()), other.usage(), sign);
      }
    }
  }

  private void add(
      Focus to, JournalLine line, UsageRecord record, UsageLine of, @Nullable Cost cost, int sign) {
    if (applies(line, record, of.model())) {
      to.add(
          times.hourBegin(Key.end(record)),
          record.identity().user(),
          record.identity().tier(),
          record.identity().attributes(),
          of.model(),
          Certainty.of(record.outcome()),
          of.usage(),
          cost,
          sign);
    }
  }

  private void compare(Comparison to, JournalLine line, UsageRecord record, int sign) {
    if (book != null) {
      to.add(keys(line, record, record.model()), record.cost(), book.rate(record).cost(), sign);
      return;
    }
    Cost stated = record.measurement().statedCost();
    if (stated != null) {
      to.add(keys(line, record, record.model()), stated, record.cost(), sign);
    }
  }

  private boolean applies(JournalLine line, UsageRecord record, String model) {
    for (Map.Entry<Dimension, String> condition : conditions.entrySet()) {
      if (!condition.getKey().of(line, record, model, times).equals(condition.getValue())) {
        return false;
      }
    }
    return true;
  }

  private Sums row(JournalLine line, UsageRecord record, String model) {
    return rows.computeIfAbsent(keys(line, record, model), key -> new Sums());
  }

  private List<String> keys(JournalLine line, UsageRecord record, String model) {
    List<String> values = new ArrayList<>(by.size());
    for (Dimension key : by) {
      values.add(key.of(line, record, model, times));
    }
    return values;
  }

  @Override
  boolean end(PrintWriter out) throws IOException {
    if (focus != null) {
      focus.print(out, focusVersion);
      return isEveryAttributeKnown();
    }
    if (comparison != null) {
      print(
          out,
          comparison.table(by.stream().map(Dimension::label).toList()),
          comparison.totals(),
          comparison.money());
      return isEveryAttributeKnown();
    }
    SortedSet<String> currencies = new TreeSet<>();
    Sums total = new Sums();
    for (Sums row : rows.values()) {
      total.add(row);
    }
    Set<String> money = new HashSet<>();
    for (Certainty certainty : WITH_TOKENS) {
      for (String currency : total.part(certainty).costs().keySet()) {
        currencies.add(currency);
        money.add(label(certainty, currency));
      }
    }
    List<String> numbers = new ArrayList<>();
    numbers(currencies, total, (name, value) -> numbers.add(name));
    Map<List<String>, Sums> sorted = new TreeMap<>(IN_ORDER);
    sorted.putAll(rows);
    Table table =
        new Table(
            by.stream().map(Dimension::label).toList(),
            numbers,
            taker -> {
              for (Map.Entry<List<String>, Sums> row : sorted.entrySet()) {
                List<String> values = new ArrayList<>(numbers.size());
                numbers(currencies, row.getValue(), (name, value) -> values.add(value));
                taker.take(row.getKey(), values);
              }
            });
    List<String> totals = new ArrayList<>();
    numbers(currencies, total, (name, value) -> totals.add(value));
    print(out, table, totals, money);
    return isEveryAttributeKnown();
  }

  private void print(PrintWriter out, Table table, List<String> totals, Set<String> money)
      throws IOException {
    switch (format) {
      case TABLE -> table.print(out, totals, money);
      case CSV -> table.printCsv(out);
      case JSON -> table.printJson(out, problems());
      case FOCUS -> throw new IOException("FOCUS has no rows for a comparison");
    }
  }

  /** An amount with all its digits and no zeros at the end. */
  static String plain(BigDecimal amount) {
    return amount.signum() == 0 ? "0" : amount.stripTrailingZeros().toPlainString();
  }

  /** A name that is no key is an attribute, or a mistake. */
  private boolean isEveryAttributeKnown() {
    for (String name : unseen) {
      err()
          .println(
              "report: '"
                  + Table.printable(name)
                  + "' is an attribute of no exchange, and not one of "
                  + String.join(", ", new KeyName()));
    }
    return unseen.isEmpty();
  }

  private interface Column {
    void add(String name, String value);
  }

  /** All columns of a row but the keys: the one place that names them. */
  private static void numbers(SortedSet<String> currencies, Sums sums, Column to) {
    to.add("exchanges", Long.toString(sums.exchanges()));
    for (Certainty certainty : Certainty.values()) {
      to.add(label(certainty), Long.toString(sums.part(certainty).exchanges()));
    }
    to.add("unpriced", Long.toString(sums.unpriced()));
    for (Certainty certainty : WITH_TOKENS) {
      to.add(label(certainty) + "_prompt", Long.toString(sums.part(certainty).prompt()));
      to.add(label(certainty) + "_completion", Long.toString(sums.part(certainty).completion()));
    }
    for (String currency : currencies) {
      for (Certainty certainty : WITH_TOKENS) {
        BigDecimal cost = sums.part(certainty).costs().getOrDefault(currency, BigDecimal.ZERO);
        to.add(label(certainty, currency), plain(cost));
      }
    }
    for (Certainty certainty : WITH_TOKENS) {
      for (TokenPart part : TokenPart.values()) {
        to.add(
            label(certainty) + "_" + part.label(), Long.toString(sums.part(certainty).part(part)));
      }
    }
  }

  private static String label(Certainty certainty, String currency) {
    return label(certainty) + "_" + currency.toLowerCase(Locale.ROOT);
  }

  private static String label(Certainty certainty) {
    return certainty.name().toLowerCase(Locale.ROOT);
  }

  /** Names of keys in lower case; what is none is an attribute. */
  static final class KeyName extends ArrayList<String> implements ITypeConverter<Dimension> {
    private static final long serialVersionUID = 1;

    KeyName() {
      for (Key key : Key.values()) {
        add(key.label());
      }
    }

    @Override
    public Dimension convert(String value) {
      return of(value);
    }

    static Dimension of(String name) {
      for (Key key : Key.values()) {
        if (key.label().equals(name)) {
          return key;
        }
      }
      return new Dimension.Attribute(name);
    }
  }

  /** A format in lower case. */
  static final class FormatName implements ITypeConverter<Format> {
    @Override
    public Format convert(String value) {
      for (Format format : Format.values()) {
        if (format.name().toLowerCase(Locale.ROOT).equals(value)) {
          return format;
        }
      }
      throw new TypeConversionException("'" + value + "' is not one of table, csv, json, focus");
    }
  }

  /** A version by its number. */
  static final class FocusVersion implements ITypeConverter<Focus.Version> {
    @Override
    public Focus.Version convert(String value) {
      for (Focus.Version version : Focus.Version.values()) {
        if (version.label().equals(value)) {
          return version;
        }
      }
      throw new TypeConversionException("'" + value + "' is not one of 1.2, 1.3");
    }
  }

  /** A time zone by its name. */
  static final class Zone implements ITypeConverter<ZoneId> {
    @Override
    public ZoneId convert(String value) {
      return ZoneId.of(value);
    }
  }
}
