// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * FULL_DUPLEX_STREAMED: Envoy hands bodies over, and passes on only what it gets back. It takes no
 * overrides then, in either direction.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FullDuplexIT {
  private static final String FULL_DUPLEX = "FULL_DUPLEX_STREAMED";
  private static final int LARGE = 3 << 20;
  private static final List<String> EVENTS =
      List.of(
          "data: {\"model\":\"qwen3\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"4\"}}]}\n\n",
          "data: {\"model\":\"qwen3\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,"
              + "\"completion_tokens\":4,\"total_tokens\":11}}\n\n",
          "data: [DONE]\n\n");

  private RawBackend raw;
  private Stack stack;

  static Stream<Arguments> modes() {
    return Stream.of(
        Arguments.of(FULL_DUPLEX, "NONE"),
        Arguments.of("NONE", FULL_DUPLEX),
        Arguments.of("STREAMED", FULL_DUPLEX),
        Arguments.of(FULL_DUPLEX, "STREAMED"),
        Arguments.of(FULL_DUPLEX, FULL_DUPLEX));
  }

  @BeforeAll
  void start() throws Exception {
    raw = RawBackend.start();
    raw.on("head", "HTTP/1.1 200 OK", "content-type: application/json", "", "");
    raw.on("no-content", "HTTP/1.1 204 No Content", "x-marker: 1", "", "");
    raw.on("trailers", RawBackend.events(EVENTS, "x-checksum: 42"));
    stack =
        Stack.start(
            "full-duplex",
            Requests.MAAS,
            Requests.backend(),
            envoy -> {
              envoy.cluster("raw", "backend", raw.port()).http1("raw", "enable_trailers: true");
              modes()
                  .map(Arguments::get)
                  .forEach(
                      mode ->
                          envoy
                              .listener(name((String) mode[0], (String) mode[1]))
                              .http("http_protocol_options: { enable_trailers: true }")
                              .bodies((String) mode[0], (String) mode[1])
                              .firstRoute(
                                  """
                                  match:
                                    prefix: "/"
                                    headers: [ { name: x-case, present_match: true } ]
                                  route: { cluster: raw, timeout: 0s }
                                  """));
            });
  }

  private static String name(String request, String response) {
    return "fd-" + request + "-" + response;
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

  private void assertSame(
      int port, String body, String directBody, boolean metered, String... knobs)
      throws IOException {
    RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, directBody, knobs);
    stack.mark();
    RawHttp actual = RawHttp.post(port, Requests.CHAT, body, knobs);
    assertThat(actual.status()).isEqualTo(expected.status());
    assertThat(actual.body()).isEqualTo(expected.body());
    assertThat(actual.cut()).isFalse();
    if (metered) {
      stack.assertMetered(1);
    } else {
      stack.assertUnmetered("estimated", 1);
    }
  }

  @ParameterizedTest
  @MethodSource("modes")
  void bodiesPassAndWhatIsShownIsMetered(String request, String response) throws Exception {
    int port = stack.envoy.port(name(request, response));
    boolean showsRequest = !request.equals("NONE");
    boolean showsResponse = !response.equals("NONE");
    for (String[] knobs :
        new String[][] {{}, {"x-sim-tokens", "200", "x-sim-split-bytes", "999"}}) {
      assertSame(port, Requests.PLAIN, Requests.PLAIN, showsResponse, knobs);
      assertSame(port, Requests.ASKED, Requests.ASKED, showsResponse, knobs);
      assertSame(
          port,
          Requests.STREAM,
          showsRequest && !showsResponse ? Requests.STREAM_EDITED : Requests.STREAM,
          showsRequest && showsResponse,
          knobs);
    }
  }

  @ParameterizedTest
  @MethodSource("modes")
  void largeBodiesPassAndWhatIsShownIsMetered(String request, String response) throws Exception {
    int port = stack.envoy.port(name(request, response));
    String body = Requests.ASKED.replace("2+2?", "2+2?" + "A".repeat(LARGE));
    assertSame(port, body, body, !response.equals("NONE"), "x-sim-tokens", "20000");
  }

  @ParameterizedTest
  @MethodSource("modes")
  void refusedRequestIsAnError(String request, String response) throws Exception {
    int port = stack.envoy.port(name(request, response));
    RawHttp answer = RawHttp.post(port, Requests.CHAT, Requests.STREAM, "x-sim-status", "429");
    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.body()).contains("\"error\"");
    stack.assertOutcome("error", 1);
  }

  @ParameterizedTest
  @MethodSource("modes")
  void whatBelongsToNoApiPasses(String request, String response) throws Exception {
    int port = stack.envoy.port(name(request, response));
    String body = "A".repeat(200_000);
    RawHttp echo = RawHttp.post(port, "/echo", body);
    assertThat(echo.status()).isEqualTo(200);
    assertThat(echo.body()).contains("\"body_bytes\":" + body.length());
    stack.awaitRequests(0);
  }

  @ParameterizedTest
  @MethodSource("modes")
  void answersWithoutABodyPass(String request, String response) throws Exception {
    int port = stack.envoy.port(name(request, response));
    RawHttp head =
        RawHttp.lines(
            port,
            "HEAD /v1/models HTTP/1.1",
            "host: test",
            RawBackend.CASE + ": head",
            "connection: close");
    assertThat(head.status()).isEqualTo(200);
    RawHttp noContent =
        RawHttp.post(port, Requests.CHAT, Requests.PLAIN, RawBackend.CASE, "no-content");
    assertThat(noContent.status()).isEqualTo(204);
    assertThat(noContent.header("x-marker")).isEqualTo("1");
  }

  @ParameterizedTest
  @MethodSource("modes")
  void answerThatEndsInTrailersPasses(String request, String response) throws Exception {
    int port = stack.envoy.port(name(request, response));
    RawHttp answer = RawHttp.post(port, Requests.CHAT, Requests.ASKED, RawBackend.CASE, "trailers");
    assertThat(answer.body()).isEqualTo(String.join("", EVENTS));
    assertThat(answer.cut()).isFalse();
    stack.awaitRequests(1);
    assertThat(stack.delta("semantic_router_tokens_total"))
        .isEqualTo(response.equals("NONE") ? 0 : 11);
  }
}
