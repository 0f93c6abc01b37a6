// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigSection;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the section {@code server} that are about the metrics port.
 *
 * @param address where it listens
 * @param statusPage whether it has a page for people
 * @param tls null for plain text
 * @param tokenFile of what a client has to know; null when it needs nothing
 * @param createdTimestamps whether OpenMetrics has the time at which each counter began
 */
record MetricsConfig(
    ListenAddress address,
    boolean statusPage,
    @Nullable TlsConfig tls,
    @Nullable Path tokenFile,
    boolean createdTimestamps) {
  static final String TOKEN_FILE = "metrics_token_file";

  static MetricsConfig from(ConfigSection server) {
    return new MetricsConfig(
        new ListenAddress(
            ServerConfig.address(server, "metrics_address"),
            (int) server.integer("metrics_port", 9190, 0, 65535)),
        server.bool("status_page", true),
        TlsConfig.from(server, "metrics_tls"),
        tokenFile(server),
        server.bool("metrics_created_timestamps", false));
  }

  private static @Nullable Path tokenFile(ConfigSection server) {
    String text = server.string(TOKEN_FILE, "");
    try {
      return text.isEmpty() ? null : Path.of(text);
    } catch (InvalidPathException e) {
      server.reject(TOKEN_FILE, "must be the path of a file");
      return null;
    }
  }

  /** What an operator should know of how open the port is; null when it is not. */
  @Nullable String warning() {
    if (address.isLoopback()) {
      return null;
    }
    boolean known = tokenFile != null || (tls != null && tls.clientCa() != null);
    if (!known) {
      return "Whatever reaches "
          + address
          + " can read users, models and usage"
          + (tls == null ? " in plain text" : "")
          + ": let only Prometheus and the kubelet reach it (a NetworkPolicy,"
          + " server.metrics_address), or set server."
          + TOKEN_FILE;
    }
    return tls == null
        ? "The token of " + address + " goes over the network in plain text: set server.metrics_tls"
        : null;
  }
}
