// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The cheapest passes over the bytes: what no reader can be faster than. They find nothing. */
abstract class Floor implements UsageReader {
  /** What came of the reading, so that the compiler has to do it. */
  long result;

  @Override
  public long prompt() {
    return result;
  }

  @Override
  public long completion() {
    return NONE;
  }

  /** Adds up eight bytes at a time. */
  static final class Sum extends Floor {
    private static final VarHandle LONGS =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    @Override
    public void feed(byte[] b, int from, int to) {
      long sum = 0;
      int i = from;
      for (; i + Long.BYTES <= to; i += Long.BYTES) {
        sum += (long) LONGS.get(b, i);
      }
      for (; i < to; i++) {
        sum += b[i];
      }
      result += sum;
    }
  }

  /** Compares with a copy, in vectors. */
  static final class Mismatch extends Floor {
    private final byte[] copy;

    Mismatch(byte[] copy) {
      this.copy = copy;
    }

    @Override
    public void feed(byte[] b, int from, int to) {
      if (to <= copy.length) {
        result += Arrays.mismatch(b, from, to, copy, from, to);
      }
    }
  }
}
