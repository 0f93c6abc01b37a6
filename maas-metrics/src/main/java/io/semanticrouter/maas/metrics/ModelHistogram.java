// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/**
 * A histogram of times or of tokens by model and operation, with the buckets that it is given.
 * Without the locks, the buffers and the exemplars of the library's own, which it takes the place
 * of as a collector.
 */
final class ModelHistogram implements Collector {
  /**
   * {@code _bucket{model="",operation="generate_content",type="completion",le="6.7108864E7"}} and a
   * double.
   */
  private static final int BYTES_BESIDE = 108;

  private final String name;
  private final String help;
  private final double[] bounds;
  private final long[] amounts;
  private final double unit;
  private final MetricFamilyDescriptor descriptor;
  private final Queue<Line> lines = new ConcurrentLinkedQueue<>();

  /** What one model and operation has come to. Thread-safe. */
  static final class Line {
    private final Labels labels;
    private final long[] amounts;
    private final LongAdder[] counts;

    /** Exact up to 2^53, and never negative, whatever backends claim. */
    private final DoubleAdder sum = new DoubleAdder();

    /** In milliseconds since 1970. */
    private final long created = System.currentTimeMillis();

    private Line(Labels labels, long[] amounts) {
      this.labels = labels;
      this.amounts = amounts;
      this.counts = new LongAdder[amounts.length + 1];
      Arrays.setAll(counts, i -> new LongAdder());
    }

    /** Counts nanoseconds, or tokens; what is below 0 counts as 0. */
    void add(long amount) {
      int bucket = 0;
      while (bucket < amounts.length && amount > amounts[bucket]) {
        bucket++;
      }
      // First the sum: a mean of what is being counted is too high for a moment, never a negative
      // rate.
      sum.add((double) Math.max(0, amount));
      counts[bucket].increment();
    }
  }

  /**
   * A histogram without lines.
   *
   * @param closed labels beside model and operation
   * @param unit how many of what is counted are 1 where it is shown: nanoseconds of a second, or 1
   * @param bounds the upper ones of the buckets as they are shown, ascending, without the infinite
   *     one
   */
  ModelHistogram(String name, String help, List<String> closed, double unit, double... bounds) {
    this.name = name;
    this.help = help;
    this.bounds = Arrays.copyOf(bounds, bounds.length + 1);
    this.bounds[bounds.length] = Double.POSITIVE_INFINITY;
    this.unit = unit;
    this.amounts = new long[bounds.length];
    Arrays.setAll(amounts, i -> Math.round(bounds[i] * unit));
    List<String> labels = new ArrayList<>(List.of("model", "operation"));
    labels.addAll(closed);
    this.descriptor = MetricFamilyDescriptor.histogram(name).help(help).labelNames(labels).build();
  }

  /**
   * A line that is not there yet.
   *
   * @param closed names and values of the closed labels, in turn
   */
  Line line(String model, String operation, String... closed) {
    Labels labels = Labels.of("model", model, "operation", operation).merge(Labels.of(closed));
    Line line = new Line(labels, amounts);
    lines.add(line);
    return line;
  }

  /** What one line of a model and an operation takes of a scrape, with its buckets, at most. */
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
                .createdTimestampMillis(line.created)
                .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, counts))
                .sum(line.sum.sum() / unit)
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
