// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.config.RoutingProfile.Fact;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * How a semantic router in the chain is understood: section {@code maas_integration.routing}.
 * Immutable.
 */
public final class RoutingConfig {
  private static final String CUSTOM = "custom";
  private static final String NONE = "none";

  private final RoutingProfile profile;
  private final boolean requestDebug;

  RoutingConfig(ConfigSection section) {
    String name = section.oneOf("profile", "auto", Set.of("auto", "seed", "vsr", CUSTOM, NONE));
    ConfigSection headers = section.section("headers");
    int errorsBefore = section.errorCount();
    Map<Fact, String> custom = custom(headers);
    if (name.equals(CUSTOM)) {
      if (custom.isEmpty() && errorsBefore == section.errorCount()) {
        section.reject("headers", "must name at least one header when the profile is custom");
      }
    } else if (!headers.keys().isEmpty()) {
      section.reject("headers", "must be absent unless the profile is custom");
    }
    profile =
        switch (name) {
          case "seed" -> RoutingProfile.SEED;
          case "vsr" -> RoutingProfile.VSR;
          case CUSTOM -> RoutingProfile.of(CUSTOM, custom);
          case NONE -> RoutingProfile.NONE;
          default -> RoutingProfile.AUTO;
        };
    requestDebug = section.bool("request_debug", profile.asksForDebug());
    if (requestDebug && name.equals(NONE)) {
      section.reject("request_debug", "must be false when the profile is none: nobody is asked");
    }
    section.rejectUnknownKeys();
  }

  /** The names under which it states its facts. */
  public RoutingProfile profile() {
    return profile;
  }

  /**
   * Whether it is asked for those facts that it keeps back otherwise, with {@code x-vsr-debug:
   * true} (never in Standalone mode); what it adds for that is taken out again for clients that did
   * not ask.
   */
  public boolean requestDebug() {
    return requestDebug;
  }

  private static Map<Fact, String> custom(ConfigSection section) {
    Map<Fact, String> names = new EnumMap<>(Fact.class);
    for (Fact fact : Fact.values()) {
      if (!section.has(fact.key())) {
        section.string(fact.key(), "");
        continue;
      }
      int errorsBefore = section.errorCount();
      // The default is never used: it stands in for a value that is an error already.
      String header = MaasConfig.headerName(section, fact.key(), fact.key());
      if (section.errorCount() > errorsBefore) {
        continue; // more about it would be noise
      }
      if (MaasConfig.isSecret(header)) {
        section.reject(fact.key(), "must not be a header with credentials: it becomes a label");
      } else if (names.containsValue(header)) {
        section.reject(fact.key(), "must be another header than those of the other facts");
      } else {
        names.put(fact, header);
      }
    }
    section.rejectUnknownKeys();
    return names;
  }
}
