// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What one client sends does not decide whether the bill of another one can be told. */
class FloodTest {
  private static final String REQUESTS = "semantic_router_requests_total";
  private static final String TOKENS = "semantic_router_tokens_total";
  private static final String OVERFLOW = "semantic_router_overflow_requests_total";
  private static final int MAX = 10_000;

  private final Exposition hybrid = hybrid(MAX, "listed");

  private static Exposition hybrid(int maxSeries, String model) {
    MaasConfig config =
        MaasConfig.from(
            Map.of(
                "maas_integration",
                Map.of(
                    "enabled",
                    true,
                    "metrics",
                    Map.of("internal_cost_calculation", true, "max_series", maxSeries)),
                "pricing",
                Map.of(
                    "models",
                    Map.of(model, Map.of("prompt_per_1m", "1", "completion_per_1m", "1")))));
    assertThat(config.mode()).isEqualTo(Mode.HYBRID);
    return new Exposition(config);
  }

  @Test
  void userWhoInventsModelsTakesATenthAndTheRestIsSummedUpInHisTier() {
    for (int i = 0; i < MAX; i++) {
      hybrid.record(Records.of("mallory", "free", "invented-" + i).tokens(1, 1));
    }
    hybrid.record(
        Records.of("mallory", "free", "listed").tokens(2, 2),
        Records.of("newcomer", "gold", "listed").tokens(4, 4),
        Records.of("newcomer", "gold", "unlisted").tokens(8, 8));

    assertThat(hybrid.lines(REQUESTS).stream().filter(line -> line.contains("mallory")))
        .hasSize(MAX / 10 + 1);
    assertThat(hybrid.lines(REQUESTS))
        .contains(
            REQUESTS
                + "{model=\"__overflow__\",outcome=\"complete\",tier=\"free\","
                + "user=\"__overflow__\"} 9000.0",
            REQUESTS + "{model=\"listed\",outcome=\"complete\",tier=\"free\",user=\"mallory\"} 1.0",
            REQUESTS
                + "{model=\"listed\",outcome=\"complete\",tier=\"gold\",user=\"newcomer\"} 1.0",
            REQUESTS
                + "{model=\"unlisted\",outcome=\"complete\",tier=\"gold\",user=\"newcomer\"} 1.0");
    assertThat(hybrid.total(OVERFLOW, "")).isEqualTo(9_000);
    assertThat(hybrid.total(TOKENS, "")).isEqualTo(2 * (MAX + 2 + 4 + 8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"error", "none", "not_metered"})
  void modelThatOnlyAPathOrARequestNamesOpensNoSeries(String outcome) {
    for (int i = 0; i < MAX; i++) {
      Records record = Records.of("mallory", "free", "random-" + i);
      hybrid.record(
          switch (outcome) {
            case "error" -> record.unmeasured(Status.NONE, Reason.HTTP_ERROR);
            case "none" -> record.unmeasured(Status.NONE, Reason.NO_USAGE);
            default -> record.unmeasured(Status.NONE, Reason.NOT_METERED);
          });
    }

    assertThat(hybrid.lines(REQUESTS))
        .containsExactly(
            REQUESTS
                + "{model=\"unknown\",outcome=\""
                + outcome
                + "\",tier=\"free\",user=\"mallory\"} 10000.0");
    assertThat(hybrid.total(OVERFLOW, "")).isZero();
  }

  @Test
  void errorsOfModelsThatAreListedOrServedAreCountedWithThem() {
    hybrid.record(
        Records.of("alice", "gold", "served").tokens(1, 1),
        Records.of("alice", "gold", "served").unmeasured(Status.NONE, Reason.HTTP_ERROR),
        Records.of("alice", "gold", "listed").unmeasured(Status.NONE, Reason.HTTP_ERROR),
        Records.of("bob", "gold", "served").unmeasured(Status.NONE, Reason.HTTP_ERROR));

    assertThat(hybrid.lines(REQUESTS).stream().filter(line -> line.contains("error")))
        .containsExactly(
            REQUESTS + "{model=\"listed\",outcome=\"error\",tier=\"gold\",user=\"alice\"} 1.0",
            REQUESTS + "{model=\"served\",outcome=\"error\",tier=\"gold\",user=\"alice\"} 1.0",
            REQUESTS + "{model=\"unknown\",outcome=\"error\",tier=\"gold\",user=\"bob\"} 1.0");
  }

  @Test
  void listedModelKeepsItsNameWhereAllSeriesAreTaken() {
    Exposition small = hybrid(2, "listed");
    small.record(
        Records.of("a", "free", "x").tokens(1, 1),
        Records.of("b", "free", "x").tokens(1, 1),
        Records.of("c", "free", "listed").tokens(1, 1),
        Records.of("d", "gold", "listed").tokens(1, 1),
        Records.of("e", "gold", "x").tokens(1, 1));

    assertThat(small.lines(REQUESTS).stream().filter(line -> line.contains("__overflow__")))
        .containsExactlyInAnyOrder(
            REQUESTS
                + "{model=\"listed\",outcome=\"complete\",tier=\"free\",user=\"__overflow__\"} 1.0",
            REQUESTS
                + "{model=\"listed\",outcome=\"complete\",tier=\"gold\",user=\"__overflow__\"} 1.0",
            REQUESTS
                + "{model=\"__overflow__\",outcome=\"complete\",tier=\"gold\","
                + "user=\"__overflow__\"} 1.0");
    assertThat(small.total(OVERFLOW, "")).isEqualTo(3);
  }

  @Test
  void routerCannotBeMadeToNameModelsThatNobodyServes() {
    for (int i = 0; i < 100; i++) {
      hybrid.record(
          Records.of("mallory", "free", "random-" + i)
              .cacheHit(false)
              .unmeasured(Status.NONE, Reason.HTTP_ERROR));
    }

    assertThat(hybrid.lines("semantic_router_routing_decisions_total"))
        .containsExactly(
            "semantic_router_routing_decisions_total{category=\"unknown\",decision=\"unknown\","
                + "model=\"unknown\",reasoning=\"unknown\",tier=\"free\"} 100.0");
  }

  /** Many more users than there are series, from several threads, while somebody scrapes. */
  @Test
  @Tag("slow")
  void totalsOfAHundredThousandUsersAreExactAndNoCounterGoesBack() throws Exception {
    int users = 100_000;
    int threads = 4;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> traffic = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        int first = thread * users / threads; // each meets all users, from another one on
        traffic.add(
            pool.submit(
                () -> {
                  for (int i = 0; i < users; i++) {
                    String user = "user-" + (first + i) % users;
                    String tier = i % 3 == 0 ? "gold" : "free";
                    hybrid.record(
                        Records.of(user, tier, i % 2 == 0 ? "listed" : "other")
                            .tokens(3, 2)
                            .cost(0, 1_000_000_000_000L));
                  }
                }));
      }
      TimesTest.assertThatNoCounterGoesBackUntil(traffic, hybrid);
    } finally {
      pool.shutdownNow();
    }

    long exchanges = (long) threads * users;
    assertThat(hybrid.total(REQUESTS, "")).isEqualTo(exchanges);
    assertThat(hybrid.total(TOKENS, "prompt")).isEqualTo(3 * exchanges);
    assertThat(hybrid.total(TOKENS, "completion")).isEqualTo(2 * exchanges);
    assertThat(hybrid.sum("semantic_router_cost_total", "")).isEqualByComparingTo("0.4");
    assertThat(hybrid.total("semantic_router_request_tokens_sum", "")).isEqualTo(5 * exchanges);
    assertThat(hybrid.total(REQUESTS, "user=\"__overflow__\""))
        .isEqualTo(hybrid.total(OVERFLOW, ""))
        .isGreaterThan(exchanges / 2);
    assertThat(hybrid.lines(REQUESTS).stream().filter(line -> !line.contains("__overflow__")))
        .hasSize(MAX);
  }

  /** Each with a name as long as names can be, of what takes most when it is written. */
  @ParameterizedTest
  @ValueSource(strings = {"\"", "\\", "🦊", "\u202e", "\uDB40\uDC01"})
  @Tag("slow")
  void scrapeIsBoundedWhateverNamesAreLike(String unit) {
    int users = 500;
    Exposition small = hybrid(users, "listed");
    int fits = 248 / unit.getBytes(StandardCharsets.UTF_8).length;
    for (int i = 0; i < users; i++) {
      small.record(flooding(unit.repeat(fits) + i, i));
    }

    assertThat(small.text().getBytes(StandardCharsets.UTF_8).length).isLessThan(bound(users));
    assertThat(small.openMetrics().getBytes(StandardCharsets.UTF_8).length)
        .isLessThan(bound(users));
    assertThat(small.total(REQUESTS, "")).isEqualTo(users);
    assertThat(small.total(TOKENS, "")).isEqualTo(3L * users);
    assertThat(small.total("semantic_router_token_parts_total", "")).isEqualTo(3L * users);
    assertThat(small.sum("semantic_router_cost_total", "")).isEqualByComparingTo("500");
    assertThat(small.total(OVERFLOW, "")).isPositive();
    assertThat(small.total(REQUESTS, "__overflow__")).isEqualTo(small.total(OVERFLOW, ""));
  }

  /** As {@code docs/metrics.md} states it. */
  private static int bound(int maxSeries) {
    return 2_816 * maxSeries + 524_288;
  }

  private static Records flooding(String name, int i) {
    return Records.of(name, "free", name).routed(name, name, i % 2 == 0).stream(1, 2)
        .security(true, true)
        .tokens(1, 2)
        .parts(1, 1, 1)
        .cost(1, 0);
  }

  /** In a JVM of its own, with less memory than a server has that is given 128 MB. */
  @Test
  void floodAndScrapesFitIntoASmallHeap() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Flood.class.getName())
            .redirectErrorStream(true)
            .start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();

    assertThat(process.waitFor()).as(output).isZero();
    assertThat(Long.parseLong(output)).isBetween(bound(MAX) / 2L, (long) bound(MAX));
  }

  /** The program of that JVM: prints how many bytes the largest of some scrapes has. */
  static final class Flood {
    private Flood() {}

    public static void main(String[] args) {
      Exposition exposition = hybrid(MAX, "listed");
      for (int i = 0; i < 2 * MAX; i++) {
        exposition.record(flooding("\"".repeat(248) + i, i));
      }
      System.out.println(Math.max(exposition.scrape(), exposition.scrape()));
    }
  }
}
