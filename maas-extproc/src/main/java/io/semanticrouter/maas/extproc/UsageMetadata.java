// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What Envoy gets to know of an exchange, for access logs and rate limits: one struct under our own
 * namespace, which {@code metadata_options.receiving_namespaces} has to name. Envoy merges it key
 * by key into what it has, so that a later one adds to an earlier one. Not thread-safe.
 */
final class UsageMetadata {
  private static final TokenPart[] PARTS = TokenPart.values();
  private static final String[] PART_NAMES =
      Arrays.stream(PARTS).map(part -> part.label() + "_tokens").toArray(String[]::new);

  /** With user, tier, model, two ids, three totals, three of the cost and the outcome. */
  private static final int MAX_FIELDS = PARTS.length + 12;

  /** Characters of the largest amount: 19 digits, a point, 18 digits. */
  private static final int MAX_DECIMAL = 38;

  /** Beyond this the double of a {@code Struct} is no longer exact. */
  private static final long MAX_EXACT = (1L << 53) - 1;

  private final String namespace;
  private final String model;
  private final @Nullable TokenUsage usage;
  private final String user;
  private @Nullable Cost cost;

  /** Of the cost; -1 where it has none. */
  private long micros = -1;

  private final String[] names = new String[MAX_FIELDS];
  private final @Nullable String[] texts = new String[MAX_FIELDS];
  private final double[] numbers = new double[MAX_FIELDS];
  private int size;
  private boolean settled;

  private UsageMetadata(String namespace, String user, String model, @Nullable TokenUsage usage) {
    this.namespace = namespace;
    this.user = user;
    this.model = model;
    this.usage = usage;
  }

  /**
   * What is known by now, and everything else once the exchange is settled.
   *
   * @param before what was said of the same exchange before; null for nothing
   */
  static UsageMetadata of(
      String namespace, Exchange exchange, CarriedMicros carried, @Nullable UsageMetadata before) {
    if (before != null && before.cost != null && before.micros >= 0) {
      carried.takeBack(before.user, before.cost, before.micros);
    }
    UsageMetadata metadata = of(namespace, exchange.identity(), exchange.soFar(), carried);
    metadata.text("record_id", exchange.id());
    String requestId = exchange.requestId();
    metadata.text("request_id", requestId == null ? "" : requestId);
    UsageRecord record = exchange.record();
    return record == null ? metadata : metadata.withOutcome(record);
  }

  static UsageMetadata of(
      String namespace, Identity identity, Exchange.SoFar soFar, CarriedMicros carried) {
    UsageMetadata metadata =
        new UsageMetadata(namespace, identity.user(), soFar.model(), soFar.usage());
    metadata.text("user", identity.user());
    metadata.text("tier", identity.tier());
    metadata.text("model", metadata.model);
    metadata.tokens(metadata.usage);
    metadata.cost(soFar.cost(), carried);
    return metadata;
  }

  /** Whether the record says the same of model and usage, and so of the cost. */
  boolean isOf(UsageRecord record) {
    return record.model().equals(model) && Objects.equals(record.measurement().usage(), usage);
  }

  /** This with the outcome; not to be used without it any more. */
  UsageMetadata withOutcome(UsageRecord record) {
    if (!settled) {
      settled = true;
      text("outcome", record.outcome().label());
    }
    return this;
  }

  private void tokens(@Nullable TokenUsage usage) {
    if (usage == null) {
      return;
    }
    count("prompt_tokens", usage.prompt());
    count("completion_tokens", usage.completion());
    if (usage.prompt() >= 0 && usage.completion() >= 0) {
      count("total_tokens", usage.prompt() + usage.completion());
    }
    for (int i = 0; i < PARTS.length; i++) {
      count(PART_NAMES[i], usage.part(PARTS[i]));
    }
  }

  /** Exact as a text; and in whole micro-units, for what only adds integers. */
  private void cost(@Nullable Cost known, CarriedMicros carried) {
    cost = known;
    if (known == null) {
      return;
    }
    text("cost", decimal(known));
    text("currency", known.currency());
    if (known.units() < MAX_EXACT / CarriedMicros.MICROS_PER_UNIT) {
      micros = carried.take(user, known);
      count("cost_micros", micros);
    }
  }

  /** The amount without zeros at its end, as {@link java.math.BigDecimal} would write it. */
  static String decimal(Cost cost) {
    if (cost.attos() == 0) {
      return Long.toString(cost.units());
    }
    // With a leading 1, so that the zeros behind the point are written.
    String digits = Long.toString(Cost.ATTOS_PER_UNIT + cost.attos());
    int end = digits.length();
    while (digits.charAt(end - 1) == '0') {
      end--;
    }
    return new StringBuilder(MAX_DECIMAL)
        .append(cost.units())
        .append('.')
        .append(digits, 1, end)
        .toString();
  }

  private void count(String name, long value) {
    if (value >= 0 && value <= MAX_EXACT) {
      numbers[size] = value;
      names[size++] = name;
    }
  }

  private void text(String name, String value) {
    if (!value.isEmpty()) {
      texts[size] = value;
      names[size++] = name;
    }
  }

  String namespace() {
    return namespace;
  }

  /** How many fields there are. */
  int size() {
    return size;
  }

  String name(int i) {
    return names[i];
  }

  /** The value of a field that is a text; null when it is a number. */
  @Nullable String text(int i) {
    return texts[i];
  }

  double number(int i) {
    return numbers[i];
  }
}
