// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigSection;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The {@code server.tls} section: PEM files, and how often to look whether they have changed.
 *
 * @param certificate the server's certificate, with the chain behind it
 * @param privateKey the key of the certificate
 * @param clientCa who may sign the certificates of clients, or null when clients need none
 * @param reload the time between two looks
 */
record TlsConfig(Path certificate, Path privateKey, @Nullable Path clientCa, Duration reload) {
  private static final String RULE = "must be the path of a PEM file";

  /** Null when there is no such section. One that is there is never plain text. */
  static @Nullable TlsConfig from(ConfigSection server) {
    ConfigSection section = server.section("tls");
    if (section.keys().isEmpty()) {
      return null;
    }
    Path certificate = file(section, "certificate");
    Path privateKey = file(section, "private_key");
    Path clientCa = section.keys().contains("client_ca") ? file(section, "client_ca") : null;
    Duration reload = Duration.ofSeconds(section.integer("reload_seconds", 60, 1, 86400));
    section.string("client_ca", "");
    section.rejectUnknownKeys();
    return certificate == null || privateKey == null
        ? null
        : new TlsConfig(certificate, privateKey, clientCa, reload);
  }

  private static @Nullable Path file(ConfigSection section, String key) {
    String text = section.string(key, "");
    if (text.isEmpty()) {
      section.reject(key, RULE);
      return null;
    }
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      section.reject(key, RULE);
      return null;
    }
  }
}
