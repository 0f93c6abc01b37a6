// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import java.util.List;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What one line of a counter shows. Thread-safe. */
final class Point {
  /**
   * Larger amounts are added to a double. Nothing is lost: what is shown is a double anyway, and
   * whole numbers in a double are exact up to 2^53. But a backend that claims 2^53-1 tokens a
   * thousand times cannot turn a long negative, which the library refuses to show, with every other
   * metric of the scrape.
   */
  private static final long LARGE = 1L << 32;

  /** What it is kept with: other series may show the same line. */
  final Series owner;

  final int slot;

  /** The values of all labels. */
  final List<String> labels;

  /** When there was something to add first, in milliseconds since 1970. */
  final long created;

  private final LongAdder sum = new LongAdder();

  /** Null until there is a large amount. */
  private volatile @Nullable DoubleAdder large;

  Point(Series owner, int slot, List<String> labels, long created) {
    this.owner = owner;
    this.slot = slot;
    this.labels = labels;
    this.created = created;
  }

  /** Adds an amount, or takes one off that was added before. */
  void add(long amount) {
    if (amount < LARGE && amount > -LARGE) {
      sum.add(amount);
    } else {
      addLarge((double) amount);
    }
  }

  private void addLarge(double amount) {
    DoubleAdder adder = large;
    if (adder == null) {
      synchronized (this) {
        adder = large;
        if (adder == null) {
          adder = new DoubleAdder();
          large = adder;
        }
      }
    }
    adder.add(amount);
  }

  /** Adds what another one had come to. */
  void add(long ofSum, double ofLarge) {
    sum.add(ofSum);
    if (ofLarge != 0) {
      addLarge(ofLarge);
    }
  }

  long sum() {
    return sum.sum();
  }

  /** What came in large amounts. */
  double large() {
    DoubleAdder adder = large;
    return adder == null ? 0 : adder.sum();
  }

  double value() {
    return sum.sum() + large();
  }
}
