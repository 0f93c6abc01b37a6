// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.SSE_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The server as a process of its own. */
@Timeout(120)
class MainTest {
  private static final String SERVER =
      "server: { grpc_address: 127.0.0.1, grpc_port: 0, metrics_address: 127.0.0.1,"
          + " metrics_port: 0, drain_timeout_seconds: 1, warm_up_seconds: 0 }\n";
  private static final String ENABLED = "maas_integration: { enabled: true }\n" + SERVER;

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private final List<ServerProcess> runs = new ArrayList<>();

  @AfterEach
  void endWhatWasStarted() {
    runs.forEach(ServerProcess::kill);
  }

  private ServerProcess run(Map<String, String> environment, String... arguments)
      throws IOException {
    ServerProcess run = ServerProcess.start(directory, List.of(), environment, arguments);
    runs.add(run);
    return run;
  }

  private String config(String yaml) throws IOException {
    Path file = Files.createTempFile(directory, "config", ".yaml");
    return Files.writeString(file, yaml).toString();
  }

  private static void assertNoStackTrace(ServerProcess run) throws IOException {
    assertThat(run.err() + run.out()).doesNotContain("\tat ").doesNotContain("Exception");
  }

  // Options

  @Test
  void helpExplainsOptionAndEnvironment() throws Exception {
    ServerProcess run = run(Map.of(), "--help");
    assertThat(run.exitStatus()).isZero();
    assertThat(run.out())
        .contains("--config", "--train", "CONFIG_FILE", "LOG_LEVEL", "config/config.yaml");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void versionIsOneLine() throws Exception {
    ServerProcess run = run(Map.of(), "--version");
    assertThat(run.exitStatus()).isZero();
    assertThat(run.out().lines()).singleElement().asString().startsWith("maas-extproc ");
  }

  @Test
  void unknownOptionShowsTheUsage() throws Exception {
    ServerProcess run = run(Map.of(), "--bogus");
    assertThat(run.exitStatus()).isEqualTo(2);
    assertThat(run.err()).contains("--bogus").contains("Usage: maas-extproc");
    assertNoStackTrace(run);
  }

  @Test
  void misspelledOptionIsAnsweredWithTheRightOne() throws Exception {
    ServerProcess run = run(Map.of(), "--confg", "x");
    assertThat(run.exitStatus()).isEqualTo(2);
    assertThat(run.err()).contains("--confg").contains("Possible solutions: --config");
    assertNoStackTrace(run);
  }

  @Test
  void trainingEndsByItselfThoughTheAddressesAreNotToBeHad() throws Exception {
    String elsewhere =
        """
        server:
          grpc_address: 192.0.2.1
          metrics_address: 192.0.2.1
          grpc_socket: /nowhere/maas.sock
          tls: { certificate: /nowhere/tls.crt, private_key: /nowhere/tls.key }
          shutdown_delay_seconds: 60
          metrics_linger_seconds: 60
        """;
    ServerProcess run = run(Map.of(), "--train", "--config", config(elsewhere));
    assertThat(run.exitStatus()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines())
        .singleElement()
        .asString()
        .matches(".* INFO .*Trained for \\d+ s");
  }

  // Configuration

  @Test
  void missingConfigurationIsNamedWithItsAbsolutePath() throws Exception {
    ServerProcess run = run(Map.of());
    assertThat(run.exitStatus()).isEqualTo(2);
    assertThat(run.errLines())
        .singleElement()
        .asString()
        .contains(directory.toRealPath().resolve("config/config.yaml").toString());
    assertThat(run.out()).isEmpty();
    assertNoStackTrace(run);
  }

  @Test
  void wrongConfigurationIsReportedWithALinePerError() throws Exception {
    String config =
        config("maas_integration: { enabled: yes }\nserver: { grpc_port: x, metrics_prt: 1 }\n");
    ServerProcess run = run(Map.of("LOG_LEVEL", "loud"), "--config", config);
    assertThat(run.exitStatus()).isEqualTo(2);
    assertThat(run.errLines()).hasSize(5);
    assertThat(run.errLines().get(0)).contains(config).endsWith("4 error(s)");
    assertThat(run.err())
        .contains("  maas_integration.enabled = \"yes\": must be true or false")
        .contains("  server.grpc_port = \"x\": must be a whole number")
        .contains("did you mean \"metrics_port\"?")
        .contains("  LOG_LEVEL = \"loud\": must be one of");
    assertNoStackTrace(run);
  }

  @Test
  void brokenYamlIsReportedInOneLine() throws Exception {
    ServerProcess run = run(Map.of(), "--config", config("maas_integration: [\n"));
    assertThat(run.exitStatus()).isEqualTo(2);
    assertThat(run.errLines()).hasSize(1);
    assertNoStackTrace(run);
  }

  @Test
  void optionWinsOverTheEnvironment() throws Exception {
    String config = config(SERVER);
    ServerProcess byEnvironment = run(Map.of("CONFIG_FILE", "nowhere.yaml"));
    assertThat(byEnvironment.exitStatus()).isEqualTo(2);
    assertThat(byEnvironment.err()).contains("nowhere.yaml");
    ServerProcess byOption = run(Map.of("CONFIG_FILE", "nowhere.yaml"), "--config", config);
    byOption.ready();
    ServerProcess readByEnvironment = run(Map.of("CONFIG_FILE", config));
    readByEnvironment.ready();
    assertThat(readByEnvironment.out()).contains(config);
  }

  // Start

  @ParameterizedTest
  @CsvSource({
    "false, false, mode standalone",
    "true, false, mode maas",
    "true, true, mode hybrid",
  })
  void firstLineNamesTheMode(boolean enabled, boolean internalCost, String mode) throws Exception {
    String config =
        config(
            "maas_integration: { enabled: %s, metrics: { internal_cost_calculation: %s } }\n%s"
                .formatted(enabled, internalCost, SERVER));
    ServerProcess run = run(Map.of(), "--config", config);
    run.ready();
    assertThat(run.out().lines().findFirst())
        .hasValueSatisfying(line -> assertThat(line).contains("] MaaS integration: " + mode));
    assertThat(run.err()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"grpc_port, metrics_port, gRPC", "metrics_port, grpc_port, metrics"})
  void portInUseIsReportedInOneLine(String takenKey, String freeKey, String what) throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String config =
          config(
              "server: { grpc_address: 127.0.0.1, metrics_address: 127.0.0.1,"
                  + " %s: %d, %s: 0 }\n".formatted(takenKey, taken.getLocalPort(), freeKey));
      ServerProcess run = run(Map.of("LOG_LEVEL", "debug"), "--config", config);
      assertThat(run.exitStatus()).isEqualTo(1);
      assertThat(run.errLines())
          .singleElement()
          .asString()
          .startsWith(
              "maas-extproc: cannot listen for %s on 127.0.0.1:%d: "
                  .formatted(what, taken.getLocalPort()))
          .contains("Address already in use");
      assertNoStackTrace(run);
      assertThat(run.out()).as("at once, not behind a warm-up").doesNotContain("Warm after");
    }
  }

  // Stop

  @Test
  void terminationWhileIdleIsQuickAndNoFailure() throws Exception {
    ServerProcess run = run(Map.of(), "--config", config(SERVER));
    run.ready();
    long start = System.nanoTime();
    run.terminate();
    assertThat(run.exitStatus()).isZero();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    assertThat(run.out()).contains("Stopped");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void terminationWaitsForAnOpenExchangeAndSettlesIt() throws Exception {
    ServerProcess run = run(Map.of("LOG_LEVEL", "debug"), "--config", config(ENABLED));
    FakeEnvoy envoy = envoy(run);
    try (envoy) {
      FakeEnvoy.Stream stream = envoy.open();
      stream.send(chat(), response(200, "text/event-stream"), body(SSE_ANSWER.get(0), false));
      assertThat(stream.awaitReplies(3)).isTrue();
      long start = System.nanoTime();
      run.terminate();
      assertThat(run.exitStatus()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(15));
    }
    assertThat(exchangeLines(run)).singleElement().asString().contains("reasons=[DRAIN]");
    assertThat(run.out()).contains("Open exchanges after PT1S").contains("Stopped");
  }

  // Log

  @Test
  void debugShowsALinePerExchangeWithoutNamesOrBodies() throws Exception {
    String warm = ENABLED.replace(", warm_up_seconds: 0", "");
    ServerProcess run = run(Map.of("LOG_LEVEL", "DEBUG"), "--config", config(warm));
    try (FakeEnvoy envoy = envoy(run)) {
      for (int i = 0; i < 3; i++) {
        FakeEnvoy.Stream stream = envoy.open();
        stream.send(
            chat("x-auth-request-user", "alice-the-user", "x-auth-request-tier", "gold-tier"),
            response(200, "application/json"),
            body(JSON_ANSWER, true));
        assertThat(stream.awaitReplies(3)).isTrue();
        stream.halfClose();
        assertThat(stream.awaitEnd()).isTrue();
      }
    }
    run.terminate();
    assertThat(run.exitStatus()).isZero();
    // None of those that warmed it up.
    assertThat(exchangeLines(run)).hasSize(3).allMatch(line -> line.contains("outcome=complete"));
    assertThat(run.out())
        .contains("Warm after")
        .doesNotContain("alice-the-user")
        .doesNotContain("gold-tier")
        .doesNotContain("Four.");
  }

  @Test
  void emptyLogLevelMeansInfo() throws Exception {
    for (String level : List.of("", " ")) {
      ServerProcess run = run(Map.of("LOG_LEVEL", level), "--config", config(ENABLED));
      try (FakeEnvoy envoy = envoy(run)) {
        FakeEnvoy.Stream stream = envoy.open();
        stream.send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
        assertThat(stream.awaitReplies(3)).isTrue();
      }
      run.terminate();
      assertThat(run.exitStatus()).isZero();
      assertThat(run.out()).contains("Ready").doesNotContain("DEBUG");
    }
  }

  private static FakeEnvoy envoy(ServerProcess run) throws Exception {
    return FakeEnvoy.on(
        NettyChannelBuilder.forAddress("127.0.0.1", run.ready()).usePlaintext().build());
  }

  private static List<String> exchangeLines(ServerProcess run) throws IOException {
    return run.out().lines().filter(line -> line.contains("MaaS exchange ")).toList();
  }
}
