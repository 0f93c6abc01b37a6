// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.List;

/**
 * How a model family wants its reasoning switched one way: the members that are set or removed.
 *
 * @param edits in the order in which missing members are added
 */
record ReasoningSwitch(List<MemberEdit> edits) {
  /**
   * @throws IllegalArgumentException if one edit's path is another's or leads through it
   */
  ReasoningSwitch {
    edits = List.copyOf(edits);
    for (int i = 0; i < edits.size(); i++) {
      for (int j = 0; j < edits.size(); j++) {
        if (i != j && begins(edits.get(i).path(), edits.get(j).path())) {
          throw new IllegalArgumentException(
              "edits overlap: " + edits.get(i).path() + " and " + edits.get(j).path());
        }
      }
    }
  }

  private static boolean begins(List<String> path, List<String> longer) {
    return path.size() <= longer.size() && path.equals(longer.subList(0, path.size()));
  }
}
