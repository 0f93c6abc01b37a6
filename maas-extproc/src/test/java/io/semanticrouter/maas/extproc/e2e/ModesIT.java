// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The three modes, each from its configuration file to what clients and Prometheus see. */
class ModesIT {
  private static final String PRICING =
      """
      pricing:
        currency: USD
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
  private static final String[] IDENTITY = {
    "x-auth-request-user", "alice", "x-auth-request-tier", "premium", "x-vsr-decision", "spoofed"
  };

  @Test
  void standaloneLeavesEveryByteAndHeaderAloneAndCalculatesCost() throws Exception {
    try (Stack metered = Stack.start("standalone", PRICING);
        Envoy unmetered =
            Envoy.start(
                Project.WORK.resolve("standalone/unmetered"),
                Envoy.config(closedPort(), metered.backend.port()))) {
      assertThat(metered.server.log()).containsPattern("(?m)MaaS integration: mode standalone");
      for (String body : List.of(QUESTION, STREAM)) {
        RawHttp expected = post(unmetered, body);
        RawHttp actual = post(metered.envoy, body);
        assertThat(anonymous(actual.comparable())).isEqualTo(anonymous(expected.comparable()));
      }
      assertThat(echo(metered.envoy)).isEqualTo(echo(unmetered));

      metered.awaitRequests(2);
      Scrape scrape = metered.server.scrape();
      assertThat(labelsOf(scrape, "semantic_router_tokens_total"))
          .containsExactlyInAnyOrder(
              Map.of("model", "qwen3", "type", "prompt"),
              Map.of("model", "qwen3", "type", "completion"));
      assertThat(scrape.text()).doesNotContain("alice", "premium", "user=", "tier=");
      // 2 × (7 × 0.20 + 4 × 0.60) / 10^6
      assertThat(scrape.sum("semantic_router_cost_total", "currency", "USD")).isEqualTo(0.0000076);
    }
  }

  @Test
  void maasExportsUserAndTierAndLeavesCostToMaas() throws Exception {
    try (Stack stack = Stack.start("maas", enabled("") + PRICING)) {
      assertThat(stack.server.log()).containsPattern("(?m)MaaS integration: mode maas");
      RawHttp response = post(stack.envoy, QUESTION);

      assertRoutingHeaders(response);
      stack.awaitRequests(1);
      Scrape scrape = stack.server.scrape();
      assertThat(
              scrape.sum(
                  "semantic_router_tokens_total",
                  "user",
                  "alice",
                  "tier",
                  "premium",
                  "model",
                  "qwen3",
                  "type",
                  "prompt"))
          .isEqualTo(7);
      assertThat(
              scrape.sum(
                  "semantic_router_tokens_total",
                  "user",
                  "alice",
                  "tier",
                  "premium",
                  "model",
                  "qwen3",
                  "type",
                  "completion"))
          .isEqualTo(4);
      assertThat(scrape.has("semantic_router_cost_total")).isFalse();
    }
  }

  @Test
  void hybridDoesBoth() throws Exception {
    try (Stack stack =
        Stack.start(
            "hybrid", enabled("  metrics: { internal_cost_calculation: true }\n") + PRICING)) {
      assertThat(stack.server.log()).containsPattern("(?m)MaaS integration: mode hybrid");
      RawHttp response = post(stack.envoy, STREAM);

      assertRoutingHeaders(response);
      stack.awaitRequests(1);
      Scrape scrape = stack.server.scrape();
      assertThat(scrape.sum("semantic_router_tokens_total", "user", "alice", "tier", "premium"))
          .isEqualTo(11);
      // (7 × 0.20 + 4 × 0.60) / 10^6
      assertThat(scrape.sum("semantic_router_cost_total", "user", "alice", "currency", "USD"))
          .isEqualTo(0.0000038);
    }
  }

  @Test
  void spoofableRequestHeadersDoNotReachTheBackend() throws Exception {
    try (Stack stack = Stack.start("spoof", enabled(""))) {
      Map<String, List<String>> seen = echo(stack.envoy);
      assertThat(seen).doesNotContainKey("x-vsr-decision");
      assertThat(seen).containsEntry("x-auth-request-user", List.of("alice"));
      assertThat(stack.delta("semantic_router_requests_total")).isZero();
    }
  }

  @Test
  void unexpandedTemplateOfAnAuthConfigIsBilledToTheFallback() throws Exception {
    try (Stack stack = Stack.start("template", enabled(""))) {
      RawHttp.post(
          stack.envoy.port(),
          "/v1/chat/completions",
          QUESTION,
          "x-auth-request-user",
          "{auth.identity.username}",
          "x-auth-request-tier",
          "{auth.identity.tier}");

      stack.awaitRequests(1);
      Scrape scrape = stack.server.scrape();
      assertThat(scrape.sum("semantic_router_requests_total", "user", "unknown", "tier", "free"))
          .isEqualTo(1);
      assertThat(
              scrape.sum(
                  "semantic_router_identity_fallbacks_total",
                  "field",
                  "user",
                  "reason",
                  "unexpanded_template"))
          .isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "export_token_metrics, semantic_router_tokens_total",
    "export_cache_metrics, semantic_router_cache_requests_total",
    "export_routing_metrics, semantic_router_routing_decisions_total",
    "export_security_metrics, semantic_router_security_signals_total",
    "internal_cost_calculation, semantic_router_cost_total"
  })
  void eachSwitchMakesAMetricAppearAndDisappear(String key, String metric) throws Exception {
    for (boolean on : new boolean[] {true, false}) {
      String config = enabled("  metrics: { " + key + ": " + on + " }\n") + PRICING;
      try (Stack stack = Stack.start("switch-" + key + "-" + on, config)) {
        post(stack.envoy, QUESTION, "x-sim-pii", "true");
        stack.awaitRequests(1);
        assertThat(stack.server.scrape().has(metric)).as("%s: %s", key, on).isEqualTo(on);
      }
    }
  }

  private static void assertRoutingHeaders(RawHttp response) {
    assertThat(response.header("x-vsr-model-selected")).isEqualTo("qwen3");
    assertThat(response.header("x-vsr-decision")).isEqualTo("math");
    assertThat(response.header("x-vsr-category")).isEqualTo("math");
    assertThat(response.header("x-vsr-reasoning-enabled")).isEqualTo("off");
    assertThat(response.header("x-vsr-cache-hit")).isEqualTo("false");
    assertThat(response.header("x-vsr-system-prompt-injected")).isEqualTo("false");
    assertThat(response.header("x-vsr-pii-detected")).isNull();
  }

  private static String enabled(String more) {
    return "maas_integration:\n  enabled: true\n" + more;
  }

  private static RawHttp post(Envoy envoy, String body, String... headers) throws IOException {
    List<String> all = new ArrayList<>(List.of(IDENTITY));
    all.addAll(List.of(headers));
    return RawHttp.post(envoy.port(), "/v1/chat/completions", body, all.toArray(String[]::new));
  }

  private static List<Map<String, String>> labelsOf(Scrape scrape, String metric) {
    return scrape.series().keySet().stream()
        .filter(series -> series.name().equals(metric))
        .map(Scrape.Series::labels)
        .toList();
  }

  /** What reaches the backend of a request, but for what differs between any two requests. */
  private static Map<String, List<String>> echo(Envoy envoy) throws IOException {
    RawHttp response = RawHttp.post(envoy.port(), "/echo", QUESTION, IDENTITY);
    String body = response.body();
    JsonNode headers =
        new ObjectMapper()
            .readTree(body.substring(body.indexOf('{'), body.lastIndexOf('}') + 1))
            .get("headers");
    Map<String, List<String>> seen = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : headers.properties()) {
      List<String> values = new ArrayList<>();
      field.getValue().forEach(value -> values.add(value.asText()));
      seen.put(field.getKey(), values);
    }
    seen.remove("x-request-id");
    return seen;
  }

  /** Without the ids and times that the simulator gives each answer. */
  private static String anonymous(String response) {
    return response
        .replaceAll("\"id\":\"[^\"]*\"", "\"id\":\"\"")
        .replaceAll("\"created\":\\d+", "\"created\":0");
  }

  private static int closedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
