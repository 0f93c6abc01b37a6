// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.extproc.server.text.TextTree;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What providers say was used, and what they charge for it, by day (UTC, as they bill) and model.
 * The format of a file is seen from its content:
 *
 * <ul>
 *   <li>a page, or a list of pages, of OpenAI's {@code GET /v1/organization/usage/completions},
 *       {@code …/embeddings} or {@code …/moderations} with {@code group_by=model} ({@code
 *       start_time} of a bucket in Unix seconds; {@code input_tokens} "including cached and
 *       cache-write tokens" and "text, audio, and image tokens", {@code output_tokens}: its OpenAPI
 *       document, {@code UsageCompletionsResult});
 *   <li>the same of {@code GET /v1/organization/costs} with {@code group_by=line_item} ({@code
 *       amount.value} in units of {@code amount.currency}, a number or, as it is in fact sent, a
 *       text: {@code CostsResult}; a {@code line_item} of a model reads {@code
 *       gpt-4o-mini-2024-07-18, cached input}, with {@code evals |} and the like before it where
 *       that used the model);
 *   <li>of Anthropic's {@code GET /v1/organizations/usage_report/messages} with {@code
 *       group_by[]=model} ({@code uncached_input_tokens}, {@code cache_read_input_tokens}, {@code
 *       cache_creation.ephemeral_1h_input_tokens} and {@code …_5m_…}, which exclude each other;
 *       {@code output_tokens}: reference of the Admin API, "Get Messages Usage Report");
 *   <li>of {@code GET /v1/organizations/cost_report} with {@code group_by[]=description} ({@code
 *       amount} "in lowest currency units (e.g. cents) as a decimal string", {@code model} null for
 *       what is not tokens: "Get Cost Report");
 *   <li>CSV of the FinOps Open Cost and Usage Specification 1.0 or later ({@code
 *       ChargePeriodStart}, {@code BilledCost}, {@code BillingCurrency}, {@code ConsumedQuantity},
 *       {@code ConsumedUnit} such as {@code Tokens} or {@code 1000 Tokens}, {@code SkuMeter},
 *       {@code SkuPriceDetails}: its table of columns). It has no column for the model: that is
 *       {@code ModelId} or {@code x_ModelId} of {@code SkuPriceDetails}, else {@code ResourceName},
 *       {@code ResourceId} or {@code SkuId}.
 * </ul>
 *
 * <p>Not thread-safe.
 */
final class ProviderBill {
  private static final String OPENAI_COSTS = "organization.costs.result";
  private static final BigDecimal MINOR_UNITS = BigDecimal.valueOf(100);

  /** Kinds of results of OpenAI's usage that have tokens. */
  private static final List<String> OPENAI_TOKENS =
      List.of(
          "organization.usage.completions.result",
          "organization.usage.embeddings.result",
          "organization.usage.moderations.result");

  /** What a row of the bill is about. */
  record Item(LocalDate day, String model) implements Comparable<Item> {
    @Override
    public int compareTo(Item other) {
      int order = day.compareTo(other.day);
      return order != 0 ? order : model.compareTo(other.model);
    }
  }

  /** What an account says of an item. */
  static final class Amounts {
    private BigDecimal prompt = BigDecimal.ZERO;
    private BigDecimal completion = BigDecimal.ZERO;
    private final Map<String, BigDecimal> money = new TreeMap<>();

    BigDecimal prompt() {
      return prompt;
    }

    BigDecimal completion() {
      return completion;
    }

    BigDecimal money(String currency) {
      return money.getOrDefault(currency, BigDecimal.ZERO);
    }

    void tokens(BigDecimal morePrompt, BigDecimal moreCompletion) {
      prompt = prompt.add(morePrompt);
      completion = completion.add(moreCompletion);
    }

    void money(String currency, BigDecimal amount) {
      money.merge(currency, amount, BigDecimal::add);
    }
  }

  private final Map<Item, Amounts> items = new TreeMap<>();
  private final Map<String, Long> leftOut = new TreeMap<>();
  private final Map<String, BigDecimal> currencies = new TreeMap<>();
  private boolean tokens;
  private LocalDate first = LocalDate.MAX;
  private LocalDate last = LocalDate.MIN;

  /**
   * Adds what stands in a file.
   *
   * @throws IOException when it cannot be read, is none of the formats, is not by model, or is not
   *     all of its pages
   */
  void read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    try {
      if (isJson(bytes)) {
        pages(TextTree.readJson(file.toString(), bytes));
      } else {
        focus(Csv.read(new String(bytes, StandardCharsets.UTF_8)));
      }
    } catch (UnreadableException e) {
      throw new IOException(e.getMessage(), e);
    } catch (ClassCastException | NumberFormatException | DateTimeException e) {
      throw new IOException(file + ": this is no export that is known: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private static boolean isJson(byte[] bytes) {
    for (byte b : bytes) {
      if (b == '{' || b == '[') {
        return true;
      }
      // Blanks, and the mark of UTF-8.
      if (b > ' ') {
        return false;
      }
    }
    return false;
  }

  /** By day and model. */
  Map<Item, Amounts> items() {
    return items;
  }

  /** Whether a day is in the bill. */
  boolean covers(LocalDate day) {
    return !day.isBefore(first) && !day.isAfter(last);
  }

  /** Whether a model is in the bill on any day. */
  boolean names(String model) {
    for (Item item : items.keySet()) {
      if (item.model.equals(model)) {
        return true;
      }
    }
    return false;
  }

  boolean hasTokens() {
    return tokens;
  }

  Iterable<String> currencies() {
    return currencies.keySet();
  }

  /** What cannot be compared, and how many rows there are of it. */
  Map<String, Long> leftOut() {
    return leftOut;
  }

  private Amounts amounts(LocalDate day, String model) {
    return items.computeIfAbsent(new Item(day, model), item -> new Amounts());
  }

  private void money(LocalDate day, String model, String currency, BigDecimal amount) {
    String upper = currency.toUpperCase(Locale.ROOT);
    currencies.merge(upper, amount, BigDecimal::add);
    amounts(day, model).money(upper, amount);
  }

  private void tokens(LocalDate day, String model, BigDecimal prompt, BigDecimal completion) {
    tokens = true;
    amounts(day, model).tokens(prompt, completion);
  }

  private void day(LocalDate day) {
    first = day.isBefore(first) ? day : first;
    last = day.isAfter(last) ? day : last;
  }

  // --- OpenAI and Anthropic ------------------------------------------------------------------

  private void pages(@Nullable Object tree) throws IOException {
    List<?> pages = tree instanceof List<?> list ? list : List.of(map(tree));
    for (int i = 0; i < pages.size(); i++) {
      Map<?, ?> page = map(pages.get(i));
      if (!(page.get("data") instanceof List<?> buckets)) {
        throw new IOException("this is no export that is known: it has no list \"data\"");
      }
      for (Object bucket : buckets) {
        bucket(map(bucket));
      }
      if (Boolean.TRUE.equals(page.get("has_more")) && i == pages.size() - 1) {
        throw new IOException("the export has further pages: put all of them into one list");
      }
    }
  }

  private void bucket(Map<?, ?> bucket) throws IOException {
    LocalDate day =
        bucket.get("start_time") instanceof Long seconds
            ? Instant.ofEpochSecond(seconds).atOffset(ZoneOffset.UTC).toLocalDate()
            : day(text(bucket.get("starting_at")));
    day(day);
    if (!(bucket.get("results") instanceof List<?> results)) {
      throw new IOException("this is no export that is known: a bucket has no list \"results\"");
    }
    for (Object result : results) {
      Map<?, ?> row = map(result);
      String kind = text(row.get("object"));
      if (kind.equals(OPENAI_COSTS)) {
        Map<?, ?> amount = map(row.get("amount"));
        money(
            day,
            modelOfLineItem(needed(row, "line_item")),
            text(amount.get("currency")),
            decimal(amount.get("value")));
      } else if (OPENAI_TOKENS.contains(kind)) {
        tokens(
            day,
            needed(row, "model"),
            decimal(row.get("input_tokens")),
            decimal(row.get("output_tokens")));
      } else if (!kind.isEmpty()) {
        leftOut.merge(kind, 1L, Long::sum);
      } else if (row.containsKey("uncached_input_tokens")) {
        Map<?, ?> written = map(row.get("cache_creation"));
        tokens(
            day,
            needed(row, "model"),
            decimal(row.get("uncached_input_tokens"))
                .add(decimal(row.get("cache_read_input_tokens")))
                .add(decimal(written.get("ephemeral_1h_input_tokens")))
                .add(decimal(written.get("ephemeral_5m_input_tokens"))),
            decimal(row.get("output_tokens")));
      } else if (row.containsKey("amount")) {
        money(
            day,
            row.get("model") == null ? needed(row, "description") : text(row.get("model")),
            text(row.get("currency")),
            decimal(row.get("amount")).divide(MINOR_UNITS));
      } else {
        throw new IOException(
            "this is no export that is known: it has results with " + row.keySet());
      }
    }
  }

  private static String needed(Map<?, ?> row, String key) throws IOException {
    String value = text(row.get(key));
    if (value.isEmpty()) {
      throw new IOException("the export has rows without \"" + key + "\": group it by that");
    }
    return value;
  }

  /** What is no model has no comma: {@code web search tool calls}. */
  private static String modelOfLineItem(String lineItem) {
    int begin = lineItem.lastIndexOf('|') + 1;
    int end = lineItem.lastIndexOf(',');
    return lineItem.substring(begin, end < begin ? lineItem.length() : end).strip();
  }

  // --- FOCUS ---------------------------------------------------------------------------------

  private void focus(List<List<String>> lines) throws IOException {
    List<String> columns = lines.isEmpty() ? List.of() : lines.get(0);
    for (String column : List.of("ChargePeriodStart", "BilledCost", "BillingCurrency")) {
      if (!columns.contains(column)) {
        throw new IOException(
            "this is no export that is known: neither JSON nor a column " + column);
      }
    }
    Map<String, String> row = new HashMap<>();
    for (List<String> line : lines.subList(1, lines.size())) {
      row.clear();
      for (int i = 0; i < Math.min(columns.size(), line.size()); i++) {
        row.put(columns.get(i), line.get(i));
      }
      focus(row);
    }
  }

  private void focus(Map<String, String> row) throws IOException {
    String category = row.getOrDefault("ChargeCategory", "Usage");
    if (!category.equals("Usage")) {
      leftOut.merge("ChargeCategory " + category, 1L, Long::sum);
      return;
    }
    LocalDate day = day(row.getOrDefault("ChargePeriodStart", ""));
    day(day);
    Map<?, ?> details = details(row.getOrDefault("SkuPriceDetails", ""));
    String model = text(detail(details, "ModelId"));
    for (String column : List.of("ResourceName", "ResourceId", "SkuId")) {
      model = model.isEmpty() ? row.getOrDefault(column, "") : model;
    }
    BigDecimal cost = decimal(row.get("BilledCost"));
    if (cost.signum() != 0) {
      money(day, model, row.getOrDefault("BillingCurrency", ""), cost);
    }
    BigDecimal each = tokensOf(row.getOrDefault("ConsumedUnit", ""));
    if (each.signum() == 0) {
      return;
    }
    BigDecimal count = decimal(row.get("ConsumedQuantity")).multiply(each);
    String meter = text(detail(details, "TokenDirection")) + " " + row.get("SkuMeter");
    String words = meter.toLowerCase(Locale.ROOT);
    if (words.contains("output") || words.contains("completion")) {
      tokens(day, model, BigDecimal.ZERO, count);
    } else if (words.contains("input") || words.contains("prompt") || words.contains("cache")) {
      tokens(day, model, count, BigDecimal.ZERO);
    } else {
      leftOut.merge("tokens of SkuMeter " + row.get("SkuMeter"), 1L, Long::sum);
    }
  }

  private static Map<?, ?> details(String json) throws IOException {
    try {
      return json.isEmpty()
          ? Map.of()
          : map(TextTree.readJson("SkuPriceDetails", json.getBytes(StandardCharsets.UTF_8)));
    } catch (UnreadableException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static @Nullable Object detail(Map<?, ?> details, String name) {
    Object value = details.get(name);
    return value == null ? details.get("x_" + name) : value;
  }

  /** How many tokens a unit is, such as {@code Tokens}, {@code 1000 Tokens}, {@code 1K Tokens}. */
  private static BigDecimal tokensOf(String unit) {
    String[] words = unit.strip().split(" ", -1);
    if (!words[words.length - 1].toLowerCase(Locale.ROOT).startsWith("token")) {
      return BigDecimal.ZERO;
    }
    String number = words.length == 1 ? "1" : words[0];
    return new BigDecimal(number.replace("K", "e3").replace("M", "e6"));
  }

  // --- what exports are made of --------------------------------------------------------------

  private static LocalDate day(String time) {
    return time.length() == "2026-11-01".length()
        ? LocalDate.parse(time)
        : OffsetDateTime.parse(time.replace(' ', 'T'))
            .withOffsetSameInstant(ZoneOffset.UTC)
            .toLocalDate();
  }

  private static Map<?, ?> map(@Nullable Object value) {
    return value == null ? Map.of() : (Map<?, ?>) value;
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : (String) value;
  }

  /** A number or the text of one, exactly as it was written; nothing is 0. */
  private static BigDecimal decimal(@Nullable Object value) {
    return value == null || value.equals("") ? BigDecimal.ZERO : new BigDecimal(value.toString());
  }
}
