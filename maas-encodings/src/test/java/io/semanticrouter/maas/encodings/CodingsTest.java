// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.encodings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.encoder.BrotliOutputStream;
import com.aayushatharva.brotli4j.encoder.Encoder;
import com.github.luben.zstd.ZstdOutputStream;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.spi.ContentCoding.Decoder;
import io.semanticrouter.maas.spi.ContentCoding.DecodingException;
import io.semanticrouter.maas.spi.ContentCoding.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CodingsTest {
  private static final int WINDOW = 8 << 20;
  private static final Path STATUS = Path.of("/proc/self/status");

  private static final byte[] TEXT =
      utf8("data: {\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}\n\ndata: [DONE]\n\n");

  /** A coding, and an encoder for it. */
  enum Coding {
    BR {
      @Override
      ContentCoding coding() {
        return new BrotliCoding();
      }

      @Override
      OutputStream encoder(OutputStream out, int windowLog) throws IOException {
        Brotli4jLoader.ensureAvailability();
        return new BrotliOutputStream(out, Encoder.Parameters.create(5, windowLog));
      }
    },
    ZSTD {
      @Override
      ContentCoding coding() {
        return new ZstdCoding();
      }

      @Override
      OutputStream encoder(OutputStream out, int windowLog) throws IOException {
        return new ZstdOutputStream(out).setLong(windowLog).setChecksum(true);
      }
    };

    abstract ContentCoding coding();

    abstract OutputStream encoder(OutputStream out, int windowLog) throws IOException;

    byte[] encode(byte[] body) {
      return encode(body, 18);
    }

    byte[] encode(byte[] body, int windowLog) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (OutputStream encoder = encoder(out, windowLog)) {
        encoder.write(body);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return out.toByteArray();
    }
  }

  // --- round trips ---------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void bodyIsDecodedHoweverItIsCut(Coding coding) throws Exception {
    for (byte[] body : new byte[][] {TEXT, new byte[0], randomBody(new Random(1))}) {
      byte[] encoded = coding.encode(body);
      for (int cut = 0; cut <= encoded.length; cut++) {
        try (Reading reading = new Reading(coding, WINDOW, 8192)) {
          reading.feed(encoded, 0, cut);
          reading.feed(encoded, cut, encoded.length);
          reading.assertDecoded(body, "cut at " + cut);
        }
      }
      for (int size = 1; size < 20; size++) {
        for (int room : new int[] {1, 2, 7, 8192}) {
          try (Reading reading = new Reading(coding, WINDOW, room)) {
            reading.feedBy(size, encoded);
            reading.assertDecoded(body, "chunks of " + size + " to " + room);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void randomBodiesAreDecoded(Coding coding) throws Exception {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      byte[] body = randomBody(random);
      byte[] encoded = coding.encode(body, 10 + random.nextInt(13));
      try (Reading reading = new Reading(coding, WINDOW, 1 + random.nextInt(3000))) {
        for (int from = 0; from < encoded.length; ) {
          int to = Math.min(encoded.length, from + random.nextInt(1400));
          reading.feed(encoded, from, to);
          from = to;
        }
        reading.assertDecoded(body, "seed " + seed);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void eventThatWasFlushedIsThereBeforeTheNextOneComes(Coding coding) throws Exception {
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();
    try (OutputStream encoder = coding.encoder(encoded, 18);
        Reading reading = new Reading(coding, WINDOW, 8192)) {
      for (int i = 0; i < 100; i++) {
        byte[] event = utf8("data: {\"n\":" + i + "}\n\n");
        encoder.write(event);
        encoder.flush();
        reading.seen.reset();
        reading.feed(encoded.toByteArray(), 0, encoded.size());
        encoded.reset();
        assertThat(reading.seen.toByteArray()).isEqualTo(event);
        assertThat(reading.decoder.isFinished()).isFalse();
      }
    }
  }

  @Test
  void severalFramesOfZstdAndThoseToSkipAreOneBody() throws Exception {
    byte[] skippable = {0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 9, 9, 9};
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();
    encoded.writeBytes(skippable);
    encoded.writeBytes(Coding.ZSTD.encode(utf8("one ")));
    encoded.writeBytes(Coding.ZSTD.encode(new byte[0]));
    encoded.writeBytes(skippable);
    encoded.writeBytes(Coding.ZSTD.encode(utf8("two")));
    encoded.writeBytes(skippable);
    for (int size = 1; size <= encoded.size(); size++) {
      try (Reading reading = new Reading(Coding.ZSTD, WINDOW, 8192)) {
        reading.feedBy(size, encoded.toByteArray());
        reading.assertDecoded(utf8("one two"), "chunks of " + size);
      }
    }
  }

  // --- what is wrong -------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void bodyThatEndsEarlyIsNotFinishedNorMalformed(Coding coding) throws Exception {
    byte[] body = randomBody(new Random(2));
    byte[] encoded = coding.encode(body);
    for (int length = 1; length < encoded.length; length++) {
      try (Reading reading = new Reading(coding, WINDOW, 8192)) {
        reading.feed(encoded, 0, length);
        assertThat(reading.decoder.isFinished()).as("%d bytes", length).isFalse();
        assertThat(reading.seen.toByteArray()).isEqualTo(Arrays.copyOf(body, reading.seen.size()));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void anythingBehindTheEndIsMalformed(Coding coding) throws Exception {
    byte[] encoded = coding.encode(TEXT);
    byte[] more = Arrays.copyOf(encoded, encoded.length + 8);
    Arrays.fill(more, encoded.length, more.length, (byte) 'x');
    for (int size : new int[] {1, 7, more.length}) {
      try (Reading reading = new Reading(coding, WINDOW, 8192)) {
        assertThat(failure(() -> reading.feedBy(size, more))).isEqualTo(Reason.MALFORMED);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void flippedBitsAndNoiseFailInTheDocumentedWayOrDecode(Coding coding) throws Exception {
    byte[] encoded = coding.encode(randomBody(new Random(3)));
    int failures = 0;
    for (long seed = 0; seed < 3000; seed++) {
      Random random = new Random(seed);
      byte[] broken = encoded.clone();
      if (random.nextInt(10) == 0) {
        random.nextBytes(broken);
      } else {
        broken[random.nextInt(broken.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try (Reading reading = new Reading(coding, WINDOW, 8192)) {
        reading.feedBy(1 + random.nextInt(broken.length), broken);
        if (!reading.decoder.isFinished()) {
          failures++;
        }
      } catch (DecodingException e) {
        failures++;
      }
    }
    // Brotli has no checksum: most flips only change a letter.
    assertThat(failures).isGreaterThan(coding == Coding.ZSTD ? 2900 : 300);
  }

  @ParameterizedTest
  @EnumSource
  void decoderThatIsClosedSaysSoAndCanBeClosedAgain(Coding coding) throws Exception {
    byte[] encoded = coding.encode(TEXT);
    for (int length = 0; length <= encoded.length; length++) {
      Reading reading = new Reading(coding, WINDOW, 8192);
      reading.feed(encoded, 0, length);
      reading.close();
      reading.close();
      assertThat(reading.decoder.remaining()).isZero();
      assertThatThrownBy(() -> reading.feed(encoded, 0, encoded.length))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  // --- limits --------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "BR, 10, 1024, true",
    "BR, 11, 1024, false",
    "BR, 15, 32768, true",
    "BR, 16, 32768, false",
    "BR, 16, 65536, true",
    "BR, 17, 65536, false",
    "BR, 17, 131072, true",
    "BR, 18, 131072, false",
    "BR, 22, 8388608, true",
    "BR, 23, 8388608, true",
    "BR, 24, 8388608, false",
    "BR, 24, 16777216, true",
    "ZSTD, 10, 1024, true",
    "ZSTD, 11, 2047, false",
    "ZSTD, 22, 8388608, true",
    "ZSTD, 23, 8388608, true",
    "ZSTD, 24, 8388608, false",
    "ZSTD, 24, 16777216, true",
    "ZSTD, 27, 8388608, false",
  })
  void windowLargerThanAllowedIsRefused(
      Coding coding, int windowLog, int maxWindowBytes, boolean allowed) throws Exception {
    byte[] body = randomBody(new Random(windowLog));
    byte[] encoded = coding.encode(body, windowLog);
    try (Reading reading = new Reading(coding, maxWindowBytes, 8192)) {
      if (allowed) {
        reading.feedBy(1400, encoded);
        reading.assertDecoded(body, "window");
      } else {
        assertThat(failure(() -> reading.feedBy(1400, encoded))).isEqualTo(Reason.WINDOW_TOO_LARGE);
        assertThat(reading.seen.size()).isZero();
      }
    }
  }

  @Test
  void largeWindowBrotliIsRefused() throws Exception {
    try (Reading reading = new Reading(Coding.BR, Integer.MAX_VALUE, 8192)) {
      assertThat(failure(() -> reading.feed(new byte[] {0x11, 0x3E}, 0, 2)))
          .isEqualTo(Reason.WINDOW_TOO_LARGE);
    }
  }

  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void bombComesInPiecesAndCanBeGivenUp(Coding coding) throws Exception {
    byte[] bomb = coding.encode(new byte[256 << 20], 23);
    assertThat(bomb.length).isLessThan(64 << 10);
    long before = residentBytes();
    byte[] out = new byte[8192];
    long decoded = 0;
    try (Decoder decoder = coding.coding().newDecoder(WINDOW)) {
      decoder.setInput(bomb, 0, bomb.length);
      int length = decoder.decode(out, 0, out.length);
      while (length > 0 && decoded < 64 << 20) {
        assertThat(length).isLessThanOrEqualTo(out.length);
        decoded += length;
        length = decoder.decode(out, 0, out.length);
      }
      assertThat(residentBytes() - before).isLessThan(48L << 20);
    }
    assertThat(decoded).isGreaterThanOrEqualTo(64 << 20);
  }

  // --- native memory -------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void hundredThousandAbandonedDecodersLeaveNothing(Coding coding) throws Exception {
    byte[] encoded = coding.encode(randomBody(new Random(4)));
    byte[] broken = encoded.clone();
    Arrays.fill(broken, broken.length / 2, broken.length, (byte) 0xFF);
    byte[] out = new byte[512];
    for (int i = 0; i < 5_000; i++) {
      abandon(coding, encoded, broken, out, i);
    }
    long before = residentBytes();
    for (int i = 0; i < 100_000; i++) {
      abandon(coding, encoded, broken, out, i);
    }
    // Without release it would be more than 10 KiB for each.
    assertThat(residentBytes() - before).isLessThan(128L << 20);
  }

  /** Unread, half read, half taken, read to its end or failed. */
  private static void abandon(Coding coding, byte[] encoded, byte[] broken, byte[] out, int i) {
    try (Decoder decoder = coding.coding().newDecoder(WINDOW)) {
      switch (i % 5) {
        case 0 -> {
          // unread
        }
        case 1 -> {
          decoder.setInput(encoded, 0, encoded.length / 2);
          drain(decoder, out);
        }
        case 2 -> {
          decoder.setInput(encoded, 0, encoded.length);
          decoder.decode(out, 0, 1);
        }
        case 3 -> {
          decoder.setInput(encoded, 0, encoded.length);
          drain(decoder, out);
        }
        default -> {
          decoder.setInput(broken, 0, broken.length);
          drain(decoder, out);
        }
      }
    } catch (DecodingException e) {
      assertThat(i % 5).isEqualTo(4);
    }
  }

  private static void drain(Decoder decoder, byte[] out) throws DecodingException {
    int length = decoder.decode(out, 0, out.length);
    while (length > 0) {
      length = decoder.decode(out, 0, out.length);
    }
  }

  private static long residentBytes() throws IOException {
    assumeTrue(Files.isReadable(STATUS), "only Linux says how much is resident");
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("no VmRSS");
  }

  // --- discovery -----------------------------------------------------------------------------

  @Test
  void serviceLoaderFindsBothAndTheyWorkHere() {
    Set<String> names = new HashSet<>();
    for (ContentCoding coding : ServiceLoader.load(ContentCoding.class)) {
      assertThat(coding.isAvailable()).as(coding.name()).isTrue();
      names.add(coding.name());
    }
    assertThat(names).containsExactlyInAnyOrder("br", "zstd");
  }

  // --- reading -------------------------------------------------------------------------------

  /** A decoder that is read like the core reads it, into a part of an array. */
  private static final class Reading implements AutoCloseable {
    private static final int OFFSET = 3;

    final Decoder decoder;
    final ByteArrayOutputStream seen = new ByteArrayOutputStream();
    private final byte[] out;

    Reading(Coding coding, int maxWindowBytes, int room) {
      decoder = coding.coding().newDecoder(maxWindowBytes);
      out = new byte[OFFSET + room + OFFSET];
    }

    void feed(byte[] b, int from, int to) throws DecodingException {
      // Behind the call the array may hold anything.
      byte[] borrowed = b.clone();
      decoder.setInput(borrowed, from, to);
      int length = decoder.decode(out, OFFSET, out.length - OFFSET);
      while (length > 0) {
        seen.write(out, OFFSET, length);
        length = decoder.decode(out, OFFSET, out.length - OFFSET);
      }
      assertThat(decoder.remaining()).isZero();
      assertThat(borrowed).isEqualTo(b);
      Arrays.fill(borrowed, (byte) 0x55);
      assertThat(out).startsWith(0, 0, 0).endsWith(0, 0, 0);
    }

    void feedBy(int size, byte[] b) throws DecodingException {
      for (int from = 0; from < b.length; from += size) {
        byte[] piece = Arrays.copyOfRange(b, from, Math.min(b.length, from + size));
        feed(piece, 0, piece.length);
      }
    }

    void assertDecoded(byte[] body, String description) {
      assertThat(decoder.isFinished()).as(description).isTrue();
      assertThat(seen.toByteArray()).as(description).isEqualTo(body);
    }

    @Override
    public void close() {
      decoder.close();
    }
  }

  private interface Decoding {
    void run() throws DecodingException;
  }

  private static Reason failure(Decoding decoding) {
    DecodingException e = catchThrowableOfType(DecodingException.class, decoding::run);
    assertThat(e).isNotNull();
    assertThat(e.getStackTrace()).isEmpty();
    return e.reason();
  }

  /** Text that compresses, and some that does not. */
  private static byte[] randomBody(Random random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int n = random.nextInt(40); n >= 0; n--) {
      if (random.nextInt(8) == 0) {
        byte[] noise = new byte[random.nextInt(200)];
        random.nextBytes(noise);
        out.writeBytes(noise);
      } else {
        out.writeBytes(utf8("data: {\"choices\":[{\"delta\":{\"content\":\"" + n + "\"}}]}\n\n"));
      }
    }
    return out.toByteArray();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
