// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.json;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextBufferTest {
  private static final int CAPACITY = 256;

  private final TextBuffer text = new TextBuffer();

  @Test
  void piecesOfAnyLengthMakeOneTextThatEndsAtTheLimit() {
    Random random = new Random(20261124);
    for (int run = 0; run < 3000; run++) {
      StringBuilder expected = new StringBuilder();
      TextBuffer buffer = run % 2 == 0 ? text : new TextBuffer();
      buffer.clear();
      for (int n = random.nextInt(20); n > 0; n--) {
        String piece = letters(random, random.nextInt(random.nextBoolean() ? 3 : 90));
        expected.append(piece);
        if (piece.length() == 1 && random.nextBoolean()) {
          buffer.append((byte) piece.charAt(0));
        } else {
          byte[] b = utf8("<" + piece + ">");
          buffer.append(b, 1, b.length - 1);
        }
      }
      String all = expected.toString();
      String kept = all.substring(0, Math.min(CAPACITY, all.length()));
      assertThat(buffer.isEmpty()).isEqualTo(all.isEmpty());
      assertThat(buffer.toString()).isEqualTo(kept);
      assertThat(buffer.is(utf8(all))).isEqualTo(all.length() <= CAPACITY);
      assertThat(buffer.is(utf8(kept))).isEqualTo(all.length() <= CAPACITY);
      assertThat(buffer.is(utf8(all + "x"))).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 64, 65, 255, 256, 257, 300})
  void textThatComesByteByByteIsTheSame(int length) {
    String letters = letters(new Random(length), length);
    for (byte c : utf8(letters)) {
      text.append(c);
    }
    assertThat(text.toString()).isEqualTo(letters.substring(0, Math.min(CAPACITY, length)));
    assertThat(text.is(utf8(letters))).isEqualTo(length <= CAPACITY);
  }

  @ParameterizedTest
  @CsvSource({
    "0001, '\u0001'",
    "007f, '\u007f'",
    "0080, '\u0080'",
    "00E9, é",
    "07ff, \u07ff",
    "0800, \u0800",
    "20aC, €",
    "d7ff, \ud7ff",
    "e000, \ue000",
    "ffff, \uffff",
    "0022, '\"'"
  })
  void escapedUnitIsThatCharacter(String digits, String expected) {
    unicode(digits);
    assertThat(text.isEmpty()).isFalse();
    assertThat(text.toString()).isEqualTo(expected);
  }

  @Test
  void twoHalvesOfACharacterAreOneAndEachHalfAloneIsReplaced() {
    for (String pair : new String[] {"\ud800\udc00", "🌍", "\udbff\udfff", "\ud87e\udc1a"}) {
      text.clear();
      unicode(Integer.toHexString(pair.charAt(0)));
      assertThat(text.isEmpty()).isFalse();
      unicode(Integer.toHexString(pair.charAt(1)));
      assertThat(text.toString()).isEqualTo(pair);
    }
    assertThat(halves("d83c")).isEqualTo("\uFFFD");
    assertThat(halves("df0d")).isEqualTo("\uFFFD");
    assertThat(halves("d83c d83c df0d")).isEqualTo("\uFFFD🌍");
    assertThat(halves("d83c df0d df0d")).isEqualTo("🌍\uFFFD");
    assertThat(halves("d83c 0041 df0d")).isEqualTo("\uFFFDA\uFFFD");
    text.clear();
    unicode("d83c");
    text.append((byte) 'a');
    unicode("d83c");
    text.append(utf8("b"), 0, 0);
    unicode("df0d");
    unicode("d83c");
    text.append(utf8("b"), 0, 1);
    assertThat(text.toString()).isEqualTo("\uFFFDa🌍\uFFFDb");
  }

  @Test
  void halfOfACharacterIsForgottenWithTheText() {
    unicode("d83c");
    text.clear();
    assertThat(text.isEmpty()).isTrue();
    unicode("df0d");
    assertThat(text.toString()).isEqualTo("\uFFFD");
  }

  @Test
  void halfOfACharacterAtTheEndIsReplacedWhateverIsAsked() {
    assertThat(half().is(utf8("a\uFFFD"))).isTrue();
    assertThat(new String(half().bytes(), 0, half().length(), StandardCharsets.UTF_8))
        .isEqualTo("a\uFFFD");
    assertThat(half().hash()).isEqualTo(hash("a\uFFFD"));
    StringBuilder moved = new StringBuilder();
    TextBuffer moving = half();
    moving.moveTo(
        (b, from, to) -> moved.append(new String(b, from, to - from, StandardCharsets.UTF_8)));
    assertThat(moved).hasToString("a\uFFFD");
    assertThat(moving.isEmpty()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "'\"', '\"'",
    "\\, \\",
    "/, /",
    "b, '\b'",
    "f, '\f'",
    "n, '\n'",
    "r, '\r'",
    "t, '\t'"
  })
  void escapeStandsForItsCharacter(char escape, String expected) {
    assertThat(text.escape((byte) escape)).isTrue();
    assertThat(text.toString()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(chars = {'u', 'N', '0', ' ', 'a', '\''})
  void escapeOfAnyOtherCharacterIsNone(char escape) {
    assertThat(text.escape((byte) escape)).isFalse();
    assertThat(text.isEmpty()).isTrue();
  }

  @Test
  void hashIsThatOfTheWholeTextAndOfNothingElse() {
    Map<Long, String> hashed = new HashMap<>();
    for (int length = 0; length <= 40; length++) {
      String zeros = "\0".repeat(length);
      for (int at = 0; at < Math.max(1, length); at++) {
        for (int bit = 0; bit < 7; bit++) {
          char[] chars = zeros.toCharArray();
          if (length > 0) {
            chars[at] ^= (char) (1 << bit);
          }
          String value = new String(chars);
          text.clear();
          text.append(utf8(value), 0, length);
          String other = hashed.put(text.hash(), value);
          assertThat(other).isIn(null, value);
        }
      }
    }
    text.clear();
    text.append(utf8("resp_68f1"), 0, 9);
    long whole = text.hash();
    text.clear();
    text.append(utf8("resp_"), 0, 5);
    text.append(utf8("68f1"), 0, 4);
    assertThat(text.hash()).isEqualTo(whole);
  }

  @Test
  void characterThatTheLimitCutsIsLeftOut() {
    for (String character : new String[] {"é", "\u0904", "€", "🌍"}) {
      byte[] whole = utf8(character);
      for (int before = CAPACITY - 5; before <= CAPACITY; before++) {
        text.clear();
        text.append(utf8("x".repeat(before)), 0, before);
        text.append(whole, 0, whole.length);
        String kept = before + whole.length <= CAPACITY ? character : "";
        assertThat(text.toString()).isEqualTo("x".repeat(before) + kept);
      }
    }
  }

  @Test
  void bytesThatAreNoCharacterAreNotLookedForBeyondOne() {
    byte[] b = {'a', (byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80};
    assertThat(TextBuffer.wholeCharacters(b, 5)).isEqualTo(5);
    assertThat(TextBuffer.wholeCharacters(b, 4)).isEqualTo(4);
    assertThat(TextBuffer.wholeCharacters(b, 2)).isEqualTo(2);
    assertThat(TextBuffer.wholeCharacters(new byte[] {(byte) 0x80}, 1)).isEqualTo(1);
    assertThat(TextBuffer.wholeCharacters(new byte[] {(byte) 0xC0}, 1)).isZero();
    assertThat(TextBuffer.wholeCharacters(new byte[] {(byte) 0xC3}, 1)).isZero();
    assertThat(TextBuffer.wholeCharacters(new byte[] {(byte) 0xC3, (byte) 0xA9}, 2)).isEqualTo(2);
  }

  private TextBuffer half() {
    text.clear();
    text.append((byte) 'a');
    unicode("d83c");
    return text;
  }

  private String halves(String units) {
    text.clear();
    for (String digits : units.split(" ", -1)) {
      unicode(digits);
    }
    return text.toString();
  }

  private void unicode(String digits) {
    text.beginUnicode();
    for (int i = 0; i < 4; i++) {
      assertThat(text.unicodeDigit(Character.digit(digits.charAt(i), 16))).isEqualTo(i == 3);
    }
  }

  private static long hash(String expected) {
    TextBuffer other = new TextBuffer();
    byte[] b = utf8(expected);
    other.append(b, 0, b.length);
    return other.hash();
  }

  private static String letters(Random random, int length) {
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < length; i++) {
      letters.append((char) ('a' + random.nextInt(26)));
    }
    return letters.toString();
  }
}
