// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Searches the inside of JSON strings eight bytes at a time: that is where bodies are long. */
final class StringBytes {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGHS = 0x8080808080808080L;
  private static final long QUOTES = ONES * '"';
  private static final long BACKSLASHES = ONES * '\\';
  private static final long SPACES = ONES * ' ';

  private StringBytes() {}

  /** The first quote, backslash or line end; {@code to} if there is none. */
  static int stop(byte[] b, int from, int to) {
    int i = from;
    for (; i + Long.BYTES <= to; i += Long.BYTES) {
      long word = (long) LONGS.get(b, i);
      long quote = word ^ QUOTES;
      long backslash = word ^ BACKSLASHES;
      // Bytes that are zero or below 0x20 get their high bit. A borrow can add false hits, but only
      // above a true one, so that the lowest is true.
      long hits =
          ((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) | ((word - SPACES) & ~word);
      if ((hits & HIGHS) != 0) {
        i += Long.numberOfTrailingZeros(hits & HIGHS) >>> 3;
        break;
      }
    }
    for (; i < to; i++) {
      byte c = b[i];
      if (c == '"' || c == '\\' || isLineEnd(c)) {
        return i;
      }
    }
    return to;
  }

  /**
   * The quote that closes the string, escapes passed over; -1 if it is not in this chunk's line.
   */
  static int closingQuote(byte[] b, int from, int to) {
    int i = stop(b, from, to);
    while (i + 1 < to && b[i] == '\\' && !isLineEnd(b[i + 1])) {
      i = stop(b, i + 2, to);
    }
    return i < to && b[i] == '"' ? i : -1;
  }

  static boolean isLineEnd(byte c) {
    return c == '\n' || c == '\r';
  }
}
