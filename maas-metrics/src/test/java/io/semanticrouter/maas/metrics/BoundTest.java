// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.Mode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** No traffic makes more series than configured, and none gets lost for it. */
class BoundTest {
  private static final String REQUESTS = "semantic_router_requests_total";
  private static final String ROUTING = "semantic_router_routing_decisions_total";
  private static final String OVERFLOW = "semantic_router_overflow_requests_total";

  private static Exposition bounded(Mode mode, int max) {
    return Exposition.of(mode, max);
  }

  @Test
  void furtherCombinationsGoToTheOverflowSeries() {
    Exposition maas = bounded(Mode.MAAS, 2);
    maas.record(
        Records.of("alice", "premium", "qwen3").tokens(1, 1),
        Records.of("alice", "free", "qwen3").tokens(2, 2),
        Records.of("alice", "free", "llama").tokens(4, 4),
        Records.of("bob", "free", "qwen3").tokens(8, 8),
        Records.of("alice", "free", "qwen3").tokens(16, 16));

    assertThat(
            maas.lines("semantic_router_tokens_total").stream().filter(l -> l.contains("prompt")))
        .containsExactly(
            "semantic_router_tokens_total{model=\"__overflow__\",tier=\"free\",type=\"prompt\","
                + "user=\"__overflow__\"} 12.0",
            "semantic_router_tokens_total{model=\"qwen3\",tier=\"free\",type=\"prompt\","
                + "user=\"alice\"} 18.0",
            "semantic_router_tokens_total{model=\"qwen3\",tier=\"premium\",type=\"prompt\","
                + "user=\"alice\"} 1.0");
    assertThat(maas.total(OVERFLOW, "")).isEqualTo(2);
  }

  @Test
  void standaloneBoundsTheModel() {
    Exposition standalone = bounded(Mode.STANDALONE, 1);
    standalone.record(
        Records.of("alice", "a", "qwen3"),
        Records.of("bob", "b", "qwen3"),
        Records.of("bob", "b", "x"),
        Records.of("bob", "b", "y"));

    assertThat(standalone.lines(REQUESTS))
        .containsExactly(
            REQUESTS + "{model=\"__overflow__\",outcome=\"complete\"} 2.0",
            REQUESTS + "{model=\"qwen3\",outcome=\"complete\"} 2.0");
  }

  @Test
  void routingHasABoundOfItsOwnAndKeepsReasoning() {
    Exposition maas = bounded(Mode.MAAS, 1);
    maas.record(
        Records.of("alice", "free", "qwen3").routed("d", "math", true),
        Records.of("alice", "free", "qwen3").routed("d", "math", false),
        Records.of("alice", "free", "qwen3").routed("d", "law", false),
        Records.of("alice", "free", "qwen3").routed("e", "math", false));

    assertThat(maas.lines(ROUTING))
        .containsExactly(
            ROUTING
                + "{category=\"__overflow__\",decision=\"__overflow__\",model=\"__overflow__\","
                + "reasoning=\"off\",tier=\"free\"} 2.0",
            ROUTING
                + "{category=\"math\",decision=\"d\",model=\"qwen3\",reasoning=\"off\","
                + "tier=\"free\"} 1.0",
            ROUTING
                + "{category=\"math\",decision=\"d\",model=\"qwen3\",reasoning=\"on\","
                + "tier=\"free\"} 1.0");
    assertThat(maas.total(OVERFLOW, "")).isZero();
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void nobodyIsBilledInTheOverflowSeriesForBeingCalledSo(Mode mode) {
    Exposition exposition = bounded(mode, 1);
    exposition.record(
        Records.of("__overflow__", "__overflow__", "__overflow__").cost(4, 0),
        Records.of("bob", "free", "llama").cost(2, 0));

    assertThat(exposition.lines(REQUESTS)).hasSize(2);
    assertThat(exposition.total(REQUESTS, "model=\"__overflow__\"")).isEqualTo(1);
    assertThat(exposition.total(REQUESTS, "model=\"\\\\u005f_overflow__\"")).isEqualTo(1);
    assertThat(exposition.total(OVERFLOW, "")).isEqualTo(1);
    if (mode.calculatesCost()) {
      assertThat(exposition.total("semantic_router_cost_total", "model=\"__overflow__\""))
          .isEqualTo(2);
    }
  }
}
