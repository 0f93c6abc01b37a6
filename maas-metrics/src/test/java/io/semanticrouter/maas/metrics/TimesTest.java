// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The histograms of time. */
class TimesTest {
  private static final String DURATION = "semantic_router_request_duration_seconds";
  private static final String FIRST = "semantic_router_time_to_first_token_seconds";
  private static final String TOKENS = "semantic_router_request_tokens";
  private static final String EACH = "semantic_router_time_per_output_token_seconds";

  private final Exposition hybrid = Exposition.of(Mode.HYBRID);

  @Test
  void streamHasADurationAFirstTokenAndATimeForEachFurtherToken() {
    hybrid.record(Records.of("alice", "free", "m").stream(250, 1_500).tokens(17, 11));
    assertThat(hybrid.lines(DURATION + "_sum"))
        .containsExactly(DURATION + "_sum{model=\"m\",operation=\"chat\"} 1.5");
    assertThat(hybrid.lines(FIRST + "_sum"))
        .containsExactly(FIRST + "_sum{model=\"m\",operation=\"chat\"} 0.25");
    assertThat(hybrid.lines(EACH + "_sum"))
        .containsExactly(EACH + "_sum{model=\"m\",operation=\"chat\"} 0.125");
    assertThat(hybrid.lines(FIRST + "_bucket"))
        .contains(
            FIRST + "_bucket{model=\"m\",operation=\"chat\",le=\"0.1\"} 0",
            FIRST + "_bucket{model=\"m\",operation=\"chat\",le=\"0.25\"} 1");
    assertThat(hybrid.lines(EACH + "_bucket"))
        .contains(
            EACH + "_bucket{model=\"m\",operation=\"chat\",le=\"0.1\"} 0",
            EACH + "_bucket{model=\"m\",operation=\"chat\",le=\"0.15\"} 1");
  }

  @Test
  void answerInOnePieceAndOneFromTheCacheAndAnErrorHaveNoFirstToken() {
    hybrid.record(
        Records.of("alice", "free", "m").took(900, 1_000).tokens(17, 11),
        Records.of("alice", "free", "m").cacheHit(true).stream(1, 2).tokens(17, 11),
        Records.of("alice", "free", "m").stream(1, 2).refused(503, "m"));
    assertThat(hybrid.sum(DURATION + "_count", "")).isEqualByComparingTo("3");
    assertThat(hybrid.text()).doesNotContain(FIRST).doesNotContain(EACH);
  }

  @Test
  void streamThatBrokeOffOrWasEstimatedOrHadOneTokenHasNoTimePerToken() {
    hybrid.record(
        Records.of("a", "free", "m").stream(1, 2).tokens(9, 9).endedBy(AbortReason.CANCELLED),
        Records.of("a", "free", "m").stream(1, 2).measured(Status.ESTIMATED, 9, 9),
        Records.of("a", "free", "m").stream(1, 2).tokens(9, 1),
        Records.of("a", "free", "m").stream(1, 2).unmeasured(Status.NONE, Reason.NO_USAGE));
    assertThat(hybrid.sum(FIRST + "_count", "")).isEqualByComparingTo("4");
    assertThat(hybrid.text()).doesNotContain(EACH);
  }

  @Test
  void measuredTokensOfAnExchangeAreCountedByTheModelThatAnswered() {
    hybrid.record(
        Records.of("alice", "free", "m").tokens(17, 1),
        Records.of("bob", "free", "m").measured(Status.PARTIAL, 1_024, 5).furtherModels(2));
    assertThat(hybrid.lines(TOKENS + "_sum"))
        .containsExactlyInAnyOrder(
            TOKENS + "_sum{model=\"m\",operation=\"chat\",type=\"prompt\"} 1041.0",
            TOKENS + "_sum{model=\"m\",operation=\"chat\",type=\"completion\"} 6.0");
    assertThat(hybrid.lines(TOKENS + "_bucket"))
        .contains(
            TOKENS + "_bucket{model=\"m\",operation=\"chat\",type=\"prompt\",le=\"16.0\"} 0",
            TOKENS + "_bucket{model=\"m\",operation=\"chat\",type=\"prompt\",le=\"64.0\"} 1",
            TOKENS + "_bucket{model=\"m\",operation=\"chat\",type=\"prompt\",le=\"1024.0\"} 2",
            TOKENS + "_bucket{model=\"m\",operation=\"chat\",type=\"completion\",le=\"1.0\"} 1",
            TOKENS + "_bucket{model=\"m\",operation=\"chat\",type=\"completion\",le=\"+Inf\"} 2");
  }

  @Test
  void whatIsNoMeasuredUsageIsInNoHistogramOfTokens() {
    hybrid.record(
        Records.of("a", "free", "m").measured(Status.ESTIMATED, 9, 9),
        Records.of("a", "free", "m").cacheHit(true).tokens(9, 9),
        Records.of("a", "free", "m").tokens(0, 0),
        Records.of("a", "free", "m").refused(503, "m"),
        Records.of("a", "free", "m").unmeasured(Status.FAILED, Reason.MALFORMED_USAGE));
    assertThat(hybrid.text()).doesNotContain(TOKENS);
  }

  @Test
  void claimsThatAreAbsurdDoNotMakeASumNegative() {
    for (int i = 0; i < 3_000; i++) {
      hybrid.record(Records.of("a", "free", "m").tokens((1L << 53) - 1, 1));
    }
    assertThat(hybrid.sum(TOKENS + "_sum", "prompt")).isPositive();
    assertThat(hybrid.sum(TOKENS + "_count", "prompt")).isEqualByComparingTo("3000");
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void everyExchangeHasOneDurationAndNoneHasAUser(Mode mode) {
    Exposition exposition = Exposition.of(mode, 50);
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("-Dmaas.seed=" + seed);
    ConservationTest.randomRecords(new Random(seed)).forEach(exposition.sink::record);
    assertThat(exposition.sum(DURATION + "_count", ""))
        .isEqualByComparingTo(exposition.sum("semantic_router_requests_total", ""));
    assertThat(exposition.lines(DURATION + "_count"))
        .noneMatch(line -> line.contains("user=") || line.contains("tier="));
  }

  @Test
  void userWhoInventsModelsTakesATenthOfTheRoomForHistograms() {
    for (int i = 0; i < 2_000; i++) {
      hybrid.record(Records.of("mallory", "free", "invented-" + i).tokens(1, 1));
    }
    hybrid.record(Records.of("newcomer", "gold", "unlisted").tokens(1, 1));
    List<String> counts = hybrid.lines(DURATION + "_count");
    assertThat(counts).hasSizeBetween(20, 100);
    assertThat(counts)
        .contains(DURATION + "_count{model=\"unlisted\",operation=\"chat\"} 1")
        .anyMatch(line -> line.contains("__overflow__"));
    assertThat(hybrid.sum(DURATION + "_count", "")).isEqualByComparingTo("2001");
  }

  @Test
  void errorsAreCountedWithTheModelThatWasAskedFor() {
    hybrid.record(
        Records.of("a", "free", "m").refused(404, "gpt-5"),
        Records.of("a", "free", "m").refused(503, "gpt-5"),
        Records.of("b", "free", "m").refused(503, "gpt-5"),
        Records.of("b", "free", "m").refused(304, null),
        Records.of("b", "free", "m").refused(0, "gpt-5"),
        Records.of("b", "free", "m").unmeasured(Status.FAILED, Reason.IN_BAND_ERROR),
        Records.of("b", "free", "m").tokens(1, 1));
    assertThat(hybrid.lines("semantic_router_errors_total"))
        .containsExactly(
            "semantic_router_errors_total{model=\"gpt-5\",status=\"4xx\"} 1.0",
            "semantic_router_errors_total{model=\"gpt-5\",status=\"5xx\"} 2.0",
            "semantic_router_errors_total{model=\"gpt-5\",status=\"no_response\"} 1.0",
            "semantic_router_errors_total{model=\"unknown\",status=\"3xx\"} 1.0",
            "semantic_router_errors_total{model=\"unknown\",status=\"in_band\"} 1.0");
  }

  @Test
  void modelsThatDoNotExistAreBoundedAndTakeNoRoomOfThoseThatAreBilled() {
    for (int i = 0; i < 2_000; i++) {
      hybrid.record(Records.of("mallory", "free", "m").refused(404, "invented-" + i));
    }
    hybrid.record(Records.of("alice", "free", "m").refused(404, "typo"));
    assertThat(hybrid.lines("semantic_router_errors_total"))
        .hasSize(1_002)
        .contains(
            "semantic_router_errors_total{model=\"__overflow__\",status=\"4xx\"} 1000.0",
            "semantic_router_errors_total{model=\"typo\",status=\"4xx\"} 1.0");
    assertThat(hybrid.lines("semantic_router_series"))
        .containsExactly(
            "semantic_router_series{space=\"errors\"} 1001.0",
            "semantic_router_series{space=\"exchanges\"} 2.0",
            "semantic_router_series{space=\"routing\"} 0.0");
  }

  @Test
  void refusalsForTooManyRequestsAreCountedByUser() {
    hybrid.record(
        Records.of("alice", "free", "m").refused(429, "m"),
        Records.of("alice", "free", "m").refused(400, "m"));
    assertThat(hybrid.lines("semantic_router_rate_limited_requests_total"))
        .containsExactly(
            "semantic_router_rate_limited_requests_total{tier=\"free\",user=\"alice\"} 1.0");
  }

  @Test
  void everyOperationHasAHistogramOfItsOwn() {
    for (Operation operation : Operation.values()) {
      hybrid.record(Records.of("a", "free", "m").operation(operation).tokens(1, 1));
    }
    assertThat(hybrid.lines(DURATION + "_count")).hasSameSizeAs(Operation.values());
  }

  @Test
  void noCounterGoesBackBetweenTwoScrapesDuringTraffic() throws Exception {
    List<UsageRecord> records = ConservationTest.randomRecords(new Random(11));
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<?>> traffic =
          IntStream.range(0, 2)
              .<Future<?>>mapToObj(i -> threads.submit(() -> records.forEach(hybrid.sink::record)))
              .toList();
      assertThatNoCounterGoesBackUntil(traffic, hybrid);
    } finally {
      threads.shutdownNow();
    }
  }

  /** Scrapes until the traffic has ended, and once more. */
  static void assertThatNoCounterGoesBackUntil(List<Future<?>> traffic, Exposition exposition)
      throws Exception {
    Map<String, Double> before = new HashMap<>();
    boolean last;
    do {
      last = traffic.stream().allMatch(Future::isDone);
      exposition
          .text()
          .lines()
          .filter(line -> !line.startsWith("#"))
          .forEach(
              line -> {
                int space = line.lastIndexOf(' ');
                double value = Double.parseDouble(line.substring(space + 1));
                Double was = before.put(line.substring(0, space), value);
                if (value < (was == null ? 0 : was)) {
                  throw new AssertionError(line + " was " + was);
                }
              });
    } while (!last);
    for (Future<?> thread : traffic) {
      thread.get();
    }
  }
}
