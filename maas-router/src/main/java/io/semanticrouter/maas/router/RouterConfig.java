// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.router.internal.cache.CacheConfig;
import io.semanticrouter.maas.router.internal.decisions.Decider;
import io.semanticrouter.maas.router.internal.security.SecurityConfig;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;

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

  /** The largest request body that is routed, in bytes; a larger one passes as it is. */
  final int maxBodyBytes;

  /** The most bytes that all requests together take while they are held back. */
  final long maxHeldBytes;

  final Decider decider;
  final SecurityConfig security;
  final CacheConfig responseCache;
  private final boolean enabled;

  private RouterConfig(ConfigSection section) {
    enabled = section.bool("enabled", false);
    maxBodyBytes = (int) section.integer("max_body_bytes", MIB, 1024, 64 * MIB);
    maxHeldBytes =
        section.integer("max_held_bytes", Math.max(16L * MIB, maxBodyBytes), 1024, 1L << 40);
    if (maxHeldBytes < maxBodyBytes) {
      section.reject("max_held_bytes", "must be at least max_body_bytes");
    }
    decider = Decider.from(section);
    security = SecurityConfig.from(section.section("security"));
    responseCache = CacheConfig.from(section.section("response_cache"));
    section.rejectUnknownKeys();
  }

  /** The default: off. */
  public static RouterConfig defaults() {
    return from(ConfigSection.root(Map.of(), new ArrayList<>()));
  }

  /**
   * Reads the section from the top level of a configuration file. Errors go to the list of {@code
   * root}; the result is usable only when that stays empty. What is off is checked as well.
   */
  public static RouterConfig from(ConfigSection root) {
    return new RouterConfig(root.section(SECTION));
  }

  /** Whether anything is routed. */
  public boolean enabled() {
    return enabled;
  }

  /** The names of the models that a request can be routed to. */
  public Set<String> modelNames() {
    return decider.models().names();
  }
}
