// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntSupplier;

/** How many of {@code max_series} are in use, for each kind of metrics that is bounded by it. */
final class SeriesUse {
  private final Map<String, IntSupplier> spaces = new TreeMap<>();

  void add(String space, IntSupplier size) {
    spaces.put(space, size);
  }

  void register(PrometheusRegistry registry, int max) {
    GaugeWithCallback.builder()
        .name("semantic_router_series")
        .help("Combinations of open labels that have series of their own.")
        .labelNames("space")
        .callback(
            callback -> spaces.forEach((space, size) -> callback.call(size.getAsInt(), space)))
        .register(registry);
    GaugeWithCallback.builder()
        .name("semantic_router_max_series")
        .help("The most of them that each space can have; the rest goes to overflow series.")
        .callback(callback -> callback.call(max))
        .register(registry);
  }
}
