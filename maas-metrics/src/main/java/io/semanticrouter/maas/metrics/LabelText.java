// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

/**
 * Values as labels show them: what cannot be seen, or turns the reading direction, as <code>
 * &#92;u202e</code>, one for each UTF-16 unit. Different values never look alike: a backslash that
 * would begin such an escape is escaped itself, and no other one.
 */
final class LabelText {
  private static final int HEX_DIGITS = 4;
  private static final String HEX = "0123456789abcdef";

  private LabelText() {}

  /** A value as it is shown; mostly itself. */
  static String shown(String value) {
    int length = value.length();
    for (int i = 0; i < length; ) {
      int c = value.codePointAt(i);
      int next = i + Character.charCount(c);
      if (isEscaped(c) || (c == '\\' && isEscape(value, i))) {
        return escaped(value, i);
      }
      i = next;
    }
    // Only the overflow series may be called so.
    return value.equals(SeriesIndex.OVERFLOW) ? escape('_') + value.substring(1) : value;
  }

  private static String escaped(String value, int from) {
    StringBuilder shown = new StringBuilder(value.length() + 16).append(value, 0, from);
    for (int i = from; i < value.length(); ) {
      int c = value.codePointAt(i);
      int next = i + Character.charCount(c);
      if (isEscaped(c) || (c == '\\' && isEscape(value, i))) {
        for (int unit = i; unit < next; unit++) {
          shown.append(escape(value.charAt(unit)));
        }
      } else {
        shown.appendCodePoint(c);
      }
      i = next;
    }
    return shown.toString();
  }

  private static String escape(char c) {
    char[] text = {'\\', 'u', 0, 0, 0, 0};
    for (int i = 0; i < HEX_DIGITS; i++) {
      text[2 + i] = HEX.charAt((c >> (4 * (HEX_DIGITS - 1 - i))) & 0xF);
    }
    return new String(text);
  }

  private static boolean isEscape(String value, int backslash) {
    int end = backslash + 2 + HEX_DIGITS;
    if (end > value.length() || value.charAt(backslash + 1) != 'u') {
      return false;
    }
    for (int i = backslash + 2; i < end; i++) {
      if (HEX.indexOf(value.charAt(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * What has no shape of its own: controls, formats, separators but for the space, private use,
   * halves of pairs, and the characters that Unicode calls default ignorable. Not what this Java
   * does not know: a series must not change its name with the version of Java.
   */
  private static boolean isEscaped(int c) {
    if (c < 0x7F) {
      return c < ' ';
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR,
          Character.PRIVATE_USE,
          Character.SURROGATE ->
          true;
      default -> isIgnorable(c) || (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
    };
  }

  /**
   * DerivedCoreProperties.txt, Default_Ignorable_Code_Point; and the Braille pattern of no dots.
   */
  private static boolean isIgnorable(int c) {
    return c == 0x034F
        || c == 0x115F
        || c == 0x1160
        || c == 0x17B4
        || c == 0x17B5
        || (c >= 0x180B && c <= 0x180F)
        || c == 0x2065
        || c == 0x2800
        || c == 0x3164
        || (c >= 0xFE00 && c <= 0xFE0F)
        || c == 0xFFA0
        || (c >= 0xFFF0 && c <= 0xFFF8)
        || (c >= 0xE0000 && c <= 0xE0FFF);
  }
}
