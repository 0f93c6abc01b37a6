// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.Arrays;

/** Personal data and jailbreak attempts that the router detected, per user. */
final class SecurityMetrics implements SeriesMetrics {
  private static final int PII = 0;
  private static final int JAILBREAK = 1;

  private final SeriesCounter signals;
  private final SeriesCounter piiTypes;

  SecurityMetrics(LabelSpace exchanges) {
    signals =
        exchanges.counter(
            "semantic_router_security_signals",
            "Exchanges in whose prompt personal data (pii) or a jailbreak attempt was detected.",
            exchanges.names().size() - 1, // all but the model, which is the last one
            ClosedLabels.of("type", "pii", "jailbreak"));
    piiTypes =
        exchanges.counter(
            "semantic_router_pii_detections",
            "Exchanges in whose prompt the embedded router found this kind of personal data.",
            exchanges.names().size() - 1,
            ClosedLabels.of("type", Arrays.stream(PiiType.values()).map(PiiType::label).toList()));
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    Routing routing = record.routing();
    if (Boolean.TRUE.equals(routing.piiDetected())) {
      signals.add(series, PII, sign);
    }
    if (Boolean.TRUE.equals(routing.jailbreakDetected())) {
      signals.add(series, JAILBREAK, sign);
    }
    if (!record.router().piiTypes().isEmpty()) {
      for (PiiType type : record.router().piiTypes()) {
        piiTypes.add(series, ClosedLabels.index(type), sign);
      }
    }
  }
}
