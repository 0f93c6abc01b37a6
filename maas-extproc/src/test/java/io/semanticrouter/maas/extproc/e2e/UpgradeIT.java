// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Connections that become something else than HTTP, such as WebSockets, pass as they are. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class UpgradeIT {
  private static final int LARGE = 1 << 20;

  private RawBackend raw;
  private Stack stack;

  @BeforeAll
  void start() throws Exception {
    raw = RawBackend.start().on("upgrade", (request, in, out) -> echo(in, out));
    stack =
        Stack.start(
            "upgrade",
            Requests.MAAS,
            Requests.backend(),
            envoy -> {
              envoy.cluster("raw", "backend", raw.port());
              String upgrades = "upgrade_configs: [ { upgrade_type: websocket } ]";
              envoy.listener("override").http(upgrades).route("cluster: raw");
              envoy
                  .listener("static")
                  .http(upgrades)
                  .route("cluster: raw")
                  .bodies("STREAMED", "STREAMED")
                  .extProc("allow_mode_override: false");
            });
  }

  private static void echo(InputStream in, java.io.OutputStream out) throws IOException {
    out.write(
        RawBackend.bytes(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"));
    out.flush();
    byte[] buffer = new byte[8192];
    int length;
    while ((length = in.read(buffer)) >= 0) {
      out.write(buffer, 0, length);
      out.flush();
    }
  }

  @AfterAll
  void stop() {
    if (stack != null) {
      stack.close();
    }
    raw.close();
  }

  @BeforeEach
  void mark() {
    stack.mark();
  }

  @AfterEach
  void nobodyMadeAMistake() {
    stack.assertNoMistakes();
  }

  @ParameterizedTest
  @CsvSource({
    "override, /v1/realtime",
    "override, /v1/chat/completions",
    "static, /v1/realtime",
    "static, /v1/chat/completions",
  })
  void whatGoesThroughAnUpgradedConnectionComesBack(String listener, String path) throws Exception {
    byte[] sent = new byte[LARGE];
    new Random(4).nextBytes(sent);
    ExecutorService sender = Executors.newSingleThreadExecutor();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), stack.envoy.port(listener))) {
      socket.setSoTimeout(30_000);
      socket
          .getOutputStream()
          .write(
              RawBackend.bytes(
                  "GET "
                      + path
                      + " HTTP/1.1\r\nhost: test\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                      + RawBackend.CASE
                      + ": upgrade\r\n\r\n"));
      InputStream in = socket.getInputStream();
      if (listener.equals("static") && Envoy.isAtLeast(39) && !Envoy.isAtLeast(40)) {
        // Envoy 1.39 waits for the end of the request before it sends its head on.
        socket.setSoTimeout(2_000);
        assertThatThrownBy(in::read).isInstanceOf(SocketTimeoutException.class);
        return;
      }
      assertThat(head(in)).startsWith("HTTP/1.1 101 ").containsIgnoringCase("upgrade: websocket");

      for (String message : new String[] {"ping", "data: {\"usage\":{\"total_tokens\":9}}\n\n"}) {
        socket.getOutputStream().write(RawBackend.bytes(message));
        assertThat(in.readNBytes(message.length())).asString().isEqualTo(message);
      }
      Future<?> sending =
          sender.submit(
              () -> {
                socket.getOutputStream().write(sent);
                return null;
              });
      assertThat(in.readNBytes(LARGE)).isEqualTo(sent);
      sending.get(30, TimeUnit.SECONDS);
    } finally {
      sender.shutdownNow();
    }
    Waiting.until(
        java.time.Duration.ofSeconds(20),
        () -> assertThat(stack.envoy.active("maas-extproc")).isZero());
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
    assertThat(stack.delta("semantic_router_requests_total", "outcome", "complete")).isZero();
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    int next;
    while (head.indexOf("\r\n\r\n") < 0 && (next = in.read()) >= 0) {
      head.append((char) next);
    }
    return head.toString();
  }
}
