// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.MaasConfig;
import io.semanticrouter.maas.ResponsePath;
import io.semanticrouter.maas.Routing;
import io.semanticrouter.maas.UsageRecord;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the semantic router decided. Deliberately without the user: decisions times categories times
 * users would be too many series. Bounded on its own.
 */
final class RoutingMetrics implements SeriesMetrics {
  private static final String ABSENT = "unknown";
  private static final int ON = 0;
  private static final int OFF = 1;
  private static final int UNKNOWN = 2;

  private final boolean tiers;
  private final SeriesCounter decisions;
  private final SeriesIndex index;
  private final SeriesCounter paths;
  private final Series everything;

  RoutingMetrics(MaasConfig config, PrometheusRegistry registry) {
    tiers = config.mode().isIntegrated();
    LabelSpace space =
        new LabelSpace(
            registry,
            tiers
                ? List.of("tier", "model", "decision", "category")
                : List.of("model", "decision", "category"));
    decisions =
        space.counter(
            "semantic_router_routing_decisions",
            "Exchanges by what the semantic router decided; without user, to stay small.",
            ClosedLabels.of("reasoning", "on", "off", "unknown"));
    index = new SeriesIndex(space, config.metrics().maxSeries());
    LabelSpace global = new LabelSpace(registry, List.of());
    paths =
        global.counter(
            "semantic_router_response_paths",
            "Exchanges by how the semantic router says that their responses came about.",
            ClosedLabels.of(
                "path", Arrays.stream(ResponsePath.values()).map(ResponsePath::label).toList()));
    everything = global.series(List.of());
  }

  @Override
  public void record(Series series, UsageRecord record) {
    Routing routing = record.routing();
    if (!routing.isKnown()) {
      return;
    }
    ResponsePath path = routing.responsePath();
    if (path != null) {
      paths.add(everything, ClosedLabels.index(path), 1);
    }
    String decision = orAbsent(routing.routingDecision());
    String category = orAbsent(routing.category());
    Boolean reasoning = routing.reasoning();
    decisions.add(
        tiers
            ? index.find(record.identity().tier(), routing.model(), decision, category)
            : index.find(routing.model(), decision, category, ""),
        reasoning == null ? UNKNOWN : reasoning ? ON : OFF,
        1);
  }

  private static String orAbsent(@Nullable String fact) {
    return fact == null ? ABSENT : fact;
  }
}
