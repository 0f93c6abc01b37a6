// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigSection;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A section {@code server.tls} or {@code server.metrics_tls}: PEM files, and how often to look
 * whether they have changed.
 *
 * @param path the name of the section, for errors
 * @param certificate the server's certificate, with the chain behind it
 * @param privateKey the key of the certificate
 * @param clientCa who may sign the certificates of clients, or null when clients need none
 * @param clientSans of which names a certificate of the authority has to have one; empty when any
 *     certificate of it will do
 * @param reload the time between two looks
 */
record TlsConfig(
    String path,
    Path certificate,
    Path privateKey,
    @Nullable Path clientCa,
    List<String> clientSans,
    Duration reload) {
  private static final String RULE = "must be the path of a PEM file";

  /** Null when there is no such section. One that is there is never plain text. */
  static @Nullable TlsConfig from(ConfigSection server, String name) {
    ConfigSection section = server.section(name);
    if (section.keys().isEmpty()) {
      return null;
    }
    Path certificate = file(section, "certificate");
    Path privateKey = file(section, "private_key");
    Path clientCa = section.keys().contains("client_ca") ? file(section, "client_ca") : null;
    List<String> clientSans = clientSans(section, clientCa);
    Duration reload = Duration.ofSeconds(section.integer("reload_seconds", 60, 1, 86400));
    section.string("client_ca", "");
    section.rejectUnknownKeys();
    return certificate == null || privateKey == null
        ? null
        : new TlsConfig("server." + name, certificate, privateKey, clientCa, clientSans, reload);
  }

  private static List<String> clientSans(ConfigSection section, @Nullable Path clientCa) {
    List<String> names = section.strings("client_sans");
    if (section.has("client_sans")) {
      if (clientCa == null) {
        section.reject("client_sans", "needs a client_ca whose certificates have these names");
      } else if (names.isEmpty() || names.stream().anyMatch(String::isBlank)) {
        section.reject("client_sans", "must have DNS names or URIs, and no empty text");
      }
    }
    return names;
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
