// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.coding;

import static io.semanticrouter.maas.internal.usage.Bodies.concat;
import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.usage.Allocation;
import io.semanticrouter.maas.internal.usage.Cuts;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.spi.ContentCoding.DecodingException;
import io.semanticrouter.maas.spi.ContentCoding.Reason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentDecodingTest {
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final int CHECKSUM = 2;
  private static final int RATIO = ContentDecoding.DEFAULT_MAX_RATIO;
  private static final int WINDOW = ContentDecoding.DEFAULT_MAX_WINDOW_BYTES;

  private static final byte[] TEXT =
      utf8("data: {\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}\n\ndata: [DONE]\n\n");

  /** The codings of the JDK, and an encoder for each. */
  enum Coding {
    GZIP("gzip") {
      @Override
      byte[] encode(byte[] body) {
        return gzip(body);
      }
    },
    ZLIB("deflate") {
      @Override
      byte[] encode(byte[] body) {
        return deflate(body, false, Deflater.DEFAULT_STRATEGY, 6);
      }
    },
    BARE("deflate") {
      @Override
      byte[] encode(byte[] body) {
        return deflate(body, true, Deflater.DEFAULT_STRATEGY, 6);
      }
    };

    final String header;

    Coding(String header) {
      this.header = header;
    }

    abstract byte[] encode(byte[] body);
  }

  // --- round trips ---------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void bodyIsDecodedHoweverItIsCut(Coding coding) {
    byte[] encoded = coding.encode(TEXT);
    for (int cut = 0; cut <= encoded.length; cut++) {
      int at = cut;
      assertThat(decoded(coding.header, fed -> Cuts.at(at, encoded, fed)))
          .as("cut at %d", cut)
          .isEqualTo(TEXT);
    }
    for (int size = 1; size < 20; size++) {
      int chunk = size;
      assertThat(decoded(coding.header, fed -> Cuts.every(chunk, encoded, fed)))
          .as("chunks of %d", size)
          .isEqualTo(TEXT);
    }
  }

  @ParameterizedTest
  @EnumSource
  void randomBodiesAreDecodedAsTheJdkDecodesThem(Coding coding) throws IOException {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      byte[] body = randomBody(random);
      byte[] encoded = coding.encode(body);
      byte[] expected = body;
      if (coding == Coding.GZIP) {
        expected = new GZIPInputStream(new ByteArrayInputStream(encoded)).readAllBytes();
      }
      assertThat(decoded(coding.header, fed -> Cuts.random(random, encoded, fed)))
          .as("seed %d", seed)
          .isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyLevelAndStrategyOfTheDeflaterIsDecoded(Coding coding) {
    byte[] body = randomBody(new Random(5));
    for (int level = 0; level <= 9; level++) {
      for (int strategy :
          new int[] {Deflater.DEFAULT_STRATEGY, Deflater.FILTERED, Deflater.HUFFMAN_ONLY}) {
        if (coding != Coding.GZIP) {
          byte[] encoded = deflate(body, coding == Coding.BARE, strategy, level);
          assertThat(decoded("deflate", encoded))
              .as("level %d, strategy %d", level, strategy)
              .isEqualTo(body);
        }
      }
    }
  }

  @Test
  void eventThatWasFlushedIsThereBeforeTheNextOneComes() throws IOException {
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    ContentDecoding decoding = decoding("gzip");
    try (GZIPOutputStream gzip = new GZIPOutputStream(encoded, 512, true)) {
      for (int i = 0; i < 100; i++) {
        byte[] event = utf8("data: {\"n\":" + i + "}\n\n");
        gzip.write(event);
        gzip.flush();
        seen.reset();
        decoding.feed(encoded.toByteArray(), 0, encoded.size(), to(seen));
        encoded.reset();
        assertThat(seen.toByteArray()).isEqualTo(event);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "deflate", "identity"})
  void emptyBodyIsFine(String header) {
    assertThat(decoded(header, new byte[0])).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void codedEmptyBodyIsFine(Coding coding) {
    assertThat(decoded(coding.header, coding.encode(new byte[0]))).isEmpty();
  }

  @Test
  void identityPassesThrough() {
    assertThat(decoded("identity", fed -> Cuts.every(3, TEXT, fed))).isEqualTo(TEXT);
  }

  // --- the header ----------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gzip",
        "x-gzip",
        "GZIP",
        " gzip ",
        "gzip,",
        ", gzip",
        "identity, gzip",
        "gzip,identity"
      })
  void oneCodingIsSupportedInAnySpelling(String header) {
    assertThat(decoded(header, gzip(TEXT))).isEqualTo(TEXT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "br",
        "zstd",
        "compress",
        "gzip, gzip",
        "gzip, br",
        "br, gzip",
        "deflate,gzip",
        "gzip;q=1",
        "gzip deflate",
        "aws-chunked",
        "*",
        "g\u0131zip"
      })
  void unknownOrFurtherCodingIsUnsupported(String header) {
    assertThat(ContentDecoding.of(header, RATIO, WINDOW, List.of())).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", ",", "identity", "Identity, identity"})
  void noCodingIsIdentity(String header) {
    assertThat(decoded(header, TEXT)).isEqualTo(TEXT);
  }

  // --- gzip ----------------------------------------------------------------------------------

  @Test
  void headerWithAnyFlagsIsReadHoweverItIsCut() {
    for (int flags = 0; flags < 32; flags++) {
      // Bit 0 says that it is text, which changes nothing.
      byte[] encoded = member(TEXT, flags, 300);
      byte[] fields = member(TEXT, flags, 0);
      assertThat(decoded("gzip", encoded)).as("flags %d", flags).isEqualTo(TEXT);
      for (int cut = 0; cut <= fields.length; cut++) {
        int at = cut;
        assertThat(decoded("gzip", fed -> Cuts.at(at, fields, fed)))
            .as("flags %d, cut at %d", flags, cut)
            .isEqualTo(TEXT);
      }
      assertThat(decoded("gzip", fed -> Cuts.every(1, encoded, fed))).isEqualTo(TEXT);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {32, 64, 128, 255})
  void reservedFlagIsMalformed(int flags) {
    byte[] encoded = gzip(TEXT);
    encoded[3] = (byte) flags;
    assertMalformed("gzip", encoded);
  }

  @Test
  void wrongHeaderChecksumIsMalformed() {
    byte[] encoded = member(TEXT, CHECKSUM | NAME, 5);
    encoded[12] ^= 1;
    assertMalformed("gzip", encoded);
  }

  @Test
  void nameOfAMegabyteIsReadWithoutKeepingIt() {
    byte[] start = Arrays.copyOf(member(TEXT, NAME, 5), 10);
    byte[] name = new byte[1 << 20];
    Arrays.fill(name, (byte) 'n');
    byte[] rest = member(TEXT, NAME, 0);
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    ByteSink sink = to(seen);
    ContentDecoding decoding = decoding("gzip");
    decoding.feed(start, 0, start.length, sink);
    decoding.feed(name, 0, 1000, sink);
    long before = Allocation.ofThisThread();
    decoding.feed(name, 0, name.length, sink);
    assertThat(Allocation.ofThisThread() - before).as("bytes allocated").isLessThan(1024);
    decoding.feed(rest, 10, rest.length, sink);
    decoding.end();
    assertThat(seen.toByteArray()).isEqualTo(TEXT);
  }

  @Test
  void severalMembersAreOneBodyHoweverTheyAreCut() {
    byte[] one = concat(member(utf8("one "), EXTRA | CHECKSUM, 3), gzip(new byte[0]));
    byte[] encoded = concat(one, concat(gzip(utf8("two ")), member(utf8("three"), 31, 4)));
    for (int cut = 0; cut <= encoded.length; cut++) {
      int at = cut;
      assertThat(decoded("gzip", fed -> Cuts.at(at, encoded, fed)))
          .as("cut at %d", cut)
          .isEqualTo(utf8("one two three"));
    }
    assertThat(decoded("gzip", fed -> Cuts.every(1, encoded, fed)))
        .isEqualTo(utf8("one two three"));
  }

  @Test
  void zerosBehindTheLastMemberArePassedOver() {
    byte[] encoded = concat(gzip(TEXT), new byte[600]);
    assertThat(decoded("gzip", encoded)).isEqualTo(TEXT);
    assertThat(decoded("gzip", fed -> Cuts.every(1, encoded, fed))).isEqualTo(TEXT);
    assertMalformed("gzip", concat(encoded, gzip(TEXT)));
    assertMalformed("gzip", new byte[] {0});
  }

  @ParameterizedTest
  @EnumSource
  void anythingElseBehindTheEndIsMalformed(Coding coding) {
    assertThat(assertMalformed(coding.header, concat(coding.encode(TEXT), utf8("x"))))
        .isEqualTo(TEXT);
  }

  @Test
  void wrongTrailerIsMalformedBehindTheWholeBody() {
    byte[] encoded = gzip(TEXT);
    for (int at = encoded.length - 8; at < encoded.length; at++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] broken = encoded.clone();
        broken[at] ^= (byte) (1 << bit);
        assertThat(assertMalformed("gzip", broken)).isEqualTo(TEXT);
      }
    }
  }

  // --- deflate -------------------------------------------------------------------------------

  @Test
  void zlibStreamThatWantsADictionaryIsMalformed() {
    Deflater deflater = new Deflater();
    deflater.setDictionary(TEXT);
    assertThat(assertMalformed("deflate", deflate(TEXT, deflater))).isEmpty();
  }

  @Test
  void zlibStreamWithAWrongChecksumIsMalformed() {
    byte[] encoded = Coding.ZLIB.encode(TEXT);
    encoded[encoded.length - 1] ^= 1;
    assertThat(assertMalformed("deflate", encoded)).isEqualTo(TEXT);
  }

  @Test
  void bareStreamWithAnyFirstByteOfAnEncoderIsNotTakenForZlib() {
    for (long seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      byte[] body = new byte[random.nextInt(300)];
      random.nextBytes(body);
      int level = random.nextInt(10);
      byte[] encoded = deflate(body, true, Deflater.DEFAULT_STRATEGY, level);
      assertThat(decoded("deflate", encoded)).as("seed %d", seed).isEqualTo(body);
    }
  }

  // --- what is wrong -------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void bodyThatEndsEarlyIsTruncatedWithWhatThereWas(Coding coding) {
    byte[] encoded = coding.encode(TEXT);
    for (int length = 1; length < encoded.length; length++) {
      for (int size : new int[] {1, encoded.length}) {
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        ContentDecoding decoding = decoding(coding.header);
        Cuts.every(
            size,
            Arrays.copyOf(encoded, length),
            (b, from, to) -> decoding.feed(b, from, to, to(seen)));
        assertThat(decoding.isTruncated()).isFalse();
        decoding.end();
        assertThat(decoding.isTruncated()).as("%d bytes", length).isTrue();
        assertThat(decoding.isMalformed()).isFalse();
        assertThat(seen.toByteArray()).isEqualTo(Arrays.copyOf(TEXT, seen.size()));
      }
    }
  }

  @Test
  void secondMemberThatEndsEarlyIsTruncated() {
    byte[] one = gzip(TEXT);
    byte[] two = concat(one, one);
    for (int length = one.length + 1; length < two.length; length++) {
      ContentDecoding decoding = decoding("gzip");
      decoding.feed(two, 0, length, (b, from, to) -> {});
      decoding.end();
      assertThat(decoding.isTruncated()).as("%d bytes", length).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void flippedBitIsNoticedOrHarmlessTheSameForEveryCut(Coding coding) {
    byte[] body = concat(TEXT, randomBody(new Random(1)));
    byte[] encoded = coding.encode(body);
    for (int at = 0; at < Math.min(400, encoded.length); at++) {
      byte[] broken = encoded.clone();
      broken[at] ^= (byte) (1 << (at & 7));
      String whole = outcome(coding, fed -> fed.feed(broken, 0, broken.length));
      assertThat(outcome(coding, fed -> Cuts.every(1, broken, fed)))
          .as("byte %d, one by one", at)
          .isEqualTo(whole);
      Random random = new Random(at);
      assertThat(outcome(coding, fed -> Cuts.random(random, broken, fed)))
          .as("byte %d, seed %d", at, at)
          .isEqualTo(whole);
      // Only the time, the system and such of a gzip header can change unnoticed.
      if (coding == Coding.ZLIB || (coding == Coding.GZIP && at >= 10)) {
        assertThat(whole).as("byte %d", at).doesNotStartWith("good");
      }
    }
  }

  @Test
  @Tag("slow")
  void randomBytesNeverThrow() {
    for (long seed = 0; seed < 5000; seed++) {
      Random random = new Random(seed);
      byte[] noise = new byte[random.nextInt(300)];
      random.nextBytes(noise);
      for (Coding coding : Coding.values()) {
        if (coding == Coding.GZIP && noise.length > 20) {
          System.arraycopy(gzip(TEXT), 0, noise, 0, 10);
        }
        String whole = outcome(coding, fed -> fed.feed(noise, 0, noise.length));
        assertThat(outcome(coding, fed -> Cuts.random(random, noise, fed)))
            .as("%s, seed %d", coding, seed)
            .isEqualTo(whole);
      }
    }
  }

  @Test
  void nothingIsDecodedBehindTheFailure() {
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    ContentDecoding decoding = decoding("gzip");
    decoding.feed(utf8("no gzip"), 0, 7, to(seen));
    assertThat(decoding.isMalformed()).isTrue();
    byte[] good = gzip(TEXT);
    decoding.feed(good, 0, good.length, to(seen));
    decoding.end();
    decoding.close();
    assertThat(seen.size()).isZero();
    assertThat(decoding.isMalformed()).isTrue();
    assertThat(decoding.isTruncated()).isFalse();
  }

  // --- limits --------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void bombIsGivenUpAtTheRatioHoweverItIsCut(Coding coding) {
    byte[] bomb = coding.encode(new byte[64 << 20]);
    long[] first = null;
    for (int size : new int[] {1, 1400, bomb.length}) {
      long[] count = new long[1];
      ContentDecoding decoding = decoding(coding.header);
      Cuts.every(
          size, bomb, (b, from, to) -> decoding.feed(b, from, to, (o, f, t) -> count[0] += t - f));
      decoding.end();
      assertThat(decoding.isOverLimit()).as("chunks of %d", size).isTrue();
      assertThat(decoding.isMalformed()).isFalse();
      assertThat(decoding.isTruncated()).isFalse();
      assertThat(count[0]).isLessThan(8 << 20);
      first = first == null ? count : first;
      assertThat(count).isEqualTo(first);
    }
  }

  /** 32 MiB is free of it; beyond that, so much work for so few bytes holds up other exchanges. */
  @Test
  void largeOutputOfFewBytesIsGivenUpAfterFiftyTimesTheInput() {
    byte[] event = utf8("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"!\"}}]}\n\n");
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (int i = 0; body.size() < 64 << 20; i++) {
      body.writeBytes(event);
      if (i % 20 == 0) {
        body.writeBytes(utf8(": " + i + "\n\n"));
      }
    }
    byte[] encoded = gzip(body.toByteArray());
    assertThat(body.size() / encoded.length).isBetween(50, ContentDecoding.DEFAULT_MAX_RATIO);
    for (int size : new int[] {1400, encoded.length}) {
      long[] count = new long[1];
      ContentDecoding decoding = decoding("gzip");
      Cuts.every(
          size,
          encoded,
          (b, from, to) -> decoding.feed(b, from, to, (o, f, t) -> count[0] += t - f));
      decoding.end();
      assertThat(decoding.isOverLimit()).as("chunks of %d", size).isTrue();
      assertThat(count[0]).isBetween(32L << 20, (32L << 20) + 50L * encoded.length + 8192);
    }
  }

  @Test
  @Tag("slow")
  void largeOutputOfManyBytesIsDecodedWhole() {
    byte[] digits = new byte[40 << 20];
    Random random = new Random(7);
    for (int i = 0; i < digits.length; i++) {
      digits[i] = (byte) ('0' + random.nextInt(10));
    }
    byte[] encoded = gzip(digits);
    long[] count = new long[1];
    ContentDecoding decoding = decoding("gzip");
    decoding.feed(encoded, 0, encoded.length, (b, from, to) -> count[0] += to - from);
    decoding.end();
    assertThat(decoding.isOverLimit()).isFalse();
    assertThat(count[0]).isEqualTo(digits.length);
  }

  @Test
  void ratioCanBeSetAndAMegabyteIsFree() {
    byte[] mebibyte = gzip(new byte[1 << 20]);
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    ContentDecoding decoding =
        Objects.requireNonNull(ContentDecoding.of("gzip", 1, WINDOW, List.of()));
    decoding.feed(mebibyte, 0, mebibyte.length, to(seen));
    decoding.end();
    assertThat(decoding.isOverLimit()).isFalse();
    assertThat(seen.size()).isEqualTo(1 << 20);

    byte[] more = gzip(new byte[2 << 20]);
    decoding = Objects.requireNonNull(ContentDecoding.of("gzip", 10, WINDOW, List.of()));
    decoding.feed(more, 0, more.length, to(seen));
    decoding.end();
    assertThat(decoding.isOverLimit()).isTrue();
  }

  @Test
  void answerThatRepeatsOneTokenWithoutEndIsNoBomb() {
    // Flushed or not: what a degenerate model sends is measured like anything else.
    byte[] event =
        utf8(
            "data: {\"id\":\"chatcmpl-7\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
                + "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"!\"},"
                + "\"finish_reason\":null}]}\n\n");
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (int i = 0; i < 50_000; i++) {
      body.writeBytes(event);
    }
    byte[] encoded = gzip(body.toByteArray());
    long[] count = new long[1];
    ContentDecoding decoding = decoding("gzip");
    decoding.feed(encoded, 0, encoded.length, (b, from, to) -> count[0] += to - from);
    decoding.end();
    assertThat(decoding.isOverLimit()).isFalse();
    assertThat(count[0]).isEqualTo(body.size());
  }

  // --- other codings -------------------------------------------------------------------------

  @Test
  void furtherCodingIsUsedByItsNameAndClosedHoweverItEnds() {
    for (Ending ending : Ending.values()) {
      Doubling coding = new Doubling(ending);
      ContentDecoding decoding =
          Objects.requireNonNull(ContentDecoding.of("X2", RATIO, 4096, List.of(coding)));
      assertThat(coding.opened).as("before the first byte").isZero();
      ByteArrayOutputStream seen = new ByteArrayOutputStream();
      switch (ending) {
        case COMPLETE, TRUNCATED -> {
          decoding.feed(utf8("ab"), 0, 2, to(seen));
          decoding.end();
          assertThat(seen.toByteArray()).isEqualTo(utf8("aabb"));
        }
        case ABANDONED -> {
          decoding.feed(utf8("ab"), 0, 2, to(seen));
          decoding.close();
        }
        case SINK_THROWS ->
            assertThatThrownBy(
                    () ->
                        decoding.feed(
                            utf8("ab"),
                            0,
                            2,
                            (b, from, to) -> {
                              throw new IllegalArgumentException("sink");
                            }))
                .hasMessage("sink");
        case DECODER_THROWS, INPUT_LEFT ->
            assertThatThrownBy(() -> decoding.feed(utf8("ab"), 0, 2, to(seen)))
                .isInstanceOf(IllegalStateException.class);
        case MALFORMED, WINDOW -> decoding.feed(utf8("ab"), 0, 2, to(seen));
      }
      assertThat(coding.opened).as("%s", ending).isEqualTo(1);
      assertThat(coding.closed).as("%s", ending).isEqualTo(1);
      assertThat(coding.window).isEqualTo(4096);
      assertThat(decoding.isTruncated()).isEqualTo(ending == Ending.TRUNCATED);
      assertThat(decoding.isMalformed()).isEqualTo(ending == Ending.MALFORMED);
      assertThat(decoding.isOverLimit()).isEqualTo(ending == Ending.WINDOW);
      decoding.feed(utf8("ab"), 0, 2, to(seen));
      decoding.end();
      decoding.close();
      assertThat(coding.opened).isEqualTo(1);
      assertThat(coding.closed).isEqualTo(1);
    }
  }

  @Test
  void onlyBuiltInCodingsAreThereWithoutAFurtherModule() {
    assertThat(ContentDecoding.installed()).isEmpty();
  }

  // --- cost ----------------------------------------------------------------------------------

  @Test
  void abandonedDecodingsReleaseTheirNativeMemoryAtOnce() throws IOException {
    byte[] start = Arrays.copyOf(gzip(randomBody(new Random(3))), 100);
    for (int i = 0; i < 20_000; i++) {
      abandon(start);
    }
    long before = NativeMemory.residentBytes();
    long allocatedBefore = Allocation.ofThisThread();
    for (int i = 0; i < 20_000; i++) {
      abandon(start);
    }
    long allocated = Allocation.ofThisThread() - allocatedBefore;
    // The heap may touch as much as was allocated. Kept until a garbage collection, the native
    // memory would be more than 100 MB beside it.
    assertThat(NativeMemory.residentBytes() - before - allocated).isLessThan(60L << 20);
  }

  private static void abandon(byte[] start) {
    ContentDecoding decoding = decoding("gzip");
    decoding.feed(start, 0, start.length, (b, from, to) -> {});
    decoding.close();
  }

  @ParameterizedTest
  @CsvSource({"GZIP, 1", "GZIP, 1400", "ZLIB, 1400", "BARE, 1400"})
  @Tag("slow")
  void decodingAllocatesNothingPerChunk(Coding coding, int size) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    Random random = new Random(4);
    while (body.size() < 1 << 20) {
      body.writeBytes(randomBody(random));
    }
    byte[] encoded = coding.encode(body.toByteArray());
    byte[] rest = Arrays.copyOfRange(encoded, 100, encoded.length);
    long[] count = new long[1];
    ByteSink sink = (b, from, to) -> count[0] += to - from;
    long allocated = 0;
    for (int run = 0; run < 3; run++) {
      ContentDecoding decoding = decoding(coding.header);
      decoding.feed(encoded, 0, 100, sink);
      Cuts.Fed fed = (b, from, to) -> decoding.feed(b, from, to, sink);
      long before = Allocation.ofThisThread();
      Cuts.every(size, rest, fed);
      allocated = Allocation.ofThisThread() - before;
      decoding.end();
      assertThat(decoding.isTruncated()).isFalse();
      assertThat(decoding.isMalformed()).isFalse();
    }
    assertThat(allocated).as("bytes allocated").isLessThan(1024);
    assertThat(count[0]).isEqualTo(3L * body.size());
  }

  // --- encoders ------------------------------------------------------------------------------

  private static byte[] gzip(byte[] body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static byte[] deflate(byte[] body, boolean bare, int strategy, int level) {
    Deflater deflater = new Deflater(level, bare);
    deflater.setStrategy(strategy);
    return deflate(body, deflater);
  }

  private static byte[] deflate(byte[] body, Deflater deflater) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (DeflaterOutputStream stream = new DeflaterOutputStream(out, deflater)) {
      stream.write(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      deflater.end();
    }
    return out.toByteArray();
  }

  /** A member of gzip written by hand, with the header fields that the flags say. */
  private static byte[] member(byte[] body, int flags, int fieldLength) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {0x1F, (byte) 0x8B, 8, (byte) flags, 1, 2, 3, 4, 0, 3});
    byte[] field = new byte[fieldLength];
    Arrays.fill(field, (byte) 'f');
    if ((flags & EXTRA) != 0) {
      out.write(fieldLength);
      out.write(fieldLength >>> 8);
      out.writeBytes(new byte[fieldLength]);
    }
    for (int flag : new int[] {NAME, COMMENT}) {
      if ((flags & flag) != 0) {
        out.writeBytes(field);
        out.write(0);
      }
    }
    if ((flags & CHECKSUM) != 0) {
      little(out, crc(out.toByteArray()), 2);
    }
    out.writeBytes(Coding.BARE.encode(body));
    little(out, crc(body), 4);
    little(out, body.length, 4);
    return out.toByteArray();
  }

  private static void little(ByteArrayOutputStream out, long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >>> (8 * i)));
    }
  }

  private static long crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }

  /** Text that compresses, and some that does not. */
  private static byte[] randomBody(Random random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int n = random.nextInt(40); n >= 0; n--) {
      if (random.nextInt(4) == 0) {
        byte[] noise = new byte[random.nextInt(1000)];
        random.nextBytes(noise);
        out.writeBytes(noise);
      } else {
        out.writeBytes(utf8("data: {\"choices\":[{\"delta\":{\"content\":\"" + n + "\"}}]}\n\n"));
      }
    }
    return out.toByteArray();
  }

  // --- decoding ------------------------------------------------------------------------------

  private interface Feeding {
    void run(Cuts.Fed fed);
  }

  private static ContentDecoding decoding(String header) {
    return Objects.requireNonNull(ContentDecoding.of(header, RATIO, WINDOW, List.of()));
  }

  private static ByteSink to(ByteArrayOutputStream out) {
    return (b, from, to) -> out.write(b, from, to - from);
  }

  private static byte[] decoded(String header, byte[] body) {
    return decoded(header, fed -> fed.feed(body, 0, body.length));
  }

  private static byte[] decoded(String header, Feeding feeding) {
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    ContentDecoding decoding = decoding(header);
    feeding.run((b, from, to) -> decoding.feed(b, from, to, to(seen)));
    decoding.end();
    assertThat(decoding.isMalformed()).as("malformed").isFalse();
    assertThat(decoding.isTruncated()).as("truncated").isFalse();
    assertThat(decoding.isOverLimit()).as("over limit").isFalse();
    return seen.toByteArray();
  }

  /** Returns what was decoded before. */
  private static byte[] assertMalformed(String header, byte[] body) {
    byte[] whole = null;
    for (int size : new int[] {body.length, 1, 7}) {
      ByteArrayOutputStream seen = new ByteArrayOutputStream();
      ContentDecoding decoding = decoding(header);
      Cuts.every(size, body, (b, from, to) -> decoding.feed(b, from, to, to(seen)));
      decoding.end();
      assertThat(decoding.isMalformed()).as("chunks of %d", size).isTrue();
      assertThat(decoding.isTruncated()).isFalse();
      whole = whole == null ? seen.toByteArray() : whole;
      assertThat(seen.toByteArray()).as("chunks of %d", size).isEqualTo(whole);
    }
    return Objects.requireNonNull(whole);
  }

  /** How it ended, and what was decoded before. */
  private static String outcome(Coding coding, Feeding feeding) {
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    ContentDecoding decoding = decoding(coding.header);
    feeding.run((b, from, to) -> decoding.feed(b, from, to, to(seen)));
    decoding.end();
    String verdict =
        decoding.isMalformed()
            ? "malformed"
            : decoding.isTruncated() ? "truncated" : decoding.isOverLimit() ? "over" : "good";
    return verdict + " " + seen.size() + " " + crc(seen.toByteArray());
  }

  private enum Ending {
    COMPLETE,
    TRUNCATED,
    ABANDONED,
    SINK_THROWS,
    DECODER_THROWS,
    INPUT_LEFT,
    MALFORMED,
    WINDOW
  }

  /** A coding that says each byte twice, or ends in another way. */
  private static final class Doubling implements ContentCoding {
    private final Ending ending;
    int opened;
    int closed;
    int window;

    Doubling(Ending ending) {
      this.ending = ending;
    }

    @Override
    public String name() {
      return "x2";
    }

    @Override
    public Decoder newDecoder(int maxWindowBytes) {
      opened++;
      window = maxWindowBytes;
      return new Decoder() {
        private byte[] input = {};
        private int next;
        private int limit;

        @Override
        public void setInput(byte[] b, int from, int to) {
          input = b;
          next = from;
          limit = to;
        }

        @Override
        public int decode(byte[] out, int from, int to) throws DecodingException {
          switch (ending) {
            case MALFORMED -> throw new DecodingException(Reason.MALFORMED);
            case WINDOW -> throw new DecodingException(Reason.WINDOW_TOO_LARGE);
            case DECODER_THROWS -> throw new IllegalStateException("decoder");
            case INPUT_LEFT -> {
              return 0;
            }
            default -> {
              if (next == limit) {
                return 0;
              }
              out[from] = input[next];
              out[from + 1] = input[next++];
              return 2;
            }
          }
        }

        @Override
        public int remaining() {
          return limit - next;
        }

        @Override
        public boolean isFinished() {
          return ending != Ending.TRUNCATED;
        }

        @Override
        public void close() {
          closed++;
        }
      };
    }
  }
}
