// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * One combination of open label values, with the data points that are bound to it so far: the
 * handle that makes counting an increment instead of a look-up. Thread-safe.
 */
final class Series {
  /**
   * What a series was found by.
   *
   * @param payer the user who was at the cost of it
   * @param values of its labels, as traffic has them
   */
  record Origin(Kind kind, String payer, List<String> values) {
    static final Origin SINGLE = new Origin(Kind.SINGLE, "", List.of());
    static final Origin REST = new Origin(Kind.REST, "", List.of());
  }

  /** What a series is. */
  enum Kind {
    /** The only one of a space without labels. */
    SINGLE,
    /** That of its values alone. */
    OWN,
    /** The overflow series of a tier and a model. */
    OVERFLOW,
    /** That of all other values. */
    REST
  }

  /** Where it came from, so that another run finds it again. */
  private final Origin origin;

  private final List<String> values;
  private final Room room;
  private final @Nullable Series overflow;
  private final boolean isOverflow;
  private final AtomicReferenceArray<@Nullable Point> points;
  private volatile @Nullable CostSum costs;
  private volatile @Nullable ModelTimes times;

  /**
   * A series with nothing bound to it yet.
   *
   * @param values the label values as they are shown
   * @param room what its lines take is taken from here
   * @param overflow where a line goes that has no room; null when there is always room
   * @param isOverflow whether this is one of those
   */
  Series(
      Origin origin,
      List<String> values,
      int slots,
      Room room,
      @Nullable Series overflow,
      boolean isOverflow) {
    this.origin = origin;
    this.values = values;
    this.room = room;
    this.overflow = overflow;
    this.isOverflow = isOverflow;
    this.points = new AtomicReferenceArray<>(slots);
  }

  Origin origin() {
    return origin;
  }

  int slots() {
    return points.length();
  }

  List<String> values() {
    return values;
  }

  /** Of exchanges, the model: their last label. */
  String model() {
    return values.get(values.size() - 1);
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

  @Nullable Point point(int slot) {
    return points.get(slot);
  }

  void bind(int slot, Point point) {
    points.set(slot, point);
  }

  /** The first of the sums of money, linked by {@link CostSum#next}: one per currency. */
  @Nullable CostSum costs() {
    return costs;
  }

  void costs(CostSum first) {
    costs = first;
  }

  /** The histograms of its model; null until there was an exchange. */
  @Nullable ModelTimes times() {
    return times;
  }

  void times(ModelTimes ofModel) {
    times = ofModel;
  }
}
