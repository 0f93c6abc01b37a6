// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.List;
import java.util.Map;

/**
 * The JSON of the two generation endpoints, member for member as vLLM's OpenAI server writes it.
 */
enum WireFormat {
  CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk") {
    @Override
    GenerationRequest parse(Fields body) {
      return GenerationRequest.chat(body);
    }

    @Override
    Map<String, Object> choice(int index, Answer answer) {
      Map<String, Object> message =
          Json.object(
              "role", "assistant",
              "content", answer.text(),
              "refusal", Json.NULL,
              "annotations", Json.NULL,
              "audio", Json.NULL,
              "function_call", Json.NULL,
              "tool_calls", List.of(),
              "reasoning_content", Json.NULL);
      return Json.object(
          "index",
          index,
          "message",
          message,
          "logprobs",
          Json.NULL,
          "finish_reason",
          answer.finishReason(),
          "stop_reason",
          Json.NULL);
    }

    @Override
    Map<String, Object> delta(int index, String text, Object finishReason) {
      return delta(index, Json.object("content", text), finishReason);
    }

    @Override
    List<Map<String, Object>> opening(int index) {
      return List.of(delta(index, Json.object("role", "assistant", "content", ""), Json.NULL));
    }

    private Map<String, Object> delta(int index, Map<String, Object> delta, Object finishReason) {
      return Json.object(
          "index", index,
          "delta", delta,
          "logprobs", Json.NULL,
          "finish_reason", finishReason);
    }
  },

  COMPLETION("cmpl-", "text_completion", "text_completion") {
    @Override
    GenerationRequest parse(Fields body) {
      return GenerationRequest.completion(body);
    }

    @Override
    Map<String, Object> choice(int index, Answer answer) {
      Map<String, Object> choice = delta(index, answer.text(), answer.finishReason());
      choice.put("prompt_logprobs", Json.NULL);
      return choice;
    }

    @Override
    Map<String, Object> delta(int index, String text, Object finishReason) {
      return Json.object(
          "index", index,
          "text", text,
          "logprobs", Json.NULL,
          "finish_reason", finishReason,
          "stop_reason", Json.NULL);
    }

    @Override
    List<Map<String, Object>> opening(int index) {
      return List.of();
    }
  };

  private final String idPrefix;
  private final String bodyObject;
  private final String chunkObject;

  WireFormat(String idPrefix, String bodyObject, String chunkObject) {
    this.idPrefix = idPrefix;
    this.bodyObject = bodyObject;
    this.chunkObject = chunkObject;
  }

  abstract GenerationRequest parse(Fields body);

  /** One choice of a JSON answer. */
  abstract Map<String, Object> choice(int index, Answer answer);

  /** One choice of a stream's event. */
  abstract Map<String, Object> delta(int index, String text, Object finishReason);

  /** What a stream sends for a choice before its first token. */
  abstract List<Map<String, Object>> opening(int index);

  /** The members before {@code choices} in a JSON answer. */
  Map<String, Object> bodyHead(String id, long created, String model) {
    return Json.object(
        "id", idPrefix + id, "object", bodyObject, "created", created, "model", model);
  }

  /** The members before {@code choices} in every event of a stream. */
  Map<String, Object> chunkHead(String id, long created, String model) {
    return Json.object(
        "id", idPrefix + id, "object", chunkObject, "created", created, "model", model);
  }
}
