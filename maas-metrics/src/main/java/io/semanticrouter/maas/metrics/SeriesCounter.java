// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * A Prometheus counter whose lines are bound to {@link Series}. A line appears in the exposition
 * when something is first added to it, be it zero. A collector of its own rather than a counter of
 * the library, which cannot take off again what a journal replaces.
 */
final class SeriesCounter implements Collector {
  /** {@code _total{}}, a space, a double and the end of the line. */
  private static final int MAX_BYTES_BESIDE_LABELS = 34;

  /** An equals sign, two quotes and a comma. */
  private static final int MAX_BYTES_BESIDE_LABEL = 4;

  private final String name;
  private final String help;
  private final int openLabels;
  private final List<String> labels;
  private final List<List<String>> closed;
  private final int firstSlot;
  private final LongSupplier clock;
  private final MetricFamilyDescriptor descriptor;

  /** By the values of all labels: series that differ in labels that are not shown share one. */
  private final Map<List<String>, Point> points = new ConcurrentHashMap<>();

  /** Of a line, without the values of its labels: name, names, signs and a number. */
  private final int lineBytes;

  SeriesCounter(
      String name,
      String help,
      List<String> open,
      ClosedLabels closed,
      int firstSlot,
      LongSupplier clock) {
    this.name = name;
    this.help = help;
    this.openLabels = open.size();
    this.labels = Stream.concat(open.stream(), closed.names().stream()).toList();
    this.closed = closed.tuples();
    this.firstSlot = firstSlot;
    this.clock = clock;
    this.lineBytes = lineBytes(name, open) + lineBytes("", closed.names());
    this.descriptor = MetricFamilyDescriptor.counter(name).help(help).labelNames(labels).build();
  }

  /**
   * Adds to one line.
   *
   * @param tuple index of the closed label values
   * @param amount less than 0 only where as much was added before
   */
  void add(Series series, int tuple, long amount) {
    Point point = series.point(firstSlot + tuple);
    if (point == null) {
      point = bind(series, tuple);
    }
    point.add(amount);
  }

  /** The line of a slot of a series. */
  Point inSlot(Series series, int slot) {
    Point point = series.point(slot);
    return point != null ? point : bind(series, slot - firstSlot);
  }

  /** How another run calls a slot. */
  String nameOfSlot(int slot) {
    return name + closed.get(slot - firstSlot);
  }

  /** Whether what is added there is counted among others. */
  boolean overflows(Series series, int tuple) {
    if (series.point(firstSlot + tuple) == null) {
      bind(series, tuple);
    }
    return series.overflows(firstSlot + tuple);
  }

  private Point bind(Series series, int tuple) {
    synchronized (series) { // one of several that see it first takes the room
      Point point = series.point(firstSlot + tuple);
      if (point == null) {
        point = point(series, tuple);
        series.bind(firstSlot + tuple, point);
      }
      return point;
    }
  }

  private Point point(Series series, int tuple) {
    List<String> open = series.values().subList(0, openLabels);
    long bytes = lineBytes + valueBytes(open) + valueBytes(closed.get(tuple));
    Series shown = series.withRoomFor(bytes);
    if (shown != series) {
      Point point = shown.point(firstSlot + tuple);
      return point == null ? bind(shown, tuple) : point;
    }
    List<String> values = Stream.concat(open.stream(), closed.get(tuple).stream()).toList();
    return points.computeIfAbsent(
        values, all -> new Point(series, firstSlot + tuple, all, clock.getAsLong()));
  }

  @Override
  public CounterSnapshot collect() {
    CounterSnapshot.Builder snapshot = CounterSnapshot.builder().name(name).help(help);
    for (Point point : points.values()) {
      snapshot.dataPoint(
          CounterDataPointSnapshot.builder()
              .value(point.value())
              .labels(Labels.of(labels, point.labels))
              .createdTimestampMillis(point.created)
              .build());
    }
    return snapshot.build();
  }

  @Override
  public MetricFamilyDescriptor getMetricFamilyDescriptor() {
    return descriptor;
  }

  /** What a line takes, without the values of its labels. */
  static int lineBytes(String name, List<String> labels) {
    int bytes = name.length() + MAX_BYTES_BESIDE_LABELS;
    for (String label : labels) {
      bytes += label.length() + MAX_BYTES_BESIDE_LABEL;
    }
    return bytes;
  }

  /** What the values of labels take. */
  static long valueBytes(List<String> values) {
    long bytes = 0;
    for (String value : values) {
      bytes += value.getBytes(StandardCharsets.UTF_8).length;
      for (int i = 0; i < value.length(); i++) {
        char c = value.charAt(i);
        bytes += c == '\\' || c == '"' || c == '\n' ? 1 : 0;
      }
    }
    return bytes;
  }
}
