// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.ConfigSection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads the conditions of a routing decision from the configuration. */
final class ConditionReader {
  /** Where YAML has aliases, a tree may contain itself. */
  private static final int MAX_DEPTH = 16;

  private ConditionReader() {}

  /**
   * Reads the node of a tree, or null when something is wrong with it.
   *
   * @param names the names that there are, for each kind that has names
   */
  static @Nullable Condition read(ConfigSection section, Map<Condition.Type, Set<String>> names) {
    return read(section, names, 1);
  }

  private static @Nullable Condition read(
      ConfigSection section, Map<Condition.Type, Set<String>> names, int depth) {
    Condition condition =
        section.has("operator") || section.has("conditions")
            ? combined(section, names, depth)
            : signal(section, names);
    section.rejectUnknownKeys();
    return condition;
  }

  private static @Nullable Condition combined(
      ConfigSection section, Map<Condition.Type, Set<String>> names, int depth) {
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
      Condition condition = read(element, names, depth + 1);
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
        return null;
      }
      return conditions.isEmpty() ? null : new Condition.Not(conditions.get(0));
    }
    return operator.equals("OR")
        ? new Condition.Or(List.copyOf(conditions))
        : new Condition.And(List.copyOf(conditions));
  }

  private static @Nullable Condition signal(
      ConfigSection section, Map<Condition.Type, Set<String>> names) {
    Set<String> types = new TreeSet<>();
    for (Condition.Type type : Condition.Type.values()) {
      types.add(type.spelled());
    }
    if (!section.has("type")) {
      section.reject("type", "must be there, or an operator with conditions");
      section.string("name", "");
      return null;
    }
    String spelled = section.oneOf("type", "", types);
    if (spelled.isEmpty()) {
      section.string("name", "");
      return null;
    }
    Condition.Type type = Condition.Type.valueOf(spelled.toUpperCase(Locale.ROOT));
    Set<String> known = names.get(type);
    if (known == null) {
      return new Condition.Signal(type, "");
    }
    if (!section.has("name")) {
      section.reject("name", "must be there");
      return null;
    }
    if (known.isEmpty()) {
      section.reject("name", "must be the name of a " + spelled + " signal, and there is none");
      return null;
    }
    String name = section.oneOf("name", "", known);
    return name.isEmpty() ? null : new Condition.Signal(type, name);
  }
}
