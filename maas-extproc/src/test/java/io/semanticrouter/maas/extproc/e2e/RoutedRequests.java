// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.semanticrouter.maas.testing.vllm.RoutingHeaders;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HexFormat;

/**
 * An embedded router that decides between two models, and requests for it. {@code /echo} is
 * configured as a chat, where the bytes that reach the backend matter: it tells their number and
 * their SHA-256.
 */
final class RoutedRequests {
  static final String ECHO = "/echo";

  /** The request body of the integration guide, "Verify Response Headers". */
  static final String GUIDE =
      "{\"model\": \"gpt-4\", \"messages\": [{\"role\": \"user\", \"content\": \"What is 2+2?\"}]}";

  static final String ROUTER =
      """
      router:
        enabled: true
        models: { qwen3: { reasoning_family: qwen3 }, coder: {} }
        decisions:
        - name: math
          rules: { operator: OR, conditions: [ { type: domain, name: math } ] }
          modelRefs: [ { model: qwen3, use_reasoning: false } ]
        - name: code
          rules: { operator: OR, conditions: [ { type: domain, name: code } ] }
          modelRefs: [ { model: coder } ]
        security:
          pii: { enabled: true, action: block }
          jailbreak: { enabled: true, action: block }
        response_cache: { enabled: true }
      """;

  static final String CONFIG =
      """
      maas_integration:
        enabled: true
        usage: { routes: { /echo: { operation: chat } } }
      """
          + ROUTER;

  private static final String NO_THINKING = ",\"chat_template_kwargs\":{\"enable_thinking\":false}";

  private RoutedRequests() {}

  /** A chat with these members before its messages. */
  static String chat(String members, String prompt) {
    return "{\"model\": \"gpt-4\", "
        + members
        + "\"messages\": [{\"role\": \"user\", \"content\": \""
        + prompt
        + "\"}]}";
  }

  /** A question of mathematics as it goes on. */
  static String routed(String body) {
    return body.replace("gpt-4", "qwen3").substring(0, body.length() - 1) + NO_THINKING + "}";
  }

  /** The same where usage is asked for on the way. */
  static String routedWithUsage(String body) {
    String routed = routed(body);
    return routed.substring(0, routed.length() - 1)
        + ",\"stream_options\":{\"include_usage\":true}}";
  }

  /** A backend that says nothing of routing, and whose first model is none that is routed to. */
  static SimulatedVllm.Builder backend() {
    return SimulatedVllm.builder()
        .model("unrouted")
        .model("qwen3")
        .model("coder")
        .routingHeaders(RoutingHeaders.NONE)
        .clock(Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC))
        .ids(() -> "1");
  }

  /** Asserts what reached the backend, and returns the headers that came with it. */
  static JsonNode assertEcho(int status, String echoed, byte[] expected) throws IOException {
    assertThat(status).isEqualTo(200);
    JsonNode echo = new ObjectMapper().readTree(echoed);
    assertThat(echo.get("body_bytes").asLong()).isEqualTo(expected.length);
    assertThat(echo.get("body_sha256").asText()).isEqualTo(sha256(expected));
    return echo.get("headers");
  }

  static JsonNode assertEcho(RawHttp answer, String expected) throws IOException {
    return assertEcho(
        answer.status(), answer.body(), expected.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
