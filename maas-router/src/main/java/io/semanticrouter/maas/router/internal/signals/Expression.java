// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;

/**
 * Compiles expressions of a configuration. RE2/J reads them by recursion and writes repeats out, so
 * that few characters could take the whole stack or the whole heap: {@code
 * (?:(?:a{1000}){1000}){9}} has nine million steps. Go's RE2 allows as little.
 */
public final class Expression {
  /** The deepest that parentheses may be nested. */
  static final int MAX_DEPTH = 100;

  /** What counted repeats that are nested may multiply to. */
  static final int MAX_REPEATS = 1000;

  private Expression() {}

  /**
   * Compiles an expression.
   *
   * @param flags of {@link Pattern}
   * @throws PatternSyntaxException when it is none, or takes too much
   */
  public static Pattern compile(String pattern, int flags) {
    check(pattern);
    return Pattern.compile(pattern, flags);
  }

  /** Errs on the side of refusing: repeats count whether or not one is inside the other's group. */
  private static void check(String pattern) {
    long[] product = new long[MAX_DEPTH + 1];
    product[0] = 1;
    int depth = 0;
    // Of what a repeat that stands here would repeat.
    long last = 1;
    boolean inClass = false;
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c == '\\') {
        if (pattern.startsWith("\\Q", i)) {
          int end = pattern.indexOf("\\E", i);
          i = end < 0 ? pattern.length() : end + 1;
        } else {
          i++;
        }
        last = 1;
      } else if (inClass) {
        inClass = c != ']' || isFirstOfClass(pattern, i);
        last = 1;
      } else if (c == '[') {
        inClass = true;
      } else if (c == '(') {
        if (++depth > MAX_DEPTH) {
          throw new PatternSyntaxException("parentheses are nested too deeply");
        }
        product[depth] = 1;
        last = 1;
      } else if (c == ')' && depth > 0) {
        last = product[depth--];
        product[depth] = Math.max(product[depth], last);
      } else if (c == '{') {
        int repeats = largest(pattern, i);
        last = repeats < 0 ? 1 : last * Math.max(1, repeats);
        if (last > MAX_REPEATS) {
          throw new PatternSyntaxException("repeats are nested too often");
        }
        product[depth] = Math.max(product[depth], last);
        i = repeats < 0 ? i : pattern.indexOf('}', i);
      } else if (c != '?' && c != '*' && c != '+') {
        last = 1;
      }
    }
  }

  private static boolean isFirstOfClass(String pattern, int i) {
    return pattern.charAt(i - 1) == '['
        || (pattern.charAt(i - 1) == '^' && pattern.charAt(i - 2) == '[');
  }

  /** The larger number of {@code {n}}, {@code {n,}} or {@code {n,m}}; -1 when it is no repeat. */
  private static int largest(String pattern, int open) {
    int largest = 0;
    int number = 0;
    for (int i = open + 1; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c >= '0' && c <= '9') {
        number = Math.min(1_000_000, 10 * number + (c - '0'));
      } else {
        largest = Math.max(largest, number);
        number = 0;
        if (c == '}') {
          return largest;
        }
        if (c != ',') {
          return -1;
        }
      }
    }
    return -1;
  }
}
