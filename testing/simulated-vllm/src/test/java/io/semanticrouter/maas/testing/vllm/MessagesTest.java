// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import static io.semanticrouter.maas.testing.vllm.TestClient.MESSAGES;
import static io.semanticrouter.maas.testing.vllm.TestClient.message;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.testing.vllm.SimulatedVllmStats.Totals;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Anthropic's Messages API. */
class MessagesTest {

  private static final String STREAM = ",\"stream\":true";

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

  @Test
  void json() throws Exception {
    HttpResponse<String> response = client.post(MESSAGES, message(""));
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(response.headers().firstValue("x-vsr-selected-model")).hasValue("qwen3");
    assertThat(response.body())
        .isEqualTo(
            """
            {"id":"chatcmpl-1","type":"message","role":"assistant",\
            "content":[{"type":"text","text":"2+2 equals 4."}],"model":"qwen3",\
            "stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":4}}""");
    assertReported(new Totals(1, 7, 4));
  }

  @Test
  void jsonCutByMaxTokensWithCachedTokens() throws Exception {
    String body = message(",\"max_tokens\":1");
    assertThat(client.post(MESSAGES, body, "x-sim-cached-tokens", "5").body())
        .isEqualTo(
            """
            {"id":"chatcmpl-1","type":"message","role":"assistant",\
            "content":[{"type":"text","text":"2+2"}],"model":"qwen3","stop_reason":"max_tokens",\
            "usage":{"input_tokens":2,"output_tokens":1,"cache_read_input_tokens":5}}""");
    assertReported(new Totals(1, 7, 1));
  }

  @Test
  void stream() throws Exception {
    HttpResponse<String> response = client.post(MESSAGES, message(STREAM));
    assertThat(response.headers().firstValue("content-type"))
        .hasValue("text/event-stream; charset=utf-8");
    assertThat(response.body())
        .isEqualTo(
            """
            event: message_start
            data: {"type":"message_start","message":{"id":"chatcmpl-1","type":"message",\
            "role":"assistant","content":[],"model":"qwen3","stop_reason":null,\
            "stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":0}}}

            event: content_block_start
            data: {"type":"content_block_start","content_block":{"type":"text","text":""},\
            "index":0}

            event: ping
            data: {"type":"ping"}

            event: content_block_delta
            data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"2+2"},\
            "index":0}

            event: content_block_delta
            data: {"type":"content_block_delta","delta":{"type":"text_delta","text":" equa"},\
            "index":0}

            event: content_block_delta
            data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"ls"},\
            "index":0}

            event: content_block_delta
            data: {"type":"content_block_delta","delta":{"type":"text_delta","text":" 4."},\
            "index":0}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},\
            "usage":{"input_tokens":7,"output_tokens":4}}

            event: message_stop
            data: {"type":"message_stop"}

            """);
    assertReported(new Totals(1, 7, 4));
  }

  @Test
  void cachedTokensOfAStreamAreKnownAtItsEndOnly() throws Exception {
    String body = message(STREAM + ",\"max_tokens\":1");
    assertThat(client.post(MESSAGES, body, "x-sim-cached-tokens", "5").body())
        .contains("\"stop_sequence\":null,\"usage\":{\"input_tokens\":7,\"output_tokens\":0}}}")
        .endsWith(
            """
            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"max_tokens"},\
            "usage":{"input_tokens":2,"output_tokens":1,"cache_read_input_tokens":5}}

            event: message_stop
            data: {"type":"message_stop"}

            """);
    assertReported(new Totals(1, 7, 1));
  }

  @Test
  void noMoreTokensAreCachedThanThePromptHas() throws Exception {
    assertThat(client.post(MESSAGES, message(""), "x-sim-cached-tokens", "1000").body())
        .endsWith("{\"input_tokens\":0,\"output_tokens\":4,\"cache_read_input_tokens\":7}}");
  }

  @Test
  void anAnswerOfNoTokensHasNoContent() throws Exception {
    String[] none = {"x-sim-tokens", "0"};
    assertThat(client.post(MESSAGES, message(""), none).body())
        .contains("\"content\":[],", "\"stop_reason\":\"end_turn\"");
    assertThat(client.post(MESSAGES, message(STREAM), none).body())
        .doesNotContain("content_block")
        .contains("\"usage\":{\"input_tokens\":7,\"output_tokens\":0}}");
  }

  @Test
  void systemTextAndTextPartsCostAsInAChat() throws Exception {
    String messages =
        """
        "system":[{"type":"text","text":"Be kind"}],"messages":[\
        {"role":"user","content":[{"type":"text","text":"ab"},\
        {"type":"image","source":{"type":"url","url":"x"}},{"type":"text","text":"cd"}]},\
        {"role":"assistant","content":"ef"},{"role":"user","content":"gh"}]}""";
    int expected = 4 * TokenCounter.TOKENS_PER_MESSAGE + TokenCounter.count("Be kind ab cd ef gh");
    assertThat(client.post(MESSAGES, "{\"max_tokens\":9," + messages).body())
        .contains("\"input_tokens\":" + expected + ",");
    assertThat(client.post(MESSAGES + "/count_tokens", "{" + messages).body())
        .isEqualTo("{\"input_tokens\":" + expected + "}");
  }

  @Test
  void countingTokensProducesNothing() throws Exception {
    client.post(MESSAGES + "/count_tokens", message(""));
    assertThat(server.stats().exchanges()).isEmpty();
    assertThat(client.get(MESSAGES + "/count_tokens").statusCode()).isEqualTo(405);
  }

  @Test
  void omitsUsage() throws Exception {
    String[] omit = {"x-sim-omit-usage", "true"};
    assertThat(client.post(MESSAGES, message(""), omit).body()).doesNotContain("usage");
    assertThat(client.post(MESSAGES, message(STREAM), omit).body())
        .doesNotContain("usage")
        .contains("\"delta\":{\"stop_reason\":\"end_turn\"}}");
    assertThat(server.stats().completed()).isEqualTo(new Totals(2, 14, 8));
    assertThat(server.stats().reported()).isEqualTo(new Totals(0, 0, 0));
  }

  @Test
  void splitsAndLineEndingsDoNotChangeTheText() throws Exception {
    String plain = client.post(MESSAGES, message(STREAM)).body();
    String[] knobs = {"x-sim-split-bytes", "7", "x-sim-line-ending", "crlf"};
    assertThat(client.post(MESSAGES, message(STREAM), knobs).body())
        .isEqualTo(plain.replace("\n", "\r\n").replace("chatcmpl-1", "chatcmpl-2"));
  }

  @Test
  void cutsAStreamShortAfterAnyOfItsEvents() throws Exception {
    // Start, block start and ping hold no token; the next four hold one each.
    client.rawUntilEnd(MESSAGES, message(STREAM), "x-sim-abort-after-events: 5\r\n");
    assertThat(server.stats().aborted()).isEqualTo(new Totals(1, 7, 2));
    String raw = client.rawUntilEnd(MESSAGES, message(STREAM), "x-sim-abort-after-events: 9\r\n");
    assertThat(raw).contains("event: message_delta").doesNotContain("event: message_stop");
    assertThat(server.stats().aborted()).isEqualTo(new Totals(2, 14, 6));
    assertThat(server.stats().exchanges()).isEqualTo(Map.of(MESSAGES, 2L));
    assertThat(server.stats().completed()).isEqualTo(new Totals(0, 0, 0));
  }

  @ParameterizedTest
  @CsvSource({"429, rate_limit_error", "500, api_error", "529, overloaded_error"})
  void errorsHaveTheShapeOfThisApi(int status, String type) throws Exception {
    HttpResponse<String> response =
        client.post(MESSAGES, message(STREAM), "x-sim-status", Integer.toString(status));
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.body())
        .isEqualTo(
            """
            {"type":"error","error":{"type":"%s","message":"Simulated error %d."}}"""
                .formatted(type, status));
    assertThat(server.stats().errors()).isEqualTo(1);
  }

  @Test
  void refusesARequestWithoutMaxTokens() throws Exception {
    HttpResponse<String> response = client.post(MESSAGES, TestClient.chat(""));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body())
        .isEqualTo(
            """
            {"type":"error","error":{"type":"invalid_request_error",\
            "message":"'max_tokens' must be an integer from 1 to 2147483647."}}""");
  }

  private void assertReported(Totals totals) {
    assertThat(server.stats().reported()).isEqualTo(totals);
    assertThat(server.stats().completed()).isEqualTo(totals);
    assertThat(server.stats().exchanges()).isEqualTo(Map.of(MESSAGES, totals.responses()));
  }
}
