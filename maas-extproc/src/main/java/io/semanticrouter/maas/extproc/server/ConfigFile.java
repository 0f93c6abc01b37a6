// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.ConfigError;
import io.semanticrouter.maas.ConfigException;
import io.semanticrouter.maas.ConfigSection;
import io.semanticrouter.maas.MaasConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A configuration file, read and checked.
 *
 * @param metering the sections of the metering
 * @param server the section of the server
 */
record ConfigFile(MaasConfig metering, ServerConfig server) {
  private static final Set<String> SECTIONS = Set.of(MaasConfig.SECTION, "pricing", "server");

  /** The levels that LOG_LEVEL knows. */
  static final Set<String> LOG_LEVELS = Set.of("trace", "debug", "info", "warn", "error", "off");

  /** What is wrong before anything of the content could be checked. */
  static final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1;

    UnreadableException(String message) {
      super(message);
    }
  }

  /**
   * Reads a file.
   *
   * @param path where to look
   * @param logLevel the value of LOG_LEVEL, checked along with the file
   * @throws UnreadableException when there is no such file, or it is no YAML
   * @throws ConfigException when its content is wrong, with all errors
   */
  static ConfigFile read(Path path, String logLevel) throws UnreadableException {
    List<ConfigError> errors = new ArrayList<>();
    ConfigSection root = ConfigSection.root(tree(path), errors);
    ConfigFile file = new ConfigFile(MaasConfig.from(root), ServerConfig.from(root));
    root.rejectMisspelledKeys();
    ConfigSection environment = ConfigSection.root(Map.of("LOG_LEVEL", logLevel), errors);
    environment.oneOf("LOG_LEVEL", "info", LOG_LEVELS);
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return file;
  }

  private static Map<?, ?> tree(Path path) throws UnreadableException {
    if (!Files.isRegularFile(path)) {
      throw new UnreadableException(
          "no configuration file at "
              + path.toAbsolutePath().normalize()
              + " (start from the reference: cp deploy/maas/config.maas.yaml config/config.yaml)");
    }
    return YamlTree.read(path, SECTIONS);
  }
}
