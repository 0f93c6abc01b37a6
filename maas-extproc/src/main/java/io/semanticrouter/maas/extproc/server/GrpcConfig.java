// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigSection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the {@code server} section about gRPC: where it listens, and within what limits.
 *
 * @param tcp the TCP address, or null when there is none
 * @param socket the Unix domain socket, or null when there is none
 * @param tls for the TCP address, or null for plain text
 * @param threads how many event loops share all connections
 * @param keepalive silence after which a connection is asked whether its peer still lives
 * @param maxMessageBytes the largest message from Envoy
 * @param maxHeaderListBytes the most that the metadata of a stream may have
 * @param reflection whether the services can be listed by every client that reaches them
 */
record GrpcConfig(
    @Nullable ListenAddress tcp,
    @Nullable SocketConfig socket,
    @Nullable TlsConfig tls,
    int threads,
    Duration keepalive,
    int maxMessageBytes,
    int maxHeaderListBytes,
    boolean reflection) {

  /** A message is in memory as a whole, so it may take a sixteenth of it: 4 to 64 MB. */
  private static final int MAX_MESSAGE_MB =
      (int) Math.max(4, Math.min(64, Runtime.getRuntime().maxMemory() >> 24));

  static GrpcConfig from(ConfigSection section) {
    ListenAddress tcp =
        new ListenAddress(
            ServerConfig.address(section, "grpc_address"),
            (int) section.integer("grpc_port", 50051, 0, 65535));
    boolean overTcp = section.bool("grpc_tcp", true);
    SocketConfig socket = SocketConfig.from(section);
    TlsConfig tls = TlsConfig.from(section, "tls");
    if (!overTcp && socket == null) {
      section.reject("grpc_tcp", "can be false only with a grpc_socket to listen on");
    }
    if (!overTcp && tls != null) {
      section.reject("tls", "is for TCP, which grpc_tcp: false switches off");
    }
    int processors = Runtime.getRuntime().availableProcessors();
    return new GrpcConfig(
        overTcp ? tcp : null,
        socket,
        tls,
        (int) section.integer("grpc_threads", processors, 1, 1024),
        Duration.ofSeconds(section.integer("keepalive_seconds", 60, 1, 3600)),
        (int) section.integer("max_message_mb", MAX_MESSAGE_MB, 1, 1024) << 20,
        // A client's headers, which Envoy bounds at 60 KiB by default, can be copied into the
        // metadata (grpc_service.initial_metadata).
        (int) section.integer("max_header_list_kb", 64, 8, 8192) << 10,
        section.bool("reflection", false));
  }
}
