// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One spelling for all JSON bodies that say the same: members sorted, no white space, strings
 * without escapes. Numbers stay as they are spelled. Different bodies have different spellings,
 * since every value begins with its kind, and texts with their length. For one use by one thread.
 */
final class CanonicalRequest {
  /** The longest body that is read, in bytes. */
  static final int MAX_BYTES = 1 << 20;

  private static final int MAX_DEPTH = 64;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // Names come from clients, and what is interned may stay.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_BYTES)
                  .build())
          .build();

  /** A member within the canonical bytes. */
  private record Member(String name, int from, int to) {}

  private final JsonParser parser;
  private final Set<String> ignored;
  private final Map<String, String> facts = new HashMap<>();
  private byte[] out;
  private int size;

  private CanonicalRequest(JsonParser parser, int length, Set<String> ignored) {
    this.parser = parser;
    this.ignored = ignored;
    this.out = new byte[length + 64];
  }

  /**
   * Reads a body.
   *
   * @param ignored members of the root object that are left out
   * @return null when the body is not one JSON object, nests too deep or has a member twice
   */
  static @Nullable CanonicalRequest read(byte[] bytes, int from, int to, Set<String> ignored) {
    if (to - from > MAX_BYTES) {
      return null;
    }
    try (JsonParser parser = JSON.createParser(bytes, from, to - from)) {
      CanonicalRequest request = new CanonicalRequest(parser, to - from, ignored);
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      request.object(true);
      return parser.nextToken() == null ? request : null;
    } catch (IOException e) {
      return null;
    }
  }

  /** The canonical bytes: the first {@link #size()} of these. */
  byte[] bytes() {
    return out;
  }

  /** How many canonical bytes there are. */
  int size() {
    return size;
  }

  /**
   * A member of the root object: its text for a scalar, {@code []} for an array without elements,
   * {@code [} for another array, <code>{</code> for an object; null when it is absent or null.
   */
  @Nullable String fact(String member) {
    return facts.get(member);
  }

  private void object(boolean root) throws IOException {
    put('{');
    int first = size;
    List<Member> members = new ArrayList<>();
    boolean sorted = true;
    for (JsonToken t = parser.nextToken(); t != JsonToken.END_OBJECT; t = parser.nextToken()) {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      if (root && ignored.contains(name)) {
        parser.skipChildren();
        continue;
      }
      int from = size;
      text(name);
      int valueFrom = size;
      if (root && value.isScalarValue() && value != JsonToken.VALUE_NULL) {
        facts.put(name, parser.getText());
      }
      value(value);
      if (root && value.isStructStart()) {
        boolean empty = value == JsonToken.START_ARRAY && size == valueFrom + 2;
        facts.put(name, value == JsonToken.START_OBJECT ? "{" : empty ? "[]" : "[");
      }
      sorted &= members.isEmpty() || members.get(members.size() - 1).name().compareTo(name) < 0;
      members.add(new Member(name, from, size));
    }
    if (!sorted) {
      sort(first, members);
    }
    put('}');
  }

  private void sort(int first, List<Member> members) {
    byte[] unsorted = Arrays.copyOfRange(out, first, size);
    members.sort(Comparator.comparing(Member::name));
    int to = first;
    for (Member member : members) {
      int length = member.to() - member.from();
      System.arraycopy(unsorted, member.from() - first, out, to, length);
      to += length;
    }
  }

  private void value(JsonToken token) throws IOException {
    switch (token) {
      case START_OBJECT -> object(false);
      case START_ARRAY -> {
        put('[');
        for (JsonToken t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
          value(t);
        }
        put(']');
      }
      case VALUE_STRING -> text(parser.getText());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        put('n');
        text(parser.getText());
      }
      case VALUE_TRUE -> put('t');
      case VALUE_FALSE -> put('f');
      case VALUE_NULL -> put('0');
      default -> throw new IOException("no value");
    }
  }

  /** Length and UTF-16: half a surrogate pair has no UTF-8, and is a text all the same. */
  private void text(String text) {
    int length = text.length();
    boolean narrow = true;
    for (int i = 0; i < length && narrow; i++) {
      narrow = text.charAt(i) <= 0xff;
    }
    ensure(6 + 2L * length);
    out[size++] = (byte) (narrow ? 's' : 'w');
    for (int shift = 24; shift >= 0; shift -= 8) {
      out[size++] = (byte) (length >> shift);
    }
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (!narrow) {
        out[size++] = (byte) (c >> 8);
      }
      out[size++] = (byte) c;
    }
  }

  private void put(char c) {
    ensure(1);
    out[size++] = (byte) c;
  }

  private void ensure(long more) {
    if (size + more > out.length) {
      out = Arrays.copyOf(out, (int) Math.max(size + more, 2L * out.length));
    }
  }
}
