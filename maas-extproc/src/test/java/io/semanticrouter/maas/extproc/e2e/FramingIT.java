// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What HTTP allows around a body: lengths, no body at all, answers before the answer, trailers, and
 * the oldest version of the protocol. As shipped, where bodies are asked for when they are worth
 * it, and with a body mode that is always STREAMED.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FramingIT {
  private static final String SHIPPED = "override";
  private static final String STATIC = "static";
  private static final String STATIC_NO_TRAILERS = "static-no-trailers";
  private static final String STATIC_LENGTH = "static-length";
  private static final String KEEPS_LENGTH = "allow_content_length_header: true";
  private static final String WITHOUT = "without";
  private static final String ANSWER =
      "{\"id\":\"1\",\"object\":\"chat.completion\",\"model\":\"qwen3\",\"choices\":[],"
          + "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":4,\"total_tokens\":11}}";
  private static final List<String> EVENTS =
      List.of(
          "data: {\"model\":\"qwen3\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"4\"}}]}\n\n",
          "data: {\"model\":\"qwen3\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,"
              + "\"completion_tokens\":4,\"total_tokens\":11}}\n\n",
          "data: [DONE]\n\n");
  private static final Map<String, String> NO_BODY =
      Map.of("no-content", "estimated", "empty", "estimated", "not-modified", "error");
  private static final String JSON = "content-type: application/json";

  private boolean canKeepLength;
  private RawBackend raw;
  private Stack stack;

  @BeforeAll
  void start() throws Exception {
    canKeepLength = Envoy.isAtLeast(38);
    raw = RawBackend.start();
    answers();
    stack = Stack.start("framing", Requests.MAAS, Requests.backend(), this::listeners);
  }

  private void answers() {
    byte[] answer = RawBackend.answer("200 OK", ANSWER, JSON);
    raw.on("json", (request, in, out) -> out.write(answer));
    raw.on("head", "HTTP/1.1 200 OK", JSON, "content-length: 12345", "", "");
    raw.on("no-content", "HTTP/1.1 204 No Content", "x-marker: 1", "", "");
    raw.on("not-modified", "HTTP/1.1 304 Not Modified", "etag: \"1\"", JSON, "", "");
    raw.on("empty", "HTTP/1.1 200 OK", JSON, "content-length: 0", "", "");
    raw.on(
        "early-hints",
        (request, in, out) -> {
          out.write(RawBackend.bytes("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"));
          out.write(answer);
        });
    raw.on(
        "continue",
        (request, in, out) -> {
          out.write(RawBackend.bytes("HTTP/1.1 100 Continue\r\n\r\n"));
          out.write(answer);
        });
    raw.on("trailers", RawBackend.events(EVENTS, "x-checksum: 42"));
  }

  private void listeners(EnvoyConfig config) {
    config.cluster("raw", "backend", raw.port()).http1("raw", "enable_trailers: true");
    String http =
        """
        http_protocol_options: { accept_http_10: true, enable_trailers: true }
        """;
    config.listener(SHIPPED).http(http).route("cluster: raw");
    config
        .listener(STATIC)
        .http(http)
        .route("cluster: raw")
        .bodies("NONE", "STREAMED")
        .extProc("allow_mode_override: false");
    config
        .listener(STATIC_NO_TRAILERS)
        .http(http)
        .route("cluster: raw")
        .extProc(
            """
            allow_mode_override: false
            processing_mode: { response_header_mode: SEND, response_body_mode: STREAMED }
            """);
    if (canKeepLength) {
      config
          .listener(STATIC_LENGTH)
          .route("cluster: raw")
          .bodies("NONE", "STREAMED")
          .extProc("allow_mode_override: false")
          .extProc(KEEPS_LENGTH);
    }
    config.listener(WITHOUT).http(http).route("cluster: raw").withoutExtProc();
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

  private RawHttp post(String listener, String name) throws IOException {
    return RawHttp.post(
        stack.envoy.port(listener), Requests.CHAT, Requests.PLAIN, RawBackend.CASE, name);
  }

  private RawHttp head(String listener, String path) throws IOException {
    return RawHttp.lines(
        stack.envoy.port(listener),
        "HEAD " + path + " HTTP/1.1",
        "host: test",
        RawBackend.CASE + ": head",
        "connection: close");
  }

  private void assertTokens() {
    stack.assertOutcome("complete", 1);
    assertThat(stack.delta("semantic_router_tokens_total", "type", "prompt")).isEqualTo(7);
    assertThat(stack.delta("semantic_router_tokens_total", "type", "completion")).isEqualTo(4);
  }

  @Test
  void contentLengthIsKeptWhereTheBodyIsAskedFor() throws Exception {
    assertThat(post(WITHOUT, "json").header("content-length")).isEqualTo("" + ANSWER.length());

    RawHttp answer = post(SHIPPED, "json");

    assertThat(answer.header("content-length")).isEqualTo("" + ANSWER.length());
    assertThat(answer.body()).isEqualTo(ANSWER);
    assertTokens();
  }

  @Test
  void contentLengthGivesWayToChunksWhereTheBodyIsAlwaysStreamed() throws Exception {
    RawHttp answer = post(STATIC, "json");

    assertThat(answer.header("content-length")).isNull();
    assertThat(answer.header("transfer-encoding")).isEqualTo("chunked");
    assertThat(answer.body()).isEqualTo(ANSWER);
    assertTokens();
  }

  @Test
  void contentLengthIsKeptWhereEnvoyCanBeToldToKeepIt() throws Exception {
    if (!canKeepLength) {
      EnvoyConfig config = EnvoyConfig.shipped(1, 1);
      config.listener(STATIC_LENGTH).extProc(KEEPS_LENGTH);
      Path file = Project.WORK.resolve("framing/keeps-length.yaml");
      Files.writeString(file, config.text());
      assertThat(Envoy.validate(file).output()).contains("allow_content_length_header");
      return;
    }
    RawHttp answer = post(STATIC_LENGTH, "json");

    assertThat(answer.header("content-length")).isEqualTo("" + ANSWER.length());
    assertThat(answer.body()).isEqualTo(ANSWER);
    assertTokens();
  }

  @Test
  void contentLengthOfAnAnswerOnAnUnlistedPathIsKeptAsShipped() throws Exception {
    RawHttp answer =
        RawHttp.post(stack.envoy.port(SHIPPED), "/other", Requests.PLAIN, RawBackend.CASE, "json");

    assertThat(answer.header("content-length")).isEqualTo("" + ANSWER.length());
    assertThat(answer.body()).isEqualTo(ANSWER);
    assertTokens();
  }

  @ParameterizedTest
  @ValueSource(strings = {SHIPPED, STATIC})
  void http10ClientGetsTheWholeAnswer(String listener) throws Exception {
    String body = Requests.PLAIN;
    RawHttp answer =
        RawHttp.lines(
            stack.envoy.port(listener),
            "POST " + Requests.CHAT + " HTTP/1.0",
            "host: test",
            "content-type: application/json",
            "content-length: " + body.length(),
            RawBackend.CASE + ": json",
            "",
            body);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(ANSWER);
    assertThat(answer.header("transfer-encoding")).isNull();
    assertThat(answer.header("content-length"))
        .isEqualTo(listener.equals(SHIPPED) ? "" + ANSWER.length() : null);
    assertTokens();
  }

  @ParameterizedTest
  @ValueSource(strings = {SHIPPED, STATIC})
  void headIsAnsweredWithoutABodyAndBillsNothing(String listener) throws Exception {
    for (String path : List.of(Requests.CHAT, "/v1/models")) {
      stack.mark();
      RawHttp answer = head(listener, path);

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).isEmpty();
      assertThat(answer.header("content-length"))
          .isEqualTo(listener.equals(SHIPPED) ? "12345" : null);
      stack.awaitRequests(0);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {SHIPPED, STATIC})
  void answersWithoutABodyPassAndBillNothing(String listener) throws Exception {
    for (Map.Entry<String, String> each : NO_BODY.entrySet()) {
      String name = each.getKey();
      stack.mark();
      RawHttp expected = post(WITHOUT, name);
      RawHttp answer = post(listener, name);

      assertThat(answer.status()).isEqualTo(expected.status());
      assertThat(answer.header("x-marker")).isEqualTo(expected.header("x-marker"));
      assertThat(answer.header("etag")).isEqualTo(expected.header("etag"));
      assertThat(answer.body()).isEmpty();
      stack.assertOutcome(each.getValue(), 1);
      assertThat(stack.delta("semantic_router_tokens_total")).as(name).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {SHIPPED, STATIC})
  void informationalAnswersPassAndTheAnswerBehindThemIsMetered(String listener) throws Exception {
    for (String name : List.of("early-hints", "continue")) {
      stack.mark();
      RawHttp answer = post(listener, name);
      assertThat(answer.body()).endsWith(ANSWER);
      assertTokens();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {SHIPPED, STATIC})
  void clientThatWaitsToBeAskedIsMetered(String listener) throws Exception {
    RawHttp answer =
        RawHttp.postWhenAsked(
            stack.envoy.port(listener), Requests.CHAT, Requests.PLAIN, RawBackend.CASE, "json");

    assertThat(answer.body()).isEqualTo(ANSWER);
    assertTokens();
  }

  @ParameterizedTest
  @ValueSource(strings = {SHIPPED, STATIC, STATIC_NO_TRAILERS})
  void answerThatEndsInTrailersPassesWithThemAndIsMetered(String listener) throws Exception {
    Http2 answer =
        Http2.post(
            stack.envoy.port(listener), Requests.CHAT, Requests.ASKED, RawBackend.CASE, "trailers");

    assertThat(answer.body()).isEqualTo(String.join("", EVENTS));
    assertThat(answer.trailers().get("x-checksum")).isEqualTo("42");
    assertTokens();
  }
}
