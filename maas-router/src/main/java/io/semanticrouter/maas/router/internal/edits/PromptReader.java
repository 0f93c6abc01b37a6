// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.semanticrouter.maas.record.Operation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Collects what a request says while its members pass.
 *
 * <p>In doubt a text is the user's: an unknown role, a part without a type, a part's {@code
 * thinking} or {@code refusal}. Some backends show all of these to the model (vLLM,
 * entrypoints/chat_utils.py), and what a user can say unseen escapes every signal.
 */
final class PromptReader {
  /**
   * Types of content parts that are not text. Where the type is missing vLLM goes by the member of
   * the same name. Sources: the API references of OpenAI (chat, responses) and Anthropic
   * (messages); vLLM, entrypoints/chat_utils.py.
   */
  private static final Set<String> MEDIA =
      Set.of(
          "image_url",
          "input_image",
          "image",
          "image_pil",
          "image_embeds",
          "computer_screenshot",
          "input_audio",
          "audio",
          "audio_url",
          "audio_embeds",
          "prompt_embeds",
          "video",
          "video_url",
          "file",
          "input_file",
          "document",
          "container_upload");

  private final Operation operation;
  private final int base;

  private String model = "";
  private boolean tools;
  private boolean media;
  private long characters;
  private boolean systemRole;

  /** What each message of the user says. */
  private final List<String> said = new ArrayList<>();

  /** The texts of the message that is being read. */
  private final List<String> texts = new ArrayList<>();

  private RequestDocument.@Nullable Messages messages;

  PromptReader(Operation operation, int base) {
    this.operation = operation;
    this.base = base;
  }

  /** Reads a member of the request. */
  void member(String name, JsonParser p) throws IOException {
    switch (name) {
      case "model" -> model = p.hasToken(JsonToken.VALUE_STRING) ? p.getText() : "";
      case "tools", "functions", "mcp_servers" -> tools |= hasElements(p);
      default -> texts(name, p);
    }
  }

  private void texts(String name, JsonParser p) throws IOException {
    switch (operation) {
      case CHAT, MESSAGES -> {
        if (name.equals("messages")) {
          messages(p);
        } else if (name.equals("system") && operation == Operation.MESSAGES) {
          content(p, false);
        }
      }
      case RESPONSES -> {
        if (name.equals("instructions")) {
          content(p, false);
        } else if (name.equals("input")) {
          input(p);
        }
      }
      case COMPLETION -> {
        if (name.equals("prompt")) {
          prompts(p);
        }
      }
      default -> {
        // RequestDocument reads no others
      }
    }
  }

  private static boolean hasElements(JsonParser p) throws IOException {
    if (!p.hasToken(JsonToken.START_ARRAY) || p.nextToken() == JsonToken.END_ARRAY) {
      return false;
    }
    do {
      p.skipChildren();
    } while (p.nextToken() != JsonToken.END_ARRAY);
    return true;
  }

  private void messages(JsonParser p) throws IOException {
    if (!p.hasToken(JsonToken.START_ARRAY)) {
      return;
    }
    int open = base + Json.start(p);
    int systemFrom = -1;
    int systemTo = -1;
    boolean empty = true;
    while (p.nextToken() != JsonToken.END_ARRAY) {
      empty = false;
      int from = base + Json.start(p);
      boolean system = message(p);
      if (system && systemFrom < 0) {
        systemFrom = from;
        systemTo = base + Json.end(p);
      }
    }
    messages = new RequestDocument.Messages(open, empty, systemFrom, systemTo);
  }

  private void input(JsonParser p) throws IOException {
    if (!p.hasToken(JsonToken.START_ARRAY)) {
      prompts(p);
      return;
    }
    while (p.nextToken() != JsonToken.END_ARRAY) {
      message(p);
    }
  }

  /** A string or an array of strings; prompts may also be arrays of token ids. */
  private void prompts(JsonParser p) throws IOException {
    if (!p.hasToken(JsonToken.START_ARRAY)) {
      content(p, true);
      endMessage(true);
      return;
    }
    while (p.nextToken() != JsonToken.END_ARRAY) {
      content(p, true);
      endMessage(true);
    }
  }

  /** True if it is one of system or developer. */
  private boolean message(JsonParser p) throws IOException {
    if (!p.hasToken(JsonToken.START_OBJECT)) {
      content(p, true);
      endMessage(true);
      return false;
    }
    String role = "";
    String type = "";
    while (p.nextToken() != JsonToken.END_OBJECT) {
      String name = p.currentName();
      boolean isText = p.nextToken() == JsonToken.VALUE_STRING;
      switch (name) {
        case "role" -> role = isText ? p.getText() : "";
        case "type" -> type = isText ? p.getText() : "";
        // Until the role is known it may be the user's.
        case "content" -> content(p, role.isEmpty() || isUsers(role, type));
        case "output" -> content(p, false);
        default -> {
          // of no interest
        }
      }
      p.skipChildren();
    }
    endMessage(isUsers(role, type));
    boolean system = role.equals("system") || role.equals("developer");
    systemRole |= system;
    return system;
  }

  private boolean isUsers(String role, String type) {
    return switch (role) {
      case "system", "developer", "assistant", "tool", "function" -> false;
      // Items without a role are outputs of tools and thoughts. Elsewhere a type means nothing.
      case "" -> operation != Operation.RESPONSES || type.isEmpty() || type.equals("message");
      default -> true;
    };
  }

  private void endMessage(boolean users) {
    if (users && !texts.isEmpty()) {
      said.add(texts.size() == 1 ? texts.get(0) : String.join("\n", texts));
    }
    texts.clear();
  }

  /** A string, a part, or an array of both. */
  private void content(JsonParser p, boolean keep) throws IOException {
    if (!p.hasToken(JsonToken.START_ARRAY)) {
      part(p, keep);
      return;
    }
    while (p.nextToken() != JsonToken.END_ARRAY) {
      part(p, keep);
    }
  }

  private void part(JsonParser p, boolean keep) throws IOException {
    if (!p.hasToken(JsonToken.START_OBJECT)) {
      text(p, keep);
      p.skipChildren();
      return;
    }
    while (p.nextToken() != JsonToken.END_OBJECT) {
      String name = p.currentName();
      JsonToken first = p.nextToken();
      switch (name) {
        case "type" -> media |= first == JsonToken.VALUE_STRING && MEDIA.contains(p.getText());
        case "text", "thinking", "refusal" -> text(p, keep);
        // What a tool answered, or what was found in a document: not the user's words.
        case "content", "output" -> content(p, false);
        default -> media |= first != JsonToken.VALUE_NULL && MEDIA.contains(name);
      }
      p.skipChildren();
    }
  }

  private void text(JsonParser p, boolean keep) throws IOException {
    if (!p.hasToken(JsonToken.VALUE_STRING)) {
      return;
    }
    int length = p.getTextLength();
    characters += length;
    if (keep && length > 0) {
      texts.add(p.getText());
    }
  }

  Prompt prompt() {
    return new Prompt(
        model,
        said.size() == 1 ? said.get(0) : String.join("\n", said),
        said.isEmpty() ? "" : said.get(said.size() - 1),
        characters,
        tools,
        media);
  }

  /** Whether a message has the role system or developer. */
  boolean hasSystemRole() {
    return systemRole;
  }

  RequestDocument.@Nullable Messages messages() {
    return messages;
  }
}
