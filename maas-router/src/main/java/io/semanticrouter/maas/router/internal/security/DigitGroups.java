// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

/**
 * The groups of digits that begin at one place of a text, such as {@code 212}, {@code 555} and
 * {@code 0123}: what all shapes of numbers are compared with. Looks at most {@value #MAX_GROUPS}
 * groups and {@value #MAX_DIGITS} digits far. One instance is filled again and again.
 */
final class DigitGroups {
  /** The most groups that are read. */
  static final int MAX_GROUPS = 8;

  /** The most digits that are read; more than any number has that is looked for. */
  static final int MAX_DIGITS = 24;

  /** A separator with a bracket, such as {@code ") "}. */
  static final char BRACKET = ')';

  /** Several separators, such as {@code " - "}. */
  static final char SEVERAL = '*';

  private static final int MAX_SEPARATOR = 3;

  private final String text;
  private final StringBuilder digits = new StringBuilder(MAX_DIGITS);
  private final int[] lengths = new int[MAX_GROUPS];
  private final int[] ends = new int[MAX_GROUPS];
  private final char[] before = new char[MAX_GROUPS];
  private int count;
  private boolean goesOn;

  DigitGroups(String text) {
    this.text = text;
  }

  /** Reads the groups that begin at a digit. */
  void read(int from) {
    count = 0;
    digits.setLength(0);
    goesOn = false;
    int i = from;
    while (true) {
      int start = i;
      int known = digits.length();
      while (i < text.length() && isDigit(text.charAt(i)) && digits.length() < MAX_DIGITS) {
        digits.append(text.charAt(i++));
      }
      if (i < text.length() && Tokens.isPart(text.charAt(i))) {
        digits.setLength(known);
        goesOn = true;
        return;
      }
      lengths[count] = i - start;
      ends[count++] = i;
      int separator = i;
      while (i < text.length() && i - separator < MAX_SEPARATOR && isSeparator(text.charAt(i))) {
        i++;
      }
      if (i == separator || i == text.length() || !isDigit(text.charAt(i))) {
        return;
      }
      if (count == MAX_GROUPS) {
        goesOn = true;
        return;
      }
      before[count] = kindOf(text.substring(separator, i));
    }
  }

  private static char kindOf(String separator) {
    boolean bracket = separator.indexOf('(') >= 0 || separator.indexOf(')') >= 0;
    return bracket ? BRACKET : separator.length() == 1 ? separator.charAt(0) : SEVERAL;
  }

  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isSeparator(char c) {
    return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
  }

  /** How many groups there are; 0 when not even the first is all digits. */
  int count() {
    return count;
  }

  /** The digits of all groups. */
  int total() {
    return digits.length();
  }

  /** Whether there are more digits, which were not read. */
  boolean goesOn() {
    return goesOn;
  }

  /** How many digits one group has. */
  int length(int group) {
    return lengths[group];
  }

  /** Where one group ends. */
  int end(int group) {
    return ends[group];
  }

  /** What stands before a group but the first. */
  char separator(int group) {
    return before[group];
  }

  /** One digit of all. */
  int digit(int i) {
    return digits.charAt(i) - '0';
  }

  /** The digits of the first groups. */
  String digits(int groups) {
    int length = 0;
    for (int g = 0; g < groups; g++) {
      length += lengths[g];
    }
    return digits.substring(0, length);
  }

  /** The lengths of the first groups with what stands between them, such as {@code 3-2-4}. */
  String shape(int groups) {
    StringBuilder shape = new StringBuilder(2 * groups).append(lengths[0]);
    for (int g = 1; g < groups; g++) {
      shape.append(before[g]).append(lengths[g]);
    }
    return shape.toString();
  }
}
