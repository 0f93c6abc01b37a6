// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.decisions;

import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.router.internal.signals.ConfigNames;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The models that routing decisions may name. Immutable.
 *
 * @param names all of them
 * @param families those whose reasoning a request can switch on, with how
 * @param hasDefault whether a default is configured, if only a wrong one
 * @param defaultModel the model of a request that no decision gives one to; null: its own
 */
public record Models(
    Set<String> names,
    Map<String, ReasoningFamily> families,
    boolean hasDefault,
    @Nullable String defaultModel) {

  /** Reads {@code reasoning_families}, {@code models} and {@code default_model}. */
  static Models from(ConfigSection section) {
    Map<String, ReasoningFamily> known =
        ReasoningFamily.from(section.section("reasoning_families"));
    ConfigSection models = section.section("models");
    ConfigNames.checkKeys(models);
    Map<String, ReasoningFamily> families = new HashMap<>();
    for (String name : models.keys()) {
      ConfigSection model = models.section(name);
      if (model.has("reasoning_family")) {
        ReasoningFamily family = known.get(model.oneOf("reasoning_family", "", known.keySet()));
        if (family != null) {
          families.put(name, family);
        }
      } else {
        model.string("reasoning_family", "");
      }
      model.rejectUnknownKeys();
    }
    Set<String> names = Set.copyOf(models.keys());
    return new Models(
        names,
        Map.copyOf(families),
        section.has("default_model"),
        reference(section, "default_model", names));
  }

  @Nullable ReasoningFamily family(String model) {
    return families.get(model);
  }

  /** The model that a key refers to; null when it is absent or there is no such model. */
  @Nullable String reference(ConfigSection section, String key) {
    return reference(section, key, names);
  }

  private static @Nullable String reference(ConfigSection section, String key, Set<String> names) {
    if (!section.has(key)) {
      section.string(key, "");
      return null;
    }
    if (names.isEmpty()) {
      section.reject(key, "must be one of the models, and there is none");
      return null;
    }
    String name = section.oneOf(key, "", names);
    return name.isEmpty() ? null : name;
  }
}
