// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes protobuf from its end to its beginning: the length of a message stands before it, and so
 * is known when it is written. What comes last is written first.
 */
final class WireWriter {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH = 2;

  private static final Spare<WireWriter> SPARE = new Spare<>(WireWriter::new);

  private byte[] b = new byte[2 * 1024];

  /** The first byte that is written. */
  private int at;

  private WireWriter() {}

  /** An empty writer. */
  static WireWriter take() {
    WireWriter writer = SPARE.take();
    writer.at = writer.b.length;
    return writer;
  }

  /** Nothing more of what was written will be read. */
  void release() {
    if (b.length <= Spare.MAX_BYTES) {
      SPARE.giveBack(this);
    }
  }

  /** Where the writer stands: the end of a message that is about to be written. */
  int mark() {
    return b.length - at;
  }

  /** Makes all that was written since a mark one field. */
  void message(int field, int mark) {
    varint(mark() - mark);
    varint((long) field << 3 | LENGTH);
  }

  void bytes(int field, byte[] value, int from, int to) {
    raw(value, from, to);
    varint(to - from);
    varint((long) field << 3 | LENGTH);
  }

  void text(int field, String value) {
    int length = value.length();
    reserve(length);
    int start = at - length;
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      if (c >= 0x80) {
        // Nothing counts as written yet.
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        bytes(field, utf8, 0, utf8.length);
        return;
      }
      b[start + i] = (byte) c;
    }
    at = start;
    varint(length);
    varint((long) field << 3 | LENGTH);
  }

  void number(int field, long value) {
    varint(value);
    varint((long) field << 3 | VARINT);
  }

  void real(int field, double value) {
    long bits = Double.doubleToRawLongBits(value);
    reserve(8);
    for (int shift = 56; shift >= 0; shift -= 8) {
      b[--at] = (byte) (bits >>> shift);
    }
    varint((long) field << 3 | FIXED64);
  }

  /** Puts in what is serialised already. */
  void raw(byte[] value, int from, int to) {
    reserve(to - from);
    at -= to - from;
    System.arraycopy(value, from, b, at, to - from);
  }

  byte[] toByteArray() {
    return Arrays.copyOfRange(b, at, b.length);
  }

  /** The same without a copy; nothing may be written after that. Released when it is drained. */
  Codec.Serialised toSerialised() {
    return new Codec.Serialised(b, at, b.length) {
      @Override
      public int drainTo(OutputStream target) throws IOException {
        int length = super.drainTo(target);
        if (length > 0) {
          // The second time the buffer may be another reply's.
          release();
        }
        return length;
      }
    };
  }

  /** Only for numbers that are not negative. */
  private void varint(long value) {
    int groups = 1;
    for (long rest = value >>> 7; rest != 0; rest >>>= 7) {
      groups++;
    }
    reserve(groups);
    for (int group = groups - 1; group >= 0; group--) {
      long bits = value >>> (7 * group) & 0x7F;
      b[--at] = (byte) (group == groups - 1 ? bits : bits | 0x80);
    }
  }

  private void reserve(int count) {
    if (count <= at) {
      return;
    }
    int written = b.length - at;
    byte[] larger = new byte[Math.max(2 * b.length, written + count)];
    System.arraycopy(b, at, larger, larger.length - written, written);
    at = larger.length - written;
    b = larger;
  }
}
