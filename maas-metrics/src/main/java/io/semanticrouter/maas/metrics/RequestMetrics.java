// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.Unmeasured;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.Arrays;
import java.util.List;

/** What is always exported: that there was an exchange, and how well it could be measured. */
final class RequestMetrics implements SeriesMetrics {
  private static final Reason[] REASONS = Reason.values();
  private static final int TOO_MANY_REQUESTS = 429;

  private final SeriesCounter requests;
  private final SeriesCounter unmeasurable;
  private final SeriesCounter rateLimited;
  private final SeriesCounter reasons;
  private final SeriesCounter forcedUsage;
  private final Series everything;
  private final SeriesCounter overflowRequests;

  RequestMetrics(Spaces spaces, LabelSpace exchanges) {
    requests =
        exchanges.counter(
            "semantic_router_requests",
            "Exchanges on LLM paths, by how well their usage could be measured.",
            ClosedLabels.of(
                "outcome", Arrays.stream(Outcome.values()).map(Outcome::label).toList()));
    unmeasurable =
        exchanges.counter(
            "semantic_router_unmeasurable_requests",
            "Exchanges whose usage the backend did not state, or not readably, and why.",
            exchanges.names().size() - 1, // all but the model, which is the last one
            ClosedLabels.of(
                "reason", Arrays.stream(Unmeasured.values()).map(Unmeasured::label).toList()));
    rateLimited =
        exchanges.counter(
            "semantic_router_rate_limited_requests",
            "Exchanges that were answered with 429.",
            exchanges.names().size() - 1,
            ClosedLabels.NONE);
    LabelSpace global = spaces.space(List.of());
    reasons =
        global.counter(
            "semantic_router_measurement_reasons",
            "Why measurements are what they are: one increment per reason of an exchange.",
            ClosedLabels.of(
                "status",
                Arrays.stream(Status.values()).map(Status::label).toList(),
                "reason",
                Arrays.stream(REASONS).map(Reason::label).toList()));
    forcedUsage =
        global.counter(
            "semantic_router_forced_usage",
            "Chats and completions by what became of asking the backend for their usage.",
            ClosedLabels.of(
                "result", Arrays.stream(ForcedUsage.values()).map(ForcedUsage::label).toList()));
    overflowRequests =
        global.counter(
            "semantic_router_overflow_requests",
            "Exchanges counted in the overflow series, because max_series was reached.",
            ClosedLabels.NONE);
    everything = global.single();
    overflowRequests.add(everything, 0, 0);
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    if (record.forcedUsage() != ForcedUsage.OFF) {
      forcedUsage.add(everything, ClosedLabels.index(record.forcedUsage()), sign);
    }
    Unmeasured unmeasured = record.unmeasured();
    if (unmeasured != null) {
      unmeasurable.add(series, ClosedLabels.index(unmeasured), sign);
    }
    if (record.httpStatus() == TOO_MANY_REQUESTS) {
      rateLimited.add(series, 0, sign);
    }
    Measurement measurement = record.measurement();
    if (!measurement.reasons().isEmpty()) {
      int first = ClosedLabels.index(measurement.status()) * REASONS.length;
      for (Reason reason : REASONS) {
        if (measurement.has(reason)) {
          reasons.add(everything, first + ClosedLabels.index(reason), sign);
        }
      }
    }
    // Last: who has seen the exchange finds all of it in what he reads afterwards.
    int outcome = ClosedLabels.index(record.outcome());
    if (requests.overflows(series, outcome)) {
      overflowRequests.add(everything, 0, sign);
    }
    requests.add(series, outcome, sign);
  }
}
