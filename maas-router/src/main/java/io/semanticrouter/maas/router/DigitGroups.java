// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

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
  private final byte[] digits = new byte[MAX_DIGITS];
  private final int[] lengths = new int[MAX_GROUPS];
  private final int[] ends = new int[MAX_GROUPS];
  private final char[] before = new char[MAX_GROUPS];
  private int count;
  private int total;
  private boolean goesOn;

  DigitGroups(String text) {
    this.text = text;
  }

  /** Reads the groups that begin at a digit. */
  void read(int from) {
    count = 0;
    total = 0;
    goesOn = false;
    int i = from;
    while (true) {
      int start = i;
      while (i < text.length() && isDigit(text.charAt(i)) && i - start + total < MAX_DIGITS) {
        digits[total + i - start] = (byte) (text.charAt(i) - '0');
        i++;
      }
      if (i < text.length() && Tokens.isPart(text.charAt(i))) {
        goesOn = true;
        return;
      }
      total += i - start;
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
      before[count] = kindOf(separator, i);
    }
  }

  private char kindOf(int from, int to) {
    char first = text.charAt(from);
    if (to - from == 1) {
      return first == '(' ? BRACKET : first;
    }
    for (int i = from; i < to; i++) {
      if (text.charAt(i) == '(' || text.charAt(i) == ')') {
        return BRACKET;
      }
    }
    return SEVERAL;
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
    return total;
  }

  /** Whether there are more digits, which were not read. */
  boolean goesOn() {
    return goesOn;
  }

  /** The digits of one group. */
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
    return digits[i];
  }

  /** Some of the digits as a number; at most 18 of them. */
  long number(int from, int to) {
    long number = 0;
    for (int i = from; i < to; i++) {
      number = number * 10 + digits[i];
    }
    return number;
  }

  /** Whether the first groups have these lengths, with these separators in between. */
  boolean have(String shape, char separator) {
    return have(0, shape, separator);
  }

  /** The same from a further group on. */
  boolean have(int first, String shape, char separator) {
    if (count < first + shape.length()) {
      return false;
    }
    for (int i = 0; i < shape.length(); i++) {
      if (lengths[first + i] != shape.charAt(i) - '0'
          || (i > 0 && before[first + i] != separator)) {
        return false;
      }
    }
    return true;
  }

  /** The Luhn check of the first digits. */
  boolean passLuhn(int from, int to) {
    int sum = 0;
    for (int i = to - 1, weight = 1; i >= from; i--, weight = 3 - weight) {
      int product = digits[i] * weight;
      sum += product > 9 ? product - 9 : product;
    }
    return sum % 10 == 0;
  }

  /** The check of EAN-13 for the first 13 digits. */
  boolean passEan13() {
    int sum = 0;
    for (int i = 0; i < 13; i++) {
      sum += digits[i] * (i % 2 == 0 ? 1 : 3);
    }
    return sum % 10 == 0;
  }
}
