// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import org.jspecify.annotations.Nullable;

/**
 * What the headers of one response say about its routing.
 *
 * @param totals the tokens of all calls of a looper together; null when the router states none
 */
record RoutingFacts(Routing routing, @Nullable RouterTotals totals) {
  /** No router spoke. */
  static final RoutingFacts NONE = new RoutingFacts(Routing.UNKNOWN, null);
}
