// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.stream.Stream;

/**
 * A Prometheus counter whose data points are bound to {@link Series}. A data point appears in the
 * exposition when something is first added to it, be it zero.
 */
final class SeriesCounter {
  /**
   * Larger amounts are added to the double half of the library's counter. Nothing is lost: the
   * exposition is a double anyway, and whole numbers in a double are exact up to 2^53. But a
   * backend that claims 2^53-1 tokens a thousand times can no longer turn a long negative, which
   * the library refuses to expose, with every other metric of the scrape.
   */
  private static final long LARGE = 1L << 32;

  private final Counter counter;
  private final int openLabels;
  private final List<List<String>> closed;
  private final int firstSlot;

  SeriesCounter(
      PrometheusRegistry registry,
      String name,
      String help,
      List<String> open,
      ClosedLabels closed,
      int firstSlot) {
    this.openLabels = open.size();
    this.closed = closed.tuples();
    this.firstSlot = firstSlot;
    this.counter =
        Counter.builder()
            .name(name)
            .help(help)
            .labelNames(
                Stream.concat(open.stream(), closed.names().stream()).toArray(String[]::new))
            // Exemplars cost more than all other metering together; see the README.
            .withoutExemplars()
            .register(registry);
  }

  /**
   * Adds to one data point.
   *
   * @param tuple index of the closed label values
   * @param amount 0 or more
   */
  void add(Series series, int tuple, long amount) {
    CounterDataPoint point = series.point(firstSlot + tuple);
    if (point == null) {
      point = bind(series, tuple);
    }
    if (amount < LARGE) {
      point.inc(amount);
    } else {
      point.inc((double) amount);
    }
  }

  private CounterDataPoint bind(Series series, int tuple) {
    Stream<String> open = series.values().stream().limit(openLabels);
    CounterDataPoint point =
        counter.labelValues(Stream.concat(open, closed.get(tuple).stream()).toArray(String[]::new));
    series.bind(firstSlot + tuple, point);
    return point;
  }
}
