// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.record.TokenUsage;
import java.util.Arrays;

/** Spells out the expected {@link TokenUsage}: what is not named is unknown. */
final class Tokens {
  private final long[] counts = new long[16];

  private Tokens() {
    Arrays.fill(counts, TokenUsage.UNKNOWN);
  }

  static Tokens tokens(long prompt, long completion) {
    return new Tokens().with(0, prompt).with(1, completion);
  }

  Tokens cacheRead(long count) {
    return with(2, count);
  }

  Tokens cacheWrite(long count) {
    return with(3, count);
  }

  Tokens cacheWrite(long count, long fiveMinutes, long oneHour) {
    return with(3, count).with(4, fiveMinutes).with(5, oneHour);
  }

  Tokens reasoning(long count) {
    return with(6, count);
  }

  Tokens promptAudio(long count) {
    return with(7, count);
  }

  Tokens promptImage(long count) {
    return with(8, count);
  }

  Tokens completionAudio(long count) {
    return with(9, count);
  }

  Tokens completionImage(long count) {
    return with(10, count);
  }

  Tokens toolUse(long count) {
    return with(11, count);
  }

  Tokens acceptedPrediction(long count) {
    return with(12, count);
  }

  Tokens rejectedPrediction(long count) {
    return with(13, count);
  }

  Tokens unattributed(long count) {
    return with(14, count);
  }

  Tokens total(long count) {
    return with(15, count);
  }

  TokenUsage usage() {
    long[] c = counts;
    return new TokenUsage(
        c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13],
        c[14], c[15]);
  }

  /** The counts of a usage in the order of its components. */
  static long[] counts(TokenUsage u) {
    return new long[] {
      u.prompt(),
      u.completion(),
      u.cacheRead(),
      u.cacheWrite(),
      u.cacheWrite5m(),
      u.cacheWrite1h(),
      u.reasoning(),
      u.promptAudio(),
      u.promptImage(),
      u.completionAudio(),
      u.completionImage(),
      u.toolUse(),
      u.acceptedPrediction(),
      u.rejectedPrediction(),
      u.unattributed(),
      u.providerTotal()
    };
  }

  private Tokens with(int index, long count) {
    Tokens copy = new Tokens();
    System.arraycopy(counts, 0, copy.counts, 0, counts.length);
    copy.counts[index] = count;
    return copy;
  }
}
