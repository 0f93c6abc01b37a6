// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.Arrays;

/**
 * The bill: tokens that a backend measured. Estimates and the tokens of response cache hits are
 * kept apart. Unknown is not zero: a count that nobody stated shows no series, a zero that was
 * stated does.
 */
final class TokenMetrics implements SeriesMetrics {
  static final ClosedLabels TYPES = ClosedLabels.of("type", "prompt", "completion");

  private static final TokenPart[] PARTS = TokenPart.values();

  private final SeriesCounter tokens;
  private final SeriesCounter estimated;
  private final SeriesCounter parts;
  private final SeriesCounter units;

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
            ClosedLabels.of("part", Arrays.stream(PARTS).map(TokenPart::label).toList()));
    units =
        exchanges.counter(
            "semantic_router_units",
            "What is billed by the piece and not by the token.",
            ClosedLabels.of(
                "unit", "audio_second", "image", "search_unit", "tool_call", "free_tool_call"));
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    TokenUsage usage = record.measurement().usage();
    if (usage == null) {
      return;
    }
    if (record.measurement().status() == Status.ESTIMATED) {
      addTotals(estimated, series, usage, sign);
    } else if (!record.isCacheHit()) {
      addTokens(series, usage, sign);
      addUnits(series, record.measurement().units(), sign);
    }
  }

  /** Adds measured tokens and their parts. */
  void addTokens(Series series, TokenUsage usage, int sign) {
    addTotals(tokens, series, usage, sign);
    for (TokenPart part : PARTS) {
      addPart(parts, series, ClosedLabels.index(part), usage.part(part), sign);
    }
  }

  private void addUnits(Series series, UnitUsage usage, int sign) {
    int unit = 0;
    addPart(units, series, unit++, usage.audioSeconds(), sign);
    addPart(units, series, unit++, usage.images(), sign);
    addPart(units, series, unit++, usage.searchUnits(), sign);
    addPart(units, series, unit++, usage.toolCalls(), sign);
    addPart(units, series, unit, usage.freeToolCalls(), sign);
  }

  /** Adds what is known of prompt and completion to a counter of {@link #TYPES}. */
  static void addTotals(SeriesCounter counter, Series series, TokenUsage usage, int sign) {
    if (usage.prompt() >= 0) {
      counter.add(series, 0, sign * usage.prompt());
    }
    if (usage.completion() >= 0) {
      counter.add(series, 1, sign * usage.completion());
    }
  }

  /** Most backends state most parts as zero; those would be half of all series, and say nothing. */
  private static void addPart(
      SeriesCounter counter, Series series, int part, long amount, int sign) {
    if (amount > 0) {
      counter.add(series, part, sign * amount);
    }
  }
}
