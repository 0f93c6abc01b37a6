// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.semanticrouter.maas.extproc.Certificates;
import io.semanticrouter.maas.extproc.Certificates.Identity;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS on the TCP port, with the files that change while the server runs. */
@Timeout(120)
@Tag("slow")
class TlsTest {
  private static final String NOT_AFTER =
      "semantic_router_tls_certificate_not_after_timestamp_seconds";
  private static final String FAILURES = "semantic_router_tls_reload_failures_total";

  // By BeforeAll: each takes a process of its own to make.
  @SuppressWarnings("NullAway.Init")
  private static Certificates authority;

  @SuppressWarnings("NullAway.Init")
  private static Identity first;

  @SuppressWarnings("NullAway.Init")
  private static Identity second;

  @SuppressWarnings("NullAway.Init")
  private static Identity envoy;

  @SuppressWarnings("NullAway.Init")
  private static Certificates otherAuthority;

  @SuppressWarnings("NullAway.Init")
  private static Identity otherEnvoy;

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private final List<ManagedChannel> channels = new ArrayList<>();

  @BeforeAll
  static void issue(@TempDir Path directory) throws Exception {
    authority = new Certificates(directory.resolve("one"));
    first = authority.issue("first", "EC");
    second = authority.issue("second", "EC");
    envoy = authority.issue("envoy", "EC");
    otherAuthority = new Certificates(directory.resolve("two"));
    otherEnvoy = otherAuthority.issue("envoy", "EC");
  }

  @BeforeEach
  void install() throws Exception {
    install(first);
  }

  @AfterEach
  void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }

  private Path file(String name) {
    return directory.resolve(name);
  }

  private void install(Identity identity) throws IOException {
    replace("tls.key", Files.readString(identity.privateKey()));
    replace("tls.crt", Files.readString(identity.certificate()));
  }

  private void replace(String name, String content) throws IOException {
    Path next = Files.writeString(file(name + ".next"), content);
    Files.move(next, file(name), StandardCopyOption.ATOMIC_MOVE);
  }

  private Map<String, Object> tls() {
    Map<String, Object> tls = new LinkedHashMap<>();
    tls.put("certificate", file("tls.crt").toString());
    tls.put("private_key", file("tls.key").toString());
    tls.put("reload_seconds", 1);
    return tls;
  }

  private Map<String, Object> mutual() throws Exception {
    replace("ca.crt", Files.readString(authority.authority()));
    Map<String, Object> tls = tls();
    tls.put("client_ca", file("ca.crt").toString());
    return tls;
  }

  /** A channel that trusts the authority, with a certificate of its own or without. */
  private ManagedChannel channel(RunningServer server, @Nullable Identity identity)
      throws Exception {
    SslContextBuilder context =
        GrpcSslContexts.forClient().trustManager(authority.authority().toFile());
    if (identity != null) {
      context.keyManager(identity.certificate().toFile(), identity.privateKey().toFile());
    }
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.server.grpcPort())
            .sslContext(context.build())
            .build();
    channels.add(channel);
    return channel;
  }

  private static ServingStatus check(ManagedChannel channel) {
    return HealthGrpc.newBlockingStub(channel)
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .check(HealthCheckRequest.getDefaultInstance())
        .getStatus();
  }

  private static void assertRefused(ManagedChannel channel) {
    assertThatThrownBy(() -> check(channel))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageStartingWith("UNAVAILABLE");
  }

  /** The certificate that a new connection is shown. */
  private static Certificate shown(RunningServer server) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
    try (SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket("127.0.0.1", server.server.grpcPort())) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return socket.getSession().getPeerCertificates()[0];
    }
  }

  private static void awaitShown(RunningServer server, Identity identity) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!shown(server).equals(identity.x509()) && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
    assertThat(shown(server)).isEqualTo(identity.x509());
  }

  // One way

  @Test
  void clientThatTrustsTheAuthorityIsServedAndPlainTextIsNot() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("tls", tls()))) {
      assertThat(check(channel(server, null))).isEqualTo(ServingStatus.SERVING);
      assertThat(shown(server)).isEqualTo(first.x509());
      assertRefused(server.channel());
    }
  }

  @Test
  void rsaCertificateIsServedToo() throws Exception {
    install(authority.issue("rsa", "RSA"));
    try (RunningServer server = RunningServer.start(Map.of("tls", tls()))) {
      assertThat(check(channel(server, null))).isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void socketStaysPlainText() throws Exception {
    Path socket = file("maas.sock");
    try (RunningServer server =
        RunningServer.start(Map.of("tls", tls(), "grpc_socket", socket.toString()))) {
      assertThat(check(server.channel(socket))).isEqualTo(ServingStatus.SERVING);
    }
  }

  // Mutual

  @Test
  void clientWithACertificateOfTheAuthorityIsServedAndOthersAreNot() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("tls", mutual()))) {
      assertThat(check(channel(server, envoy))).isEqualTo(ServingStatus.SERVING);
      assertRefused(channel(server, null));
      assertRefused(channel(server, otherEnvoy));
    }
  }

  /** The certificate of the server is one of the same authority too. */
  @Test
  void clientWithoutOneOfTheNamesIsRefusedAlthoughTheAuthorityIsRight() throws Exception {
    Identity named =
        authority.issue("named", "EC", "-ext", "san=dns:other.maas,uri:spiffe://td/ns/gw/sa/envoy");
    Identity nameless = authority.issue("nameless", "EC", "-ext", "san=ip:127.0.0.1");
    for (String san : List.of("OTHER.maas", "spiffe://td/ns/gw/sa/envoy")) {
      Map<String, Object> tls = mutual();
      tls.put("client_sans", List.of("first.maas", san));
      try (RunningServer server = RunningServer.start(Map.of("tls", tls))) {
        assertThat(check(channel(server, named))).isEqualTo(ServingStatus.SERVING);
        assertRefused(channel(server, envoy));
        assertRefused(channel(server, nameless));
        assertRefused(channel(server, otherEnvoy));
        assertThat(server.awaitSum("semantic_router_tls_refused_clients_total", "", 2))
            .as("those of the authority")
            .isGreaterThanOrEqualTo(2);
      }
    }
    Map<String, Object> tls = mutual();
    tls.put("client_sans", List.of("SPIFFE://td/ns/gw/sa/envoy", "other", "*.maas", "CN=named"));
    try (RunningServer server = RunningServer.start(Map.of("tls", tls))) {
      assertRefused(channel(server, named));
    }
  }

  @Test
  void newAuthorityIsTrustedAndTheOldOneIsNoMore() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("tls", mutual()))) {
      assertThat(check(channel(server, envoy))).isEqualTo(ServingStatus.SERVING);
      assertRefused(channel(server, otherEnvoy));

      replace("ca.crt", Files.readString(otherAuthority.authority()));
      // In one go with a certificate, so that its coming shows that both have been taken.
      install(second);
      awaitShown(server, second);
      assertThat(check(channel(server, otherEnvoy))).isEqualTo(ServingStatus.SERVING);
      assertRefused(channel(server, envoy));
    }
  }

  // Rotation

  @Test
  void newConnectionsSeeTheNewCertificateAndOpenOnesGoOn() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("tls", tls()))) {
      FakeEnvoy.Stream stream = FakeEnvoy.on(channel(server, null)).open();
      stream.send(chat(), response(200, "application/json"));
      assertThat(stream.awaitReplies(2)).isTrue();
      assertThat(shown(server)).isEqualTo(first.x509());

      install(second);
      awaitShown(server, second);
      assertThat(check(channel(server, null))).isEqualTo(ServingStatus.SERVING);

      stream.send(body(JSON_ANSWER, true));
      assertThat(stream.awaitReplies(3)).isTrue();
      stream.halfClose();
      assertThat(stream.awaitEnd()).isTrue();
      assertThat(stream.isCompleted()).isTrue();
      assertThat(server.awaitSum("semantic_router_requests_total", "complete", 1)).isEqualTo(1);
    }
  }

  @Test
  void brokenFilesAreCountedAndTheOldCertificateStaysUntilTheyAreRight() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("tls", mutual()))) {
      assertThat(server.sum(FAILURES, "")).isZero();

      replace("tls.key", Files.readString(second.privateKey()));
      assertThat(server.awaitSum(FAILURES, "", 1)).as("half of a change").isPositive();
      replace("tls.crt", "garbage");
      assertFailsAgain(server);
      Files.delete(file("tls.crt"));
      assertFailsAgain(server);
      Identity expired = authority.issue("old", "EC", "-startdate", "-10d", "-validity", "1");
      install(expired);
      assertFailsAgain(server);
      install(second);
      replace("ca.crt", "");
      assertFailsAgain(server);
      assertThat(shown(server)).isEqualTo(first.x509());

      replace("ca.crt", Files.readString(authority.authority()));
      awaitShown(server, second);
      double failures = server.sum(FAILURES, "");
      install(first);
      awaitShown(server, first);
      assertThat(server.sum(FAILURES, "")).isBetween(failures, failures + 1);
    }
  }

  /** Of the chain, and of several authorities, the one that is the first to expire. */
  @Test
  void whenTheFilesExpireIsAMetric() throws Exception {
    Identity soon = authority.issue("soon", "EC", "-validity", "20");
    replace(
        "tls.crt", Files.readString(first.certificate()) + Files.readString(soon.certificate()));
    Map<String, Object> tls = mutual();
    replace(
        "ca.crt",
        Files.readString(authority.authority()) + Files.readString(otherAuthority.authority()));
    try (RunningServer server = RunningServer.start(Map.of("tls", tls))) {
      assertThat(server.sum(NOT_AFTER, "\"certificate\"")).isEqualTo(end(soon.x509()));
      Certificate firstAuthority = certificate(authority);
      assertThat(server.sum(NOT_AFTER, "\"client_ca\"")).isEqualTo(end(firstAuthority));

      replace("ca.crt", Files.readString(otherAuthority.authority()));
      install(second);
      awaitShown(server, second);
      assertThat(server.sum(NOT_AFTER, "\"certificate\"")).isEqualTo(end(second.x509()));
      assertThat(server.sum(NOT_AFTER, "\"client_ca\""))
          .isEqualTo(end(certificate(otherAuthority)));
    }
  }

  private static Certificate certificate(Certificates issuer) throws Exception {
    return Pem.certificates(Files.readAllBytes(issuer.authority()))[0];
  }

  private static double end(Certificate certificate) {
    return ((X509Certificate) certificate).getNotAfter().toInstant().getEpochSecond();
  }

  private static void assertFailsAgain(RunningServer server) throws Exception {
    // One more may have begun before the change.
    double before = server.sum(FAILURES, "");
    assertThat(server.awaitSum(FAILURES, "", before + 2)).isGreaterThan(before + 1);
  }

  // Files that cannot be used from the start

  @Test
  void unusableFileIsNamedInOneLine() throws Exception {
    Files.delete(file("tls.crt"));
    assertStartFails("certificate: " + file("tls.crt") + " does not exist");
    Files.createDirectory(file("tls.crt"));
    assertStartFails("certificate: " + file("tls.crt") + " cannot be read: Is a directory");
    Files.delete(file("tls.crt"));
    Files.writeString(file("tls.crt"), "garbage");
    assertStartFails("certificate: " + file("tls.crt") + " holds no certificate in PEM format");
    String pem = Files.readString(first.certificate());
    Files.writeString(file("tls.crt"), pem + "x".repeat((4 << 20) - pem.length()));
    RunningServer.start(Map.of("tls", tls())).close();
    Files.writeString(file("tls.crt"), pem + "x".repeat((4 << 20) - pem.length() + 1));
    assertStartFails("certificate: " + file("tls.crt") + " is larger than 4194304 bytes");

    install(first);
    Files.writeString(file("tls.key"), Files.readString(file("tls.crt")));
    assertStartFails("private_key: " + file("tls.key") + " holds no private key in PEM format");
    Files.writeString(file("tls.key"), Files.readString(second.privateKey()));
    assertStartFails("private_key: " + file("tls.key") + " does not belong to the certificate");
  }

  private void assertStartFails(String problem) {
    assertThatThrownBy(() -> RunningServer.start(Map.of("tls", tls())).close())
        .isInstanceOf(IOException.class)
        .hasMessage("server.tls." + problem);
  }
}
