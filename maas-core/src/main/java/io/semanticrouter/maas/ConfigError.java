// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong in a configuration.
 *
 * @param path the dotted path of the key
 * @param value the value as configured, null when the key itself is the problem
 * @param rule what would be right
 * @param suggestion what was probably meant, or null
 */
public record ConfigError(
    String path, @Nullable Object value, String rule, @Nullable String suggestion) {
  @Override
  public String toString() {
    StringBuilder line = new StringBuilder(path);
    if (value != null) {
      line.append(" = ")
          .append(value instanceof CharSequence ? "\"" + value + "\"" : String.valueOf(value));
    }
    line.append(": ").append(rule);
    if (suggestion != null) {
      line.append("; did you mean \"").append(suggestion).append("\"?");
    }
    return line.toString();
  }
}
