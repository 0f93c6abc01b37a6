// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.router.EmbeddedRouter;
import io.semanticrouter.maas.router.RouterConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the gateway is configured with. Immutable.
 *
 * @param metering the sections of the metering
 * @param router the section of the embedded router, off when it is absent
 */
record GatewayConfig(MaasConfig metering, RouterConfig router) {
  private static final YAMLMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /**
   * Reads a tree, as any YAML or JSON library gives it. Sections of others are tolerated.
   *
   * @throws ConfigException with all errors at once
   */
  static GatewayConfig from(Map<?, ?> tree) {
    List<ConfigError> errors = new ArrayList<>();
    ConfigSection root = ConfigSection.root(tree, errors);
    GatewayConfig config = new GatewayConfig(MaasConfig.from(root), RouterConfig.from(root));
    root.rejectMisspelledKeys();
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return config;
  }

  /**
   * Reads a YAML file, such as the one of the ExtProc server.
   *
   * @throws IllegalArgumentException when it cannot be read or its content is wrong
   */
  static GatewayConfig read(Path file) {
    JsonNode content;
    try {
      content = YAML.readTree(file.toFile());
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot read " + file + ": " + e.getMessage(), e);
    }
    if (content.isMissingNode() || content.isNull()) {
      return from(Map.of());
    }
    if (!content.isObject()) {
      throw new IllegalArgumentException(file + " must be a YAML mapping");
    }
    return from(YAML.convertValue(content, Map.class));
  }

  /** Without a file: the defaults in an operational mode, and no router. */
  static GatewayConfig of(String mode) {
    if (!List.of("standalone", "maas", "hybrid").contains(mode)) {
      throw new IllegalArgumentException("--mode must be standalone, maas or hybrid");
    }
    Map<String, ?> metrics = Map.of("internal_cost_calculation", mode.equals("hybrid"));
    boolean enabled = !mode.equals("standalone");
    return from(Map.of("maas_integration", Map.of("enabled", enabled, "metrics", metrics)));
  }

  /** The engine, with the router in it where one is configured; sinks are the caller's. */
  Metering.Builder engine() {
    Metering.Builder builder = Metering.builder(metering);
    return router.enabled() ? builder.router(new EmbeddedRouter(router)) : builder;
  }
}
