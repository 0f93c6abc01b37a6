// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Mode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A sink with a registry of its own, seen as a scraper sees it. */
final class Exposition {
  final PrometheusRegistry registry = new PrometheusRegistry();
  final PrometheusSink sink;

  Exposition(MaasConfig config) {
    sink = PrometheusSink.register(config, registry);
  }

  static Exposition of(Mode mode) {
    return of(mode, Map.of());
  }

  static Exposition of(Mode mode, int maxSeries) {
    return of(mode, Map.of("max_series", maxSeries));
  }

  /** With keys of the section {@code metrics}. */
  static Exposition of(Mode mode, Map<String, Object> keys) {
    Map<String, Object> metrics = new HashMap<>(keys);
    metrics.put("internal_cost_calculation", mode == Mode.HYBRID);
    Map<String, Object> maas = Map.of("enabled", mode != Mode.STANDALONE, "metrics", metrics);
    return new Exposition(MaasConfig.from(Map.of(MaasConfig.SECTION, maas)));
  }

  Exposition record(Records... records) {
    for (Records record : records) {
      sink.record(record.build());
    }
    return this;
  }

  String text() {
    return write(PrometheusTextFormatWriter.create());
  }

  String openMetrics() {
    return write(OpenMetricsTextFormatWriter.create());
  }

  /** How many bytes a scrape has; written as a server does that sends while it writes. */
  long scrape() {
    long[] bytes = {0};
    OutputStream counting =
        new OutputStream() {
          @Override
          public void write(int b) {
            bytes[0]++;
          }

          @Override
          public void write(byte[] b, int offset, int length) {
            bytes[0] += length;
          }
        };
    try {
      PrometheusTextFormatWriter.create()
          .write(counting, registry.scrape(), EscapingScheme.DEFAULT);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes[0];
  }

  /** The sample lines of one metric, without HELP and TYPE. */
  List<String> lines(String metric) {
    return text()
        .lines()
        .filter(line -> line.startsWith(metric + "{") || line.startsWith(metric + " "))
        .toList();
  }

  /** The sum over all series of one metric whose line contains a text. */
  BigDecimal sum(String metric, String label) {
    return lines(metric).stream()
        .filter(line -> line.contains(label))
        .map(line -> new BigDecimal(line.substring(line.lastIndexOf(' ') + 1)))
        .reduce(BigDecimal.ZERO, BigDecimal::add);
  }

  long total(String metric, String label) {
    return sum(metric, label).longValueExact();
  }

  /** The sum of one counter where a label has a value, read alone and at once. */
  double now(String counter, String label, String value) {
    return registry.scrape(counter::equals).stream()
        .flatMap(snapshot -> ((CounterSnapshot) snapshot).getDataPoints().stream())
        .filter(point -> value.equals(point.getLabels().get(label)))
        .mapToDouble(CounterSnapshot.CounterDataPointSnapshot::getValue)
        .sum();
  }

  private String write(ExpositionFormatWriter writer) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      writer.write(out, registry.scrape(), EscapingScheme.DEFAULT);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
