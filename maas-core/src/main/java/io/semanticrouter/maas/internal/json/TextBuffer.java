// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.json;

import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.bytes.StringBytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The first 256 bytes of a JSON string, unescaped to UTF-8. */
public final class TextBuffer {
  private static final int CAPACITY = 256;
  private static final int FIRST_BYTES = 64;
  private static final int REPLACEMENT = 0xFFFD;

  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes = new byte[FIRST_BYTES];
  private int length;
  private boolean overflow;
  private int unit;
  private int digits;
  private int highSurrogate;

  public void clear() {
    length = 0;
    overflow = false;
    highSurrogate = 0;
  }

  public boolean isEmpty() {
    return length == 0 && highSurrogate == 0;
  }

  public void append(byte c) {
    flushSurrogate();
    put(c);
  }

  public void append(byte[] b, int from, int to) {
    if (from == to) {
      return;
    }
    flushSurrogate();
    int fits = Math.min(to - from, CAPACITY - length);
    if (length + fits > bytes.length) {
      grow();
    }
    System.arraycopy(b, from, bytes, length, fits);
    length += fits;
    overflow |= fits < to - from;
  }

  /** Appends what a two-character escape stands for; false if there is no such escape. */
  public boolean escape(byte c) {
    switch (c) {
      case '"', '\\', '/' -> append(c);
      case 'b' -> append((byte) '\b');
      case 'f' -> append((byte) '\f');
      case 'n' -> append((byte) '\n');
      case 'r' -> append((byte) '\r');
      case 't' -> append((byte) '\t');
      default -> {
        return false;
      }
    }
    return true;
  }

  public void beginUnicode() {
    unit = 0;
    digits = 0;
  }

  /** Takes one of the four digits of a \\u escape; true when it was the last one. */
  public boolean unicodeDigit(int digit) {
    unit = (unit << 4) | digit;
    if (++digits < 4) {
      return false;
    }
    char c = (char) unit;
    if (Character.isHighSurrogate(c)) {
      flushSurrogate();
      highSurrogate = c;
    } else if (Character.isLowSurrogate(c)) {
      int codePoint =
          highSurrogate == 0 ? REPLACEMENT : Character.toCodePoint((char) highSurrogate, c);
      highSurrogate = 0;
      putCodePoint(codePoint);
    } else {
      flushSurrogate();
      putCodePoint(c);
    }
    return true;
  }

  /** Whether all of it is there: nothing was too long. */
  public boolean isWhole() {
    return !overflow;
  }

  /** The bytes, of which {@link #length} count; not a copy. */
  public byte[] bytes() {
    flushSurrogate();
    return bytes;
  }

  /** How many bytes there are. */
  public int length() {
    flushSurrogate();
    return length;
  }

  /**
   * A number that tells texts apart, 0 for one that is too long for that: after FNV-1a, by words
   * instead of bytes. An id is hashed in each event of a stream.
   */
  public long hash() {
    flushSurrogate();
    if (overflow) {
      return 0;
    }
    long hash = 0xcbf29ce484222325L;
    int words = length & -Long.BYTES;
    for (int i = 0; i < words; i += Long.BYTES) {
      hash = mix(hash, (long) WORDS.get(bytes, i));
    }
    long rest = 0;
    for (int i = words; i < length; i++) {
      rest = (rest << Byte.SIZE) | (bytes[i] & 0xFF);
    }
    return mix(mix(hash, rest), length);
  }

  /** What was multiplied high comes down again: a product has nothing of its high bits below. */
  private static long mix(long hash, long word) {
    long product = (hash ^ word) * 0x9E3779B97F4A7C15L;
    return product ^ (product >>> Integer.SIZE);
  }

  /** Hands on what is in it, and empties it. */
  public void moveTo(ByteSink sink) {
    flushSurrogate();
    sink.accept(bytes, 0, length);
    clear();
  }

  /** Whether it is that text, of at most 256 bytes. */
  public boolean is(byte[] utf8) {
    flushSurrogate();
    return !overflow && Arrays.equals(bytes, 0, length, utf8, 0, utf8.length);
  }

  /** See {@link StringBytes#folds}. */
  boolean folds(byte[] lowerCase) {
    flushSurrogate();
    return !overflow && StringBytes.folds(bytes, 0, length, lowerCase);
  }

  /** Whether it is that text. */
  public boolean is(String ascii) {
    flushSurrogate();
    if (length != ascii.length()) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (bytes[i] != ascii.charAt(i)) {
        return false;
      }
    }
    return !overflow;
  }

  /** The text; a character cut in two at the limit is left out. */
  @Override
  public String toString() {
    flushSurrogate();
    int end = overflow ? wholeCharacters(bytes, length) : length;
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /** The length without a last character of which only the first bytes are there. */
  public static int wholeCharacters(byte[] bytes, int length) {
    int lead = length - 1;
    while (lead > 0 && length - lead < 4 && (bytes[lead] & 0xC0) == 0x80) {
      lead--;
    }
    int first = bytes[lead] & 0xFF;
    int needed = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return length - lead < needed ? lead : length;
  }

  private void flushSurrogate() {
    if (highSurrogate != 0) {
      highSurrogate = 0;
      putCodePoint(REPLACEMENT);
    }
  }

  private void putCodePoint(int c) {
    if (c < 0x80) {
      put((byte) c);
    } else if (c < 0x800) {
      put((byte) (0xC0 | (c >> 6)));
      put((byte) (0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
      put((byte) (0xE0 | (c >> 12)));
      put((byte) (0x80 | ((c >> 6) & 0x3F)));
      put((byte) (0x80 | (c & 0x3F)));
    } else {
      put((byte) (0xF0 | (c >> 18)));
      put((byte) (0x80 | ((c >> 12) & 0x3F)));
      put((byte) (0x80 | ((c >> 6) & 0x3F)));
      put((byte) (0x80 | (c & 0x3F)));
    }
  }

  private void put(byte c) {
    if (length < CAPACITY) {
      if (length == bytes.length) {
        grow();
      }
      bytes[length++] = c;
    } else {
      overflow = true;
    }
  }

  /** Once is enough: most texts are short, the others are as long as they like. */
  private void grow() {
    bytes = Arrays.copyOf(bytes, CAPACITY);
  }
}
