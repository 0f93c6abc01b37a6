// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.record.Cost;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ExactSumTest {
  private static final long MOST_ATTOS = Cost.ATTOS_PER_UNIT - 1;

  @Test
  void nothingAddedIsZero() {
    assertThat(new ExactSum().in("USD")).isEqualTo(new Cost("USD", 0, 0));
  }

  @Test
  void attosCarryIntoUnits() {
    ExactSum sum = new ExactSum();
    sum.add(1, 0, MOST_ATTOS);
    sum.add(1, 0, 1);
    assertThat(sum.in("USD")).isEqualTo(new Cost("USD", 1, 0));
  }

  @Test
  void sixteenOfTheGreatestProductsStayExact() {
    ExactSum sum = new ExactSum();
    for (int i = 0; i < 8; i++) {
      sum.add(Long.MAX_VALUE / 16, 0, MOST_ATTOS);
      sum.add(Long.MAX_VALUE / 16, 0, MOST_ATTOS);
    }
    BigInteger expected =
        BigInteger.valueOf(Long.MAX_VALUE / 16)
            .multiply(BigInteger.valueOf(MOST_ATTOS))
            .multiply(BigInteger.valueOf(16));
    assertThat(sum.in("USD").amount()).isEqualTo(new BigDecimal(expected, Cost.SCALE));
  }

  @Test
  void moreUnitsThanFitAreRefusedAndNotWrapped() {
    assertThatThrownBy(() -> new ExactSum().add(Long.MAX_VALUE, 2, 0))
        .isInstanceOf(ArithmeticException.class);
    ExactSum sum = new ExactSum();
    sum.add(Long.MAX_VALUE, 1, 0);
    sum.add(2, 0, MOST_ATTOS);
    assertThatThrownBy(() -> sum.in("USD")).isInstanceOf(ArithmeticException.class);
  }

  @Test
  void randomSumsAgreeWithBigInteger() {
    long seed = System.nanoTime();
    System.out.println("ExactSumTest seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      ExactSum sum = new ExactSum();
      BigDecimal expected = BigDecimal.ZERO;
      for (int j = random.nextInt(16); j >= 0; j--) {
        long count = random.nextLong() >>> (11 + random.nextInt(53));
        long units = random.nextInt(3) == 0 ? random.nextInt(50) : 0;
        long attos = (random.nextLong() >>> (1 + random.nextInt(63))) % Cost.ATTOS_PER_UNIT;
        sum.add(count, units, attos);
        BigDecimal each = new Cost("USD", units, attos).amount();
        expected = expected.add(each.multiply(BigDecimal.valueOf(count)));
      }
      assertThat(sum.in("USD").amount())
          .as("seed %d round %d", seed, i)
          .isEqualByComparingTo(expected);
    }
  }
}
