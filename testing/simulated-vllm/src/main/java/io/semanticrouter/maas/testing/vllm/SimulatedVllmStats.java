// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.Map;

/**
 * What a simulated server produced since its start or the last reset: a consistent snapshot.
 *
 * <p>Only the inference endpoints count. An exchange counts once, when its outcome is known: for a
 * stream before its last event is written, for a JSON answer before its body is written. A client
 * that has read a whole answer therefore finds it here. If that last write fails, the exchange
 * moves from {@link #completed} to {@link #aborted}.
 *
 * @param exchanges answered requests by path, errors and aborted ones included
 * @param errors requests answered with an error status
 * @param completed whole answers
 * @param aborted answers cut short, by the client or on request. A stream counts the tokens of the
 *     events it wrote; a JSON answer counts all its tokens, for they were generated before it was
 *     sent
 * @param reported the part of {@link #completed} whose body or stream stated its usage at its end
 * @param cached the part of {@link #completed} that claimed to come from a router's cache
 */
public record SimulatedVllmStats(
    Map<String, Long> exchanges,
    long errors,
    Totals completed,
    Totals aborted,
    Totals reported,
    Totals cached) {

  /** Makes the map immutable. */
  public SimulatedVllmStats {
    exchanges = Map.copyOf(exchanges);
  }

  /**
   * Sums over a group of answers.
   *
   * @param responses how many answers
   * @param promptTokens their prompt tokens
   * @param completionTokens their completion tokens
   */
  public record Totals(long responses, long promptTokens, long completionTokens) {}

  /** Returns the prompt tokens of all answers, completed or aborted. */
  public long promptTokens() {
    return completed.promptTokens + aborted.promptTokens;
  }

  /** Returns the completion tokens of all answers, completed or aborted. */
  public long completionTokens() {
    return completed.completionTokens + aborted.completionTokens;
  }
}
