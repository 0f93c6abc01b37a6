// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class RawUsageTest {
  private final RawUsage raw = new RawUsage();

  @Test
  void piecesOfAnyLengthMakeOneTextThatEndsAtTheLimit() {
    Random random = new Random(20261124);
    for (int run = 0; run < 2000; run++) {
      RawUsage text = run % 2 == 0 ? raw : new RawUsage();
      text.begin();
      StringBuilder expected = new StringBuilder();
      int longest = 1 << random.nextInt(13);
      for (int n = random.nextInt(9); n > 0; n--) {
        String piece = Integer.toString(n).repeat(random.nextInt(longest + 1));
        expected.append(piece);
        byte[] b = utf8("<" + piece + ">");
        text.append(b, 1, b.length - 1);
      }
      int end = Math.min(expected.length(), RawUsage.MAX_BYTES);
      assertThat(text.toString()).isEqualTo(expected.substring(0, end));
    }
  }

  @Test
  void characterThatTheLimitCutsIsLeftOut() {
    byte[] whole = utf8("\u20ac");
    for (int before = RawUsage.MAX_BYTES - 4; before <= RawUsage.MAX_BYTES; before++) {
      raw.begin();
      raw.append(utf8("x".repeat(before)), 0, before);
      raw.append(whole, 0, whole.length);
      String kept = before + whole.length <= RawUsage.MAX_BYTES ? "\u20ac" : "";
      assertThat(raw.toString()).isEqualTo("x".repeat(before) + kept);
    }
  }
}
