// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import static io.semanticrouter.maas.testing.vllm.TestClient.CHAT;
import static io.semanticrouter.maas.testing.vllm.TestClient.COMPLETIONS;
import static io.semanticrouter.maas.testing.vllm.TestClient.EMBEDDINGS;
import static io.semanticrouter.maas.testing.vllm.TestClient.chat;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole text of an answer of each kind. */
class GoldenAnswersTest {

  private static final String CHUNK =
      "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
          + "\"model\":\"qwen3\",\"choices\":";

  private SimulatedVllm server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    server = TestClient.fixedServer().model("qwen3").model("llama").start();
    client = new TestClient(server);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void chatAsJson() throws Exception {
    HttpResponse<String> response = client.post(CHAT, chat(""));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(response.body())
        .isEqualTo(
            "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,"
                + "\"model\":\"qwen3\",\"choices\":[{\"index\":0,\"message\":{"
                + "\"role\":\"assistant\",\"content\":\"2+2 equals 4.\",\"refusal\":null,"
                + "\"annotations\":null,\"audio\":null,\"function_call\":null,\"tool_calls\":[],"
                + "\"reasoning_content\":null},\"logprobs\":null,\"finish_reason\":\"stop\","
                + "\"stop_reason\":null}],\"service_tier\":null,\"system_fingerprint\":null,"
                + "\"usage\":{\"prompt_tokens\":7,\"total_tokens\":11,\"completion_tokens\":4,"
                + "\"prompt_tokens_details\":null}}");
  }

  @Test
  void chatStreamWithoutUsage() throws Exception {
    HttpResponse<String> response = client.post(CHAT, chat(",\"stream\":true"));
    assertThat(response.headers().firstValue("content-type"))
        .hasValue("text/event-stream; charset=utf-8");
    assertThat(response.body())
        .isEqualTo(
            chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null", "")
                + chunk("{\"content\":\"2+2\"}", "null", "")
                + chunk("{\"content\":\" equa\"}", "null", "")
                + chunk("{\"content\":\"ls\"}", "null", "")
                + chunk("{\"content\":\" 4.\"}", "null", "")
                + chunk("{\"content\":\"\"}", "\"stop\"", "")
                + "data: [DONE]\n\n");
  }

  @Test
  void chatStreamWithUsageAtItsEnd() throws Exception {
    String body =
        chat(",\"stream\":true,\"max_tokens\":1,\"stream_options\":{\"include_usage\":true}");
    String end =
        CHUNK
            + "[],\"usage\":{\"prompt_tokens\":7,\"total_tokens\":8,\"completion_tokens\":1}}\n\n"
            + "data: [DONE]\n\n";
    String usage = ",\"usage\":null";
    assertThat(client.post(CHAT, body).body())
        .isEqualTo(
            chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null", usage)
                + chunk("{\"content\":\"2+2\"}", "null", usage)
                + chunk("{\"content\":\"\"}", "\"length\"", usage)
                + end);
    assertThat(client.post(CHAT, body, "x-sim-null-usage", "false").body())
        .isEqualTo(
            (chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null", "")
                    + chunk("{\"content\":\"2+2\"}", "null", "")
                    + chunk("{\"content\":\"\"}", "\"length\"", "")
                    + end)
                .replace("chatcmpl-1", "chatcmpl-2"));
  }

  @Test
  void completionsStreamWithContinuousUsageOfEachChoice() throws Exception {
    String body =
        "{\"prompt\":[\"a b c\",\"hello\"],\"max_tokens\":1,\"stream\":true,"
            + "\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}}";
    assertThat(client.post(COMPLETIONS, body).body())
        .isEqualTo(
            textChunk(0, "This", "null", 3, 1)
                + textChunk(1, "This", "null", 2, 1)
                + textChunk(0, "", "\"length\"", 3, 1)
                + textChunk(1, "", "\"length\"", 2, 1)
                + "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1700000000,"
                + "\"model\":\"qwen3\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
                + "\"total_tokens\":7,\"completion_tokens\":2}}\n\n"
                + "data: [DONE]\n\n");
  }

  @Test
  void completionsOfTokenIds() throws Exception {
    String body = "{\"model\":\"llama\",\"prompt\":[1,2,3],\"n\":2}";
    String choice =
        ",\"text\":\"This is a\",\"logprobs\":null,\"finish_reason\":\"stop\","
            + "\"stop_reason\":null,\"prompt_logprobs\":null}";
    assertThat(client.post(COMPLETIONS, body, "x-sim-tokens", "3").body())
        .isEqualTo(
            "{\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1700000000,"
                + "\"model\":\"llama\",\"choices\":[{\"index\":0"
                + choice
                + ",{\"index\":1"
                + choice
                + "],\"service_tier\":null,\"system_fingerprint\":null,\"usage\":{"
                + "\"prompt_tokens\":3,\"total_tokens\":9,\"completion_tokens\":6,"
                + "\"prompt_tokens_details\":null}}");
  }

  @Test
  void embeddingsAsFloatsAndAsTheSameFloatsInBase64() throws Exception {
    String input = "\"input\":[\"a b\",\"hello\"],\"dimensions\":2";
    assertThat(client.post(EMBEDDINGS, "{" + input + "}").body())
        .isEqualTo(embeddings(1, "[-0.4375,0.5546875]", "[-0.3359375,0.4921875]"));
    assertThat(client.post(EMBEDDINGS, "{" + input + ",\"encoding_format\":\"base64\"}").body())
        .isEqualTo(embeddings(2, "\"AADgvgAADj8=\"", "\"AACsvgAA/D4=\""));
  }

  @Test
  void modelsHealthStatsAndEcho() throws Exception {
    assertThat(client.get("/v1/models").body())
        .isEqualTo(
            "{\"object\":\"list\",\"data\":[" + model("qwen3") + "," + model("llama") + "]}");
    assertThat(client.get("/health").body()).isEqualTo("{\"status\":\"ok\"}");
    client.post(CHAT, chat(""));
    assertThat(client.get("/stats").body())
        .isEqualTo(
            "{\"exchanges\":{\"/v1/chat/completions\":1},\"errors\":0,\"prompt_tokens\":7,"
                + "\"completion_tokens\":4,\"completed\":"
                + totals(1, 7, 4)
                + ",\"aborted\":"
                + totals(0, 0, 0)
                + ",\"reported\":"
                + totals(1, 7, 4)
                + ",\"cached\":"
                + totals(0, 0, 0)
                + "}");
    assertThat(client.post("/echo?a=b", "abc", "X-Two", "1", "x-two", "2").body())
        .startsWith("{\"method\":\"POST\",\"path\":\"/echo?a=b\",\"headers\":{")
        .contains("\"content-length\":[\"3\"]", "\"x-two\":[\"1\",\"2\"]")
        .endsWith(
            "},\"body_bytes\":3,\"body_sha256\":"
                + "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}");
  }

  private static String chunk(String delta, String finishReason, String usage) {
    return CHUNK
        + "[{\"index\":0,\"delta\":"
        + delta
        + ",\"logprobs\":null,\"finish_reason\":"
        + finishReason
        + "}]"
        + usage
        + "}\n\n";
  }

  private static String textChunk(
      int index, String text, String finishReason, int prompt, int completion) {
    return ("data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1700000000,"
            + "\"model\":\"qwen3\",\"choices\":[{\"index\":%d,\"text\":\"%s\",\"logprobs\":null,"
            + "\"finish_reason\":%s,\"stop_reason\":null}],\"usage\":{\"prompt_tokens\":%d,"
            + "\"total_tokens\":%d,\"completion_tokens\":%d}}\n\n")
        .formatted(index, text, finishReason, prompt, prompt + completion, completion);
  }

  private static String embeddings(int id, String first, String second) {
    return ("{\"id\":\"embd-%d\",\"object\":\"list\",\"created\":1700000000,\"model\":\"qwen3\","
            + "\"data\":[{\"index\":0,\"object\":\"embedding\",\"embedding\":%s},"
            + "{\"index\":1,\"object\":\"embedding\",\"embedding\":%s}],\"usage\":{"
            + "\"prompt_tokens\":4,\"total_tokens\":4,\"completion_tokens\":0,"
            + "\"prompt_tokens_details\":null}}")
        .formatted(id, first, second);
  }

  private static String model(String name) {
    return ("{\"id\":\"%s\",\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"vllm\","
            + "\"root\":\"%s\",\"parent\":null,\"max_model_len\":100000}")
        .formatted(name, name);
  }

  private static String totals(int responses, int prompt, int completion) {
    return "{\"responses\":%d,\"prompt_tokens\":%d,\"completion_tokens\":%d}"
        .formatted(responses, prompt, completion);
  }
}
