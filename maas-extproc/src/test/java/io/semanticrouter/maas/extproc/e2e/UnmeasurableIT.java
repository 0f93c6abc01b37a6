// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that hang up, and heads without room for an edit, through a real Envoy. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class UnmeasurableIT {
  private static final int CLIENTS = 100;
  private static final String JSON = "content-type: application/json";
  private static final String ANSWER =
      "{\"model\":\"m\",\"choices\":[{}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":4}}";
  private static final String FORCED = "{ force_usage: true }";

  private static final String REFUSED = "431";
  private static final String EVENT = "data: {\"choices\":[{\"index\":0,\"delta\":{}}]}\n\n";

  /** Three events, the running usage in each if it is asked for, and then nothing more. */
  private static void half(RawBackend.Request request, InputStream in, OutputStream out)
      throws IOException {
    out.write(RawBackend.EVENT_STREAM);
    for (int i = 1; i <= 3; i++) {
      String usage = "],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":" + i + "}}";
      boolean running = request.body().contains("continuous_usage_stats");
      out.write(RawBackend.chunk(running ? EVENT.replace("]}", usage) : EVENT));
      out.flush();
    }
    while (in.read() >= 0) {
      // until the client is gone
    }
  }

  private final RawBackend raw = RawBackend.start();
  private final Map<String, Stack> stacks = new HashMap<>();

  UnmeasurableIT() throws IOException {
    raw.on("half", UnmeasurableIT::half).on("plain", UnmeasurableIT::plain);
  }

  @AfterAll
  void stop() {
    stacks.values().forEach(Stack::close);
    raw.close();
  }

  /** The stack with these options of {@code usage}. */
  private Stack stack(String usage) throws Exception {
    Stack stack = stacks.get(usage);
    if (stack == null) {
      stack =
          Stack.start(
              "unmeasurable-" + stacks.size(),
              Requests.MAAS + "  usage: " + usage + "\n",
              Requests.backend(),
              envoy -> {
                envoy.cluster("raw", "backend", raw.port());
                envoy.listener("raw").extProc("message_timeout: 60s").route("cluster: raw");
                envoy.listener("bare").withoutExtProc().route("cluster: raw");
              });
      stacks.put(usage, stack);
    }
    stack.mark();
    return stack;
  }

  @ParameterizedTest
  @CsvSource({
    "generic, estimated, semantic_router_estimated_tokens_total",
    "vllm, partial, semantic_router_tokens_total"
  })
  void hundredClientsThatLeaveInTheMiddleOfAStreamAreBilled(
      String backend, String outcome, String metric) throws Exception {
    Stack stack = stack("{ backend: " + backend + " }");
    byte[] request =
        RawBackend.bytes(
            "POST "
                + Requests.CHAT
                + " HTTP/1.1\r\nhost: test\r\n"
                + JSON
                + "\r\n"
                + RawBackend.CASE
                + ": half\r\ncontent-length: "
                + Requests.STREAM.length()
                + "\r\n\r\n"
                + Requests.STREAM);
    for (int i = 0; i < CLIENTS; i++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), stack.envoy.port("raw"))) {
        socket.setSoTimeout(30_000);
        socket.getOutputStream().write(request);
        readEvents(socket.getInputStream(), 3);
      }
    }

    stack.assertOutcome(outcome, CLIENTS);
    assertThat(stack.delta(metric, "type", "completion")).isEqualTo(3 * CLIENTS);
    long prompt = backend.equals("vllm") ? 9 : (Requests.STREAM.length() + 3) / 4;
    assertThat(stack.delta(metric, "type", "prompt")).isEqualTo(prompt * CLIENTS);
  }

  private static void readEvents(InputStream in, int events) throws IOException {
    StringBuilder read = new StringBuilder();
    byte[] buffer = new byte[4096];
    while (read.toString().split("data: ", -1).length <= events) {
      int n = in.read(buffer);
      if (n < 0) {
        throw new IOException("cut after " + read);
      }
      read.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
    }
  }

  /** What steers a router is taken out or, where Envoy lets nobody do that, refused. */
  @ParameterizedTest
  @ValueSource(strings = {"", "accept-encoding: br", "x-vsr-debug: 1", "x-vsr-skip-processing: 1"})
  void requestWithAsManyHeadersAsEnvoyTakesPassesAsWithoutUs(String header) throws Exception {
    Stack stack = stack(FORCED);
    Map<Integer, String> without = new TreeMap<>();
    Map<Integer, String> with = new TreeMap<>();
    for (int junk = 88; junk <= 97; junk++) {
      List<String> headers = new ArrayList<>(List.of(RawBackend.CASE, "plain"));
      if (!header.isEmpty()) {
        headers.addAll(List.of(header.split(": ", 2)));
      }
      for (int i = 0; i < junk; i++) {
        headers.addAll(List.of("x-junk-" + i, "v"));
      }
      without.put(junk, status(stack, "bare", headers));
      with.put(junk, status(stack, "raw", headers));
    }
    if (header.startsWith("x-vsr-")) {
      assertThat(with).containsEntry(88, "200");
      with.replaceAll((junk, got) -> got.equals(REFUSED) ? without.get(junk) : got);
    }
    assertThat(with).isEqualTo(without);
    assertThat(without.values()).as("Envoy's own limit is among them").contains("200", REFUSED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"content-type: text/event-stream", JSON})
  void responseWithAsManyHeadersAsEnvoyTakesPassesAsWithoutUs(String type) throws Exception {
    String body = type.equals(JSON) ? ANSWER : EVENT + "data: [DONE]\n\n";
    raw.on(
        "full",
        (request, in, out) -> {
          int junk = Integer.parseInt(request.header("x-junk"));
          List<String> headers = new ArrayList<>(List.of(type));
          headers.add("x-vsr-selected-model: m");
          for (int i = 0; i < junk; i++) {
            headers.add("x-junk-" + i + ": v");
          }
          out.write(RawBackend.answer("200 OK", body, headers.toArray(String[]::new)));
        });
    Stack stack = stack(FORCED);
    Map<Integer, String> without = new TreeMap<>();
    Map<Integer, String> with = new TreeMap<>();
    for (int junk = 88; junk <= 100; junk++) {
      List<String> headers = List.of(RawBackend.CASE, "full", "x-junk", String.valueOf(junk));
      without.put(junk, status(stack, "bare", headers));
      with.put(junk, status(stack, "raw", headers));
    }
    assertThat(with).isEqualTo(without);
    assertThat(without.values()).as("Envoy's own limit is among them").contains("200", "502");
  }

  private static void plain(RawBackend.Request request, InputStream in, OutputStream out)
      throws IOException {
    out.write(RawBackend.answer("200 OK", ANSWER, JSON));
  }

  /** What a client gets. Envoy may close the connection before its 431 has been read. */
  private static String status(Stack stack, String listener, List<String> headers)
      throws IOException {
    try {
      return String.valueOf(
          RawHttp.post(
                  stack.envoy.port(listener),
                  Requests.CHAT,
                  Requests.STREAM,
                  headers.toArray(String[]::new))
              .status());
    } catch (SocketException | AssertionError e) {
      return REFUSED;
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"[1] | 400", "{\"stream\":true,} | 400", "{\"stream\":true} | 200", "{} | 200"})
  void requestThatCannotBeMeasuredIsRefusedWhereThatIsThePolicy(String body, int status)
      throws Exception {
    Stack stack = stack("{ unmeasurable: refuse }");
    RawHttp answer =
        RawHttp.post(stack.envoy.port("raw"), Requests.CHAT, body, RawBackend.CASE, "plain");

    assertThat(answer.status()).isEqualTo(status);
    stack.assertOutcome(status == 200 ? "complete" : "not_generated", 1);
    assertThat(stack.delta("semantic_router_unmeasurable_requests_total"))
        .isEqualTo(status == 200 ? 0 : 1);
    if (status == 400) {
      assertThat(answer.body()).contains("\"code\":\"unmeasurable_request\"");
    }
  }
}
