// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CostTest {
  private static final long MAX_TOKENS = (1L << 53) - 1;

  @Test
  void amountHasTwelveExactDecimalPlaces() {
    assertThat(new Cost("USD", 0, 0).amount()).isEqualTo(new BigDecimal("0.000000000000"));
    assertThat(new Cost("USD", 0, 1).amount()).isEqualTo(new BigDecimal("0.000000000001"));
    assertThat(new Cost("EUR", 7, 999_999_999_999L).amount())
        .isEqualTo(new BigDecimal("7.999999999999"));
    assertThat(new Cost("EUR", Long.MAX_VALUE, 0).amount())
        .isEqualTo(new BigDecimal("9223372036854775807.000000000000"));
  }

  @Test
  void picosCarryIntoUnits() {
    assertThat(new Cost.Sum().add(1, 999_999_999_999L).add(1, 1).in("USD"))
        .isEqualTo(new Cost("USD", 1, 0));
  }

  @Test
  void nothingAddedIsZero() {
    assertThat(new Cost.Sum().in("USD")).isEqualTo(new Cost("USD", 0, 0));
  }

  @Test
  void productBeyondLongStaysExact() {
    // (2^53 - 1) x 10^12 picos = 2^53 - 1 whole units.
    assertThat(new Cost.Sum().add(MAX_TOKENS, Cost.PICOS_PER_UNIT).in("USD"))
        .isEqualTo(new Cost("USD", 9_007_199_254_740_991L, 0));
  }

  @Test
  void sumBeyondLongOfProductsThatFitStaysExact() {
    // Long.MAX_VALUE = 9223372.036854775807 units; one pico more leaves the range of long.
    assertThat(new Cost.Sum().add(1, Long.MAX_VALUE).add(1, 1).in("USD"))
        .isEqualTo(new Cost("USD", 9_223_372, 36_854_775_808L));
    assertThat(new Cost.Sum().add(1, Long.MAX_VALUE).in("USD"))
        .isEqualTo(new Cost("USD", 9_223_372, 36_854_775_807L));
  }

  @Test
  void smallSumsBehindAnOverflowStillCount() {
    assertThat(new Cost.Sum().add(5, 7).add(MAX_TOKENS, Cost.PICOS_PER_UNIT).add(11, 13).in("USD"))
        .isEqualTo(new Cost("USD", MAX_TOKENS, 5 * 7 + 11 * 13));
  }

  @Test
  void productsAroundTheOverflowAgreeWithBigInteger() {
    long seed = System.nanoTime();
    System.out.println("CostTest seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      Cost.Sum sum = new Cost.Sum();
      BigInteger expected = BigInteger.ZERO;
      for (int j = random.nextInt(5); j >= 0; j--) {
        long tokens = random.nextLong() >>> (11 + random.nextInt(53));
        long price = Math.min(random.nextLong() >>> (1 + random.nextInt(63)), 1_000_000_000_000L);
        sum.add(tokens, price);
        expected = expected.add(BigInteger.valueOf(tokens).multiply(BigInteger.valueOf(price)));
      }
      assertThat(sum.in("USD").amount())
          .as("seed %d round %d", seed, i)
          .isEqualTo(new BigDecimal(expected, 12));
    }
  }

  @Test
  void amountOutsideItsRangeIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Cost("USD", -1, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new Cost("USD", 0, -1));
    assertThatIllegalArgumentException().isThrownBy(() -> new Cost("USD", 0, Cost.PICOS_PER_UNIT));
  }
}
