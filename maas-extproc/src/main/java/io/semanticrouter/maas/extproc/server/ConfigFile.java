// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.semanticrouter.maas.ConfigError;
import io.semanticrouter.maas.ConfigException;
import io.semanticrouter.maas.ConfigSection;
import io.semanticrouter.maas.MaasConfig;
import java.io.IOException;
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
  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          // A key that stands twice is a mistake, and prices are decimals, never doubles.
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

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
    try {
      Object tree = YAML.readValue(path.toFile(), Object.class);
      if (tree == null) {
        return Map.of();
      }
      if (tree instanceof Map<?, ?> map) {
        return map;
      }
      throw new UnreadableException(path + ": must be a YAML mapping, such as maas_integration: …");
    } catch (JacksonException e) {
      JsonLocation location = e.getLocation();
      String where = location == null ? "" : ":" + location.getLineNr();
      String problem = e.getOriginalMessage().lines().findFirst().orElse("not readable");
      throw new UnreadableException(path + where + ": not valid YAML: " + problem);
    } catch (IOException e) {
      throw new UnreadableException(path + ": cannot be read: " + e.getMessage());
    }
  }
}
