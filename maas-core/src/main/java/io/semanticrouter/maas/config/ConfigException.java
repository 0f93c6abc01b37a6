// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import java.util.List;

/** A configuration that cannot be used, with everything that is wrong in it. */
public final class ConfigException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final transient List<ConfigError> errors;

  /** An exception for at least one error. */
  public ConfigException(List<ConfigError> errors) {
    super(message(errors));
    this.errors = List.copyOf(errors);
  }

  /** All errors, section by section; the unknown keys of a section come last. */
  public List<ConfigError> errors() {
    return errors;
  }

  private static String message(List<ConfigError> errors) {
    StringBuilder text = new StringBuilder();
    for (ConfigError error : errors) {
      text.append(text.isEmpty() ? "" : "\n").append(error);
    }
    return text.toString();
  }
}
