// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

/**
 * The counts that providers state, by what they mean there: indices into a {@link Tally}. Whether
 * one contains another differs by {@link Dialect}; several spellings of one count that can stand
 * side by side have a slot each.
 */
final class Slots {
  static final int INPUT = 0;
  static final int OUTPUT = 1;
  static final int TOTAL = 2;

  /** Read from a prompt cache, in the order of authority: details, then what stands beside. */
  static final int CACHE_READ = 3;

  static final int CACHED = 4;
  static final int NUM_CACHED = 5;
  static final int CACHE_HIT = 6;
  static final int CACHE_READ_INPUT = 7;

  /** Written to a prompt cache, in the order of authority. */
  static final int CACHE_WRITE = 8;

  static final int CREATED_CACHE = 9;
  static final int CACHE_CREATION = 10;
  static final int WRITE_5M = 11;
  static final int WRITE_1H = 12;
  static final int REASONING = 13;
  static final int REASONING_BESIDE = 14;
  static final int INPUT_AUDIO = 15;
  static final int INPUT_IMAGE = 16;
  static final int OUTPUT_AUDIO = 17;
  static final int OUTPUT_IMAGE = 18;
  static final int TOOL_INPUT = 19;
  static final int ACCEPTED_PREDICTION = 20;
  static final int REJECTED_PREDICTION = 21;
  static final int AUDIO_SECONDS = 22;
  static final int SEARCH_UNITS = 23;
  static final int WEB_SEARCHES = 24;
  static final int WEB_FETCHES = 25;

  /** What Cohere bills, where it differs from the tokens that the model saw. */
  static final int BILLED_INPUT = 26;

  static final int BILLED_OUTPUT = 27;

  /** Cost in 10^-10 US dollars (xAI). */
  static final int COST_TICKS = 28;

  static final int COUNT = 29;

  private Slots() {}

  static int bit(int slot) {
    return 1 << slot;
  }
}
