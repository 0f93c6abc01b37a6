// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.ConfigSection;
import java.time.Duration;

/**
 * The {@code server} section: where the server listens and how it stops.
 *
 * @param grpcAddress address of the ExtProc and health services
 * @param grpcPort their port; 0 lets the system choose
 * @param metricsAddress address of the metrics endpoint
 * @param metricsPort its port; 0 lets the system choose
 * @param drainTimeout how long a stopping server waits for open exchanges
 */
record ServerConfig(
    String grpcAddress,
    int grpcPort,
    String metricsAddress,
    int metricsPort,
    Duration drainTimeout) {

  static ServerConfig from(ConfigSection root) {
    ConfigSection section = root.section("server");
    ServerConfig config =
        new ServerConfig(
            address(section, "grpc_address"),
            (int) section.integer("grpc_port", 50051, 0, 65535),
            address(section, "metrics_address"),
            (int) section.integer("metrics_port", 9190, 0, 65535),
            // Below the 30 s that Kubernetes gives a pod to stop by default.
            Duration.ofSeconds(section.integer("drain_timeout_seconds", 25, 0, 3600)));
    if (config.grpcPort != 0 && config.grpcPort == config.metricsPort) {
      section.reject("metrics_port", "must differ from grpc_port");
    }
    section.rejectUnknownKeys();
    return config;
  }

  private static String address(ConfigSection section, String key) {
    String address = section.string(key, "0.0.0.0");
    if (address.isBlank()) {
      section.reject(key, "must be a host name or an IP address");
    }
    return address;
  }
}
