// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong in a configuration.
 *
 * @param path the dotted path of the key; a key that is no plain word is in quotes
 * @param value the value as configured, null when the key itself is the problem
 * @param rule what would be right
 * @param suggestion what was probably meant, or null
 */
public record ConfigError(
    String path, @Nullable Object value, String rule, @Nullable String suggestion) {
  private static final int MAX_SHOWN = 100;
  private static final int MAX_SHOWN_BITS = 512;

  /** One short line, whatever the configuration contains. */
  @Override
  public String toString() {
    StringBuilder line = new StringBuilder(path);
    if (value != null) {
      line.append(" = ").append(shown(value));
    }
    line.append(": ").append(rule);
    if (suggestion != null) {
      line.append("; did you mean \"").append(suggestion).append("\"?");
    }
    return line.toString();
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
