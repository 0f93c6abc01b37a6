// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;

/** Spells out the expected {@link TokenUsage}: what is not named is unknown. */
final class Tokens {
  private static final TokenPart[] PARTS = TokenPart.values();

  private final TokenUsage.Builder usage;

  private Tokens(TokenUsage.Builder usage) {
    this.usage = usage;
  }

  static Tokens tokens(long prompt, long completion) {
    return new Tokens(TokenUsage.builder(prompt, completion));
  }

  Tokens cacheRead(long count) {
    return with(TokenPart.CACHE_READ, count);
  }

  Tokens cacheWrite(long count) {
    return with(TokenPart.CACHE_WRITE, count);
  }

  Tokens cacheWrite(long count, long fiveMinutes, long oneHour) {
    return cacheWrite(count)
        .with(TokenPart.CACHE_WRITE_5M, fiveMinutes)
        .with(TokenPart.CACHE_WRITE_1H, oneHour);
  }

  Tokens reasoning(long count) {
    return with(TokenPart.REASONING, count);
  }

  Tokens promptAudio(long count) {
    return with(TokenPart.PROMPT_AUDIO, count);
  }

  Tokens promptImage(long count) {
    return with(TokenPart.PROMPT_IMAGE, count);
  }

  Tokens completionAudio(long count) {
    return with(TokenPart.COMPLETION_AUDIO, count);
  }

  Tokens completionImage(long count) {
    return with(TokenPart.COMPLETION_IMAGE, count);
  }

  Tokens toolUse(long count) {
    return with(TokenPart.TOOL_USE, count);
  }

  Tokens acceptedPrediction(long count) {
    return with(TokenPart.ACCEPTED_PREDICTION, count);
  }

  Tokens rejectedPrediction(long count) {
    return with(TokenPart.REJECTED_PREDICTION, count);
  }

  Tokens unattributed(long count) {
    return with(TokenPart.UNATTRIBUTED, count);
  }

  Tokens total(long count) {
    usage.providerTotal(count);
    return this;
  }

  TokenUsage usage() {
    return usage.build();
  }

  /** All counts of a usage; the last one is the total as the provider stated it. */
  static long[] counts(TokenUsage u) {
    long[] counts = new long[PARTS.length + 3];
    counts[0] = u.prompt();
    counts[1] = u.completion();
    for (int i = 0; i < PARTS.length; i++) {
      counts[2 + i] = u.part(PARTS[i]);
    }
    counts[counts.length - 1] = u.providerTotal();
    return counts;
  }

  private Tokens with(TokenPart part, long count) {
    usage.part(part, count);
    return this;
  }
}
