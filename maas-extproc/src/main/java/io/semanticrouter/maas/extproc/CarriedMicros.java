// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.record.Cost;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Costs in whole micro-units, for what only adds integers: what one exchange of a user leaves of a
 * micro-unit goes into the next one of the same user. So the sum over any number of exchanges is
 * the exact sum, rounded: at most half a micro-unit off.
 *
 * <p>It knows the {@value #MAX_USERS} users who came last. One who was forgotten begins anew, as
 * after a restart, which is at most half a micro-unit more. Thread-safe.
 */
final class CarriedMicros {
  static final int MAX_USERS = 10_000;

  private static final long ATTOS_PER_MICRO = 1_000_000_000_000L;
  static final long MICROS_PER_UNIT = 1_000_000;

  /** Whose remainder it is. */
  private record Account(String user, String currency) {}

  /** In attos; from half a micro-unit on, so that sums are rounded half up. Guarded by itself. */
  private final Map<Account, long[]> remainders =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Account, long[]> eldest) {
          return size() > MAX_USERS;
        }
      };

  /**
   * The micro-units of a cost, with what was left before.
   *
   * @param cost of less than 2<sup>63</sup> micro-units
   */
  long take(String user, Cost cost) {
    long whole = whole(cost);
    synchronized (remainders) {
      long[] remainder = remainder(user, cost);
      long sum = remainder[0] + cost.attos() % ATTOS_PER_MICRO;
      long carried = Math.max(-whole, Math.floorDiv(sum, ATTOS_PER_MICRO));
      remainder[0] = sum - carried * ATTOS_PER_MICRO;
      return whole + carried;
    }
  }

  /** Undoes {@link #take}, because the exchange turned out to cost something else. */
  void takeBack(String user, Cost cost, long taken) {
    synchronized (remainders) {
      remainder(user, cost)[0] +=
          (taken - whole(cost)) * ATTOS_PER_MICRO - cost.attos() % ATTOS_PER_MICRO;
    }
  }

  private long[] remainder(String user, Cost cost) {
    return remainders.computeIfAbsent(
        new Account(user, cost.currency()), account -> new long[] {ATTOS_PER_MICRO / 2});
  }

  private static long whole(Cost cost) {
    return cost.units() * MICROS_PER_UNIT + cost.attos() / ATTOS_PER_MICRO;
  }
}
