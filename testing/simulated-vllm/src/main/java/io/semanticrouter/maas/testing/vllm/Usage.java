// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.Map;
import java.util.OptionalLong;

/**
 * The token counts of one answer, or of one choice of it.
 *
 * @param cachedTokens the part of the prompt tokens that came from the prefix cache, if it is known
 */
record Usage(long promptTokens, long completionTokens, OptionalLong cachedTokens) {

  Usage(long promptTokens, long completionTokens) {
    this(promptTokens, completionTokens, OptionalLong.empty());
  }

  /** Says how many of the prompt tokens came from the prefix cache: as asked, but no more. */
  Usage withCached(Knobs knobs) {
    return knobs.cachedTokens().isEmpty()
        ? this
        : new Usage(
            promptTokens,
            completionTokens,
            OptionalLong.of(Math.min(promptTokens, knobs.cachedTokens().getAsInt())));
  }

  /** The object in a stream, from which vLLM leaves out what is not set. */
  Map<String, Object> inStream() {
    Map<String, Object> usage =
        Json.object(
            "prompt_tokens", promptTokens,
            "total_tokens", promptTokens + completionTokens,
            "completion_tokens", completionTokens);
    cachedTokens.ifPresent(
        cached -> usage.put("prompt_tokens_details", Json.object("cached_tokens", cached)));
    return usage;
  }

  /** The object in a JSON answer, in which vLLM writes what is not set as null. */
  Map<String, Object> inBody() {
    Map<String, Object> usage = inStream();
    usage.putIfAbsent("prompt_tokens_details", Json.NULL);
    return usage;
  }

  /**
   * The object of the Messages API, where cached tokens are not part of {@code input_tokens}; vLLM
   * leaves them out when it does not know them.
   */
  Map<String, Object> ofMessage() {
    Map<String, Object> usage =
        Json.object(
            "input_tokens",
            promptTokens - cachedTokens.orElse(0),
            "output_tokens",
            completionTokens);
    cachedTokens.ifPresent(cached -> usage.put("cache_read_input_tokens", cached));
    return usage;
  }

  /** The object of the Responses API, where cached tokens are part of {@code input_tokens}. */
  Map<String, Object> ofResponse() {
    return Json.object(
        "input_tokens",
        promptTokens,
        "input_tokens_details",
        Json.object("cached_tokens", cachedTokens.orElse(0)),
        "output_tokens",
        completionTokens,
        "output_tokens_details",
        Json.object("reasoning_tokens", 0),
        "total_tokens",
        promptTokens + completionTokens);
  }
}
