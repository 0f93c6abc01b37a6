// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Cuts a stream into lines, of which it keeps one. Not thread-safe. */
final class Lines implements AutoCloseable {
  private final InputStream in;
  private byte[] buffer = new byte[1 << 16];
  private int start;
  private int from;
  private int scanned;
  private int filled;
  private int end;
  private long number;
  private long offset;
  private boolean terminated;
  private boolean tooLong;

  Lines(InputStream in) {
    this.in = in;
  }

  /** Goes on to the next line; false at the end. */
  boolean next() throws IOException {
    tooLong = false;
    while (true) {
      while (scanned < filled) {
        if (buffer[scanned++] == '\n') {
          return take(scanned - 1, true);
        }
      }
      if (scanned - from > LineWriter.MAX_LINE) {
        tooLong = true; // and goes on to its end
        offset += scanned - from;
        from = scanned;
      }
      if (!fill()) {
        return (from < filled || tooLong) && take(filled, false);
      }
    }
  }

  private boolean take(int lineEnd, boolean withNewline) {
    terminated = withNewline;
    number++;
    start = from;
    end = lineEnd;
    offset += scanned - from;
    from = scanned;
    return true;
  }

  /** Reads on where the stream had ended, in the middle of this line. */
  void more() throws IOException {
    offset -= end - start;
    from = start;
    number--;
    boolean unused = next();
  }

  private boolean fill() throws IOException {
    if (from > 0) {
      System.arraycopy(buffer, from, buffer, 0, filled - from);
      filled -= from;
      scanned -= from;
      from = 0;
    }
    if (filled == buffer.length) {
      buffer = Arrays.copyOf(buffer, 2 * buffer.length);
    }
    int count = in.read(buffer, filled, buffer.length - filled);
    filled += Math.max(0, count);
    return count > 0;
  }

  byte[] bytes() {
    return buffer;
  }

  int start() {
    return start;
  }

  /** Behind the last byte of the line, without the newline. */
  int end() {
    return end;
  }

  /** From 1. */
  long number() {
    return number;
  }

  /** Bytes up to the end of this line, with its newline. */
  long offset() {
    return offset;
  }

  boolean isTerminated() {
    return terminated;
  }

  /** Whether it is longer than lines are; then only its end is there. */
  boolean isTooLong() {
    return tooLong;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
