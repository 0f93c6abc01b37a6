// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.router.EmbeddedRouter;

/** The response cache of the embedded router; hits and misses are counted per exchange. */
final class RouterCacheMetrics {
  private RouterCacheMetrics() {}

  static void register(PrometheusRegistry registry, EmbeddedRouter router) {
    CounterWithCallback.builder()
        .name("semantic_router_response_cache_lookups")
        .help("Requests by why they were kept from the response cache; none: they were not.")
        .labelNames("bypass")
        .callback(
            callback ->
                router.forEachCacheBypass((reason, count) -> callback.call((double) count, reason)))
        .register(registry);
    GaugeWithCallback.builder()
        .name("semantic_router_response_cache_bytes")
        .help("Bytes that the answers in the response cache take.")
        .callback(callback -> callback.call((double) router.cachedBytes()))
        .register(registry);
  }
}
