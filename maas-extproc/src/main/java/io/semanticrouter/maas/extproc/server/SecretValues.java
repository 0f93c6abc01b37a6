// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.extproc.server.text.SourceFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts secrets into a configuration that only says where they are: in lists named {@code secrets},
 * {@code {file: PATH}} and {@code {env: NAME}} become what stands there, without the white space at
 * the end. What is wrong is reported without what has been read.
 */
final class SecretValues {
  private static final String SECRETS = "secrets";

  /** The variables of a process. */
  interface Environment {
    @Nullable String get(String name);
  }

  private final Environment environment;
  private final SourceFiles files;
  private final List<ConfigError> errors;

  /**
   * For one configuration.
   *
   * @param environment variables by name, null for those that are not set
   * @param files reads the files that secrets stand in
   * @param errors receives what is wrong
   */
  SecretValues(Environment environment, SourceFiles files, List<ConfigError> errors) {
    this.environment = environment;
    this.files = files;
    this.errors = errors;
  }

  /** The same tree with the secrets in it. */
  Map<String, @Nullable Object> in(Map<?, ?> tree) {
    return section("", tree);
  }

  private Map<String, @Nullable Object> section(String path, Map<?, ?> section) {
    Map<String, @Nullable Object> read = new LinkedHashMap<>();
    section.forEach(
        (key, value) -> {
          String name = String.valueOf(key);
          String at = path.isEmpty() ? name : path + "." + name;
          read.put(name, value(at, value, name.equals(SECRETS)));
        });
    return read;
  }

  private @Nullable Object value(String path, @Nullable Object value, boolean isSecret) {
    if (value instanceof Map<?, ?> map) {
      return isSecret ? secret(path, map) : section(path, map);
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> read = new ArrayList<>();
      for (Object element : list) {
        read.add(value(path + "[" + read.size() + "]", element, isSecret));
      }
      return read;
    }
    return value;
  }

  private Object secret(String path, Map<?, ?> place) {
    Object file = place.get("file");
    Object variable = place.get("env");
    String problem = "must be a text, {file: PATH} or {env: NAME}";
    if (place.size() == 1 && file instanceof String name) {
      try {
        return new String(files.read(Path.of(name)), StandardCharsets.UTF_8).stripTrailing();
      } catch (IOException | InvalidPathException e) {
        problem = "cannot be read: " + name;
      }
    } else if (place.size() == 1 && variable instanceof String name) {
      String text = environment.get(name);
      if (text != null) {
        return text;
      }
      problem = "is not set: the environment variable " + name;
    }
    errors.add(new ConfigError(path, null, problem, null));
    return "";
  }
}
