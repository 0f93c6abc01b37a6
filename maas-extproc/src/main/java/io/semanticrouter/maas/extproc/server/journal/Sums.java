// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What exchanges add up to, each certainty by itself. */
final class Sums {
  /** How surely something is known. */
  enum Certainty {
    /** The backend stated all of it. */
    MEASURED,
    /** The backend stated some of it, or a lower bound. */
    PARTIAL,
    /** Derived. */
    ESTIMATED,
    /** Not known. */
    UNMETERED,
    /** Could not be read. */
    FAILED,
    /** There is nothing to bill: an error, a request without tokens, an answer of the router. */
    UNBILLED;

    static Certainty of(Outcome outcome) {
      return switch (outcome) {
        case COMPLETE -> MEASURED;
        case PARTIAL -> PARTIAL;
        case ESTIMATED -> ESTIMATED;
        case NONE -> UNMETERED;
        case FAILED -> FAILED;
        case ERROR, NOT_METERED, NOT_GENERATED -> UNBILLED;
      };
    }
  }

  /** What exchanges of one certainty add up to. */
  static final class Part {
    private long exchanges;
    private long prompt;
    private long completion;
    private final long[] parts = new long[PARTS.length];
    private final Map<String, BigDecimal> costs = new TreeMap<>();

    long exchanges() {
      return exchanges;
    }

    long prompt() {
      return prompt;
    }

    long completion() {
      return completion;
    }

    long part(TokenPart part) {
      return parts[index(part)];
    }

    /** By currency. */
    Map<String, BigDecimal> costs() {
      return Collections.unmodifiableMap(costs);
    }
  }

  private static final TokenPart[] PARTS = TokenPart.values();

  /** That of which there is none. Nothing is added to it. */
  private static final Part NONE = new Part();

  private final Map<Certainty, Part> parts = new EnumMap<>(Certainty.class);
  private long unpriced;

  /**
   * Adds an exchange.
   *
   * @param sign -1 to take it off again
   */
  void add(UsageRecord record, int sign) {
    Part part = partToAddTo(Certainty.of(record.outcome()));
    part.exchanges += sign;
    unpriced += record.unpriced() ? sign : 0;
    TokenUsage usage = record.measurement().usage();
    if (usage != null) {
      addTokens(Certainty.of(record.outcome()), usage, sign);
    }
    Cost cost = record.cost();
    if (cost != null) {
      BigDecimal amount = sign > 0 ? cost.amount() : cost.amount().negate();
      part.costs.merge(cost.currency(), amount, (sum, more) -> sum(sum, more, sign));
    }
  }

  /** Null, so that no cost is stated any more, when all of it is taken off again. */
  private static @Nullable BigDecimal sum(BigDecimal sum, BigDecimal more, int sign) {
    BigDecimal both = sum.add(more);
    return sign < 0 && both.signum() == 0 ? null : both;
  }

  /** The same, with the tokens of further models in the exchange. */
  void addAllModels(UsageRecord record, int sign) {
    add(record, sign);
    for (UsageLine other : record.measurement().otherLines()) {
      addTokens(Certainty.of(record.outcome()), other.usage(), sign);
    }
  }

  /** Adds tokens of a further model in an exchange that is counted elsewhere. */
  void addTokens(Certainty certainty, TokenUsage usage, int sign) {
    Part part = partToAddTo(certainty);
    // What is not known is negative.
    part.prompt = Math.addExact(part.prompt, sign * Math.max(0, usage.prompt()));
    part.completion = Math.addExact(part.completion, sign * Math.max(0, usage.completion()));
    for (TokenPart of : PARTS) {
      long count = Math.max(0, usage.part(of));
      part.parts[index(of)] = Math.addExact(part.parts[index(of)], sign * count);
    }
  }

  /** Adds what another one has added up. */
  void add(Sums other) {
    for (Map.Entry<Certainty, Part> entry : other.parts.entrySet()) {
      Part from = entry.getValue();
      Part to = partToAddTo(entry.getKey());
      to.exchanges += from.exchanges;
      to.prompt = Math.addExact(to.prompt, from.prompt);
      to.completion = Math.addExact(to.completion, from.completion);
      for (int i = 0; i < PARTS.length; i++) {
        to.parts[i] = Math.addExact(to.parts[i], from.parts[i]);
      }
      from.costs.forEach((currency, cost) -> to.costs.merge(currency, cost, BigDecimal::add));
    }
    unpriced += other.unpriced;
  }

  @SuppressWarnings("EnumOrdinal") // never leaves the process
  private static int index(TokenPart part) {
    return part.ordinal();
  }

  private Part partToAddTo(Certainty certainty) {
    return parts.computeIfAbsent(certainty, key -> new Part());
  }

  Part part(Certainty certainty) {
    return parts.getOrDefault(certainty, NONE);
  }

  long exchanges() {
    long sum = 0;
    for (Part part : parts.values()) {
      sum += part.exchanges;
    }
    return sum;
  }

  /** Exchanges whose usage is known, and has no price. */
  long unpriced() {
    return unpriced;
  }
}
