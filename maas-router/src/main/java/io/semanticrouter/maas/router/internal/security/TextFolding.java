// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import java.text.Normalizer;
import java.util.Locale;

/**
 * Makes what looks the same be the same, so that a different spelling is no way around a signal.
 * Most texts are ASCII and stay as they are.
 */
final class TextFolding {
  /** Cyrillic and Greek letters that look like Latin ones (Unicode TR 39, confusables). */
  private static final String LOOK_ALIKES = "аaеeоoрpсcуyхxіiјjѕsԁdһhνvοoαaρpιi";

  private TextFolding() {}

  /**
   * The text with full-width and mathematical forms as ASCII (NFKC), digits of all scripts as 0 to
   * 9, all dashes as {@code -}, all spaces as a space, and without invisible characters.
   */
  static String plain(String text) {
    if (isAscii(text)) {
      return text;
    }
    String compatible = Normalizer.normalize(text, Normalizer.Form.NFKC);
    StringBuilder plain = new StringBuilder(compatible.length());
    for (int i = 0; i < compatible.length(); i++) {
      char c = compatible.charAt(i);
      if (c < 0x80) {
        plain.append(c);
        continue;
      }
      switch (Character.getType(c)) {
        case Character.FORMAT -> {
          // invisible
        }
        case Character.DASH_PUNCTUATION -> plain.append('-');
        case Character.SPACE_SEPARATOR -> plain.append(' ');
        case Character.DECIMAL_DIGIT_NUMBER -> plain.append((char) ('0' + Character.digit(c, 10)));
        default -> plain.append(c == '\u2212' ? '-' : c);
      }
    }
    return plain.toString();
  }

  /** A plain text as words are compared: lower case, no accents, look-alikes as Latin letters. */
  static String folded(String plain) {
    String lower = plain.toLowerCase(Locale.ROOT);
    if (isAscii(lower)) {
      return lower;
    }
    String apart = Normalizer.normalize(lower, Normalizer.Form.NFKD);
    StringBuilder folded = new StringBuilder(apart.length());
    for (int i = 0; i < apart.length(); i++) {
      char c = apart.charAt(i);
      int alike = c < 0x80 ? -1 : LOOK_ALIKES.indexOf(c);
      if (alike >= 0 && alike % 2 == 0) {
        folded.append(LOOK_ALIKES.charAt(alike + 1));
      } else if (c < 0x80 || Character.getType(c) != Character.NON_SPACING_MARK) {
        folded.append(c);
      }
    }
    return folded.toString();
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }
}
