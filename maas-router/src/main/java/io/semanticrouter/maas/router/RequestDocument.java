// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.semanticrouter.maas.Operation;
import io.semanticrouter.maas.router.UnreadableRequest.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
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
final class RequestDocument {
  /** A number that a request may mean has fewer digits. */
  private static final int MAX_NUMBER = 64;

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
  private final boolean stream;
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
    this.stream = reader.stream();
    this.systemRole = reader.hasSystemRole();
    this.messages = reader.messages();
  }

  /** Whether bodies of the operation can be read. */
  static boolean reads(Operation operation) {
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
  static RequestDocument read(Operation operation, byte[] body, int from, int to)
      throws UnreadableRequest {
    if (!reads(operation)) {
      throw new UnreadableRequest(Reason.OTHER_OPERATION);
    }
    int start = Json.objectStart(body, from, to);
    try (JsonParser parser = Json.parser(body, start, to)) {
      parser.nextToken();
      PromptReader reader = new PromptReader(operation, start);
      JsonObject root = JsonObject.read(parser, start, reader::member);
      if (parser.nextToken() != null) {
        throw new UnreadableRequest(Reason.NOT_JSON);
      }
      return new RequestDocument(operation, body, from, to, root, reader);
    } catch (JsonProcessingException e) {
      throw Json.unreadable(e);
    } catch (IOException e) {
      throw new UnreadableRequest(Reason.NOT_JSON);
    }
  }

  /** What the request says. Its characters are UTF-16 code units. */
  Prompt prompt() {
    return prompt;
  }

  /** Whether {@code stream} is true. */
  boolean stream() {
    return stream;
  }

  /** Whether the client states a system prompt of its own, an empty one included. */
  boolean hasSystemPrompt() {
    return switch (operation) {
      case MESSAGES -> states("system");
      case RESPONSES -> systemRole || states("instructions");
      default -> systemRole;
    };
  }

  /** Whether a member of the request is there and not null. */
  boolean states(String name) {
    JsonObject.Member member = root.member(name);
    return member != null && body[member.from()] != 'n';
  }

  /** Whether a member of the request is true. */
  boolean isTrue(String name) {
    JsonObject.Member member = root.member(name);
    return member != null && body[member.from()] == 't';
  }

  /**
   * A member of the request that is a number.
   *
   * @return null when there is none; also when it has more than 64 characters or an exponent beyond
   *     ±64, which no request means but which arithmetic would choke on. {@link #states} tells
   *     these from a member that is not there.
   */
  @Nullable BigDecimal number(String name) {
    JsonObject.Member member = root.member(name);
    if (member == null || member.to() - member.from() > MAX_NUMBER) {
      return null;
    }
    try (JsonParser parser = Json.parser(body, member.from(), member.to())) {
      JsonToken token = parser.nextToken();
      if (token == null || !token.isNumeric()) {
        return null;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String text =
        new String(body, member.from(), member.to() - member.from(), StandardCharsets.US_ASCII);
    try {
      BigDecimal number = new BigDecimal(text);
      return Math.abs((long) number.scale()) > MAX_NUMBER ? null : number;
    } catch (NumberFormatException e) {
      // An exponent beyond int.
      return null;
    }
  }

  /** The members of the request, for who wants to see all of it. */
  JsonObject root() {
    return root;
  }

  /** The array of messages of CHAT and MESSAGES; null if there is none. */
  @Nullable Messages messages() {
    return messages;
  }

  Operation operation() {
    return operation;
  }

  /** The bytes that it was read from. Not to be changed. */
  byte[] body() {
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
