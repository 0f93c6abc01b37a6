// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads one JSON object of a line: texts, whole numbers that fit into a {@code long}, {@code true},
 * {@code false}, {@code null}, lists and objects. Fractions are written as texts here.
 */
final class Json {
  private static final int MAX_DEPTH = 8;

  /**
   * The names that were read last, by their bytes: lines have the same again and again. Threads may
   * overwrite what others put there; each checks what it finds.
   */
  private static final String[] NAMES = new String[512];

  private static final int MAX_KEPT_NAME = 32;

  private final byte[] bytes;
  private final int end;
  private int at;

  private Json(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  static Map<String, @Nullable Object> object(byte[] bytes, int from, int end)
      throws UnreadableException {
    Json json = new Json(bytes, from, end);
    json.expect('{');
    Map<String, @Nullable Object> object = json.members(0);
    json.space();
    if (json.at != end) {
      throw json.malformed();
    }
    return object;
  }

  private @Nullable Object value(int depth) throws UnreadableException {
    if (depth > MAX_DEPTH) {
      throw malformed();
    }
    return switch (next()) {
      case '{' -> members(depth);
      case '[' -> elements(depth);
      case '"' -> text();
      case 't' -> word("rue", true);
      case 'f' -> word("alse", false);
      case 'n' -> word("ull", null);
      default -> {
        at--;
        yield number();
      }
    };
  }

  private Map<String, @Nullable Object> members(int depth) throws UnreadableException {
    Map<String, @Nullable Object> members = new HashMap<>(32);
    space();
    if (at < end && bytes[at] == '}') {
      at++;
      return members;
    }
    while (true) {
      space();
      expect('"');
      String name = name();
      space();
      expect(':');
      space();
      members.put(name, value(depth + 1));
      space();
      byte separator = next();
      if (separator == '}') {
        return members;
      }
      if (separator != ',') {
        throw malformed();
      }
    }
  }

  private List<@Nullable Object> elements(int depth) throws UnreadableException {
    List<@Nullable Object> elements = new ArrayList<>();
    space();
    if (at < end && bytes[at] == ']') {
      at++;
      return elements;
    }
    while (true) {
      space();
      elements.add(value(depth + 1));
      space();
      byte separator = next();
      if (separator == ']') {
        return elements;
      }
      if (separator != ',') {
        throw malformed();
      }
    }
  }

  private Long number() throws UnreadableException {
    boolean negative = at < end && bytes[at] == '-';
    at += negative ? 1 : 0;
    int from = at;
    long value = 0; // negative, since there is one more of those
    try {
      while (at < end && bytes[at] >= '0' && bytes[at] <= '9') {
        value = Math.subtractExact(Math.multiplyExact(value, 10), bytes[at++] - '0');
      }
      if (at == from) {
        throw malformed();
      }
      return negative ? value : Math.negateExact(value);
    } catch (ArithmeticException e) {
      throw malformed();
    }
  }

  private String name() throws UnreadableException {
    int hash = 0;
    int to = at;
    while (to < end && bytes[to] != '"') {
      hash = 31 * hash + bytes[to++];
    }
    int index = (hash ^ hash >>> 9) & (NAMES.length - 1);
    String kept = NAMES[index];
    if (kept != null && is(kept, to)) {
      at = to + 1;
      return kept;
    }
    int length = to - at;
    String name = text();
    if (name.length() == length && length <= MAX_KEPT_NAME) {
      NAMES[index] = name;
    }
    return name;
  }

  /** Whether the bytes up to there are this name, which has nothing to escape then. */
  private boolean is(String name, int to) {
    if (to == end || name.length() != to - at) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      if (name.charAt(i) != bytes[at + i] || bytes[at + i] == '\\') {
        return false;
      }
    }
    return true;
  }

  private String text() throws UnreadableException {
    int from = at;
    while (at < end && bytes[at] != '"' && bytes[at] != '\\') {
      at++;
    }
    String plain = new String(bytes, from, at - from, StandardCharsets.UTF_8);
    if (next() == '"') {
      return plain;
    }
    StringBuilder text = new StringBuilder(plain);
    at--;
    while (true) {
      byte b = next();
      if (b == '"') {
        return text.toString();
      }
      if (b == '\\') {
        text.append(escaped());
      } else {
        int start = at - 1;
        while (at < end && bytes[at] != '"' && bytes[at] != '\\') {
          at++;
        }
        text.append(new String(bytes, start, at - start, StandardCharsets.UTF_8));
      }
    }
  }

  private char escaped() throws UnreadableException {
    byte b = next();
    return switch (b) {
      case '"', '\\', '/' -> (char) b;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int value = 0;
        for (int i = 0; i < 4; i++) {
          int digit = Character.digit(next(), 16);
          if (digit < 0) {
            throw malformed();
          }
          value = value << 4 | digit;
        }
        yield (char) value;
      }
      default -> throw malformed();
    };
  }

  private @Nullable Object word(String rest, @Nullable Boolean meaning) throws UnreadableException {
    for (int i = 0; i < rest.length(); i++) {
      expect(rest.charAt(i));
    }
    return meaning;
  }

  private void expect(char c) throws UnreadableException {
    if (next() != c) {
      throw malformed();
    }
  }

  private byte next() throws UnreadableException {
    if (at >= end) {
      throw malformed();
    }
    return bytes[at++];
  }

  private void space() {
    while (at < end && (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\r')) {
      at++;
    }
  }

  private UnreadableException malformed() {
    return new UnreadableException("not the JSON of a journal");
  }
}
