// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.Identity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides from what a request says which model answers it, and how. The same request always gets
 * the same routing decision; time is linear in the length of the text. Immutable and thread-safe.
 */
final class Decider {
  private final RouterConfig config;
  private final List<DecisionConfig> decisions;

  Decider(RouterConfig config) {
    this.config = config;
    this.decisions = config.decisions();
  }

  /** Whether requests that name such a model are routed. */
  boolean isRouted(String requestedModel) {
    return config.enabled() && Glob.anyMatches(config.routeModels(), requestedModel);
  }

  /**
   * The routing decision of a request.
   *
   * @param prompt what the request says
   * @param identity who asks
   */
  RoutingDecision decide(Prompt prompt, Identity identity) {
    if (!isRouted(prompt.model())) {
      return RoutingDecision.UNROUTED;
    }
    Evidence evidence = new Evidence(config.signals(), prompt, identity.tier());
    for (int i = 0; i < decisions.size(); i++) {
      if (decisions.get(i).isTakenFor(evidence)) {
        return taken(decisions.get(i), evidence);
      }
    }
    return taken(DecisionConfig.NONE, evidence);
  }

  private RoutingDecision taken(DecisionConfig decision, Evidence evidence) {
    String model = decision.model() != null ? decision.model() : config.models().defaultModel();
    if (model == null) {
      return RoutingDecision.UNROUTED;
    }
    Boolean reasoning = decision.reasoning();
    ReasoningFamily family = config.models().family(model);
    return new RoutingDecision(
        decision.name(),
        model,
        category(decision, evidence.domain()),
        reasoning,
        reasoning == null || family == null ? null : family.edit(reasoning, decision.effort()),
        decision.systemPrompt());
  }

  private static String category(DecisionConfig decision, @Nullable String domain) {
    if (decision.category() != null) {
      return decision.category();
    }
    return domain == null ? decision.name() : domain;
  }
}
