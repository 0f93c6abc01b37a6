// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.semanticrouter.maas.extproc.ExtProcStats;
import io.semanticrouter.maas.extproc.ExtProcStats.End;
import io.semanticrouter.maas.extproc.ExtProcStats.Failure;
import io.semanticrouter.maas.extproc.ExtProcStats.ReplyKind;
import io.semanticrouter.maas.extproc.MaasProcessor;
import java.util.function.Consumer;

/** The metrics of the ExtProc service itself. None has a label that traffic could make grow. */
final class ExtProcMetrics {
  /** Takes the values of one metric. */
  private interface Samples {
    void add(long count, String... labelValues);
  }

  private ExtProcMetrics() {}

  static void register(PrometheusRegistry registry, MaasProcessor processor) {
    ExtProcStats stats = processor.stats();
    counter(
        registry,
        "semantic_router_extproc_streams",
        "Streams that data planes have opened: one an exchange.",
        samples -> samples.add(stats.streamsStarted()));
    GaugeWithCallback.builder()
        .name("semantic_router_extproc_open_streams")
        .help("Streams that are open.")
        .callback(callback -> callback.call((double) processor.openStreams()))
        .register(registry);
    counter(
        registry,
        "semantic_router_extproc_unknown_requests",
        "Streams that began with a response and did not name its request; not metered.",
        samples -> samples.add(stats.unknownRequests()));
    counter(
        registry,
        "semantic_router_extproc_messages",
        "Messages from data planes by phase.",
        samples -> stats.forEachPhase((phase, count) -> samples.add(count, phase)),
        "phase");
    counter(
        registry,
        "semantic_router_extproc_replies",
        "Replies by the most that they say.",
        samples -> {
          for (ReplyKind kind : ReplyKind.values()) {
            samples.add(stats.replies(kind), kind.label());
          }
        },
        "kind");
    counter(
        registry,
        "semantic_router_extproc_settlements",
        "Exchanges by what settled them.",
        samples -> {
          for (End end : End.values()) {
            samples.add(stats.ends(end), end.label());
          }
        },
        "reason");
    counter(
        registry,
        "semantic_router_extproc_failures",
        "What could not be handled, by what it was; the exchanges went on.",
        samples -> {
          for (Failure failure : Failure.values()) {
            samples.add(stats.failures(failure), failure.label());
          }
        },
        "reason");
    counter(
        registry,
        "semantic_router_extproc_body_bytes",
        "Bytes of response bodies that were read for their usage.",
        samples -> samples.add(stats.bodyBytes()));
    registry.register((Collector) () -> handling(stats));
  }

  private static void counter(
      PrometheusRegistry registry,
      String name,
      String help,
      Consumer<Samples> values,
      String... labels) {
    CounterWithCallback.builder()
        .name(name)
        .help(help)
        .labelNames(labels)
        .callback(callback -> values.accept((count, of) -> callback.call((double) count, of)))
        .register(registry);
  }

  private static HistogramSnapshot handling(ExtProcStats stats) {
    return HistogramSnapshot.builder()
        .name("semantic_router_extproc_handling_seconds")
        .help("Time from a message being decoded to its reply being handed to the transport.")
        .dataPoint(
            HistogramSnapshot.HistogramDataPointSnapshot.builder()
                .labels(Labels.EMPTY)
                .classicHistogramBuckets(
                    ClassicHistogramBuckets.of(
                        ExtProcStats.handlingBounds(), stats.handlingTimes()))
                .sum(stats.handlingSeconds())
                .build())
        .build();
  }
}
