// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.UserNames;
import io.semanticrouter.maas.config.UserNames.Form;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Users as series have them. Hashes are worked out once for as many users as there can be series.
 * Thread-safe.
 */
final class UserLabels {
  private final boolean known;
  private final UserNames names;
  private final int max;
  private final Map<String, String> hashes = new ConcurrentHashMap<>();

  /**
   * Those of a configuration.
   *
   * @throws ConfigException when the key of hashes cannot be read
   */
  UserLabels(MaasConfig config) {
    known = config.mode().isIntegrated();
    names =
        switch (config.metrics().users()) {
          case PLAIN -> UserNames.plain();
          case HMAC -> hashed(config.metrics().hmacKeyFile());
          case NONE -> UserNames.none();
        };
    max = config.metrics().maxSeries();
  }

  private static UserNames hashed(String file) {
    try {
      Path path = Path.of(file);
      if (Files.isRegularFile(path) && Files.size(path) <= UserNames.MAX_KEY_BYTES) {
        return UserNames.hmac(Files.readAllBytes(path));
      }
    } catch (IOException | IllegalArgumentException e) {
      // As if there were none.
    }
    throw new ConfigException(
        List.of(
            new ConfigError(
                MaasConfig.SECTION + ".metrics.hmac_key_file",
                file,
                "must be a readable file of "
                    + UserNames.MIN_KEY_BYTES
                    + " to "
                    + UserNames.MAX_KEY_BYTES
                    + " bytes",
                null)));
  }

  /** Whether exchanges have a user, so that each has a share of what is bounded. */
  boolean areKnown() {
    return known;
  }

  /** Whether series have a label for them. */
  boolean areShown() {
    return known && names.form() != Form.NONE;
  }

  /** Differs where another one shows the same user otherwise; names nobody. */
  String form() {
    return names.form() == Form.HMAC ? names.written("form") : names.form().name();
  }

  /** A user as labels have it; empty where they have none. */
  String shown(String user) {
    if (names.form() != Form.HMAC) {
      return names.written(user);
    }
    String hash = hashes.get(user);
    if (hash == null) {
      hash = names.written(user);
      if (hashes.size() < max) {
        hashes.put(user, hash);
      }
    }
    return hash;
  }
}
