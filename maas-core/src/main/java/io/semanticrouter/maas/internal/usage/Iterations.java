// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The array {@code usage.iterations} of Anthropic: what the several turns of one exchange used.
 * Turns of the executor that compact the conversation are billed, and missing in the totals beside
 * the array; those of an advisor are billed at the advisor's own price; those that a fallback
 * replaced are not billed, and the totals are those of the model that answered. Not thread-safe.
 */
final class Iterations {
  static final int MAX_ADVISORS = 4;

  /** The turns of one advisor. */
  record Advisor(String model, Tally usage) {}

  private static final int[] SUMMED = {
    Slots.INPUT,
    Slots.OUTPUT,
    Slots.CACHE_READ_INPUT,
    Slots.WRITE_INPUT,
    Slots.WRITE_5M,
    Slots.WRITE_1H
  };

  private final Tally executor = new Tally();
  private final Tally compaction = new Tally();

  /** What the model used that answered in place of another one. */
  private final Tally served = new Tally();

  private @Nullable String servedModel;
  private final List<Advisor> advisors = new ArrayList<>(0);
  private boolean fallback;
  private boolean overflown;

  void add(int word, @Nullable String model, Tally element) {
    switch (word) {
      case Words.EXECUTOR -> sum(executor, element);
      case Words.COMPACTION -> {
        sum(executor, element);
        sum(compaction, element);
      }
      case Words.FALLBACK -> {
        fallback = true;
        serve(model, element);
      }
      case Words.ADVISOR -> {
        Tally advisor = advisor(model == null || model.isEmpty() ? "unknown" : model);
        if (advisor == null) {
          overflown = true;
        } else {
          sum(advisor, element);
        }
      }
      default -> {
        // a kind of turn that is not known is in the totals, or not billed
      }
    }
  }

  /** The last model answered; several turns of it add up. */
  private void serve(@Nullable String model, Tally element) {
    if (model != null && !model.isEmpty() && !model.equals(servedModel)) {
      servedModel = model;
      served.reset();
    }
    sum(served, element);
  }

  private static void sum(Tally total, Tally element) {
    for (int slot : SUMMED) {
      if (element.has(slot)) {
        total.add(slot, element.get(slot));
      }
    }
  }

  private @Nullable Tally advisor(String model) {
    for (Advisor advisor : advisors) {
      if (advisor.model().equals(model)) {
        return advisor.usage();
      }
    }
    if (advisors.size() == MAX_ADVISORS) {
      return null;
    }
    Advisor added = new Advisor(model, new Tally());
    advisors.add(added);
    return added.usage();
  }

  /** The sums that replace the totals, or null when the totals are right. */
  @Nullable Tally executor() {
    return fallback || executor.isEmpty() ? null : executor;
  }

  /** What is billed beside the totals, or null when that is nothing. */
  @Nullable Tally beside() {
    return fallback && !compaction.isEmpty() ? compaction : null;
  }

  /** What the model used that answered in place of another one; null without a fallback. */
  @Nullable Tally served() {
    return fallback ? served : null;
  }

  /** The model that answered in place of another one, or null. */
  @Nullable String servedModel() {
    return servedModel;
  }

  /** Takes over the advisors of an earlier response of the same body. */
  void addAdvisors(Iterations earlier) {
    for (Advisor advisor : earlier.advisors) {
      add(Words.ADVISOR, advisor.model(), advisor.usage());
    }
    overflown |= earlier.overflown;
  }

  List<Advisor> advisors() {
    return advisors;
  }

  boolean isOverflown() {
    return overflown;
  }
}
