// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.decisions;

import io.semanticrouter.maas.router.internal.edits.MemberEdit;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt;
import org.jspecify.annotations.Nullable;

/**
 * The routing decision of one request: what shall become of it, and why. Immutable. Holds nothing
 * of what the user wrote.
 *
 * @param name the routing decision's name; {@value DecisionConfig#DEFAULT} when none was taken;
 *     empty when the request is not routed
 * @param model the model that answers; null when the request is not routed
 * @param category what the request is about: as configured, else its domain, else the name; null
 *     when the request is not routed
 * @param reasoning whether the model shall reason; null: as the request says
 * @param reasoningEdit what to set in the request for that; null: nothing
 * @param systemPrompt what becomes of the system prompt; null: nothing
 */
public record RoutingDecision(
    String name,
    @Nullable String model,
    @Nullable String category,
    @Nullable Boolean reasoning,
    @Nullable MemberEdit reasoningEdit,
    @Nullable SystemPrompt systemPrompt) {

  /** The request passes as it is. */
  static final RoutingDecision UNROUTED = new RoutingDecision("", null, null, null, null, null);

  public boolean isRouted() {
    return model != null;
  }
}
