// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.bytes;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.usage.Allocation;
import io.semanticrouter.maas.internal.usage.Cuts;
import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Base64DecodingTest {
  private final Base64Decoding decoding = new Base64Decoding();
  private final ByteArrayOutputStream decoded = new ByteArrayOutputStream();
  private final ByteSink sink = (b, from, to) -> decoded.write(b, from, to - from);

  @ParameterizedTest
  @CsvSource({
    // RFC 4648, 10.
    "'', ''",
    "Zg==, f",
    "Zm8=, fo",
    "Zm9v, foo",
    "Zm9vYg==, foob",
    "Zm9vYmE=, fooba",
    "Zm9vYmFy, foobar",
    "Zg, f",
    "Zm8, fo",
    "Zm9vYg, foob",
  })
  void vectorsOfTheRfcAreDecodedWithAndWithoutPadding(String text, String expected) {
    decode(text);
    assertThat(decoded.toString(UTF_8)).isEqualTo(expected);
    assertThat(decoding.isMalformed()).isFalse();
  }

  @Test
  void anyCutGivesWhatTheDecoderOfTheJdkGives() {
    for (int length = 0; length < 1100; length += length < 20 ? 1 : 97) {
      byte[] bytes = new byte[length];
      new Random(length).nextBytes(bytes);
      for (Base64.Encoder encoder :
          new Base64.Encoder[] {Base64.getEncoder(), Base64.getEncoder().withoutPadding()}) {
        String plain = encoder.encodeToString(bytes);
        for (String text : new String[] {plain, plain.replace("/", "\\/")}) {
          byte[] encoded = utf8(text);
          for (int cut = 0; cut <= encoded.length; cut++) {
            int at = cut;
            assertDecoded(bytes, () -> Cuts.at(at, encoded, this::feed));
          }
          for (int size = 1; size < 9; size++) {
            int chunk = size;
            assertDecoded(bytes, () -> Cuts.every(chunk, encoded, this::feed));
          }
          for (long seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            assertDecoded(bytes, () -> Cuts.random(random, encoded, this::feed));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "Z, ''",
    "Zm9vZ, foo",
    "=, ''",
    "Z=, ''",
    "Zg=, ''",
    "Zg===, f",
    "Zm9v=, foo",
    "Zg==Zg==, f",
    "Zg=g, ''",
    "Zm9v YmFy, foo",
    "Zm9v-mFy, foo",
    "Zm9v_mFy, foo",
    "Zm9v\u00e9, foo",
    "Zm9v\\u002b, foo",
    "Zm9v\\n, foo",
    "Zm9v\\\\/, foo",
    "Zm9v\\, foo",
  })
  void whatIsNotBase64IsMalformedBehindWhatWasGood(String text, String before) {
    byte[] encoded = utf8(text);
    for (int size = 1; size <= encoded.length; size++) {
      decoding.reset();
      decoded.reset();
      Cuts.every(size, encoded, this::feed);
      decoding.end(sink);
      assertThat(decoding.isMalformed()).as("chunks of %d", size).isTrue();
      assertThat(decoded.toString(UTF_8)).isEqualTo(before);
    }
    decoding.reset();
    decoded.reset();
    decode("Zm9v");
    assertThat(decoding.isMalformed()).isFalse();
    assertThat(decoded.toString(UTF_8)).isEqualTo("foo");
  }

  @Test
  void byteOutsideTheAlphabetIsMalformedWhereverItStands() {
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int c = 0; c < 256; c++) {
      for (int at = 0; at < 8; at++) {
        byte[] encoded = utf8("AAAAAAAA");
        encoded[at] = (byte) c;
        decoding.reset();
        decoding.feed(encoded, 0, encoded.length, sink);
        decoding.end(sink);
        boolean good = alphabet.indexOf(c) >= 0 || (c == '=' && at == 7);
        assertThat(decoding.isMalformed()).as("byte %d at %d", c, at).isEqualTo(!good);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 1400})
  void megabyteIsDecodedWithoutAllocating(int size) {
    byte[] encoded = utf8("Zm9v".repeat(1 << 18));
    long[] count = new long[1];
    ByteSink counting = (b, from, to) -> count[0] += to - from;
    Cuts.Fed fed = (b, from, to) -> decoding.feed(b, from, to, counting);
    Cuts.every(size, encoded, fed);
    long before = Allocation.ofThisThread();
    Cuts.every(size, encoded, fed);
    assertThat(Allocation.ofThisThread() - before).as("bytes allocated").isLessThan(1024);
    assertThat(count[0]).isEqualTo((2 * 3L) << 18);
  }

  private void assertDecoded(byte[] expected, Runnable feeding) {
    decoding.reset();
    decoded.reset();
    feeding.run();
    decoding.end(sink);
    assertThat(decoding.isMalformed()).isFalse();
    assertThat(decoded.toByteArray()).isEqualTo(expected);
  }

  private void decode(String text) {
    byte[] encoded = utf8(text);
    feed(encoded, 0, encoded.length);
    decoding.end(sink);
  }

  private void feed(byte[] b, int from, int to) {
    decoding.feed(b, from, to, sink);
  }
}
