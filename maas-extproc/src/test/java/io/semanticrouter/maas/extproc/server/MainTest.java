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
import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import io.semanticrouter.maas.record.Outcome;
import java.io.IOException;
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

/** The server as a process of its own: its log, and how it stops amid exchanges. */
@Timeout(120)
class MainTest {
  private static final String ENABLED =
      """
      maas_integration: { enabled: true }
      server: { grpc_address: 127.0.0.1, grpc_port: 0, metrics_address: 127.0.0.1, metrics_port: 0,
                drain_timeout_seconds: 1 }
      """;

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

  @Test
  void aServerThatIsKilledHasWrittenWhatItHadAnswered() throws Exception {
    Path journal = directory.resolve("journal");
    String config = config(ENABLED + "journal: { directory: " + journal + " }\n");
    for (int times = 1; times <= 2; times++) {
      ServerProcess run = run(Map.of(), "--config", config);
      try (FakeEnvoy envoy = envoy(run)) {
        for (int i = 0; i < 20; i++) {
          FakeEnvoy.Stream stream = envoy.open();
          stream.send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
          assertThat(stream.awaitReplies(3)).isTrue();
        }
        run.kill();
      }
      assertThat(run.exitStatus()).isEqualTo(137);
      assertThat(completeRecords(journal)).isEqualTo(20L * times);
    }
  }

  private static long completeRecords(Path journal) throws IOException {
    List<JournalLine> lines = new ArrayList<>();
    JournalReader.verify(
        journal,
        new JournalReader.Visitor() {
          @Override
          public void line(JournalLine line) {
            lines.add(line);
          }

          @Override
          public void problem(JournalProblem problem) {
            throw new AssertionError(problem.toString());
          }
        });
    return lines.stream().filter(l -> l.record().outcome() == Outcome.COMPLETE).count();
  }

  @Test
  void aStoppedServerSaysWhatItHasMetered() throws Exception {
    ServerProcess run = run(Map.of(), "--config", config(ENABLED));
    try (FakeEnvoy envoy = envoy(run)) {
      FakeEnvoy.Stream stream = envoy.open();
      stream.send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
      assertThat(stream.awaitReplies(3)).isTrue();
    }
    run.terminate();
    assertThat(run.exitStatus()).isZero();
    assertThat(run.out()).contains("Metered since the start: exchanges: 1, prompt tokens: ");
  }

  @Test
  void aJournalThatCannotBeWrittenIsAnErrorAtTheStart() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    ServerProcess run =
        run(Map.of(), "--config", config(ENABLED + "journal: { directory: " + file + " }\n"));
    assertThat(run.exitStatus()).isEqualTo(1);
    assertThat(run.err()).startsWith("maas-extproc: no journal: ");
  }

  @Test
  void debugShowsALinePerExchangeWithoutNamesOrBodies() throws Exception {
    ServerProcess run = run(Map.of("LOG_LEVEL", "DEBUG"), "--config", config(ENABLED));
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
    assertThat(exchangeLines(run)).hasSize(3).allMatch(line -> line.contains("outcome=complete"));
    assertThat(run.out())
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
