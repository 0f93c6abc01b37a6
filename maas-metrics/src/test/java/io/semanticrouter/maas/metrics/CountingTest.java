// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.TokenPart;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes where: measured, estimated, cached, part of, unknown. */
class CountingTest {
  private static final String TOKENS = "semantic_router_tokens_total";
  private static final String ESTIMATED = "semantic_router_estimated_tokens_total";
  private static final String CACHED = "semantic_router_cache_tokens_total";
  private static final String PARTS = "semantic_router_token_parts_total";

  private final Exposition maas = Exposition.of(Mode.MAAS);

  private static Records alice() {
    return Records.of("alice", "premium", "qwen3");
  }

  @Test
  void unknownIsNotZero() {
    maas.record(alice().measured(Status.PARTIAL, 7, -1));

    assertThat(maas.lines(TOKENS))
        .containsExactly(
            TOKENS + "{model=\"qwen3\",tier=\"premium\",type=\"prompt\",user=\"alice\"} 7.0");
  }

  @Test
  void zeroIsKnown() {
    maas.record(alice().tokens(0, -1));

    assertThat(maas.lines(TOKENS))
        .containsExactly(
            TOKENS + "{model=\"qwen3\",tier=\"premium\",type=\"prompt\",user=\"alice\"} 0.0");
  }

  @Test
  void noUsageShowsNoTokens() {
    maas.record(
        alice().unmeasured(Status.NONE, Reason.NO_USAGE), alice().unmeasured(Status.FAILED));

    assertThat(maas.text()).doesNotContain("tokens_total{");
    assertThat(maas.total("semantic_router_requests_total", "")).isEqualTo(2);
  }

  @Test
  void aPartialMeasurementIsBilled() {
    maas.record(alice().tokens(1, 2), alice().measured(Status.PARTIAL, 10, 20));

    assertThat(maas.total(TOKENS, "type=\"prompt\"")).isEqualTo(11);
    assertThat(maas.total(TOKENS, "type=\"completion\"")).isEqualTo(22);
  }

  @Test
  void anEstimateNeverMixesWithAMeasurement() {
    maas.record(alice().tokens(1, 2), alice().measured(Status.ESTIMATED, 10, 20).parts(5, 5, 5));

    assertThat(maas.total(TOKENS, "")).isEqualTo(3);
    assertThat(maas.total(ESTIMATED, "type=\"prompt\"")).isEqualTo(10);
    assertThat(maas.total(ESTIMATED, "type=\"completion\"")).isEqualTo(20);
    assertThat(maas.lines(PARTS)).isEmpty();
  }

  @Test
  void tokensOfACacheHitAreKeptApart() {
    maas.record(
        alice().cacheHit(false).tokens(1, 2), alice().cacheHit(true).tokens(10, 20).parts(5, 5, 5));

    assertThat(maas.total(TOKENS, "")).isEqualTo(3);
    assertThat(maas.total(CACHED, "type=\"prompt\"")).isEqualTo(10);
    assertThat(maas.total(CACHED, "type=\"completion\"")).isEqualTo(20);
    assertThat(maas.lines(PARTS)).isEmpty();
  }

  @Test
  void anEstimateOfACacheHitIsAnEstimate() {
    maas.record(alice().cacheHit(true).measured(Status.ESTIMATED, 10, 20));

    assertThat(maas.total(ESTIMATED, "")).isEqualTo(30);
    assertThat(maas.lines(CACHED)).isEmpty();
    assertThat(maas.lines(TOKENS)).isEmpty();
  }

  @Test
  void cacheResults() {
    maas.record(alice(), alice().cacheHit(true), alice().cacheHit(false), alice().cacheHit(false));

    String metric = "semantic_router_cache_requests_total";
    assertThat(maas.total(metric, "result=\"hit\"")).isEqualTo(1);
    assertThat(maas.total(metric, "result=\"miss\"")).isEqualTo(2);
    assertThat(maas.total(metric, "result=\"unknown\"")).isEqualTo(1);
  }

  @Test
  void partsAreNotAddedToTheBill() {
    maas.record(alice().tokens(100, 50).parts(60, 30, -1), alice().tokens(1, 1).parts(0, 0, 1));

    assertThat(maas.total(TOKENS, "")).isEqualTo(152);
    assertThat(maas.total(PARTS, "cache_read")).isEqualTo(60);
    assertThat(maas.total(PARTS, "cache_write")).isEqualTo(30);
    assertThat(maas.total(PARTS, "reasoning")).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void everyPartHasASeriesOfItsOwn(TokenPart part) {
    maas.record(alice().tokens(100, 50).part(part, 7));

    assertThat(maas.lines(PARTS))
        .containsExactly(
            PARTS
                + "{model=\"qwen3\",part=\""
                + part.label()
                + "\",tier=\"premium\",user=\"alice\"} 7.0");
  }

  @Test
  void aBackendThatClaimsAbsurdUsageDoesNotBreakTheScrape() {
    long most = (1L << 53) - 1;
    for (int i = 0; i < 3_000; i++) {
      maas.record(alice().tokens(most, 1));
    }

    assertThat(maas.sum(TOKENS, "type=\"prompt\"").doubleValue()).isEqualTo(3_000d * most);
    assertThat(maas.total(TOKENS, "type=\"completion\"")).isEqualTo(3_000);
  }

  @Test
  void routingIsCountedWithoutTheUser() {
    maas.record(
        alice().routed("rule", "math", true),
        Records.of("bob", "premium", "qwen3").routed("rule", "math", true),
        alice().routed(null, null, null).cacheHit(false),
        alice());

    String metric = "semantic_router_routing_decisions_total";
    assertThat(maas.lines(metric))
        .containsExactly(
            metric
                + "{category=\"math\",decision=\"rule\",model=\"qwen3\",reasoning=\"on\","
                + "tier=\"premium\"} 2.0",
            metric
                + "{category=\"unknown\",decision=\"unknown\",model=\"qwen3\","
                + "reasoning=\"unknown\",tier=\"premium\"} 1.0");
  }

  @ParameterizedTest
  @EnumSource(ResponsePath.class)
  void responsePathsWithoutAnyOtherLabel(ResponsePath path) {
    maas.record(alice().path(path), Records.of("bob", "free", "llama").path(path), alice());

    String metric = "semantic_router_response_paths_total";
    assertThat(maas.lines(metric)).containsExactly(metric + "{path=\"" + path.label() + "\"} 2.0");
  }

  @Test
  void aFastResponseIsARequestOfTheRouterWithoutTokens() {
    maas.record(
        alice().path(ResponsePath.FAST_RESPONSE).unmeasured(Status.NONE, Reason.FAST_RESPONSE));

    String metric = "semantic_router_requests_total";
    assertThat(maas.lines(metric))
        .containsExactly(
            metric
                + "{model=\"router\",outcome=\"not_generated\",tier=\"premium\",user=\"alice\"} 1.0");
    assertThat(maas.lines(TOKENS)).isEmpty();
  }

  @Test
  void securitySignalsOnlyWhenDetected() {
    maas.record(
        alice().security(true, null),
        alice().model("llama").security(true, true),
        alice().security(false, false));

    String metric = "semantic_router_security_signals_total";
    assertThat(maas.lines(metric))
        .containsExactly(
            metric + "{tier=\"premium\",type=\"jailbreak\",user=\"alice\"} 1.0",
            metric + "{tier=\"premium\",type=\"pii\",user=\"alice\"} 2.0");
  }

  @Test
  void kindsOfPersonalDataPerUserWithoutTheModel() {
    maas.record(
        alice().router(Result.ROUTED, PiiType.EMAIL, PiiType.IBAN),
        alice().model("llama").router(Result.BLOCKED, PiiType.EMAIL),
        alice().router(Result.DEFAULT));

    String metric = "semantic_router_pii_detections_total";
    assertThat(maas.lines(metric))
        .containsExactly(
            metric + "{tier=\"premium\",type=\"email\",user=\"alice\"} 2.0",
            metric + "{tier=\"premium\",type=\"iban\",user=\"alice\"} 1.0");
  }

  @ParameterizedTest
  @EnumSource(Result.class)
  void requestsByWhatTheEmbeddedRouterDidUnlessThereIsNone(Result result) {
    maas.record(alice().router(result));

    String metric = "semantic_router_routed_requests_total";
    assertThat(maas.lines(metric))
        .isEqualTo(
            result == Result.OFF
                ? List.of()
                : List.of(metric + "{result=\"" + result.label() + "\"} 1.0"));
  }

  @ParameterizedTest
  @EnumSource(Source.class)
  void identityFallbacksByReason(Source source) {
    maas.record(new Records().identity("unknown", "free", source));

    String metric = "semantic_router_identity_fallbacks_total";
    if (source.isFallback()) {
      assertThat(maas.lines(metric))
          .containsExactly(
              metric + "{field=\"tier\",reason=\"" + source.label() + "\"} 1.0",
              metric + "{field=\"user\",reason=\"" + source.label() + "\"} 1.0");
    } else {
      assertThat(maas.lines(metric)).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(Status.class)
  void everyReasonUnderItsStatus(Status status) {
    for (Reason reason : Reason.values()) {
      boolean usage = status != Status.NONE && status != Status.FAILED;
      Records record =
          usage ? alice().measured(status, 1, 1, reason) : alice().unmeasured(status, reason);
      maas.record(record);
    }

    String metric = "semantic_router_measurement_reasons_total";
    assertThat(maas.lines(metric)).hasSize(Reason.values().length);
    for (Reason reason : Reason.values()) {
      assertThat(maas.lines(metric))
          .contains(
              metric + "{reason=\"" + reason.label() + "\",status=\"" + status.label() + "\"} 1.0");
    }
  }
}
