// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.router.internal.decisions.Decider;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Configurations and identities for tests, as JSON without the quotes that it does not need. */
public final class Configs {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
          .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
          .enable(JsonReadFeature.ALLOW_BACKSLASH_ESCAPING_ANY_CHARACTER)
          .enable(JsonReadFeature.ALLOW_TRAILING_COMMA)
          .build();

  private Configs() {}

  /** The section {@code router}: what stands between its braces. */
  public static RouterConfig router(String members) {
    List<ConfigError> errors = new ArrayList<>();
    RouterConfig config = RouterConfig.from(root(members, errors));
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return config;
  }

  /** What decides by such a section. */
  public static Decider decider(String members) {
    List<ConfigError> errors = new ArrayList<>();
    Decider decider = Decider.from(root(members, errors).section("router"));
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return decider;
  }

  static List<String> errorsOf(String members) {
    List<ConfigError> errors = new ArrayList<>();
    RouterConfig.from(root(members, errors));
    return errors.stream().map(ConfigError::toString).toList();
  }

  private static ConfigSection root(String members, List<ConfigError> errors) {
    try {
      return ConfigSection.root(MAPPER.readValue("{router: {" + members + "}}", Map.class), errors);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Identity tier(String tier) {
    return Identity.of("ana", tier);
  }
}
