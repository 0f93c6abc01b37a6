// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.Routing;
import java.util.HashSet;
import java.util.Set;

/** Models that have series whatever clients ask for: those of the configuration. Thread-safe. */
final class ListedModels {
  private volatile Names names;

  /**
   * The same names twice.
   *
   * @param shown as labels show them
   */
  private record Names(Set<String> plain, Set<String> shown) {}

  ListedModels(Set<String> names) {
    this.names = withOurs(names);
  }

  void replace(Set<String> others) {
    names = withOurs(others);
  }

  boolean has(String name) {
    return names.plain.contains(name);
  }

  /** The same for a name as labels show it. */
  boolean hasShown(String name) {
    return names.shown.contains(name);
  }

  /** With those that are not of any client's making. */
  private static Names withOurs(Set<String> names) {
    Set<String> plain = new HashSet<>(names);
    plain.add(Routing.UNKNOWN_MODEL);
    plain.add(Routing.ROUTER_MODEL);
    Set<String> shown = new HashSet<>();
    plain.forEach(name -> shown.add(LabelText.shown(name)));
    return new Names(plain, shown);
  }
}
