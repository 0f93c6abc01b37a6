// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.bytes;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CutLinesTest {
  private final List<String> pieces = new ArrayList<>();
  private final CutLines lines =
      new CutLines() {
        @Override
        protected void lines(byte[] b, int from, int to) {
          pieces.add(new String(b, from, to - from, ISO_8859_1));
        }

        @Override
        protected void chunk(byte[] b, int from, int to) {
          cut(b, from, to);
        }
      };

  @Test
  void shortLinesComeWholeHoweverTheyAreCut() {
    feed("data: a");
    feed("b");
    feed("c\r");
    feed("\ndata: d\n\nda");
    lines.flush();
    assertThat(pieces).containsExactly("data: abc\r", "\ndata: d\n\n", "da");
  }

  @Test
  void piecesOfMoreThanAByteAreJoinedToo() {
    feed("data: a");
    feed("bb");
    feed("cc");
    assertThat(pieces).isEmpty();
    feed("d\ne");
    assertThat(pieces).containsExactly("data: abbccd\n");
    lines.flush();
    assertThat(pieces).containsExactly("data: abbccd\n", "e");
  }

  @Test
  void lineThatEndsInALargeChunkComesWholeAndTheLastOneIsHeld() {
    String long1 = "x".repeat(2 * CutLines.MAX_BYTES) + "\n";
    feed("data: ");
    feed("a\n" + long1 + "b");
    assertThat(pieces).containsExactly("data: a\n", long1);
    feed("c\n");
    assertThat(pieces).containsExactly("data: a\n", long1, "bc\n");
  }

  @Test
  void largeChunkWithoutALineEndIsHandedOnAtOnce() {
    String text = "x".repeat(CutLines.MAX_BYTES);
    feed(text);
    assertThat(pieces).containsExactly(text);
    feed("data: a");
    feed(text);
    assertThat(pieces).containsExactly(text, "data: a", text);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 64, 256})
  void lineIsHeldUntilItHasAsManyBytesAsFit(int size) {
    for (int held = size; held < CutLines.MAX_BYTES; held += size) {
      feed("x".repeat(size));
      assertThat(pieces).as("%d bytes", held).isEmpty();
    }
    feed("x".repeat(size));
    assertThat(pieces).containsExactly("x".repeat(CutLines.MAX_BYTES));
    feed("\n");
    assertThat(pieces).hasSize(2);
  }

  @Test
  void nothingIsHandedOnWhereNothingIsHeld() {
    lines.flush();
    feed("");
    lines.flush();
    assertThat(pieces).isEmpty();
    feed("a\n");
    lines.flush();
    assertThat(pieces).containsExactly("a\n");
  }

  @Test
  void whatEndsAtALineEndIsNotHeld() {
    feed("data: a\n");
    feed("\n");
    assertThat(pieces).containsExactly("data: a\n", "\n");
  }

  @Test
  @Tag("slow")
  void nothingIsLostOrMovedWhateverTheLengths() {
    Random random = new Random(20261124);
    for (int run = 0; run < 2000; run++) {
      pieces.clear();
      int lineBytes = 1 + random.nextInt(2 * CutLines.MAX_BYTES);
      int chunkBytes = 1 + random.nextInt(random.nextBoolean() ? 3 : 2 * CutLines.MAX_BYTES);
      StringBuilder body = new StringBuilder();
      while (body.length() < 4 * CutLines.MAX_BYTES) {
        body.append("x".repeat(random.nextInt(lineBytes)));
        body.append(random.nextInt(9) == 0 ? (char) 13 : (char) 10);
      }
      body.append("rest");
      for (int i = 0; i < body.length(); i += chunkBytes) {
        feed(body.substring(i, Math.min(body.length(), i + chunkBytes)));
        // All whole lines have been handed on.
        int handedOn = String.join("", pieces).length();
        int ends =
            Math.max(
                body.lastIndexOf("\n", i + chunkBytes - 1),
                body.lastIndexOf("\r", i + chunkBytes - 1));
        assertThat(handedOn).isGreaterThanOrEqualTo(ends + 1);
      }
      lines.flush();
      assertThat(String.join("", pieces)).isEqualTo(body.toString());
    }
  }

  @Test
  void singleBytesAndLongerPiecesMixInAnyOrder() {
    Random random = new Random(20261128);
    for (int run = 0; run < 5000; run++) {
      pieces.clear();
      StringBuilder body = new StringBuilder();
      while (body.length() < 3 * CutLines.MAX_BYTES) {
        for (int i = random.nextInt(random.nextBoolean() ? 20 : CutLines.MAX_BYTES); i > 0; i--) {
          body.append((char) (14 + random.nextInt(242)));
        }
        body.append('\n');
      }
      int at = 0;
      while (at < body.length()) {
        int piece = random.nextInt(3) > 0 ? 1 : random.nextInt(20);
        int to = Math.min(body.length(), at + piece);
        feed(body.substring(at, to));
        at = to;
      }
      lines.flush();
      assertThat(String.join("", pieces)).isEqualTo(body.toString());
    }
  }

  private void feed(String text) {
    byte[] b = ("<" + text + ">").getBytes(ISO_8859_1);
    lines.take(b, 1, b.length - 1);
  }
}
