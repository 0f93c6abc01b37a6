// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.vllm;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A recursive-descent JSON reader: objects become {@code Map}, arrays {@code List}, whole numbers
 * {@code Long}, other numbers {@code Double}, null {@link Json#NULL}. Of a repeated name, the last
 * value counts.
 */
final class JsonParser {

  /** Nesting beyond this is refused, so that no body can exhaust the stack. */
  static final int MAX_DEPTH = 64;

  private static final int MAX_LONG_DIGITS = 18;

  private final String text;
  private int position;

  private JsonParser(String text) {
    this.text = text;
  }

  /**
   * Reads one JSON value.
   *
   * @throws ApiException with status 400 if the bytes are not exactly one JSON value in UTF-8
   */
  static Object parse(byte[] utf8) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw ApiException.badRequest("The request body is not valid UTF-8.", e);
    }
    JsonParser parser = new JsonParser(text);
    Object value = parser.value(0);
    parser.skipSpace();
    if (parser.position != text.length()) {
      throw parser.unexpected();
    }
    return value;
  }

  private Object value(int depth) {
    if (depth > MAX_DEPTH) {
      throw ApiException.badRequest("The request body nests deeper than " + MAX_DEPTH + " levels.");
    }
    skipSpace();
    return switch (peek()) {
      case '{' -> object(depth);
      case '[' -> array(depth);
      case '"' -> string();
      case 't' -> literal("true", true);
      case 'f' -> literal("false", false);
      case 'n' -> literal("null", Json.NULL);
      default -> number();
    };
  }

  private Map<String, Object> object(int depth) {
    Map<String, Object> members = new LinkedHashMap<>();
    position++;
    skipSpace();
    if (accept('}')) {
      return members;
    }
    do {
      skipSpace();
      String name = string();
      skipSpace();
      expect(':');
      members.put(name, value(depth + 1));
      skipSpace();
    } while (accept(','));
    expect('}');
    return members;
  }

  private List<Object> array(int depth) {
    List<Object> items = new ArrayList<>();
    position++;
    skipSpace();
    if (accept(']')) {
      return items;
    }
    do {
      items.add(value(depth + 1));
      skipSpace();
    } while (accept(','));
    expect(']');
    return items;
  }

  private String string() {
    expect('"');
    StringBuilder out = new StringBuilder();
    while (true) {
      char c = next();
      if (c == '"') {
        return out.toString();
      }
      if (c < 0x20) {
        position--;
        throw unexpected();
      }
      out.append(c == '\\' ? escape() : c);
    }
  }

  private char escape() {
    char c = next();
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int code = 0;
        for (int i = 0; i < 4; i++) {
          char hex = next();
          int digit = hex < 0x80 ? Character.digit(hex, 16) : -1;
          if (digit < 0) {
            position--;
            throw unexpected();
          }
          code = code * 16 + digit;
        }
        yield (char) code;
      }
      default -> {
        position--;
        throw unexpected();
      }
    };
  }

  private Object literal(String word, Object value) {
    if (!text.startsWith(word, position)) {
      throw unexpected();
    }
    position += word.length();
    return value;
  }

  private Number number() {
    int start = position;
    accept('-');
    if (!accept('0')) {
      digits();
    }
    int wholeEnd = position;
    if (accept('.')) {
      digits();
    }
    if (accept('e') || accept('E')) {
      if (!accept('+')) {
        accept('-');
      }
      digits();
    }
    String number = text.substring(start, position);
    return position == wholeEnd && number.length() <= MAX_LONG_DIGITS
        ? Long.valueOf(number)
        : (Number) Double.valueOf(number);
  }

  private void digits() {
    int start = position;
    while (position < text.length()
        && text.charAt(position) >= '0'
        && text.charAt(position) <= '9') {
      position++;
    }
    if (position == start) {
      throw unexpected();
    }
  }

  private void skipSpace() {
    while (position < text.length() && " \t\r\n".indexOf(text.charAt(position)) >= 0) {
      position++;
    }
  }

  private char peek() {
    if (position == text.length()) {
      throw unexpected();
    }
    return text.charAt(position);
  }

  private char next() {
    char c = peek();
    position++;
    return c;
  }

  private boolean accept(char c) {
    if (position < text.length() && text.charAt(position) == c) {
      position++;
      return true;
    }
    return false;
  }

  private void expect(char c) {
    if (!accept(c)) {
      throw unexpected();
    }
  }

  private ApiException unexpected() {
    String what = position < text.length() ? "unexpected character" : "unexpected end";
    return ApiException.badRequest(
        "The request body is not valid JSON: " + what + " at offset " + position + ".");
  }
}
