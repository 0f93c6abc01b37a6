// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

/** What a character is to the signals: part of a word, a word of its own, a symbol or a gap. */
final class Characters {
  static final byte SPACE = 0;
  static final byte WORD = 1;
  static final byte DIGIT = 2;

  /** A character of a script that puts no spaces between words: it stands as a word of its own. */
  static final byte SINGLE = 3;

  static final byte SYMBOL = 4;

  private static final byte[] ASCII_KINDS = new byte[128];
  private static final char[] ASCII_FOLDED = new char[128];

  static {
    for (int c = 0; c < 128; c++) {
      ASCII_FOLDED[c] = c >= 'A' && c <= 'Z' ? (char) (c + 32) : (char) c;
      boolean letter = ASCII_FOLDED[c] >= 'a' && ASCII_FOLDED[c] <= 'z';
      boolean digit = c >= '0' && c <= '9';
      ASCII_KINDS[c] = letter ? WORD : digit ? DIGIT : c <= ' ' || c == 127 ? SPACE : SYMBOL;
    }
  }

  private Characters() {}

  static byte kind(char c) {
    return c < 128 ? ASCII_KINDS[c] : kindBeyondAscii(c);
  }

  /** The same character for all spellings that a keyword should match. */
  static char folded(char c) {
    return c < 128 ? ASCII_FOLDED[c] : foldedBeyondAscii(c);
  }

  /** All characters of a text, each in its place. */
  static String folded(String text) {
    char[] folded = text.toCharArray();
    for (int i = 0; i < folded.length; i++) {
      folded[i] = folded(folded[i]);
    }
    return new String(folded);
  }

  private static char foldedBeyondAscii(char c) {
    return switch (c) {
      case '\u2018', '\u2019', '\u02bc' -> '\'';
      case '\u2010', '\u2011', '\u2212' -> '-';
      default -> Character.toLowerCase(c);
    };
  }

  private static byte kindBeyondAscii(char c) {
    if (isWithoutSpaces(c)) {
      return SINGLE;
    }
    return switch (Character.getType(c)) {
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER,
          Character.NON_SPACING_MARK,
          Character.COMBINING_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.LETTER_NUMBER ->
          WORD;
      case Character.DECIMAL_DIGIT_NUMBER -> DIGIT;
      case Character.SPACE_SEPARATOR,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.CONTROL,
          Character.FORMAT ->
          SPACE;
      default -> SYMBOL;
    };
  }

  /**
   * Han, Kana, Thai, Lao, Tibetan, Burmese and Khmer; and Hangul, which has spaces but glues its
   * particles to the words.
   */
  private static boolean isWithoutSpaces(char c) {
    if (c < 0x0E00) {
      return false;
    }
    return c < 0x1100
        ? c < 0x10A0
        : c < 0x1200
            || (c >= 0x1780 && c < 0x1800)
            || (c >= 0x2E80 && c < 0x2FE0)
            || (c >= 0x3005 && c < 0x3008)
            || (c >= 0x3040 && c < 0x3200)
            || (c >= 0x3400 && c < 0xA000)
            || (c >= 0xA960 && c < 0xA980)
            || (c >= 0xAC00 && c < 0xD800)
            || (c >= 0xF900 && c < 0xFB00)
            || (c >= 0xFF66 && c < 0xFFDD);
  }
}
