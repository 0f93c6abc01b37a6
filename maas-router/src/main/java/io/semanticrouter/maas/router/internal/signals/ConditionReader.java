// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import io.semanticrouter.maas.config.ConfigSection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the conditions of a routing decision from the configuration. */
public final class ConditionReader {
  /** Where YAML has aliases, a tree may contain itself. */
  private static final int MAX_DEPTH = 16;

  private final Signals signals;

  public ConditionReader(Signals signals) {
    this.signals = signals;
  }

  /** Reads a tree; null when something is wrong with it. */
  public @Nullable Condition read(ConfigSection section) {
    return read(section, 1);
  }

  private @Nullable Condition read(ConfigSection section, int depth) {
    Condition condition =
        section.has("operator") || section.has("conditions")
            ? combined(section, depth)
            : signal(section);
    section.rejectUnknownKeys();
    return condition;
  }

  private @Nullable Condition combined(ConfigSection section, int depth) {
    String operator = section.oneOf("operator", "AND", Set.of("AND", "OR", "NOT"));
    if (section.has("type")) {
      section.reject("type", "must not stand beside conditions");
    }
    if (depth == MAX_DEPTH) {
      section.reject("conditions", "must not be nested deeper than " + MAX_DEPTH + " levels");
      return null;
    }
    List<ConfigSection> elements = section.sections("conditions");
    List<Condition> conditions = new ArrayList<>();
    for (ConfigSection element : elements) {
      Condition condition = read(element, depth + 1);
      if (condition != null) {
        conditions.add(condition);
      }
    }
    if (elements.isEmpty()) {
      section.reject("conditions", "must be a list with at least one condition");
      return null;
    }
    if (operator.equals("NOT")) {
      if (elements.size() != 1) {
        section.reject("conditions", "must be exactly one condition where the operator is NOT");
      }
      return request -> !conditions.get(0).holds(request);
    }
    return operator.equals("OR") ? Condition.anyOf(conditions) : Condition.allOf(conditions);
  }

  private @Nullable Condition signal(ConfigSection section) {
    if (!section.has("type")) {
      section.reject("type", "must be there, or an operator with conditions");
      section.string("name", "");
      return null;
    }
    String type = section.oneOf("type", "", signals.types());
    Map<String, Condition> known = signals.ofType(type);
    if (type.isEmpty()) {
      section.string("name", "");
      return null;
    }
    if (known.containsKey("")) {
      return known.get("");
    }
    if (!section.has("name")) {
      section.reject("name", "must be there");
      return null;
    }
    if (known.isEmpty()) {
      section.reject("name", "must be the name of a " + type + " signal, and there is none");
      return null;
    }
    return known.get(section.oneOf("name", "", known.keySet()));
  }
}
