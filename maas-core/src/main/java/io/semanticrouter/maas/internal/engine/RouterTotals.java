// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of all calls of a looper together. The body states those of its last call, of all of
 * them, or none; only these headers tell. Source: {@code x-vsr-looper-*-tokens} of the vLLM
 * Semantic Router ({@code pkg/extproc/req_filter_looper_response.go}), which leaves out a count
 * that is zero.
 *
 * @param usage null when what is stated is no count, or no more than a total
 * @param reasons what is odd about it
 */
record RouterTotals(@Nullable TokenUsage usage, Set<Reason> reasons) {
  /**
   * The most tokens that a looper plausibly uses, of either kind: 32 calls that each fill a context
   * window of a million tokens.
   */
  private static final long MAX_TOKENS = 32_000_000;

  private static final RouterTotals MALFORMED = new RouterTotals(null, Set.of());

  /** What the three headers state; null when none of them is there. */
  static @Nullable RouterTotals of(
      @Nullable String promptTokens,
      @Nullable String completionTokens,
      @Nullable String totalTokens) {
    long prompt = ResponseMeter.count(promptTokens);
    long completion = ResponseMeter.count(completionTokens);
    long total = ResponseMeter.count(totalTokens);
    if (Math.min(prompt, Math.min(completion, total)) < TokenUsage.UNKNOWN) {
      return MALFORMED;
    }
    if (prompt < 0 && completion < 0) {
      return total < 0 ? null : MALFORMED;
    }
    if (prompt < 0) {
      prompt = Math.max(0, total - completion);
    } else if (completion < 0) {
      completion = Math.max(0, total - prompt);
    }
    long unattributed = total < 0 ? 0 : total - prompt - completion;
    Set<Reason> reasons = EnumSet.of(Reason.ROUTER_TOTALS);
    if (unattributed > 0) {
      reasons.add(Reason.RESIDUAL);
      completion += unattributed;
    } else if (unattributed < 0) {
      reasons.add(Reason.TOTAL_MISMATCH);
    }
    TokenUsage usage =
        TokenUsage.builder(prompt, completion)
            .part(TokenPart.UNATTRIBUTED, unattributed > 0 ? unattributed : TokenUsage.UNKNOWN)
            .providerTotal(total)
            .build();
    return new RouterTotals(usage, reasons);
  }

  /**
   * The verdict on the exchange.
   *
   * @param body the verdict on its body alone
   * @param maxTokens the most tokens that are plausible
   */
  Measurement judge(Measurement body, long maxTokens, @Nullable AbortReason abort) {
    if (usage == null) {
      return doubted(body, Reason.MALFORMED_USAGE);
    }
    if (!isPlausible(usage, maxTokens)) {
      return doubted(body, Reason.QUARANTINED);
    }
    if (body.has(Reason.QUARANTINED) || total(body.usage()) >= total(usage)) {
      return body;
    }
    Set<Reason> all = EnumSet.copyOf(reasons);
    if (abort != null) {
      all.add(abort.reason());
    }
    return Measurement.of(Status.COMPLETE, all, usage)
        .withProviderStatement(body.providerCost(), body.rawUsage());
  }

  /** The higher one of these and what the body has stated so far. */
  @Nullable TokenUsage orStated(@Nullable TokenUsage stated, long maxTokens) {
    boolean more = usage != null && isPlausible(usage, maxTokens) && total(usage) > total(stated);
    return more ? usage : stated;
  }

  private static boolean isPlausible(TokenUsage usage, long maxTokens) {
    long max = Math.min(maxTokens, MAX_TOKENS);
    return usage.prompt() <= max && usage.completion() <= max;
  }

  private static long total(@Nullable TokenUsage usage) {
    return usage == null || usage.isEmpty()
        ? TokenUsage.UNKNOWN
        : Math.max(0, usage.prompt()) + Math.max(0, usage.completion());
  }

  /** What the body states is a lower bound then. */
  private static Measurement doubted(Measurement body, Reason reason) {
    Set<Reason> all = EnumSet.of(reason);
    all.addAll(body.reasons());
    TokenUsage stated = body.usage();
    if (stated == null) {
      return Measurement.of(Status.FAILED, all, null);
    }
    Status status = body.status() == Status.COMPLETE ? Status.PARTIAL : body.status();
    return Measurement.of(status, all, stated)
        .withOtherLines(body.otherLines())
        .withUnits(body.units())
        .withProviderStatement(body.providerCost(), body.rawUsage());
  }
}
