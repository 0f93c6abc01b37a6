// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.bytes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Searches the inside of JSON strings eight bytes at a time: that is where bodies are long. */
public final class StringBytes {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGHS = 0x8080808080808080L;
  private static final long QUOTES_TO_SPACES = ONES * ('"' ^ ' ');
  private static final long BACKSLASHES = ONES * '\\';
  private static final long BEHIND_SPACES = ONES * (' ' + 1);

  private static final long BEHIND_LINE_ENDS = ONES * ('\r' + 1);

  /** With these bits set, all four brackets are 0x7F, and little else. */
  private static final long BRACKET_BITS = ONES * 0x26;

  private static final long BRACKETS = ONES * 0x7F;

  private static final byte[] LONG_S = "\u017f".getBytes(StandardCharsets.UTF_8);
  private static final byte[] KELVIN = "\u212a".getBytes(StandardCharsets.UTF_8);

  private StringBytes() {}

  /** The first quote, backslash or line end; {@code to} if there is none. */
  public static int stop(byte[] b, int from, int to) {
    int i = from;
    while (i + Long.BYTES <= to) {
      long hits = hits((long) LONGS.get(b, i));
      if (hits == 0) {
        i += Long.BYTES;
        continue;
      }
      i += Long.numberOfTrailingZeros(hits) >>> 3;
      if (isStop(b[i])) {
        return i;
      }
      i++;
    }
    for (; i < to; i++) {
      if (isStop(b[i])) {
        return i;
      }
    }
    return to;
  }

  /**
   * The quote that closes the string, escapes passed over; -1 if it is not in this chunk's line.
   */
  public static int closingQuote(byte[] b, int from, int to) {
    int i = stop(b, from, to);
    while (i + 1 < to && b[i] == '\\' && !isLineEnd(b[i + 1])) {
      i = stop(b, i + 2, to);
    }
    return i < to && b[i] == '"' ? i : -1;
  }

  /** The first byte, at or behind, that may be a quote, bracket or control character. */
  public static int structure(byte[] b, int from, int to) {
    int i = from;
    while (i + Long.BYTES <= to) {
      long word = (long) LONGS.get(b, i);
      long low = word ^ QUOTES_TO_SPACES;
      long bracket = (word | BRACKET_BITS) ^ BRACKETS;
      long hits = (((low - BEHIND_SPACES) & ~low) | ((bracket - ONES) & ~bracket)) & HIGHS;
      if (hits != 0) {
        return i + (Long.numberOfTrailingZeros(hits) >>> 3);
      }
      i += Long.BYTES;
    }
    return i;
  }

  /** The first line end; {@code to} if there is none. */
  public static int lineEnd(byte[] b, int from, int to) {
    int i = from;
    while (i + Long.BYTES <= to && !mayHaveLineEnd((long) LONGS.get(b, i))) {
      i += Long.BYTES;
    }
    while (i < to && !isLineEnd(b[i])) {
      i++;
    }
    return i;
  }

  /** Behind the last line end; {@code from} if there is none. */
  static int behindLineEnd(byte[] b, int from, int to) {
    int i = to;
    if (i > from && isLineEnd(b[i - 1])) {
      return i;
    }
    while (i - Long.BYTES >= from && !mayHaveLineEnd((long) LONGS.get(b, i - Long.BYTES))) {
      i -= Long.BYTES;
    }
    while (i > from && !isLineEnd(b[i - 1])) {
      i--;
    }
    return i;
  }

  private static boolean mayHaveLineEnd(long word) {
    return ((word - BEHIND_LINE_ENDS) & ~word & HIGHS) != 0;
  }

  /** The same as {@link #stop}, faster where it is far. */
  public static int farStop(byte[] b, int from, int to) {
    int i = from;
    while (i + 4 * Long.BYTES <= to
        && (hits((long) LONGS.get(b, i))
                | hits((long) LONGS.get(b, i + Long.BYTES))
                | hits((long) LONGS.get(b, i + 2 * Long.BYTES))
                | hits((long) LONGS.get(b, i + 3 * Long.BYTES)))
            == 0) {
      i += 4 * Long.BYTES;
    }
    return stop(b, i, to);
  }

  /**
   * Marks quotes, backslashes and control characters with the high bit of their byte. Quotes become
   * spaces, so that "below 0x21" finds them and the controls; backslashes become zero. A borrow can
   * add false marks, but only above a true one: the lowest is true.
   */
  private static long hits(long word) {
    long low = word ^ QUOTES_TO_SPACES;
    long backslash = word ^ BACKSLASHES;
    return (((low - BEHIND_SPACES) & ~low) | ((backslash - ONES) & ~backslash)) & HIGHS;
  }

  /**
   * Whether a text is a name in any case, as Go's {@code encoding/json} compares keys: the letters
   * of ASCII, and the two other characters that Unicode folds to one of them, U+017F (s) and U+212A
   * (k).
   *
   * @param lowerCase of ASCII
   */
  public static boolean folds(byte[] b, int from, int to, byte[] lowerCase) {
    int i = from;
    for (byte wanted : lowerCase) {
      if (i == to) {
        return false;
      }
      byte c = b[i];
      if (c == wanted || (c >= 'A' && c <= 'Z' && c + 32 == wanted)) {
        i++;
      } else if (wanted == 's' && is(b, i, to, LONG_S)) {
        i += LONG_S.length;
      } else if (wanted == 'k' && is(b, i, to, KELVIN)) {
        i += KELVIN.length;
      } else {
        return false;
      }
    }
    return i == to;
  }

  private static boolean is(byte[] b, int from, int to, byte[] text) {
    int end = from + text.length;
    return end <= to && Arrays.equals(b, from, end, text, 0, text.length);
  }

  private static boolean isStop(byte c) {
    return c == '"' || c == '\\' || isLineEnd(c);
  }

  public static boolean isLineEnd(byte c) {
    return c == '\n' || c == '\r';
  }
}
