// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.json.Counts;

/**
 * Counts as they were stated: each with the knowledge whether it was. One usage object of one
 * document, or what the documents of a body came to. Not thread-safe.
 */
final class Tally {
  static final long ABSENT = -1;

  private final long[] counts = new long[Slots.COUNT];

  /** Bit i: counts[i] was stated. */
  private long present;

  /** Bit i: counts[i] was stated, but what it stood in was stated again. */
  private long stale;

  private boolean opened;
  private boolean closed;
  private boolean malformed;
  private boolean duplicate;

  void reset() {
    present = 0;
    stale = 0;
    opened = false;
    closed = false;
    malformed = false;
    duplicate = false;
  }

  /** Whether nothing at all has been noted since the reset. */
  boolean isPristine() {
    return (present | stale) == 0 && !opened && !malformed && !duplicate;
  }

  void open() {
    opened = true;
    closed = false;
  }

  void close() {
    closed = true;
  }

  /** Whether the object with the counts has ended, so that none of them is a part of a number. */
  boolean isClosed() {
    return closed;
  }

  void put(int slot, long value) {
    long bit = Slots.bit(slot);
    if (((present | stale) & bit) != 0 && counts[slot] != value) {
      duplicate = true;
    }
    counts[slot] = value;
    present |= bit;
  }

  /** Adds to a count that several elements of one array make up. */
  void add(int slot, long value) {
    counts[slot] = Math.min(Counts.MAX, (has(slot) ? counts[slot] : 0) + value);
    present |= Slots.bit(slot);
  }

  /** Takes a count as it is, whatever stood there. */
  void set(int slot, long value) {
    counts[slot] = value;
    present |= Slots.bit(slot);
  }

  void remove(int slot) {
    present &= ~Slots.bit(slot);
  }

  /**
   * A key comes under which these counts stand. The last of several wins (RFC 8259, 4, as
   * practised), all of it: counts that it does not repeat are not mixed in.
   */
  void restate(long slots) {
    stale |= present & slots;
    present &= ~slots;
  }

  void malformed(long slots) {
    malformed = true;
    restate(slots);
  }

  boolean isMalformed() {
    return malformed;
  }

  /** Whether a count was stated twice, differently; known at the end of the document. */
  boolean isContradictory() {
    return duplicate || (stale & ~present) != 0;
  }

  boolean isEmpty() {
    return present == 0;
  }

  /** The slots that were stated, as bits. */
  long slots() {
    return present;
  }

  boolean has(int slot) {
    return (present & Slots.bit(slot)) != 0;
  }

  /** The count, or {@link #ABSENT}. */
  long get(int slot) {
    return has(slot) ? counts[slot] : ABSENT;
  }

  /** The count, or 0. */
  long orZero(int slot) {
    return has(slot) ? counts[slot] : 0;
  }

  /** The first of these slots that was stated, or {@link #ABSENT}. */
  long first(int from, int to) {
    for (int slot = from; slot <= to; slot++) {
      if (has(slot)) {
        return counts[slot];
      }
    }
    return ABSENT;
  }

  /**
   * The first of these slots that was stated and is not 0, else 0 when one was stated, else {@link
   * #ABSENT}: several names of one count, of which some are only filled in.
   */
  long firstFilled(int from, int to) {
    long first = ABSENT;
    for (int slot = from; slot <= to && first <= 0; slot++) {
      first = Math.max(first, get(slot));
    }
    return first;
  }

  boolean isZero() {
    for (long rest = present; rest != 0; rest &= rest - 1) {
      if (counts[Long.numberOfTrailingZeros(rest)] != 0) {
        return false;
      }
    }
    return true;
  }

  /** Takes over what another one states; what it does not state stays. */
  void merge(Tally other) {
    merge(other, ~0L);
  }

  /** Takes over what another one states in these slots; what it does not state stays. */
  void merge(Tally other, long slots) {
    long taken = other.present & slots;
    for (long rest = taken; rest != 0; rest &= rest - 1) {
      int slot = Long.numberOfTrailingZeros(rest);
      counts[slot] = other.counts[slot];
    }
    present |= taken;
  }

  /** Adds what another one states. */
  void addAll(Tally other) {
    for (long rest = other.present; rest != 0; rest &= rest - 1) {
      int slot = Long.numberOfTrailingZeros(rest);
      add(slot, other.counts[slot]);
    }
  }

  /** The slots that another one states as 0, and this one as more. */
  long zeroedBy(Tally other) {
    long zeroed = 0;
    for (long rest = present & other.present; rest != 0; rest &= rest - 1) {
      int slot = Long.numberOfTrailingZeros(rest);
      if (other.counts[slot] == 0 && counts[slot] > 0) {
        zeroed |= Slots.bit(slot);
      }
    }
    return zeroed;
  }

  /** The largest count. */
  long max() {
    long max = 0;
    for (long rest = present; rest != 0; rest &= rest - 1) {
      max = Math.max(max, counts[Long.numberOfTrailingZeros(rest)]);
    }
    return max;
  }
}
