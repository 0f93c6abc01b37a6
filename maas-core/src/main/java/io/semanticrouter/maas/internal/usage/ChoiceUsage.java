// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.json.Counts;
import java.util.Arrays;

/**
 * The last usage of each of several parallel choices, for streams in which nobody adds them up.
 * vLLM's continuous usage is cumulative per choice, each with the whole prompt of the choice. At
 * most {@value #MAX_CHOICES} choices are kept apart. Not thread-safe.
 */
final class ChoiceUsage {
  static final int MAX_CHOICES = 128;

  private static final int FIRST_ROOM = 4;

  /** Prompt and completion of each choice by turns, {@link Tally#ABSENT} where not stated. */
  private long[] counts = new long[0];

  private boolean overflown;

  void put(long choice, Tally usage) {
    put(choice, usage.get(Slots.INPUT), usage.get(Slots.OUTPUT));
  }

  private void put(long choice, long prompt, long completion) {
    if (choice >= MAX_CHOICES) {
      overflown = true;
      return;
    }
    int at = 2 * (int) choice;
    if (at >= counts.length) {
      int used = counts.length;
      counts = Arrays.copyOf(counts, Math.max(2 * FIRST_ROOM, Integer.highestOneBit(at) * 2));
      Arrays.fill(counts, used, counts.length, Tally.ABSENT);
    }
    if (prompt >= 0) {
      counts[at] = prompt;
    }
    if (completion >= 0) {
      counts[at + 1] = completion;
    }
  }

  void merge(ChoiceUsage other) {
    for (int at = 0; at < other.counts.length; at += 2) {
      if (other.counts[at] >= 0 || other.counts[at + 1] >= 0) {
        put(at / 2, other.counts[at], other.counts[at + 1]);
      }
    }
    overflown |= other.overflown;
  }

  /** Whether there were more choices than are kept apart. */
  boolean isOverflown() {
    return overflown;
  }

  /** How many choices have stated usage. */
  int size() {
    int size = 0;
    for (int at = 0; at < counts.length; at += 2) {
      size += counts[at] >= 0 || counts[at + 1] >= 0 ? 1 : 0;
    }
    return size;
  }

  /** The completions of all choices, or {@link Tally#ABSENT}. */
  long completion() {
    long sum = Tally.ABSENT;
    for (int at = 0; at < counts.length; at += 2) {
      if (counts[at + 1] >= 0) {
        sum = Math.min(Counts.MAX, Math.max(0, sum) + counts[at + 1]);
      }
    }
    return sum;
  }

  /**
   * The prompt. All choices of one prompt state it whole, so it counts once; several prompts add
   * up.
   *
   * @param choicesPerPrompt how many choices each prompt has; 0 when that is not known, and the
   *     largest prompt is taken as the lower bound
   */
  long prompt(long choicesPerPrompt) {
    long sum = Tally.ABSENT;
    long largest = Tally.ABSENT;
    long lastPrompt = -1;
    for (int at = 0; at < counts.length; at += 2) {
      if (counts[at] < 0) {
        continue;
      }
      largest = Math.max(largest, counts[at]);
      long prompt = choicesPerPrompt <= 0 ? 0 : at / 2 / choicesPerPrompt;
      if (prompt != lastPrompt) {
        sum = Math.min(Counts.MAX, Math.max(0, sum) + counts[at]);
        lastPrompt = prompt;
      }
    }
    return choicesPerPrompt <= 0 ? largest : sum;
  }
}
