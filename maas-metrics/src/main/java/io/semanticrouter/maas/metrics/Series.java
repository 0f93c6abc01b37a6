// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * One combination of open label values, with the data points that are bound to it so far: the
 * handle that makes counting an increment instead of a look-up. Thread-safe.
 */
final class Series {
  private final List<String> values;
  private final AtomicReferenceArray<@Nullable CounterDataPoint> points;
  private volatile @Nullable CostSum costs;

  Series(List<String> values, int slots) {
    this.values = values;
    this.points = new AtomicReferenceArray<>(slots);
  }

  List<String> values() {
    return values;
  }

  @Nullable CounterDataPoint point(int slot) {
    return points.get(slot);
  }

  /** Binds a data point; harmless when two threads do it, because they bind the same one. */
  void bind(int slot, CounterDataPoint point) {
    points.set(slot, point);
  }

  /** The first of the sums of money, linked by {@link CostSum#next}: one per currency. */
  @Nullable CostSum costs() {
    return costs;
  }

  void costs(CostSum first) {
    costs = first;
  }
}
