// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import static io.semanticrouter.maas.testing.vllm.TestClient.CHAT;
import static io.semanticrouter.maas.testing.vllm.TestClient.COMPLETIONS;
import static io.semanticrouter.maas.testing.vllm.TestClient.EMBEDDINGS;
import static io.semanticrouter.maas.testing.vllm.TestClient.chat;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a request may say, what it costs, and how the answer was routed. */
class RequestsTest {

  private static SimulatedVllm server;
  private static TestClient client;

  @BeforeAll
  static void start() throws Exception {
    server = SimulatedVllm.builder().start();
    client = new TestClient(server);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void countsAllMessagesAndTextParts() throws Exception {
    String body =
        "{\"messages\":[{\"role\":\"system\",\"content\":\"Be kind\"},"
            + "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"ab\"},"
            + "{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}},"
            + "{\"type\":\"text\",\"text\":\"cd\"}]},{\"role\":\"assistant\",\"content\":null}]}";
    int expected = 3 * TokenCounter.TOKENS_PER_MESSAGE + TokenCounter.count("Be kind ab cd");
    assertThat(client.post(CHAT, body).body()).contains("\"prompt_tokens\":" + expected + ",");
  }

  @ParameterizedTest
  @CsvSource({
    "'', '', 4, stop",
    "',\"max_tokens\":3', '', 3, length",
    "',\"max_tokens\":4', '', 4, stop",
    "',\"max_tokens\":3,\"max_completion_tokens\":2', '', 2, length",
    "'', 40, 40, stop",
    "',\"max_tokens\":30', 40, 30, length",
    "',\"n\":3', 5, 15, stop",
    "'', 0, 0, stop",
  })
  void lengthOfTheAnswer(String members, String knob, int tokens, String finish) throws Exception {
    String[] headers = knob.isEmpty() ? new String[0] : new String[] {"x-sim-tokens", knob};
    assertThat(client.post(CHAT, chat(members), headers).body())
        .contains("\"completion_tokens\":" + tokens + ",", "\"finish_reason\":\"" + finish);
  }

  @Test
  void theFirstModelServesAnUnknownOne() throws Exception {
    HttpResponse<String> response = client.post(CHAT, chat("").replace("qwen3", "gpt-4"));
    assertThat(response.body()).contains("\"model\":\"qwen3\"").doesNotContain("gpt-4");
    assertThat(routing(response))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "x-vsr-selected-model", "qwen3",
                "x-vsr-selected-decision", "math",
                "x-vsr-selected-category", "math",
                "x-vsr-selected-reasoning", "off",
                "x-vsr-injected-system-prompt", "false",
                "x-vsr-schema-version", "2",
                "x-vsr-response-path", "upstream"));
  }

  @Test
  void aCacheHitSelectsNoModel() throws Exception {
    String body = chat("").replace("2+2", "up");
    assertThat(routing(client.post(CHAT, body, "x-sim-cache-hit", "true")))
        .containsEntry("x-vsr-cache-hit", "true")
        .containsEntry("x-vsr-response-path", "cache")
        .containsEntry("x-vsr-selected-decision", "default")
        .containsEntry("x-vsr-selected-category", "other")
        .doesNotContainKey("x-vsr-selected-model");
  }

  @Test
  void olderSpellingAndNoRoutingHeaders() throws Exception {
    try (SimulatedVllm seed = SimulatedVllm.builder().routingHeaders(RoutingHeaders.SEED).start()) {
      assertThat(routing(new TestClient(seed).post(CHAT, chat(""))))
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  "x-vsr-model-selected", "qwen3",
                  "x-vsr-decision", "math",
                  "x-vsr-category", "math",
                  "x-vsr-reasoning-enabled", "off",
                  "x-vsr-cache-hit", "false",
                  "x-vsr-system-prompt-injected", "false"));
    }
    try (SimulatedVllm none = SimulatedVllm.builder().routingHeaders(RoutingHeaders.NONE).start()) {
      assertThat(routing(new TestClient(none).post(CHAT, chat("")))).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        CHAT + "|[]|The request body must be a JSON object.",
        CHAT + "|{}|'messages' must be an array with at least one message.",
        CHAT + "|{\"messages\":[]}|'messages' must be an array with at least one message.",
        CHAT + "|{\"messages\":[1]}|'messages[0]' must be a JSON object.",
        CHAT + "|{\"messages\":[{}]}|'messages[0].role' must be a string.",
        CHAT
            + "|{\"messages\":[{\"role\":\"user\"}],\"n\":0}|'n' must be an integer from 1 to 128.",
        CHAT + "|{\"messages\":[{\"role\":\"user\"}],\"stream\":1}|'stream' must be a boolean.",
        CHAT
            + "|{\"messages\":[{\"role\":\"user\"}],\"stream_options\":{}}"
            + "|'stream_options' is only allowed when 'stream' is true.",
        COMPLETIONS
            + "|{\"prompt\":[\"a\",1]}|'prompt' must be a string, an array of strings, an"
            + " array of token ids or an array of arrays of token ids.",
        EMBEDDINGS
            + "|{\"input\":\"a\",\"encoding_format\":\"x\"}"
            + "|'encoding_format' must be float or base64.",
      })
  void refusesWhatIsNotValid(String path, String body, String message) throws Exception {
    HttpResponse<String> response = client.post(path, body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body())
        .isEqualTo(
            "{\"error\":{\"message\":\""
                + message
                + "\",\"type\":\"invalid_request_error\",\"param\":null,"
                + "\"code\":\"invalid_value\"}}");
    assertThat(routing(response)).isEmpty();
  }

  @Test
  void refusesOtherPathsMethodsAndLongBodies() throws Exception {
    assertThat(client.get("/nope").statusCode()).isEqualTo(404);
    assertThat(client.get(CHAT).statusCode()).isEqualTo(405);
    assertThat(client.get(CHAT).headers().firstValue("allow")).hasValue("POST");
    assertThat(client.post(CHAT, " ".repeat(Exchange.MAX_BODY_BYTES + 1)).statusCode())
        .isEqualTo(413);
    assertThat(client.post("/echo", " ".repeat(Exchange.MAX_BODY_BYTES)).statusCode())
        .isEqualTo(200);
  }

  @Test
  void aFaultOfTheServerIsAnswered() throws Exception {
    SimulatedVllm.Builder builder =
        SimulatedVllm.builder()
            .ids(
                () -> {
                  throw new IllegalStateException("no more ids");
                });
    try (SimulatedVllm faulty = builder.start()) {
      HttpResponse<String> response = new TestClient(faulty).post(CHAT, chat(""));
      assertThat(response.statusCode()).isEqualTo(500);
      assertThat(response.body()).contains("no more ids", "\"type\":\"server_error\"");
      assertThat(routing(response)).isEmpty();
      assertThat(faulty.stats().errors()).isEqualTo(1);
    }
  }

  private static Map<String, String> routing(HttpResponse<String> response) {
    Map<String, String> routing = new TreeMap<>();
    for (Map.Entry<String, List<String>> header : response.headers().map().entrySet()) {
      if (header.getKey().startsWith("x-vsr-")) {
        routing.put(header.getKey(), String.join(",", header.getValue()));
      }
    }
    return routing;
  }
}
