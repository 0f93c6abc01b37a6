// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Envoys that show bodies in each of the ways in which they can without handing them over, and with
 * and without leave to ask for another. FULL_DUPLEX_STREAMED, which hands them over, is a test of
 * its own.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BodyModesIT {
  private static final List<String> MODES =
      List.of("NONE", "STREAMED", "BUFFERED", "BUFFERED_PARTIAL");

  /** More than Envoy buffers where nobody says how much that is. */
  private static final int LARGE = 3 << 20;

  private Stack stack;

  @BeforeAll
  void start() throws Exception {
    stack = Stack.start("body-modes", Requests.MAAS, Requests.backend(), BodyModesIT::listeners);
  }

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
  }

  static Stream<Arguments> modes() {
    return MODES.stream()
        .flatMap(
            request ->
                MODES.stream()
                    .flatMap(
                        response ->
                            Stream.of(true, false)
                                .map(override -> Arguments.of(request, response, override))));
  }

  private static void listeners(EnvoyConfig config) {
    modes()
        .map(Arguments::get)
        .forEach(
            mode -> {
              String request = (String) mode[0];
              String response = (String) mode[1];
              boolean override = (boolean) mode[2];
              config
                  .listener(name(request, response, override))
                  .http("http2_protocol_options: { initial_stream_window_size: 65536 }")
                  .bodies(request, response)
                  .extProc("allow_mode_override: " + override);
            });
  }

  private static String name(String request, String response, boolean override) {
    return (request + "-" + response).toLowerCase(Locale.ROOT) + (override ? "-override" : "");
  }

  @ParameterizedTest
  @MethodSource("modes")
  void clientGetsWhatTheBackendSentAndWhatIsShownIsMetered(
      String request, String response, boolean override) throws Exception {
    int port = stack.envoy.port(name(request, response, override));
    boolean showsRequest = override || !request.equals("NONE");
    boolean showsResponse = override || !response.equals("NONE");

    assertPasses(port, Requests.PLAIN, Requests.PLAIN, showsResponse);
    assertPasses(port, Requests.ASKED, Requests.ASKED, showsResponse);
    boolean edited = showsRequest && showsResponse;
    if (edited && override && response.equals("BUFFERED_PARTIAL")) {
      assertPassesButForUsage(port);
    } else {
      // Usage that was asked for on the way is taken out on the way back, if that is shown.
      assertPasses(
          port,
          Requests.STREAM,
          showsRequest && !showsResponse ? Requests.STREAM_EDITED : Requests.STREAM,
          edited);
    }
    assertRefused(port);
    assertUntouched(port, Requests.STREAM);
  }

  /** Asserts that the answer to a request is that which the backend gives to another by itself. */
  private void assertPasses(int port, String body, String directBody, boolean metered)
      throws IOException {
    assertPasses(
        port, body, directBody, metered, "x-sim-tokens", "200", "x-sim-split-bytes", "999");
  }

  /**
   * Of what may be shown in part nothing of the first piece is held back, so that usage which the
   * client did not ask for can stay.
   */
  private void assertPassesButForUsage(int port) throws IOException {
    String[] knobs = {"x-sim-tokens", "200", "x-sim-split-bytes", "999"};
    RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, Requests.STREAM, knobs);
    stack.mark();
    RawHttp actual = RawHttp.post(port, Requests.CHAT, Requests.STREAM, knobs);
    assertThat(withoutUsage(actual.body())).isEqualTo(expected.body());
    stack.assertMetered(1);
  }

  private static String withoutUsage(String events) {
    return events
        .replace(",\"usage\":null", "")
        .replaceAll("data: [^\n]*\"choices\":\\[],\"usage\":\\{[^\n]*\n\n", "");
  }

  private void assertPasses(
      int port, String body, String directBody, boolean metered, String... knobs)
      throws IOException {
    RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, directBody, knobs);
    stack.mark();
    RawHttp actual = RawHttp.post(port, Requests.CHAT, body, knobs);
    assertThat(actual.status()).isEqualTo(200);
    assertThat(actual.body()).isEqualTo(expected.body());
    assertThat(actual.cut()).isFalse();
    if (metered) {
      stack.assertMetered(1);
    } else {
      stack.assertUnmetered("estimated", 1);
    }
  }

  private void assertRefused(int port) throws IOException {
    String[] refused = {"x-sim-status", "429"};
    RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, Requests.STREAM, refused);
    stack.mark();
    RawHttp actual = RawHttp.post(port, Requests.CHAT, Requests.STREAM, refused);
    assertThat(actual.status()).isEqualTo(429);
    assertThat(actual.body()).isEqualTo(expected.body());
    stack.assertOutcome("error", 1);
  }

  /** Asserts that what belongs to no LLM API passes as it is and leaves no trace. */
  private void assertUntouched(int port, String body) throws IOException {
    stack.mark();
    RawHttp echo = RawHttp.post(port, "/echo", body);
    JsonNode seen = new ObjectMapper().readTree(echo.body());
    assertThat(seen.get("body_bytes").asInt()).isEqualTo(body.length());
    stack.awaitRequests(0);
  }

  @ParameterizedTest
  @CsvSource({"STREAMED, true", "STREAMED, false", "NONE, true"})
  void bodiesLargerThanTheBufferPassWholeAndAreMetered(String mode, boolean override)
      throws Exception {
    int port = stack.envoy.port(name(mode, mode, override));
    String body = Requests.STREAM.replace("2+2?", "2+2?" + "A".repeat(LARGE));
    assertPasses(port, body, body, true, "x-sim-tokens", "20000");
  }

  @Test
  void requestThatMustBeBufferedAndIsTooLargeIsRefusedByEnvoy() throws Exception {
    int port = stack.envoy.port(name("BUFFERED", "BUFFERED", false));
    String body = Requests.STREAM.replace("2+2?", "2+2?" + "A".repeat(LARGE));

    // HTTP/2, where the window is what Envoy buffers: an HTTP/1.1 connection may be reset before
    // its client reads the answer.
    assertThat(Http2.post(port, Requests.CHAT, body).status()).isEqualTo(413);
    stack.awaitRequests(1);
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
  }

  @Test
  void responseThatMustBeBufferedAndIsTooLargeIsRefusedByEnvoy() throws Exception {
    int port = stack.envoy.port(name("NONE", "BUFFERED", false));

    RawHttp answer = RawHttp.post(port, Requests.CHAT, Requests.ASKED, "x-sim-tokens", "20000");

    assertThat(answer.status()).isEqualTo(500);
    stack.awaitRequests(1);
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
  }
}
