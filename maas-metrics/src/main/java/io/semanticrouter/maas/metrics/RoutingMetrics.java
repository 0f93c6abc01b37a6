// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the semantic router decided. Deliberately without the user: decisions times categories times
 * users would be too many series. Bounded on its own.
 */
final class RoutingMetrics implements SeriesMetrics {
  private static final String ABSENT = "unknown";

  /** Room for one or two lines with longer names than usual. */
  private static final long BYTES_PER_SERIES = 256;

  private static final int ON = 0;
  private static final int OFF = 1;
  private static final int UNKNOWN = 2;

  private final boolean tiers;
  private final SeriesCounter decisions;
  private final SeriesIndex index;
  private final SeriesCounter paths;
  private final Series everything;

  RoutingMetrics(MaasConfig config, ListedModels listed, UserLabels users, Spaces spaces) {
    tiers = config.mode().isIntegrated();
    LabelSpace space =
        spaces.space(
            tiers
                ? List.of("tier", "model", "decision", "category")
                : List.of("model", "decision", "category"));
    decisions =
        space.counter(
            "semantic_router_routing_decisions",
            "Exchanges by what the semantic router decided; without user, to stay small.",
            ClosedLabels.of("reasoning", "on", "off", "unknown"));
    index = new SeriesIndex(space, config.metrics().maxSeries(), listed, BYTES_PER_SERIES, users);
    LabelSpace global = spaces.space(List.of());
    paths =
        global.counter(
            "semantic_router_response_paths",
            "Exchanges by how the semantic router says that their responses came about.",
            ClosedLabels.of(
                "path", Arrays.stream(ResponsePath.values()).map(ResponsePath::label).toList()));
    everything = global.single();
  }

  int series() {
    return index.size();
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    Routing routing = record.routing();
    if (!routing.isKnown()) {
      return;
    }
    ResponsePath path = routing.responsePath();
    if (path != null) {
      paths.add(everything, ClosedLabels.index(path), sign);
    }
    String decision = orAbsent(routing.routingDecision());
    String category = orAbsent(routing.category());
    Boolean reasoning = routing.reasoning();
    String user = record.identity().user();
    String model = model(record);
    decisions.add(
        tiers
            ? index.find(user, record.identity().tier(), model, decision, category)
            : index.find(user, model, decision, category, ""),
        reasoning == null ? UNKNOWN : reasoning ? ON : OFF,
        sign);
  }

  /** A model that neither router nor backend has answered for may be of the client's making. */
  private String model(UsageRecord record) {
    String model = record.model();
    return record.measurement().usage() != null
            || record.routing().selectedModel() != null
            || index.isListed(model)
        ? model
        : Routing.UNKNOWN_MODEL;
  }

  private static String orAbsent(@Nullable String fact) {
    return fact == null ? ABSENT : fact;
  }
}
