// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.semanticrouter.maas.extproc.Certificates;
import io.semanticrouter.maas.extproc.Certificates.Identity;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server as a process of its own: how it begins and ends to listen. */
@Timeout(180)
@Tag("slow") // each test starts processes
class MainListenTest {
  private static final String SERVER =
      "server: { grpc_address: 127.0.0.1, grpc_port: 0, metrics_address: 127.0.0.1,"
          + " metrics_port: 0, drain_timeout_seconds: 1, %s }\n";

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private final List<ServerProcess> runs = new ArrayList<>();

  @AfterEach
  void endWhatWasStarted() {
    runs.forEach(ServerProcess::kill);
  }

  private ServerProcess run(String keys, String... jvmOptions) throws IOException {
    Path config = Files.createTempFile(directory, "config", ".yaml");
    Files.writeString(config, SERVER.formatted(keys));
    ServerProcess run =
        ServerProcess.start(
            directory, List.of(jvmOptions), Map.of(), "--config", config.toString());
    runs.add(run);
    return run;
  }

  private static void exchange(Path socket) throws Exception {
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    try (FakeEnvoy envoy =
        FakeEnvoy.on(
            NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
                .eventLoopGroup(loop)
                .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
                .overrideAuthority("maas-extproc")
                .usePlaintext()
                .build())) {
      FakeEnvoy.Stream stream = envoy.open();
      stream.send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
      assertThat(stream.awaitReplies(3)).isTrue();
      stream.halfClose();
      assertThat(stream.awaitEnd()).isTrue();
    } finally {
      loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5_000);
    }
  }

  /** Without epoll, the selectors of the JDK have to do. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void socketIsServedAndItsFileIsGoneAfterTheStop(boolean epoll) throws Exception {
    Path socket = directory.resolve("maas.sock");
    ServerProcess run =
        run(
            "grpc_tcp: false, grpc_socket: " + socket,
            "-Dio.grpc.netty.shaded.io.netty.transport.noNative=" + !epoll);
    assertThat(run.awaitReady()).isEqualTo("unix:" + socket);
    exchange(socket);
    run.terminate();
    assertThat(run.exitStatus()).isZero();
    assertThat(run.out()).contains("Stopped").doesNotContain("Unknown channel option");
    assertThat(Files.exists(socket)).isFalse();
  }

  @Test
  void socketOfAKilledProcessIsTakenOver() throws Exception {
    Path socket = directory.resolve("maas.sock");
    ServerProcess killed = run("grpc_tcp: false, grpc_socket: " + socket);
    killed.awaitReady();
    killed.kill();
    assertThat(killed.exitStatus()).isNotZero();
    assertThat(Files.exists(socket)).as("left behind").isTrue();
    ServerProcess next = run("grpc_socket: " + socket);
    assertThat(next.awaitReady()).startsWith("unix:" + socket + " and 127.0.0.1:");
    exchange(socket);
    ServerProcess late = run("grpc_socket: " + socket);
    assertThat(late.exitStatus()).isEqualTo(1);
    assertThat(late.errLines())
        .containsExactly(
            "maas-extproc: cannot listen for gRPC on "
                + socket
                + ": another process listens on it");
    exchange(socket);
  }

  /** The hook that drains is there before the ports are. */
  @Test
  void terminationBeforeTheServerIsReadyIsAStopLikeAnyOther() throws Exception {
    for (int i = 0; i < 3; i++) {
      ServerProcess run = run("reflection: true");
      run.await(Pattern.compile("MaaS integration"));
      run.terminate();
      assertThat(run.exitStatus()).isZero();
      assertThat(run.out()).contains("Stopping").contains("Stopped");
      assertThat(run.err()).isEmpty();
    }
  }

  @Test
  void tlsFileThatCannotBeUsedEndsTheStartWithOneLine() throws Exception {
    ServerProcess run = run("tls: { certificate: /no/such/tls.crt, private_key: tls.key }");
    assertThat(run.exitStatus()).isEqualTo(1);
    assertThat(run.errLines())
        .containsExactly("maas-extproc: server.tls.certificate: /no/such/tls.crt does not exist");
  }

  @Test
  void brokenRotationIsOneLineInTheLogHoweverLongItLasts() throws Exception {
    Identity identity = new Certificates(directory.resolve("ca")).issue("one", "EC");
    ServerProcess run =
        run(
            "tls: { certificate: %s, private_key: %s, client_ca: %s, reload_seconds: 1 }"
                .formatted(identity.certificate(), identity.privateKey(), identity.certificate()));
    assertThat(run.awaitReady()).startsWith("mutual TLS 127.0.0.1:");
    String key = Files.readString(identity.privateKey());
    Files.writeString(identity.privateKey(), "garbage");
    run.await(Pattern.compile("cannot be used"));
    // Two more looks find the same.
    assertThat(run.process().waitFor(3, TimeUnit.SECONDS)).isFalse();
    Files.writeString(identity.privateKey(), key + "\n");
    run.await(Pattern.compile("new connections get what is in them now"));
    assertThat(run.out().lines().filter(line -> line.contains("cannot be used"))).hasSize(1);
    assertThat(run.out() + run.err()).doesNotContain("garbage").doesNotContain("Exception");
  }

  @Test
  void hangUpReadsTheConfigurationAgain() throws Exception {
    Path config = Files.createTempFile(directory, "config", ".yaml");
    Files.writeString(config, SERVER.formatted(""));
    ServerProcess run =
        ServerProcess.start(directory, List.of(), Map.of(), "--config", config.toString());
    runs.add(run);
    run.awaitReady();
    Files.writeString(
        config,
        SERVER.formatted("")
            + "pricing: { models: { m: { prompt_per_1m: '1', completion_per_1m: '2' } } }");
    hangUp(run);
    run.await(Pattern.compile("Configuration read again and in use; changed: pricing"));
    Files.writeString(config, "server: { grpc_port: x }");
    hangUp(run);
    run.await(Pattern.compile("was not taken, .*: line 1: server.grpc_port = .x.: must be"));
    run.terminate();
    assertThat(run.exitStatus()).isZero();
  }

  private static void hangUp(ServerProcess run) throws Exception {
    Process kill = new ProcessBuilder("kill", "-HUP", Long.toString(run.process().pid())).start();
    assertThat(kill.waitFor()).isZero();
  }
}
