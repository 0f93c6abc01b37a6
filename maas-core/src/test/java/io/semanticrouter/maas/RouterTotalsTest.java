// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.ResponsePath;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens of several calls, which the headers state and the body perhaps does not. */
class RouterTotalsTest {
  private static final String BODY =
      "{\"model\":\"m\",\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":6,\"total_tokens\":18,"
          + "\"prompt_tokens_details\":{\"cached_tokens\":5}}}";
  private static final String SILENT = "{\"model\":\"m\",\"choices\":[]}";

  private static DrivenExchange begin(Map<String, Object> more, int status, String... headers) {
    Map<String, Object> maas = new java.util.HashMap<>(more);
    maas.putIfAbsent("enabled", true);
    MaasConfig config =
        MaasConfig.from(
            Map.of(
                "maas_integration",
                maas,
                "pricing",
                Map.of(
                    "models",
                    Map.of("m", Map.of("prompt_per_1m", "1", "completion_per_1m", "1")))));
    DrivenExchange exchange =
        DrivenExchange.of(
            Metering.builder(config).build().begin("POST", "/v1/chat/completions", Headers.EMPTY));
    FakeHeaders response =
        FakeHeaders.of("content-type", "application/json", "x-vsr-response-path", "looper");
    for (int i = 0; i < headers.length; i += 2) {
      response.add(headers[i], headers[i + 1]);
    }
    exchange.respond(status, response);
    return exchange;
  }

  private static DrivenExchange looper(
      @Nullable String prompt, @Nullable String completion, @Nullable String total) {
    java.util.List<String> headers = new java.util.ArrayList<>();
    add(headers, "prompt", prompt);
    add(headers, "completion", completion);
    add(headers, "total", total);
    return begin(Map.of(), 200, headers.toArray(String[]::new));
  }

  private static void add(java.util.List<String> headers, String what, @Nullable String value) {
    if (value != null) {
      headers.add("x-vsr-looper-" + what + "-tokens");
      headers.add(value);
    }
  }

  private static UsageRecord end(DrivenExchange exchange, String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.response(bytes, 0, bytes.length);
    exchange.end();
    return Objects.requireNonNull(exchange.record());
  }

  private static TokenUsage usage(UsageRecord record) {
    return Objects.requireNonNull(record.measurement().usage());
  }

  @Test
  void totalsThatNoLooperCanUseAreQuarantined() {
    assertThat(usage(end(looper("32000000", "1", "32000001"), BODY)).prompt())
        .isEqualTo(32_000_000);
    for (String tokens : new String[] {"32000001", "100000000"}) {
      UsageRecord record = end(looper(tokens, "1", null), BODY);
      assertThat(usage(record).prompt()).isEqualTo(12);
      assertThat(record.measurement().status()).isEqualTo(Status.PARTIAL);
      assertThat(record.measurement().reasons()).containsExactly(Reason.QUARANTINED);
    }
  }

  @Test
  void profileNoneBelievesNoFacts() {
    Map<String, Object> none = Map.of("routing", Map.of("profile", "none"));
    UsageRecord record =
        end(
            begin(
                none,
                200,
                "x-vsr-cache-hit",
                "true",
                "x-vsr-selected-model",
                "free",
                "x-vsr-looper-prompt-tokens",
                "1000"),
            BODY);

    assertThat(record.isCacheHit()).isFalse();
    assertThat(record.routing().isKnown()).isFalse();
    assertThat(record.model()).isEqualTo("m");
    assertThat(usage(record).prompt()).isEqualTo(12);
    assertThat(record.measurement().reasons()).isEmpty();
  }

  @Test
  void totalsAboveTheUsageOfTheBodyAreBilledAndMarked() {
    UsageRecord record = end(looper("40", "25", "65"), BODY);

    assertThat(record.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(record.measurement().reasons()).containsExactly(Reason.ROUTER_TOTALS);
    assertThat(usage(record)).isEqualTo(TokenUsage.builder(40, 25).providerTotal(65).build());
    assertThat(record.routing().responsePath()).isEqualTo(ResponsePath.LOOPER);
  }

  @Test
  void totalsAreBilledWhenTheBodyStatesNone() {
    UsageRecord record = end(looper("40", "25", "65"), SILENT);

    assertThat(record.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(usage(record).prompt()).isEqualTo(40);
    assertThat(usage(record).completion()).isEqualTo(25);
  }

  @ParameterizedTest
  @CsvSource({"12, 6, 18", "10, 8, 18", "5, 5, 10"})
  void bodyThatStatesAsMuchOrMoreIsBilledWithItsParts(
      String prompt, String completion, String total) {
    UsageRecord record = end(looper(prompt, completion, total), BODY);

    assertThat(record.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(record.measurement().reasons()).isEmpty();
    assertThat(usage(record).prompt()).isEqualTo(12);
    assertThat(usage(record).part(TokenPart.CACHE_READ)).isEqualTo(5);
  }

  @ParameterizedTest
  @CsvSource({
    "'',   '30', '30', 0,  30",
    "'30', '',   '30', 30, 0",
    "'30', '',   '',   30, 0",
    "'',   '30', '50', 20, 30",
    "'30', '',   '50', 30, 20"
  })
  void countThatIsLeftOutIsZeroOrWhatTheTotalLeaves(
      String prompt, String completion, String total, long p, long c) {
    UsageRecord record = end(looper(orNull(prompt), orNull(completion), orNull(total)), SILENT);

    assertThat(usage(record).prompt()).isEqualTo(p);
    assertThat(usage(record).completion()).isEqualTo(c);
  }

  private static @Nullable String orNull(String text) {
    return text.isEmpty() ? null : text;
  }

  @Test
  void totalAboveItsPartsIsUnattributedAndBelowThemAMismatch() {
    UsageRecord above = end(looper("40", "25", "70"), SILENT);
    assertThat(usage(above).completion()).isEqualTo(30);
    assertThat(usage(above).part(TokenPart.UNATTRIBUTED)).isEqualTo(5);
    assertThat(above.measurement().reasons())
        .containsExactlyInAnyOrder(Reason.ROUTER_TOTALS, Reason.RESIDUAL);

    UsageRecord below = end(looper("40", "25", "60"), SILENT);
    assertThat(usage(below).completion()).isEqualTo(25);
    assertThat(below.measurement().reasons())
        .containsExactlyInAnyOrder(Reason.ROUTER_TOTALS, Reason.TOTAL_MISMATCH);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "+40", "4e1", "40.0", " 40", "0x28", "1234567890123456", "４０"})
  void headerThatIsNoCountIsNotTakenAndMakesTheBodyALowerBound(String count) {
    UsageRecord record = end(looper(count, "25", "65"), BODY);

    assertThat(record.measurement().status()).isEqualTo(Status.PARTIAL);
    assertThat(record.measurement().reasons()).containsExactly(Reason.MALFORMED_USAGE);
    assertThat(usage(record).prompt()).isEqualTo(12);
    assertThat(usage(record).part(TokenPart.CACHE_READ)).isEqualTo(5);
    assertThat(end(looper(count, "25", "65"), SILENT).measurement().status())
        .isEqualTo(Status.FAILED);
  }

  @Test
  void totalWithoutPartsCannotBeBilled() {
    UsageRecord record = end(looper(null, null, "65"), BODY);

    assertThat(record.measurement().status()).isEqualTo(Status.PARTIAL);
    assertThat(record.measurement().has(Reason.MALFORMED_USAGE)).isTrue();
  }

  @Test
  void totalsAboveTheSanityLimitAreQuarantined() {
    UsageRecord record = end(looper("100000001", "1", null), BODY);

    assertThat(record.measurement().status()).isEqualTo(Status.PARTIAL);
    assertThat(record.measurement().reasons()).containsExactly(Reason.QUARANTINED);
    assertThat(usage(record).prompt()).isEqualTo(12);
  }

  @Test
  void looperThatStatesNoTotalsIsBilledByItsBody() {
    UsageRecord record = end(looper(null, null, null), BODY);

    assertThat(record.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(usage(record).prompt()).isEqualTo(12);
  }

  @Test
  void tokensAreSpentWhenTheHeadersArriveSoThatAClientThatLeavesPaysThem() {
    for (String policy : new String[] {"last-snapshot", "estimate", "drop"}) {
      DrivenExchange exchange =
          begin(
              Map.of("usage", Map.of("on_disconnect", policy)),
              200,
              "x-vsr-looper-prompt-tokens",
              "40",
              "x-vsr-looper-completion-tokens",
              "25");
      assertThat(exchange.soFar().usage()).isNotNull();
      exchange.abort(AbortReason.CANCELLED);
      UsageRecord record = Objects.requireNonNull(exchange.record());
      assertThat(record.measurement().status()).as(policy).isEqualTo(Status.COMPLETE);
      assertThat(record.measurement().reasons())
          .containsExactlyInAnyOrder(Reason.ROUTER_TOTALS, Reason.CANCELLED);
      assertThat(usage(record).prompt()).isEqualTo(40);
    }
  }

  @Test
  void totalsOfAnAnswerThatIsAnErrorAreNotBilled() {
    DrivenExchange exchange = begin(Map.of(), 502, "x-vsr-looper-prompt-tokens", "40");
    exchange.end();

    assertThat(Objects.requireNonNull(exchange.record()).outcome()).isEqualTo(Outcome.ERROR);
    assertThat(exchange.soFar().usage()).isNull();
  }

  @Test
  void sumOverSeveralModelsHasNoPriceAndSaysSo() {
    Map<String, Object> hybrid = Map.of("metrics", Map.of("internal_cost_calculation", true));
    DrivenExchange exchange = begin(hybrid, 200, "x-vsr-looper-prompt-tokens", "40");
    assertThat(exchange.soFar().cost()).isNull();
    UsageRecord record = end(exchange, BODY);

    assertThat(record.cost()).isNull();
    assertThat(record.unpriced()).isTrue();
  }

  @Test
  void usageSoFarIsWhatTheRecordWillSay() {
    DrivenExchange exchange = looper("40", "25", "65");
    assertThat(exchange.soFar().usage())
        .isEqualTo(TokenUsage.builder(40, 25).providerTotal(65).build());
    UsageRecord record = end(exchange, BODY);
    assertThat(exchange.soFar().usage()).isEqualTo(usage(record));
  }
}
