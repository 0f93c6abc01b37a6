// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.List;
import java.util.Set;

/**
 * The messages of a prompt: adds up what they cost, and remembers the last one of the user. The
 * three chat APIs spell them differently, and pay for them by the same rule.
 */
final class Conversation {

  private static final Set<String> TEXT_PARTS = Set.of("text", "input_text", "output_text");

  private long tokens;
  private String lastUserText = "";

  /** Adds a member that holds the text of one message, if the request has it. */
  Conversation addText(Fields request, String name, String role) {
    if (request.any(name).isPresent()) {
      add(role, text(request, name));
    }
    return this;
  }

  /** Adds a member that holds messages, at least one. */
  Conversation addMessages(Fields request, String name) {
    List<?> messages = request.list(name).orElse(List.of());
    if (messages.isEmpty()) {
      throw request.wrong(name, "an array with at least one message");
    }
    for (int i = 0; i < messages.size(); i++) {
      Fields message = Fields.of(messages.get(i), request.path(name) + "[" + i + "]");
      // The Responses API mixes messages with tool calls and their results.
      if (message.string("type").orElse("message").equals("message")) {
        String role = message.string("role").orElseThrow(() -> message.wrong("role", "a string"));
        add(role, text(message, "content"));
      }
    }
    return this;
  }

  TextInput prompt() {
    return new TextInput(lastUserText, tokens, 0);
  }

  private void add(String role, String text) {
    tokens += TokenCounter.TOKENS_PER_MESSAGE + TokenCounter.count(text);
    if (role.equals("user")) {
      lastUserText = text;
    }
  }

  /** A text as such or in parts; parts that are not text (images, audio) add nothing. */
  private static String text(Fields holder, String name) {
    if (holder.any(name).orElse("") instanceof String text) {
      return text;
    }
    StringBuilder text = new StringBuilder();
    for (Object item : holder.list(name).orElse(List.of())) {
      Fields part = Fields.of(item, holder.path(name + "[]"));
      if (TEXT_PARTS.contains(part.string("type").orElse(""))) {
        // A line break between parts, so that no token spans two of them.
        text.append(text.isEmpty() ? "" : "\n").append(part.string("text").orElse(""));
      }
    }
    return text.toString();
  }
}
