// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.json;

/** Reads token counts as they stand in JSON: exact or not at all. */
public final class Counts {
  /** 2^53 − 1, the largest integer that every JSON implementation agrees on (RFC 8259, 6). */
  public static final long MAX = (1L << 53) - 1;

  public static final long MALFORMED = -1;

  private Counts() {}

  /**
   * The value of a JSON number, when it is an integer from 0 to {@link #MAX}; {@code 12.0} and
   * {@code 1.2e1} are.
   *
   * @return the value, or {@link #MALFORMED}
   */
  public static long parse(byte[] text, int length) {
    int i = 0;
    boolean negative = length > 0 && text[0] == '-';
    if (negative) {
      i++;
    }
    int firstDigit = i;
    long mantissa = 0;
    int scale = 0;
    while (i < length && isDigit(text[i])) {
      if (mantissa > (Long.MAX_VALUE - 9) / 10) {
        return MALFORMED;
      }
      mantissa = mantissa * 10 + (text[i++] - '0');
    }
    if (i == firstDigit || (text[firstDigit] == '0' && i > firstDigit + 1)) {
      return MALFORMED;
    }
    if (i < length && text[i] == '.') {
      int firstFraction = ++i;
      while (i < length && isDigit(text[i])) {
        if (mantissa > (Long.MAX_VALUE - 9) / 10) {
          return MALFORMED;
        }
        mantissa = mantissa * 10 + (text[i++] - '0');
        scale++;
      }
      if (i == firstFraction) {
        return MALFORMED;
      }
    }
    int exponent = 0;
    if (i < length && (text[i] == 'e' || text[i] == 'E')) {
      i++;
      boolean negativeExponent = i < length && text[i] == '-';
      if (i < length && (text[i] == '-' || text[i] == '+')) {
        i++;
      }
      int firstExponent = i;
      while (i < length && isDigit(text[i])) {
        exponent = Math.min(10_000, exponent * 10 + (text[i++] - '0'));
      }
      if (i == firstExponent) {
        return MALFORMED;
      }
      exponent = negativeExponent ? -exponent : exponent;
    }
    if (i != length) {
      return MALFORMED;
    }
    return integral(negative, mantissa, exponent - scale);
  }

  private static long integral(boolean negative, long mantissa, int exponent) {
    if (mantissa == 0) {
      return 0;
    }
    if (negative) {
      return MALFORMED;
    }
    long value = mantissa;
    for (int e = exponent; e < 0; e++) {
      if (value % 10 != 0) {
        return MALFORMED;
      }
      value /= 10;
    }
    for (int e = exponent; e > 0; e--) {
      if (value > MAX / 10) {
        return MALFORMED;
      }
      value *= 10;
    }
    return value <= MAX ? value : MALFORMED;
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }
}
