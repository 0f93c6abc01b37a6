// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import io.semanticrouter.maas.record.Routing;
import org.jspecify.annotations.Nullable;

/**
 * What the headers of one response say about its routing.
 *
 * @param totals the tokens of all calls of a looper together; null when the router states none
 */
public record RoutingFacts(Routing routing, @Nullable RouterTotals totals) {
  /** No router spoke. */
  public static final RoutingFacts NONE = new RoutingFacts(Routing.UNKNOWN, null);
}
