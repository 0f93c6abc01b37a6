// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The Unix domain socket and its file. */
@Timeout(120)
class SocketTest {
  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private Path socket() {
    return directory.resolve("maas.sock");
  }

  private Map<String, ?> alone() {
    return Map.of("grpc_socket", socket().toString(), "grpc_tcp", false);
  }

  private static void exchange(ManagedChannel channel) throws InterruptedException {
    FakeEnvoy.Stream stream = FakeEnvoy.on(channel).open();
    stream.send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
    assertThat(stream.awaitReplies(3)).isTrue();
    stream.halfClose();
    assertThat(stream.awaitEnd()).isTrue();
    assertThat(stream.isCompleted()).isTrue();
  }

  private void assertRefused(Map<String, ?> keys, String problem) {
    assertThatThrownBy(() -> RunningServer.start(keys).close())
        .isInstanceOf(IOException.class)
        .hasMessage("cannot listen for gRPC on " + socket() + ": " + problem);
  }

  @Test
  void socketAndTcpServeSideBySide() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("grpc_socket", socket().toString()))) {
      exchange(server.channel(socket()));
      exchange(server.channel());
      assertThat(server.awaitSum("semantic_router_requests_total", "complete", 2)).isEqualTo(2);
    }
  }

  @Test
  void socketServesAloneWhenTcpIsOff() throws Exception {
    try (RunningServer server = RunningServer.start(alone())) {
      assertThat(server.server.grpcPort()).isEqualTo(-1);
      exchange(server.channel(socket()));
      assertThat(server.awaitSum("semantic_router_requests_total", "complete", 1)).isEqualTo(1);
    }
  }

  @Test
  void fileHasTheConfiguredModeAndIsGoneAfterTheStop() throws Exception {
    try (RunningServer server = RunningServer.start(alone())) {
      assertThat(server.server.grpcPort()).isEqualTo(-1);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
          .isEqualTo("rw-rw----");
    }
    assertThat(socket()).doesNotExist();
    Map<String, ?> open = Map.of("grpc_socket", socket().toString(), "grpc_socket_mode", "0642");
    try (RunningServer server = RunningServer.start(open)) {
      assertThat(server.server.grpcPort()).isPositive();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
          .isEqualTo("rw-r---w-");
    }
    assertThat(socket()).doesNotExist();
  }

  @Test
  void fileOfADeadProcessIsReplaced() throws Exception {
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(socket()));
    }
    assertThat(Files.exists(socket())).as("left behind").isTrue();
    try (RunningServer server = RunningServer.start(alone())) {
      exchange(server.channel(socket()));
    }
  }

  @Test
  void socketOfALiveProcessIsRefusedAndGoesOn() throws Exception {
    try (RunningServer first = RunningServer.start(alone())) {
      assertRefused(alone(), "another process listens on it");
      exchange(first.channel(socket()));
    }
  }

  @Test
  void fileThatIsNoSocketIsRefusedAndStays() throws Exception {
    Files.writeString(socket(), "precious");
    assertRefused(alone(), "the file exists and is no socket");
    assertThat(socket()).hasContent("precious");
    Files.delete(socket());

    Files.createDirectory(socket());
    assertRefused(alone(), "the file exists and is no socket");
    Files.delete(socket());

    Files.createSymbolicLink(socket(), directory.resolve("elsewhere"));
    assertRefused(alone(), "the file exists and is no socket");
    assertThat(Files.exists(socket(), LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  @Test
  void directoryThatDoesNotExistIsRefused() {
    Path nowhere = directory.resolve("no/such/maas.sock");
    assertThatThrownBy(() -> RunningServer.start(Map.of("grpc_socket", nowhere.toString())).close())
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("cannot listen for gRPC on " + nowhere + ": ")
        .hasMessageContaining("No such file or directory");
  }

  @Test
  void failedStartLeavesNoSocketFile() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Map<String, ?> keys =
          Map.of("grpc_socket", socket().toString(), "grpc_port", taken.getLocalPort());
      assertThatThrownBy(() -> RunningServer.start(keys).close())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("127.0.0.1:" + taken.getLocalPort());
    }
    assertThat(socket()).doesNotExist();
  }

  @Test
  void fileOfASuccessorIsLeftAlone() throws Exception {
    SocketFile old =
        new SocketFile(new SocketConfig(socket(), PosixFilePermissions.fromString("rw-rw----")));
    try (ServerSocketChannel first = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      first.bind(UnixDomainSocketAddress.of(socket()));
      old.bound();
    }
    Path kept = directory.resolve("kept");
    // Still there under another name, so that its number in the file system is not used again.
    Files.move(socket(), kept);
    try (ServerSocketChannel second = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      second.bind(UnixDomainSocketAddress.of(socket()));
      old.remove();
      assertThat(Files.exists(socket())).isTrue();
    }
  }
}
