// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.UsageRecord;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Money is exact: it becomes a double only when it is shown. */
class CostTest {
  private static final String COST = "semantic_router_cost_total";
  private static final long TENTH = Cost.ATTOS_PER_UNIT / 10;

  private final Exposition hybrid = Exposition.of(Mode.HYBRID);

  private static Records alice() {
    return Records.of("alice", "premium", "qwen3");
  }

  private static String line(String currency, String value) {
    return COST
        + "{currency=\""
        + currency
        + "\",model=\"qwen3\",tier=\"premium\",user=\"alice\"} "
        + value;
  }

  @Test
  void aTenthAndTwoTenthsAreThreeTenths() {
    hybrid.record(alice().cost(0, TENTH), alice().cost(0, 2 * TENTH));

    assertThat(0.1 + 0.2).isNotEqualTo(0.3);
    assertThat(hybrid.lines(COST)).containsExactly(line("USD", "0.3"));
  }

  @Test
  void attosCarryIntoUnits() {
    hybrid.record(
        alice().cost(1, Cost.ATTOS_PER_UNIT - 1), alice().cost(2, Cost.ATTOS_PER_UNIT - 1));
    hybrid.record(alice().cost(0, 2));

    assertThat(hybrid.lines(COST)).containsExactly(line("USD", "5.0"));
  }

  @Test
  @Tag("slow")
  void tenMillionRecordsOfOnePico() {
    UsageRecord pico = alice().cost(0, 1_000_000).build();
    hybrid.record(alice().cost(100_000, 0));
    for (int i = 0; i < 10_000_000; i++) {
      hybrid.sink.record(pico);
    }

    // With doubles nothing would have arrived: the last bit of 100000.0 is worth 15 picos.
    assertThat(100_000.0 + 1e-12).isEqualTo(100_000.0);
    assertThat(hybrid.lines(COST)).containsExactly(line("USD", "100000.00001"));
  }

  @Test
  void freeIsNotUnpriced() {
    hybrid.record(alice().cost(0, 0), alice().model("mystery").unpriced());

    assertThat(hybrid.lines(COST)).containsExactly(line("USD", "0.0"));
    assertThat(hybrid.lines("semantic_router_unpriced_requests_total"))
        .containsExactly(
            "semantic_router_unpriced_requests_total"
                + "{model=\"mystery\",reason=\"no_price\",tier=\"premium\",user=\"alice\"} 1.0");
  }

  @Test
  void whatPutsMoneyAtRiskIsCountedInExchangesAndTokens() {
    hybrid.record(
        alice().tokens(10, 5).lacking(PriceGap.AUDIO),
        alice().tokens(100, 50).lacking(PriceGap.SERVICE_TIER),
        alice().tokens(1000, 500).cost(1, 0).lacking(PriceGap.PRICE_FALLBACK));

    String labels = "tier=\"premium\",user=\"alice\"} ";
    assertThat(hybrid.lines("semantic_router_unpriced_requests_total"))
        .containsExactly(
            "semantic_router_unpriced_requests_total{model=\"qwen3\",reason=\"audio\","
                + labels
                + "1.0",
            "semantic_router_unpriced_requests_total{model=\"qwen3\",reason=\"service_tier\","
                + labels
                + "1.0");
    assertThat(hybrid.lines("semantic_router_unpriced_tokens_total"))
        .containsExactly(
            "semantic_router_unpriced_tokens_total{model=\"qwen3\"," + labels + "165.0");
    assertThat(hybrid.lines("semantic_router_price_fallback_requests_total"))
        .containsExactly(
            "semantic_router_price_fallback_requests_total{model=\"qwen3\"," + labels + "1.0");
    assertThat(hybrid.lines("semantic_router_price_fallback_tokens_total"))
        .containsExactly(
            "semantic_router_price_fallback_tokens_total{model=\"qwen3\"," + labels + "1500.0");
  }

  @Test
  void chargesHaveAMetricOfTheirOwnWhereTheyAreNotTheCosts() {
    MaasConfig config =
        MaasConfig.from(Map.of("pricing", Map.of("charge", Map.of("factor", "1.2"))));
    Exposition standalone = new Exposition(config);
    for (int i = 0; i < 3; i++) {
      standalone.record(alice().cost(1, 0).charge("USD", 1, TENTH));
    }
    assertThat(standalone.lines(COST))
        .containsExactly(COST + "{currency=\"USD\",model=\"qwen3\"} 3.0");
    assertThat(standalone.lines("semantic_router_charge_total"))
        .containsExactly("semantic_router_charge_total{currency=\"USD\",model=\"qwen3\"} 3.3");
  }

  @Test
  void whatProvidersStateIsComparedWhereThereIsACostInTheSameCurrency() {
    hybrid.record(
        alice().cost(0, 2 * TENTH).stated("0.1"),
        alice().cost(0, 2 * TENTH).stated("0.2"),
        alice().cost(0, TENTH), // nothing stated
        alice().cost("EUR", 1, 0).stated("1"),
        alice().unpriced().stated("1"));

    String labels = "{currency=\"USD\",model=\"qwen3\",tier=\"premium\",user=\"alice\"} ";
    assertThat(hybrid.lines("semantic_router_provider_cost_total"))
        .containsExactly("semantic_router_provider_cost_total" + labels + "0.3");
    assertThat(hybrid.lines("semantic_router_compared_cost_total"))
        .containsExactly("semantic_router_compared_cost_total" + labels + "0.4");
    assertThat(hybrid.lines(COST)).contains(line("USD", "0.5"));
  }

  @Test
  void currenciesAreNeverAddedUp() {
    hybrid.record(alice().cost("USD", 1, 0), alice().cost("EUR", 2, 0), alice().cost("USD", 3, 0));

    assertThat(hybrid.lines(COST)).containsExactly(line("EUR", "2.0"), line("USD", "4.0"));
  }

  @Test
  void whatNoLongerFitsStandsStillAndDoesNotBreakTheScrape() {
    hybrid.record(alice().cost(Long.MAX_VALUE, 5), alice().cost(Long.MAX_VALUE, 5));

    assertThat(hybrid.lines(COST)).containsExactly(line("USD", "9.223372036854776E18"));
  }

  @Test
  void theShownDoubleIsTheNearestOne() {
    long seed = System.nanoTime();
    System.out.println("CostTest seed " + seed);
    Random random = new Random(seed);
    Series series =
        new Series(Series.Origin.REST, List.of("qwen3"), 0, Room.UNBOUNDED, null, false);
    PrometheusRegistry registry = new PrometheusRegistry();
    LabelSpace labels = new LabelSpace(registry, List.of("model"), () -> 0);
    MoneyCounter counter = MoneyCounter.register(registry, labels, "money", "Money.");
    for (int i = 0; i < 10_000; i++) {
      CostSum sum = new CostSum(counter, series, "USD", 0, null, null);
      BigDecimal exact = BigDecimal.ZERO;
      for (int j = 0; j < 5; j++) {
        Cost cost =
            new Cost(
                "USD",
                random.nextLong() >>> (1 + random.nextInt(63)) >>> 3,
                Math.floorMod(random.nextLong(), Cost.ATTOS_PER_UNIT));
        sum.add(cost, 1);
        if (random.nextBoolean()) {
          sum.add(cost, -1);
        } else {
          exact = exact.add(cost.amount());
        }
      }
      assertThat(sum.total().amount()).isEqualByComparingTo(exact);
      assertThat(sum.value()).isEqualTo(exact.doubleValue());
    }
  }
}
