// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** A pass over the bytes that adds them up, eight at a time; it finds nothing. */
final class Floor implements UsageReader {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** What came of the reading, so that the compiler has to do it. */
  private long result;

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

  @Override
  public long prompt() {
    return result;
  }

  @Override
  public long completion() {
    return NONE;
  }
}
