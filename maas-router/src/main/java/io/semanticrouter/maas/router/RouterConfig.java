// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.ConfigSection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of the embedded router: the top-level section {@value #SECTION}. Off when the
 * section is absent. Immutable. {@link #from} checks everything.
 *
 * <p>The words are those of the vLLM Semantic Router: signals tell what a request is like,
 * decisions combine them, and the first decision that holds names the model.
 */
public final class RouterConfig {
  /** The section of a configuration file that is the router's. */
  public static final String SECTION = "router";

  private static final int MIB = 1024 * 1024;

  private final boolean enabled;
  private final int maxBodyBytes;
  private final long maxHeldBytes;
  private final List<String> routeModels;
  private final Models models;
  private final Signals signals;
  private final List<DecisionConfig> decisions;
  private final SecurityConfig security;
  private final CacheConfig responseCache;

  private RouterConfig(
      boolean enabled,
      int maxBodyBytes,
      long maxHeldBytes,
      List<String> routeModels,
      Models models,
      Signals signals,
      List<DecisionConfig> decisions,
      SecurityConfig security,
      CacheConfig responseCache) {
    this.enabled = enabled;
    this.maxBodyBytes = maxBodyBytes;
    this.maxHeldBytes = maxHeldBytes;
    this.routeModels = routeModels;
    this.models = models;
    this.signals = signals;
    this.decisions = decisions;
    this.security = security;
    this.responseCache = responseCache;
  }

  /** Whether anything is routed. */
  public boolean enabled() {
    return enabled;
  }

  /** The largest request body that is routed, in bytes; a larger one passes as it is. */
  int maxBodyBytes() {
    return maxBodyBytes;
  }

  /** The most bytes that all requests together take while they are held back. */
  long maxHeldBytes() {
    return maxHeldBytes;
  }

  /** Which requested models are routed, names or patterns with {@code *}. */
  List<String> routeModels() {
    return routeModels;
  }

  Models models() {
    return models;
  }

  /** The names of the models that a request can be routed to. */
  public Set<String> modelNames() {
    return models.names();
  }

  /** What is looked for in a request. */
  Signals signals() {
    return signals;
  }

  /** The routing decisions, in the order in which they are tried. */
  List<DecisionConfig> decisions() {
    return decisions;
  }

  SecurityConfig security() {
    return security;
  }

  CacheConfig responseCache() {
    return responseCache;
  }

  /**
   * The models that routing decisions may name.
   *
   * @param names all of them
   * @param families those that can be told to reason, with how
   * @param hasDefault whether a default is configured, if only a wrong one
   * @param defaultModel the model of a request that no decision gives one to; null: its own
   */
  record Models(
      Set<String> names,
      Map<String, ReasoningFamily> families,
      boolean hasDefault,
      @Nullable String defaultModel) {

    @Nullable ReasoningFamily family(String model) {
      return families.get(model);
    }

    /** The model that a key refers to; null when it is absent or there is no such model. */
    @Nullable String reference(ConfigSection section, String key) {
      return modelReference(section, key, names);
    }
  }

  /** The default: off. */
  public static RouterConfig defaults() {
    return from(ConfigSection.root(Map.of(), new ArrayList<>()));
  }

  /**
   * Reads the section from the top level of a configuration file. Errors go to the list behind
   * {@code root}; the result is usable only when that stays empty. What is off is checked as well.
   */
  public static RouterConfig from(ConfigSection root) {
    ConfigSection section = root.section(SECTION);
    boolean enabled = section.bool("enabled", false);
    int maxBodyBytes = (int) section.integer("max_body_bytes", MIB, 1024, 64 * MIB);
    long maxHeldBytes =
        section.integer("max_held_bytes", Math.max(16L * MIB, maxBodyBytes), 1024, 1L << 40);
    if (maxHeldBytes < maxBodyBytes) {
      section.reject("max_held_bytes", "must be at least max_body_bytes");
    }
    Models models = models(section);
    Signals signals = Signals.from(section.section("signals"));
    RouterConfig config =
        new RouterConfig(
            enabled,
            maxBodyBytes,
            maxHeldBytes,
            routeModels(section),
            models,
            signals,
            DecisionConfig.from(section.sections("decisions"), models, signals),
            SecurityConfig.from(section.section("security")),
            CacheConfig.from(section.section("response_cache")));
    section.rejectUnknownKeys();
    return config;
  }

  private static Models models(ConfigSection section) {
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
        modelReference(section, "default_model", names));
  }

  private static @Nullable String modelReference(
      ConfigSection section, String key, Set<String> names) {
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

  private static List<String> routeModels(ConfigSection section) {
    List<String> patterns = new ArrayList<>();
    for (String pattern : section.strings("route_models")) {
      if (pattern.isEmpty()) {
        section.reject("route_models", "must be all, or names of models, where * is for any text");
      }
      patterns.add(pattern.equals("all") ? "*" : pattern);
    }
    return patterns.isEmpty() ? List.of("*") : List.copyOf(patterns);
  }
}
