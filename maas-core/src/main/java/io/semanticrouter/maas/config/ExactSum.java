// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.record.Cost;
import java.math.BigInteger;

/** Σ counts × prices of one exchange, in whole units and 128 bits of atto units. */
final class ExactSum {
  private long units;

  /** The upper half of the atto units; never negative. */
  private long high;

  /** The lower half of the atto units, unsigned. */
  private long low;

  /**
   * Adds the price of so many.
   *
   * @param count 0 to 2<sup>63</sup>−1
   * @param unitsEach whole units, 0 or more
   * @param attosEach 0 to 10<sup>18</sup>−1: sixteen products of these fit into 127 bits
   * @throws ArithmeticException when there are more than 2<sup>63</sup>−1 whole units
   */
  void add(long count, long unitsEach, long attosEach) {
    if (unitsEach != 0) {
      units = Math.addExact(units, Math.multiplyExact(count, unitsEach));
    }
    long product = count * attosEach;
    low += product;
    high += Math.multiplyHigh(count, attosEach) + (Long.compareUnsigned(low, product) < 0 ? 1 : 0);
  }

  /**
   * The sum so far, in a currency.
   *
   * @throws ArithmeticException when it has more than 2<sup>63</sup>−1 whole units
   */
  Cost in(String currency) {
    if (high == 0 && low >= 0) {
      return new Cost(
          currency, Math.addExact(units, low / Cost.ATTOS_PER_UNIT), low % Cost.ATTOS_PER_UNIT);
    }
    BigInteger[] parts =
        BigInteger.valueOf(high)
            .shiftLeft(64)
            .add(new BigInteger(Long.toUnsignedString(low)))
            .divideAndRemainder(BigInteger.valueOf(Cost.ATTOS_PER_UNIT));
    return new Cost(
        currency, Math.addExact(units, parts[0].longValueExact()), parts[1].longValueExact());
  }
}
