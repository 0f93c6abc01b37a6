// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import io.semanticrouter.maas.testing.vllm.SimulatedVllmStats.Totals;
import java.util.Map;
import java.util.TreeMap;

/** Adds up the outcomes of exchanges; one lock, so that a snapshot never shows half an outcome. */
final class StatsRecorder {

  /** The outcome of an answer with a 2xx status. */
  record Outcome(String endpoint, Usage usage, boolean reported, boolean cached) {

    Outcome withUsage(Usage other) {
      return new Outcome(endpoint, other, reported, cached);
    }
  }

  /** Proof that an outcome was counted as completed, and before which reset. */
  record Receipt(Outcome outcome, long epoch) {}

  private final Map<String, Long> exchanges = new TreeMap<>();
  private final Sum completed = new Sum();
  private final Sum aborted = new Sum();
  private final Sum reported = new Sum();
  private final Sum cached = new Sum();
  private long errors;
  private long epoch;

  synchronized void error(String endpoint) {
    exchanges.merge(endpoint, 1L, Long::sum);
    errors++;
  }

  synchronized void aborted(Outcome outcome) {
    exchanges.merge(outcome.endpoint, 1L, Long::sum);
    aborted.add(outcome.usage, 1);
  }

  synchronized Receipt completed(Outcome outcome) {
    exchanges.merge(outcome.endpoint, 1L, Long::sum);
    addCompleted(outcome, 1);
    return new Receipt(outcome, epoch);
  }

  /** Moves a completed outcome to the aborted ones: its last write failed. */
  synchronized void abortedAfterAll(Receipt receipt) {
    // After a reset there is nothing left to move.
    if (receipt.epoch == epoch) {
      addCompleted(receipt.outcome, -1);
      aborted.add(receipt.outcome.usage, 1);
    }
  }

  synchronized SimulatedVllmStats snapshot() {
    return new SimulatedVllmStats(
        exchanges,
        errors,
        completed.totals(),
        aborted.totals(),
        reported.totals(),
        cached.totals());
  }

  synchronized void reset() {
    exchanges.clear();
    errors = 0;
    completed.clear();
    aborted.clear();
    reported.clear();
    cached.clear();
    epoch++;
  }

  /** Renders a snapshot as {@code GET /stats} shows it. */
  static Map<String, Object> json(SimulatedVllmStats stats) {
    return Json.object(
        "exchanges", new TreeMap<>(stats.exchanges()),
        "errors", stats.errors(),
        "prompt_tokens", stats.promptTokens(),
        "completion_tokens", stats.completionTokens(),
        "completed", json(stats.completed()),
        "aborted", json(stats.aborted()),
        "reported", json(stats.reported()),
        "cached", json(stats.cached()));
  }

  private static Map<String, Object> json(Totals totals) {
    return Json.object(
        "responses", totals.responses(),
        "prompt_tokens", totals.promptTokens(),
        "completion_tokens", totals.completionTokens());
  }

  private void addCompleted(Outcome outcome, int sign) {
    completed.add(outcome.usage, sign);
    if (outcome.reported) {
      reported.add(outcome.usage, sign);
    }
    if (outcome.cached) {
      cached.add(outcome.usage, sign);
    }
  }

  private static final class Sum {
    private long responses;
    private long promptTokens;
    private long completionTokens;

    void add(Usage usage, int sign) {
      responses += sign;
      promptTokens += sign * usage.promptTokens();
      completionTokens += sign * usage.completionTokens();
    }

    void clear() {
      responses = 0;
      promptTokens = 0;
      completionTokens = 0;
    }

    Totals totals() {
      return new Totals(responses, promptTokens, completionTokens);
    }
  }
}
