// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Splits an event stream into lines, for parsers that want whole documents. A line that lies in one
 * chunk is parsed where it lies; one that is cut is put together in a buffer that is kept. It takes
 * each data line for an event, which is less than a reader of event streams has to do.
 */
abstract class LineReader implements UsageReader {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long LINE_FEEDS = ONES * '\n';

  long prompt = NONE;
  long completion = NONE;

  private byte[] held = new byte[4096];
  private int heldLength;

  /** One document, whole. */
  abstract void document(byte[] b, int from, int to) throws IOException;

  @Override
  public void feed(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      int end = lineEnd(b, i, to);
      if (end == to) {
        hold(b, i, to);
        return;
      }
      if (heldLength == 0) {
        line(b, i, end);
      } else {
        hold(b, i, end);
        line(held, 0, heldLength);
        heldLength = 0;
      }
      i = end + 1;
    }
  }

  private void hold(byte[] b, int from, int to) {
    int length = to - from;
    if (heldLength + length > held.length) {
      held = Arrays.copyOf(held, Math.max(2 * held.length, heldLength + length));
    }
    if (length == 1) {
      held[heldLength++] = b[from];
      return;
    }
    System.arraycopy(b, from, held, heldLength, length);
    heldLength += length;
  }

  private void line(byte[] b, int from, int to) {
    if (to - from < 6 || b[from] != 'd' || b[from + 1] != 'a' || b[from + 4] != ':') {
      return;
    }
    int data = b[from + 5] == ' ' ? from + 6 : from + 5;
    int end = b[to - 1] == '\r' ? to - 1 : to;
    if (data == end || b[data] != '{') {
      return;
    }
    try {
      document(b, data, end);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static int lineEnd(byte[] b, int from, int to) {
    int i = from;
    for (; i + Long.BYTES <= to; i += Long.BYTES) {
      long word = (long) LONGS.get(b, i) ^ LINE_FEEDS;
      long hits = (word - ONES) & ~word & (ONES << 7);
      if (hits != 0) {
        return i + (Long.numberOfTrailingZeros(hits) >>> 3);
      }
    }
    while (i < to && b[i] != '\n') {
      i++;
    }
    return i;
  }

  @Override
  public long prompt() {
    return prompt;
  }

  @Override
  public long completion() {
    return completion;
  }
}
