// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import io.semanticrouter.maas.extproc.Certificates;
import io.semanticrouter.maas.extproc.Certificates.Identity;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real Envoy and the jar, over each transport that there is, with the clusters that we ship. */
@Timeout(180)
class TransportIT {
  private static final int EXCHANGES = 20;
  private static final String NOT_AFTER =
      "semantic_router_tls_certificate_not_after_timestamp_seconds";
  private static final String CHAT =
      "{\"model\":\"qwen3\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";

  /** Short, because the path of a socket has to be. */
  @TempDir private Path directory;

  @Test
  void envoyMetersOverAUnixDomainSocket() throws Exception {
    Path socket = directory.resolve("maas.sock");
    try (SimulatedVllm backend = SimulatedVllm.builder().model("qwen3").start();
        ServerJar server =
            ServerJar.start(
                Project.WORK.resolve("uds"), config("grpc_tcp: false\n  grpc_socket: " + socket));
        Envoy envoy =
            start(
                "uds",
                backend,
                Files.readString(Project.file("deploy/envoy/cluster-uds.yaml"))
                    .replace("/run/maas/maas.sock", socket.toString()))) {
      assertThat(server.grpcPort()).isEqualTo(-1);
      assertMetered(envoy, server);
      assertThat(server.stop()).isZero();
      assertThat(Files.exists(socket)).isFalse();
    }
  }

  /**
   * A connection that is open goes on when the certificate expires, and the next one is refused,
   * until there is a certificate that is good: neither server nor Envoy is restarted for it.
   */
  @Test
  void envoyIsServedAgainWhenACertificateThatHasExpiredIsRotated() throws Exception {
    Envoy.binary();
    Certificates authority = new Certificates(directory);
    Identity first = authority.issue("first", "EC");
    Identity envoyIdentity = authority.issue("envoy", "EC");
    String tls =
        "tls: { certificate: %s, private_key: %s, client_ca: %s, reload_seconds: 1 }"
            .formatted(first.certificate(), first.privateKey(), authority.authority());
    try (SimulatedVllm backend = SimulatedVllm.builder().model("qwen3").start();
        ServerJar server = ServerJar.start(Project.WORK.resolve("mtls"), config(tls))) {
      String cluster = cluster(envoyIdentity, authority, server);
      try (Envoy envoy = start("mtls", backend, cluster)) {
        assertMetered(envoy, server);
      }
      letExpire(authority, first, server);
      assertThat(server.scrape().sum(NOT_AFTER, "file", "client_ca")).isGreaterThan(now());
      try (Envoy envoy = start("mtls-rotated", backend, cluster)) {
        assertThat(chat(envoy)).contains("[DONE]");
        assertThat(envoy.stat("failure_mode_allowed")).isEqualTo(1);
        assertThat(server.scrape().sum("semantic_router_requests_total")).isEqualTo(EXCHANGES);

        install(authority.issue("second", "RSA"), first);
        Waiting.until(
            Duration.ofSeconds(30),
            () ->
                assertThat(server.scrape().sum(NOT_AFTER, "file", "certificate"))
                    .isGreaterThan(now()));
        assertMetered(envoy, server);
        assertThat(server.scrape().sum("semantic_router_requests_total"))
            .as("answers, without the one that Envoy has counted")
            .isEqualTo(2 * EXCHANGES);
      }
    }
  }

  /** The server takes a certificate that is good for some seconds only, and those pass. */
  private static void letExpire(Certificates authority, Identity files, ServerJar server)
      throws Exception {
    double end = 0;
    // On a slow machine one may have expired before the server reads it, which refuses it then.
    for (int seconds = 5; end == 0 && seconds <= 80; seconds *= 2) {
      Identity brief =
          authority.issue("brief", "EC", "-startdate", "-1d+" + seconds + "S", "-validity", "1");
      double itsEnd = ((X509Certificate) brief.x509()).getNotAfter().toInstant().getEpochSecond();
      install(brief, files);
      while (end != itsEnd && now() <= itsEnd) {
        Thread.sleep(100);
        end = server.scrape().sum(NOT_AFTER, "file", "certificate") == itsEnd ? itsEnd : 0;
      }
    }
    assertThat(end).as("the server has taken one").isPositive();
    while (now() <= end) {
      Thread.sleep(100);
    }
  }

  private static double now() {
    return System.currentTimeMillis() / 1000.0;
  }

  private static void install(Identity identity, Identity files) throws IOException {
    Files.copy(identity.privateKey(), files.privateKey(), StandardCopyOption.REPLACE_EXISTING);
    Files.copy(identity.certificate(), files.certificate(), StandardCopyOption.REPLACE_EXISTING);
  }

  /** What Envoy's fail-open would hide: without its certificate nothing is metered. */
  @Test
  void envoyThatTrustsAnotherAuthorityDoesNotMeter() throws Exception {
    Envoy.binary();
    Certificates authority = new Certificates(directory.resolve("one"));
    Certificates other = new Certificates(directory.resolve("two"));
    Identity identity = authority.issue("maas", "EC");
    String tls =
        "tls: { certificate: %s, private_key: %s }"
            .formatted(identity.certificate(), identity.privateKey());
    try (SimulatedVllm backend = SimulatedVllm.builder().model("qwen3").start();
        ServerJar server = ServerJar.start(Project.WORK.resolve("mtls-other"), config(tls))) {
      String cluster = cluster(other.issue("envoy", "EC"), other, server);
      try (Envoy envoy = start("mtls-other", backend, cluster)) {
        assertThat(chat(envoy)).contains("[DONE]");
        assertThat(envoy.stat("failure_mode_allowed")).isEqualTo(1);
        assertThat(server.scrape().sum("semantic_router_requests_total")).isZero();
      }
    }
  }

  /** The jar holds only what is reachable, and reflection reaches by name. */
  @Test
  void reflectionWorksInTheJar() throws Exception {
    try (ServerJar server =
        ServerJar.start(Project.WORK.resolve("reflection"), config("reflection: true"))) {
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", server.grpcPort()).usePlaintext().build();
      try {
        assertThat(
                reflect(
                        channel,
                        ServerReflectionRequest.newBuilder()
                            .setFileContainingSymbol("envoy.service.ext_proc.v3.ExternalProcessor")
                            .build())
                    .getFileDescriptorResponse()
                    .getFileDescriptorProtoCount())
            .as("files that describe the service")
            .isPositive();
        assertThat(
                reflect(channel, ServerReflectionRequest.newBuilder().setListServices("*").build())
                    .getListServicesResponse()
                    .toString())
            .contains("envoy.service.ext_proc.v3.ExternalProcessor", "grpc.health.v1.Health");
      } finally {
        channel.shutdownNow();
      }
    }
  }

  private static ServerReflectionResponse reflect(
      ManagedChannel channel, ServerReflectionRequest request) throws Exception {
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse value) {
                    answer.complete(value);
                  }

                  @Override
                  public void onError(Throwable t) {
                    answer.completeExceptionally(t);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(request);
    requests.onCompleted();
    return answer.get(20, TimeUnit.SECONDS);
  }

  private static String config(String keys) {
    return Stack.PORTS + "  " + keys + "\nmaas_integration:\n  enabled: true\n";
  }

  private static String cluster(Identity identity, Certificates authority, ServerJar server)
      throws Exception {
    return Envoy.clusterWithFiles(identity, authority.authority())
        .replace("address: maas-extproc", "address: 127.0.0.1")
        .replace("port_value: 50051", "port_value: " + server.grpcPort())
        // Tests share their machine with others.
        .replace("connect_timeout: 1s", "connect_timeout: 20s");
  }

  private static Envoy start(String name, SimulatedVllm backend, String cluster) throws Exception {
    return Envoy.start(
        Project.WORK.resolve(name), Envoy.withCluster(Envoy.config(1, backend.port()), cluster));
  }

  private static String chat(Envoy envoy) throws Exception {
    return RawHttp.post(envoy.port(), "/v1/chat/completions", CHAT).body();
  }

  private static void assertMetered(Envoy envoy, ServerJar server) throws Exception {
    double before = server.scrape().sum("semantic_router_requests_total", "outcome", "complete");
    long unmetered = envoy.stat("failure_mode_allowed");
    for (int i = 0; i < EXCHANGES; i++) {
      assertThat(chat(envoy)).contains("[DONE]");
    }
    Waiting.until(
        Duration.ofSeconds(20),
        () ->
            assertThat(server.scrape().sum("semantic_router_requests_total", "outcome", "complete"))
                .isEqualTo(before + EXCHANGES));
    assertThat(envoy.stat("failure_mode_allowed")).isEqualTo(unmetered);
  }
}
