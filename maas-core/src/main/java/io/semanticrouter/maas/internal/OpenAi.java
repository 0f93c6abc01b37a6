// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import static io.semanticrouter.maas.internal.Schema.Kind.COUNT;
import static io.semanticrouter.maas.internal.Schema.Kind.PRESENCE;
import static io.semanticrouter.maas.internal.Schema.Kind.TEXT;

/**
 * Where chat completions, completions and embeddings of OpenAI and the servers compatible with it
 * say what they used.
 *
 * <p>Sources: the OpenAI API reference (objects {@code CompletionUsage}, {@code
 * chat.completion.chunk}, {@code CreateEmbeddingResponse}); vLLM's {@code UsageInfo}; for the
 * spellings of cached tokens the API references of Moonshot ({@code cached_tokens}), Mistral
 * ({@code num_cached_tokens}) and DeepSeek ({@code prompt_cache_hit_tokens}).
 */
final class OpenAi {
  // Counts; the identifiers are indices of EventFacts.counts.
  static final int PROMPT = 0;
  static final int COMPLETION = 1;
  static final int TOTAL = 2;
  static final int DETAILS_CACHED = 3;
  static final int CACHED = 4;
  static final int NUM_CACHED = 5;
  static final int CACHE_HIT = 6;
  static final int DETAILS_CACHE_WRITE = 7;
  static final int DETAILS_REASONING = 8;
  static final int COUNTS = 9;

  // Counts that are not usage.
  static final int CHOICE_INDEX = 32;

  // Containers, texts and presences.
  static final int ROOT = 40;
  static final int USAGE = 41;
  static final int PROMPT_DETAILS = 42;
  static final int COMPLETION_DETAILS = 48;
  static final int CHOICES = 43;
  static final int CHOICE = 44;
  static final int MODEL = 45;
  static final int FINISH_REASON = 46;
  static final int ERROR = 47;

  static final Schema SCHEMA =
      Schema.object(ROOT)
          .with("model", Schema.leaf(TEXT, MODEL))
          .with("error", Schema.leaf(PRESENCE, ERROR))
          .with(
              "choices",
              Schema.array(
                  CHOICES,
                  Schema.object(CHOICE)
                      .with("index", Schema.leaf(COUNT, CHOICE_INDEX))
                      .with("finish_reason", Schema.leaf(PRESENCE, FINISH_REASON))
                      .build()))
          .with(
              "usage",
              Schema.object(USAGE)
                  .count("prompt_tokens", PROMPT)
                  .count("completion_tokens", COMPLETION)
                  .count("total_tokens", TOTAL)
                  .count("cached_tokens", CACHED)
                  .count("num_cached_tokens", NUM_CACHED)
                  .count("prompt_cache_hit_tokens", CACHE_HIT)
                  .with(
                      "prompt_tokens_details",
                      Schema.object(PROMPT_DETAILS)
                          .count("cached_tokens", DETAILS_CACHED)
                          .count("cache_write_tokens", DETAILS_CACHE_WRITE)
                          .build())
                  .with(
                      "completion_tokens_details",
                      Schema.object(COMPLETION_DETAILS)
                          .count("reasoning_tokens", DETAILS_REASONING)
                          .build())
                  .build())
          .build();

  private OpenAi() {}

  /** The counts that stand in a container, or the one that a count is, as bits. */
  static int countsUnder(int id) {
    return switch (id) {
      case USAGE -> (1 << COUNTS) - 1;
      case PROMPT_DETAILS -> 1 << DETAILS_CACHED | 1 << DETAILS_CACHE_WRITE;
      case COMPLETION_DETAILS -> 1 << DETAILS_REASONING;
      default -> id < COUNTS ? 1 << id : 0;
    };
  }
}
