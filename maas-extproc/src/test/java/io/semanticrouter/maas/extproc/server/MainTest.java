// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.SSE_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import io.semanticrouter.maas.record.Outcome;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
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

  @Test
  void jsonLogsAreAnObjectALineWithTheIdsOfTheExchange() throws Exception {
    ServerProcess run =
        run(Map.of("LOG_LEVEL", "debug", "LOG_FORMAT", "JSON"), "--config", config(ENABLED));
    try (FakeEnvoy envoy = envoy(run)) {
      FakeEnvoy.Stream stream = envoy.open();
      stream.send(
          chat("x-request-id", "req-\"1"),
          response(200, "application/json"),
          body(JSON_ANSWER, true));
      assertThat(stream.awaitReplies(3)).isTrue();
    }
    run.terminate();
    assertThat(run.exitStatus()).isZero();
    List<JsonNode> exchanges = new ArrayList<>();
    for (String line : run.out().lines().toList()) {
      JsonNode object = new ObjectMapper().readTree(line);
      assertThat(object.at("/level").asText()).as(line).isNotEmpty();
      assertThat(object.at("/formattedMessage").asText()).as(line).isNotEmpty();
      if (object.at("/formattedMessage").asText().startsWith("MaaS exchange ")) {
        exchanges.add(object);
      }
    }
    assertThat(exchanges).hasSize(1);
    assertThat(exchanges.get(0).at("/kvpList/1/request_id").asText()).isEqualTo("req-\"1");
    assertThat(exchanges.get(0).at("/kvpList/0/record_id").asText())
        .isNotEmpty()
        .isEqualTo(exchanges.get(0).at("/formattedMessage").asText().split(" ", -1)[2]);
  }

  /** Such as a pipe of which the other end stands still. */
  @Test
  void anOutputThatNobodyReadsDoesNotHoldUpExchanges() throws Exception {
    Path pipe = directory.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    int port = freePort();
    String config = config(ENABLED.replace("grpc_port: 0", "grpc_port: " + port));
    try (RandomAccessFile unread = new RandomAccessFile(pipe.toFile(), "rw")) {
      ServerProcess run =
          ServerProcess.start(
              directory, List.of(), Map.of("LOG_LEVEL", "debug"), pipe, "--config", config);
      runs.add(run);
      try (FakeEnvoy envoy =
          FakeEnvoy.on(
              NettyChannelBuilder.forAddress("127.0.0.1", port)
                  .usePlaintext()
                  .enableRetry()
                  .build())) {
        awaitPort(port);
        for (int i = 0; i < 8_000; i++) {
          FakeEnvoy.Stream stream = envoy.open();
          stream.send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
          assertThat(stream.awaitReplies(3)).as("exchange %s", i).isTrue();
          stream.cancel();
        }
      }
      long start = System.nanoTime();
      run.terminate();
      assertThat(run.exitStatus()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
      assertThat(unread.getFD().valid()).isTrue();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static void awaitPort(int port) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        assertThat(socket.isConnected()).isTrue();
        return;
      } catch (ConnectException e) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.sleep(20);
      }
    }
  }

  @Test
  void messagesThatAreNoneDoNotFillTheLog() throws Exception {
    ServerProcess run = run(Map.of(), "--config", config(ENABLED));
    int port = run.ready();
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.newBuilder(Bytes.MARSHALLER, Bytes.MARSHALLER)
            .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
            .setFullMethodName("envoy.service.ext_proc.v3.ExternalProcessor/Process")
            .build();
    int before = (run.out() + run.err()).length();
    try {
      for (int i = 0; i < 100; i++) {
        assertThatThrownBy(
                () ->
                    ClientCalls.blockingUnaryCall(
                        channel,
                        method,
                        CallOptions.DEFAULT,
                        new byte[] {0x12, 0x7f, (byte) 0xff, 3}))
            .isInstanceOf(StatusRuntimeException.class)
            .hasMessage("INVALID_ARGUMENT: not a ProcessingRequest");
      }
      FakeEnvoy envoy = FakeEnvoy.on(channel);
      FakeEnvoy.Stream stream = envoy.open();
      stream.send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
      assertThat(stream.awaitReplies(3)).as("others on the connection").isTrue();
    } finally {
      channel.shutdownNow();
    }
    run.terminate();
    assertThat(run.exitStatus()).isZero();
    assertThat((run.out() + run.err()).substring(before))
        .doesNotContain("\tat ")
        .hasSizeLessThan(1000);
  }

  /** Messages as they are on the wire. */
  private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
    MARSHALLER;

    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
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
