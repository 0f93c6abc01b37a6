// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.semanticrouter.maas.ConfigError;
import io.semanticrouter.maas.ConfigException;
import io.semanticrouter.maas.ConfigSection;
import io.semanticrouter.maas.Identity;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Configurations and identities for tests, as JSON without the quotes that it does not need. */
final class Configs {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
          .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
          .enable(JsonReadFeature.ALLOW_BACKSLASH_ESCAPING_ANY_CHARACTER)
          .enable(JsonReadFeature.ALLOW_TRAILING_COMMA)
          .build();

  private Configs() {}

  /** The section {@code router}: what stands between its braces. */
  static RouterConfig router(String members) {
    List<ConfigError> errors = new ArrayList<>();
    RouterConfig config = read(members, errors);
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return config;
  }

  static List<String> errorsOf(String members) {
    List<ConfigError> errors = new ArrayList<>();
    read(members, errors);
    return errors.stream().map(ConfigError::toString).toList();
  }

  private static RouterConfig read(String members, List<ConfigError> errors) {
    try {
      Map<?, ?> tree = MAPPER.readValue("{router: {" + members + "}}", Map.class);
      return RouterConfig.from(ConfigSection.root(tree, errors));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Identity tier(String tier) {
    return new Identity("ana", tier, Identity.Source.HEADER, Identity.Source.HEADER);
  }
}
