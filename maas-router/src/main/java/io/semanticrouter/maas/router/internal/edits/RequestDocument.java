// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.semanticrouter.maas.record.Operation;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * A request body, read once: what it says, and where its members stand. {@link BodyEdits} changes
 * it.
 *
 * <p>Immutable, as long as nobody changes the bytes it was read from: it keeps them. Its memory is
 * bounded by a multiple of the body's.
 *
 * <p>Formats: OpenAI's chat completions, completions and responses, Anthropic's messages (their API
 * references).
 */
public final class RequestDocument {
  /**
   * The array of messages.
   *
   * @param open the offset of its opening bracket
   * @param systemFrom the offset of the first message with the role system or developer, -1 if
   *     there is none
   * @param systemTo the offset behind it
   */
  record Messages(int open, boolean empty, int systemFrom, int systemTo) {
    boolean hasSystem() {
      return systemFrom >= 0;
    }
  }

  private final Operation operation;
  private final byte[] body;
  private final int from;
  private final int to;
  private final JsonObject root;
  private final Prompt prompt;
  private final boolean systemRole;
  private final @Nullable Messages messages;

  private RequestDocument(
      Operation operation, byte[] body, int from, int to, JsonObject root, PromptReader reader) {
    this.operation = operation;
    this.body = body;
    this.from = from;
    this.to = to;
    this.root = root;
    this.prompt = reader.prompt();
    this.systemRole = reader.hasSystemRole();
    this.messages = reader.messages();
  }

  /** Whether bodies of the operation can be read. */
  public static boolean reads(Operation operation) {
    return switch (operation) {
      case CHAT, COMPLETION, RESPONSES, MESSAGES -> true;
      default -> false;
    };
  }

  /**
   * Reads a whole body, in time linear in its size.
   *
   * @param from the offset of its first byte
   * @param to the offset behind its last byte
   * @throws UnreadableRequest and nothing else, whatever the bytes are
   */
  public static RequestDocument read(Operation operation, byte[] body, int from, int to)
      throws UnreadableRequest {
    if (!reads(operation)) {
      throw new UnreadableRequest();
    }
    int start = Json.objectStart(body, from, to);
    try (JsonParser parser = Json.parser(body, start, to)) {
      parser.nextToken();
      PromptReader reader = new PromptReader(operation, start);
      JsonObject root = JsonObject.read(parser, start, reader::member);
      if (parser.nextToken() != null) {
        throw new UnreadableRequest();
      }
      return new RequestDocument(operation, body, from, to, root, reader);
    } catch (IOException e) {
      throw new UnreadableRequest();
    }
  }

  /** What the request says. Its characters are UTF-16 code units. */
  public Prompt prompt() {
    return prompt;
  }

  /** Whether the client states a system prompt of its own, an empty one included. */
  boolean hasSystemPrompt() {
    return switch (operation) {
      case MESSAGES -> states("system");
      case RESPONSES -> systemRole || states("instructions");
      default -> systemRole;
    };
  }

  private boolean states(String name) {
    JsonObject.Member member = root.member(name);
    return member != null && body[member.from()] != 'n';
  }

  /**
   * A member of the request in short: its text for a scalar, {@code []} for an array without
   * elements, {@code [} for another array, <code>{</code> for an object; null when it is absent or
   * null.
   */
  public @Nullable String fact(String name) {
    JsonObject.Member member = root.member(name);
    if (member == null || body[member.from()] == 'n') {
      return null;
    }
    try (JsonParser parser = Json.parser(body, member.from(), member.to())) {
      JsonToken token = parser.nextToken();
      if (token != null && token.isScalarValue()) {
        return parser.getText();
      }
      boolean array = token == JsonToken.START_ARRAY;
      return array ? parser.nextToken() == JsonToken.END_ARRAY ? "[]" : "[" : "{";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The members of the request. */
  public JsonObject root() {
    return root;
  }

  /** The array of messages of CHAT and MESSAGES; null if there is none. */
  @Nullable Messages messages() {
    return messages;
  }

  public Operation operation() {
    return operation;
  }

  /** The bytes that it was read from. Not to be changed. */
  public byte[] body() {
    return body;
  }

  /** The offset of the first byte of the body. */
  int from() {
    return from;
  }

  /** The offset behind the last byte of the body. */
  int to() {
    return to;
  }
}
