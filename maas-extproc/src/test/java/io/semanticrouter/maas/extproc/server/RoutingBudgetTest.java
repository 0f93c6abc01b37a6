// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** How much routing there is, and for which requests. */
class RoutingBudgetTest {
  private static final long MILLIS = 1_000_000;
  private static final int LONG = 100_000;
  private static final int LIMIT = 1 << 20;

  private long now;
  private long used;
  private long cost;
  private boolean broken;

  private final RequestRouter costly =
      new RequestRouter() {
        @Override
        public boolean routes(Operation operation) {
          return operation == Operation.CHAT;
        }

        @Override
        public int maxBodyBytes() {
          return LIMIT;
        }

        @Override
        public long maxHeldBytes() {
          return 2 * LIMIT;
        }

        @Override
        public List<String> headers() {
          return List.of("x-some");
        }

        @Override
        public RoutedRequest route(RoutableRequest request) {
          used += cost;
          now += cost;
          if (broken) {
            throw new IllegalStateException("broken");
          }
          return RoutedRequest.unchanged(Routing.UNKNOWN, RouterReport.of(Result.DEFAULT));
        }
      };

  private final RoutingBudget budget = new RoutingBudget(costly, () -> now);

  private final Metering metering = Metering.builder(MaasConfig.defaults()).router(budget).build();

  private Result route(int bytes) {
    Exchange exchange = metering.begin("POST", "/v1/chat/completions", name -> null);
    BodySink nowhere = (b, from, count) -> {};
    exchange.request().write(new byte[bytes], 0, bytes, nowhere);
    exchange.request().end(nowhere);
    exchange.close();
    return Objects.requireNonNull(exchange.record()).router().result();
  }

  private List<Result> route(int times, int bytes) {
    List<Result> results = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      results.add(route(bytes));
    }
    return results;
  }

  @Test
  void allElseIsWhatTheRouterSays() {
    assertThat(budget.routes(Operation.CHAT)).isTrue();
    assertThat(budget.routes(Operation.EMBEDDING)).isFalse();
    assertThat(budget.maxBodyBytes()).isEqualTo(LIMIT);
    assertThat(budget.maxHeldBytes()).isEqualTo(2 * LIMIT);
    assertThat(budget.headers()).containsExactly("x-some");
  }

  @Test
  void longRequestsAtOnceAreRoutedUntilTheBudgetIsUsedAndPassThen() {
    cost = 100 * MILLIS;
    List<Result> results = route(150, LONG);
    assertThat(results.subList(0, 5)).containsOnly(Result.DEFAULT);
    assertThat(results.subList(5, 150)).containsOnly(Result.CROWDED);
    assertThat(now).isEqualTo(500 * MILLIS);
  }

  @Test
  void budgetComesBackWithTimeAndAtMostHalfOfItIsRouting() {
    cost = 100 * MILLIS;
    route(150, LONG);
    long usedAtOnce = used;
    for (int i = 0; i < 1_000; i++) {
      now += 10 * MILLIS;
      route(LONG);
    }
    assertThat(used - usedAtOnce).isBetween(now * 4 / 10, now * 5 / 10);
    now += 10_000 * MILLIS;
    assertThat(route(LONG)).isEqualTo(Result.DEFAULT);
  }

  @Test
  void shortRequestsAreAlwaysRouted() {
    cost = 100 * MILLIS;
    route(150, LONG);
    assertThat(route(50, RoutingBudget.LONG_BYTES - 1)).containsOnly(Result.DEFAULT);
    assertThat(route(RoutingBudget.LONG_BYTES)).isNotEqualTo(Result.CROWDED);
  }

  @Test
  void oneRequestHoweverLongBlocksOthersForHalfASecondAtMost() {
    cost = 60_000 * MILLIS;
    assertThat(route(LONG)).isEqualTo(Result.DEFAULT);
    assertThat(route(LONG)).isEqualTo(Result.CROWDED);
    now += 500 * MILLIS;
    assertThat(route(LONG)).isEqualTo(Result.CROWDED);
    now += MILLIS;
    cost = MILLIS;
    assertThat(route(LONG)).isEqualTo(Result.DEFAULT);
  }

  @Test
  void timeOfARequestThatFailsCountsToo() {
    cost = 5_000 * MILLIS;
    broken = true;
    assertThat(route(LONG)).isEqualTo(Result.FAILED);
    assertThat(route(LONG)).isEqualTo(Result.CROWDED);
  }

  @Test
  void eachThreadHasABudgetOfItsOwn() {
    cost = 100 * MILLIS;
    route(150, LONG);
    assertThat(CompletableFuture.supplyAsync(() -> route(LONG)).join()).isEqualTo(Result.DEFAULT);
  }
}
