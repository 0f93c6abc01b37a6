// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import java.util.Arrays;

/**
 * Puts lines together that chunks have cut, as far as they are short: a whole line is read much
 * faster than its pieces, the smaller the more. A line that is too long is handed on as it comes.
 * What is held back never reaches beyond the line it belongs to. Not thread-safe.
 */
final class CutLines {
  /** Longer than most events that carry a token or few. */
  static final int MAX_BYTES = 512;

  private static final int FIRST_BYTES = 128;
  private static final byte[] NOTHING = {};

  private final ByteSink lines;

  /** Made when a line is cut, as large as needed: most gateways see one event a chunk. */
  private byte[] held = NOTHING;

  private int length;

  CutLines(ByteSink lines) {
    this.lines = lines;
  }

  void feed(byte[] b, int from, int to) {
    int i = length;
    byte[] line = held;
    if (to - from == 1 && i < line.length - 1 && (b[from] & 0xFF) > '\r') {
      // Streams that come byte by byte get here for most of them.
      line[i] = b[from];
      length = i + 1;
    } else {
      any(b, from, to);
    }
  }

  private void any(byte[] b, int from, int to) {
    if (length > 0) {
      complete(b, from, to);
    } else {
      begin(b, from, to);
    }
  }

  private void complete(byte[] b, int from, int to) {
    int fits = Math.min(to, from + MAX_BYTES - length);
    int end = StringBytes.lineEnd(b, from, fits);
    if (end == fits && fits < to) {
      flush();
      lines.accept(b, from, to);
      return;
    }
    int behind = end < fits ? end + 1 : end;
    hold(b, from, behind);
    if (behind > end || length == MAX_BYTES) {
      flush();
      begin(b, behind, to);
    }
  }

  /** Hands on what is held: nothing more will come. */
  void flush() {
    if (length > 0) {
      int whole = length;
      length = 0;
      lines.accept(held, 0, whole);
    }
  }

  private void begin(byte[] b, int from, int to) {
    int first = Math.max(from, to - MAX_BYTES + 1);
    int behind = StringBytes.behindLineEnd(b, first, to);
    int whole = behind == first && first > from ? to : behind;
    if (from < whole) {
      lines.accept(b, from, whole);
    }
    if (whole < to) {
      hold(b, whole, to);
    }
  }

  private void hold(byte[] b, int from, int to) {
    int needed = length + to - from;
    if (needed > held.length) {
      held = Arrays.copyOf(held, Math.min(MAX_BYTES, Math.max(FIRST_BYTES, 2 * needed)));
    }
    System.arraycopy(b, from, held, length, to - from);
    length += to - from;
  }
}
