// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.InternalServerException;
import com.openai.errors.RateLimitException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import io.semanticrouter.maas.extproc.FakeCollector;
import io.semanticrouter.maas.extproc.FakeCollector.Push;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The main job on real input: the official OpenAI SDK, a real Envoy, the jar, and the text of its
 * metrics endpoint. After each test, requests and tokens are exactly those that the backend knows.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MainJobIT {
  /** The rest of the section of the server, and another one. */
  private static final String MAAS =
      """
        otlp: { endpoint: %s, interval_seconds: 1 }
      maas_integration:
        enabled: true
      """;

  private FakeCollector collector;
  private Stack stack;
  private OpenAIClient alice;

  @BeforeAll
  void start() throws Exception {
    collector = FakeCollector.start();
    stack = Stack.start("main-job", MAAS.formatted(collector.url()));
    alice = stack.client("alice", "premium");
  }

  @AfterAll
  void stop() throws Exception {
    if (stack != null) {
      stack.close();
    }
    collector.close();
  }

  @BeforeEach
  void mark() {
    stack.mark();
  }

  @Test
  void plainChatIsMeteredForTheUserAndTheSelectedModel() {
    ChatCompletion answer = alice.chat().completions().create(question().build());

    assertThat(answer.choices().get(0).message().content()).contains("2+2 equals 4.");
    stack.awaitRequests(1);
    stack.assertTokensAsReported();
    assertThat(
            stack.delta(
                "semantic_router_tokens_total",
                "user",
                "alice",
                "tier",
                "premium",
                "model",
                "qwen3",
                "type",
                "prompt"))
        .isEqualTo(answer.usage().orElseThrow().promptTokens());
    assertThat(
            stack.delta(
                "semantic_router_requests_total",
                "user",
                "alice",
                "tier",
                "premium",
                "model",
                "qwen3",
                "outcome",
                "complete"))
        .isEqualTo(1);
  }

  @Test
  void streamedChatWithUsageIsMetered() {
    List<ChatCompletionChunk> chunks = read(question().streamOptions(includeUsage()).build());

    assertThat(chunks.get(chunks.size() - 1).usage()).isPresent();
    stack.assertMetered(1);
  }

  @Test
  void streamedChatThatAsksForNoUsageIsMeteredAndShowsNone() {
    assertThat(read(question().build())).isNotEmpty().allMatch(chunk -> chunk.usage().isEmpty());

    stack.assertMetered(1);
  }

  @Test
  void streamOfABackendThatStatesNoUsageIsEstimatedAndNeverMeasured() {
    read(question().putAdditionalHeader("x-sim-omit-usage", "true").build());

    stack.assertOutcome("estimated", 1);
    assertThat(
            stack.delta(
                "semantic_router_measurement_reasons_total",
                "status",
                "estimated",
                "reason",
                "no_usage"))
        .isEqualTo(1);
    assertThat(
            stack.delta(
                "semantic_router_unmeasurable_requests_total",
                "user",
                "alice",
                "tier",
                "premium",
                "reason",
                "no_usage"))
        .isEqualTo(1);
    assertThat(stack.delta("semantic_router_estimated_tokens_total", "type", "completion"))
        .isPositive();
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
  }

  @Test
  void streamCutIntoSingleBytesWithCrlfIsMeteredAllTheSame() {
    read(
        question()
            .streamOptions(includeUsage())
            .putAdditionalHeader("x-sim-split-bytes", "1")
            .putAdditionalHeader("x-sim-line-ending", "crlf")
            .build());

    stack.assertMetered(1);
  }

  @Test
  void embeddingsAreMeteredAsPromptTokensOnly() {
    alice
        .embeddings()
        .create(EmbeddingCreateParams.builder().model("qwen3").input("count these words").build());

    stack.assertMetered(1);
    assertThat(stack.delta("semantic_router_tokens_total", "type", "completion")).isZero();
    assertThat(stack.delta("semantic_router_tokens_total", "type", "prompt")).isPositive();
  }

  @Test
  void legacyCompletionsAreMetered() {
    alice
        .completions()
        .create(CompletionCreateParams.builder().model("qwen3").prompt("Once upon a time").build());

    stack.assertMetered(1);
  }

  @Test
  void backendError4xxIsAnErrorWithoutTokens() {
    assertThatThrownBy(
            () ->
                alice
                    .chat()
                    .completions()
                    .create(question().putAdditionalHeader("x-sim-status", "429").build()))
        .isInstanceOf(RateLimitException.class);

    stack.assertOutcome("error", 1);
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
  }

  @Test
  void backendError5xxIsAnErrorWithoutTokens() {
    assertThatThrownBy(
            () ->
                alice
                    .chat()
                    .completions()
                    .create(question().putAdditionalHeader("x-sim-status", "500").build()))
        .isInstanceOf(InternalServerException.class);

    stack.assertOutcome("error", 1);
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
  }

  @Test
  void clientThatLeavesAStreamWithoutUsageIsEstimated() {
    leaveAfter(3, question().putAdditionalHeader("x-sim-chunk-delay-ms", "50").build());

    stack.assertOutcome("estimated", 1);
    assertThat(
            stack.delta(
                "semantic_router_measurement_reasons_total",
                "status",
                "estimated",
                "reason",
                "cancelled"))
        .isEqualTo(1);
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
  }

  @Test
  void clientThatLeavesAStreamWithRunningUsageIsBilledTheLastOne() {
    leaveAfter(
        5,
        question()
            .streamOptions(continuousUsage())
            .putAdditionalHeader("x-sim-chunk-delay-ms", "50")
            .putAdditionalHeader("x-sim-tokens", "200")
            .build());

    stack.assertOutcome("partial", 1);
    Waiting.until(
        Duration.ofSeconds(10),
        () -> assertThat(stack.backend.stats().aborted().responses()).isEqualTo(1));
    assertThat(stack.delta("semantic_router_tokens_total", "type", "prompt"))
        .isEqualTo(stack.backend.stats().aborted().promptTokens());
    assertThat(stack.delta("semantic_router_tokens_total", "type", "completion"))
        .isBetween(1L, stack.backend.stats().aborted().completionTokens());
  }

  @Test
  void clientThatLeavesRightBehindTheFinalUsageIsCompleteAndInTheAccessLog() throws Exception {
    int logged = stack.envoy.accessLog().size();
    try (StreamResponse<ChatCompletionChunk> response =
        alice
            .chat()
            .completions()
            .createStreaming(
                question()
                    .streamOptions(includeUsage())
                    .putAdditionalHeader("x-sim-chunk-delay-ms", "300")
                    .build())) {
      Iterator<ChatCompletionChunk> chunks = response.stream().iterator();
      while (chunks.next().usage().isEmpty()) {
        // the [DONE] is still to come when this ends
      }
    }

    stack.assertOutcome("complete", 1);
    JsonNode maas =
        Waiting.value(
                Duration.ofSeconds(10),
                () ->
                    stack.envoy.accessLog().size() > logged
                        ? stack.envoy.accessLog().get(logged)
                        : null)
            .get("maas");
    assertThat(maas.toString())
        .contains("\"prompt_tokens\":7", "\"completion_tokens\":4", "\"user\":\"alice\"");
  }

  @Test
  void backendThatBreaksAStreamIsNoCompleteExchange() {
    assertThatThrownBy(
            () -> read(question().putAdditionalHeader("x-sim-abort-after-events", "3").build()))
        .isInstanceOf(RuntimeException.class);

    stack.assertOutcome("estimated", 1);
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
  }

  @Test
  void backendThatBreaksAStreamWithRunningUsageIsBilledWhatWasStated() {
    assertThatThrownBy(
            () ->
                read(
                    question()
                        .streamOptions(continuousUsage())
                        .putAdditionalHeader("x-sim-abort-after-events", "4")
                        // Envoy drops what it still holds when the backend breaks off.
                        .putAdditionalHeader("x-sim-chunk-delay-ms", "50")
                        .build()))
        .isInstanceOf(RuntimeException.class);

    stack.assertOutcome("partial", 1);
    assertThat(stack.delta("semantic_router_tokens_total", "type", "completion"))
        .isBetween(1L, stack.backend.stats().aborted().completionTokens());
  }

  @Test
  void twoHundredConcurrentExchangesAreAllMeteredToTheToken() throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(200);
    try {
      List<Callable<Object>> calls = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        OpenAIClient client = i % 10 == 0 ? stack.client("user-" + i, "free") : alice;
        switch (i % 5) {
          case 0 -> calls.add(() -> client.chat().completions().create(question().build()));
          case 1 -> calls.add(() -> read(client, question().streamOptions(includeUsage()).build()));
          case 2 ->
              calls.add(
                  () -> read(client, question().streamOptions(continuousUsage()).n(2).build()));
          case 3 -> calls.add(() -> read(client, question().build()));
          default ->
              calls.add(
                  () ->
                      client
                          .embeddings()
                          .create(
                              EmbeddingCreateParams.builder().model("qwen3").input("a b").build()));
        }
      }
      for (Future<Object> call : clients.invokeAll(calls)) {
        call.get();
      }
    } finally {
      clients.shutdownNow();
    }

    stack.assertMetered(200);
    assertThat(stack.delta("semantic_router_requests_total", "user", "user-0")).isEqualTo(1);
  }

  @Test
  void collectorGetsWhatTheMetricsHave() {
    alice.chat().completions().create(question().build());

    stack.awaitRequests(1);
    Waiting.until(
        Duration.ofSeconds(30),
        () -> {
          Scrape scrape = stack.server.scrape();
          Push push = collector.last();
          assertThat(push).isNotNull();
          assertThat(push.count("gen_ai.server.request.duration"))
              .isEqualTo((long) scrape.sum("semantic_router_requests_total"));
          assertThat(push.sum("gen_ai.client.token.usage", "gen_ai.token.type", "input"))
              .isEqualTo(scrape.sum("semantic_router_tokens_total", "type", "prompt"));
          assertThat(push.sum("gen_ai.client.token.usage", "gen_ai.token.type", "output"))
              .isEqualTo(scrape.sum("semantic_router_tokens_total", "type", "completion"));
          assertThat(push.sum("gen_ai.client.token.usage", "gen_ai.response.model", "qwen3"))
              .isEqualTo(scrape.sum("semantic_router_tokens_total", "model", "qwen3"))
              .isPositive();
        });
  }

  @Test
  void serverMadeNoMistakeInAllOfThis() {
    stack.assertNoMistakes();
  }

  private static ChatCompletionCreateParams.Builder question() {
    return ChatCompletionCreateParams.builder().model("gpt-4").addUserMessage("What is 2+2?");
  }

  private static ChatCompletionStreamOptions includeUsage() {
    return ChatCompletionStreamOptions.builder().includeUsage(true).build();
  }

  private static ChatCompletionStreamOptions continuousUsage() {
    return ChatCompletionStreamOptions.builder()
        .includeUsage(true)
        .putAdditionalProperty("continuous_usage_stats", JsonValue.from(true))
        .build();
  }

  private List<ChatCompletionChunk> read(ChatCompletionCreateParams params) {
    return read(alice, params);
  }

  private static List<ChatCompletionChunk> read(
      OpenAIClient client, ChatCompletionCreateParams params) {
    try (StreamResponse<ChatCompletionChunk> response =
        client.chat().completions().createStreaming(params)) {
      return response.stream().toList();
    }
  }

  private void leaveAfter(int events, ChatCompletionCreateParams params) {
    try (StreamResponse<ChatCompletionChunk> response =
        alice.chat().completions().createStreaming(params)) {
      assertThat(response.stream().limit(events)).hasSize(events);
    }
  }
}
