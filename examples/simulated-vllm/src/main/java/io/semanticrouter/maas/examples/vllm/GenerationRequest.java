// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.vllm;

import java.util.List;
import java.util.OptionalInt;

/**
 * What a chat or text completion asks for.
 *
 * @param prompts what to answer: one for a chat, any number for text completions
 * @param choicesPerPrompt how many answers to each
 * @param maxTokens the cap on each answer
 * @param includeUsage whether a stream ends with its usage
 * @param continuousUsage whether each event of a stream states the usage up to it
 */
record GenerationRequest(
    String model,
    List<TextInput> prompts,
    int choicesPerPrompt,
    OptionalInt maxTokens,
    boolean stream,
    boolean includeUsage,
    boolean continuousUsage) {

  private static final int MAX_CHOICES = 128;

  static GenerationRequest chat(Fields body) {
    OptionalInt cap = body.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
    OptionalInt oldCap = body.integer("max_tokens", 1, Integer.MAX_VALUE);
    return of(body, List.of(chatPrompt(body)), cap.isPresent() ? cap : oldCap);
  }

  static GenerationRequest completion(Fields body) {
    return of(
        body, TextInput.listOf(body, "prompt"), body.integer("max_tokens", 1, Integer.MAX_VALUE));
  }

  /** The text whose wording decides the routing: the last user message, or the last prompt. */
  String lastUserText() {
    return prompts.get(prompts.size() - 1).text();
  }

  private static GenerationRequest of(Fields body, List<TextInput> prompts, OptionalInt cap) {
    boolean stream = body.flag("stream");
    boolean includeUsage = false;
    boolean continuousUsage = false;
    Fields options = body.object("stream_options").orElse(null);
    if (options != null) {
      if (!stream) {
        // vLLM and OpenAI refuse it too; a gateway that adds it blindly should notice here.
        throw ApiException.badRequest("'stream_options' is only allowed when 'stream' is true.");
      }
      includeUsage = options.flag("include_usage");
      continuousUsage = includeUsage && options.flag("continuous_usage_stats");
    }
    return new GenerationRequest(
        body.string("model").orElse(""),
        prompts,
        body.integer("n", 1, MAX_CHOICES).orElse(1),
        cap,
        stream,
        includeUsage,
        continuousUsage);
  }

  private static TextInput chatPrompt(Fields body) {
    List<?> messages = body.list("messages").orElse(List.of());
    if (messages.isEmpty()) {
      throw body.wrong("messages", "an array with at least one message");
    }
    long tokens = 0;
    String lastUserText = "";
    for (int i = 0; i < messages.size(); i++) {
      Fields message = Fields.of(messages.get(i), "messages[" + i + "]");
      String role = message.string("role").orElseThrow(() -> message.wrong("role", "a string"));
      String text = contentText(message);
      tokens += TokenCounter.TOKENS_PER_MESSAGE + TokenCounter.count(text);
      if (role.equals("user")) {
        lastUserText = text;
      }
    }
    return new TextInput(lastUserText, tokens, 0);
  }

  /** The text of a message; parts that are not text (images, audio) add nothing. */
  private static String contentText(Fields message) {
    Object content = message.any("content").orElse("");
    if (content instanceof String text) {
      return text;
    }
    StringBuilder text = new StringBuilder();
    for (Object item : message.list("content").orElse(List.of())) {
      Fields part = Fields.of(item, message.path("content[]"));
      if (part.string("type").orElse("").equals("text")) {
        // A line break between parts, so that no token spans two of them.
        text.append(text.isEmpty() ? "" : "\n").append(part.string("text").orElse(""));
      }
    }
    return text.toString();
  }
}
