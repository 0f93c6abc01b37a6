// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Open labels (values that traffic brings) that several counters share, and with them one {@link
 * Series} per combination of values. All counters are added before the first series is made.
 */
final class LabelSpace {
  private final PrometheusRegistry registry;
  private final List<String> names;
  private int slots;

  LabelSpace(PrometheusRegistry registry, List<String> names) {
    this.registry = registry;
    this.names = names;
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
    int firstSlot = slots;
    slots += closed.tuples().size();
    return new SeriesCounter(registry, name, help, names.subList(0, open), closed, firstSlot);
  }

  /** A series of a label space that has no open labels: there is one. */
  Series single() {
    return series(List.of(), Room.UNBOUNDED, null, false);
  }

  /** A series with nothing bound to it yet; see {@link Series}. */
  Series series(List<String> values, Room room, @Nullable Series overflow, boolean isOverflow) {
    return new Series(values, slots, room, overflow, isOverflow);
  }

  List<String> names() {
    return names;
  }
}
