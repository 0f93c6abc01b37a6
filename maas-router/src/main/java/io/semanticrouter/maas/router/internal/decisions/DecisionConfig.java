// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.decisions;

import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt;
import io.semanticrouter.maas.router.internal.signals.Condition;
import io.semanticrouter.maas.router.internal.signals.ConditionReader;
import io.semanticrouter.maas.router.internal.signals.ConfigNames;
import io.semanticrouter.maas.router.internal.signals.Evidence;
import io.semanticrouter.maas.router.internal.signals.Signals;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A routing decision as configured. Immutable.
 *
 * @param name its name; {@value #DEFAULT} is the one that is taken when no other is
 * @param priority the higher one is tried first; of the same, the one that comes first in the file
 * @param rules when it is taken; null only for the default
 * @param tiers the tiers that it is for; empty: for all
 * @param model the model that answers; null: the default model
 * @param reasoning whether the model reasons; null: as the request says
 * @param effort how much it reasons where it does and its family knows efforts; null: medium
 * @param category the category that is told; null: the matched domain, else the name
 * @param systemPrompt what becomes of the system prompt, null: nothing
 */
public record DecisionConfig(
    String name,
    int priority,
    @Nullable Condition rules,
    Set<String> tiers,
    @Nullable String model,
    @Nullable Boolean reasoning,
    @Nullable String effort,
    @Nullable String category,
    @Nullable SystemPrompt systemPrompt) {

  /** The name of the routing decision that is taken when no other is. */
  public static final String DEFAULT = "default";

  boolean isDefault() {
    return name.equals(DEFAULT);
  }

  /** The one that is taken when none is configured. */
  static final DecisionConfig NONE =
      new DecisionConfig(DEFAULT, 0, null, Set.of(), null, null, null, null, null);

  /** Whether it is for a request; the default is for all. */
  boolean isTakenFor(Evidence request) {
    return (tiers.isEmpty() || tiers.contains(request.tier()))
        && (rules == null || rules.holds(request));
  }

  /** All routing decisions, in the order in which they are tried: the default last. */
  static List<DecisionConfig> from(List<ConfigSection> sections, Models models, Signals signals) {
    List<DecisionConfig> decisions = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (ConfigSection section : sections) {
      decisions.add(from(section, models, signals, names));
    }
    decisions.sort(
        Comparator.comparing(DecisionConfig::isDefault)
            .thenComparing(Comparator.comparingInt(DecisionConfig::priority).reversed()));
    return List.copyOf(decisions);
  }

  private static DecisionConfig from(
      ConfigSection section, Models models, Signals signals, Set<String> names) {
    String name = ConfigNames.unique(section, names);
    section.string("description", ""); // for people
    int priority = (int) section.integer("priority", 0, -1_000_000, 1_000_000);
    Condition rules = rules(section, name, signals);
    Set<String> tiers = Set.copyOf(section.strings("tiers"));
    String category = ConfigNames.optional(section, "category", "");
    SystemPrompt systemPrompt =
        section.has("system_prompt") ? systemPrompt(section.section("system_prompt")) : null;
    ModelRef ref = modelRef(section, models);
    section.rejectUnknownKeys();
    return new DecisionConfig(
        name,
        priority,
        rules,
        tiers,
        ref.model(),
        ref.reasoning(),
        ref.effort(),
        category.isEmpty() ? null : category,
        systemPrompt);
  }

  private static @Nullable Condition rules(ConfigSection section, String name, Signals signals) {
    if (name.equals(DEFAULT)) {
      if (section.has("rules")) {
        section.reject("rules", "must not be there: the default is taken when no other is");
      }
      return null;
    }
    if (!section.has("rules")) {
      section.reject("rules", "must be there");
      return null;
    }
    int errorsBefore = section.errorCount();
    ConfigSection rules = section.section("rules");
    return section.errorCount() > errorsBefore ? null : new ConditionReader(signals).read(rules);
  }

  private record ModelRef(
      @Nullable String model, @Nullable Boolean reasoning, @Nullable String effort) {
    static final ModelRef NONE = new ModelRef(null, null, null);
  }

  private static ModelRef modelRef(ConfigSection section, Models models) {
    List<ConfigSection> refs = section.sections("modelRefs");
    if (!section.has("modelRefs")) {
      if (!models.hasDefault()) {
        section.reject("modelRefs", "must be there where there is no default_model");
      }
      return ModelRef.NONE;
    }
    if (refs.size() != 1) {
      section.reject("modelRefs", "must be a list of exactly one model");
      return ModelRef.NONE;
    }
    ConfigSection ref = refs.get(0);
    String model = models.reference(ref, "model");
    if (model == null && !ref.has("model")) {
      ref.reject("model", "must be there");
    }
    Boolean reasoning =
        ref.has("use_reasoning") ? (Boolean) ref.bool("use_reasoning", false) : null;
    if (model != null && Boolean.TRUE.equals(reasoning) && models.family(model) == null) {
      ref.reject("use_reasoning", "must not be true: the model has no reasoning_family");
    }
    String effort =
        ref.has("reasoning_effort")
            ? ref.oneOf("reasoning_effort", "medium", Set.copyOf(ReasoningFamily.EFFORTS))
            : null;
    ref.rejectUnknownKeys();
    return new ModelRef(model, reasoning, effort);
  }

  private static @Nullable SystemPrompt systemPrompt(ConfigSection section) {
    String text = section.string("text", "");
    String mode =
        section.oneOf("mode", "prepend", Set.of("prepend", "append", "replace", "if_absent"));
    section.rejectUnknownKeys();
    if (text.isBlank()) {
      section.reject("text", "must not be empty");
      return null;
    }
    return new SystemPrompt(text, SystemPrompt.Mode.valueOf(mode.toUpperCase(Locale.ROOT)));
  }
}
