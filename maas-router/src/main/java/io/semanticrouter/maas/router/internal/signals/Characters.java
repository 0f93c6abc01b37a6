// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import java.lang.Character.UnicodeScript;

/** What a character is to the signals: part of a word, a word of its own, a symbol or a gap. */
final class Characters {
  static final byte SPACE = 0;
  static final byte WORD = 1;
  static final byte DIGIT = 2;

  /** A character of a script that puts no spaces between words: it stands as a word of its own. */
  static final byte SINGLE = 3;

  static final byte SYMBOL = 4;

  private static final byte[] KINDS = new byte[Character.MAX_VALUE + 1];

  static {
    for (int c = 0; c < KINDS.length; c++) {
      KINDS[c] = kindOf((char) c);
    }
  }

  private Characters() {}

  static byte kind(char c) {
    return KINDS[c];
  }

  /** The same character for all spellings that a keyword should match. */
  static char folded(char c) {
    if (c < 128) {
      return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }
    return switch (c) {
      case '\u2018', '\u2019', '\u02bc' -> '\'';
      case '\u2010', '\u2011', '\u2212' -> '-';
      default -> Character.toLowerCase(c);
    };
  }

  /** All characters of a text, each in its place. */
  static String folded(String text) {
    char[] folded = text.toCharArray();
    for (int i = 0; i < folded.length; i++) {
      folded[i] = folded(folded[i]);
    }
    return new String(folded);
  }

  private static byte kindOf(char c) {
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
          isWithoutSpaces(UnicodeScript.of(c)) ? SINGLE : WORD;
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

  /** Hangul has spaces, but glues its particles to the words. */
  private static boolean isWithoutSpaces(UnicodeScript script) {
    return switch (script) {
      case HAN, HIRAGANA, KATAKANA, BOPOMOFO, THAI, LAO, TIBETAN, MYANMAR, KHMER, HANGUL -> true;
      default -> false;
    };
  }
}
