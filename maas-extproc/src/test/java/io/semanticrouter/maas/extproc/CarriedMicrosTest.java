// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Cost;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CarriedMicrosTest {
  private static final long NANO = 1_000_000_000L;
  private final CarriedMicros micros = new CarriedMicros();

  @Test
  void aThousandCostsBelowHalfAMicroAddUp() {
    long sum = 0;
    for (int i = 0; i < 1_000; i++) {
      sum += micros.take("alice", new Cost("USD", 0, 400 * NANO));
    }
    assertThat(sum).isEqualTo(400);
  }

  @Test
  void theFirstCostOfAUserIsRoundedHalfUp() {
    assertThat(micros.take("a", new Cost("USD", 0, 499 * NANO))).isZero();
    assertThat(micros.take("b", new Cost("USD", 0, 500 * NANO))).isEqualTo(1);
    assertThat(micros.take("c", new Cost("USD", 2, 1_499 * NANO))).isEqualTo(2_000_001);
  }

  @Test
  void eachUserAndCurrencyHasARemainderOfItsOwn() {
    assertThat(micros.take("a", new Cost("USD", 0, 400 * NANO))).isZero();
    assertThat(micros.take("b", new Cost("USD", 0, 400 * NANO))).isZero();
    assertThat(micros.take("a", new Cost("EUR", 0, 400 * NANO))).isZero();
    assertThat(micros.take("a", new Cost("USD", 0, 400 * NANO))).isEqualTo(1);
  }

  /** Whatever comes in between, and however often a cost turns out to be another one. */
  @Test
  void sumsOfRandomUsersAreTheExactSumsRounded() {
    long seed = Long.getLong("maas.seed", System.nanoTime());
    Random random = new Random(seed);
    Map<String, BigDecimal> exact = new HashMap<>();
    Map<String, Long> sums = new HashMap<>();
    for (int i = 0; i < 20_000; i++) {
      String user = "user" + random.nextInt(5);
      Cost cost = cost(random);
      long taken = micros.take(user, cost);
      if (random.nextInt(4) == 0) {
        String other = "user" + random.nextInt(5);
        Cost meanwhile = cost(random);
        sums.merge(other, micros.take(other, meanwhile), Long::sum);
        exact.merge(other, meanwhile.amount(), BigDecimal::add);
        micros.takeBack(user, cost, taken);
        cost = cost(random);
        taken = micros.take(user, cost);
      }
      assertThat(taken).as("seed %d", seed).isNotNegative();
      sums.merge(user, taken, Long::sum);
      exact.merge(user, cost.amount(), BigDecimal::add);
      // A micro-unit that was taken before it was given back can be owed until the next exchange.
      BigDecimal owed = exact.getOrDefault(user, BigDecimal.ZERO).movePointRight(6);
      assertThat(owed.subtract(BigDecimal.valueOf(sums.getOrDefault(user, 0L))))
          .as("seed %d", seed)
          .isBetween(BigDecimal.valueOf(-1.5), BigDecimal.valueOf(0.5));
    }
    exact.forEach(
        (user, amount) -> {
          sums.merge(user, micros.take(user, new Cost("USD", 1, 0)), Long::sum);
          assertThat(sums)
              .as("seed %d", seed)
              .containsEntry(
                  user,
                  amount
                      .add(BigDecimal.ONE)
                      .movePointRight(6)
                      .setScale(0, RoundingMode.HALF_UP)
                      .longValueExact());
        });
  }

  private static Cost cost(Random random) {
    return new Cost("USD", 0, random.nextLong(3_000) * NANO + random.nextLong(3));
  }

  @Test
  void onlyTheUsersWhoCameLastAreKnown() {
    micros.take("first", new Cost("USD", 0, 400 * NANO));
    for (int i = 0; i < CarriedMicros.MAX_USERS - 1; i++) {
      micros.take("user" + i, new Cost("USD", 0, 400 * NANO));
    }
    assertThat(micros.take("first", new Cost("USD", 0, 400 * NANO))).isEqualTo(1);
    // user0 came before all others now, and goes for this one.
    micros.take("one more", new Cost("USD", 0, 400 * NANO));
    assertThat(micros.take("user0", new Cost("USD", 0, 400 * NANO))).isZero();
    assertThat(micros.take("user2", new Cost("USD", 0, 400 * NANO))).isEqualTo(1);
  }
}
