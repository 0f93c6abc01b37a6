// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server dies and comes back under load, and no client notices. */
class FailOpenIT {
  private static final int CLIENTS = 16;
  private static final long MAX_CALLS_PER_CLIENT = 20_000;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void serverKilledAndRestartedUnderLoadGivesClientsNoError(boolean routing) throws Exception {
    Envoy.binary();
    Path directory = Project.WORK.resolve("fail-open-" + routing);
    String config = config(freePort()) + (routing ? RoutedRequests.ROUTER : "");
    AtomicBoolean go = new AtomicBoolean(true);
    AtomicLong answers = new AtomicLong();
    Map<String, AtomicLong> failures = new ConcurrentHashMap<>();
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    ServerJar server = ServerJar.start(directory.resolve("first"), config);
    try (SimulatedVllm backend = SimulatedVllm.builder().start();
        Envoy envoy = Envoy.start(directory, Envoy.config(server.grpcPort(), backend.port()))) {
      List<Future<?>> loads = new ArrayList<>();
      CountDownLatch warm = new CountDownLatch(CLIENTS);
      for (int i = 0; i < CLIENTS; i++) {
        String body = body(i % 2 == 0, i % 4 == 0, i % 8 < 4);
        loads.add(clients.submit(() -> load(envoy.url(), body, go, warm, answers, failures)));
      }
      assertThat(warm.await(60, TimeUnit.SECONDS)).isTrue();
      long metered = (long) server.scrape().sum("semantic_router_requests_total");
      assertThat(metered).isPositive();

      server.kill();
      long atKill = answers.get();
      awaitAnswers(answers, atKill + 500, failures);
      assertThat(envoy.stat("failure_mode_allowed"))
          .as("unmetered, and Envoy says so")
          .isPositive();

      server = ServerJar.start(directory.resolve("second"), config);
      ServerJar restarted = server;
      Waiting.until(
          java.time.Duration.ofSeconds(30),
          () ->
              assertThat(restarted.scrape().sum("semantic_router_requests_total"))
                  .as("metering goes on after the restart")
                  .isGreaterThan(100));
      go.set(false);
      for (Future<?> load : loads) {
        load.get(30, TimeUnit.SECONDS);
      }
      assertThat(failures).as("%s answers", answers).isEmpty();
    } finally {
      go.set(false);
      clients.shutdownNow();
      server.close();
    }
  }

  @Test
  void serverThatStandsStillGivesClientsNoError() throws Exception {
    try (Stack stack =
        Stack.start(
            "frozen",
            Requests.MAAS,
            Requests.backend(),
            envoy -> envoy.listener("impatient").extProc("message_timeout: 1s"))) {
      int port = stack.envoy.port("impatient");
      String[] slow = {"x-sim-tokens", "60", "x-sim-chunk-delay-ms", "50"};
      RawHttp expectedSlow =
          RawHttp.post(stack.backend.port(), Requests.CHAT, Requests.ASKED, slow);
      RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, Requests.ASKED);
      stack.mark();
      // The shipped listener gives a server that has just started more time.
      RawHttp.post(stack.envoy.port(), Requests.CHAT, Requests.ASKED);
      stack.assertMetered(1);

      HttpResponse<InputStream> open = open(port, slow);
      String first = new String(open.body().readNBytes(50), StandardCharsets.UTF_8);
      stack.server.freeze();
      try {
        String rest = new String(open.body().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(first + rest).isEqualTo(expectedSlow.body());
        for (int i = 0; i < 3; i++) {
          RawHttp answer = RawHttp.post(port, Requests.CHAT, Requests.ASKED);
          assertThat(answer.status()).isEqualTo(200);
          assertThat(answer.body()).isEqualTo(expected.body());
        }
      } finally {
        stack.server.thaw();
      }
      assertThat(stack.envoy.stat("impatient", "message_timeouts")).isEqualTo(4);
      assertThat(stack.envoy.stat("impatient", "failure_mode_allowed")).isEqualTo(4);
      assertThat(stack.envoy.stat("impatient", "streams_failed")).isZero();
      assertThat(stack.envoy.stat("impatient", "spurious_msgs_received")).isZero();

      assertThat(RawHttp.post(port, Requests.CHAT, Requests.ASKED).body())
          .isEqualTo(expected.body());
      stack.awaitRequests(6);
      // Envoy goes on sending what it waits for: of the open stream the server had got all.
      assertThat(stack.delta("semantic_router_requests_total", "outcome", "complete")).isEqualTo(3);
      assertThat(stack.delta("semantic_router_requests_total", "outcome", "none")).isEqualTo(3);
      assertThat(stack.delta("semantic_router_tokens_total")).isEqualTo(2 * (7 + 4) + (7 + 60));
    }
  }

  /** Envoy holds the first part, and the length that it had is gone from its head. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void requestThatIsHeldToBeRoutedPassesWholeWhenTheServerIsGone(boolean frozen) throws Exception {
    try (Stack stack =
        Stack.start(
            "held-" + frozen,
            RoutedRequests.CONFIG,
            RoutedRequests.backend(),
            envoy -> envoy.listener("impatient").extProc("message_timeout: 2s"))) {
      String body = RoutedRequests.GUIDE;
      RawHttp echo =
          RawHttp.postAround(
              stack.envoy.port("impatient"),
              RoutedRequests.ECHO,
              body,
              () -> {
                Waiting.until(
                    java.time.Duration.ofSeconds(20),
                    () -> assertThat(received(stack, "request_headers")).isEqualTo(1));
                if (frozen) {
                  stack.server.freeze();
                } else {
                  stack.server.kill();
                }
              });
      RoutedRequests.assertEcho(echo, body);
      assertThat(stack.envoy.stat("failure_mode_allowed")).isEqualTo(1);
      assertThat(stack.envoy.stat("spurious_msgs_received")).isZero();
      if (frozen) {
        stack.server.thaw();
        stack.awaitRequests(1);
      }
    }
  }

  private static long received(Stack stack, String phase) {
    return stack.delta("semantic_router_extproc_messages_total", "phase", phase);
  }

  private static HttpResponse<InputStream> open(int port, String... headers) throws Exception {
    HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + Requests.CHAT))
            .header("content-type", "application/json")
            .headers(headers)
            .POST(HttpRequest.BodyPublishers.ofString(Requests.ASKED))
            .build(),
        HttpResponse.BodyHandlers.ofInputStream());
  }

  @Test
  void serverAskedToStopDrainsAndExitsZero() throws Exception {
    Envoy.binary();
    Path directory = Project.WORK.resolve("drain");
    ServerJar server = ServerJar.start(directory, config(0));
    try (SimulatedVllm backend = SimulatedVllm.builder().start();
        Envoy envoy = Envoy.start(directory, Envoy.config(server.grpcPort(), backend.port()))) {
      ExecutorService client = Executors.newSingleThreadExecutor();
      try {
        // About 2 s long: it is open when the server is asked to stop, and ends within the drain.
        Future<RawHttp> open =
            client.submit(
                () ->
                    RawHttp.post(
                        envoy.port(),
                        "/v1/chat/completions",
                        body(true, false, false),
                        "x-sim-chunk-delay-ms",
                        "100",
                        "x-sim-tokens",
                        "20"));
        Waiting.until(
            java.time.Duration.ofSeconds(20),
            () -> assertThat(envoy.stat("streams_started")).isPositive());
        assertThat(server.stop()).isZero();
        assertThat(open.get(30, TimeUnit.SECONDS).body()).contains("[DONE]");
        assertThat(server.log()).contains("Stopped");
      } finally {
        client.shutdownNow();
      }
    } finally {
      server.close();
    }
  }

  private static void load(
      String url,
      String body,
      AtomicBoolean go,
      CountDownLatch warm,
      AtomicLong answers,
      Map<String, AtomicLong> failures) {
    HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + "/v1/chat/completions"))
            .header("content-type", "application/json")
            .header("x-auth-request-user", "alice")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    for (long i = 0; go.get() && i < MAX_CALLS_PER_CLIENT; i++) {
      String failure = null;
      try {
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        boolean whole = !body.contains("stream") || response.body().contains("[DONE]");
        if (response.statusCode() != 200 || !whole) {
          failure = response.statusCode() + (whole ? "" : " cut short");
        }
      } catch (IOException e) {
        failure = e.toString();
      } catch (InterruptedException e) {
        return;
      }
      if (failure != null) {
        failures.computeIfAbsent(failure, f -> new AtomicLong()).incrementAndGet();
      }
      answers.incrementAndGet();
      if (i == 20) {
        warm.countDown();
      }
    }
  }

  private static void awaitAnswers(
      AtomicLong answers, long count, Map<String, AtomicLong> failures) {
    Waiting.until(
        java.time.Duration.ofSeconds(60),
        () -> assertThat(answers.get()).as("answers; failures %s", failures).isGreaterThan(count));
  }

  private static String body(boolean stream, boolean usage, boolean cacheable) {
    return "{\"model\":\"gpt-4\","
        + (cacheable ? "\"temperature\":0," : "")
        + (stream ? "\"stream\":true," : "")
        + (usage ? "\"stream_options\":{\"include_usage\":true}," : "")
        + "\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]}";
  }

  private static String config(int grpcPort) {
    return """
        server:
          grpc_address: 127.0.0.1
          grpc_port: %d
          metrics_address: 127.0.0.1
          metrics_port: 0
        maas_integration:
          enabled: true
        """
        .formatted(grpcPort);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
