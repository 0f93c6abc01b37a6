// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.Measurement.Status;
import io.semanticrouter.maas.TokenUsage;
import io.semanticrouter.maas.UsageRecord;

/**
 * The bill: tokens that a backend measured. Estimates and the tokens of response cache hits are
 * kept apart. Unknown is not zero: a count that nobody stated shows no series, a zero that was
 * stated does.
 */
final class TokenMetrics implements SeriesMetrics {
  static final ClosedLabels TYPES = ClosedLabels.of("type", "prompt", "completion");

  private static final int CACHE_READ = 0;
  private static final int CACHE_WRITE = 1;
  private static final int REASONING = 2;

  private final SeriesCounter tokens;
  private final SeriesCounter estimated;
  private final SeriesCounter parts;

  TokenMetrics(LabelSpace exchanges) {
    tokens =
        exchanges.counter(
            "semantic_router_tokens",
            "Tokens that backends measured; the sum over type is the bill.",
            TYPES);
    estimated =
        exchanges.counter(
            "semantic_router_estimated_tokens",
            "Tokens that were estimated; never part of semantic_router_tokens_total.",
            TYPES);
    parts =
        exchanges.counter(
            "semantic_router_token_parts",
            "Parts of semantic_router_tokens_total, never to be added to them.",
            ClosedLabels.of("part", "cache_read", "cache_write", "reasoning"));
  }

  @Override
  public void record(Series series, UsageRecord record) {
    TokenUsage usage = record.measurement().usage();
    if (usage == null) {
      return;
    }
    if (record.measurement().status() == Status.ESTIMATED) {
      addTotals(estimated, series, usage);
    } else if (!record.isCacheHit()) {
      addTotals(tokens, series, usage);
      addPart(series, CACHE_READ, usage.cacheRead());
      addPart(series, CACHE_WRITE, usage.cacheWrite());
      addPart(series, REASONING, usage.reasoning());
    }
  }

  /** Adds what is known of prompt and completion to a counter of {@link #TYPES}. */
  static void addTotals(SeriesCounter counter, Series series, TokenUsage usage) {
    if (usage.prompt() >= 0) {
      counter.add(series, 0, usage.prompt());
    }
    if (usage.completion() >= 0) {
      counter.add(series, 1, usage.completion());
    }
  }

  /** Most backends state most parts as zero; those would be half of all series, and say nothing. */
  private void addPart(Series series, int part, long amount) {
    if (amount > 0) {
      parts.add(series, part, amount);
    }
  }
}
