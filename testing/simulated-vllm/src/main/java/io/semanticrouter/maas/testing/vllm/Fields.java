// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Typed access to the members of a JSON object in a request. A member that is null counts as
 * absent, as the OpenAI API has it; one of the wrong type is answered with 400.
 */
final class Fields {

  private final Map<?, ?> members;
  private final String where;

  private Fields(Map<?, ?> members, String where) {
    this.members = members;
    this.where = where;
  }

  /** Reads a request body, which must be one JSON object. */
  static Fields ofBody(byte[] body) {
    return of(Json.parse(body), "");
  }

  /** Takes a value as an object; {@code where} is its place in the body, for messages. */
  static Fields of(Object value, String where) {
    if (value instanceof Map<?, ?> members) {
      return new Fields(members, where);
    }
    throw ApiException.badRequest(
        (where.isEmpty() ? "The request body" : "'" + where + "'") + " must be a JSON object.");
  }

  Optional<Object> any(String name) {
    Object value = members.get(name);
    return Optional.ofNullable(value);
  }

  Optional<String> string(String name) {
    return any(name).map(value -> cast(name, value, String.class, "a string"));
  }

  boolean flag(String name) {
    return any(name).map(value -> cast(name, value, Boolean.class, "a boolean")).orElse(false);
  }

  Optional<Fields> object(String name) {
    return any(name).map(value -> of(value, path(name)));
  }

  Optional<List<?>> list(String name) {
    return any(name).map(value -> cast(name, value, List.class, "an array"));
  }

  OptionalInt integer(String name, int min, int max) {
    Optional<Object> value = any(name);
    if (value.isEmpty()) {
      return OptionalInt.empty();
    }
    String bounds = "an integer from " + min + " to " + max;
    long number = whole(value.get());
    if (number < min || number > max) {
      throw wrong(name, bounds);
    }
    return OptionalInt.of((int) number);
  }

  /** A whole number; -1 for what is none, or less than 0. */
  static long whole(Object value) {
    return value instanceof Integer || value instanceof Long
        ? Math.max(-1, ((Number) value).longValue())
        : -1;
  }

  ApiException wrong(String name, String expected) {
    return ApiException.badRequest("'" + path(name) + "' must be " + expected + ".");
  }

  String path(String name) {
    return where.isEmpty() ? name : where + "." + name;
  }

  private <T> T cast(String name, Object value, Class<T> type, String expected) {
    if (!type.isInstance(value)) {
      throw wrong(name, expected);
    }
    return type.cast(value);
  }
}
