// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.otel;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.PointData;
import io.opentelemetry.sdk.metrics.export.CollectionRegistration;
import io.opentelemetry.sdk.metrics.export.MetricReader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** A real SDK with its defaults, and what it has collected. */
final class Collected implements MetricReader {
  private CollectionRegistration registration = CollectionRegistration.noop();
  final SdkMeterProvider provider = SdkMeterProvider.builder().registerMetricReader(this).build();

  @Override
  public void register(CollectionRegistration toRead) {
    registration = toRead;
  }

  @Override
  public AggregationTemporality getAggregationTemporality(InstrumentType type) {
    return AggregationTemporality.CUMULATIVE;
  }

  @Override
  public CompletableResultCode forceFlush() {
    return CompletableResultCode.ofSuccess();
  }

  @Override
  public CompletableResultCode shutdown() {
    return CompletableResultCode.ofSuccess();
  }

  Collection<MetricData> metrics() {
    return registration.collectAllMetrics();
  }

  /** The points of a metric; none when there is no such metric. */
  Collection<? extends PointData> points(String metric) {
    return metrics().stream()
        .filter(data -> data.getName().equals(metric))
        .flatMap(data -> data.getData().getPoints().stream())
        .toList();
  }

  /** The histogram of those points whose attributes are asked for, added up. */
  Histogram histogram(String metric, Predicate<Attributes> which) {
    Histogram all = new Histogram();
    for (PointData point : points(metric)) {
      if (which.test(point.getAttributes())) {
        all.add((HistogramPointData) point);
      }
    }
    return all;
  }

  /** The sum of a counter. */
  long sum(String metric) {
    return points(metric).stream().mapToLong(point -> ((LongPointData) point).getValue()).sum();
  }

  /** A line for each point: attributes in alphabetical order, and what it has come to. */
  String text() {
    List<String> lines = new ArrayList<>();
    for (MetricData data : metrics()) {
      for (PointData point : data.getData().getPoints()) {
        String value =
            point instanceof HistogramPointData histogram
                ? "count " + histogram.getCount() + " sum " + histogram.getSum()
                : String.valueOf(((LongPointData) point).getValue());
        lines.add(
            data.getName()
                + " "
                + data.getUnit()
                + " "
                + attributes(point.getAttributes())
                + " "
                + value);
      }
    }
    return lines.stream().sorted().collect(Collectors.joining("\n", "", "\n"));
  }

  private static String attributes(Attributes attributes) {
    List<String> pairs = new ArrayList<>();
    attributes.forEach(
        (AttributeKey<?> key, Object value) -> pairs.add(key.getKey() + "=" + value));
    return pairs.toString();
  }

  /** Points of histograms, added up. */
  static final class Histogram {
    long count;
    double sum;
    List<Double> bounds = List.of();
    final List<Long> buckets = new ArrayList<>();

    private void add(HistogramPointData point) {
      count += point.getCount();
      sum += point.getSum();
      bounds = point.getBoundaries();
      for (int i = 0; i < point.getCounts().size(); i++) {
        if (i == buckets.size()) {
          buckets.add(0L);
        }
        buckets.set(i, buckets.get(i) + point.getCounts().get(i));
      }
    }
  }
}
