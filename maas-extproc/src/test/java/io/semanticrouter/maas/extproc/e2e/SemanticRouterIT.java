// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.semanticrouter.maas.testing.vllm.RoutingHeaders;
import io.semanticrouter.maas.testkit.VsrResponse;
import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The chain [ours, semantic router, backend] in a real Envoy, where the semantic router is a stub
 * that sends exactly the header sets of the real one.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SemanticRouterIT {
  private static final String HYBRID =
      """
      maas_integration:
        enabled: true
        metrics: { internal_cost_calculation: true }
      pricing:
        models:
          qwen3: { prompt_per_1m: 0.20, completion_per_1m: 0.60 }
      """;
  private static final String QUIET =
      """
      maas_integration:
        enabled: true
        routing: { profile: vsr, request_debug: false }
      """;

  private VsrStub vsr;
  private Stack stack;
  private ServerJar quiet;

  @BeforeAll
  void start() throws Exception {
    vsr = VsrStub.start();
    quiet = ServerJar.start(Project.WORK.resolve("vsr/quiet"), Stack.PORTS + QUIET);
    stack =
        Stack.start(
            "vsr",
            HYBRID,
            Requests.backend().routingHeaders(RoutingHeaders.NONE),
            envoy -> {
              envoy.cluster("vsr", "maas-extproc", vsr.port());
              envoy.cluster("quiet", "maas-extproc", quiet.grpcPort());
              envoy.listener("without").withoutExtProc();
              envoy.listener("chain").secondExtProc("vsr", VsrStub.FILTER);
              envoy
                  .listener("chain-static")
                  .bodies("NONE", "STREAMED")
                  .extProc("allow_mode_override: false")
                  .secondExtProc("vsr", VsrStub.FILTER);
              envoy
                  .listener("chain-quiet")
                  .secondExtProc("vsr", VsrStub.FILTER)
                  .extProc("grpc_service: { envoy_grpc: { cluster_name: quiet } }");
            });
  }

  @AfterAll
  void stop() {
    if (stack != null) {
      stack.close();
    }
    if (quiet != null) {
      quiet.close();
    }
    vsr.close();
  }

  @BeforeEach
  void mark() {
    stack.mark();
    vsr.requests().clear();
  }

  @AfterEach
  void nobodyMadeAMistake() {
    stack.assertNoMistakes();
    assertThat(quiet.scrape().sum("semantic_router_extproc_failures_total")).isZero();
  }

  /** What we add for the client to each of them. */
  private static Map<String, String> exported(VsrResponse response) {
    return switch (response) {
      case UPSTREAM ->
          Map.of(
              "x-vsr-model-selected", "qwen3",
              "x-vsr-decision", "math",
              "x-vsr-category", "math",
              "x-vsr-reasoning-enabled", "off",
              "x-vsr-cache-hit", "false",
              "x-vsr-system-prompt-injected", "true");
      case TRANSLATED ->
          Map.of(
              "x-vsr-model-selected", "qwen3",
              "x-vsr-decision", "math",
              "x-vsr-category", "math",
              "x-vsr-reasoning-enabled", "on",
              "x-vsr-cache-hit", "false");
      case CACHE_HIT -> Map.of("x-vsr-category", "math");
      case CACHE_HIT_STREAM -> Map.of("x-vsr-decision", "math");
      case FAST_RESPONSE ->
          Map.of(
              "x-vsr-decision", "block_jailbreak",
              "x-vsr-category", "other",
              "x-vsr-cache-hit", "false");
      case LOOPER ->
          Map.of(
              "x-vsr-model-selected", "qwen3",
              "x-vsr-decision", "hard",
              "x-vsr-category", "math",
              "x-vsr-cache-hit", "false");
      case NEXT_CONTRACT ->
          Map.of(
              "x-vsr-model-selected", "qwen3",
              "x-vsr-decision", "math",
              "x-vsr-cache-hit", "false");
      case UPSTREAM_ERROR, RATE_LIMITED, ERROR, BLOCKED -> Map.of("x-vsr-cache-hit", "false");
    };
  }

  /** How each of them is counted. */
  private record Counted(
      String outcome, String model, long prompt, long completion, long cached, String path) {}

  private static Counted counted(VsrResponse response) {
    return switch (response) {
      case UPSTREAM, TRANSLATED -> new Counted("complete", "qwen3", 7, 4, 0, "upstream");
      case UPSTREAM_ERROR -> new Counted("error", "unknown", 0, 0, 0, "upstream");
      case CACHE_HIT, CACHE_HIT_STREAM -> new Counted("complete", "qwen3", 0, 0, 11, "cache");
      case FAST_RESPONSE -> new Counted("not_generated", "router", 0, 0, 0, "fast_response");
      case LOOPER -> new Counted("complete", "qwen3", 40, 25, 0, "looper");
      case RATE_LIMITED -> new Counted("error", "unknown", 0, 0, 0, "rate_limited");
      case ERROR -> new Counted("error", "unknown", 0, 0, 0, "error");
      case BLOCKED -> new Counted("error", "unknown", 0, 0, 0, "blocked");
      case NEXT_CONTRACT -> new Counted("complete", "qwen3", 7, 4, 0, "other");
    };
  }

  /** Before 1.37 Envoy does not show us what a filter behind us answers. */
  private static boolean isShown(VsrResponse response) throws Exception {
    return !response.isImmediate() || Envoy.isAtLeast(37);
  }

  @ParameterizedTest
  @EnumSource(VsrResponse.class)
  void clientGetsTheNamesOfTheGuideAndNoDebugHeaders(VsrResponse response) throws Exception {
    for (String listener : List.of("chain", "chain-static")) {
      stack.mark();
      RawHttp answer = ask(listener, response);

      List<String> expected = lines(response.headers(!isShown(response)));
      if (isShown(response)) {
        exported(response).forEach((name, value) -> expected.add(name + ": " + value));
      }
      assertThat(answer.status()).isEqualTo(response.status());
      assertThat(vsrLines(answer)).as(listener).containsExactlyInAnyOrderElementsOf(expected);
      if (response.isImmediate()) {
        assertThat(answer.body()).isEqualTo(response.body());
      }
      assertCounted(response);
    }
  }

  private void assertCounted(VsrResponse response) throws Exception {
    Counted counted =
        isShown(response) ? counted(response) : new Counted("none", "unknown", 0, 0, 0, "none");
    stack.assertOutcome(counted.outcome(), 1);
    assertThat(
            stack.delta(
                "semantic_router_requests_total",
                "user",
                "alice",
                "tier",
                "premium",
                "model",
                counted.model()))
        .isEqualTo(1);
    for (String type : List.of("prompt", "completion")) {
      assertThat(stack.delta("semantic_router_tokens_total", "type", type))
          .as(type)
          .isEqualTo(type.equals("prompt") ? counted.prompt() : counted.completion());
    }
    assertThat(stack.delta("semantic_router_cache_tokens_total")).isEqualTo(counted.cached());
    assertThat(stack.delta("semantic_router_response_paths_total"))
        .isEqualTo(isShown(response) ? 1 : 0);
    assertThat(stack.delta("semantic_router_response_paths_total", "path", counted.path()))
        .isEqualTo(isShown(response) ? 1 : 0);
    assertThat(stack.delta("semantic_router_routing_schema_mismatches_total"))
        .isEqualTo(response == VsrResponse.NEXT_CONTRACT ? 1 : 0);
    assertThat(reasons("fast_response"))
        .isEqualTo(response == VsrResponse.FAST_RESPONSE && isShown(response) ? 1 : 0);
    assertThat(reasons("router_totals"))
        .isEqualTo(response == VsrResponse.LOOPER && isShown(response) ? 1 : 0);
  }

  private long reasons(String reason) {
    return stack.delta("semantic_router_measurement_reasons_total", "reason", reason);
  }

  @ParameterizedTest
  @EnumSource(VsrResponse.class)
  void clientThatAsksForDebugHeadersGetsThem(VsrResponse response) throws Exception {
    RawHttp answer = ask("chain", response, "x-vsr-debug", "True");

    List<String> expected = lines(response.headers(true));
    if (isShown(response)) {
      exported(response).forEach((name, value) -> expected.add(name + ": " + value));
    }
    assertThat(vsrLines(answer)).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(vsr.requests().get(0)).containsEntry("x-vsr-debug", "True");
  }

  @ParameterizedTest
  @EnumSource(VsrResponse.class)
  void routerThatIsNotAskedKeepsItsDebugHeadersWhateverTheClientWants(VsrResponse response)
      throws Exception {
    RawHttp answer = ask("chain-quiet", response, "x-vsr-debug", "true");

    List<String> expected = lines(response.headers(false));
    if (isShown(response)) {
      Map<String, String> exported = new TreeMap<>(exported(response));
      // Only debug headers say so.
      exported.remove("x-vsr-category");
      exported.remove("x-vsr-reasoning-enabled");
      exported.remove("x-vsr-system-prompt-injected");
      exported.forEach((name, value) -> expected.add(name + ": " + value));
    }
    assertThat(vsrLines(answer)).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(vsr.requests().get(0)).doesNotContainKey("x-vsr-debug");
  }

  @Test
  void routerGetsNothingOfWhatOnlyARouterMaySay() throws Exception {
    ask(
        "chain",
        VsrResponse.UPSTREAM,
        "x-vsr-skip-processing",
        "true",
        "x-vsr-selected-model",
        "spoofed",
        "X-VSR-Response-Path",
        "fast_response",
        "x-vsr-cache-hit",
        "true",
        "x-vsr-debug",
        "false");

    assertThat(vsr.requests()).hasSize(1);
    assertThat(vsr.requests().get(0)).containsEntry("x-vsr-debug", "true");
    assertThat(vsr.requests().get(0).keySet())
        .filteredOn(name -> name.startsWith("x-vsr-"))
        .containsExactly("x-vsr-debug");
    assertCounted(VsrResponse.UPSTREAM);
  }

  @ParameterizedTest
  @ValueSource(strings = {"chain", "chain-static", "chain-quiet"})
  void streamPassesTheRouterWholeAndIsMetered(String listener) throws Exception {
    RawHttp expected =
        RawHttp.post(stack.backend.port(), Requests.CHAT, Requests.STREAM, "x-sim-tokens", "4");
    stack.mark();
    RawHttp answer =
        RawHttp.post(
            stack.envoy.port(listener),
            Requests.CHAT,
            Requests.STREAM,
            VsrStub.CASE,
            "UPSTREAM",
            "x-sim-tokens",
            "4");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(expected.body());
    if (listener.equals("chain")) {
      stack.assertMetered(1);
    }
  }

  @Test
  void looperHasNoPriceAlthoughItsModelHasOne() throws Exception {
    double before = stack.server.scrape().sum("semantic_router_cost_total");
    ask("chain", VsrResponse.UPSTREAM);
    stack.awaitRequests(1);
    double priced = stack.server.scrape().sum("semantic_router_cost_total");
    // 7 × 0.20 + 4 × 0.60, per million
    assertThat(priced - before).isCloseTo(0.0000038, within(1e-12));

    ask("chain", VsrResponse.LOOPER);
    stack.awaitRequests(2);
    assertThat(stack.server.scrape().sum("semantic_router_cost_total")).isEqualTo(priced);
    assertThat(stack.delta("semantic_router_unpriced_requests_total"))
        .isEqualTo(isShown(VsrResponse.LOOPER) ? 1 : 0);
  }

  /** Envoy fails an exchange that an edit of ours leaves with more headers than it takes. */
  @Test
  void requestWithAsManyHeadersAsEnvoyTakesPassesAsWithoutUs() throws Exception {
    for (int lines = 84; lines <= 100; lines++) {
      List<String> headers = new ArrayList<>();
      for (int i = 0; i < lines; i++) {
        headers.addAll(List.of("x-pad-" + i, "1"));
      }
      String[] padding = headers.toArray(String[]::new);
      assertThat(status("llm", padding))
          .as("%d headers", lines)
          .isEqualTo(status("without", padding));
    }
  }

  /** The status of a plain chat; 431 also where Envoy refuses it by closing the connection. */
  private int status(String listener, String... headers) throws IOException {
    try {
      return RawHttp.post(stack.envoy.port(listener), Requests.CHAT, Requests.PLAIN, headers)
          .status();
    } catch (SocketException | AssertionError closed) {
      return 431;
    }
  }

  private RawHttp ask(String listener, VsrResponse response, String... more) throws IOException {
    List<String> headers =
        new ArrayList<>(
            List.of(
                VsrStub.CASE,
                response.name(),
                "x-auth-request-user",
                "alice",
                "x-auth-request-tier",
                "premium"));
    if (!response.isImmediate() && response.status() != 200) {
      headers.addAll(List.of("x-sim-status", Integer.toString(response.status())));
    }
    headers.addAll(List.of(more));
    return RawHttp.post(
        stack.envoy.port(listener), Requests.CHAT, Requests.PLAIN, headers.toArray(String[]::new));
  }

  /** Every line of the router, word for word. */
  private static List<String> vsrLines(RawHttp answer) {
    return answer.head().stream().filter(line -> line.startsWith("x-vsr-")).toList();
  }

  private static List<String> lines(List<String> namesAndValues) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < namesAndValues.size(); i += 2) {
      if (namesAndValues.get(i).startsWith("x-vsr-")) {
        lines.add(namesAndValues.get(i) + ": " + namesAndValues.get(i + 1));
      }
    }
    return lines;
  }
}
