// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.text.Normalizer;

/**
 * Makes what looks the same be the same, so that a different spelling is no way around a signal.
 * Thread-safe.
 */
final class TextFolding {
  /** What {@link #word} gives for a character that is not there to be seen. */
  static final char INVISIBLE = 0;

  /** What {@link #word} gives for everything between words. */
  static final char BETWEEN = ' ';

  private static final int FULL_WIDTH_OFFSET = 0xfee0;
  private static final int MATH_FIRST = 0x1d400;
  private static final int MATH_LAST = 0x1d7ff;

  /** Up to the end of Cyrillic: what is folded without a search. */
  private static final char[] WORDS = words();

  private static final char[] MATH = math();

  /** Cyrillic and Greek letters that look like Latin ones (Unicode TR 39, confusables). */
  private static final String LOOK_ALIKES = "аaеeоoрpсcуyхxіiјjѕsԁdһhνvοoαaρpιi";

  private TextFolding() {}

  /**
   * The text with full-width forms as ASCII, digits of all scripts as 0 to 9, all dashes as {@code
   * -}, all spaces as a space, and without invisible characters. Most texts are that already.
   */
  static String plain(CharSequence text) {
    int length = text.length();
    int i = 0;
    while (i < length && isPlain(text.charAt(i))) {
      i++;
    }
    if (i == length) {
      return text.toString();
    }
    StringBuilder plain = new StringBuilder(length).append(text, 0, i);
    for (; i < length; i++) {
      char c = plain(text.charAt(i));
      if (c != INVISIBLE) {
        plain.append(c);
      }
    }
    return plain.toString();
  }

  private static boolean isPlain(char c) {
    return c < 0x80 || plain(c) == c;
  }

  private static char plain(char c) {
    if (c < 0xa0) {
      return c;
    }
    if (c >= 0xff01 && c <= 0xff5e) {
      return (char) (c - FULL_WIDTH_OFFSET);
    }
    if (isInvisible(c)) {
      return INVISIBLE;
    }
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212) {
      return '-';
    }
    if (c >= 0x660 && Character.isDigit(c)) {
      return (char) ('0' + Character.digit(c, 10));
    }
    return Character.isSpaceChar(c) && c != 0x2028 && c != 0x2029 ? ' ' : c;
  }

  private static boolean isInvisible(char c) {
    return c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x2060 && c <= 0x2064) || c == 0xfeff;
  }

  /**
   * A character as words are compared: lower case, without accents, look-alikes as Latin letters;
   * {@link #INVISIBLE}, or {@link #BETWEEN}.
   */
  static char word(char c) {
    if (c < WORDS.length) {
      return WORDS[c];
    }
    if (c >= 0xff01 && c <= 0xff5e) {
      return WORDS[c - FULL_WIDTH_OFFSET];
    }
    return isInvisible(c) ? INVISIBLE : Character.isLetterOrDigit(c) ? c : BETWEEN;
  }

  /** The same for a surrogate pair: mathematical letters are a known disguise. */
  static char word(char high, char low) {
    int c = Character.toCodePoint(high, low);
    return c >= MATH_FIRST && c <= MATH_LAST ? MATH[c - MATH_FIRST] : BETWEEN;
  }

  private static char[] words() {
    char[] words = new char[0x530];
    for (char c = 0; c < words.length; c++) {
      words[c] = folded(c);
    }
    for (int i = 0; i < LOOK_ALIKES.length(); i += 2) {
      words[LOOK_ALIKES.charAt(i)] = LOOK_ALIKES.charAt(i + 1);
      words[Character.toUpperCase(LOOK_ALIKES.charAt(i))] = LOOK_ALIKES.charAt(i + 1);
    }
    return words;
  }

  private static char[] math() {
    char[] math = new char[MATH_LAST - MATH_FIRST + 1];
    for (int i = 0; i < math.length; i++) {
      math[i] = folded(MATH_FIRST + i);
    }
    return math;
  }

  private static char folded(int codePoint) {
    if (Character.getType(codePoint) == Character.NON_SPACING_MARK || codePoint == 0xad) {
      return INVISIBLE;
    }
    String decomposed = Normalizer.normalize(Character.toString(codePoint), Normalizer.Form.NFKD);
    int first = Character.toLowerCase(decomposed.codePointAt(0));
    return first <= Character.MAX_VALUE && Character.isLetterOrDigit(first)
        ? (char) first
        : BETWEEN;
  }
}
