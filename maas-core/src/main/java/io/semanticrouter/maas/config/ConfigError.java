// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong in a configuration.
 *
 * @param path the dotted path of the key; a key that is no plain word is in quotes
 * @param value the value as configured, which may be a secret; null when the key itself is the
 *     problem
 * @param rule what would be right
 * @param suggestion what was probably meant, or null
 */
public record ConfigError(
    String path, @Nullable Object value, String rule, @Nullable String suggestion) {
  private static final int MAX_SHOWN = 100;
  private static final int MAX_SHOWN_BITS = 512;

  /** What the names of keys end in whose values are secrets, with or without an index. */
  private static final String[] SECRET_KEYS = {"key", "password", "secret", "secrets", "token"};

  private static final String[] SECRET_TEXTS = {"-----begin ", "basic ", "bearer "};

  /** Letters and digits in one run of this length are rarely words. */
  private static final int RANDOM_LENGTH = 12;

  /**
   * One short line, whatever the configuration contains. It goes to logs, so that what may be a
   * secret, written in the wrong place, is not shown: the value of a key that is named like one,
   * and a text that looks like a key, a token or an address with a password or a query.
   */
  @Override
  public String toString() {
    StringBuilder line = new StringBuilder(path);
    if (value != null) {
      line.append(" = ").append(mayBeSecret() ? "(not shown)" : shown(value));
    }
    line.append(": ").append(rule);
    if (suggestion != null) {
      line.append("; did you mean \"").append(suggestion).append("\"?");
    }
    return line.toString();
  }

  private boolean mayBeSecret() {
    if (value == null || value instanceof Boolean || value instanceof Number) {
      return false;
    }
    String key = path.toLowerCase(Locale.ROOT);
    if (key.endsWith("]")) {
      key = key.substring(0, Math.max(0, key.lastIndexOf('[')));
    }
    for (String secret : SECRET_KEYS) {
      if (key.endsWith(secret)) {
        return true;
      }
    }
    // A map or a list is not shown anyway, and its text can have gigabytes.
    return !(value instanceof Map<?, ?>)
        && !(value instanceof Iterable<?>)
        && looksSecret(value.toString());
  }

  private static boolean looksSecret(String text) {
    String begin = text.strip().toLowerCase(Locale.ROOT);
    for (String secret : SECRET_TEXTS) {
      if (begin.startsWith(secret)) {
        return true;
      }
    }
    int scheme = text.indexOf("://");
    if (scheme >= 0 && (text.indexOf('@', scheme) > 0 || text.indexOf('?', scheme) > 0)) {
      return true;
    }
    int letters = 0;
    int digits = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= '0' && c <= '9') {
        digits++;
      } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        letters++;
      } else {
        letters = 0;
        digits = 0;
      }
      // One letter alone is the exponent of a number.
      if (letters > 1 && digits > 0 && letters + digits >= RANDOM_LENGTH) {
        return true;
      }
    }
    return false;
  }

  /** A text in quotes: cut, and with everything escaped that could forge or hide a line. */
  static String quoted(String text) {
    StringBuilder shown = new StringBuilder("\"");
    int i = 0;
    while (i < text.length()) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (i > MAX_SHOWN) {
        return shown.append("…\" (").append(text.length()).append(" characters)").toString();
      }
      switch (c) {
        case '"', '\\' -> shown.append('\\').append((char) c);
        case '\n' -> shown.append("\\n");
        case '\r' -> shown.append("\\r");
        case '\t' -> shown.append("\\t");
        default -> {
          if (isPrintable(c)) {
            shown.appendCodePoint(c);
          } else {
            shown.append(c > 0xffff ? "\\U" : "\\u");
            String hex = Integer.toHexString(c);
            shown.append("0".repeat(Math.max(0, 4 - hex.length()))).append(hex);
          }
        }
      }
    }
    return shown.append('"').toString();
  }

  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }

  private static String shown(Object value) {
    // A map or a list may contain itself, or, by YAML aliases, a text of gigabytes.
    if (value instanceof Map<?, ?>) {
      return "{...}";
    }
    if (value instanceof Iterable<?>) {
      return "[...]";
    }
    if (value.getClass().isArray()) {
      return value.getClass().getSimpleName();
    }
    int bits = bits(value);
    if (bits > MAX_SHOWN_BITS) {
      return "a number of " + bits + " bits";
    }
    String text = value.toString();
    boolean plain = value instanceof Number || value instanceof Boolean;
    return plain && text.length() <= 2 * MAX_SHOWN ? text : quoted(text);
  }

  /** The size of a number that may have any; 0 for everything else. */
  static int bits(Object value) {
    if (value instanceof BigDecimal decimal) {
      return decimal.unscaledValue().bitLength();
    }
    return value instanceof BigInteger integer ? integer.bitLength() : 0;
  }
}
