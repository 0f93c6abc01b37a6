// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.semanticrouter.maas.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One member of a request that is set or removed. Objects on the way to it are made where they are
 * missing or something else, but not for a removal.
 *
 * @param path the names from the request object down, e.g. {@code chat_template_kwargs}, {@code
 *     enable_thinking}; at least one
 * @param literal the value as JSON, e.g. {@code true}, {@code "low"} with its quotes, {@code
 *     {"type":"enabled","budget_tokens":1024}}; null to remove the member
 */
record MemberEdit(List<String> path, @Nullable String literal) {
  private static final List<String> EFFORT = List.of("reasoning_effort");

  /** What other edits change, or what decides how the body is read. */
  private static final Set<String> RESERVED =
      Set.of("model", "messages", "system", "instructions", "input", "prompt", "stream");

  /**
   * @throws IllegalArgumentException if the path is empty or begins with a member that is not to be
   *     set this way, or if the literal is not one JSON value
   */
  MemberEdit {
    path = path.stream().map(Json::wellFormed).toList();
    if (path.isEmpty()) {
      throw new IllegalArgumentException("a path needs at least one name");
    }
    if (RESERVED.contains(path.get(0))) {
      throw new IllegalArgumentException("'" + path.get(0) + "' is not to be set by a path");
    }
    if (literal != null) {
      literal = Json.wellFormed(literal.strip());
      if (!isValue(literal)) {
        throw new IllegalArgumentException("not one JSON value: " + literal);
      }
    }
  }

  static MemberEdit set(String literal, String... path) {
    return new MemberEdit(List.of(path), literal);
  }

  static MemberEdit remove(String... path) {
    return new MemberEdit(List.of(path), null);
  }

  /** The same for an operation: the Responses API states the effort in an object of its own. */
  MemberEdit on(Operation operation) {
    return operation == Operation.RESPONSES && path.equals(EFFORT)
        ? new MemberEdit(List.of("reasoning", "effort"), literal)
        : this;
  }

  private static boolean isValue(String literal) {
    byte[] bytes = literal.getBytes(StandardCharsets.UTF_8);
    try (JsonParser parser = Json.parser(bytes, 0, bytes.length)) {
      JsonToken first = parser.nextToken();
      parser.skipChildren();
      return first != null && parser.nextToken() == null;
    } catch (IOException e) {
      return false;
    }
  }
}
