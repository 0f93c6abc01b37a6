// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * Exact money for one exchange: never rounded, never negative. Held as whole currency units and
 * 10<sup>-18</sup> parts, so that sums over millions of exchanges stay exact in integers.
 *
 * @param currency ISO 4217 code, such as {@code USD}
 * @param units whole units, 0 or more
 * @param attos 10<sup>-18</sup> units, 0 to 10<sup>18</sup>−1
 */
public record Cost(String currency, long units, long attos) {
  /** Decimal places of an amount. */
  public static final int SCALE = 18;

  /** Atto units in one unit. */
  public static final long ATTOS_PER_UNIT = 1_000_000_000_000_000_000L;

  /**
   * An amount.
   *
   * @throws IllegalArgumentException when a part is out of its range
   */
  public Cost {
    if (units < 0 || attos < 0 || attos >= ATTOS_PER_UNIT) {
      throw new IllegalArgumentException(units + " units and " + attos + " attos are no cost");
    }
  }

  /** The amount in currency units with {@value #SCALE} decimal places. */
  public BigDecimal amount() {
    return new BigDecimal(
        BigInteger.valueOf(units)
            .multiply(BigInteger.valueOf(ATTOS_PER_UNIT))
            .add(BigInteger.valueOf(attos)),
        SCALE);
  }

  /**
   * The sum of two costs in one currency.
   *
   * @throws ArithmeticException when it has more than 2<sup>63</sup>−1 whole units
   */
  public Cost plus(Cost other) {
    long sum = attos + other.attos;
    long carry = sum >= ATTOS_PER_UNIT ? 1 : 0;
    return new Cost(
        currency,
        Math.addExact(Math.addExact(units, other.units), carry),
        sum - carry * ATTOS_PER_UNIT);
  }
}
