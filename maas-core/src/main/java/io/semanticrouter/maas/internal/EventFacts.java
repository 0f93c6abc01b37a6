// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import org.jspecify.annotations.Nullable;

/**
 * What one document (a JSON body, or the data of one event) says. Filled by {@link JsonScanner}
 * while the document passes, taken over or thrown away when it has ended: a key that comes later
 * can change the meaning of one that came before.
 */
final class EventFacts {
  static final long ABSENT = -1;

  final long[] counts = new long[OpenAi.COUNTS];

  /** Bit i: counts[i] was stated. */
  int present;

  /** Bit i: counts[i] was stated, but what it stood in was stated again. */
  private int stale;

  boolean usageOpened;
  boolean usageClosed;
  boolean malformedUsage;
  boolean duplicateUsage;
  boolean choiceSeen;
  boolean finished;
  boolean error;
  long highestChoice;

  /** The first model name of all documents: it does not change within a response. */
  @Nullable String model;

  void reset() {
    present = 0;
    stale = 0;
    usageOpened = false;
    usageClosed = false;
    malformedUsage = false;
    duplicateUsage = false;
    choiceSeen = false;
    finished = false;
    error = false;
    highestChoice = 0;
  }

  boolean wantsText() {
    return model == null;
  }

  void enter(int id) {
    restate(id);
    switch (id) {
      case OpenAi.USAGE -> {
        usageOpened = true;
        usageClosed = false;
      }
      case OpenAi.CHOICE -> choiceSeen = true;
      default -> {
        // other containers only lead to their members
      }
    }
  }

  void exit(int id) {
    if (id == OpenAi.USAGE) {
      usageClosed = true;
    }
  }

  /** Whether a count was stated twice, differently; known at the end of the document. */
  boolean isContradictory() {
    return duplicateUsage || (stale & ~present) != 0;
  }

  /** A value that is null: nothing by itself, but it takes back what was stated before it. */
  void nothing(int id) {
    restate(id);
  }

  /**
   * A key of that meaning comes. The last of several wins (RFC 8259, 4, as practised), all of it:
   * counts that it does not repeat are not mixed in.
   */
  private void restate(int id) {
    int counts = OpenAi.countsUnder(id);
    stale |= present & counts;
    present &= ~counts;
  }

  void count(int id, long value) {
    if (id >= OpenAi.COUNTS) {
      highestChoice = Math.max(highestChoice, value);
      return;
    }
    int bit = 1 << id;
    if (((present | stale) & bit) != 0 && counts[id] != value) {
      duplicateUsage = true;
    }
    counts[id] = value;
    present |= bit;
  }

  void malformedCount(int id) {
    if (id < OpenAi.COUNTS) {
      malformedUsage = true;
      restate(id);
    }
  }

  void present(int id) {
    if (id == OpenAi.FINISH_REASON) {
      finished = true;
    } else if (id == OpenAi.ERROR) {
      error = true;
    }
  }

  void text(String value) {
    if (!value.isEmpty()) {
      model = value;
    }
  }

  /** A value of another kind than expected, null excepted. */
  void unexpected(Schema expected) {
    if (OpenAi.countsUnder(expected.id) != 0) {
      malformedUsage = true;
      restate(expected.id);
    }
  }
}
