// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.decisions;

import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.router.internal.edits.Prompt;
import io.semanticrouter.maas.router.internal.signals.Evidence;
import io.semanticrouter.maas.router.internal.signals.Glob;
import io.semanticrouter.maas.router.internal.signals.Signals;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides from what a request says which model answers it, and how. The same request always gets
 * the same routing decision; time is linear in the length of the text. Immutable and thread-safe.
 *
 * @param routed which requested models are routed
 * @param models the models that can answer
 * @param signals what is looked for in a request
 * @param decisions in the order in which they are tried
 */
public record Decider(Glob routed, Models models, Signals signals, List<DecisionConfig> decisions) {

  /** Reads the section {@code router}; errors go to its list. */
  public static Decider from(ConfigSection section) {
    Models models = Models.from(section);
    Signals signals = Signals.from(section.section("signals"));
    return new Decider(
        routed(section),
        models,
        signals,
        DecisionConfig.from(section.sections("decisions"), models, signals));
  }

  private static Glob routed(ConfigSection section) {
    List<String> patterns = new ArrayList<>();
    for (String pattern : section.strings("route_models")) {
      if (pattern.isEmpty()) {
        section.reject("route_models", "must be all, or names of models, where * is for any text");
      }
      patterns.add(pattern.equals("all") ? "*" : pattern);
    }
    return Glob.anyOf(patterns.isEmpty() ? List.of("*") : patterns);
  }

  /** Whether requests that name such a model are routed. */
  public boolean isRouted(String requestedModel) {
    return routed.matches(requestedModel);
  }

  /**
   * The routing decision of a request.
   *
   * @param prompt what the request says
   * @param identity who asks
   */
  public RoutingDecision decide(Prompt prompt, Identity identity) {
    if (!isRouted(prompt.model())) {
      return RoutingDecision.UNROUTED;
    }
    Evidence evidence = new Evidence(signals, prompt, identity.tier());
    for (int i = 0; i < decisions.size(); i++) {
      if (decisions.get(i).isTakenFor(evidence)) {
        return taken(decisions.get(i), evidence);
      }
    }
    return taken(DecisionConfig.NONE, evidence);
  }

  private RoutingDecision taken(DecisionConfig decision, Evidence evidence) {
    String model = decision.model() != null ? decision.model() : models.defaultModel();
    if (model == null) {
      return RoutingDecision.UNROUTED;
    }
    Boolean reasoning = decision.reasoning();
    ReasoningFamily family = models.family(model);
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
