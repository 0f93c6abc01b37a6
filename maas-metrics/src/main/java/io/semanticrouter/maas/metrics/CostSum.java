// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.Cost;
import org.jspecify.annotations.Nullable;

/**
 * The exact sum of money of one series in one currency. Thread-safe; the lock is held for two
 * additions.
 */
final class CostSum {
  private static final long EXACT_IN_DOUBLE = 1L << 53;

  final Series series;
  final String currency;

  /** The sum of the same series in another currency. */
  final @Nullable CostSum next;

  /** Where everything is added instead; null when here. */
  private final @Nullable CostSum other;

  private long units; // guarded by this
  private long picos; // guarded by this, 0 to 10^12 - 1

  CostSum(Series series, String currency, @Nullable CostSum next, @Nullable CostSum other) {
    this.series = series;
    this.currency = currency;
    this.next = next;
    this.other = other;
  }

  /**
   * Adds a cost.
   *
   * @param sign -1 to take it off again
   */
  void add(Cost cost, int sign) {
    if (other != null) {
      other.add(cost, sign);
    } else if (sign > 0) {
      addHere(cost);
    } else {
      takeOff(cost);
    }
  }

  /** Whether it is counted in the sum of another series. */
  boolean isElsewhere() {
    return other != null;
  }

  private synchronized void takeOff(Cost cost) {
    picos -= cost.picos();
    long borrow = 0;
    if (picos < 0) {
      picos += Cost.PICOS_PER_UNIT;
      borrow = 1;
    }
    units = Math.max(0, units - cost.units() - borrow);
  }

  private synchronized void addHere(Cost cost) {
    picos += cost.picos();
    long carry = 0;
    if (picos >= Cost.PICOS_PER_UNIT) {
      picos -= Cost.PICOS_PER_UNIT;
      carry = 1;
    }
    units += cost.units() + carry;
    if (units < 0) {
      // More than 9 * 10^18 units. A sum that stands still is wrong; a negative one is wrong and
      // would make the library refuse the whole scrape.
      units = Long.MAX_VALUE;
    }
  }

  synchronized Cost total() {
    return new Cost(currency, units, picos);
  }

  /** The double nearest to the sum: rounded once, here, and never added up. */
  double value() {
    Cost total = total();
    if (total.units() < EXACT_IN_DOUBLE / Cost.PICOS_PER_UNIT) {
      // Both operands are exact, so the quotient is rounded correctly.
      return (double) (total.units() * Cost.PICOS_PER_UNIT + total.picos())
          / (double) Cost.PICOS_PER_UNIT;
    }
    return total.amount().doubleValue();
  }
}
