// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.json;

import io.semanticrouter.maas.internal.bytes.StringBytes;

/**
 * An object or array that is passed over: only its strings and brackets are followed, to find its
 * end. Constant memory at any depth. Not thread-safe.
 */
public final class SkippedValue {
  private enum State {
    STRUCTURE,
    STRING,
    ESCAPE,
    CLOSED,
    MALFORMED
  }

  private final boolean lineEndStops;
  private State state = State.CLOSED;
  private long depth;

  /** Bit n: the bracket at depth n is a "["; deeper ones are only counted. */
  private long arrays;

  public SkippedValue(boolean lineEndStops) {
    this.lineEndStops = lineEndStops;
  }

  /** Begins behind the opening bracket. */
  public void begin(boolean array) {
    depth = 0;
    arrays = 0;
    state = State.STRUCTURE;
    open(array);
  }

  public boolean isClosed() {
    return state == State.CLOSED;
  }

  public boolean isMalformed() {
    return state == State.MALFORMED;
  }

  public boolean isInString() {
    return state == State.STRING;
  }

  public boolean isInEscape() {
    return state == State.ESCAPE;
  }

  /** Where it is, for {@link #restore}; not within an escape. The sign says "in a string". */
  public long position() {
    return state == State.STRING ? ~depth : depth;
  }

  /** The brackets that are open. */
  public long arrays() {
    return arrays;
  }

  /** Goes where another value with the same beginning was. */
  public void restore(long position, long openBrackets) {
    state = position < 0 ? State.STRING : position == 0 ? State.CLOSED : State.STRUCTURE;
    depth = position < 0 ? ~position : position;
    arrays = openBrackets;
  }

  /** Joins two lines: a line feed, which can be the character that an escape takes with it. */
  public void lineFeed() {
    if (state == State.ESCAPE) {
      state = State.STRING;
    }
  }

  /**
   * Reads on.
   *
   * @return the index of the first byte not read: behind the closing bracket, at a line end (if
   *     those stop), at a bracket that does not match, or {@code to}
   */
  public int feed(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      switch (state) {
        case STRUCTURE -> i = structure(b, i, to);
        case STRING -> i = string(b, i, to);
        case ESCAPE -> {
          if (!(lineEndStops && StringBytes.isLineEnd(b[i]))) {
            state = State.STRING;
            i++;
          }
        }
        case CLOSED, MALFORMED -> {
          return i;
        }
      }
      if (lineEndStops && i < to && StringBytes.isLineEnd(b[i])) {
        return i;
      }
    }
    return i;
  }

  private int structure(byte[] b, int from, int to) {
    for (int i = from; i < to; i++) {
      byte c = b[i];
      switch (c) {
        case '"' -> {
          int end = StringBytes.closingQuote(b, i + 1, to);
          if (end < 0) {
            state = State.STRING;
            return i + 1;
          }
          i = end;
        }
        case '{' -> open(false);
        case '[' -> open(true);
        case '}', ']' -> {
          depth--;
          if (depth < Long.SIZE && ((arrays >>> depth) & 1) != (c == ']' ? 1 : 0)) {
            state = State.MALFORMED;
            return i;
          }
          if (depth == 0) {
            state = State.CLOSED;
            return i + 1;
          }
        }
        case '\n', '\r' -> {
          if (lineEndStops) {
            return i;
          }
        }
        default -> i = StringBytes.structure(b, i + 1, to) - 1;
      }
    }
    return to;
  }

  private void open(boolean array) {
    if (depth < Long.SIZE) {
      long bit = 1L << depth;
      arrays = array ? arrays | bit : arrays & ~bit;
    }
    depth++;
  }

  private int string(byte[] b, int from, int to) {
    int end = StringBytes.farStop(b, from, to);
    if (end == to) {
      return to;
    }
    switch (b[end]) {
      case '"' -> state = State.STRUCTURE;
      case '\\' -> state = State.ESCAPE;
      default -> {
        if (lineEndStops) {
          return end;
        }
      }
    }
    return end + 1;
  }
}
