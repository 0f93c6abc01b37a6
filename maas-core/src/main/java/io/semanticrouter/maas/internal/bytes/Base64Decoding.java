// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.bytes;

import java.util.Arrays;

/**
 * Decodes base64 (RFC 4648, 4) piece by piece, in constant memory. It is meant for the inside of a
 * JSON string, as in {@code {"bytes":"…"}} of Bedrock's InvokeModelWithResponseStream, where {@code
 * /} may stand as {@code \/}; any other escape is malformed, as white space and the URL alphabet
 * are. Padding may be missing, but not be half there. Not thread-safe.
 */
public final class Base64Decoding {
  private static final int QUANTUM = 4;
  private static final byte[] VALUES = values();

  /** A multiple of the three bytes of a quantum. */
  private final byte[] decoded = new byte[255];

  private int length;
  private int bits;
  private int digits;
  private int padding;
  private boolean escaped;
  private boolean malformed;

  /** Makes ready for the next value. */
  public void reset() {
    length = 0;
    bits = 0;
    digits = 0;
    padding = 0;
    escaped = false;
    malformed = false;
  }

  /**
   * Decodes the next piece; all whole groups of four characters so far have then been handed on.
   */
  public void feed(byte[] b, int from, int to, ByteSink out) {
    int i = from;
    while (i < to && !malformed) {
      if (digits == 0 && padding == 0 && !escaped) {
        i = quanta(b, i, to, out);
        if (i == to) {
          break;
        }
      }
      character(b[i++], out);
    }
    flush(out);
  }

  /** The value has ended: decodes a last group without padding. */
  public void end(ByteSink out) {
    malformed |= escaped || (padding == 0 ? digits == 1 : digits + padding != QUANTUM);
    if (!malformed && padding == 0 && digits > 1) {
      emit(out);
    }
    flush(out);
  }

  /** Whether it was not base64. What was decoded before the first wrong character is handed on. */
  public boolean isMalformed() {
    return malformed;
  }

  /** The usual case in one go: groups of four that lie whole in this piece. */
  private int quanta(byte[] b, int from, int to, ByteSink out) {
    int i = from;
    while (to - i >= QUANTUM) {
      int value =
          VALUES[b[i] & 0xFF] << 18
              | VALUES[b[i + 1] & 0xFF] << 12
              | VALUES[b[i + 2] & 0xFF] << 6
              | VALUES[b[i + 3] & 0xFF];
      if (value < 0) {
        return i;
      }
      decoded[length] = (byte) (value >> 16);
      decoded[length + 1] = (byte) (value >> 8);
      decoded[length + 2] = (byte) value;
      length += 3;
      if (length == decoded.length) {
        flush(out);
      }
      i += QUANTUM;
    }
    return i;
  }

  private void character(byte c, ByteSink out) {
    if (c == '\\' && !escaped) {
      escaped = true;
      return;
    }
    if (escaped && c != '/') {
      malformed = true;
      return;
    }
    escaped = false;
    if (c == '=') {
      padding++;
      malformed = digits < 2 || digits + padding > QUANTUM;
      if (!malformed && digits + padding == QUANTUM) {
        emit(out);
      }
      return;
    }
    int value = VALUES[c & 0xFF];
    if (value < 0 || padding > 0) {
      malformed = true;
      return;
    }
    bits = bits << 6 | value;
    digits++;
    if (digits == QUANTUM) {
      emit(out);
      digits = 0;
    }
  }

  /** The bytes of two, three or four digits: one fewer. */
  private void emit(ByteSink out) {
    int value = bits << (6 * (QUANTUM - digits));
    for (int i = 0, shift = 16; i < digits - 1; i++, shift -= 8) {
      decoded[length++] = (byte) (value >> shift);
    }
    if (length == decoded.length) {
      flush(out);
    }
  }

  private void flush(ByteSink out) {
    if (length > 0) {
      int all = length;
      length = 0;
      out.accept(decoded, 0, all);
    }
  }

  private static byte[] values() {
    byte[] values = new byte[256];
    Arrays.fill(values, (byte) -1);
    for (int i = 0; i < 26; i++) {
      values['A' + i] = (byte) i;
      values['a' + i] = (byte) (26 + i);
    }
    for (int i = 0; i < 10; i++) {
      values['0' + i] = (byte) (52 + i);
    }
    values['+'] = 62;
    values['/'] = 63;
    return values;
  }
}
