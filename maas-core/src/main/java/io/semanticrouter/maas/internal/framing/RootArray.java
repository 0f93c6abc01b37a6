// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.framing;

/**
 * What stands between documents that are the elements of one array at the root of a body, as Gemini
 * streams them without {@code alt=sse}. A body that is no array has nothing of that. Not
 * thread-safe.
 */
public final class RootArray {
  private enum State {
    /** No array so far. */
    NONE,
    /** Behind "[": an element or the end. */
    FIRST,
    /** At or behind an element: a comma or the end. */
    ELEMENT,
    /** Behind a comma: an element. */
    NEXT,
    CLOSED,
    /** Something stood there that cannot: what follows cannot be told apart. */
    BROKEN
  }

  private State state = State.NONE;

  /** Whether there is an array, and its end has not been seen. */
  public boolean isOpen() {
    return state != State.NONE && state != State.CLOSED && state != State.BROKEN;
  }

  public boolean isClosed() {
    return state == State.CLOSED;
  }

  public boolean isBroken() {
    return state == State.BROKEN;
  }

  /**
   * Reads up to the next document.
   *
   * @param beginning whether no document has been read yet, so that an array can begin
   * @return the index of the first byte of a document, or {@code to}
   */
  public int read(byte[] b, int from, int to, boolean beginning) {
    for (int i = from; i < to; i++) {
      byte c = b[i];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        continue;
      }
      switch (state) {
        case NONE -> {
          if (c != '[' || !beginning) {
            return i;
          }
          state = State.FIRST;
        }
        case FIRST, NEXT -> {
          if (c != ']' || state == State.NEXT) {
            state = State.ELEMENT;
            return i;
          }
          state = State.CLOSED;
        }
        case ELEMENT -> state = c == ',' ? State.NEXT : c == ']' ? State.CLOSED : State.BROKEN;
        case CLOSED -> state = State.BROKEN;
        case BROKEN -> {
          return i;
        }
      }
    }
    return to;
  }
}
