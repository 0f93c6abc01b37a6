// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.framing;

import io.semanticrouter.maas.internal.bytes.CutLines;

/**
 * Splits a server-sent event stream into the data of its events, byte by byte and without keeping
 * any ({@link CutLines} does, for speed): line feeds, carriage returns and both, comments, several
 * data lines per event, with or without the space behind the colon.
 *
 * <p>Source: WHATWG HTML, 9.2.6 "Interpreting an event stream". One deliberate difference: an event
 * without the blank line behind it at the end of the stream is dispatched, not dropped; the reader
 * must know, since the last event is often the one with the usage. Not thread-safe.
 */
public final class SseFraming {
  /** Takes the data of events. */
  public interface Data {
    /**
     * Takes data up to the end of the line.
     *
     * @return the index of the line end, or {@code to} when the data goes on in the next chunk
     */
    int data(byte[] b, int from, int to);

    /** Between two data lines of one event. */
    void nextLine();

    /** The event has ended. */
    void dispatch();
  }

  private enum Line {
    START,
    FIELD_NAME,
    FIRST_SPACE,
    DATA,
    IGNORED
  }

  private static final byte[] DATA = {'d', 'a', 't', 'a'};

  private final Data data;
  private Line line = Line.START;
  private int matched;
  private boolean skipLineFeed;
  private boolean eventHasData;

  public SseFraming(Data data) {
    this.data = data;
  }

  public void feed(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      byte c = b[i];
      switch (line) {
        case START -> {
          if (c == DATA[0] && isDataField(b, i, to)) {
            skipLineFeed = false;
            i += DATA.length + 2;
            beginData();
          } else if (skipLineFeed && c == '\n') {
            skipLineFeed = false;
            i++;
          } else if (isLineEnd(c)) {
            dispatch();
            i = endLine(c, i);
          } else {
            skipLineFeed = false;
            matched = 0;
            line = Line.FIELD_NAME;
          }
        }
        case FIELD_NAME -> {
          if (matched < DATA.length && c == DATA[matched]) {
            matched++;
            i++;
          } else if (matched == DATA.length && c == ':') {
            i++;
            line = Line.FIRST_SPACE;
          } else if (matched == DATA.length && isLineEnd(c)) {
            beginData();
            i = endLine(c, i);
          } else {
            line = Line.IGNORED;
          }
        }
        case FIRST_SPACE -> {
          if (c == ' ') {
            i++;
          }
          beginData();
        }
        case DATA -> {
          i = data.data(b, i, to);
          if (i < to) {
            i = endLine(b[i], i);
          }
        }
        case IGNORED -> {
          while (i < to && !isLineEnd(b[i])) {
            i++;
          }
          if (i < to) {
            i = endLine(b[i], i);
          }
        }
      }
    }
  }

  /**
   * The stream has ended.
   *
   * @return whether an event was pending that no blank line had ended
   */
  public boolean end() {
    boolean pending = eventHasData;
    dispatch();
    return pending;
  }

  private void beginData() {
    if (eventHasData) {
      data.nextLine();
    }
    eventHasData = true;
    line = Line.DATA;
  }

  private void dispatch() {
    if (eventHasData) {
      eventHasData = false;
      data.dispatch();
    }
  }

  private int endLine(byte c, int i) {
    skipLineFeed = c == '\r';
    line = Line.START;
    return i + 1;
  }

  /** Whether a line begins as those with data usually do, and all of it lies in this chunk. */
  private static boolean isDataField(byte[] b, int i, int to) {
    return i + DATA.length + 2 <= to
        && b[i + 1] == 'a'
        && b[i + 2] == 't'
        && b[i + 3] == 'a'
        && b[i + 4] == ':'
        && b[i + 5] == ' ';
  }

  private static boolean isLineEnd(byte c) {
    return c == '\n' || c == '\r';
  }
}
