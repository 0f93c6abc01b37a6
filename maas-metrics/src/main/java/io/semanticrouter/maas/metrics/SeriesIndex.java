// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds the {@link Series} of up to four label values: at most {@code max} different ones, and the
 * overflow series for all others. Known series are found without a lock and without garbage.
 *
 * <p>A label value that happens to be {@value #OVERFLOW} in all places names the overflow series
 * itself, so that no two series ever have the same labels.
 */
final class SeriesIndex {
  static final String OVERFLOW = "__overflow__";

  private final LabelSpace space;
  private final int max;
  private final Series overflow;

  /**
   * Nested by the last value first. Last come models and categories, of which there are few, so
   * that a look-up touches small, hot maps and one large one, and no user costs a map of its own.
   * Nested maps rather than one with a composite key, because that key would be garbage per
   * exchange; rather than a hand-written table, because clients could fill one of its buckets.
   */
  private final Map<String, Map<String, Map<String, Map<String, Series>>>> root =
      new ConcurrentHashMap<>();

  private int size; // guarded by this
  private volatile boolean full;

  SeriesIndex(LabelSpace space, int max) {
    this.space = space;
    this.max = max;
    this.full = max <= 0;
    int labels = space.names().size();
    String second = labels > 1 ? OVERFLOW : "";
    String third = labels > 2 ? OVERFLOW : "";
    String fourth = labels > 3 ? OVERFLOW : "";
    this.overflow = put(OVERFLOW, second, third, fourth);
  }

  Series overflow() {
    return overflow;
  }

  /** The series of these label values; those that the label space does not have are empty. */
  Series find(String first, String second, String third, String fourth) {
    Series series = get(first, second, third, fourth);
    return series != null
        ? series
        : admit(wellFormed(first), wellFormed(second), wellFormed(third), wellFormed(fourth));
  }

  private @Nullable Series get(String first, String second, String third, String fourth) {
    Map<String, Map<String, Map<String, Series>>> byThird = root.get(fourth);
    Map<String, Map<String, Series>> bySecond = byThird == null ? null : byThird.get(third);
    Map<String, Series> byFirst = bySecond == null ? null : bySecond.get(second);
    return byFirst == null ? null : byFirst.get(first);
  }

  private Series admit(String first, String second, String third, String fourth) {
    if (full) {
      // Once full, always full: the flood that filled it takes no lock.
      Series series = get(first, second, third, fourth);
      return series != null ? series : overflow;
    }
    synchronized (this) {
      Series series = get(first, second, third, fourth);
      if (series != null) {
        return series;
      }
      if (size == max) {
        return overflow;
      }
      Series admitted = put(first, second, third, fourth);
      size++;
      // Only now: whoever sees this without the lock must find the last one admitted.
      full = size == max;
      return admitted;
    }
  }

  private Series put(String first, String second, String third, String fourth) {
    Series series =
        space.series(List.of(first, second, third, fourth).subList(0, space.names().size()));
    root.computeIfAbsent(fourth, value -> new ConcurrentHashMap<>())
        .computeIfAbsent(third, value -> new ConcurrentHashMap<>())
        .computeIfAbsent(second, value -> new ConcurrentHashMap<>())
        .put(first, series);
    return series;
  }

  /**
   * As the exposition will print it: UTF-8 has no lone surrogates, and two series that print alike
   * would make the scrape invalid.
   */
  private static String wellFormed(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (Character.isSurrogate(value.charAt(i))) {
        return new String(value.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
      }
    }
    return value;
  }
}
