// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.Identity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides from what a request says which model answers it, and how. The same request always gets
 * the same routing decision; time is linear in the length of the text. Immutable and thread-safe.
 */
final class Decider {
  private final RouterConfig config;
  private final Signals signals;
  private final List<Candidate> candidates;
  private final int tests;

  Decider(RouterConfig config) {
    this.config = config;
    this.signals = new Signals(config.signals());
    Map<Condition.Signal, Evaluation.Test> byName = new HashMap<>();
    List<Candidate> compiled = new ArrayList<>();
    for (DecisionConfig decision : config.decisions()) {
      Condition rules = decision.rules();
      compiled.add(new Candidate(decision, rules == null ? e -> true : compile(rules, byName)));
    }
    this.candidates = List.copyOf(compiled);
    this.tests = byName.size();
  }

  private record Candidate(DecisionConfig decision, Evaluation.Check rules) {
    boolean isTaken(Evaluation evaluation) {
      Set<String> tiers = decision.tiers();
      return (tiers.isEmpty() || tiers.contains(evaluation.tier())) && rules.holds(evaluation);
    }
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
    Evaluation evaluation = new Evaluation(signals, prompt, identity, tests);
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.get(i).isTaken(evaluation)) {
        return taken(candidates.get(i).decision(), evaluation);
      }
    }
    String model = config.models().defaultModel();
    if (model == null) {
      return RoutingDecision.UNROUTED;
    }
    return new RoutingDecision(
        DecisionConfig.DEFAULT,
        model,
        category(null, DecisionConfig.DEFAULT, evaluation),
        null,
        null,
        null,
        null,
        evaluation.matched());
  }

  private RoutingDecision taken(DecisionConfig decision, Evaluation evaluation) {
    String model = decision.model() != null ? decision.model() : config.models().defaultModel();
    if (model == null) {
      return RoutingDecision.UNROUTED;
    }
    Boolean reasoning = decision.reasoning();
    ReasoningFamily family = config.models().family(model);
    String effort = Boolean.TRUE.equals(reasoning) ? decision.effort() : null;
    return new RoutingDecision(
        decision.name(),
        model,
        category(decision.category(), decision.name(), evaluation),
        reasoning,
        effort,
        reasoning == null || family == null ? null : family.edit(reasoning, effort),
        decision.systemPrompt(),
        evaluation.matched());
  }

  private static String category(@Nullable String configured, String name, Evaluation evaluation) {
    if (configured != null) {
      return configured;
    }
    String domain = evaluation.domain();
    return domain == null ? name : domain;
  }

  private Evaluation.Check compile(
      Condition condition, Map<Condition.Signal, Evaluation.Test> byName) {
    if (condition instanceof Condition.And and) {
      List<Evaluation.Check> checks = compile(and.conditions(), byName);
      return e -> firstThatIs(false, checks, e) < 0;
    }
    if (condition instanceof Condition.Or or) {
      List<Evaluation.Check> checks = compile(or.conditions(), byName);
      return e -> firstThatIs(true, checks, e) >= 0;
    }
    if (condition instanceof Condition.Not not) {
      Evaluation.Check check = compile(not.condition(), byName);
      return e -> !check.holds(e);
    }
    if (!(condition instanceof Condition.Signal signal)) {
      throw new AssertionError(condition);
    }
    Evaluation.Test test =
        byName.computeIfAbsent(
            signal, s -> new Evaluation.Test(s, byName.size(), Evaluation.check(signals, s)));
    return e -> e.holds(test);
  }

  private List<Evaluation.Check> compile(
      List<Condition> conditions, Map<Condition.Signal, Evaluation.Test> byName) {
    List<Evaluation.Check> checks = new ArrayList<>();
    for (Condition condition : conditions) {
      checks.add(compile(condition, byName));
    }
    return List.copyOf(checks);
  }

  private static int firstThatIs(
      boolean wanted, List<Evaluation.Check> checks, Evaluation evaluation) {
    for (int i = 0; i < checks.size(); i++) {
      if (checks.get(i).holds(evaluation) == wanted) {
        return i;
      }
    }
    return -1;
  }
}
