// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import io.semanticrouter.maas.record.Cost;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Sums of money. A collector of its own rather than a counter of the library, because that adds up
 * doubles. The currency needs no bound: it comes from rate cards, not from traffic. Thread-safe.
 */
final class MoneyCounter implements Collector {
  private final String name;
  private final String help;
  private final LabelSpace exchanges;

  /** Of a line, without the values of its labels but the currency. */
  private final int lineBytes;

  private final MetricFamilyDescriptor descriptor;
  private final Queue<CostSum> sums = new ConcurrentLinkedQueue<>();

  private MoneyCounter(LabelSpace exchanges, String name, String help) {
    this.name = name;
    this.help = help;
    this.exchanges = exchanges;
    this.lineBytes =
        SeriesCounter.lineBytes(name, exchanges.names())
            + SeriesCounter.lineBytes("currency", List.of());
    this.descriptor =
        MetricFamilyDescriptor.counter(name)
            .help(help)
            .labelNames(exchanges.names())
            .labelName("currency")
            .build();
  }

  static MoneyCounter register(
      PrometheusRegistry registry, LabelSpace exchanges, String name, String help) {
    MoneyCounter counter = new MoneyCounter(exchanges, name, help);
    registry.register(counter);
    exchanges.hasMoney(counter);
    return counter;
  }

  String name() {
    return name;
  }

  /**
   * Adds an amount.
   *
   * @param sign -1 to take it off again
   */
  void add(Series series, Cost cost, int sign) {
    sum(series, cost.currency()).add(cost, sign);
  }

  private CostSum sum(Series series, String currency) {
    CostSum sum = known(series, currency);
    return sum != null ? sum : open(series, currency);
  }

  private @Nullable CostSum known(Series series, String currency) {
    CostSum sum = series.costs();
    while (sum != null && !(sum.counter == this && sum.currency.equals(currency))) {
      sum = sum.next;
    }
    return sum;
  }

  private CostSum open(Series series, String currency) {
    // All counters of money, because they share the list of a series.
    synchronized (exchanges) {
      CostSum known = known(series, currency);
      if (known != null) {
        return known;
      }
      Series shown = series.withRoomFor(lineBytes + SeriesCounter.valueBytes(series.values()));
      CostSum other = shown == series ? null : sum(shown, currency);
      CostSum sum = new CostSum(this, series, currency, exchanges.now(), series.costs(), other);
      series.costs(sum);
      if (other == null) {
        sums.add(sum);
      }
      return sum;
    }
  }

  @Override
  public CounterSnapshot collect() {
    CounterSnapshot.Builder snapshot = CounterSnapshot.builder().name(name).help(help);
    for (CostSum sum : sums) {
      snapshot.dataPoint(
          CounterDataPointSnapshot.builder()
              .value(sum.value())
              .labels(labels(sum))
              .createdTimestampMillis(sum.created)
              .build());
    }
    return snapshot.build();
  }

  private Labels labels(CostSum sum) {
    return Labels.of(exchanges.names(), sum.series.values()).add("currency", sum.currency);
  }

  @Override
  public MetricFamilyDescriptor getMetricFamilyDescriptor() {
    return descriptor;
  }
}
