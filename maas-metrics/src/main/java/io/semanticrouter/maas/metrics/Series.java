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
  private final Room room;
  private final @Nullable Series overflow;
  private final boolean isOverflow;
  private final AtomicReferenceArray<@Nullable CounterDataPoint> points;
  private volatile @Nullable CostSum costs;

  /**
   * A series with nothing bound to it yet.
   *
   * @param values the label values as they are shown
   * @param room what its lines take is taken from here
   * @param overflow where a line goes that has no room; null when there is always room
   * @param isOverflow whether this is one of those
   */
  Series(List<String> values, int slots, Room room, @Nullable Series overflow, boolean isOverflow) {
    this.values = values;
    this.room = room;
    this.overflow = overflow;
    this.isOverflow = isOverflow;
    this.points = new AtomicReferenceArray<>(slots);
  }

  List<String> values() {
    return values;
  }

  /** This, when there is room for a line of so many bytes more; else where it goes. */
  Series withRoomFor(long bytes) {
    return overflow == null || room.take(bytes) ? this : overflow;
  }

  /** Whether what is counted in a slot is counted among others. */
  boolean overflows(int slot) {
    return isOverflow
        || (overflow != null
            && points.get(slot) == overflow.points.get(slot)
            && overflow.overflows(slot));
  }

  @Nullable CounterDataPoint point(int slot) {
    return points.get(slot);
  }

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
