// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import io.semanticrouter.maas.config.ConfigSection;
import java.util.Set;

/** Names in the configuration: they become header values and metric labels. */
public final class ConfigNames {
  static final int MAX_LENGTH = 128;
  private static final String RULE =
      "must have 1 to 128 printable ASCII characters, no comma and no space around it";

  private ConfigNames() {}

  static boolean isName(String name) {
    boolean valid = !name.isEmpty() && name.length() <= MAX_LENGTH && name.equals(name.strip());
    for (int i = 0; i < name.length() && valid; i++) {
      char c = name.charAt(i);
      valid = c >= ' ' && c < 127 && c != ',';
    }
    return valid;
  }

  /** The required name of a list's element, not taken so far; empty when it has none. */
  public static String unique(ConfigSection section, Set<String> taken) {
    String name = section.string("name", "");
    if (!section.has("name")) {
      section.reject("name", "must be there");
    } else if (!isName(name)) {
      section.reject("name", RULE);
    } else if (!taken.add(name)) {
      section.reject("name", "must be the only one of this name");
    }
    return name;
  }

  /** An optional name; {@code defaultValue} when there is none. */
  public static String optional(ConfigSection section, String key, String defaultValue) {
    String name = section.string(key, defaultValue);
    if (section.has(key) && !isName(name)) {
      section.reject(key, RULE);
      return defaultValue;
    }
    return name;
  }

  /** Reports the keys of a section that are no names. */
  public static void checkKeys(ConfigSection section) {
    for (String key : section.keys()) {
      if (!isName(key)) {
        section.reject(key, RULE);
      }
    }
  }
}
