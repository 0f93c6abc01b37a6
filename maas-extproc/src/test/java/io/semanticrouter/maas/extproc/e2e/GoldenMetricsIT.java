// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** The whole text of /metrics after a fixed sequence of requests through Envoy. */
class GoldenMetricsIT {
  private static final String CONFIG =
      """
      maas_integration:
        enabled: true
        metrics: { internal_cost_calculation: true }
      pricing:
        models:
          qwen3: { prompt_per_1m: 0.20, completion_per_1m: 0.60 }
      """;
  private static final String QUESTION =
      """
      {"model":"gpt-4","messages":[{"role":"user","content":"What is 2+2?"}]}""";
  private static final String STREAM =
      """
      {"model":"gpt-4","stream":true,"stream_options":{"include_usage":true},\
      "messages":[{"role":"user","content":"What is 2+2?"}]}""";
  private static final String STREAM_WITHOUT_USAGE =
      """
      {"model":"gpt-4","stream":true,"messages":[{"role":"user","content":"Tell me more."}]}""";
  private static final String EMBEDDING = "{\"model\":\"qwen3\",\"input\":\"count these words\"}";

  @Test
  void fixedTranscriptGivesExactlyTheGoldenText() throws Exception {
    try (Stack stack = Stack.start("golden", CONFIG)) {
      chat(stack, QUESTION, "alice", "premium");
      chat(stack, STREAM, "alice", "premium");
      chat(stack, STREAM_WITHOUT_USAGE, "alice", "premium");
      chat(stack, QUESTION, "bob", "free", "x-sim-cache-hit", "true");
      chat(stack, QUESTION, "bob", "free", "x-sim-pii", "true");
      chat(stack, QUESTION, "bob", "free", "x-sim-status", "429");
      chat(stack, STREAM, "{auth.identity.username}", "free");
      RawHttp.post(stack.envoy.port(), "/v1/embeddings", EMBEDDING);
      RawHttp.post(stack.envoy.port(), "/v1/responses", QUESTION);
      RawHttp.post(stack.envoy.port(), "/echo", QUESTION);
      stack.awaitRequests(9);

      String seen = withoutTraffic(stack.server.scrape().text());
      // To compare with the golden file, and to replace it with when that is right.
      Files.writeString(Project.WORK.resolve("golden/metrics.txt"), seen);
      assertThat(seen).isEqualTo(golden());
    }
  }

  private static void chat(Stack stack, String body, String user, String tier, String... knob)
      throws IOException {
    String[] headers = new String[4 + knob.length];
    headers[0] = "x-auth-request-user";
    headers[1] = user;
    headers[2] = "x-auth-request-tier";
    headers[3] = tier;
    System.arraycopy(knob, 0, headers, 4, knob.length);
    RawHttp.post(stack.envoy.port(), "/v1/chat/completions", body, headers);
  }

  /**
   * Into how many messages Envoy cuts an exchange, and how long each takes, differs; so does all of
   * the process.
   */
  private static String withoutTraffic(String text) {
    return text.replaceAll("(?m)^(# (HELP|TYPE) )?(jvm|process)_.*\n", "")
        .replaceAll(
            "(?m)^(semantic_router_config_last_applied_timestamp_seconds|"
                + "semantic_router_extproc_(body_bytes|handling|messages|open|replies)[^ ]*|"
                + "semantic_router_(request_duration|time_\\w+)_seconds_(bucket|sum)[^ ]*) .*$",
            "$1 *")
        .replaceAll("version=\"[^\"]*\"", "version=\"*\"");
  }

  private static String golden() throws IOException {
    return Files.readString(Project.file("maas-extproc/src/test/resources/golden/metrics.txt"));
  }
}
