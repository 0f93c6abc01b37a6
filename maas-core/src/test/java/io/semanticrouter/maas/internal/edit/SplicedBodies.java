// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.edit;

import io.semanticrouter.maas.internal.framing.Framing;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.function.IntSupplier;

/** Puts bodies through the two editors of forced usage, in any chunks. */
final class SplicedBodies {
  private SplicedBodies() {}

  /** What came out, and the editor itself. */
  static final class Spliced {
    private final RequestSplice splice;
    private final byte[] out;

    Spliced(RequestSplice splice, byte[] out) {
      this.splice = splice;
      this.out = out;
    }

    RequestSplice splice() {
      return splice;
    }

    byte[] out() {
      return out;
    }

    String text() {
      return new String(out, StandardCharsets.UTF_8);
    }
  }

  /** What came out, and the filter itself. */
  static final class Stripped {
    private final UsageStrip strip;
    private final byte[] out;

    Stripped(UsageStrip strip, byte[] out) {
      this.strip = strip;
      this.out = out;
    }

    UsageStrip strip() {
      return strip;
    }

    byte[] out() {
      return out;
    }

    String text() {
      return new String(out, StandardCharsets.UTF_8);
    }

    String counts() {
      return "dropped="
          + strip.droppedEvents()
          + " cut="
          + strip.cutMembers()
          + " overflows="
          + strip.overflows();
    }
  }

  static IntSupplier chunksOf(int size) {
    return () -> size;
  }

  static IntSupplier randomChunks(Random random) {
    int largest = 1 + random.nextInt(40);
    return () -> random.nextInt(largest + 1);
  }

  static Spliced splice(byte[] body, boolean continuous, IntSupplier sizes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RequestSplice splice =
        new RequestSplice((b, from, to) -> out.write(b, from, to - from), continuous);
    for (int from = 0; from < body.length; ) {
      int to = (int) Math.min(body.length, (long) from + sizes.getAsInt());
      splice.feed(body, from, to);
      from = to;
    }
    splice.end();
    return new Spliced(splice, out.toByteArray());
  }

  static Stripped strip(byte[] body, UsageStrip.Mode mode, int limit, IntSupplier sizes) {
    return strip(body, mode, Framing.SSE, limit, sizes);
  }

  static Stripped strip(
      byte[] body, UsageStrip.Mode mode, Framing label, int limit, IntSupplier sizes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    UsageStrip strip =
        new UsageStrip((b, from, to) -> out.write(b, from, to - from), mode, label, limit);
    for (int from = 0; from < body.length; ) {
      int to = (int) Math.min(body.length, (long) from + sizes.getAsInt());
      // A copy: nothing may rely on the chunk when feed has returned.
      byte[] chunk = java.util.Arrays.copyOfRange(body, from, to);
      strip.feed(chunk, 0, chunk.length);
      java.util.Arrays.fill(chunk, (byte) '#');
      from = to;
    }
    strip.end();
    return new Stripped(strip, out.toByteArray());
  }

  static Stripped strip(String body, UsageStrip.Mode mode) {
    return strip(body.getBytes(StandardCharsets.UTF_8), mode, UsageStrip.LIMIT, chunksOf(1 << 30));
  }

  /** Everything that a splice says. */
  static String facts(RequestSplice s) {
    return s.outcome()
        + " changed="
        + s.isChanged()
        + " strip="
        + s.strip()
        + " stream="
        + s.stream()
        + " include="
        + s.includeUsage()
        + " continuous="
        + s.continuousUsageStats()
        + " n="
        + s.n()
        + " model="
        + s.model()
        + " duplicate="
        + s.duplicateSeen();
  }
}
