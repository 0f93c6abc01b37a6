// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class EmbeddedGatewayTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String QUESTION =
      "\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]";
  private static final String PLAIN = "{\"model\":\"gpt-4\"," + QUESTION + "}";
  private static final String STREAM =
      "{\"model\":\"gpt-4\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
          + QUESTION
          + "}";
  private static final String UNASKED = "{\"model\":\"gpt-4\",\"stream\":true," + QUESTION + "}";
  private static final String CONTINUOUS =
      STREAM.replace("true}", "true,\"continuous_usage_stats\":true}");
  private static final String EMBEDDINGS = "{\"model\":\"qwen3\",\"input\":\"one two three\"}";

  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final ConcurrentLinkedQueue<UsageRecord> records = new ConcurrentLinkedQueue<>();
  private SimulatedVllm vllm;
  private LocalServer gateway;

  @BeforeEach
  void start() throws IOException {
    vllm =
        SimulatedVllm.builder()
            .model("qwen3")
            .clock(Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC))
            .ids(() -> "1")
            .start();
    gateway = gateway("maas", URI.create(vllm.baseUrl()));
  }

  @AfterEach
  void stop() {
    gateway.close();
    vllm.close();
  }

  @Test
  void plain() throws Exception {
    HttpResponse<String> response = post(CHAT, PLAIN);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("2+2 equals 4.");
    assertThat(response.headers().firstValue("x-vsr-model-selected")).contains("qwen3");
    assertThat(response.headers().firstValue("x-vsr-decision")).contains("math");
    assertThat(response.headers().firstValue("x-vsr-category")).contains("math");
    assertThat(response.headers().firstValue("x-vsr-reasoning-enabled")).contains("off");
    assertThat(response.headers().firstValue("x-vsr-cache-hit")).contains("false");
    UsageRecord record = onlyRecord();
    assertThat(record.outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(record.identity().user()).isEqualTo("alice");
    assertThat(record.identity().tier()).isEqualTo("premium");
    assertThat(record.model()).isEqualTo("qwen3");
    assertSumsEqualWhatWasProduced();
  }

  @Test
  void embeddings() throws Exception {
    assertThat(post("/v1/embeddings", EMBEDDINGS).statusCode()).isEqualTo(200);

    assertThat(onlyRecord().measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(tokens(TokenUsage::completion)).isZero();
    assertSumsEqualWhatWasProduced();
  }

  @Test
  void clientLeavesMidStream() throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client.getOutputStream().write(raw(CONTINUOUS).getBytes(StandardCharsets.UTF_8));
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8));
      int events = 0;
      while (events < 5) {
        events += in.readLine().startsWith("data: ") ? 1 : 0;
      }
      client.setSoLinger(true, 0); // leave by a reset, as a killed process does
    }

    UsageRecord record = onlyRecord();
    assertThat(record.measurement().status()).isEqualTo(Status.PARTIAL);
    assertThat(record.measurement().reasons()).containsExactly(Reason.CANCELLED);
    await("the backend stops", () -> vllm.stats().aborted().responses() == 1);
    assertThat(tokens(TokenUsage::prompt)).isEqualTo(vllm.stats().promptTokens());
    assertThat(tokens(TokenUsage::completion))
        .as("a lower bound of what was produced")
        .isBetween(1L, vllm.stats().completionTokens());
  }

  @Test
  void backendBreaksOffMidStream() {
    // The client must see it too: the end of a cut stream must not look like a regular end.
    assertThatThrownBy(
            () ->
                post(
                    CHAT,
                    CONTINUOUS,
                    "x-sim-abort-after-events",
                    "4",
                    "x-sim-chunk-delay-ms",
                    "50"))
        .isInstanceOf(IOException.class);

    assertThat(onlyRecord().measurement().status()).isEqualTo(Status.PARTIAL);
    assertThat(onlyRecord().measurement().reasons()).containsExactly(Reason.CANCELLED);
    await("the backend has counted", () -> vllm.stats().aborted().responses() == 1);
    assertThat(tokens(TokenUsage::prompt)).isEqualTo(vllm.stats().promptTokens());
    // The JDK's client drops what it holds when the connection breaks, for the caller and so for
    // the client too; how much that is depends on how busy the machine is.
    assertThat(tokens(TokenUsage::completion)).isBetween(1L, vllm.stats().completionTokens());
  }

  @Test
  void backendBreaksOffAJsonBody() {
    assertThatThrownBy(() -> post(CHAT, PLAIN, "x-sim-abort-after-events", "1"))
        .isInstanceOf(IOException.class);

    assertThat(onlyRecord().measurement().status()).isEqualTo(Status.ESTIMATED);
    assertThat(onlyRecord().measurement().reasons()).containsExactly(Reason.CANCELLED);
  }

  @ParameterizedTest
  @CsvSource({"x-none, 1", "x-sim-split-bytes, 1", "x-sim-line-ending, crlf", "x-sim-tokens, 300"})
  void streamThatAsksForNoUsageIsMeteredAndShowsNone(String header, String value) throws Exception {
    for (String body : List.of(UNASKED, STREAM.replace(":true}", ":false}"))) {
      HttpResponse<String> direct =
          HTTP.send(
              requestTo(vllm.baseUrl(), CHAT, body, header, value).build(),
              BodyHandlers.ofString());
      vllm.resetStats();
      records.clear();
      HttpResponse<String> through = post(CHAT, body, header, value);

      assertThat(through.body()).isEqualTo(direct.body()).doesNotContain("usage");
      assertThat(onlyRecord().outcome()).isEqualTo(Outcome.COMPLETE);
      assertThat(onlyRecord().forcedUsage()).isEqualTo(ForcedUsage.EDITED);
      assertSumsEqualWhatWasProduced();
    }
  }

  @Test
  void requestBodyIsEditedAsItPasses() throws Exception {
    try (ServerSocket backend = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      gateway.close();
      gateway = gateway("maas", URI.create("http://127.0.0.1:" + backend.getLocalPort()));
      String first = "{\"stream\":true,\"messages\":[" + "\"first\",".repeat(10_000);
      String last = "\"last\"]}";
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
        String head = raw("").replace(": 0", ": " + (first.length() + last.length()));
        client.getOutputStream().write((head + first).getBytes(StandardCharsets.UTF_8));
        try (Socket served = backend.accept()) {
          served.setSoTimeout(10_000);
          StringBuilder got = new StringBuilder();
          readUntil(served, got, "\"first\",");
          assertThat(got).as("while the client still writes").doesNotContain("last");
          assertThat(got.toString().toLowerCase(Locale.ROOT))
              .contains("transfer-encoding: chunked")
              .doesNotContain("content-length");
          client.getOutputStream().write(last.getBytes(StandardCharsets.UTF_8));
          readUntil(served, got, "\r\n0\r\n\r\n");
          assertThat(got).contains("],\"stream_options\":{\"include_usage\":true}}");
        }
      }
    }
    assertThat(onlyRecord().forcedUsage()).isEqualTo(ForcedUsage.EDITED);
  }

  @Test
  void clientLeavesWhileItStillWrites() throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      String head = raw("{\"stream\":true,").replace(": 15", ": 100");
      client.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
    }
    assertThat(onlyRecord().measurement().has(Reason.NO_RESPONSE)).isTrue();
  }

  private static void readUntil(Socket from, StringBuilder got, String text) throws IOException {
    byte[] piece = new byte[8192];
    while (got.indexOf(text) < 0) {
      int n = from.getInputStream().read(piece);
      assertThat(n).as(got.toString()).isPositive();
      got.append(new String(piece, 0, n, StandardCharsets.ISO_8859_1));
    }
  }

  @Test
  void clientsCannotSpeakForTheRouter() throws Exception {
    String echo =
        post("/echo?a=%2F&b", "hello", "x-vsr-model-selected", "gold", "x-own", "kept").body();

    assertThat(echo).contains("\"x-own\"").doesNotContain("x-vsr-").doesNotContain("gold");
    assertThat(echo).contains("\"/echo?a=%2F&b\"").contains("\"body_bytes\":5");
    assertThat(records).as("no LLM operation").isEmpty();
  }

  @Test
  void headersOfOneHopStayThere() throws Exception {
    String request =
        String.join(
            "\r\n",
            "GET /echo HTTP/1.1",
            "Host: test",
            // The JDK's server closes only when the first line says nothing else.
            "Connection: close",
            "Connection: X-Private",
            "X-Private: 1",
            "TE: trailers",
            "X-Twice: 1",
            "X-Twice: 2",
            "",
            "");
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client.setSoTimeout(10_000);
      client.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      String answer = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(answer).startsWith("HTTP/1.1 200").contains("\"x-twice\":[\"1\",\"2\"]");
      assertThat(answer).doesNotContain("x-private").doesNotContain("\"te\"");
    }
  }

  @Test
  void identityIsUtf8() throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client
          .getOutputStream()
          .write(raw(PLAIN).replace("alice", "zoë").getBytes(StandardCharsets.UTF_8));
      assertThat(onlyRecord().identity().user()).isEqualTo("zoë");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/chat/completions | plain | x-none | 1",
        "/v1/chat/completions | stream | x-none | 1",
        "/v1/chat/completions | stream | x-sim-split-bytes | 3",
        "/v1/chat/completions | stream | x-sim-line-ending | crlf",
        "/v1/chat/completions | plain | x-sim-status | 503",
        "/v1/chat/completions | plain | x-sim-split-bytes | 7",
        "/v1/chat/completions | nonsense | x-none | 1",
        "/v1/embeddings | embeddings | x-none | 1",
        "/v1/nothing-here | plain | x-none | 1",
      })
  void standaloneChangesNoByte(String path, String kind, String header, String value)
      throws Exception {
    gateway.close();
    gateway = gateway("standalone", URI.create(vllm.baseUrl()));
    String body =
        switch (kind) {
          case "plain" -> PLAIN;
          case "stream" -> STREAM;
          case "embeddings" -> EMBEDDINGS;
          default -> "{nonsense";
        };

    HttpResponse<byte[]> direct =
        HTTP.send(
            requestTo(vllm.baseUrl(), path, body, header, value).build(),
            BodyHandlers.ofByteArray());
    HttpResponse<byte[]> through =
        HTTP.send(request(path, body, header, value).build(), BodyHandlers.ofByteArray());

    assertThat(through.statusCode()).isEqualTo(direct.statusCode());
    assertThat(through.body()).isEqualTo(direct.body());
    assertThat(headers(through)).isEqualTo(headers(direct));
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD", "DELETE"})
  void requestsWithoutABody(String method) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + "/stats"))
            .method(method, BodyPublishers.noBody());

    assertThat(HTTP.send(request.build(), BodyHandlers.ofString()).statusCode()).isEqualTo(200);
  }

  @Test
  void requestBodyOfUnknownLength() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + "/echo"))
            .POST(
                BodyPublishers.ofInputStream(
                    () -> new java.io.ByteArrayInputStream(new byte[100_000])))
            .build();

    assertThat(HTTP.send(request, BodyHandlers.ofString()).body())
        .contains("\"body_bytes\":100000")
        .contains("\"transfer-encoding\"");
  }

  private LocalServer gateway(String mode, URI backend) throws IOException {
    return new LocalServer(
        0,
        "/",
        new EmbeddedGateway(GatewayConfig.of(mode).engine().sink(records::add).build(), backend));
  }

  private HttpResponse<String> post(String path, String body, String... headers) throws Exception {
    return HTTP.send(request(path, body, headers).build(), BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path, String body, String... headers) {
    return requestTo("http://127.0.0.1:" + gateway.port(), path, body, headers);
  }

  private static HttpRequest.Builder requestTo(
      String base, String path, String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path))
            .timeout(Duration.ofSeconds(30))
            .header("content-type", "application/json")
            .header("x-auth-request-user", "alice")
            .header("x-auth-request-tier", "premium")
            .POST(BodyPublishers.ofString(body));
    return headers.length == 0 ? request : request.headers(headers);
  }

  private static String raw(String body) {
    return String.join(
        "\r\n",
        "POST " + CHAT + " HTTP/1.1",
        "Host: test",
        "x-auth-request-user: alice",
        "x-sim-tokens: 2000",
        "x-sim-chunk-delay-ms: 10",
        "Content-Length: " + body.length(),
        "",
        body);
  }

  /** All but the date, which is the time of the answer. */
  private static Map<String, List<String>> headers(HttpResponse<?> response) {
    Map<String, List<String>> headers = new TreeMap<>(response.headers().map());
    headers.keySet().removeAll(Set.of("date"));
    return headers;
  }

  private UsageRecord onlyRecord() {
    await("a record", () -> !records.isEmpty());
    assertThat(records).hasSize(1);
    return records.element();
  }

  private void assertSumsEqualWhatWasProduced() {
    assertThat(tokens(TokenUsage::prompt)).isEqualTo(vllm.stats().promptTokens());
    assertThat(tokens(TokenUsage::completion)).isEqualTo(vllm.stats().completionTokens());
    assertThat(records)
        .hasSize(vllm.stats().exchanges().values().stream().mapToInt(Long::intValue).sum());
  }

  private long tokens(ToLongFunction<TokenUsage> count) {
    long sum = 0;
    for (UsageRecord record : records) {
      TokenUsage usage = record.measurement().usage();
      sum += usage == null ? 0 : count.applyAsLong(usage);
    }
    return sum;
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time: " + what).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }
}
