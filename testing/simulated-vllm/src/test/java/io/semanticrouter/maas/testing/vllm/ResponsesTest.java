// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import static io.semanticrouter.maas.testing.vllm.TestClient.RESPONSES;
import static io.semanticrouter.maas.testing.vllm.TestClient.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.testing.vllm.SimulatedVllmStats.Totals;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** OpenAI's Responses API. */
class ResponsesTest {

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
    HttpResponse<String> response = client.post(RESPONSES, response(""));
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(response.headers().firstValue("x-vsr-selected-model")).hasValue("qwen3");
    assertThat(response.body())
        .isEqualTo(
            object("null", "null", "null", output("completed", "2+2 equals 4."), "[]", "completed")
                .formatted(usage(7, 0, 4)));
    assertReported(new Totals(1, 7, 4));
  }

  @Test
  void jsonCutByMaxOutputTokensWithCachedTokens() throws Exception {
    String body = response(",\"max_output_tokens\":1");
    assertThat(client.post(RESPONSES, body, "x-sim-cached-tokens", "5").body())
        .isEqualTo(
            object(
                    "{\"reason\":\"max_output_tokens\"}",
                    "null",
                    "null",
                    output("incomplete", "2+2"),
                    "[]",
                    "incomplete")
                .replace("\"max_output_tokens\":null", "\"max_output_tokens\":1")
                .formatted(usage(7, 5, 1)));
    assertReported(new Totals(1, 7, 1));
  }

  @Test
  void whatTheClientSentComesBackEvenWhereItLooksLikeUsage() throws Exception {
    String metadata = "{\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}";
    String tools =
        """
        [{"type":"function","name":"f","parameters":{"type":"object","properties":\
        {"usage":{"input_tokens":2,"output_tokens":2}}},"strict":true}]""";
    String body =
        response(",\"instructions\":\"Be kind\",\"metadata\":" + metadata + ",\"tools\":" + tools);
    int prompt = 2 * TokenCounter.TOKENS_PER_MESSAGE + TokenCounter.count("Be kind What is 2+2?");
    assertThat(client.post(RESPONSES, body).body())
        .isEqualTo(
            object(
                    "null",
                    "\"Be kind\"",
                    metadata,
                    output("completed", "2+2 equals 4."),
                    tools,
                    "completed")
                .formatted(usage(prompt, 0, 4)));
  }

  @Test
  void stream() throws Exception {
    String started = object("null", "null", "null", "[]", "[]", "in_progress").formatted("null");
    String part = "{\"annotations\":[],\"text\":\"%s\",\"type\":\"output_text\",\"logprobs\":null}";
    String at = "{\"content_index\":0,\"item_id\":\"msg_1\",\"output_index\":0,";
    HttpResponse<String> response = client.post(RESPONSES, response(STREAM));
    assertThat(response.headers().firstValue("content-type"))
        .hasValue("text/event-stream; charset=utf-8");
    assertThat(response.body())
        .isEqualTo(
            event(0, "created", "{\"response\":" + started)
                + event(1, "in_progress", "{\"response\":" + started)
                + event(
                    2,
                    "output_item.added",
                    "{\"item\":{\"id\":\"msg_1\",\"content\":[],\"role\":\"assistant\","
                        + "\"status\":\"in_progress\",\"type\":\"message\"},\"output_index\":0")
                + event(3, "content_part.added", at + "\"part\":" + part.formatted(""))
                + event(4, "output_text.delta", at + "\"delta\":\"2+2\",\"logprobs\":[]")
                + event(5, "output_text.delta", at + "\"delta\":\" equa\",\"logprobs\":[]")
                + event(6, "output_text.delta", at + "\"delta\":\"ls\",\"logprobs\":[]")
                + event(7, "output_text.delta", at + "\"delta\":\" 4.\",\"logprobs\":[]")
                + event(8, "output_text.done", at + "\"logprobs\":[],\"text\":\"2+2 equals 4.\"")
                + event(9, "content_part.done", at + "\"part\":" + part.formatted("2+2 equals 4."))
                + event(
                    10,
                    "output_item.done",
                    "{\"item\":" + item("completed", "2+2 equals 4.") + ",\"output_index\":0")
                + event(
                    11,
                    "completed",
                    "{\"response\":"
                        + object(
                                "null",
                                "null",
                                "null",
                                output("completed", "2+2 equals 4."),
                                "[]",
                                "completed")
                            .formatted(usage(7, 0, 4))));
    assertReported(new Totals(1, 7, 4));
  }

  @Test
  void aStreamCutByMaxOutputTokensEndsAsIncomplete() throws Exception {
    String body = response(STREAM + ",\"max_output_tokens\":1");
    assertThat(client.post(RESPONSES, body).body())
        .endsWith(
            event(
                8,
                "incomplete",
                "{\"response\":"
                    + object(
                            "{\"reason\":\"max_output_tokens\"}",
                            "null",
                            "null",
                            output("incomplete", "2+2"),
                            "[]",
                            "incomplete")
                        .replace("\"max_output_tokens\":null", "\"max_output_tokens\":1")
                        .formatted(usage(7, 0, 1))))
        .doesNotContain("event: response.completed", "[DONE]");
    assertReported(new Totals(1, 7, 1));
  }

  @Test
  void inputItemsCostAsMessagesDo() throws Exception {
    String body =
        """
        {"input":[{"role":"user","content":[{"type":"input_text","text":"ab"},\
        {"type":"input_image","image_url":"x"},{"type":"input_text","text":"cd"}]},\
        {"type":"function_call","call_id":"1","name":"f","arguments":"{}"},\
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"ef"}]}]}""";
    int prompt = 2 * TokenCounter.TOKENS_PER_MESSAGE + TokenCounter.count("ab cd ef");
    assertThat(client.post(RESPONSES, body).body()).contains("\"input_tokens\":" + prompt + ",");
  }

  @Test
  void aStoredResponseRepeatsItsUsageAndIsNotCounted() throws Exception {
    assertThat(client.get(RESPONSES + "/resp_1").body())
        .isEqualTo(
            object(
                    "null",
                    "null",
                    "null",
                    output(
                        "completed",
                        "This is a set text that the fake host will send each time it is run."),
                    "[]",
                    "completed")
                .formatted(usage(7, 0, 16)));
    assertThat(client.get(RESPONSES + "/1").statusCode()).isEqualTo(400);
    assertThat(client.post(RESPONSES + "/resp_1", "{}").statusCode()).isEqualTo(405);
    assertThat(server.stats().exchanges()).isEmpty();
  }

  @Test
  void omitsUsage() throws Exception {
    String[] omit = {"x-sim-omit-usage", "true"};
    assertThat(client.post(RESPONSES, response(""), omit).body()).doesNotContain("usage");
    assertThat(client.post(RESPONSES, response(STREAM), omit).body()).doesNotContain("usage");
    assertThat(server.stats().completed()).isEqualTo(new Totals(2, 14, 8));
    assertThat(server.stats().reported()).isEqualTo(new Totals(0, 0, 0));
  }

  @Test
  void splitsAndLineEndingsDoNotChangeTheText() throws Exception {
    String plain = client.post(RESPONSES, response(STREAM)).body();
    String[] knobs = {"x-sim-split-bytes", "7", "x-sim-line-ending", "cr"};
    assertThat(client.post(RESPONSES, response(STREAM), knobs).body())
        .isEqualTo(plain.replace("\n", "\r").replace("resp_1", "resp_2").replace("msg_1", "msg_2"));
  }

  @Test
  void cutsAStreamShortBeforeItsLastEvent() throws Exception {
    // Four events open the answer; the next four hold a token each.
    client.rawUntilEnd(RESPONSES, response(STREAM), "x-sim-abort-after-events: 6\r\n");
    assertThat(server.stats().aborted()).isEqualTo(new Totals(1, 7, 2));
    String raw =
        client.rawUntilEnd(RESPONSES, response(STREAM), "x-sim-abort-after-events: 11\r\n");
    assertThat(raw)
        .contains("event: response.output_item.done")
        .doesNotContain("event: response.completed");
    assertThat(server.stats().aborted()).isEqualTo(new Totals(2, 14, 6));
    assertThat(server.stats().completed()).isEqualTo(new Totals(0, 0, 0));
    assertThat(server.stats().reported()).isEqualTo(new Totals(0, 0, 0));
  }

  @Test
  void refusesARequestWithoutInput() throws Exception {
    HttpResponse<String> response = client.post(RESPONSES, TestClient.chat(""));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body())
        .isEqualTo(
            """
            {"error":{"message":"'input' must be a string or an array.",\
            "type":"invalid_request_error","param":null,"code":"invalid_value"}}""");
    assertThat(server.stats().errors()).isEqualTo(1);
  }

  private static String event(int sequence, String type, String openObject) {
    return """
        event: response.%s
        data: %s,"sequence_number":%d,"type":"response.%s"}

        """
        .formatted(type, openObject, sequence, type);
  }

  /** A response object with a place for its usage. */
  private static String object(
      String details,
      String instructions,
      String metadata,
      String output,
      String tools,
      String status) {
    return """
        {"id":"resp_1","created_at":1700000000,"incomplete_details":%s,"instructions":%s,\
        "metadata":%s,"model":"qwen3","object":"response","output":%s,\
        "parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":%s,"top_p":1.0,\
        "background":false,"max_output_tokens":null,"max_tool_calls":null,\
        "previous_response_id":null,"prompt":null,"reasoning":null,"service_tier":"auto",\
        "status":"%s","text":null,"top_logprobs":null,"truncation":"disabled","usage":%%s,\
        "user":null}"""
        .formatted(details, instructions, metadata, output, tools, status);
  }

  private static String output(String status, String text) {
    return "[" + item(status, text) + "]";
  }

  private static String item(String status, String text) {
    return """
        {"id":"msg_1","content":[{"annotations":[],"text":"%s","type":"output_text",\
        "logprobs":null}],"role":"assistant","status":"%s","type":"message"}"""
        .formatted(text, status);
  }

  private static String usage(long input, long cached, long output) {
    return """
        {"input_tokens":%d,"input_tokens_details":{"cached_tokens":%d},"output_tokens":%d,\
        "output_tokens_details":{"reasoning_tokens":0},"total_tokens":%d}"""
        .formatted(input, cached, output, input + output);
  }

  private void assertReported(Totals totals) {
    assertThat(server.stats().reported()).isEqualTo(totals);
    assertThat(server.stats().completed()).isEqualTo(totals);
    assertThat(server.stats().exchanges()).isEqualTo(Map.of(RESPONSES, totals.responses()));
  }
}
