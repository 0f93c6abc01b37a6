// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Money, where it is calculated here. A collector of its own rather than a counter of the library,
 * because that adds up doubles. The currency needs no bound: it comes from rate cards, not from
 * traffic.
 */
final class CostMetrics implements SeriesMetrics, Collector {
  private static final String NAME = "semantic_router_cost";
  private static final String HELP =
      "Cost of known usage, as far as it has a price; summed exactly, rounded when shown.";

  private final LabelSpace exchanges;
  private final SeriesCounter unpriced;

  /** Of a line, without the values of its labels but the currency. */
  private final int lineBytes;

  private final MetricFamilyDescriptor descriptor;
  private final Queue<CostSum> sums = new ConcurrentLinkedQueue<>();

  private CostMetrics(LabelSpace exchanges) {
    this.exchanges = exchanges;
    this.unpriced =
        exchanges.counter(
            "semantic_router_unpriced_requests",
            "Exchanges with known usage and no price for it: unpriced is not free.",
            ClosedLabels.NONE);
    this.lineBytes =
        SeriesCounter.lineBytes(NAME, exchanges.names())
            + SeriesCounter.lineBytes("currency", List.of());
    this.descriptor =
        MetricFamilyDescriptor.counter(NAME)
            .help(HELP)
            .labelNames(exchanges.names())
            .labelName("currency")
            .build();
  }

  static CostMetrics register(PrometheusRegistry registry, LabelSpace exchanges) {
    CostMetrics metrics = new CostMetrics(exchanges);
    registry.register(metrics);
    exchanges.hasCosts(metrics);
    return metrics;
  }

  @Override
  public void record(Series series, UsageRecord record, int sign) {
    Cost cost = record.cost();
    if (cost != null) {
      sum(series, cost.currency()).add(cost, sign);
    }
    if (record.unpriced()) {
      unpriced.add(series, 0, sign);
    }
  }

  /** The sum of a series in a currency. */
  CostSum sum(Series series, String currency) {
    for (CostSum sum = series.costs(); sum != null; sum = sum.next) {
      if (sum.currency.equals(currency)) {
        return sum;
      }
    }
    return open(series, currency);
  }

  private synchronized CostSum open(Series series, String currency) {
    for (CostSum sum = series.costs(); sum != null; sum = sum.next) {
      if (sum.currency.equals(currency)) {
        return sum;
      }
    }
    Series shown = series.withRoomFor(lineBytes + SeriesCounter.valueBytes(series.values()));
    CostSum other = shown == series ? null : sum(shown, currency);
    CostSum sum = new CostSum(series, currency, series.costs(), other);
    series.costs(sum);
    if (other == null) {
      sums.add(sum);
    }
    return sum;
  }

  @Override
  public CounterSnapshot collect() {
    CounterSnapshot.Builder snapshot = CounterSnapshot.builder().name(NAME).help(HELP);
    for (CostSum sum : sums) {
      snapshot.dataPoint(
          CounterDataPointSnapshot.builder().value(sum.value()).labels(labels(sum)).build());
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
