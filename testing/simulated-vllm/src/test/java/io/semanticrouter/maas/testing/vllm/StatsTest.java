// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import static io.semanticrouter.maas.testing.vllm.TestClient.CHAT;
import static io.semanticrouter.maas.testing.vllm.TestClient.COMPLETIONS;
import static io.semanticrouter.maas.testing.vllm.TestClient.EMBEDDINGS;
import static io.semanticrouter.maas.testing.vllm.TestClient.chat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.testing.vllm.SimulatedVllmStats.Totals;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StatsTest {

  private static final String STREAM = ",\"stream\":true";

  private SimulatedVllm server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    server = SimulatedVllm.builder().start();
    client = new TestClient(server);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void sumsOfManyConcurrentExchanges() throws Exception {
    int exchanges = 210;
    CountDownLatch together = new CountDownLatch(exchanges);
    ExecutorService clients = Executors.newFixedThreadPool(exchanges);
    try {
      List<Future<Integer>> answers = new ArrayList<>();
      for (int i = 0; i < exchanges; i++) {
        int number = i;
        answers.add(
            clients.submit(
                () -> {
                  together.countDown();
                  together.await();
                  return exchange(number);
                }));
      }
      for (Future<Integer> answer : answers) {
        assertThat(answer.get()).isEqualTo(200);
      }
    } finally {
      clients.shutdownNow();
    }
    long words = exchanges / 3L * (exchanges / 3L - 1) / 2;
    long prompt = 70L * (7 + 7 + 1);
    assertThat(server.stats().exchanges()).isEqualTo(Map.of(CHAT, 140L, EMBEDDINGS, 70L));
    assertThat(server.stats().completed()).isEqualTo(new Totals(210, prompt, 2 * words));
    assertThat(server.stats().reported()).isEqualTo(new Totals(140, 70L * (7 + 1), words));
    assertThat(server.stats().aborted()).isEqualTo(new Totals(0, 0, 0));
  }

  /** A JSON chat, a streamed chat and an embedding in turn, all held up so that they overlap. */
  private int exchange(int number) throws Exception {
    String tokens = Integer.toString(number / 3);
    String[] knobs = {"x-sim-delay-ms", "300", "x-sim-tokens", tokens};
    return switch (number % 3) {
      case 0 -> client.post(CHAT, chat(""), knobs).statusCode();
      case 1 -> client.post(CHAT, chat(STREAM), knobs).statusCode();
      default -> client.post(EMBEDDINGS, "{\"input\":\"abc\"}", knobs).statusCode();
    };
  }

  @Test
  void noticesAClientThatLeaves() throws Exception {
    try (Socket socket =
        client.open(CHAT, chat(STREAM), "x-sim-tokens: 100000\r\nx-sim-chunk-delay-ms: 1\r\n")) {
      assertThat(socket.getInputStream().readNBytes(2000)).hasSize(2000);
    }
    awaitAborted(1);
    assertThat(server.stats().aborted().promptTokens()).isEqualTo(7);
    assertThat(server.stats().aborted().completionTokens()).isBetween(5L, 99_999L);
    assertThat(server.stats().completed().responses()).isZero();
  }

  @Test
  void noticesAClientThatLeavesInMidBody() throws Exception {
    try (Socket socket =
        client.open(
            COMPLETIONS,
            "{\"prompt\":\"a\"}",
            "x-sim-tokens: 50\r\nx-sim-split-bytes: 10\r\nx-sim-chunk-delay-ms: 20\r\n")) {
      assertThat(socket.getInputStream().read()).isEqualTo('H');
    }
    awaitAborted(1);
    assertThat(server.stats().aborted()).isEqualTo(new Totals(1, 1, 50));
    assertThat(server.stats().completed()).isEqualTo(new Totals(0, 0, 0));
    assertThat(server.stats().exchanges()).containsEntry(COMPLETIONS, 1L);
  }

  @Test
  void closingTheServerCutsAnswersShort() throws Exception {
    try (Socket socket = client.open(CHAT, chat(STREAM), "x-sim-chunk-delay-ms: 60000\r\n")) {
      assertThat(socket.getInputStream().readNBytes(300)).hasSize(300);
      server.close();
      assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
          .doesNotContain("[DONE]");
    }
    assertThat(server.stats().aborted()).isEqualTo(new Totals(1, 7, 0));
  }

  @Test
  void resets() throws Exception {
    client.post(CHAT, chat(""), "x-sim-cache-hit", "true");
    assertThat(server.stats().cached()).isEqualTo(new Totals(1, 7, 4));
    server.resetStats();
    Totals zero = new Totals(0, 0, 0);
    assertThat(server.stats())
        .isEqualTo(new SimulatedVllmStats(Map.of(), 0, zero, zero, zero, zero));
  }

  @Test
  void aResetBetweenTheTwoOutcomesOfAnExchangeLeavesZero() {
    StatsRecorder recorder = new StatsRecorder();
    StatsRecorder.Outcome outcome = new StatsRecorder.Outcome(CHAT, new Usage(3, 4), true, false);
    StatsRecorder.Receipt receipt = recorder.completed(outcome);
    recorder.reset();
    recorder.abortedAfterAll(receipt);
    assertThat(recorder.snapshot().completed()).isEqualTo(new Totals(0, 0, 0));
    assertThat(recorder.snapshot().aborted()).isEqualTo(new Totals(0, 0, 0));
  }

  private void awaitAborted(int responses) throws InterruptedException {
    while (server.stats().aborted().responses() < responses) {
      Thread.sleep(10);
    }
  }
}
