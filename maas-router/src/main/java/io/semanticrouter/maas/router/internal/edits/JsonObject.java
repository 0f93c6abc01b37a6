// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where an object of a body and its members stand.
 *
 * @param members in their order, no name twice
 * @param close the offset of the closing brace
 */
public record JsonObject(List<Member> members, int close) {
  /**
   * A member.
   *
   * @param name with escapes decoded
   * @param key the offset of the opening quote of its name
   * @param from the offset of the first byte of its value
   * @param to the offset behind the last byte of its value
   */
  public record Member(String name, int key, int from, int to) {}

  /** Takes what it wants of a value. */
  interface Values {
    /** The parser is at the first token of the value, and is left there or at the last one. */
    void read(String name, JsonParser parser) throws IOException;
  }

  public JsonObject {
    members = List.copyOf(members);
  }

  /**
   * Reads an object of which the parser is at the opening brace, and leaves it at the closing one.
   *
   * @param base where the parser began
   */
  static JsonObject read(JsonParser parser, int base, Values values) throws IOException {
    List<Member> members = new ArrayList<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      int key = base + Json.start(parser);
      parser.nextToken();
      int from = base + Json.start(parser);
      values.read(name, parser);
      parser.skipChildren();
      members.add(new Member(name, key, from, base + Json.end(parser)));
    }
    return new JsonObject(members, base + Json.start(parser));
  }

  /** Reads an object that is known to be one. */
  static JsonObject at(byte[] body, int from, int to) {
    try (JsonParser parser = Json.parser(body, from, to)) {
      parser.nextToken();
      return read(parser, from, (name, value) -> {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Nullable Member member(String name) {
    for (int i = 0; i < members.size(); i++) {
      if (members.get(i).name().equals(name)) {
        return members.get(i);
      }
    }
    return null;
  }
}
