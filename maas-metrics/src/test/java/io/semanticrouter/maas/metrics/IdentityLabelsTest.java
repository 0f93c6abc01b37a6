// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Attributes of the payer as labels, and what is counted of requests that nothing vouches for. */
class IdentityLabelsTest {
  private static final Map<String, ?> ATTRIBUTES =
      Map.of("cost_center", "x-cost", "subscription", "x-sub");

  private static Exposition exposition(Map<String, ?> metrics) {
    return new Exposition(
        MaasConfig.from(
            Map.of(
                "maas_integration",
                Map.of(
                    "enabled",
                    true,
                    "metrics",
                    metrics,
                    "authentication",
                    Map.of("attributes", ATTRIBUTES)))));
  }

  /** With both attributes as labels, and users as they are asked for. */
  static Exposition exposition(String users) {
    return exposition(
        Map.of("identity_labels", List.of("subscription", "cost_center"), "users", users));
  }

  static UsageRecord record(String user, Map<String, String> attributes) {
    return record(Identity.of(user, "gold").withAttributes(attributes));
  }

  private static UsageRecord record(Identity identity) {
    TokenUsage usage = TokenUsage.builder(7, 4).build();
    return UsageRecord.builder(
            "id", Instant.EPOCH, Operation.CHAT, Measurement.of(Status.COMPLETE, Set.of(), usage))
        .identity(identity)
        .routing(Routing.builder().selectedModel("m").build())
        .httpStatus(200)
        .build();
  }

  @Test
  void attributesAreNoLabelsUnlessAsked() {
    Exposition exposition = exposition(Map.of());
    exposition.sink.record(
        record(Identity.of("alice", "gold").withAttributes(Map.of("cost_center", "47"))));

    assertThat(exposition.text())
        .contains(
            "semantic_router_tokens_total{model=\"m\",tier=\"gold\",type=\"prompt\",user=\"alice\"}"
                + " 7.0")
        .doesNotContain("cost_center");
  }

  @Test
  void attributesThatAreAskedForAreLabelsInTheirOrderAndEmptyWhereNotStated() {
    Exposition exposition =
        exposition(Map.of("identity_labels", List.of("subscription", "cost_center")));
    PrometheusSink sink = exposition.sink;
    sink.record(record(Identity.of("alice", "gold").withAttributes(Map.of("cost_center", "47"))));
    sink.record(record(Identity.of("alice", "gold").withAttributes(Map.of("cost_center", "48"))));
    sink.record(record(Identity.of("alice", "gold")));
    sink.record(record(Identity.of("alice", "gold")));

    assertThat(exposition.text())
        .contains(
            "semantic_router_tokens_total{cost_center=\"47\",model=\"m\",subscription=\"\","
                + "tier=\"gold\",type=\"prompt\",user=\"alice\"} 7.0")
        .contains(
            "semantic_router_tokens_total{cost_center=\"48\",model=\"m\",subscription=\"\","
                + "tier=\"gold\",type=\"completion\",user=\"alice\"} 4.0")
        .contains(
            "semantic_router_requests_total{cost_center=\"\",model=\"m\",outcome=\"complete\","
                + "subscription=\"\",tier=\"gold\",user=\"alice\"} 2.0");
  }

  /** Kuadrant stops all metrics where one attribute is missing (kuadrant-operator#2242). */
  @Test
  void badAttributeNeverStopsASample() {
    Exposition exposition = exposition("plain");
    List<String> values =
        List.of(
            "",
            " ",
            "\n",
            "\u0000",
            "\u0001",
            "a\u0001b",
            "\"",
            "\\",
            "{x}",
            "<nil>",
            "\uD83C",
            "x".repeat(9_999));
    int samples = 0;
    for (String first : values) {
      exposition.sink.record(record("alice", Map.of("cost_center", first)));
      samples++;
      for (String second : values) {
        exposition.sink.record(
            record("alice", Map.of("cost_center", first, "subscription", second, "other", first)));
        samples++;
      }
    }
    assertThat(exposition.total("semantic_router_requests_total", "")).isEqualTo(samples);
    assertThat(exposition.total("semantic_router_tokens_total", "prompt")).isEqualTo(7L * samples);
    assertThat(exposition.openMetrics()).endsWith("# EOF\n");
  }

  @Test
  void totalsStayExactWhenAttributesOverflow() {
    Exposition exposition =
        exposition(Map.of("identity_labels", List.of("cost_center"), "max_series", 2));
    PrometheusSink sink = exposition.sink;
    for (int i = 0; i < 10; i++) {
      sink.record(
          record(Identity.of("alice", "gold").withAttributes(Map.of("cost_center", "c" + i))));
    }

    assertThat(exposition.text())
        .contains(
            "semantic_router_requests_total{cost_center=\"__overflow__\",model=\"__overflow__\","
                + "outcome=\"complete\",tier=\"gold\",user=\"__overflow__\"} 8.0");
  }

  @Test
  void untrustedRequestsAndUnlistedTiersAreCountedByReason() {
    Exposition exposition = exposition(Map.of());
    PrometheusSink sink = exposition.sink;
    Identity nobody = Identity.of("unknown", "free");
    sink.record(
        record(
            nobody
                .withSources(Source.UNTRUSTED, Source.UNTRUSTED)
                .withUntrusted(Untrusted.WRONG_PROOF)));
    sink.record(record(nobody.withSources(Source.HEADER, Source.UNLISTED)));

    assertThat(exposition.text())
        .contains("semantic_router_untrusted_identity_total{reason=\"wrong_proof\"} 1.0")
        .contains("semantic_router_untrusted_identity_total{reason=\"unlisted_tier\"} 1.0");
  }
}
