// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import java.util.List;

/** When a routing decision is taken: a signal, or a tree of signals. Immutable. */
public interface Condition {
  /** Whether it holds for a request. */
  boolean holds(Evidence request);

  /** Holds where all of them do. */
  static Condition allOf(List<Condition> conditions) {
    return request -> {
      for (int i = 0; i < conditions.size(); i++) {
        if (!conditions.get(i).holds(request)) {
          return false;
        }
      }
      return true;
    };
  }

  /** Holds where at least one of them does. */
  static Condition anyOf(List<Condition> conditions) {
    return request -> {
      for (int i = 0; i < conditions.size(); i++) {
        if (conditions.get(i).holds(request)) {
          return true;
        }
      }
      return false;
    };
  }
}
