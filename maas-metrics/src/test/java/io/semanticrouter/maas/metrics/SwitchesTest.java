// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.RouterReport;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The switches decide which metrics exist; the mode decides the labels and the cost. */
class SwitchesTest {
  private static final Set<String> ALWAYS =
      Set.of(
          "requests",
          "rate_limited_requests",
          "errors",
          "measurement_reasons",
          "overflow_requests",
          "series",
          "max_series",
          "request_duration_seconds",
          "time_to_first_token_seconds",
          "time_per_output_token_seconds");
  private static final Set<String> COST =
      Set.of(
          "cost",
          "provider_cost",
          "compared_cost",
          "unpriced_requests",
          "unpriced_tokens",
          "price_fallback_requests",
          "price_fallback_tokens");
  private static final Set<String> IDENTITY = Set.of("identity_fallbacks");

  static Stream<Arguments> combinations() {
    return Stream.of(Mode.values())
        .flatMap(
            mode -> Stream.iterate(0, i -> i + 1).limit(16).map(bits -> Arguments.of(mode, bits)));
  }

  @ParameterizedTest
  @MethodSource("combinations")
  void eachSwitchAddsItsMetricsAndNoOthers(Mode mode, int bits) {
    boolean tokens = (bits & 1) != 0;
    boolean cache = (bits & 2) != 0;
    boolean routing = (bits & 4) != 0;
    boolean security = (bits & 8) != 0;
    Set<String> expected = new TreeSet<>(ALWAYS);
    if (tokens) {
      expected.addAll(Set.of("tokens", "estimated_tokens", "token_parts", "request_tokens"));
    }
    if (cache) {
      expected.addAll(Set.of("cache_requests", "cache_tokens"));
    }
    if (routing) {
      expected.addAll(Set.of("routing_decisions", "routed_requests", "response_paths"));
    }
    if (security) {
      expected.addAll(Set.of("security_signals", "pii_detections"));
    }
    if (mode != Mode.MAAS) {
      expected.addAll(COST);
    }
    if (mode != Mode.STANDALONE) {
      expected.addAll(IDENTITY);
    }
    Exposition exposition =
        Exposition.of(
            mode,
            Map.of(
                "export_token_metrics",
                tokens,
                "export_cache_metrics",
                cache,
                "export_routing_metrics",
                routing,
                "export_security_metrics",
                security));
    assertThat(metrics(everything(exposition))).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void standaloneAloneHasNoUserAndNoTier(Mode mode) {
    String text = everything(Exposition.of(mode)).text();

    assertThat(text.contains("user=\"")).isEqualTo(mode != Mode.STANDALONE);
    assertThat(text.contains("tier=\"")).isEqualTo(mode != Mode.STANDALONE);
    assertThat(text.contains("alice")).isEqualTo(mode != Mode.STANDALONE);
  }

  @Test
  void standaloneCountsAllUsersTogether() {
    Exposition standalone = Exposition.of(Mode.STANDALONE);
    standalone.record(
        Records.of("alice", "a", "qwen3").tokens(1, 2),
        Records.of("bob", "b", "qwen3").tokens(3, 4));

    assertThat(standalone.lines("semantic_router_tokens_total"))
        .containsExactly(
            "semantic_router_tokens_total{model=\"qwen3\",type=\"completion\"} 6.0",
            "semantic_router_tokens_total{model=\"qwen3\",type=\"prompt\"} 4.0");
  }

  @Test
  void beforeAnyTrafficOnlyTheBoundsAreKnown() {
    assertThat(Exposition.of(Mode.HYBRID).text())
        .isEqualTo(
            """
            # HELP semantic_router_max_series The most of them that each space can have; the rest \
            goes to overflow series.
            # TYPE semantic_router_max_series gauge
            semantic_router_max_series 10000.0
            # HELP semantic_router_overflow_requests_total Exchanges counted in the overflow series, \
            because max_series was reached.
            # TYPE semantic_router_overflow_requests_total counter
            semantic_router_overflow_requests_total 0.0
            # HELP semantic_router_series Combinations of open labels that have series of their own.
            # TYPE semantic_router_series gauge
            semantic_router_series{space="errors"} 0.0
            semantic_router_series{space="exchanges"} 0.0
            semantic_router_series{space="routing"} 0.0
            """);
  }

  @Test
  void oneSinkPerRegistry() {
    PrometheusRegistry registry = new PrometheusRegistry();
    PrometheusSink.register(MaasConfig.defaults(), registry);

    assertThatThrownBy(() -> PrometheusSink.register(MaasConfig.defaults(), registry))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Traffic that makes every metric that exists appear. */
  private static Exposition everything(Exposition exposition) {
    return exposition.record(
        Records.of("alice", "premium", "qwen3")
            .routed("d", "c", true)
            .cacheHit(false)
            .security(true, true)
            .router(RouterReport.Result.ROUTED, PiiType.EMAIL)
            .path(ResponsePath.UPSTREAM)
            .tokens(1, 2)
            .parts(1, 1, 1)
            .cost(1, 2)
            .stated("1")
            .unpriced(),
        Records.of("alice", "premium", "qwen3").tokens(1, 1).lacking(PriceGap.PRICE_FALLBACK),
        Records.of("alice", "premium", "qwen3").cacheHit(true).tokens(3, 4),
        Records.of("alice", "premium", "qwen3").measured(Status.ESTIMATED, 5, 6, Reason.CANCELLED),
        Records.of("alice", "premium", "qwen3").stream(1, 2).tokens(5, 6),
        Records.of("alice", "premium", "qwen3").refused(429, "qwen3"),
        new Records().identity("unknown", "free", Source.BLANK));
  }

  private static Set<String> metrics(Exposition exposition) {
    Set<String> names = new TreeSet<>();
    exposition
        .text()
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.split("[{ ]", 2)[0])
        .forEach(
            name ->
                names.add(
                    name.substring("semantic_router_".length())
                        .replaceAll("_(total|bucket|count|sum)$", "")));
    return names;
  }
}
