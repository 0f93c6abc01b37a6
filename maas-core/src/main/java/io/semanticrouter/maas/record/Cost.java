// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * Exact money for one exchange: never rounded, never negative. Held as whole currency units and
 * 10<sup>-12</sup> parts, so that sums over millions of exchanges stay exact in integers.
 *
 * @param currency ISO 4217 code, such as {@code USD}
 * @param units whole units, 0 or more
 * @param picos 10<sup>-12</sup> units, 0 to 10<sup>12</sup>−1
 */
public record Cost(String currency, long units, long picos) {
  /** Pico units in one unit. */
  public static final long PICOS_PER_UNIT = 1_000_000_000_000L;

  private static final BigInteger SCALE = BigInteger.valueOf(PICOS_PER_UNIT);

  /**
   * An amount.
   *
   * @throws IllegalArgumentException when a part is out of its range
   */
  public Cost {
    if (units < 0 || picos < 0 || picos >= PICOS_PER_UNIT) {
      throw new IllegalArgumentException(units + " units and " + picos + " picos are no cost");
    }
  }

  /** The amount in currency units with 12 decimal places. */
  public BigDecimal amount() {
    return new BigDecimal(
        BigInteger.valueOf(units).multiply(SCALE).add(BigInteger.valueOf(picos)), 12);
  }

  /** The sum of two costs in one currency. */
  public Cost plus(Cost other) {
    long sum = picos + other.picos;
    long carry = sum >= PICOS_PER_UNIT ? 1 : 0;
    return new Cost(
        currency, Math.addExact(units, other.units) + carry, sum - carry * PICOS_PER_UNIT);
  }

  /** An accumulator for one exchange: Σ tokens × price, in {@code long} until it no longer fits. */
  public static final class Sum {
    private long picos;
    private BigInteger overflow = BigInteger.ZERO;

    /** Nothing so far. */
    public Sum() {}

    /** Adds the price of tokens; returns this. */
    public Sum add(long tokens, long picosPerToken) {
      long high = Math.multiplyHigh(tokens, picosPerToken);
      long low = tokens * picosPerToken;
      if (high == 0 && low >= 0 && picos + low >= 0) {
        picos += low;
      } else {
        overflow =
            overflow.add(BigInteger.valueOf(tokens).multiply(BigInteger.valueOf(picosPerToken)));
      }
      return this;
    }

    /** The sum so far, in a currency. */
    public Cost in(String currency) {
      if (overflow.signum() == 0) {
        return new Cost(currency, picos / PICOS_PER_UNIT, picos % PICOS_PER_UNIT);
      }
      BigInteger[] parts = overflow.add(BigInteger.valueOf(picos)).divideAndRemainder(SCALE);
      return new Cost(currency, parts[0].longValueExact(), parts[1].longValueExact());
    }
  }
}
