// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.extproc.ExtProcConfig;
import io.semanticrouter.maas.journal.JournalConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sections {@code server}, where the server listens and how it stops, and {@code journal}.
 *
 * @param grpc the ExtProc and health services
 * @param extProc how the ExtProc service behaves
 * @param metrics the metrics port
 * @param idleTimeout how long an exchange may be silent; zero for ever
 * @param shutdownDelay how long a stopping server still takes new exchanges while it says that it
 *     is not ready
 * @param drainTimeout how long it then waits for open exchanges
 * @param metricsLinger how long it can be scraped after that
 * @param otlp where metrics are pushed to, or null when they are not
 * @param journal the section of the journal, or null when there is none
 */
record ServerConfig(
    GrpcConfig grpc,
    ExtProcConfig extProc,
    MetricsConfig metrics,
    Duration idleTimeout,
    Duration shutdownDelay,
    Duration drainTimeout,
    Duration metricsLinger,
    @Nullable OtlpConfig otlp,
    @Nullable JournalConfig journal) {

  static ServerConfig from(ConfigSection root) {
    ConfigSection section = root.section("server");
    GrpcConfig grpc = GrpcConfig.from(section);
    MetricsConfig metrics = MetricsConfig.from(section);
    ListenAddress tcp = grpc.tcp();
    if (tcp != null && tcp.port() != 0 && tcp.port() == metrics.address().port()) {
      section.reject("metrics_port", "must differ from grpc_port");
    }
    ServerConfig config =
        new ServerConfig(
            grpc,
            ExtProcConfig.from(section),
            metrics,
            // Longer than a model is silent; what hangs longer has lost its data plane.
            Duration.ofSeconds(section.integer("idle_timeout_seconds", 3600, 0, 86_400)),
            seconds(section, "shutdown_delay_seconds", 0),
            // Below the 30 s that Kubernetes gives a pod to stop by default.
            seconds(section, "drain_timeout_seconds", 25),
            seconds(section, "metrics_linger_seconds", 0),
            OtlpConfig.from(section),
            JournalConfig.from(root));
    section.rejectUnknownKeys();
    return config;
  }

  /** What an operator should know of how open the ports are, a sentence each. */
  List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    ListenAddress tcp = grpc.tcp();
    TlsConfig tls = grpc.tls();
    if (tcp != null && !tcp.isLoopback() && (tls == null || tls.clientCa() == null)) {
      warnings.add(
          "Whatever reaches "
              + tcp
              + " can write bills: clients of this port prove nothing. Let only Envoy reach it (a"
              + " NetworkPolicy, server.grpc_address, server.grpc_socket), or set"
              + " server.tls.client_ca and client_sans");
    } else if (tls != null && tls.clientCa() != null && tls.clientSans().isEmpty()) {
      warnings.add(
          "Any certificate of server.tls.client_ca is enough to write bills: name those of Envoy in"
              + " server.tls.client_sans");
    }
    String open = metrics.warning();
    if (open != null) {
      warnings.add(open);
    }
    return warnings;
  }

  private static Duration seconds(ConfigSection section, String key, int defaultValue) {
    return Duration.ofSeconds(section.integer(key, defaultValue, 0, 3600));
  }

  /** A host name or an IP address. */
  static String address(ConfigSection section, String key) {
    String address = section.string(key, "0.0.0.0");
    if (address.isBlank()) {
      section.reject(key, "must be a host name or an IP address");
    }
    return address;
  }
}
