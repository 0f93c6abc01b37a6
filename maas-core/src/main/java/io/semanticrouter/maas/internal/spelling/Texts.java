// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.spelling;

import io.semanticrouter.maas.record.Identity;
import org.jspecify.annotations.Nullable;

/** What may become a metric label or a header value. */
public final class Texts {
  private static final char REPLACEMENT = '\uFFFD';

  /** The longest identity or fact, in bytes of UTF-8. */
  public static final int MAX_BYTES = 256;

  private Texts() {}

  /** Whether the name of a header, in any case, begins so. */
  public static boolean startsWith(String name, String lowerCasePrefix) {
    // As gateways have most names, in lower case, first: that is compared by words.
    return name.startsWith(lowerCasePrefix)
        || (!name.isEmpty()
            && (name.charAt(0) | 0x20) == (lowerCasePrefix.charAt(0) | 0x20)
            && name.regionMatches(true, 0, lowerCasePrefix, 0, lowerCasePrefix.length()));
  }

  /**
   * The value of a header without the spaces and tabs around it, which are not part of it (RFC
   * 9110, 5.5). Any other white space is.
   */
  public static String trimmed(String value) {
    int from = 0;
    int to = value.length();
    while (from < to && isBlank(value.charAt(from))) {
      from++;
    }
    while (to > from && isBlank(value.charAt(to - 1))) {
      to--;
    }
    return value.substring(from, to);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  /** Whether a trimmed value can be used as it is: {@link Identity.Source#HEADER}, or its fault. */
  public static Identity.Source check(String value) {
    int length = value.length();
    if (length == 0) {
      return Identity.Source.BLANK;
    }
    if (length > MAX_BYTES) {
      return Identity.Source.TOO_LONG;
    }
    int bytes = 0;
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      if (c < ' ' || (c >= 0x7F && c < 0xA0)) {
        return Identity.Source.CONTROL_CHARACTER;
      }
      if (c < 0x80) {
        bytes++;
      } else if (c < 0x800) {
        bytes += 2;
      } else if (Character.isHighSurrogate(c)) {
        if (i + 1 == length || !Character.isLowSurrogate(value.charAt(i + 1))) {
          return Identity.Source.INVALID_UTF8;
        }
        i++;
        bytes += 4;
      } else if (Character.isLowSurrogate(c) || c == REPLACEMENT) {
        return Identity.Source.INVALID_UTF8;
      } else {
        bytes += 3;
      }
    }
    return bytes > MAX_BYTES ? Identity.Source.TOO_LONG : Identity.Source.HEADER;
  }

  /** A fact that a header states, or null when it cannot be used. */
  public static @Nullable String fact(@Nullable String value) {
    String fact = value == null ? "" : trimmed(value);
    return check(fact) == Identity.Source.HEADER && !Placeholders.isBracketed(fact) ? fact : null;
  }

  /**
   * A name from a body, made safe for labels and headers: control characters become "_", and what
   * is longer than 256 bytes of UTF-8 is cut. The name itself holds no lone surrogates.
   */
  public static @Nullable String sanitise(@Nullable String name) {
    if (name == null || trimmed(name).isEmpty()) {
      return null;
    }
    // Each invalid byte of the body has become a U+FFFD, which has three.
    String whole = cut(name);
    for (int i = 0; i < whole.length(); i++) {
      if (Character.isISOControl(whole.charAt(i))) {
        StringBuilder clean = new StringBuilder(whole);
        for (int j = i; j < clean.length(); j++) {
          if (Character.isISOControl(clean.charAt(j))) {
            clean.setCharAt(j, '_');
          }
        }
        return clean.toString();
      }
    }
    return whole;
  }

  private static String cut(String name) {
    int bytes = 0;
    for (int i = 0; i < name.length(); ) {
      int c = name.codePointAt(i);
      bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
      if (bytes > MAX_BYTES) {
        return name.substring(0, i);
      }
      i += Character.charCount(c);
    }
    return name;
  }
}
