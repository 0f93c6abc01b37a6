// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.security;

import java.util.Locale;
import java.util.Set;

/** Where letters and digits that belong together begin and end. */
final class Tokens {
  private static final int MAX_LOOK_BACK = 48;
  private static final int MAX_WORDS_BACK = 4;

  private Tokens() {}

  /** Words between spaces. */
  static Set<String> words(String words) {
    return Set.of(words.split(" ", -1));
  }

  /** Letters, digits and the underscore. */
  static boolean isPart(char c) {
    return isLetterOrDigit(c) || c == '_';
  }

  static boolean isLetterOrDigit(char c) {
    return c < 0x80 ? isLetter(c) || (c >= '0' && c <= '9') : Character.isLetterOrDigit(c);
  }

  /** Where the letters and digits end that begin here. */
  static int end(String text, int start) {
    int end = start;
    while (end < text.length() && isPart(text.charAt(end))) {
      end++;
    }
    return end;
  }

  static boolean isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  /** Whether what begins here is only the rest of something longer, such as a path or a version. */
  static boolean isJoinedBefore(String text, int start) {
    if (start == 0) {
      return false;
    }
    char c = text.charAt(start - 1);
    return isPart(c) || (isJoint(c) && start > 1 && isPart(text.charAt(start - 2)));
  }

  /** Whether what ends here is only the beginning of something longer. */
  static boolean isJoinedBehind(String text, int end) {
    if (end >= text.length()) {
      return false;
    }
    char c = text.charAt(end);
    return isPart(c) || (isJoint(c) && end + 1 < text.length() && isPart(text.charAt(end + 1)));
  }

  private static boolean isJoint(char c) {
    return c == '-' || c == '.' || c == '/';
  }

  /** Whether one of a few words stands shortly before. */
  static boolean isSaidBefore(String text, int start, Set<String> words) {
    int earliest = Math.max(0, start - MAX_LOOK_BACK);
    int end = start;
    for (int seen = 0; seen < MAX_WORDS_BACK; seen++) {
      while (end > earliest && !Character.isLetter(text.charAt(end - 1))) {
        end--;
      }
      int from = end;
      while (from > earliest && Character.isLetter(text.charAt(from - 1))) {
        from--;
      }
      if (words.contains(text.substring(from, end).toLowerCase(Locale.ROOT))) {
        return true;
      }
      end = from;
    }
    return false;
  }
}
