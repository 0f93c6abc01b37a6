// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.otel;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.semanticrouter.maas.record.Operation;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of measurements: made once for each combination, and bounded. An SDK keeps 2,000
 * sets for each instrument by default, and mixes input with output in the rest, so that fewer are
 * made here. Thread-safe.
 */
final class AttributeSets {
  /**
   * Those that have all attributes. Each has two sets of tokens, as has each of {@link
   * #MAX_LISTED}; the overflow has two sets for each operation and type.
   */
  static final int MAX = 600;

  /** Those of listed models only, without the model asked for, when the others are used up. */
  static final int MAX_LISTED = 300;

  /** The part of either that one user opens, at most. */
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

  /** How many sets there may be. What is full stays full, so that this is seen without a lock. */
  private static final class Room {
    private final int max;
    private final int share;
    private final Map<String, Integer> opened = new ConcurrentHashMap<>();
    private final AtomicInteger all = new AtomicInteger();

    Room(int max, boolean users) {
      this.max = max;
      share = users ? max / SHARES : max;
    }

    boolean isFull(String user) {
      return all.get() >= max || opened.getOrDefault(user, 0) >= share;
    }

    /** One more; under the lock of the sets. */
    void take(String user) {
      all.incrementAndGet();
      opened.merge(user, 1, Integer::sum);
    }
  }

  private final Room room;
  private final Room roomOfListed;
  private final Map<Combination, AttributeSet> sets = new ConcurrentHashMap<>();

  /** Models that clients have asked for and got an answer. */
  private final Set<String> served = ConcurrentHashMap.newKeySet();

  /**
   * No sets yet.
   *
   * @param users whether exchanges have users, each of whom opens a tenth at most
   */
  AttributeSets(boolean users) {
    room = new Room(MAX, users);
    roomOfListed = new Room(MAX_LISTED, users);
  }

  /** Whether an exchange with usage has asked for this model. */
  boolean hasServed(String model) {
    return served.contains(model);
  }

  /**
   * The attributes of an exchange.
   *
   * @param isServed whether usage is known
   * @param isListed whether {@code response} keeps its name as long as there is room for it
   */
  AttributeSet of(
      String user,
      Operation operation,
      @Nullable String requested,
      @Nullable String response,
      @Nullable String error,
      boolean isServed,
      boolean isListed) {
    String model = isServed ? requested : null;
    AttributeSet set =
        find(room, user, new Combination(operation, requested, response, error), model);
    String rest = error == null ? null : Conventions.OTHER;
    if (set == null && isListed) {
      set = find(roomOfListed, user, new Combination(operation, null, response, rest), null);
    }
    if (set == null) {
      Combination overflow = new Combination(operation, OVERFLOW, OVERFLOW, rest);
      set = sets.get(overflow);
      return set != null ? set : sets.computeIfAbsent(overflow, AttributeSets::attributes);
    }
    return set;
  }

  /** A set that is there or finds room, else null. */
  private @Nullable AttributeSet find(
      Room in, String user, Combination combination, @Nullable String servedModel) {
    AttributeSet set = sets.get(combination);
    return set != null || in.isFull(user) ? set : open(in, user, combination, servedModel);
  }

  private synchronized @Nullable AttributeSet open(
      Room in, String user, Combination combination, @Nullable String servedModel) {
    AttributeSet set = sets.get(combination);
    if (set != null || in.isFull(user)) {
      return set;
    }
    in.take(user);
    if (servedModel != null) {
      served.add(servedModel);
    }
    set = attributes(combination);
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
