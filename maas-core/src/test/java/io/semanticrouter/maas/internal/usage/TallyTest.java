// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.json.Counts;
import org.junit.jupiter.api.Test;

class TallyTest {
  private final Tally tally = new Tally();

  @Test
  void anythingNotedLeavesATraceUntilTheReset() {
    assertThat(tally.isPristine()).isTrue();
    tally.put(Slots.INPUT, 0);
    assertThat(tally.isPristine()).as("a count").isFalse();
    tally.restate(Slots.bit(Slots.INPUT));
    assertThat(tally.isEmpty()).isTrue();
    assertThat(tally.isPristine()).as("a count that was taken back").isFalse();
    tally.reset();
    assertThat(tally.isPristine()).isTrue();
    tally.open();
    assertThat(tally.isPristine()).as("an object").isFalse();
    tally.reset();
    tally.malformed(0);
    assertThat(tally.isPristine()).as("a value that is no count").isFalse();
    tally.reset();
    assertThat(tally.isPristine()).isTrue();
    assertThat(tally.isMalformed()).isFalse();
    assertThat(tally.isContradictory()).isFalse();
    assertThat(tally.isClosed()).isFalse();
  }

  @Test
  void countThatWasTakenBackStillContradictsAnother() {
    tally.put(Slots.INPUT, 1);
    tally.restate(Slots.bit(Slots.INPUT));
    assertThat(tally.isContradictory()).isTrue();
    tally.put(Slots.INPUT, 1);
    assertThat(tally.isContradictory()).as("stated again, the same").isFalse();
    tally.put(Slots.INPUT, 2);
    assertThat(tally.isContradictory()).isTrue();
  }

  @Test
  void valueThatIsNoCountTakesBackTheOneBefore() {
    tally.put(Slots.INPUT, 1);
    tally.put(Slots.OUTPUT, 2);
    tally.malformed(Slots.bit(Slots.INPUT));
    assertThat(tally.isMalformed()).isTrue();
    assertThat(tally.get(Slots.INPUT)).isEqualTo(Tally.ABSENT);
    assertThat(tally.orZero(Slots.INPUT)).isZero();
    assertThat(tally.get(Slots.OUTPUT)).isEqualTo(2);
  }

  @Test
  void firstAndLargestAndZeroLookOnlyAtWhatWasStated() {
    assertThat(tally.isZero()).isTrue();
    assertThat(tally.max()).isZero();
    assertThat(tally.first(Slots.INPUT, Slots.TOTAL)).isEqualTo(Tally.ABSENT);
    tally.put(Slots.TOTAL, 9);
    tally.put(Slots.OUTPUT, 4);
    tally.put(Slots.COST_TICKS, 0);
    assertThat(tally.isZero()).isFalse();
    assertThat(tally.max()).isEqualTo(9);
    assertThat(tally.first(Slots.INPUT, Slots.TOTAL)).isEqualTo(4);
    assertThat(tally.first(Slots.INPUT, Slots.INPUT)).isEqualTo(Tally.ABSENT);
    assertThat(tally.first(Slots.TOTAL, Slots.TOTAL)).isEqualTo(9);
    tally.remove(Slots.TOTAL);
    tally.remove(Slots.OUTPUT);
    assertThat(tally.isZero()).isTrue();
    assertThat(tally.max()).isZero();
  }

  @Test
  void mergingTakesEveryCountThatWasStatedAndKeepsTheRest() {
    Tally other = new Tally();
    for (int slot = 0; slot < Slots.COUNT; slot++) {
      tally.put(slot, slot);
      if (slot % 2 == 0) {
        other.put(slot, 100 + slot);
      }
    }
    tally.merge(other);
    for (int slot = 0; slot < Slots.COUNT; slot++) {
      assertThat(tally.get(slot)).isEqualTo(slot % 2 == 0 ? 100 + slot : slot);
    }
  }

  @Test
  void sumsBeginAtZeroAndEndWhereCountsEnd() {
    tally.add(Slots.INPUT, 3);
    tally.add(Slots.INPUT, 4);
    assertThat(tally.get(Slots.INPUT)).isEqualTo(7);
    tally.add(Slots.INPUT, Counts.MAX);
    assertThat(tally.get(Slots.INPUT)).isEqualTo(Counts.MAX);
    tally.remove(Slots.INPUT);
    tally.add(Slots.INPUT, 1);
    assertThat(tally.get(Slots.INPUT)).as("what was removed is gone").isEqualTo(1);
  }
}
