// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.ArrayList;
import java.util.List;

/** All label spaces of a sink, and the time at which their series begin. */
final class Spaces {
  private final PrometheusRegistry registry;
  private final List<LabelSpace> all = new ArrayList<>();

  /** When what is replayed was counted first, in milliseconds since 1970; else 0. */
  private volatile long replayed;

  Spaces(PrometheusRegistry registry) {
    this.registry = registry;
  }

  /** One with these open labels. */
  LabelSpace space(List<String> openLabels) {
    LabelSpace space = new LabelSpace(registry, openLabels, this::now);
    all.add(space);
    return space;
  }

  List<LabelSpace> all() {
    return all;
  }

  /** Lines that appear from now on are as old as what an earlier run had counted then. */
  void replay(long millis) {
    replayed = millis;
  }

  /** Lines that appear from now on are new. */
  void endReplay() {
    replayed = 0;
  }

  private long now() {
    long then = replayed;
    return then == 0 ? System.currentTimeMillis() : then;
  }
}
