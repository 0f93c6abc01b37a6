// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Numbers that were measured several times. */
record Summary(List<Double> values) {
  static <T> Summary of(Collection<T> all, ToDoubleFunction<? super T> value) {
    return new Summary(all.stream().map(value::applyAsDouble).toList());
  }

  double median() {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.isEmpty()
        ? Double.NaN
        : sorted.size() % 2 == 1
            ? sorted.get(middle)
            : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /** The median, and in brackets the lowest and the highest. */
  String text(String format) {
    if (values.isEmpty()) {
      return "–";
    }
    double low = values.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN);
    double high = values.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
    String median = String.format(Locale.ROOT, format, median());
    return values.size() == 1
        ? median
        : String.format(Locale.ROOT, "%s (" + format + "–" + format + ")", median, low, high);
  }
}
