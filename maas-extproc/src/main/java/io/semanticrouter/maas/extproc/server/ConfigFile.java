// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.router.RouterConfig;
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
 * @param router the section of the embedded router
 * @param server the section of the server
 */
record ConfigFile(MaasConfig metering, RouterConfig router, ServerConfig server) {
  /** What a Kubernetes ConfigMap can hold. */
  private static final int MAX_BYTES = 1 << 20;

  /** How the YAML parser begins a line that says where something is. */
  private static final String MARK = " in 'reader', line ";

  /** A key that stands twice is a mistake. */
  static final YAMLFactory YAML =
      YAMLFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // The default according to its documentation, but not with a builder.
          .enable(YAMLParser.Feature.EMPTY_STRING_AS_NULL)
          .build();

  /** The levels that LOG_LEVEL knows. */
  static final Set<String> LOG_LEVELS = Set.of("trace", "debug", "info", "warn", "error", "off");

  /** The formats that LOG_FORMAT knows. */
  static final Set<String> LOG_FORMATS = Set.of("json", "text");

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
    return read(path, Map.of("LOG_LEVEL", logLevel), new ConfigText());
  }

  /**
   * Reads a file.
   *
   * @param environment what LOG_LEVEL and LOG_FORMAT say, checked along with the file
   * @param text receives where things stand in the file, and what its keys mean
   */
  static ConfigFile read(Path path, Map<String, String> environment, ConfigText text)
      throws UnreadableException {
    List<ConfigError> errors = new ArrayList<>();
    Map<?, ?> tree = new SecretValues(System::getenv, errors).in(tree(path, text));
    ConfigSection root = ConfigSection.root(tree, errors);
    ConfigFile file =
        new ConfigFile(MaasConfig.from(root), RouterConfig.from(root), ServerConfig.from(root));
    root.rejectMisspelledKeys();
    text.effective(root.effective());
    ConfigSection logging = ConfigSection.root(environment, errors);
    logging.oneOf("LOG_LEVEL", "info", LOG_LEVELS);
    logging.oneOf("LOG_FORMAT", "text", LOG_FORMATS);
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return file;
  }

  private static Map<?, ?> tree(Path path, ConfigText text) throws UnreadableException {
    if (!Files.isRegularFile(path)) {
      throw new UnreadableException(
          "no configuration file at "
              + path.toAbsolutePath().normalize()
              + " (start from the reference: cp deploy/maas/config.maas.yaml config/config.yaml)");
    }
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw new UnreadableException(path + ": larger than " + MAX_BYTES + " bytes");
      }
      try (YAMLParser parser = YAML.createParser(path.toFile())) {
        return new YamlTree(path, parser, text.lines()).read();
      }
    } catch (JacksonException e) {
      throw notYaml(path, e);
    } catch (IOException e) {
      throw new UnreadableException(path + ": cannot be read: " + e.getMessage());
    }
  }

  /** With the line of the problem, where the parser states one, and not that of its context. */
  private static UnreadableException notYaml(Path path, JacksonException e) {
    JsonLocation location = e.getLocation();
    String line = location == null ? "" : ":" + location.getLineNr();
    String problem = "not readable";
    for (String text : e.getOriginalMessage().lines().toList()) {
      if (text.startsWith(MARK)) {
        line = ":" + text.substring(MARK.length(), text.indexOf(',', MARK.length()));
      } else if (!text.startsWith(" ")) {
        problem = text.length() > 200 ? text.substring(0, 200) + "…" : text;
      }
    }
    return new UnreadableException(path + line + ": not valid YAML: " + problem);
  }
}
