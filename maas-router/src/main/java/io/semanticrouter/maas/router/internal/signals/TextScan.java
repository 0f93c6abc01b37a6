// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a text into tokens, in one pass and without copies. A token is a word of letters, marks and
 * digits ({@code 3.14} and {@code 1,000} are one), a single character of a script that puts no
 * spaces between words, or a single symbol. White space is no token, nor is a hyphen between two
 * letters: {@code machine-learning} is the same two tokens as {@code machine learning}.
 */
final class TextScan {
  /** What a token is. */
  enum Kind {
    WORD,
    NUMBER,
    SINGLE,
    SYMBOL
  }

  /** Receives the tokens of a text, in order. */
  interface Listener {
    void token(String text, int start, int end, Kind kind);
  }

  private TextScan() {}

  /** The tokens of a text. */
  static List<String> tokens(String text) {
    List<String> tokens = new ArrayList<>();
    scan(text, (source, start, end, kind) -> tokens.add(source.substring(start, end)));
    return tokens;
  }

  static void scan(String text, Listener listener) {
    int length = text.length();
    int i = 0;
    while (i < length) {
      char c = text.charAt(i);
      switch (Characters.kind(c)) {
        case Characters.SPACE -> i++;
        case Characters.WORD, Characters.DIGIT -> i = word(text, i, listener);
        case Characters.SINGLE -> {
          listener.token(text, i, i + 1, Kind.SINGLE);
          i++;
        }
        default -> i = symbol(text, i, listener);
      }
    }
  }

  private static int word(String text, int start, Listener listener) {
    int length = text.length();
    boolean number = true;
    boolean afterDigit = false;
    int i = start;
    while (i < length) {
      char c = text.charAt(i);
      byte kind = Characters.kind(c);
      if (kind == Characters.WORD) {
        number = false;
        afterDigit = false;
      } else if (kind == Characters.DIGIT) {
        afterDigit = true;
      } else if (afterDigit && (c == '.' || c == ',') && isDigitAt(text, i + 1)) {
        afterDigit = false;
      } else if (Character.isHighSurrogate(c) && isLetterPairAt(text, i)) {
        number = false;
        afterDigit = false;
        i++;
      } else {
        break;
      }
      i++;
    }
    listener.token(text, start, i, number ? Kind.NUMBER : Kind.WORD);
    return i;
  }

  private static int symbol(String text, int at, Listener listener) {
    char c = text.charAt(at);
    if (Characters.folded(c) == '-' && isLetterAt(text, at - 1) && isLetterAt(text, at + 1)) {
      return at + 1;
    }
    if (Character.isHighSurrogate(c)
        && at + 1 < text.length()
        && Character.isLowSurrogate(text.charAt(at + 1))) {
      int codePoint = Character.toCodePoint(c, text.charAt(at + 1));
      if (Character.isIdeographic(codePoint)) {
        listener.token(text, at, at + 2, Kind.SINGLE);
        return at + 2;
      }
      if (Character.isLetter(codePoint)) {
        return word(text, at, listener);
      }
      listener.token(text, at, at + 2, Kind.SYMBOL);
      return at + 2;
    }
    listener.token(text, at, at + 1, Kind.SYMBOL);
    return at + 1;
  }

  private static boolean isLetterPairAt(String text, int i) {
    if (i + 1 >= text.length() || !Character.isLowSurrogate(text.charAt(i + 1))) {
      return false;
    }
    int codePoint = Character.toCodePoint(text.charAt(i), text.charAt(i + 1));
    return Character.isLetter(codePoint) && !Character.isIdeographic(codePoint);
  }

  private static boolean isDigitAt(String text, int i) {
    return i < text.length() && Characters.kind(text.charAt(i)) == Characters.DIGIT;
  }

  static boolean isLetterAt(String text, int i) {
    return i >= 0 && i < text.length() && Characters.kind(text.charAt(i)) == Characters.WORD;
  }
}
