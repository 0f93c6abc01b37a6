// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.instrumentation.jvm.JvmGarbageCollectorMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmRuntimeInfoMetric;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.config.Mode;
import java.util.Locale;

/**
 * What runs, and how its process and its JVM fare, under the names that Prometheus has for it. Not
 * the library's metrics of threads, each scrape of which stops all of them to look for deadlocks,
 * nor those of buffers, which do not see Netty's.
 */
final class RuntimeMetrics {
  private RuntimeMetrics() {}

  static void register(PrometheusRegistry registry, Mode mode) {
    Info.builder()
        .name("semantic_router_build_info")
        .help("The version of the server and its mode; always 1.")
        .labelNames("version", "mode")
        .register(registry)
        .setLabelValues(Main.Version.number(), mode.name().toLowerCase(Locale.ROOT));
    ProcessMetrics.builder().register(registry);
    JvmRuntimeInfoMetric.builder().register(registry);
    JvmMemoryMetrics.builder().register(registry);
    JvmGarbageCollectorMetrics.builder().register(registry);
  }
}
