// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The held bytes against an array of the whole body. */
class HeldBytesTest {
  private static final int BODIES = 2_000;
  private static final long SEED = Long.getLong("held.seed", 20_260_401L);
  private static final int LIMIT = 100;

  @Test
  void bytesArePassedOrDroppedOnceAndInOrderWhereverTheyAreHeld() {
    for (int n = 0; n < BODIES; n++) {
      long seed = SEED + n;
      Random random = new Random(seed);
      byte[] body = new byte[random.nextInt(500)];
      random.nextBytes(body);
      ByteArrayOutputStream expected = new ByteArrayOutputStream();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      HeldBytes held = new HeldBytes((b, from, to) -> out.write(b, from, to - from), LIMIT);
      int settled = 0;
      for (int from = 0; from < body.length; ) {
        int to = Math.min(body.length, from + random.nextInt(60));
        int margin = random.nextInt(5);
        byte[] chunk = new byte[margin + to - from];
        System.arraycopy(body, from, chunk, margin, to - from);
        assertThat(held.begin(chunk, margin)).as("seed %s", seed).isEqualTo(from - margin);
        for (int k = random.nextInt(4); k > 0; k--) {
          int next = settled + random.nextInt(to - settled + 1);
          if (random.nextBoolean()) {
            expected.write(body, settled, next - settled);
            held.passTo(next);
          } else {
            held.dropTo(next);
          }
          settled = next;
        }
        if (settled < to) {
          int at = settled + random.nextInt(to - settled);
          assertThat(held.at(at)).as("seed %s", seed).isEqualTo(body[at]);
        }
        if (to - settled > LIMIT) {
          expected.write(body, settled, to - settled);
          held.passTo(to);
          settled = to;
        }
        held.keepTo(to);
        Arrays.fill(chunk, (byte) 0);
        from = to;
      }
      expected.write(body, settled, body.length - settled);
      held.passTo(held.end());
      assertThat(held.end()).isEqualTo(body.length);
      assertThat(out.toByteArray()).as("seed %s", seed).isEqualTo(expected.toByteArray());
    }
  }

  @Test
  void moreThanTheLimitIsRefused() {
    HeldBytes held = new HeldBytes((b, from, to) -> {}, 5);
    held.begin(new byte[6], 0);
    assertThatIllegalStateException().isThrownBy(() -> held.keepTo(6));
    held.passTo(1);
    held.keepTo(6);
    assertThat(held.end()).isEqualTo(6);
  }
}
