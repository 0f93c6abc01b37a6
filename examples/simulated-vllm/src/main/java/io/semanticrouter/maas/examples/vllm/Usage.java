// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.vllm;

import java.util.Map;

/** The token counts of one answer, or of one choice of it. */
record Usage(long promptTokens, long completionTokens) {

  /** The object in a stream, from which vLLM leaves out what is not set. */
  Map<String, Object> inStream() {
    return Json.object(
        "prompt_tokens", promptTokens,
        "total_tokens", promptTokens + completionTokens,
        "completion_tokens", completionTokens);
  }

  /** The object in a JSON answer, in which vLLM writes what is not set as null. */
  Map<String, Object> inBody() {
    Map<String, Object> usage = inStream();
    usage.put("prompt_tokens_details", Json.NULL);
    return usage;
  }
}
