// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import java.util.List;

/**
 * Labels whose values are all known before any traffic: enumerations. They need no bound and keep
 * their values in the overflow series. A tuple of values is named by its index.
 *
 * @param names the label names
 * @param tuples all combinations of values; with two labels the second one varies fastest
 */
record ClosedLabels(List<String> names, List<List<String>> tuples) {
  static final ClosedLabels NONE = new ClosedLabels(List.of(), List.of(List.of()));

  static ClosedLabels of(String name, String... values) {
    return of(name, List.of(values));
  }

  static ClosedLabels of(String name, List<String> values) {
    return new ClosedLabels(List.of(name), values.stream().map(List::of).toList());
  }

  static ClosedLabels of(String first, List<String> values, String second, List<String> others) {
    return new ClosedLabels(
        List.of(first, second),
        values.stream().flatMap(v -> others.stream().map(other -> List.of(v, other))).toList());
  }

  /** The index of an enumeration's constant among its labels. */
  @SuppressWarnings("EnumOrdinal") // never leaves the process, and both sides use values()
  static int index(Enum<?> constant) {
    return constant.ordinal();
  }
}
