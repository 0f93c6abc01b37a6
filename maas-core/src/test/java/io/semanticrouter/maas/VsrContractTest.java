// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.engine.RoutingFacts;
import io.semanticrouter.maas.internal.engine.RoutingHeaders;
import io.semanticrouter.maas.internal.engine.UnknownSchemas;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.VsrResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each header set of the vLLM Semantic Router: what is read, what goes out, what does not. */
class VsrContractTest {
  private final UnknownSchemas unknownSchemas = new UnknownSchemas();

  private static final Set<String> SEED_NAMES =
      Set.of(
          "x-vsr-model-selected",
          "x-vsr-decision",
          "x-vsr-category",
          "x-vsr-reasoning-enabled",
          "x-vsr-cache-hit",
          "x-vsr-system-prompt-injected");

  /** What each of them says, with and without debug headers. */
  private static Routing expected(VsrResponse response, boolean debug) {
    return switch (response) {
      case UPSTREAM ->
          Routing.builder()
              .selectedModel("qwen3")
              .routingDecision("math")
              .category(debug ? "math" : null)
              .reasoning(debug ? false : null)
              .cacheHit(false)
              .systemPromptInjected(debug ? true : null)
              .piiDetected(debug ? true : null)
              .jailbreakDetected(debug ? true : null)
              .responsePath(ResponsePath.UPSTREAM)
              .build();
      case TRANSLATED ->
          Routing.builder()
              .selectedModel("qwen3")
              .routingDecision("math")
              .category(debug ? "math" : null)
              .reasoning(debug ? true : null)
              .cacheHit(false)
              .responsePath(ResponsePath.UPSTREAM)
              .build();
      case UPSTREAM_ERROR -> only(null, null, null, false, ResponsePath.UPSTREAM);
      case CACHE_HIT -> only(null, null, debug ? "math" : null, true, ResponsePath.CACHE);
      case CACHE_HIT_STREAM -> only(null, "math", null, true, ResponsePath.CACHE);
      case FAST_RESPONSE ->
          Routing.builder()
              .routingDecision("block_jailbreak")
              .category(debug ? "other" : null)
              .cacheHit(false)
              .jailbreakDetected(debug ? true : null)
              .responsePath(ResponsePath.FAST_RESPONSE)
              .build();
      case LOOPER -> only("qwen3", "hard", debug ? "math" : null, false, ResponsePath.LOOPER);
      case RATE_LIMITED -> only(null, null, null, false, ResponsePath.RATE_LIMITED);
      case ERROR -> only(null, null, null, false, ResponsePath.ERROR);
      case BLOCKED -> only(null, null, null, false, ResponsePath.BLOCKED);
      case NEXT_CONTRACT -> only("qwen3", "math", null, false, ResponsePath.OTHER);
    };
  }

  private static Routing only(
      @Nullable String model,
      @Nullable String decision,
      @Nullable String category,
      boolean cacheHit,
      ResponsePath path) {
    return Routing.builder()
        .selectedModel(model)
        .routingDecision(decision)
        .category(category)
        .cacheHit(cacheHit)
        .responsePath(path)
        .build();
  }

  @ParameterizedTest
  @EnumSource(VsrResponse.class)
  void eachHeaderSetIsReadWithAndWithoutDebugHeaders(VsrResponse response) {
    for (String profile : List.of("auto", "vsr")) {
      for (boolean debug : new boolean[] {true, false}) {
        FakeHeaders headers = headers(response, debug);
        RoutingHeaders reader = headers(Map.of("profile", profile));
        assertThat(reader.read(headers).routing()).isEqualTo(expected(response, debug));
        assertThat(reader.read(headers.unnamed()).routing()).isEqualTo(expected(response, debug));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(VsrResponse.class)
  void clientThatDidNotAskGetsTheNamesOfTheGuideAndNoDebugHeaders(VsrResponse response) {
    RoutingHeaders written = headers(Map.of());
    FakeHeaders headers = headers(response, true);
    HeaderEdits edits = written.write(written.read(headers).routing(), headers, true);

    assertThat(edits.toRemove()).containsExactlyInAnyOrderElementsOf(response.debugNames());
    assertThat(SEED_NAMES).containsAll(edits.toSet().keySet());

    // What is left is what it would have got from the router itself, and the names of the guide.
    Map<String, String> expected = map(headers(response, false));
    expected.putAll(edits.toSet());
    Map<String, String> seen = map(headers);
    edits.forEachRemove(seen::remove);
    edits.forEachSet(seen::put);
    assertThat(seen).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource(VsrResponse.class)
  void gatewayThatCannotListNamesRemovesAllThatAreKnown(VsrResponse response) {
    RoutingHeaders written = headers(Map.of());
    FakeHeaders headers = headers(response, true);
    List<String> known = new ArrayList<>(response.debugNames());
    known.remove("x-vsr-matched-something-new");

    assertThat(written.write(Routing.UNKNOWN, headers.unnamed(), true).toRemove())
        .containsExactlyInAnyOrderElementsOf(known);
  }

  @ParameterizedTest
  @EnumSource(VsrResponse.class)
  void clientThatAskedItselfGetsTheDebugHeaders(VsrResponse response) {
    RoutingHeaders written = headers(Map.of());
    FakeHeaders headers = headers(response, true);

    assertThat(written.write(written.read(headers).routing(), headers, false).toRemove()).isEmpty();
  }

  @Test
  void curlOfTheGuideGetsItsFiveHeadersWordForWord() {
    RoutingHeaders written = headers(Map.of());
    FakeHeaders headers = headers(VsrResponse.UPSTREAM, true);

    assertThat(written.write(written.read(headers).routing(), headers, true).toSet())
        .isEqualTo(
            Map.of(
                "x-vsr-model-selected", "qwen3",
                "x-vsr-decision", "math",
                "x-vsr-category", "math",
                "x-vsr-reasoning-enabled", "off",
                "x-vsr-cache-hit", "false",
                "x-vsr-system-prompt-injected", "true"));
  }

  @Test
  void cacheHitHasTheModelOfItsBody() {
    UsageRecord record = exchange(VsrResponse.CACHE_HIT);

    assertThat(record.model()).isEqualTo("qwen3");
    assertThat(record.isCacheHit()).isTrue();
    assertThat(record.measurement().usage()).extracting(TokenUsage::prompt).isEqualTo(7L);
  }

  @Test
  void fastResponseIsCountedAndBillsNothing() {
    UsageRecord record = exchange(VsrResponse.FAST_RESPONSE);

    assertThat(record.model()).isEqualTo("router");
    assertThat(record.outcome()).isEqualTo(Outcome.NOT_GENERATED);
    assertThat(record.measurement().usage()).isNull();
    assertThat(record.measurement().reasons()).containsExactly(Measurement.Reason.FAST_RESPONSE);
    assertThat(record.unpriced()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(names = {"RATE_LIMITED", "ERROR", "BLOCKED", "UPSTREAM_ERROR"})
  void refusalsAndErrorsBillNothing(VsrResponse response) {
    UsageRecord record = exchange(response);

    assertThat(record.outcome()).isEqualTo(Outcome.ERROR);
    assertThat(record.measurement().usage()).isNull();
  }

  // --- profiles ------------------------------------------------------------------------------

  @Test
  void profileOfTheGuideDoesNotReadTheNamesOfTheRouterAndTheOtherWayRound() {
    FakeHeaders seed = FakeHeaders.of("x-vsr-model-selected", "a", "x-vsr-pii-detected", "true");
    FakeHeaders vsr = FakeHeaders.of("x-vsr-selected-model", "b", "x-vsr-matched-pii", "rule");
    RoutingHeaders ofSeed = headers(Map.of("profile", "seed"));
    RoutingHeaders ofVsr = headers(Map.of("profile", "vsr"));

    assertThat(ofSeed.read(seed).routing().selectedModel()).isEqualTo("a");
    assertThat(ofSeed.read(seed).routing().piiDetected()).isTrue();
    assertThat(ofSeed.read(vsr).routing()).isEqualTo(Routing.UNKNOWN);
    assertThat(ofVsr.read(vsr).routing().selectedModel()).isEqualTo("b");
    assertThat(ofVsr.read(vsr).routing().piiDetected()).isTrue();
    assertThat(ofVsr.read(seed).routing()).isEqualTo(Routing.UNKNOWN);
  }

  @Test
  void customProfileReadsItsOwnNamesAndWritesThoseOfTheGuide() {
    RoutingHeaders custom =
        headers(
            Map.of(
                "profile",
                "custom",
                "headers",
                Map.of(
                    "model", "X-Route-Model",
                    "decision", "x-route-rule",
                    "reasoning", "thinking",
                    "pii", "x-route-pii",
                    "response_path", "x-route-path")));
    FakeHeaders response =
        FakeHeaders.of(
            "x-route-model", "big",
            "x-route-rule", "r",
            "thinking", "1",
            "x-route-pii", "0",
            "x-route-path", "looper",
            "x-vsr-selected-model", "other");
    Routing read = custom.read(response).routing();

    assertThat(read)
        .isEqualTo(
            Routing.builder()
                .selectedModel("big")
                .routingDecision("r")
                .reasoning(true)
                .cacheHit(false)
                .piiDetected(false)
                .responsePath(ResponsePath.LOOPER)
                .build());
    assertThat(custom.read(response.unnamed()).routing()).isEqualTo(read);
    assertThat(custom.write(read, response, false).toSet())
        .containsEntry("x-vsr-model-selected", "big")
        .containsEntry("x-vsr-decision", "r")
        .containsEntry("x-vsr-reasoning-enabled", "on");
    assertThat(custom.read(FakeHeaders.of("accept", "x")).routing()).isEqualTo(Routing.UNKNOWN);
  }

  @Test
  void listOfRulesLongerThanAnyFactIsADetectionAllTheSame() {
    FakeHeaders response = FakeHeaders.of("x-vsr-matched-pii", "rule,".repeat(100));

    assertThat(headers(Map.of()).read(response).routing().piiDetected()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(ResponsePath.class)
  void everyResponsePathOfTheContractIsKnownByItsName(ResponsePath expected) {
    assertThat(path(headers(Map.of()), "x-vsr-response-path", expected.label()))
        .isEqualTo(expected);
  }

  @Test
  void fastResponseIsKnownByItsOwnHeaderWhereThePathSaysNothingKnown() {
    RoutingHeaders reader = headers(Map.of());
    assertThat(path(reader, "x-vsr-fast-response", "true")).isEqualTo(ResponsePath.FAST_RESPONSE);
    assertThat(path(reader, "x-vsr-fast-response", "true", "x-vsr-response-path", "new"))
        .isEqualTo(ResponsePath.FAST_RESPONSE);
    assertThat(path(reader, "x-vsr-fast-response", "true", "x-vsr-response-path", "upstream"))
        .isEqualTo(ResponsePath.UPSTREAM);
    assertThat(path(reader, "x-vsr-fast-response", "false")).isNull();
  }

  @Test
  void routerThatStatesLooperTotalsAndNoPathIsALooper() {
    RoutingHeaders reader = headers(Map.of());
    RoutingFacts facts = reader.read(FakeHeaders.of("x-vsr-looper-prompt-tokens", "5"));
    assertThat(facts.routing().responsePath()).isEqualTo(ResponsePath.LOOPER);
    assertThat(facts.totals()).isNotNull();
    FakeHeaders upstream =
        FakeHeaders.of("x-vsr-looper-prompt-tokens", "5", "x-vsr-response-path", "upstream");
    assertThat(reader.read(upstream).totals()).isNull();
  }

  // --- schema version ------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(strings = {"1", "2"})
  void knownSchemaVersionIsNoMismatch(String version) {
    RoutingHeaders reader = headers(Map.of());
    assertThat(reader.read(FakeHeaders.of("x-vsr-schema-version", version)).routing())
        .isEqualTo(Routing.UNKNOWN);
    assertThat(unknownSchemas.count()).isZero();
  }

  @Test
  void unknownSchemaVersionIsReadCountedAndLoggedOnce() {
    RoutingHeaders reader = headers(Map.of());
    for (String version : List.of("contract-33", "4", "\u0007", "5".repeat(300))) {
      FakeHeaders response =
          FakeHeaders.of("x-vsr-schema-version", version, "x-vsr-selected-model", "m");
      assertThat(reader.read(response).routing().selectedModel()).isEqualTo("m");
    }
    assertThat(unknownSchemas.count()).isEqualTo(4);
    assertThat(CapturedLog.MESSAGES)
        .filteredOn(message -> message.contains("version contract-33 of its header contract"))
        .hasSize(1);
  }

  @Test
  void meteringSaysHowManySchemaVersionsItDidNotKnow() {
    Metering metering = Metering.builder(MaasConfig.defaults()).build();
    DrivenExchange exchange =
        DrivenExchange.of(metering.begin("POST", "/v1/chat/completions", Headers.EMPTY));
    exchange.respond(200, headers(VsrResponse.NEXT_CONTRACT, false));
    exchange.end();

    assertThat(metering.routingSchemaMismatches()).isEqualTo(1);
    assertThat(metering.defects()).isZero();
    assertThat(Objects.requireNonNull(exchange.record()).model()).isEqualTo("qwen3");
  }

  private static @Nullable ResponsePath path(RoutingHeaders reader, String... headers) {
    return reader.read(FakeHeaders.of(headers)).routing().responsePath();
  }

  private RoutingHeaders headers(Map<String, Object> routing) {
    MaasConfig config = MaasConfig.from(Map.of("maas_integration", Map.of("routing", routing)));
    return new RoutingHeaders(config.headers(), config.routing(), unknownSchemas);
  }

  private static FakeHeaders headers(VsrResponse response, boolean debug) {
    return FakeHeaders.of(response.headers(debug).toArray(String[]::new));
  }

  private static Map<String, String> map(FakeHeaders headers) {
    Map<String, String> map = new TreeMap<>();
    for (String name : headers.names()) {
      map.put(name, Objects.requireNonNull(headers.get(name)));
    }
    return map;
  }

  /** A whole exchange of which the body is that of the router. */
  private static UsageRecord exchange(VsrResponse response) {
    Metering metering =
        Metering.builder(MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true))))
            .build();
    DrivenExchange exchange =
        DrivenExchange.of(metering.begin("POST", "/v1/chat/completions", Headers.EMPTY));
    exchange.respond(response.status(), headers(response, true));
    byte[] body = response.body().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    exchange.response(body, 0, body.length);
    exchange.end();
    assertThat(metering.defects()).isZero();
    return Objects.requireNonNull(exchange.record());
  }
}
