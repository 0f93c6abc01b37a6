// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import java.util.List;

/** A name in which {@code *} stands for any text, also for none. */
final class Glob {
  private Glob() {}

  static boolean anyMatches(List<String> patterns, String name) {
    for (int i = 0; i < patterns.size(); i++) {
      if (matches(patterns.get(i), name)) {
        return true;
      }
    }
    return false;
  }

  /** Takes the shortest text for each star and goes back to the last one only: no blow-up. */
  static boolean matches(String pattern, String name) {
    int p = 0;
    int n = 0;
    int star = -1;
    int taken = 0;
    while (n < name.length()) {
      if (p < pattern.length() && pattern.charAt(p) == '*') {
        star = p++;
        taken = n;
      } else if (p < pattern.length() && pattern.charAt(p) == name.charAt(n)) {
        p++;
        n++;
      } else if (star >= 0) {
        p = star + 1;
        n = ++taken;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == '*') {
      p++;
    }
    return p == pattern.length();
  }
}
