// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.bytes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Eight bytes at a time against one at a time. */
class StringBytesTest {
  /** What is looked for, what differs from that by a bit or by one, and what is far from it. */
  private static final int[] NEAR = {
    '"', '\\', '\n', '\r', '[', ']', '{', '}', 0, 9, 11, 12, 14, 31, ' ', '!', '#', 'Z', '^', '_',
    'z', '|', '~', 127, 128, 129, 0x8A, 0x8D, 0xA0, 0xA1, 0xA2, 0xDB, 0xDC, 0xDD, 0xFB, 0xFD, 254,
    255
  };

  private final Random random = new Random(20261124);
  private byte[] b = {};
  private int from;
  private int to;

  @Test
  void searchFindsWhatALoopFinds() {
    for (int run = 0; run < 20_000; run++) {
      fill();
      String bytes = "%d to %d of %s".formatted(from, to, HexFormat.of().formatHex(b));
      int stop = from;
      while (stop < to && !(b[stop] == '"' || b[stop] == '\\' || isLineEnd(stop))) {
        stop++;
      }
      assertThat(StringBytes.stop(b, from, to)).as(bytes).isEqualTo(stop);
      assertThat(StringBytes.farStop(b, from, to)).as(bytes).isEqualTo(stop);
      int line = from;
      while (line < to && !isLineEnd(line)) {
        line++;
      }
      assertThat(StringBytes.lineEnd(b, from, to)).as(bytes).isEqualTo(line);
      int behind = to;
      while (behind > from && !isLineEnd(behind - 1)) {
        behind--;
      }
      assertThat(StringBytes.behindLineEnd(b, from, to)).as(bytes).isEqualTo(behind);
      assertThat(StringBytes.closingQuote(b, from, to)).as(bytes).isEqualTo(closingQuote());
    }
  }

  @Test
  void searchForStructureStopsAtAllOfItAndAtLittleElse() {
    for (int run = 0; run < 20_000; run++) {
      fill();
      int whole = from + (to - from) / Long.BYTES * Long.BYTES;
      int stop = from;
      while (stop < whole && !isLikeStructure(b[stop] & 0xFF)) {
        stop++;
      }
      assertThat(StringBytes.structure(b, from, to)).isEqualTo(stop);
    }
  }

  private boolean isLineEnd(int i) {
    return b[i] == '\n' || b[i] == '\r';
  }

  private int closingQuote() {
    for (int i = from; i < to && !isLineEnd(i); i++) {
      if (b[i] == '"') {
        return i;
      }
      if (b[i] == '\\' && ++i < to && isLineEnd(i)) {
        return -1;
      }
    }
    return -1;
  }

  private static boolean isLikeStructure(int c) {
    return c < ' ' || c == '"' || "[]{}Yy_\u007f".indexOf(c) >= 0;
  }

  /** Letters with something else at a few places, or at all of them. */
  private void fill() {
    b = new byte[random.nextInt(100)];
    int odds = 1 << random.nextInt(8);
    for (int i = 0; i < b.length; i++) {
      b[i] = (byte) (random.nextInt(odds) == 0 ? NEAR[random.nextInt(NEAR.length)] : 'a');
    }
    from = random.nextInt(b.length + 1);
    to = from + random.nextInt(b.length - from + 1);
  }
}
