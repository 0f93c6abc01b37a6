// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.responses.FunctionTool;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import com.openai.models.responses.ResponseUsage;
import io.semanticrouter.maas.testing.vllm.SimulatedVllmStats.Totals;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The Messages and Responses APIs on real input: the official SDKs, a real Envoy, the jar. Each
 * test says what the SDK understood, and that the books are those of the backend.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SdkFormatsIT {
  private static final String MAAS =
      """
      maas_integration:
        enabled: true
      """;

  private Stack stack;
  private AnthropicClient anthropic;
  private OpenAIClient openai;

  @BeforeAll
  void start() throws Exception {
    stack = Stack.start("sdk-formats", MAAS);
    anthropic = stack.anthropic("alice", "premium");
    openai = stack.client("alice", "premium");
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
  void serverMadeNoMistake() {
    stack.assertNoMistakes();
  }

  @Test
  void messageIsMeteredForTheUserAndTheSelectedModel() {
    Message message = anthropic.messages().create(question().build()).validate();

    assertThat(text(message)).isEqualTo("2+2 equals 4.");
    assertThat(message.stopReason()).hasValue(StopReason.END_TURN);
    assertThat(message.usage().inputTokens()).isEqualTo(7);
    assertThat(message.usage().outputTokens()).isEqualTo(4);
    assertMetered(new Totals(1, 7, 4));
    assertThat(
            stack.delta(
                "semantic_router_tokens_total",
                "user",
                "alice",
                "tier",
                "premium",
                "model",
                "qwen3"))
        .isEqualTo(11);
  }

  @Test
  void messageWithCachedTokensIsMeteredWithItsWholePrompt() {
    Message message =
        anthropic
            .messages()
            .create(question().putAdditionalHeader("x-sim-cached-tokens", "5").build());

    assertThat(message.usage().inputTokens()).isEqualTo(2);
    assertThat(message.usage().cacheReadInputTokens()).hasValue(5L);
    assertMetered(new Totals(1, 7, 4));
    assertCacheRead(5);
  }

  @Test
  void streamedMessageIsMetered() {
    Message message = stream(question().build());

    assertThat(text(message)).isEqualTo("2+2 equals 4.");
    assertThat(message.stopReason()).hasValue(StopReason.END_TURN);
    assertThat(message.usage().outputTokens()).isEqualTo(4);
    assertMetered(new Totals(1, 7, 4));
  }

  @Test
  void streamedMessageCutByMaxTokensIsMetered() {
    Message message = stream(question().maxTokens(2).build());

    assertThat(text(message)).isEqualTo("2+2 equa");
    assertThat(message.stopReason()).hasValue(StopReason.MAX_TOKENS);
    assertMetered(new Totals(1, 7, 2));
  }

  @Test
  void streamedMessageWhoseStartAndEndDifferOnItsPromptIsMeteredByItsEnd() {
    MessageCreateParams params =
        question()
            .putAdditionalHeader("x-sim-cached-tokens", "5")
            .putAdditionalHeader("x-sim-split-bytes", "1")
            .putAdditionalHeader("x-sim-line-ending", "crlf")
            .build();

    List<RawMessageStreamEvent> events = events(params);
    assertThat(events.get(0).asMessageStart().message().usage().inputTokens()).isEqualTo(7);
    assertThat(events)
        .filteredOn(RawMessageStreamEvent::isMessageDelta)
        .extracting(event -> event.asMessageDelta().usage())
        .singleElement()
        .satisfies(
            usage -> {
              assertThat(usage.inputTokens()).hasValue(2L);
              assertThat(usage.cacheReadInputTokens()).hasValue(5L);
              assertThat(usage.outputTokens()).isEqualTo(4);
            });
    assertMetered(new Totals(1, 7, 4));
    assertCacheRead(5);
  }

  @Test
  void clientThatLeavesAStreamedMessageIsEstimatedWithThePromptAsStated() {
    MessageCreateParams params =
        question()
            .putAdditionalHeader("x-sim-chunk-delay-ms", "50")
            .putAdditionalHeader("x-sim-tokens", "200")
            .build();
    try (var response = anthropic.messages().createStreaming(params)) {
      assertThat(response.stream().limit(5)).hasSize(5);
    }

    stack.assertUnmetered("estimated", 1);
    Waiting.until(
        Duration.ofSeconds(10),
        () -> assertThat(stack.backend.stats().aborted().responses()).isEqualTo(1));
    assertThat(stack.delta("semantic_router_estimated_tokens_total", "type", "prompt"))
        .isEqualTo(stack.backend.stats().aborted().promptTokens());
    assertThat(stack.delta("semantic_router_estimated_tokens_total", "type", "completion"))
        .isBetween(1L, stack.backend.stats().aborted().completionTokens());
  }

  @Test
  void messageRefusedByTheBackendIsAnErrorWithoutTokens() {
    assertThatThrownBy(
            () ->
                anthropic
                    .messages()
                    .create(question().putAdditionalHeader("x-sim-status", "429").build()))
        .isInstanceOf(com.anthropic.errors.RateLimitException.class);

    stack.assertOutcome("error", 1);
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
  }

  @Test
  void countingTheTokensOfAMessageIsCountedAndNotMetered() {
    assertThat(
            anthropic
                .messages()
                .countTokens(
                    MessageCountTokensParams.builder()
                        .model("gpt-4")
                        .addUserMessage("What is 2+2?")
                        .build())
                .inputTokens())
        .isEqualTo(7);

    assertNotMetered();
  }

  @Test
  void responseIsMeteredForTheUserAndTheSelectedModel() {
    Response response = openai.responses().create(input().build());

    assertThat(text(response)).isEqualTo("2+2 equals 4.");
    assertThat(response.status()).hasValue(ResponseStatus.COMPLETED);
    assertUsage(response, 7, 0, 4);
    assertMetered(new Totals(1, 7, 4));
    assertThat(
            stack.delta(
                "semantic_router_tokens_total",
                "user",
                "alice",
                "tier",
                "premium",
                "model",
                "qwen3"))
        .isEqualTo(11);
  }

  @Test
  void cachedTokensOfAResponseArePartOfItsPrompt() {
    Response response =
        openai.responses().create(input().putAdditionalHeader("x-sim-cached-tokens", "5").build());

    assertUsage(response, 7, 5, 4);
    assertMetered(new Totals(1, 7, 4));
    assertCacheRead(5);
  }

  @Test
  void streamedResponseIsMetered() {
    Response response = stream(input().build(), "response.completed");

    assertThat(text(response)).isEqualTo("2+2 equals 4.");
    assertUsage(response, 7, 0, 4);
    assertMetered(new Totals(1, 7, 4));
  }

  @Test
  void streamedResponseCutByMaxOutputTokensIsMetered() {
    Response response = stream(input().maxOutputTokens(2).build(), "response.incomplete");

    assertThat(text(response)).isEqualTo("2+2 equa");
    assertThat(response.status()).hasValue(ResponseStatus.INCOMPLETE);
    assertMetered(new Totals(1, 7, 2));
  }

  @Test
  void usageThatTheClientPlantsInAResponseIsNotBilled() {
    JsonValue usage = JsonValue.from(Map.of("input_tokens", 1, "output_tokens", 1));
    JsonValue planted = JsonValue.from(Map.of("usage", usage, "response", Map.of("usage", usage)));
    FunctionTool tool =
        FunctionTool.builder()
            .name("f")
            .strict(false)
            .parameters(
                FunctionTool.Parameters.builder()
                    .putAdditionalProperty("usage", usage)
                    .putAdditionalProperty("properties", planted)
                    .build())
            .build();
    ResponseCreateParams params =
        input()
            .instructions("\"usage\":{\"input_tokens\":1,\"output_tokens\":1}")
            .metadata(
                ResponseCreateParams.Metadata.builder()
                    .putAdditionalProperty("usage", usage)
                    .putAdditionalProperty("response", planted)
                    .build())
            .addTool(tool)
            .build();

    Response whole = openai.responses().create(params);
    Response streamed = stream(params, "response.completed");

    assertThat(whole._metadata().toString()).contains("input_tokens=1");
    assertThat(streamed.tools()).hasSize(1);
    assertThat(streamed.usage()).isEqualTo(whole.usage());
    assertThat(whole.usage().orElseThrow().inputTokens()).isGreaterThan(7);
    stack.assertMetered(2);
  }

  @Test
  void clientThatLeavesAStreamedResponseIsEstimated() {
    ResponseCreateParams params =
        input()
            .putAdditionalHeader("x-sim-chunk-delay-ms", "50")
            .putAdditionalHeader("x-sim-tokens", "200")
            .build();
    try (var response = openai.responses().createStreaming(params)) {
      assertThat(response.stream().limit(6)).hasSize(6);
    }

    stack.assertUnmetered("estimated", 1);
    assertThat(stack.delta("semantic_router_estimated_tokens_total", "type", "completion"))
        .isPositive();
  }

  @Test
  void retrievingAResponseIsCountedAndNotMetered() {
    assertThat(openai.responses().retrieve("resp_1").usage()).isPresent();

    assertNotMetered();
  }

  private static MessageCreateParams.Builder question() {
    return MessageCreateParams.builder()
        .model("gpt-4")
        .maxTokens(100)
        .addUserMessage("What is 2+2?");
  }

  private static ResponseCreateParams.Builder input() {
    return ResponseCreateParams.builder().model("gpt-4").input("What is 2+2?");
  }

  private List<RawMessageStreamEvent> events(MessageCreateParams params) {
    try (var response = anthropic.messages().createStreaming(params)) {
      return response.stream().map(RawMessageStreamEvent::validate).toList();
    }
  }

  private Message stream(MessageCreateParams params) {
    MessageAccumulator whole = MessageAccumulator.create();
    events(params).forEach(whole::accumulate);
    return whole.message();
  }

  private Response stream(ResponseCreateParams params, String lastEvent) {
    ResponseAccumulator whole = ResponseAccumulator.create();
    try (var response = openai.responses().createStreaming(params)) {
      List<ResponseStreamEvent> events = response.stream().map(whole::accumulate).toList();
      ResponseStreamEvent last = events.get(events.size() - 1);
      assertThat(last.isCompleted() ? "response.completed" : "response.incomplete")
          .isEqualTo(lastEvent);
    }
    return whole.response();
  }

  private static String text(Message message) {
    return message.content().stream()
        .map(block -> block.asText().text())
        .collect(Collectors.joining());
  }

  private static String text(Response response) {
    return response.output().stream()
        .flatMap(item -> item.asMessage().content().stream())
        .map(content -> content.asOutputText().text())
        .collect(Collectors.joining());
  }

  private static void assertUsage(Response response, long input, long cached, long output) {
    ResponseUsage usage = response.usage().orElseThrow();
    assertThat(
            Stream.of(
                usage.inputTokens(),
                usage.inputTokensDetails().cachedTokens(),
                usage.outputTokens(),
                usage.totalTokens()))
        .containsExactly(input, cached, output, input + output);
  }

  private void assertMetered(Totals expected) {
    assertThat(stack.backend.stats().reported()).isEqualTo(expected);
    stack.assertMetered(expected.responses());
  }

  private void assertCacheRead(long tokens) {
    assertThat(stack.delta("semantic_router_token_parts_total", "part", "cache_read"))
        .isEqualTo(tokens);
  }

  private void assertNotMetered() {
    stack.assertOutcome("not_metered", 1);
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
  }
}
