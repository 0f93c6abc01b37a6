// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.json.TextBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The first {@value #MAX_BYTES} bytes of a usage object as it is written. Not thread-safe. */
final class RawUsage {
  static final int MAX_BYTES = 2048;

  private static final int FIRST_BYTES = 128;

  private byte[] bytes = new byte[FIRST_BYTES];
  private int length;

  void begin() {
    length = 0;
  }

  void append(byte[] b, int from, int to) {
    int fits = Math.min(to - from, MAX_BYTES - length);
    if (fits <= 0) {
      return;
    }
    if (length + fits > bytes.length) {
      int doubled = Integer.highestOneBit(length + fits - 1) * 2;
      bytes = Arrays.copyOf(bytes, Math.min(MAX_BYTES, doubled));
    }
    System.arraycopy(b, from, bytes, length, fits);
    length += fits;
  }

  /** The text; a character cut in two at the limit is left out. */
  @Override
  public String toString() {
    int end = length == MAX_BYTES ? TextBuffer.wholeCharacters(bytes, length) : length;
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }
}
