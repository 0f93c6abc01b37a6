// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

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

  static final int CACHED_READ = 4;
  static final int CACHED = 5;
  static final int NUM_CACHED = 6;
  static final int CACHE_HIT = 7;
  static final int CACHE_READ_INPUT = 8;

  /** Written to a prompt cache, in the order of authority: details, then what stands beside. */
  static final int CACHE_WRITE = 9;

  static final int CREATED_CACHE = 10;
  static final int CACHE_CREATION = 11;
  static final int CACHE_CREATED = 12;
  static final int CACHED_WRITE = 13;
  static final int WRITE_INPUT = 14;
  static final int WRITE_BESIDE = 15;
  static final int WRITE_5M = 16;
  static final int DETAIL_5M = 17;
  static final int WRITE_1H = 18;
  static final int DETAIL_1H = 19;
  static final int REASONING = 20;
  static final int REASONING_BESIDE = 21;
  static final int INPUT_AUDIO = 22;
  static final int INPUT_IMAGE = 23;
  static final int INPUT_VIDEO = 24;
  static final int OUTPUT_AUDIO = 25;
  static final int OUTPUT_IMAGE = 26;
  static final int OUTPUT_VIDEO = 27;
  static final int TOOL_INPUT = 28;
  static final int ACCEPTED_PREDICTION = 29;
  static final int REJECTED_PREDICTION = 30;
  static final int AUDIO_SECONDS = 31;
  static final int SEARCH_UNITS = 32;

  /** What Cohere bills, where it differs from the tokens that the model saw. */
  static final int BILLED_INPUT = 33;

  static final int BILLED_OUTPUT = 34;

  /** Cost in 10^-10 US dollars (xAI). */
  static final int COST_TICKS = 35;

  /** Tokens of sources that Perplexity's deep research cites. */
  static final int CITATIONS = 36;

  /** Calls of the provider's own tools; those of one kind under several names stand together. */
  static final int WEB_SEARCHES = 37;

  static final int SEARCH_QUERIES = 38;
  static final int X_SEARCHES = 39;
  static final int SOURCES = 40;
  static final int FILE_SEARCHES = 41;
  static final int DOCUMENT_SEARCHES = 42;
  static final int CODE_RUNS = 43;
  static final int WEB_FETCHES = 44;
  static final int OTHER_TOOLS = 45;

  static final int COUNT = 46;

  private Slots() {}

  static long bit(int slot) {
    return 1L << slot;
  }
}
