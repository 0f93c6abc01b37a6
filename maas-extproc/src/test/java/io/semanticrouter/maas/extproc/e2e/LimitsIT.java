// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Much of everything at once, through a server with a small heap. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LimitsIT {
  private static final String HEAP = "-Xmx64m";
  private static final int HEADER_BYTES = 30 << 10;
  private static final long RESPONSE_BYTES = 200L << 20;
  private static final int STREAMS = 2000;
  private static final String USAGE =
      "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":4,\"total_tokens\":11}";
  private static final String JSON = "content-type: application/json";
  private static final String FIRST_EVENT =
      "data: {\"model\":\"qwen3\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"4\"}}]}\n\n";
  private static final String USAGE_EVENT =
      "data: {\"model\":\"qwen3\",\"choices\":[]," + USAGE + "}\n\n";
  private static final String DONE = "data: [DONE]\n\n";

  private final CountDownLatch arrived = new CountDownLatch(STREAMS);
  private final AtomicLong checksum = new AtomicLong();
  private final AtomicLong checksumWithoutUsage = new AtomicLong();
  private RawBackend raw;
  private Stack stack;

  @BeforeAll
  void start() throws Exception {
    raw = RawBackend.start();
    raw.on(
        "headers",
        (request, in, out) -> {
          int length = 0;
          for (String line : request.head()) {
            length += line.startsWith("x-big") ? line.indexOf(':') + line.length() : 0;
          }
          out.write(
              RawBackend.answer(
                  "200 OK",
                  "{\"model\":\"qwen3\",\"length\":" + length + "," + USAGE + "}",
                  JSON,
                  "x-big: " + "b".repeat(HEADER_BYTES)));
        });
    raw.on("large-stream", (request, in, out) -> stream(out));
    raw.on("large-document", (request, in, out) -> document(out));
    raw.on("together", (request, in, out) -> together(out));
    stack =
        Stack.start(
            "limits",
            Requests.MAAS,
            Requests.backend(),
            envoy -> {
              envoy.cluster("raw", "backend", raw.port());
              envoy
                  .listener("raw")
                  .http("max_request_headers_kb: 96")
                  .extProc("message_timeout: 60s")
                  .route("cluster: raw");
            },
            HEAP);
  }

  /** Events of 16 KB each. */
  private void stream(OutputStream out) throws IOException {
    CRC32 crc = new CRC32();
    CRC32 withoutUsage = new CRC32();
    String event = "data: {\"choices\":[{\"delta\":{\"content\":\"" + "A".repeat(16_000) + "\"}}]}";
    byte[] bytes = RawBackend.bytes(event + "\n\n");
    byte[] chunk = RawBackend.chunk(event + "\n\n");
    out.write(RawBackend.EVENT_STREAM);
    for (long sent = 0; sent < RESPONSE_BYTES; sent += bytes.length) {
      out.write(chunk);
      crc.update(bytes);
      withoutUsage.update(bytes);
    }
    crc.update(RawBackend.bytes(USAGE_EVENT + DONE));
    checksum.set(crc.getValue());
    withoutUsage.update(RawBackend.bytes(DONE));
    checksumWithoutUsage.set(withoutUsage.getValue());
    out.write(RawBackend.chunk(USAGE_EVENT + DONE));
    out.write(RawBackend.bytes("0\r\n\r\n"));
  }

  /** One string, and the usage behind it. */
  private void document(OutputStream out) throws IOException {
    byte[] begin = RawBackend.bytes("{\"model\":\"qwen3\",\"content\":\"");
    byte[] end = RawBackend.bytes("\"," + USAGE + "}");
    byte[] piece = RawBackend.bytes("A".repeat(1 << 16));
    long pieces = RESPONSE_BYTES / piece.length;
    long length = begin.length + pieces * piece.length + end.length;
    CRC32 crc = new CRC32();
    out.write(RawBackend.bytes("HTTP/1.1 200 OK\r\n" + JSON + "\r\ncontent-length: " + length));
    out.write(RawBackend.bytes("\r\n\r\n"));
    out.write(begin);
    crc.update(begin);
    for (long i = 0; i < pieces; i++) {
      out.write(piece);
      crc.update(piece);
    }
    crc.update(end);
    checksum.set(crc.getValue());
    out.write(end);
  }

  /** Nobody's answer ends before all have begun. */
  private void together(OutputStream out) throws IOException {
    out.write(RawBackend.EVENT_STREAM);
    out.write(RawBackend.chunk(FIRST_EVENT));
    out.flush();
    arrived.countDown();
    try {
      if (!arrived.await(60, TimeUnit.SECONDS)) {
        throw new IOException(arrived.getCount() + " did not come");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    out.write(RawBackend.chunk(USAGE_EVENT + DONE));
    out.write(RawBackend.bytes("0\r\n\r\n"));
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
    assertThat(stack.server.log()).doesNotContain("OutOfMemoryError");
  }

  private void assertTokens(long exchanges) {
    stack.assertOutcome("complete", exchanges);
    assertThat(stack.delta("semantic_router_tokens_total", "type", "prompt"))
        .isEqualTo(7 * exchanges);
    assertThat(stack.delta("semantic_router_tokens_total", "type", "completion"))
        .isEqualTo(4 * exchanges);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 60})
  void thirtyKilobytesOfHeadersPassBothWays(int headers) throws Exception {
    List<String> request = new ArrayList<>(List.of(RawBackend.CASE, "headers"));
    int length = 0;
    for (int i = 0; i < headers; i++) {
      request.add("x-big-" + i);
      request.add("a".repeat(HEADER_BYTES / headers));
      length += 2 * ("x-big-" + i).length() + 2 + HEADER_BYTES / headers;
    }

    RawHttp answer =
        RawHttp.post(
            stack.envoy.port("raw"), Requests.CHAT, Requests.PLAIN, request.toArray(String[]::new));

    assertThat(answer.body()).contains("\"length\":" + length + ",");
    assertThat(answer.header("x-big")).isEqualTo("b".repeat(HEADER_BYTES));
    assertTokens(1);
  }

  @ParameterizedTest
  @CsvSource({"large-stream, true", "large-stream, false", "large-document, false"})
  void responseOf200MegabytesPassesAndIsMetered(String name, boolean asked) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + stack.envoy.port("raw") + Requests.CHAT))
            .header("content-type", "application/json")
            .header(RawBackend.CASE, name)
            .POST(HttpRequest.BodyPublishers.ofString(asked ? Requests.ASKED : Requests.STREAM))
            .build();
    HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    HttpResponse<InputStream> response =
        http.send(request, HttpResponse.BodyHandlers.ofInputStream());

    CRC32 crc = new CRC32();
    long length = 0;
    try (InputStream in = response.body()) {
      byte[] buffer = new byte[1 << 16];
      for (int n; (n = in.read(buffer)) >= 0; length += n) {
        crc.update(buffer, 0, n);
      }
    }
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(length).isBetween(RESPONSE_BYTES, RESPONSE_BYTES + (1 << 16));
    boolean takenOut = name.equals("large-stream") && !asked;
    assertThat(crc.getValue()).isEqualTo(takenOut ? checksumWithoutUsage.get() : checksum.get());
    assertTokens(1);
  }

  @Test
  void twoThousandStreamsAtOnceAreAllMeteredToTheToken() throws Exception {
    String body = Requests.ASKED;
    byte[] request =
        RawBackend.bytes(
            "POST "
                + Requests.CHAT
                + " HTTP/1.1\r\nhost: test\r\nconnection: close\r\n"
                + JSON
                + "\r\n"
                + RawBackend.CASE
                + ": together\r\ncontent-length: "
                + body.length()
                + "\r\n\r\n"
                + body);

    List<RawHttp> answers = ManyClients.send(stack.envoy.port("raw"), request, STREAMS);

    assertThat(answers).hasSize(STREAMS);
    assertThat(answers).allMatch(answer -> answer.status() == 200 && !answer.cut());
    assertThat(answers)
        .extracting(RawHttp::body)
        .allMatch(events -> events.equals(FIRST_EVENT + USAGE_EVENT + DONE));
    assertTokens(STREAMS);
  }
}
