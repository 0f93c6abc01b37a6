// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/** How bodies are parsed here, and how what is put into them is written. */
public final class Json {
  /** Deeper than any request or tool schema; far from the end of a stack. */
  static final int MAX_DEPTH = 256;

  // Strings, names and numbers are as long as the body at most, which is bounded by who holds it.
  // A number of any length is only passed over: see RequestDocument.number.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private Json() {}

  /** A parser; its offsets count from {@code from}. */
  public static JsonParser parser(byte[] body, int from, int to) throws IOException {
    return FACTORY.createParser(body, from, to - from);
  }

  /** Where the current token begins, from where the parser began. */
  static int start(JsonParser parser) {
    return (int) parser.currentTokenLocation().getByteOffset();
  }

  /** Where the current token ends, from where the parser began. */
  static int end(JsonParser parser) throws IOException {
    // Strings are read lazily: before this, the location is right behind the opening quote.
    parser.finishToken();
    return (int) parser.currentLocation().getByteOffset();
  }

  /**
   * Where the object of a body begins: behind a byte order mark and white space.
   *
   * @throws UnreadableRequest when it begins with something else, or is not UTF-8
   */
  static int objectStart(byte[] body, int from, int to) throws UnreadableRequest {
    int i = from;
    if (to - i >= 3
        && body[i] == (byte) 0xEF
        && body[i + 1] == (byte) 0xBB
        && body[i + 2] == (byte) 0xBF) {
      i += 3;
    }
    while (i < to && (body[i] == ' ' || body[i] == '\t' || body[i] == '\r' || body[i] == '\n')) {
      i++;
    }
    boolean isObject = i < to && body[i] == '{';
    // Jackson takes a NUL next to the brace for UTF-16 or UTF-32, and then has no offsets of bytes.
    for (int j = i; j < Math.min(to, i + 4); j++) {
      isObject &= body[j] != 0;
    }
    if (!isObject || !isUtf8(body, from, to)) {
      throw new UnreadableRequest();
    }
    return i;
  }

  /** Jackson takes overlong forms and encoded surrogates for characters; backends refuse them. */
  private static boolean isUtf8(byte[] body, int from, int to) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(body, from, to - from);
    CharBuffer out = CharBuffer.allocate(512);
    CoderResult result;
    do {
      out.clear();
      result = decoder.decode(in, out, true);
    } while (result.isOverflow());
    return !result.isError();
  }

  /** Whether two texts are one value, however it is spelled; the order of keys counts. */
  static boolean isSame(byte[] body, int from, int to, byte[] other) {
    try (JsonParser one = parser(body, from, to);
        JsonParser two = parser(other, 0, other.length)) {
      JsonToken token;
      do {
        token = one.nextToken();
        if (token != two.nextToken()) {
          return false;
        }
        if (token != null && !token.isStructStart() && !token.isStructEnd()) {
          if (!one.getText().equals(two.getText())) {
            return false;
          }
        }
      } while (token != null);
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The value of a string that stands at a place. */
  static String string(byte[] body, int from, int to) {
    try (JsonParser parser = parser(body, from, to)) {
      parser.nextToken();
      return parser.getText();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As a JSON string, with its quotes. */
  static String quoted(String text) {
    return '"' + escaped(text) + '"';
  }

  /** As it stands between the quotes of a JSON string (RFC 8259, section 7). */
  static String escaped(String text) {
    return new String(JsonStringEncoder.getInstance().quoteAsString(text));
  }

  /** As it stands in a body; half a surrogate pair becomes a question mark. */
  static byte[] bytes(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
