// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.bytes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Puts lines together that chunks have cut, as far as they are short: a whole line is read much
 * faster than its pieces, the smaller the more. A line that is too long is handed on as it comes.
 * What is held back never reaches beyond the line it belongs to. Not thread-safe.
 *
 * <p>The reader of the lines extends it instead of holding one: where processors do not load ahead
 * of stores, as in many virtual machines, each object on the way to a single byte takes as long as
 * the rest.
 */
public abstract class CutLines {
  /** Longer than most events that carry a token or few. */
  static final int MAX_BYTES = 512;

  private static final int FIRST_BYTES = 128;
  private static final byte[] NOTHING = {};

  /** The index of the last byte in a word, and the mask of any. */
  private static final int LAST = Long.BYTES - 1;

  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Made when a line is cut, as large as needed: most gateways see one event a chunk. */
  private byte[] held = NOTHING;

  private int length;

  /**
   * What is held of the last word that is not whole, the first byte lowest; {@link #held} has it
   * only while a chunk is read that is not a single byte of a line.
   */
  private long word;

  /** Takes whole lines, or a line that is too long in pieces. */
  protected abstract void lines(byte[] b, int from, int to);

  /** Takes a chunk of a body that may not be one of lines; if it is, hands it to {@link #cut}. */
  protected abstract void chunk(byte[] b, int from, int to);

  /** Takes the next chunk. */
  protected final void take(byte[] b, int from, int to) {
    if (to - from == 1) {
      int c = b[from] & 0xFF;
      int i = length;
      if (c > '\r' && i < held.length - 1) {
        // Streams that come byte by byte get here for most of them.
        long bytes = word | (long) c << (i << 3); // modulo the bits of a long
        if ((i & LAST) == LAST) {
          WORDS.set(held, i - LAST, bytes);
          bytes = 0;
        }
        word = bytes;
        length = i + 1;
        return;
      }
    }
    storeWord();
    chunk(b, from, to);
    loadWord();
  }

  /** What {@link #chunk} does with one of lines. */
  protected final void cut(byte[] b, int from, int to) {
    if (length > 0) {
      complete(b, from, to);
    } else {
      begin(b, from, to);
    }
  }

  private void storeWord() {
    int inWord = length & LAST;
    if (inWord > 0) {
      WORDS.set(held, length - inWord, word);
    }
  }

  private void loadWord() {
    int inWord = length & LAST;
    word = inWord == 0 ? 0 : (long) WORDS.get(held, length - inWord) & (1L << (inWord << 3)) - 1;
  }

  private void complete(byte[] b, int from, int to) {
    int fits = Math.min(to, from + MAX_BYTES - length);
    int end = StringBytes.lineEnd(b, from, fits);
    if (end == fits && fits < to) {
      handOn();
      lines(b, from, to);
      return;
    }
    int behind = end < fits ? end + 1 : end;
    hold(b, from, behind);
    if (behind > end || length == MAX_BYTES) {
      handOn();
      begin(b, behind, to);
    }
  }

  /** Hands on what is held: nothing more will come. */
  protected final void flush() {
    storeWord();
    word = 0;
    handOn();
  }

  private void handOn() {
    if (length > 0) {
      int whole = length;
      length = 0;
      lines(held, 0, whole);
    }
  }

  private void begin(byte[] b, int from, int to) {
    int first = Math.max(from, to - MAX_BYTES + 1);
    int behind = StringBytes.behindLineEnd(b, first, to);
    int whole = behind == first && first > from ? to : behind;
    if (from < whole) {
      lines(b, from, whole);
    }
    if (whole < to) {
      hold(b, whole, to);
    }
  }

  private void hold(byte[] b, int from, int to) {
    int needed = length + to - from;
    if (needed > held.length) {
      int roomy = Math.max(FIRST_BYTES, 2 * needed + LAST & ~LAST);
      held = Arrays.copyOf(held, Math.min(MAX_BYTES, roomy));
    }
    System.arraycopy(b, from, held, length, to - from);
    length += to - from;
  }
}
