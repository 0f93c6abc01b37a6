// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;

/**
 * A histogram of seconds by model and operation, with the buckets that it is given. Without the
 * locks, the buffers and the exemplars of the library's own, which it takes the place of as a
 * collector.
 */
final class TimeHistogram implements Collector {
  private static final double MICROS_PER_SECOND = 1e6;

  /** {@code _bucket{model="",operation="generate_content",le="0.0025"}} and a double. */
  private static final int BYTES_BESIDE = 85;

  private final String name;
  private final String help;
  private final double[] bounds;
  private final long[] boundsNanos;
  private final MetricFamilyDescriptor descriptor;
  private final Queue<Line> lines = new ConcurrentLinkedQueue<>();

  /** What one model and operation has come to. Thread-safe. */
  static final class Line {
    private final Labels labels;
    private final long[] boundsNanos;
    private final LongAdder[] counts;

    /** A long of nanoseconds would be full after months of a thousand exchanges at a time. */
    private final LongAdder micros = new LongAdder();

    private Line(Labels labels, long[] boundsNanos) {
      this.labels = labels;
      this.boundsNanos = boundsNanos;
      this.counts = new LongAdder[boundsNanos.length + 1];
      Arrays.setAll(counts, i -> new LongAdder());
    }

    /** Counts a time; one below 0 counts as 0. */
    void add(long nanos) {
      int bucket = 0;
      while (bucket < boundsNanos.length && nanos > boundsNanos[bucket]) {
        bucket++;
      }
      // First the sum: a mean of what is being counted is too high for a moment, never a negative
      // rate.
      micros.add(Math.max(0, (nanos + 500) / 1_000));
      counts[bucket].increment();
    }
  }

  /**
   * A histogram without lines.
   *
   * @param bounds the upper ones of the buckets in seconds, ascending, without the infinite one
   */
  TimeHistogram(String name, String help, double... bounds) {
    this.name = name;
    this.help = help;
    this.bounds = Arrays.copyOf(bounds, bounds.length + 1);
    this.bounds[bounds.length] = Double.POSITIVE_INFINITY;
    this.boundsNanos = new long[bounds.length];
    Arrays.setAll(boundsNanos, i -> Math.round(bounds[i] * 1e9));
    this.descriptor =
        MetricFamilyDescriptor.histogram(name).help(help).labelNames("model", "operation").build();
  }

  /** A line that is not there yet. */
  Line line(String model, String operation) {
    Line line = new Line(Labels.of("model", model, "operation", operation), boundsNanos);
    lines.add(line);
    return line;
  }

  /** What the lines of a model and an operation take of a scrape, at most. */
  long bytes(String model) {
    long line = name.length() + BYTES_BESIDE + SeriesCounter.valueBytes(List.of(model));
    return (bounds.length + 2) * line; // and a sum, and a count
  }

  @Override
  public HistogramSnapshot collect() {
    HistogramSnapshot.Builder snapshot = HistogramSnapshot.builder().name(name).help(help);
    for (Line line : lines) {
      long[] counts = new long[line.counts.length];
      long all = 0;
      for (int i = 0; i < counts.length; i++) {
        counts[i] = line.counts[i].sum();
        all += counts[i];
      }
      if (all > 0) {
        snapshot.dataPoint(
            HistogramDataPointSnapshot.builder()
                .labels(line.labels)
                .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, counts))
                .sum(line.micros.sum() / MICROS_PER_SECOND)
                .build());
      }
    }
    return snapshot.build();
  }

  @Override
  public MetricFamilyDescriptor getMetricFamilyDescriptor() {
    return descriptor;
  }
}
