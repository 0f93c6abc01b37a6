// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Open labels (values that traffic brings) that several counters share, and with them one {@link
 * Series} per combination of values. All counters are added before the first series is made.
 */
final class LabelSpace {
  private final PrometheusRegistry registry;
  private final List<String> names;
  private final LongSupplier clock;

  /** By slot: whose it is. */
  private final List<SeriesCounter> counters = new ArrayList<>();

  private final Queue<Series> all = new ConcurrentLinkedQueue<>();
  private @Nullable SeriesIndex index;
  private final List<MoneyCounter> money = new ArrayList<>();
  private @Nullable Series single;

  LabelSpace(PrometheusRegistry registry, List<String> names, LongSupplier clock) {
    this.registry = registry;
    this.names = names;
    this.clock = clock;
  }

  /** A counter with all open labels. */
  SeriesCounter counter(String name, String help, ClosedLabels closed) {
    return counter(name, help, names.size(), closed);
  }

  /**
   * A counter with the first {@code open} of the open labels: series that differ only in the others
   * count together.
   */
  SeriesCounter counter(String name, String help, int open, ClosedLabels closed) {
    SeriesCounter counter =
        new SeriesCounter(name, help, names.subList(0, open), closed, counters.size(), clock);
    for (int i = 0; i < closed.tuples().size(); i++) {
      counters.add(counter);
    }
    registry.register(counter);
    return counter;
  }

  /** A series of a label space that has no open labels: there is one. */
  Series single() {
    if (single == null) {
      single = series(Series.Origin.SINGLE, List.of(), Room.UNBOUNDED, null, false);
    }
    return single;
  }

  /** A series with nothing bound to it yet; see {@link Series}. */
  Series series(
      Series.Origin origin,
      List<String> values,
      Room room,
      @Nullable Series overflow,
      boolean isOverflow) {
    Series series = new Series(origin, values, counters.size(), room, overflow, isOverflow);
    all.add(series);
    return series;
  }

  /** Who finds its series again. */
  void isFoundBy(SeriesIndex seriesIndex) {
    index = seriesIndex;
  }

  void hasMoney(MoneyCounter counter) {
    money.add(counter);
  }

  /** The counter of money of a name; null when there is none. */
  @Nullable MoneyCounter money(String name) {
    for (MoneyCounter counter : money) {
      if (counter.name().equals(name)) {
        return counter;
      }
    }
    return null;
  }

  Iterable<Series> all() {
    return all;
  }

  /** By slot. */
  List<SeriesCounter> counters() {
    return counters;
  }

  /** The series that another run found so; null when this one has none like it. */
  @Nullable Series found(Series.Origin origin) {
    if (origin.kind() == Series.Kind.SINGLE) {
      return names.isEmpty() ? single() : null;
    }
    return index == null ? null : index.found(origin);
  }

  List<String> names() {
    return names;
  }

  /** When a line begins that appears now, in milliseconds since 1970. */
  long now() {
    return clock.getAsLong();
  }
}
