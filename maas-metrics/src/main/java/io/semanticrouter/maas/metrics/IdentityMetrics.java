// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.Identity.Source;
import io.semanticrouter.maas.UsageRecord;
import java.util.Arrays;
import java.util.List;

/** Exchanges billed to a fallback, and why: what to look at when everything is "unknown". */
final class IdentityMetrics implements SeriesMetrics {
  private static final int SOURCES = Source.values().length;

  private final SeriesCounter fallbacks;
  private final Series everything;

  IdentityMetrics(PrometheusRegistry registry) {
    LabelSpace global = new LabelSpace(registry, List.of());
    fallbacks =
        global.counter(
            "semantic_router_identity_fallbacks",
            "Exchanges whose user or tier is the configured fallback, by the reason.",
            ClosedLabels.of(
                "field",
                List.of("user", "tier"),
                "reason",
                Arrays.stream(Source.values()).map(Source::label).toList()));
    everything = global.series(List.of());
  }

  @Override
  public void record(Series series, UsageRecord record) {
    Source user = record.identity().userSource();
    if (user.isFallback()) {
      fallbacks.add(everything, ClosedLabels.index(user), 1);
    }
    Source tier = record.identity().tierSource();
    if (tier.isFallback()) {
      fallbacks.add(everything, SOURCES + ClosedLabels.index(tier), 1);
    }
  }
}
