// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.ArrayList;
import java.util.List;

/** All label spaces of a sink. */
final class Spaces {
  private final PrometheusRegistry registry;
  private final List<LabelSpace> all = new ArrayList<>();

  Spaces(PrometheusRegistry registry) {
    this.registry = registry;
  }

  /** One with these open labels. */
  LabelSpace space(List<String> openLabels) {
    LabelSpace space = new LabelSpace(registry, openLabels);
    all.add(space);
    return space;
  }

  List<LabelSpace> all() {
    return all;
  }
}
