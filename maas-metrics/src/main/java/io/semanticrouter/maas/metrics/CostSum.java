// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.Cost;
import org.jspecify.annotations.Nullable;

/**
 * The exact sum of money of one series in one currency. Thread-safe; the lock is held for two
 * additions.
 */
final class CostSum {
  final MoneyCounter counter;
  final Series series;
  final String currency;

  /** When there was something to add first, in milliseconds since 1970. */
  final long created;

  /** A sum of the same series in another currency, or of another counter. */
  final @Nullable CostSum next;

  /** Where everything is added instead; null when here. */
  private final @Nullable CostSum other;

  private long units; // guarded by this
  private long attos; // guarded by this, 0 to 10^18 - 1

  CostSum(
      MoneyCounter counter,
      Series series,
      String currency,
      long created,
      @Nullable CostSum next,
      @Nullable CostSum other) {
    this.counter = counter;
    this.series = series;
    this.currency = currency;
    this.created = created;
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
    attos -= cost.attos();
    long borrow = 0;
    if (attos < 0) {
      attos += Cost.ATTOS_PER_UNIT;
      borrow = 1;
    }
    units = Math.max(0, units - cost.units() - borrow);
  }

  private synchronized void addHere(Cost cost) {
    attos += cost.attos();
    long carry = 0;
    if (attos >= Cost.ATTOS_PER_UNIT) {
      attos -= Cost.ATTOS_PER_UNIT;
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
    return new Cost(currency, units, attos);
  }

  /** The double nearest to the sum: rounded once, here, and never added up. */
  double value() {
    return total().amount().doubleValue();
  }
}
