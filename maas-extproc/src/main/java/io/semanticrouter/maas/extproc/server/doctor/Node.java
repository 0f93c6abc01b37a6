// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.doctor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A piece of JSON that is asked for what may not be there: whatever is missing, or of another type,
 * is empty.
 */
final class Node {
  private static final Node NOTHING = new Node(null);

  private final @Nullable Object value;

  private Node(@Nullable Object value) {
    this.value = value;
  }

  static Node read(String json) throws IOException {
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      parser.nextToken();
      return new Node(value(parser));
    }
  }

  private static @Nullable Object value(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) {
      Map<String, @Nullable Object> object = new LinkedHashMap<>();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        object.put(name, value(parser));
      }
      return object;
    }
    if (token == JsonToken.START_ARRAY) {
      List<@Nullable Object> list = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        list.add(value(parser));
      }
      return list;
    }
    return token == null || token == JsonToken.VALUE_NULL ? null : parser.getText();
  }

  /** What is at the end of a path of names and indices. */
  Node at(String... path) {
    @Nullable Object at = value;
    for (String step : path) {
      if (at instanceof Map<?, ?> object) {
        at = object.get(step);
      } else if (at instanceof List<?> list) {
        int index = Integer.parseInt(step);
        at = index < list.size() ? list.get(index) : null;
      } else {
        return NOTHING;
      }
    }
    return new Node(at);
  }

  boolean isThere() {
    return value != null;
  }

  /** A text, a number or a boolean as it is written; else the empty text. */
  String text() {
    return value instanceof String text ? text : "";
  }

  boolean isTrue() {
    return text().equals("true");
  }

  /** The elements of an array. */
  List<Node> elements() {
    List<Node> nodes = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(element -> nodes.add(new Node(element)));
    }
    return nodes;
  }

  /** All objects in it, itself included, that are wanted; none of those inside of one. */
  List<Node> all(Predicate<Node> wanted) {
    List<Node> found = new ArrayList<>();
    collect(wanted, found);
    return found;
  }

  private void collect(Predicate<Node> wanted, List<Node> found) {
    if (value instanceof Map<?, ?> object) {
      if (wanted.test(this)) {
        found.add(this);
      } else {
        object.values().forEach(child -> new Node(child).collect(wanted, found));
      }
    } else if (value instanceof List<?> list) {
      list.forEach(child -> new Node(child).collect(wanted, found));
    }
  }

  /** Whether it is a message of Envoy of this type. */
  boolean is(String type) {
    return at("@type").text().endsWith("." + type);
  }
}
