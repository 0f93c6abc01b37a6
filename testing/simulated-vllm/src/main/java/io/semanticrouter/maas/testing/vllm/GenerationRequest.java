// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

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
    TextInput prompt = new Conversation().addMessages(body, "messages").prompt();
    return of(body, List.of(prompt), cap.isPresent() ? cap : oldCap);
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
}
