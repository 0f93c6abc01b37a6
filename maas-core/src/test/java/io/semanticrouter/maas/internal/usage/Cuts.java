// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import java.util.Random;

/** Ways to cut a body into chunks. */
public final class Cuts {
  /** Takes {@code b[from]} to {@code b[to - 1]}. */
  public interface Fed {
    void feed(byte[] b, int from, int to);
  }

  private Cuts() {}

  /** In chunks of {@code size} bytes. */
  public static void every(int size, byte[] body, Fed fed) {
    for (int from = 0; from < body.length; from += size) {
      fed.feed(body, from, Math.min(body.length, from + size));
    }
  }

  /** In two chunks. */
  public static void at(int cut, byte[] body, Fed fed) {
    fed.feed(body, 0, cut);
    fed.feed(body, cut, body.length);
  }

  /** In random chunks, empty ones included. */
  public static void random(Random random, byte[] body, Fed fed) {
    int largest = 1 + random.nextInt(64);
    for (int from = 0; from < body.length; ) {
      int to = Math.min(body.length, from + random.nextInt(largest + 1));
      fed.feed(body, from, to);
      from = to;
    }
  }
}
