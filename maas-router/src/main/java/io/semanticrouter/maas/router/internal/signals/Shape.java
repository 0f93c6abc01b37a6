// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import java.util.Locale;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What tokens can show beside the words they are. Domains give weights to shapes as they do to
 * words, under the names here with an @ in front.
 */
enum Shape {
  /** Two numbers with an operator between them: {@code 2+2}, {@code 12 × 7}, {@code 10 / 4}. */
  SUM,
  /** Two numbers with a dash or a slash and no spaces: {@code 3/8}, but also {@code 24/7}. */
  FRACTION,
  /** A variable in a term: {@code x + 3}, {@code 2x = 10}, {@code a * b}. */
  TERM,
  /** A year of the past: {@code 1789}, {@code 1920s}. */
  YEAR,
  /** A name with a parenthesis at its end: {@code print(}. */
  CALL,
  /** A word with capitals inside: {@code useState}. */
  CAMEL,
  /** Words with underscores between them: {@code user_id}. */
  SNAKE;

  private static final String PREFIX = "@";

  /** How a domain names it. */
  String spelled() {
    return PREFIX + name().toLowerCase(Locale.ROOT);
  }

  static String allSpelled() {
    StringJoiner all = new StringJoiner(", ");
    for (Shape shape : values()) {
      all.add(shape.spelled());
    }
    return all.toString();
  }

  static @Nullable Shape spelledAs(String word) {
    for (Shape shape : values()) {
      if (shape.spelled().equals(word)) {
        return shape;
      }
    }
    return null;
  }

  /** Looks for shapes in the tokens of one text. Not thread-safe. */
  static final class Finder {
    private static final int NOTHING = 0;
    private static final int OPERAND = 1;
    private static final int OPERATOR = 2;

    private int state = NOTHING;
    private boolean numberBefore;
    private boolean weakOperator;
    private int operandEnd;

    /** The shape that ends with this token, or null. */
    @Nullable Shape shapeAt(String text, int start, int end, TextScan.Kind kind) {
      return switch (kind) {
        case NUMBER -> {
          Shape shape = operand(start, end, true);
          yield shape == null && isYear(text, start, end) ? YEAR : shape;
        }
        case WORD -> word(text, start, end);
        case SYMBOL -> symbol(text, start);
        case SINGLE -> {
          state = NOTHING;
          yield null;
        }
      };
    }

    private @Nullable Shape word(String text, int start, int end) {
      if (isVariable(text, start, end)) {
        return operand(start, end, false);
      }
      state = NOTHING;
      if (text.charAt(end - 1) == 's' && isYear(text, start, end - 1)) {
        return YEAR;
      }
      return isCamel(text, start, end) ? CAMEL : null;
    }

    private @Nullable Shape operand(int start, int end, boolean number) {
      Shape shape = null;
      if (state == OPERATOR) {
        boolean unspaced = weakOperator && start - operandEnd == 1;
        if (numberBefore && number) {
          shape = unspaced ? FRACTION : SUM;
        } else if (!unspaced) {
          shape = TERM;
        }
      }
      state = OPERAND;
      numberBefore = number;
      operandEnd = end;
      return shape;
    }

    private @Nullable Shape symbol(String text, int at) {
      char c = Characters.folded(text.charAt(at));
      if (c == '(') {
        boolean call = state == NOTHING && TextScan.isLetterAt(text, at - 1) && !isPlural(text, at);
        return call && at >= 2 && TextScan.isLetterAt(text, at - 2) ? CALL : null;
      }
      if (c == ')') {
        return null;
      }
      if (c == '_') {
        state = NOTHING;
        return TextScan.isLetterAt(text, at - 1) && TextScan.isLetterAt(text, at + 1)
            ? SNAKE
            : null;
      }
      boolean operator = "+*×·÷^=<>-–/".indexOf(c) >= 0;
      if (state == OPERAND && operator) {
        state = OPERATOR;
        weakOperator = "-–/".indexOf(c) >= 0;
      } else {
        state = NOTHING;
      }
      return null;
    }

    /** {@code x}, {@code 2x}; not {@code I}. */
    private static boolean isVariable(String text, int start, int end) {
      char last = text.charAt(end - 1);
      if (last >= 128 || Characters.kind(last) != Characters.WORD || last == 'I') {
        return false;
      }
      for (int i = start; i < end - 1; i++) {
        if (Characters.kind(text.charAt(i)) != Characters.DIGIT) {
          return false;
        }
      }
      return end - start <= 4;
    }

    /** From 1000 to 1999: what comes later is rarely history. */
    private static boolean isYear(String text, int start, int end) {
      if (end - start != 4 || text.charAt(start) != '1') {
        return false;
      }
      for (int i = start + 1; i < end; i++) {
        char c = text.charAt(i);
        if (c < '0' || c > '9') {
          return false;
        }
      }
      return true;
    }

    private static boolean isPlural(String text, int open) {
      return text.startsWith("(s)", open) || text.startsWith("(es)", open);
    }

    private static boolean isCamel(String text, int start, int end) {
      if (end - start < 5 || !isLower(text.charAt(start)) || !isLower(text.charAt(start + 1))) {
        return false;
      }
      for (int i = start + 2; i < end; i++) {
        char c = text.charAt(i);
        if (c >= 'A' && c <= 'Z') {
          return true;
        }
      }
      return false;
    }

    private static boolean isLower(char c) {
      return c >= 'a' && c <= 'z';
    }
  }
}
