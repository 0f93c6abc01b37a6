// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.extproc.Certificates;
import io.semanticrouter.maas.extproc.Certificates.Identity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may read the metrics, and how many at once. */
@Timeout(120)
@Tag("slow")
class MetricsProtectionTest {
  // By BeforeAll: each takes a process of its own to make.
  @SuppressWarnings("NullAway.Init")
  private static Certificates authority;

  @SuppressWarnings("NullAway.Init")
  private static Identity first;

  @SuppressWarnings("NullAway.Init")
  private static Identity second;

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private final List<AutoCloseable> resources = new ArrayList<>();

  @BeforeAll
  static void issue(@TempDir Path files) throws Exception {
    authority = new Certificates(files.resolve("one"));
    first = authority.issue("first", "EC");
    second = authority.issue("second", "EC");
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable resource : resources) {
      resource.close();
    }
  }

  private RunningServer start(Map<String, ?> keys) throws IOException {
    RunningServer server = RunningServer.start(keys);
    resources.add(server);
    return server;
  }

  private Path replace(String name, String content) throws IOException {
    Path next = Files.writeString(directory.resolve(name + ".next"), content);
    return Files.move(next, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  private Map<String, Object> tls(Identity identity) throws IOException {
    return Map.of(
        "certificate",
        replace("tls.crt", Files.readString(identity.certificate())).toString(),
        "private_key",
        replace("tls.key", Files.readString(identity.privateKey())).toString(),
        "reload_seconds",
        1);
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    boolean met = condition.getAsBoolean();
    while (!met && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      met = condition.getAsBoolean();
    }
    assertThat(met).isTrue();
  }

  // --- the token -----------------------------------------------------------------------------

  private static HttpResponse<String> get(
      RunningServer server, String path, @Nullable String authorization) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + server.server.metricsPort() + path));
    if (authorization != null) {
      request.header("Authorization", authorization);
    }
    try {
      return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static String basic(String pair) {
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(US_ASCII));
  }

  @Test
  void whoeverKnowsTheTokenReadsTheMetricsAndTheProbesNeedNone() throws Exception {
    Path file = replace("token", "s3cret-token\n");
    RunningServer server = start(Map.of("metrics_token_file", file.toString()));
    for (String path : List.of("/metrics", "/", "/status.json")) {
      for (String good : List.of("Bearer s3cret-token", "bearer  s3cret-token ")) {
        assertThat(get(server, path, good).statusCode()).as(path + good).isEqualTo(200);
      }
      assertThat(get(server, path, basic("anybody:s3cret-token")).statusCode()).isEqualTo(200);
      for (String bad :
          List.of(
              "Bearer s3cret-toke",
              "Bearer s3cret-tokenx",
              "Bearer ",
              "Bearer",
              "s3cret-token",
              "Basic s3cret-token",
              "Basic ====",
              "Digest s3cret-token",
              basic("s3cret-token:"),
              basic("a:b:s3cret-token"))) {
        assertThat(get(server, path, bad).statusCode()).as(path + " " + bad).isEqualTo(401);
      }
      HttpResponse<String> none = get(server, path, null);
      assertThat(none.statusCode()).isEqualTo(401);
      assertThat(none.headers().allValues("www-authenticate"))
          .containsExactlyInAnyOrder(
              "Bearer realm=\"maas-extproc\"", "Basic realm=\"maas-extproc\"");
      assertThat(none.body()).doesNotContain("semantic_router", "s3cret");
    }
    assertThat(get(server, "/live", null).statusCode()).isEqualTo(200);
    assertThat(get(server, "/ready", null).statusCode()).isEqualTo(200);
    assertThat(get(server, "/other", null).statusCode()).isEqualTo(404);
  }

  @Test
  void aChangedTokenIsInUseSoonAndOneThatCannotBeReadStays() throws Exception {
    Path file = replace("token", "one");
    RunningServer server = start(Map.of("metrics_token_file", file.toString()));
    assertThat(get(server, "/metrics", "Bearer one").statusCode()).isEqualTo(200);
    replace("token", "two");
    await(() -> get(server, "/metrics", "Bearer two").statusCode() == 200);
    assertThat(get(server, "/metrics", "Bearer one").statusCode()).isEqualTo(401);
    Files.delete(file);
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1100));
    assertThat(get(server, "/metrics", "Bearer two").statusCode()).isEqualTo(200);
    replace("token", "three");
    await(() -> get(server, "/metrics", "Bearer three").statusCode() == 200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "a b", "a\nb", "gr\u00fcn", "\u0000"})
  void aTokenThatNoHeaderCanHaveIsRefusedAtTheStart(String token) throws Exception {
    Path file = replace("token", token);
    assertThatThrownBy(() -> start(Map.of("metrics_token_file", file.toString())))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "server.metrics_token_file: "
                + file
                + " must hold 1 to 4096 visible characters of ASCII");
  }

  @Test
  void aTokenThatIsNotThereIsRefusedAtTheStart() {
    Path file = directory.resolve("none");
    assertThatThrownBy(() -> start(Map.of("metrics_token_file", file.toString())))
        .hasMessage("server.metrics_token_file: " + file + " does not exist");
  }

  // --- TLS -----------------------------------------------------------------------------------

  private static HttpResponse<String> secure(RunningServer server, @Nullable Identity own)
      throws Exception {
    return HttpClient.newBuilder()
        .sslContext(authority.clients(own))
        .build()
        .send(
            HttpRequest.newBuilder(
                    URI.create("https://127.0.0.1:" + server.server.metricsPort() + "/metrics"))
                .timeout(Duration.ofSeconds(30))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static Certificate shown(RunningServer server) {
    try {
      return secure(server, null).sslSession().orElseThrow().getPeerCertificates()[0];
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void metricsAreServedOverTlsWithTheCertificateThatIsInTheFileNow() throws Exception {
    RunningServer server = start(Map.of("metrics_tls", tls(first)));
    HttpResponse<String> answer = secure(server, null);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .contains("not_after_timestamp_seconds{file=\"metrics_certificate\"} ")
        .contains("semantic_router_tls_reload_failures_total 0.0");
    assertThat(shown(server)).isEqualTo(first.x509());
    assertThatThrownBy(() -> server.get("/metrics")).isInstanceOf(IOException.class);
    tls(second);
    await(() -> shown(server).equals(second.x509()));
  }

  @Test
  void aClientWithoutACertificateIsRefusedWhereOneIsAskedFor() throws Exception {
    Map<String, Object> tls = new LinkedHashMap<>(tls(first));
    tls.put("client_ca", authority.authority().toString());
    RunningServer server = start(Map.of("metrics_tls", tls));
    assertThat(secure(server, second).statusCode()).isEqualTo(200);
    assertThatThrownBy(() -> secure(server, null)).isInstanceOf(IOException.class);
  }

  /** More of them than there are threads. */
  @Test
  void clientsThatStopInTheMiddleOfAHandshakeGiveWayToOthers() throws Exception {
    RunningServer server = start(Map.of("metrics_tls", tls(first)));
    for (int i = 0; i < 60; i++) {
      Socket half = new Socket(InetAddress.getLoopbackAddress(), server.server.metricsPort());
      resources.add(half);
      half.getOutputStream().write(new byte[] {0x16, 0x03, 0x01, 0x02, 0x00, 0x01});
    }
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(300));
    assertThat(secure(server, null).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "certificate, none.pem, server.metrics_tls.certificate: none.pem does not exist",
    "private_key, none.pem, server.metrics_tls.private_key: none.pem does not exist"
  })
  void aFileThatIsNotThereIsNamedWithItsKey(String key, String value, String message)
      throws Exception {
    Map<String, Object> tls = new LinkedHashMap<>(tls(first));
    tls.put(key, value);
    assertThatThrownBy(() -> start(Map.of("metrics_tls", tls))).hasMessage(message);
  }

  // --- connections ---------------------------------------------------------------------------

  /** In a process of its own: the HTTP server reads its bound when it is loaded. */
  @Test
  void theConnectionAfterTheLastIsClosedAtOnce() throws Exception {
    Path config =
        Files.writeString(
            directory.resolve("config.yaml"),
            "server: { grpc_address: 127.0.0.1, grpc_port: 0, metrics_address: 127.0.0.1,"
                + " metrics_port: 0 }\n");
    ServerProcess process =
        ServerProcess.start(directory, List.of(), Map.of(), "--config", config.toString());
    resources.add(() -> process.process().destroyForcibly().waitFor());
    int port = process.awaitMetricsPort();
    List<Socket> open = new ArrayList<>();
    for (int i = 0; i < MetricsEndpoint.MAX_CONNECTIONS; i++) {
      open.add(connect(port));
    }
    // The last one that has a place is answered, and keeps it.
    assertThat(live(open.get(open.size() - 1))).isTrue();
    assertThat(live(connect(port))).isFalse();
    open.get(0).close();
    await(
        () -> {
          try {
            return live(connect(port));
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }

  private Socket connect(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(10_000);
    resources.add(socket);
    return socket;
  }

  /** Whether a request is answered on a connection, which stays open. */
  private static boolean live(Socket socket) throws IOException {
    try {
      socket.getOutputStream().write("GET /live HTTP/1.1\r\nhost: a\r\n\r\n".getBytes(US_ASCII));
      return new String(socket.getInputStream().readNBytes(12), US_ASCII).equals("HTTP/1.1 200");
    } catch (SocketException e) {
      return false; // reset
    }
  }
}
