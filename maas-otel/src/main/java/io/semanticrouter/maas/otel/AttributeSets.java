// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.otel;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.semanticrouter.maas.record.Operation;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of measurements: made once for each combination, and bounded. An SDK keeps 2,000
 * sets for each instrument by default, and mixes input with output in the rest, so that fewer are
 * made here. Thread-safe.
 */
final class AttributeSets {
  /** Each has two sets of tokens; the overflow has two sets for each operation and type. */
  static final int MAX = 900;

  /** The part of them that one user opens, at most. */
  private static final int SHARES = 10;

  static final String OVERFLOW = "__overflow__";

  /**
   * What tells measurements apart.
   *
   * @param error null when there is none
   */
  private record Combination(
      Operation operation,
      @Nullable String requested,
      @Nullable String response,
      @Nullable String error) {}

  /**
   * The attributes of one combination.
   *
   * @param exchange with the error, where there is one
   * @param plain without it
   * @param input plain, of input tokens
   * @param output plain, of output tokens
   */
  record AttributeSet(Attributes exchange, Attributes plain, Attributes input, Attributes output) {}

  private final int share;
  private final Map<Combination, AttributeSet> sets = new ConcurrentHashMap<>();

  /** Models that clients have asked for and got an answer. */
  private final Set<String> served = ConcurrentHashMap.newKeySet();

  private final Map<String, Integer> opened = new HashMap<>(); // guarded by this
  private int all; // guarded by this

  /**
   * No sets yet.
   *
   * @param users whether users are told apart: each opens a tenth at most
   */
  AttributeSets(boolean users) {
    share = users ? MAX / SHARES : MAX;
  }

  /** Whether an exchange with usage has asked for this model. */
  boolean hasServed(String model) {
    return served.contains(model);
  }

  /**
   * The attributes of an exchange.
   *
   * @param isServed whether usage is known
   */
  AttributeSet of(
      String user,
      Operation operation,
      @Nullable String requested,
      @Nullable String response,
      @Nullable String error,
      boolean isServed) {
    Combination combination = new Combination(operation, requested, response, error);
    AttributeSet set = sets.get(combination);
    return set != null ? set : open(user, combination, isServed);
  }

  private synchronized AttributeSet open(String user, Combination combination, boolean isServed) {
    AttributeSet known = sets.get(combination);
    if (known != null) {
      return known;
    }
    int ofUser = opened.getOrDefault(user, 0);
    if (all >= MAX || ofUser >= share) {
      Combination overflow =
          new Combination(
              combination.operation,
              OVERFLOW,
              OVERFLOW,
              combination.error == null ? null : Conventions.OTHER);
      return sets.computeIfAbsent(overflow, AttributeSets::attributes);
    }
    all++;
    opened.put(user, ofUser + 1);
    if (isServed && combination.requested != null) {
      served.add(combination.requested);
    }
    AttributeSet set = attributes(combination);
    sets.put(combination, set);
    return set;
  }

  private static AttributeSet attributes(Combination of) {
    AttributesBuilder builder =
        Attributes.builder()
            .put(Conventions.OPERATION, Conventions.operation(of.operation))
            .put(Conventions.PROVIDER, Conventions.provider(of.operation));
    if (of.requested != null) {
      builder.put(Conventions.REQUEST_MODEL, of.requested);
    }
    if (of.response != null) {
      builder.put(Conventions.RESPONSE_MODEL, of.response);
    }
    Attributes plain = builder.build();
    return new AttributeSet(
        of.error == null ? plain : plain.toBuilder().put(Conventions.ERROR_TYPE, of.error).build(),
        plain,
        plain.toBuilder().put(Conventions.TOKEN_TYPE, "input").build(),
        plain.toBuilder().put(Conventions.TOKEN_TYPE, "output").build());
  }
}
