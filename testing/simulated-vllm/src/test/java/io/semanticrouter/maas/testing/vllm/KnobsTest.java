// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import static io.semanticrouter.maas.testing.vllm.TestClient.CHAT;
import static io.semanticrouter.maas.testing.vllm.TestClient.COMPLETIONS;
import static io.semanticrouter.maas.testing.vllm.TestClient.chat;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KnobsTest {

  private static final String STREAM =
      ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";

  private SimulatedVllm server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    server = TestClient.fixedServer().start();
    client = new TestClient(server);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource({
    "x-sim-delay-ms, 60001",
    "x-sim-delay-ms, -1",
    "x-sim-chunk-delay-ms, 1s",
    "x-sim-split-bytes, 0",
    "x-sim-status, 200",
    "x-sim-status, 600",
    "x-sim-abort-after-events, 99999999999",
    "x-sim-tokens, 100001",
    "x-sim-tokens, +1",
    "x-sim-omit-usage, yes",
    "x-sim-null-usage, 0",
    "x-sim-cache-hit, TRUE",
    "x-sim-force-usage, 1",
    "x-sim-gzip, gzip",
    "x-sim-cached-tokens, -1",
    "x-sim-line-ending, lfcr",
    "x-sim-unknown, 1",
  })
  void refusesBadKnobs(String name, String value) throws Exception {
    HttpResponse<String> response = client.post(CHAT, chat(""), name, value);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("\"error\":{\"message\":\"", "'" + name + "'");
    assertThat(server.stats().errors()).isEqualTo(1);
    assertThat(server.stats().exchanges()).containsEntry(CHAT, 1L);
  }

  @Test
  void refusesAKnobGivenTwice() throws Exception {
    assertThat(client.post(CHAT, chat(""), "x-sim-tokens", "1", "X-Sim-Tokens", "2").statusCode())
        .isEqualTo(400);
  }

  @ParameterizedTest
  @CsvSource({
    "429, rate_limit_error, rate_limit_exceeded",
    "500, server_error, simulated_error",
    "503, server_error, overloaded"
  })
  void answersWithTheWantedStatus(int status, String type, String code) throws Exception {
    HttpResponse<String> response =
        client.post(CHAT, chat(STREAM), "x-sim-status", Integer.toString(status));
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.body())
        .isEqualTo(
            "{\"error\":{\"message\":\"Simulated error %d.\",\"type\":\"%s\",\"param\":null,"
                    .formatted(status, type)
                + "\"code\":\"%s\"}}".formatted(code));
    assertThat(server.stats().promptTokens()).isZero();
    assertThat(server.stats().errors()).isEqualTo(1);
  }

  @Test
  void omitsUsage() throws Exception {
    String[] omit = {"x-sim-omit-usage", "true"};
    assertThat(client.post(CHAT, chat(""), omit).body()).doesNotContain("usage");
    assertThat(client.post(CHAT, chat(STREAM), omit).body()).doesNotContain("usage");
    assertThat(server.stats().completed().responses()).isEqualTo(2);
    assertThat(server.stats().reported().responses()).isZero();
  }

  @Test
  void splitsWithoutChangingTheText() throws Exception {
    String json = client.post(CHAT, chat("")).body();
    String stream = client.post(CHAT, chat(STREAM)).body();
    for (int size : new int[] {1, 7, 100_000}) {
      String[] split = {"x-sim-split-bytes", Integer.toString(size)};
      assertThat(withoutId(client.post(CHAT, chat(""), split).body())).isEqualTo(withoutId(json));
      assertThat(withoutId(client.post(CHAT, chat(STREAM), split).body()))
          .isEqualTo(withoutId(stream));
    }
  }

  @Test
  void splitPiecesIgnoreWhereEventsEnd() throws Exception {
    String raw =
        client.rawUntilEnd(CHAT, chat(STREAM), "Connection: close\r\nx-sim-split-bytes: 100\r\n");
    // Each flush is a chunk of the transfer coding; its size is in hexadecimal.
    String[] lines = raw.substring(raw.indexOf("\r\n\r\n") + 4).split("\r\n", -1);
    int[] sizes =
        IntStream.iterate(0, i -> i + 2)
            .map(i -> Integer.parseInt(lines[i], 16))
            .takeWhile(size -> size > 0)
            .toArray();
    assertThat(sizes).hasSizeGreaterThan(10).startsWith(100, 100, 100);
    assertThat(IntStream.of(sizes).limit(sizes.length - 1L)).containsOnly(100);
  }

  @ParameterizedTest
  @CsvSource({"crlf, '\r\n'", "cr, '\r'", "lf, '\n'"})
  void lineEndings(String knob, String ending) throws Exception {
    String body = client.post(CHAT, chat(STREAM), "x-sim-line-ending", knob).body();
    assertThat(body).endsWith("data: [DONE]" + ending + ending);
    assertThat(body.replace(ending, "\n").split("\n\n", -1)).hasSize(9);
  }

  @Test
  void delays() throws Exception {
    long start = System.nanoTime();
    client.post(CHAT, chat(STREAM), "x-sim-delay-ms", "100", "x-sim-chunk-delay-ms", "20");
    // Eight events have seven gaps.
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(240));
  }

  @Test
  void cutsAStreamShort() throws Exception {
    String raw = client.rawUntilEnd(CHAT, chat(STREAM), "x-sim-abort-after-events: 3\r\n");
    assertThat(raw).startsWith("HTTP/1.1 200 OK\r\n").contains("ransfer-encoding: chunked");
    assertThat(raw.split("data: ", -1)).hasSize(4);
    assertThat(raw).endsWith("\"usage\":null}\n\n\r\n");
    // The opening event holds no token, the next two hold one each.
    assertThat(server.stats().aborted()).isEqualTo(new SimulatedVllmStats.Totals(1, 7, 2));
    assertThat(server.stats().completed().responses()).isZero();
  }

  @Test
  void cutsAStreamShortAfterItsLastEventOrBeforeItsFirst() throws Exception {
    String last = client.rawUntilEnd(CHAT, chat(STREAM), "x-sim-abort-after-events: 8\r\n");
    assertThat(last).endsWith("data: [DONE]\n\n\r\n");
    assertThat(server.stats().aborted()).isEqualTo(new SimulatedVllmStats.Totals(1, 7, 4));
    String none = client.rawUntilEnd(CHAT, chat(STREAM), "x-sim-abort-after-events: 0\r\n");
    assertThat(none).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\n");
    assertThat(server.stats().aborted()).isEqualTo(new SimulatedVllmStats.Totals(2, 14, 4));
    assertThat(server.stats().completed().responses()).isZero();
    assertThat(server.stats().exchanges()).containsEntry(CHAT, 2L);
  }

  @Test
  void cutsAJsonBodyInHalf() throws Exception {
    int length = client.post(CHAT, chat("")).body().length();
    String raw = client.rawUntilEnd(CHAT, chat(""), "x-sim-abort-after-events: 0\r\n");
    assertThat(raw).contains("ontent-length: " + length + "\r\n");
    assertThat(raw.length() - raw.indexOf("\r\n\r\n") - 4).isEqualTo(length / 2);
    assertThat(server.stats().aborted()).isEqualTo(new SimulatedVllmStats.Totals(1, 7, 4));
  }

  @Test
  void forcedUsageIsInEveryEventWhateverTheClientAskedFor() throws Exception {
    String[] force = {"x-sim-force-usage", "true"};
    String asked =
        client
            .post(
                CHAT,
                chat(
                    ",\"stream\":true,\"stream_options\":{\"include_usage\":true,"
                        + "\"continuous_usage_stats\":true}"))
            .body();
    String forced = client.post(CHAT, chat(",\"stream\":true"), force).body();
    assertThat(withoutId(forced)).isEqualTo(withoutId(asked));
    assertThat(forced.split("\"usage\":\\{", -1)).hasSize(8);
    String completion = "{\"prompt\":\"a b\",\"max_tokens\":1,\"stream\":true}";
    assertThat(client.post(COMPLETIONS, completion, force).body().split("\"usage\":\\{", -1))
        .hasSize(4);
    assertThat(server.stats().reported().responses()).isEqualTo(3);
  }

  @Test
  void cachedTokensAreAPartOfThePromptAndStatedAtTheEnd() throws Exception {
    String[] cached = {"x-sim-cached-tokens", "5"};
    assertThat(client.post(CHAT, chat(""), cached).body())
        .endsWith(
            "\"usage\":{\"prompt_tokens\":7,\"total_tokens\":11,\"completion_tokens\":4,"
                + "\"prompt_tokens_details\":{\"cached_tokens\":5}}}");
    String stream =
        client
            .post(CHAT, chat(STREAM), "x-sim-cached-tokens", "5", "x-sim-force-usage", "true")
            .body();
    assertThat(stream.split("cached_tokens", -1)).hasSize(2);
    assertThat(stream)
        .endsWith(
            "\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"total_tokens\":11,"
                + "\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":5}}}\n\n"
                + "data: [DONE]\n\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "deflate, GZIP;q=0.5", "br;q=1.0, gzip; q=1"})
  void compressesJsonAndStreamsForAClientThatTakesGzip(String accepted) throws Exception {
    for (String body : List.of(chat(""), chat(STREAM))) {
      for (String split : List.of("1", "100000")) {
        HttpResponse<byte[]> zipped =
            client.postForBytes(
                CHAT,
                body,
                "accept-encoding",
                accepted,
                "x-sim-gzip",
                "true",
                "x-sim-split-bytes",
                split);
        assertThat(zipped.headers().firstValue("content-encoding")).hasValue("gzip");
        assertThat(withoutId(unzipped(zipped.body())))
            .isEqualTo(withoutId(client.post(CHAT, body).body()));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"identity", "gzip;q=0", "gzip;q=0.0, deflate", "x-gzip"})
  void doesNotCompressForAClientThatDoesNotTakeGzip(String accepted) throws Exception {
    String[] knobs = {"accept-encoding", accepted, "x-sim-gzip", "true"};
    HttpResponse<String> plain = client.post(CHAT, chat(STREAM), knobs);
    assertThat(plain.headers().firstValue("content-encoding")).isEmpty();
    assertThat(plain.body()).endsWith("data: [DONE]\n\n");
  }

  @Test
  void aCompressedStreamCanBeReadEventByEvent() throws Exception {
    String headers = "Accept-Encoding: gzip\r\nx-sim-gzip: true\r\nx-sim-chunk-delay-ms: 60000\r\n";
    try (Socket socket = client.open(CHAT, chat(STREAM), headers)) {
      InputStream in = socket.getInputStream();
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.UTF_8).endsWith("\r\n\r\n")) {
        head.write(in.read());
      }
      StringBuilder size = new StringBuilder();
      for (int c = in.read(); c != '\r'; c = in.read()) {
        size.append((char) c);
      }
      assertThat(in.read()).isEqualTo('\n');
      byte[] chunk = in.readNBytes(Integer.parseInt(size.toString(), 16));
      GZIPInputStream zip = new GZIPInputStream(new ByteArrayInputStream(chunk));
      // All of the first event while the second is a minute away.
      BufferedReader reader =
          new BufferedReader(new InputStreamReader(zip, StandardCharsets.UTF_8), 1);
      assertThat(reader.readLine()).startsWith("data: {").endsWith("\"usage\":null}");
    }
  }

  private static String unzipped(byte[] zipped) throws IOException {
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(zipped))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String withoutId(String body) {
    return body.replaceAll("chatcmpl-[0-9]+", "chatcmpl-N");
  }
}
