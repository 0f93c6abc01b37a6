// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
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

  /** {@code _total{}}, a space, a double and the end of the line. */
  private static final int MAX_BYTES_BESIDE_LABELS = 34;

  /** An equals sign, two quotes and a comma. */
  private static final int MAX_BYTES_BESIDE_LABEL = 4;

  private final Counter counter;
  private final int openLabels;
  private final List<List<String>> closed;
  private final int firstSlot;

  /** Of a line, without the values of its labels: name, names, signs and a number. */
  private final int lineBytes;

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
    this.lineBytes = lineBytes(name, open) + lineBytes("", closed.names());
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

  /** Whether what is added there is counted among others. */
  boolean overflows(Series series, int tuple) {
    if (series.point(firstSlot + tuple) == null) {
      bind(series, tuple);
    }
    return series.overflows(firstSlot + tuple);
  }

  private CounterDataPoint bind(Series series, int tuple) {
    synchronized (series) { // one of several that see it first takes the room
      CounterDataPoint point = series.point(firstSlot + tuple);
      if (point == null) {
        point = point(series, tuple);
        series.bind(firstSlot + tuple, point);
      }
      return point;
    }
  }

  private CounterDataPoint point(Series series, int tuple) {
    List<String> open = series.values().subList(0, openLabels);
    long bytes = lineBytes + valueBytes(open) + valueBytes(closed.get(tuple));
    Series shown = series.withRoomFor(bytes);
    if (shown != series) {
      CounterDataPoint point = shown.point(firstSlot + tuple);
      return point == null ? bind(shown, tuple) : point;
    }
    return counter.labelValues(
        Stream.concat(open.stream(), closed.get(tuple).stream()).toArray(String[]::new));
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
