// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static io.semanticrouter.maas.extproc.e2e.RoutedRequests.ECHO;
import static io.semanticrouter.maas.extproc.e2e.RoutedRequests.GUIDE;
import static io.semanticrouter.maas.extproc.e2e.RoutedRequests.assertEcho;
import static io.semanticrouter.maas.extproc.e2e.RoutedRequests.chat;
import static io.semanticrouter.maas.extproc.e2e.RoutedRequests.routed;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Request bodies of every kind on their way through the embedded router, on data planes that are
 * configured in every way: it routes, or the bytes that the client sent reach the backend.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmbeddedRouterBodiesIT {
  private static final int MEBIBYTE = 1 << 20;
  private static final String LARGE_BUFFER = "per_connection_buffer_limit_bytes: 8388608";

  private Stack stack;

  @BeforeAll
  void start() throws Exception {
    stack =
        Stack.start(
            "embedded-bodies",
            RoutedRequests.CONFIG,
            RoutedRequests.backend(),
            envoy -> {
              envoy.listener("small-buffer").socket("per_connection_buffer_limit_bytes: 65536");
              envoy.listener("large-buffer").socket(LARGE_BUFFER);
              envoy.listener("no-override").extProc("allow_mode_override: false");
              envoy.listener("not-allowed").extProc(OTHER_OVERRIDES);
              for (String mode : List.of("BUFFERED", "BUFFERED_PARTIAL", "STREAMED")) {
                fixed(envoy, mode).extProc("allow_mode_override: false");
              }
              fixed(envoy, "FULL_DUPLEX_STREAMED");
              envoy.listener("streamed-override").bodies("STREAMED", "STREAMED");
            });
  }

  private static EnvoyConfig.Listener fixed(EnvoyConfig envoy, String mode) {
    return envoy
        .listener(mode)
        .bodies(mode, mode.startsWith("BUFFERED") ? "STREAMED" : mode)
        .http("http_protocol_options: { enable_trailers: true }");
  }

  private static final String OTHER_OVERRIDES =
      """
      allowed_override_modes:
      - request_header_mode: SEND
        request_body_mode: NONE
        request_trailer_mode: SKIP
        response_header_mode: SEND
        response_body_mode: STREAMED
        response_trailer_mode: SEND
      """;

  @AfterAll
  void stop() {
    if (stack != null) {
      stack.close();
    }
  }

  @BeforeEach
  void mark() {
    stack.mark();
  }

  @AfterEach
  void nobodyMadeAMistake() {
    stack.assertNoMistakes();
    assertThat(stack.server.log()).doesNotContain("ERROR");
  }

  private RawHttp echo(String listener, String body, String... headers) throws IOException {
    return RawHttp.post(stack.envoy.port(listener), ECHO, body, headers);
  }

  /** Waits for so many requests, all with this result. */
  private void assertRouted(String result, long requests) {
    stack.awaitRequests(requests);
    assertThat(stack.delta("semantic_router_routed_requests_total", "result", result))
        .as("%s, of %s", result, results())
        .isEqualTo(requests);
    assertThat(stack.delta("semantic_router_routed_requests_total")).isEqualTo(requests);
  }

  private List<String> results() {
    return stack.server.scrape().series().keySet().stream()
        .filter(series -> series.name().equals("semantic_router_routed_requests_total"))
        .map(series -> series.labels().get("result"))
        .filter(
            result -> stack.delta("semantic_router_routed_requests_total", "result", result) > 0)
        .toList();
  }

  private static String large(int bytes) {
    String words = "and then some ";
    return chat("", "What is 2+2? " + words.repeat(bytes / words.length()));
  }

  private static List<String> pieces(String body, int size) {
    List<String> pieces = new ArrayList<>();
    for (int from = 0; from < body.length(); from += size) {
      pieces.add(body.substring(from, Math.min(body.length(), from + size)));
    }
    return pieces;
  }

  // --- as shipped ----------------------------------------------------------------------------

  @Test
  void promptOf900KilobytesIsRouted() throws Exception {
    String body = large(900_000);
    assertEcho(echo("llm", body), routed(body));
    assertEcho(
        RawHttp.postChunked(stack.envoy.port(), ECHO, pieces(body, 30_000), ""), routed(body));
    assertRouted("routed", 2);
  }

  @Test
  void requestInManyChunksOfNoStatedLengthIsRouted() throws Exception {
    RawHttp echo = RawHttp.postChunked(stack.envoy.port(), ECHO, pieces(GUIDE, 1), "");
    assertThat(assertEcho(echo, routed(GUIDE)).has("transfer-encoding")).isTrue();
    assertRouted("routed", 1);
  }

  /** Stated, the length tells at once; else what Envoy holds is more than ours, or not all. */
  @ParameterizedTest
  @CsvSource({
    "llm, 1500000, true, too_large",
    "large-buffer, 1500000, true, too_large",
    "large-buffer, 1500000, false, too_large",
    "small-buffer, 300000, true, unseen",
    "small-buffer, 300000, false, unseen",
  })
  void requestBeyondALimitPassesByteForByte(
      String listener, int bytes, boolean stated, String result) throws Exception {
    String body = large(bytes);
    RawHttp echo =
        stated
            ? echo(listener, body)
            : RawHttp.postChunked(stack.envoy.port(listener), ECHO, pieces(body, 30_000), "");
    assertEcho(echo, body);
    assertRouted(result, 1);
  }

  @Test
  void requestOfUnknownLengthBeyondTheShippedBufferPassesByteForByte() throws Exception {
    assertTooLong("llm");
  }

  @Test
  void compressedRequestPassesByteForByte() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(GUIDE.getBytes(StandardCharsets.US_ASCII));
    }
    byte[] body = bytes.toByteArray();
    RawHttp echo = RawHttp.post(stack.envoy.port(), ECHO, body, "content-encoding", "gzip");
    JsonNode headers = assertEcho(echo.status(), echo.body(), body);
    // The head may lie about the coding: the body is read, and could have been edited.
    assertThat(headers.has("transfer-encoding")).isTrue();
    assertRouted("encoded", 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"model\": \"gpt-4\", \"messages\": [",
        "{\"model\": \"gpt-4\", \"model\": \"gpt-5\", \"messages\": []}",
        "model=gpt-4",
        "[]",
      })
  void whatIsNoChatPassesByteForByte(String body) throws Exception {
    assertEcho(echo("llm", body), body);
    assertRouted("not_json", 1);
  }

  @Test
  void requestWithoutABodyPasses() throws Exception {
    assertEcho(echo("llm", ""), "");
    assertRouted("unseen", 1);
  }

  @Test
  void requestOfHttp2ThatEndsInTrailersPassesByteForByte() throws Exception {
    String echoed = Http2WithTrailers.post(stack.envoy.port(), ECHO, GUIDE);
    assertEcho(200, echoed, GUIDE.getBytes(StandardCharsets.US_ASCII));
    assertRouted("unseen", 1);
  }

  @Test
  void clientOfHttp2IsRouted() throws Exception {
    Http2 echo = Http2.post(stack.envoy.port(), ECHO, GUIDE);
    assertEcho(echo.status(), echo.body(), routed(GUIDE).getBytes(StandardCharsets.US_ASCII));
    assertThat(echo.headers().values("x-vsr-decision")).containsExactly("math");
    assertRouted("routed", 1);
  }

  @Test
  void clientThatWaitsToBeAskedForTheBodyIsRouted() throws Exception {
    assertEcho(RawHttp.postWhenAsked(stack.envoy.port(), ECHO, GUIDE), routed(GUIDE));
    assertRouted("routed", 1);
  }

  @ParameterizedTest
  @CsvSource({"GET /v1/models, 1", "HEAD /v1/models, 0", "GET /health, 0", "HEAD /health, 0"})
  void whatHasNoBodyIsAsWithoutUs(String line, int counted) throws Exception {
    String[] lines = {line + " HTTP/1.1", "host: test", "connection: close"};
    RawHttp expected = RawHttp.lines(stack.backend.port(), lines);
    RawHttp answer = RawHttp.lines(stack.envoy.port(), lines);
    assertThat(answer.status()).isEqualTo(expected.status());
    assertThat(answer.body()).isEqualTo(expected.body());
    stack.assertOutcome("not_metered", counted);
    assertThat(results()).isEmpty();
  }

  @Test
  void clientThatLeavesWhileItsRequestIsHeldLeavesNothingBehind() throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), stack.envoy.port())) {
      String head =
          "POST "
              + ECHO
              + " HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"
              + "content-length: 1000\r\n\r\n";
      client.getOutputStream().write((head + GUIDE).getBytes(StandardCharsets.US_ASCII));
      client.getOutputStream().flush();
      Waiting.until(
          Duration.ofSeconds(20),
          () ->
              assertThat(stack.server.scrape().sum("semantic_router_extproc_open_streams"))
                  .isEqualTo(1));
    }
    assertRouted("unseen", 1);
    stack.assertUnmetered("none", 1);
    assertThat(stack.server.scrape().sum("semantic_router_extproc_open_streams")).isZero();
    assertThat(stack.backend.stats().exchanges()).isEmpty();
  }

  @Test
  void requestsOfManyClientsAtOnceDoNotMix() throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(8);
    try {
      List<Future<?>> calls = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        String body = chat("", "What is " + i + "+2?" + " and then some".repeat(i * 7));
        calls.add(
            clients.submit(
                () -> {
                  assertEcho(echo("llm", body), routed(body));
                  return null;
                }));
      }
      for (Future<?> call : calls) {
        call.get(60, TimeUnit.SECONDS);
      }
    } finally {
      clients.shutdownNow();
    }
    assertRouted("routed", 400);
  }

  // --- otherwise configured ------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(strings = {"no-override", "not-allowed"})
  void whereNoBodyMayBeAskedForAllPassesAndIsCounted(String listener) throws Exception {
    assertEcho(echo(listener, GUIDE), GUIDE);
    assertEcho(RawHttp.postChunked(stack.envoy.port(listener), ECHO, pieces(GUIDE, 10), ""), GUIDE);
    RawHttp answer = RawHttp.post(stack.envoy.port(listener), Requests.CHAT, GUIDE);
    assertThat(answer.body()).contains("\"model\":\"unrouted\"");
    assertThat(answer.head()).noneMatch(line -> line.startsWith("x-vsr-"));
    RawHttp forbidden =
        RawHttp.post(
            stack.envoy.port(listener), Requests.CHAT, chat("", "Mail bob.secret@example.com"));
    assertThat(forbidden.status()).as("nobody has seen it").isEqualTo(200);
    assertRouted("unseen", 4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "BUFFERED",
        "BUFFERED_PARTIAL",
        "STREAMED",
        "FULL_DUPLEX_STREAMED",
        "streamed-override"
      })
  void configuredBodyModeRoutesWhatItShowsWhole(String listener) throws Exception {
    assertEcho(echo(listener, GUIDE), routed(GUIDE));
    assertRouted("routed", 1);

    for (String body : List.of(GUIDE, chat("\"stream\": true, ", "What is 2+2?"))) {
      stack.mark();
      RawHttp answer = RawHttp.post(stack.envoy.port(listener), Requests.CHAT, body);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).contains("\"model\":\"qwen3\"");
      assertThat(answer.header("x-vsr-decision")).isEqualTo("math");
      assertThat(answer.cut()).isFalse();
      stack.assertMetered(1);
    }
  }

  /**
   * As a stream it may come in one piece all the same: while the head is looked at, Envoy waits.
   */
  @ParameterizedTest
  @CsvSource({
    "BUFFERED, routed",
    "BUFFERED_PARTIAL, routed",
    "STREAMED, ",
    "FULL_DUPLEX_STREAMED, routed",
    "streamed-override, routed",
  })
  void configuredBodyModeRoutesWhatComesInPieces(String listener, String result) throws Exception {
    String body = large(300_000);
    RawHttp echo = RawHttp.postChunked(stack.envoy.port(listener), ECHO, pieces(body, 10_000), "");
    stack.awaitRequests(1);
    assertPassed(echo, body, result);
  }

  /** Routed or unseen; when a result is given, that one. */
  private void assertPassed(RawHttp echo, String body, String result) throws IOException {
    boolean routed = stack.delta("semantic_router_routed_requests_total", "result", "routed") == 1;
    assertEcho(echo, routed ? routed(body) : body);
    assertRouted(result != null ? result : routed ? "routed" : "unseen", 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"BUFFERED", "BUFFERED_PARTIAL", "STREAMED", "FULL_DUPLEX_STREAMED"})
  void configuredBodyModeLetsRefusalsOut(String listener) throws Exception {
    try (RawConnection client = RawConnection.open(stack.envoy.port(listener))) {
      for (int i = 0; i < 2; i++) {
        RawHttp answer = client.post(Requests.CHAT, chat("", "Mail bob.secret@example.com"));
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.body()).contains("pii_detected");
      }
    }
    assertRouted("blocked", 2);
    assertThat(stack.backend.stats().exchanges()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "BUFFERED, routed",
    "BUFFERED_PARTIAL, unseen",
    "STREAMED, unseen",
    "FULL_DUPLEX_STREAMED, routed",
  })
  void configuredBodyModePassesWhatEndsInTrailers(String listener, String result) throws Exception {
    RawHttp echo =
        RawHttp.postChunked(
            stack.envoy.port(listener), ECHO, pieces(GUIDE, 30), "x-checksum: 42\r\n");
    stack.awaitRequests(1);
    assertPassed(echo, GUIDE, result);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"BUFFERED_PARTIAL", "STREAMED", "FULL_DUPLEX_STREAMED", "streamed-override"})
  void configuredBodyModePassesWhatIsTooLong(String listener) throws Exception {
    assertTooLong(listener);
  }

  /** Envoy refuses what does not fit, but not what has come while it waited for the head. */
  @Test
  void requestBeyondTheBufferOfAModeThatNeedsAllIsRefusedOrPasses() throws Exception {
    String body = large(3 * MEBIBYTE);
    Http2 answer = Http2.post(stack.envoy.port("BUFFERED"), ECHO, body);
    stack.awaitRequests(1);
    if (answer.status() == 413) {
      assertThat(stack.backend.stats().exchanges()).isEmpty();
    } else {
      assertEcho(answer.status(), answer.body(), body.getBytes(StandardCharsets.US_ASCII));
    }
    assertThat(results()).containsExactly("too_large");
  }

  /** How much is shown at once depends on how it arrives. */
  private void assertTooLong(String listener) throws IOException {
    String body = large(3 * MEBIBYTE);
    int port = stack.envoy.port(listener);
    assertEcho(RawHttp.postChunked(port, ECHO, pieces(body, 30_000), ""), body);
    stack.awaitRequests(1);
    assertThat(results()).hasSize(1).isSubsetOf("unseen", "too_large");
  }
}
