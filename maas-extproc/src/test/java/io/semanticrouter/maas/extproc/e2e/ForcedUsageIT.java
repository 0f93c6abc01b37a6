// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.core.JsonField;
import com.openai.core.JsonNull;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionCreateParams;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import io.semanticrouter.maas.testing.vllm.SimulatedVllmStats.Totals;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Usage that clients did not ask for, through a real Envoy: the backend is asked for it, the books
 * are those of the backend, and each client gets the bytes that it would have got without us.
 *
 * <p>{@code /echo} is configured as a chat completion where the bytes that reach the backend
 * matter: it tells their number and their SHA-256.
 */
class ForcedUsageIT {
  private static final String CHAT = "/v1/chat/completions";
  private static final String COMPLETIONS = "/v1/completions";
  private static final String STREAM = chat("\"stream\":true");
  private static final String ASKED =
      chat("\"stream\":true,\"stream_options\":{\"include_usage\":true}");
  private static final String REFUSED =
      chat("\"stream\":true,\"stream_options\":{\"include_usage\":false}");
  private static final String PLAIN = chat("\"stream\":false");
  private static final String TEXT =
      "{\"model\":\"qwen3\",\"prompt\":\"Once upon a time\",\"stream\":true}";
  private static final String ADDED = ",\"stream_options\":{\"include_usage\":true}";
  private static final String ADDED_VLLM =
      ",\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}";
  private static final String ECHO = "    routes: { /echo: { operation: chat } }\n";
  private static final int MEBIBYTE = 1 << 20;

  private static String chat(String member) {
    return "{\"model\":\"gpt-4\","
        + member
        + ",\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]}";
  }

  private static String enabled(String usage) {
    return "maas_integration:\n  enabled: true\n" + (usage.isEmpty() ? "" : "  usage:\n" + usage);
  }

  /** A backend that gives the same answer to the same request, byte for byte. */
  private static SimulatedVllm.Builder backend() {
    return SimulatedVllm.builder()
        .model("qwen3")
        .clock(Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC))
        .ids(() -> "1");
  }

  /** What all of these have in common: a stack, and that nobody made a mistake. */
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  private abstract static class Case {
    private final String name;
    private final String config;
    private final String[] jvmOptions;
    Stack stack;
    OpenAIClient alice;

    Case(String name, String config, String... jvmOptions) {
      this.name = name;
      this.config = config;
      this.jvmOptions = jvmOptions;
    }

    @BeforeAll
    void start() throws Exception {
      stack = Stack.start(name, config, backend(), jvmOptions);
      alice = stack.client("alice", "premium");
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

    RawHttp through(String path, String body, String... headers) throws IOException {
      return RawHttp.post(stack.envoy.port(), path, body, headers);
    }

    /** What the backend sends to a client that asks it directly; the books do not see it. */
    RawHttp direct(String path, String body, String... headers) throws IOException {
      RawHttp answer = RawHttp.post(stack.backend.port(), path, body, headers);
      stack.mark();
      return answer;
    }

    void assertForced(String result, long exchanges) {
      assertThat(stack.delta("semantic_router_forced_usage_total", "result", result))
          .as("exchanges with the result %s", result)
          .isEqualTo(exchanges);
      assertThat(stack.delta("semantic_router_forced_usage_total")).isEqualTo(exchanges);
    }

    /** Asserts that the same bytes come through, and that they are metered to the token. */
    void assertSameBytes(String result, String path, String body, String... headers)
        throws IOException {
      RawHttp expected = direct(path, body, headers);
      RawHttp actual = through(path, body, headers);
      assertThat(actual.status()).isEqualTo(expected.status());
      assertThat(actual.body()).isEqualTo(expected.body());
      assertThat(actual.cut()).isFalse();
      stack.assertMetered(1);
      assertForced(result, 1);
    }

    static ChatCompletionCreateParams.Builder question() {
      return ChatCompletionCreateParams.builder().model("gpt-4").addUserMessage("What is 2+2?");
    }

    static ChatCompletionStreamOptions includeUsage(boolean value) {
      return ChatCompletionStreamOptions.builder().includeUsage(value).build();
    }

    List<ChatCompletionChunk> read(ChatCompletionCreateParams params) {
      try (StreamResponse<ChatCompletionChunk> response =
          alice.chat().completions().createStreaming(params)) {
        return response.stream().toList();
      }
    }

    void leaveAfter(int events, ChatCompletionCreateParams params) {
      try (StreamResponse<ChatCompletionChunk> response =
          alice.chat().completions().createStreaming(params)) {
        assertThat(response.stream().limit(events)).hasSize(events);
      }
    }
  }

  /** Asserts that exactly these bytes reached the backend. */
  private static JsonNode assertEcho(RawHttp response, byte[] expected) throws Exception {
    assertThat(response.status()).isEqualTo(200);
    JsonNode echo = new ObjectMapper().readTree(response.body());
    assertThat(echo.get("body_bytes").asLong()).isEqualTo(expected.length);
    assertThat(echo.get("body_sha256").asText())
        .isEqualTo(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(expected)));
    return echo.get("headers");
  }

  private static JsonNode assertEcho(RawHttp response, String expected) throws Exception {
    return assertEcho(response, expected.getBytes(StandardCharsets.UTF_8));
  }

  private static void assertWithoutUsage(List<ChatCompletionChunk> chunks) {
    assertThat(chunks).isNotEmpty();
    for (ChatCompletionChunk chunk : chunks) {
      assertThat(chunk.choices()).isNotEmpty();
      assertThat(chunk._usage().isMissing()).as("usage in %s", chunk).isTrue();
    }
  }

  private static String edited(String body, String added) {
    return body.substring(0, body.length() - 1) + added + "}";
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private static String gunzip(String latin1) throws IOException {
    byte[] bytes = latin1.getBytes(StandardCharsets.ISO_8859_1);
    try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return new String(gzip.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Nested
  class AnyBackend extends Case {
    AnyBackend() {
      super("forced", enabled(ECHO));
    }

    @Test
    void streamThatAsksForNoUsageShowsNoneAndIsMeteredToTheToken() {
      assertWithoutUsage(read(question().build()));

      stack.assertMetered(1);
      assertForced("edited", 1);
      assertThat(stack.backend.stats().reported()).isEqualTo(new Totals(1, 7, 4));
    }

    @Test
    void streamThatAsksForUsageShowsIt() {
      List<ChatCompletionChunk> chunks = read(question().streamOptions(includeUsage(true)).build());

      ChatCompletionChunk last = chunks.get(chunks.size() - 1);
      assertThat(last.choices()).isEmpty();
      assertThat(last.usage().orElseThrow().totalTokens()).isEqualTo(11);
      JsonField<?> ofFirst = chunks.get(0)._usage();
      assertThat(ofFirst).as("usage of the first chunk").isEqualTo(JsonNull.of());
      stack.assertMetered(1);
      assertForced("already", 1);
    }

    @Test
    void streamThatRefusesUsageShowsNoneAndIsMeteredToTheToken() {
      assertWithoutUsage(read(question().streamOptions(includeUsage(false)).build()));

      stack.assertMetered(1);
      assertForced("edited", 1);
    }

    @Test
    void legacyCompletionIsAskedForToo() {
      try (var response =
          alice
              .completions()
              .createStreaming(
                  CompletionCreateParams.builder().model("qwen3").prompt("Once upon").build())) {
        assertThat(response.stream()).isNotEmpty().allMatch(c -> c._usage().isMissing());
      }

      stack.assertMetered(1);
      assertForced("edited", 1);
    }

    @Test
    void severalChoicesAreMeteredToTheToken() {
      assertWithoutUsage(read(question().n(3).build()));

      stack.assertMetered(1);
      assertThat(stack.backend.stats().reported()).isEqualTo(new Totals(1, 7, 12));
    }

    @ParameterizedTest
    @CsvSource({
      "x-sim-split-bytes, 1, x-sim-line-ending, lf",
      "x-sim-split-bytes, 1, x-sim-line-ending, crlf",
      "x-sim-split-bytes, 7, x-sim-line-ending, cr",
      "x-sim-split-bytes, 100000, x-sim-line-ending, crlf",
      "x-sim-tokens, 500, x-sim-line-ending, lf",
      "x-sim-tokens, 500, x-sim-null-usage, false",
    })
    void bytesOfAStreamAreThoseOfTheBackendWithoutUs(
        String knob, String value, String knob2, String value2) throws Exception {
      for (String body : List.of(STREAM, REFUSED)) {
        assertSameBytes("edited", CHAT, body, knob, value, knob2, value2);
      }
      assertSameBytes("edited", COMPLETIONS, TEXT, knob, value, knob2, value2);
      assertSameBytes("already", CHAT, ASKED, knob, value, knob2, value2);
    }

    @Test
    void bytesOfAPlainAnswerAreThoseOfTheBackend() throws Exception {
      assertSameBytes("not_streaming", CHAT, PLAIN);
      assertSameBytes("not_streaming", CHAT, PLAIN, "x-sim-split-bytes", "3");
    }

    @Test
    void errorOfTheBackendIsThatOfTheBackend() throws Exception {
      RawHttp expected = direct(CHAT, STREAM, "x-sim-status", "429");
      RawHttp actual = through(CHAT, STREAM, "x-sim-status", "429");

      assertThat(actual.status()).isEqualTo(429);
      assertThat(actual.body()).isEqualTo(expected.body());
      assertThat(actual.header("content-length")).isEqualTo(expected.header("content-length"));
      stack.assertOutcome("error", 1);
    }

    @Test
    void requestReachesTheBackendWithTheMemberAndAFramingThatFits() throws Exception {
      JsonNode headers = assertEcho(through("/echo", STREAM), edited(STREAM, ADDED));

      assertThat(headers.has("content-length")).isFalse();
      assertThat(headers.get("transfer-encoding").get(0).asText()).isEqualTo("chunked");
    }

    @Test
    void requestThatDoesNotStreamReachesTheBackendAsItIs() throws Exception {
      assertEcho(through("/echo", PLAIN), PLAIN);
      assertEcho(through("/echo", "{}"), "{}");
      assertEcho(through("/echo", ""), "");
      assertThat(through("/v1/models", "").status()).as("what is not forced").isEqualTo(405);
    }

    @Test
    void requestInChunksOfAnySizeIsEdited() throws Exception {
      for (int size : new int[] {1, 2, 13, STREAM.length()}) {
        List<String> chunks = new ArrayList<>();
        for (int at = 0; at < REFUSED.length(); at += size) {
          chunks.add(REFUSED.substring(at, Math.min(REFUSED.length(), at + size)));
        }
        RawHttp echo = RawHttp.postChunked(stack.envoy.port(), "/echo", chunks, "");
        assertEcho(echo, REFUSED.replace("false}", "true}"));
      }
    }

    @Test
    void clientThatWaitsToBeAskedForItsBodyIsAsked() throws Exception {
      RawHttp echo = RawHttp.postWhenAsked(stack.envoy.port(), "/echo", STREAM);
      assertEcho(echo, edited(STREAM, ADDED));

      RawHttp answer = RawHttp.postWhenAsked(stack.envoy.port(), CHAT, STREAM);
      assertThat(answer.body()).contains("[DONE]").doesNotContain("usage");
    }

    @Test
    void http2ClientGetsTheSame() throws Exception {
      RawHttp expected = direct(CHAT, STREAM);
      OkHttpClient http =
          new OkHttpClient.Builder().protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE)).build();
      Request request =
          new Request.Builder()
              .url(stack.envoy.url() + CHAT)
              .post(RequestBody.create(STREAM, MediaType.get("application/json")))
              .build();
      try (Response response = http.newCall(request).execute()) {
        assertThat(response.protocol()).isEqualTo(Protocol.H2_PRIOR_KNOWLEDGE);
        assertThat(response.body().string()).isEqualTo(expected.body());
      } finally {
        http.connectionPool().evictAll();
        http.dispatcher().executorService().shutdown();
      }
      stack.assertMetered(1);
      assertForced("edited", 1);
    }

    @Test
    void requestThatIsNoJsonPassesUntouchedAndIsCounted() throws Exception {
      assertEcho(through("/echo", "stream=true"), "stream=true");
      stack.awaitRequests(1);
      assertForced("not_json", 1);
      stack.mark();
      String cut = STREAM.substring(0, STREAM.length() - 1);
      assertEcho(through("/echo", cut), cut);
      stack.awaitRequests(1);
      assertForced("malformed", 1);
    }

    @Test
    void requestIsEditedAsLenientBackendsReadIt() throws Exception {
      String lax = STREAM.replace("true", "\"true\"");
      assertEcho(through("/echo", lax), edited(lax, ADDED));
      assertEcho(through("/echo", STREAM, "content-type", "text/plain"), edited(STREAM, ADDED));
      assertEcho(through("/echo", STREAM, "content-encoding", "gzip"), edited(STREAM, ADDED));
      stack.awaitRequests(3);
      assertForced("edited", 3);
    }

    @Test
    void requestWithAValueThatNobodyCanBeSureOfPassesUntouchedAndIsCounted() throws Exception {
      // Options that are there, and more behind them than is held until the stream is known.
      String pad = "A".repeat(100_000);
      String unsafe = chat("\"stream_options\":null,\"pad\":\"" + pad + "\",\"stream\":true");
      assertEcho(through("/echo", unsafe), unsafe);
      stack.awaitRequests(1);
      assertForced("unsafe", 1);
    }

    @Test
    void compressedRequestPassesUntouchedAndIsCounted() throws Exception {
      byte[] body = gzip(STREAM);
      RawHttp response =
          RawHttp.post(stack.envoy.port(), "/echo", body, "content-encoding", "gzip");

      JsonNode headers = assertEcho(response, body);
      // The head may lie about the coding: the body is read, and could have been edited.
      assertThat(headers.has("transfer-encoding")).isTrue();
      stack.awaitRequests(1);
      assertForced("encoded", 1);
    }

    @Test
    void backendIsAskedForAPlainAnswerWhereUsageHasToBeTakenOut() throws Exception {
      RawHttp echo = through("/echo", STREAM, "accept-encoding", "gzip, br, zstd");
      assertThat(assertEcho(echo, edited(STREAM, ADDED)).get("accept-encoding").get(0).asText())
          .isEqualTo("identity");

      stack.awaitRequests(1);
      assertSameBytes("edited", CHAT, STREAM, "x-sim-gzip", "true");
      String[] gzip = {"x-sim-gzip", "true", "accept-encoding", "gzip, br, zstd"};
      RawHttp response = through(CHAT, STREAM, gzip);
      assertThat(response.header("content-encoding")).isNull();
      assertThat(response.body()).contains("[DONE]").doesNotContain("usage");
    }

    @Test
    void clientThatLeavesEarlyIsEstimatedAndNeverMeasured() {
      leaveAfter(
          3,
          question()
              .putAdditionalHeader("x-sim-chunk-delay-ms", "50")
              .putAdditionalHeader("x-sim-tokens", "200")
              .build());

      stack.assertOutcome("estimated", 1);
      assertThat(stack.delta("semantic_router_tokens_total")).isZero();
      assertForced("edited", 1);
    }
  }

  @Nested
  class Vllm extends Case {
    Vllm() {
      super("forced-vllm", enabled("    backend: vllm\n" + ECHO));
    }

    @Test
    void runningUsageIsAskedForToo() throws Exception {
      assertEcho(through("/echo", STREAM), edited(STREAM, ADDED_VLLM));
      assertEcho(
          through("/echo", ASKED), ASKED.replace("true}", "true,\"continuous_usage_stats\":true}"));
    }

    @ParameterizedTest
    @CsvSource({
      "x-sim-split-bytes, 1, x-sim-line-ending, lf",
      "x-sim-split-bytes, 11, x-sim-line-ending, crlf",
      "x-sim-tokens, 500, x-sim-line-ending, lf",
    })
    void bytesOfAStreamAreThoseOfTheBackendWithoutUs(
        String knob, String value, String knob2, String value2) throws Exception {
      for (String body : List.of(STREAM, REFUSED)) {
        assertSameBytes("edited", CHAT, body, knob, value, knob2, value2);
      }
      assertSameBytes("edited", COMPLETIONS, TEXT, knob, value, knob2, value2);
      // vLLM states usage in the last chunk only when only that was asked for.
      assertSameBytes(
          "edited", CHAT, ASKED, knob, value, knob2, value2, "x-sim-null-usage", "false");
      assertSameBytes(
          "already",
          CHAT,
          ASKED.replace("true}", "true,\"continuous_usage_stats\":true}"),
          knob,
          value,
          knob2,
          value2);
    }

    @Test
    void clientThatLeavesEarlyIsBilledWhatWasStated() {
      leaveAfter(
          5,
          question()
              .putAdditionalHeader("x-sim-chunk-delay-ms", "50")
              .putAdditionalHeader("x-sim-tokens", "200")
              .build());

      stack.assertOutcome("partial", 1);
      Waiting.until(
          Duration.ofSeconds(10),
          () -> assertThat(stack.backend.stats().aborted().responses()).isEqualTo(1));
      assertThat(stack.delta("semantic_router_tokens_total", "type", "prompt")).isEqualTo(7);
      assertThat(stack.delta("semantic_router_tokens_total", "type", "completion"))
          .isBetween(1L, stack.backend.stats().aborted().completionTokens());
    }

    @Test
    void streamThatTheBackendBreaksIsAsBrokenAsWithoutUs() throws Exception {
      // The pause is for Envoy, which drops what it still holds when the backend breaks off.
      String[] knobs = {"x-sim-abort-after-events", "3", "x-sim-chunk-delay-ms", "100"};
      RawHttp expected = direct(CHAT, STREAM, knobs);
      RawHttp actual = through(CHAT, STREAM, knobs);

      assertThat(actual.cut()).isTrue();
      assertThat(actual.body()).contains("\"delta\"");
      assertThat(expected.body()).startsWith(actual.body());
      stack.assertOutcome("partial", 1);
      assertThat(stack.delta("semantic_router_tokens_total", "type", "prompt")).isEqualTo(7);
    }
  }

  /** Bodies that are far larger than what Envoy buffers, and than what the server could keep. */
  @Nested
  class Large extends Case {
    private static final int SIZE = 20 * MEBIBYTE;
    private static final int CLIENTS = 4;

    Large() {
      super("forced-large", enabled(ECHO), "-Xmx48m");
    }

    @Test
    void multimodalRequestPassesAndOnlyTheMemberIsNew() throws Exception {
      char[] image = new char[SIZE];
      Arrays.fill(image, 'A');
      String part = "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,";
      String body =
          STREAM.replace(
              "\"What is 2+2?\"",
              "[{\"type\":\"text\",\"text\":\"What is 2+2?\"},"
                  + part
                  + new String(image)
                  + "\"}}]");
      String expected = edited(body, ADDED);
      ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
      try {
        Callable<RawHttp> call = () -> through("/echo", body);
        List<Future<RawHttp>> responses =
            clients.invokeAll(java.util.Collections.nCopies(CLIENTS, call));
        for (Future<RawHttp> response : responses) {
          assertEcho(response.get(), expected);
        }
      } finally {
        clients.shutdownNow();
      }
      stack.mark();
      RawHttp answer = through(CHAT, body);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).contains("[DONE]").doesNotContain("usage");
      stack.assertMetered(1);
      assertForced("edited", 1);
    }

    @Test
    void longAnswerPassesAndIsMetered() throws Exception {
      assertSameBytes("edited", CHAT, STREAM, "x-sim-tokens", "20000");
    }
  }

  @Nested
  class Off extends Case {
    Off() {
      super(
          "forced-off",
          enabled(
              """
                  force_usage: false
                  routes:
                    /v1/completions: { force_usage: true }
                    /echo: { operation: chat }
              """));
    }

    @Test
    void streamIsLeftAsItIsAndEstimated() throws Exception {
      RawHttp expected = direct(CHAT, STREAM);
      assertThat(through(CHAT, STREAM).body()).isEqualTo(expected.body());

      stack.assertOutcome("estimated", 1);
      assertForced("edited", 0);
    }

    @Test
    void requestReachesTheBackendAsItIs() throws Exception {
      JsonNode headers =
          assertEcho(through("/echo", STREAM, "accept-encoding", "br, gzip;q=0.5, zstd"), STREAM);
      assertThat(headers.get("content-length").get(0).asInt()).isEqualTo(STREAM.length());
      assertThat(headers.get("accept-encoding").get(0).asText())
          .as("what can be decoded here")
          .isEqualTo("gzip;q=0.5");
    }

    @Test
    void routeSwitchesItOn() throws Exception {
      assertSameBytes("edited", COMPLETIONS, TEXT);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000})
    void compressedAnswersAreMetered(int split) throws Exception {
      for (String body : List.of(PLAIN, ASKED)) {
        stack.mark();
        RawHttp response =
            through(
                CHAT,
                body,
                "accept-encoding",
                "gzip",
                "x-sim-gzip",
                "true",
                "x-sim-split-bytes",
                Integer.toString(split));
        assertThat(response.header("content-encoding")).isEqualTo("gzip");
        assertThat(gunzip(response.body())).contains("\"usage\":{");
        stack.assertMetered(1);
      }
    }
  }

  @Nested
  class OffForOneRoute extends Case {
    OffForOneRoute() {
      super("forced-route", enabled("    routes: { /v1/completions: { force_usage: false } }\n"));
    }

    @Test
    void routeSwitchesItOff() throws Exception {
      RawHttp expected = direct(COMPLETIONS, TEXT);
      assertThat(through(COMPLETIONS, TEXT).body()).isEqualTo(expected.body());
      stack.assertOutcome("estimated", 1);
      assertForced("edited", 0);

      assertSameBytes("edited", CHAT, STREAM);
    }
  }

  @Nested
  class Standalone extends Case {
    Standalone() {
      super(
          "forced-standalone",
          "maas_integration:\n  usage:\n    force_usage: true\n    backend: vllm\n" + ECHO);
    }

    @Test
    void requestAndResponseAreLeftAsTheyAre() throws Exception {
      JsonNode headers =
          assertEcho(through("/echo", STREAM, "accept-encoding", "gzip, br, zstd"), STREAM);
      assertThat(headers.get("content-length").get(0).asInt()).isEqualTo(STREAM.length());
      assertThat(headers.get("accept-encoding").get(0).asText()).isEqualTo("gzip, br, zstd");

      for (String body : List.of(STREAM, REFUSED, ASKED, PLAIN)) {
        RawHttp expected = direct(CHAT, body);
        RawHttp actual = through(CHAT, body);
        assertThat(actual.body()).isEqualTo(expected.body());
        assertThat(actual.header("content-length")).isEqualTo(expected.header("content-length"));
        stack.awaitRequests(1);
      }
      assertForced("edited", 0);
    }

    @Test
    void compressedAnswersAreMetered() throws Exception {
      for (String body : List.of(PLAIN, ASKED)) {
        String[] knobs = {"x-sim-gzip", "true", "accept-encoding", "gzip"};
        RawHttp expected = direct(CHAT, body, knobs);
        assertThat(through(CHAT, body, knobs).body()).isEqualTo(expected.body());
        stack.assertMetered(1);
      }
    }
  }

  /** Data planes that are configured in another way than ours. */
  @Nested
  class OtherDataPlanes {
    private interface Check {
      void on(Envoy envoy, ServerJar server) throws Exception;
    }

    private static void with(String name, String from, String to, Check check) throws Exception {
      Path directory = Project.WORK.resolve(name);
      try (SimulatedVllm backend = backend().start();
          ServerJar server = ServerJar.start(directory, Stack.PORTS + enabled(ECHO))) {
        String config = Envoy.config(server.grpcPort(), backend.port());
        assertThat(config).contains(from);
        try (Envoy envoy = Envoy.start(directory, config.replace(from, to))) {
          check.on(envoy, server);
          assertThat(envoy.stat("spurious_msgs_received")).isZero();
          assertThat(envoy.stat("failure_mode_allowed")).isZero();
          assertThat(envoy.stat("rejected_header_mutations")).isZero();
          assertThat(server.scrape().sum("semantic_router_extproc_failures_total")).isZero();
        }
      }
    }

    private static void awaitEdited(ServerJar server) {
      Waiting.until(
          Duration.ofSeconds(20),
          () ->
              assertThat(
                      server.scrape().sum("semantic_router_forced_usage_total", "result", "edited"))
                  .isEqualTo(1));
    }

    @Test
    void requestWithTrailersIsEdited() throws Exception {
      with(
          "forced-trailers",
          "codec_type: AUTO",
          "codec_type: AUTO\n          http_protocol_options: { enable_trailers: true }",
          (envoy, server) -> {
            List<String> chunks = List.of(STREAM.substring(0, 40), STREAM.substring(40));
            RawHttp answer = RawHttp.postChunked(envoy.port(), CHAT, chunks, "x-checksum: 1\r\n");
            assertThat(answer.body()).contains("[DONE]").doesNotContain("usage");
            awaitEdited(server);
            assertThat(server.scrape().sum("semantic_router_requests_total", "outcome", "complete"))
                .isEqualTo(1);
          });
    }

    @Test
    void requestThatALargeBufferShowsInOnePieceIsEdited() throws Exception {
      with(
          "forced-buffer",
          "  listeners:\n  - name: llm\n",
          "  listeners:\n  - name: llm\n    per_connection_buffer_limit_bytes: 33554432\n",
          (envoy, server) -> {
            String body = STREAM.replace("2+2?", "2+2?" + "A".repeat(20 * MEBIBYTE));
            assertEcho(RawHttp.post(envoy.port(), "/echo", body), edited(body, ADDED));
            awaitEdited(server);
          });
    }

    @Test
    void requestThatIsSentOnceMoreIsTheEditedOne() throws Exception {
      with(
          "forced-retry",
          "timeout: 0s",
          """
          timeout: 0s
                            retry_policy:
                              retry_on: retriable-status-codes
                              retriable_status_codes: [ 200 ]
                              num_retries: 2""",
          (envoy, server) -> {
            String body = STREAM.replace("2+2?", "2+2?" + "A".repeat(100_000));
            assertEcho(RawHttp.post(envoy.port(), "/echo", body), edited(body, ADDED));
            awaitEdited(server);
          });
    }

    @Test
    void overrideThatIsNotAllowedLeavesRequestsAsTheyAre() throws Exception {
      with(
          "forced-override",
          "request_body_mode: STREAMED",
          "request_body_mode: BUFFERED",
          (envoy, server) -> {
            assertEcho(RawHttp.post(envoy.port(), "/echo", STREAM), STREAM);
            RawHttp answer = RawHttp.post(envoy.port(), CHAT, ASKED);
            assertThat(answer.body()).contains("[DONE]", "\"total_tokens\":11");
            Waiting.until(
                Duration.ofSeconds(20),
                () ->
                    assertThat(
                            server
                                .scrape()
                                .sum("semantic_router_forced_usage_total", "result", "unseen"))
                        .isEqualTo(2));
            assertThat(server.scrape().sum("semantic_router_tokens_total")).isEqualTo(11);
          });
    }
  }
}
