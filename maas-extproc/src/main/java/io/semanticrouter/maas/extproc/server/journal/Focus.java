// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.semanticrouter.maas.extproc.server.journal.Sums.Certainty;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Rows of the FinOps Open Cost and Usage Specification: for each hour, user, tier, attributes of
 * the payer, model and certainty one of each class of tokens, and one of what they cost. A journal
 * has one cost for all tokens of an exchange, so that it stands in a row of its own, and those of
 * the tokens have 0.
 */
final class Focus {
  /** A version of the specification. */
  enum Version {
    V1_2("1.2"),
    V1_3("1.3");

    private final String label;

    Version(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  /** Those of 1.2, of its table of columns. */
  static final List<String> COLUMNS =
      List.of(
          "AvailabilityZone",
          "BilledCost",
          "BillingAccountId",
          "BillingAccountName",
          "BillingAccountType",
          "BillingCurrency",
          "BillingPeriodEnd",
          "BillingPeriodStart",
          "CapacityReservationId",
          "CapacityReservationStatus",
          "ChargeCategory",
          "ChargeClass",
          "ChargeDescription",
          "ChargeFrequency",
          "ChargePeriodEnd",
          "ChargePeriodStart",
          "CommitmentDiscountCategory",
          "CommitmentDiscountId",
          "CommitmentDiscountName",
          "CommitmentDiscountQuantity",
          "CommitmentDiscountStatus",
          "CommitmentDiscountType",
          "CommitmentDiscountUnit",
          "ConsumedQuantity",
          "ConsumedUnit",
          "ContractedCost",
          "ContractedUnitPrice",
          "EffectiveCost",
          "InvoiceId",
          "InvoiceIssuerName",
          "ListCost",
          "ListUnitPrice",
          "PricingCategory",
          "PricingCurrency",
          "PricingCurrencyContractedUnitPrice",
          "PricingCurrencyEffectiveCost",
          "PricingCurrencyListUnitPrice",
          "PricingQuantity",
          "PricingUnit",
          "ProviderName",
          "PublisherName",
          "RegionId",
          "RegionName",
          "ResourceId",
          "ResourceName",
          "ResourceType",
          "ServiceCategory",
          "ServiceName",
          "ServiceSubcategory",
          "SkuId",
          "SkuMeter",
          "SkuPriceDetails",
          "SkuPriceId",
          "SubAccountId",
          "SubAccountName",
          "SubAccountType",
          "Tags");

  /** What 1.3 has beside them. */
  static final List<String> SINCE_1_3 =
      List.of(
          "AllocatedMethodDetails",
          "AllocatedMethodId",
          "AllocatedResourceId",
          "AllocatedResourceName",
          "AllocatedTags",
          "ContractApplied",
          "HostProviderName",
          "ServiceProviderName");

  /** Ours: those of others begin so, says the specification. */
  static final List<String> OWN = List.of("x_Certainty", "x_Tier");

  private static final String PROVIDER = "MaaS";

  /** What ISO 4217 has for no currency. */
  private static final String NO_CURRENCY = "XXX";

  /** Tokens that have a price of their own nearly everywhere; together they are all tokens. */
  private enum TokenClass {
    INPUT("Input Tokens", "Input", "None"),
    CACHE_READ("Cached Input Tokens", "Input", "Read"),
    CACHE_WRITE("Cache Write Tokens", "Input", "Write"),
    OUTPUT("Output Tokens", "Output", "None");

    private final String meter;
    private final String direction;
    private final String cacheAction;

    TokenClass(String meter, String direction, String cacheAction) {
      this.meter = meter;
      this.direction = direction;
      this.cacheAction = cacheAction;
    }
  }

  private record Group(
      Instant hour,
      String user,
      String tier,
      Map<String, String> attributes,
      String model,
      Certainty certainty)
      implements Comparable<Group> {
    private static final Comparator<Group> ORDER =
        Comparator.comparing(Group::hour)
            .thenComparing(Group::user)
            .thenComparing(Group::tier)
            .thenComparing(group -> group.attributes.toString())
            .thenComparing(Group::model)
            .thenComparing(Group::certainty);

    @Override
    public int compareTo(Group other) {
      return ORDER.compare(this, other);
    }
  }

  private static final class Amounts {
    private final long[] tokens = new long[TokenClass.values().length];

    /** By currency. */
    private final Map<String, BigDecimal> costs = new TreeMap<>();
  }

  private final ZoneId zone;
  private final String account;
  private final Map<Group, Amounts> groups = new HashMap<>();

  Focus(ZoneId zone, String account) {
    this.zone = zone;
    this.account = account;
  }

  /**
   * Adds tokens of a model.
   *
   * @param hour when the hour begins
   * @param attributes of the payer, in an order that does not depend on the exchange
   * @param cost null when there is none, or it is that of another model of the exchange
   * @param sign -1 to take them off again
   */
  void add(
      Instant hour,
      String user,
      String tier,
      Map<String, String> attributes,
      String model,
      Certainty certainty,
      TokenUsage usage,
      @Nullable Cost cost,
      int sign) {
    Amounts amounts =
        groups.computeIfAbsent(
            new Group(hour, user, tier, attributes, model, certainty), group -> new Amounts());
    // What is not known is negative.
    long prompt = Math.max(0, usage.prompt());
    long read = Math.min(prompt, Math.max(0, usage.part(TokenPart.CACHE_READ)));
    long write = Math.min(prompt - read, Math.max(0, usage.part(TokenPart.CACHE_WRITE)));
    long[] counts = {prompt - read - write, read, write, Math.max(0, usage.completion())};
    for (int i = 0; i < counts.length; i++) {
      amounts.tokens[i] = Math.addExact(amounts.tokens[i], sign * counts[i]);
    }
    if (cost != null) {
      BigDecimal amount = sign > 0 ? cost.amount() : cost.amount().negate();
      amounts.costs.merge(cost.currency(), amount, BigDecimal::add);
    }
  }

  /** RFC 4180, with the names of columns first. */
  void print(PrintWriter out, Version version) throws IOException {
    List<String> columns = new ArrayList<>(COLUMNS);
    if (version == Version.V1_3) {
      columns.addAll(SINCE_1_3);
    }
    columns.addAll(OWN);
    Map<Group, Amounts> sorted = new TreeMap<>(groups);
    new Table(columns, List.of(), taker -> rows(sorted, columns, taker)).printCsv(out);
  }

  private void rows(Map<Group, Amounts> sorted, List<String> columns, Table.Row taker)
      throws IOException {
    for (Map.Entry<Group, Amounts> entry : sorted.entrySet()) {
      Amounts amounts = entry.getValue();
      List<String> currencies = List.copyOf(amounts.costs.keySet());
      String currency = currencies.isEmpty() ? NO_CURRENCY : currencies.get(0);
      for (int i = 0; i < amounts.tokens.length; i++) {
        if (amounts.tokens[i] != 0) {
          TokenClass of = TokenClass.values()[i];
          Map<String, String> row = row(entry.getKey(), of, currency, BigDecimal.ZERO);
          String count = Long.toString(amounts.tokens[i]);
          row.put("ConsumedQuantity", count);
          row.put("ConsumedUnit", "Tokens");
          row.put("PricingQuantity", count);
          row.put("PricingUnit", "Tokens");
          taker.take(values(row, columns), List.of());
        }
      }
      for (Map.Entry<String, BigDecimal> cost : amounts.costs.entrySet()) {
        if (cost.getValue().signum() != 0) {
          Map<String, String> row = row(entry.getKey(), null, cost.getKey(), cost.getValue());
          taker.take(values(row, columns), List.of());
        }
      }
    }
  }

  private static List<String> values(Map<String, String> row, List<String> columns) {
    return columns.stream().map(column -> row.getOrDefault(column, "")).toList();
  }

  /**
   * What rows have in common.
   *
   * @param of null for the cost of all classes
   */
  private Map<String, String> row(
      Group group, @Nullable TokenClass of, String currency, BigDecimal cost) throws IOException {
    ZonedDateTime month = group.hour.atZone(zone).truncatedTo(ChronoUnit.DAYS).withDayOfMonth(1);
    Map<String, String> row = new HashMap<>();
    String amount = cost.signum() == 0 ? "0" : cost.stripTrailingZeros().toPlainString();
    for (String name : List.of("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")) {
      row.put(name, amount);
    }
    row.put("PricingCurrencyEffectiveCost", amount);
    row.put("BillingCurrency", currency);
    row.put("PricingCurrency", currency);
    row.put("BillingAccountId", account);
    row.put("BillingAccountName", account);
    row.put("BillingAccountType", "Gateway");
    row.put("BillingPeriodStart", month.toInstant().toString());
    row.put("BillingPeriodEnd", month.plusMonths(1).toInstant().toString());
    row.put("ChargePeriodStart", group.hour.toString());
    row.put("ChargePeriodEnd", group.hour.plus(1, ChronoUnit.HOURS).toString());
    row.put("ChargeCategory", "Usage");
    row.put("ChargeFrequency", "Usage-Based");
    String meter = of == null ? "All Tokens" : of.meter;
    row.put("ChargeDescription", meter + " of " + group.model);
    row.put("SkuMeter", meter);
    row.put("PricingCategory", "Standard");
    for (String name : List.of("InvoiceIssuerName", "ProviderName", "PublisherName")) {
      row.put(name, PROVIDER);
    }
    row.put("HostProviderName", PROVIDER);
    row.put("ServiceProviderName", PROVIDER);
    row.put("ServiceCategory", "AI and Machine Learning");
    row.put("ServiceSubcategory", "Generative AI");
    row.put("ServiceName", "LLM inference");
    row.put("ResourceId", group.model);
    row.put("ResourceName", group.model);
    row.put("ResourceType", "Model");
    row.put("SkuId", group.model);
    row.put("SkuPriceDetails", details(group.model, of));
    row.put("SubAccountId", group.user);
    row.put("SubAccountName", group.user);
    row.put("SubAccountType", "User");
    row.put("Tags", group.attributes.isEmpty() ? "" : tags(group.attributes));
    row.put("x_Certainty", group.certainty.name().toLowerCase(Locale.ROOT));
    row.put("x_Tier", group.tier);
    return row;
  }

  private static String tags(Map<String, String> attributes) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      for (Map.Entry<String, String> attribute : attributes.entrySet()) {
        json.writeStringField(attribute.getKey(), attribute.getValue());
      }
      json.writeEndObject();
    }
    return text.toString();
  }

  /**
   * The properties that 1.5 defines; up to then they are nobody's, and begin with {@code x_} as
   * those have to.
   */
  private static String details(String model, @Nullable TokenClass of) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("x_ModelId", model);
      if (of != null) {
        json.writeStringField("x_TokenDirection", of.direction);
        json.writeStringField("x_TokenCacheAction", of.cacheAction);
      }
      json.writeEndObject();
    }
    return text.toString();
  }
}
