// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Which headers about its routing decision a semantic router would have added to the answer. */
public enum RoutingHeaders {
  /** The current spelling, as in {@code x-vsr-selected-model}. */
  VSR,
  /** The older spelling, as in {@code x-vsr-model-selected}. */
  SEED,
  /** No routing headers: the answer comes straight from a backend. */
  NONE;

  private static final Pattern ARITHMETIC = Pattern.compile("[0-9]\\s*[-+*/^×÷]\\s*[0-9]");

  /** Returns the name that the command line uses. */
  String optionName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the headers of one answer.
   *
   * @param cacheHit whether the router answers from its cache, in which case it selected no model
   * @param pii whether the router found personal data in the prompt
   */
  Map<String, String> of(String servedModel, String lastUserText, boolean cacheHit, boolean pii) {
    boolean math = ARITHMETIC.matcher(lastUserText).find();
    String decision = math ? "math" : "default";
    String category = math ? "math" : "other";
    Map<String, String> headers = new LinkedHashMap<>();
    switch (this) {
      case VSR -> {
        if (cacheHit) {
          headers.put("x-vsr-cache-hit", "true");
        } else {
          headers.put("x-vsr-selected-model", servedModel);
        }
        headers.put("x-vsr-selected-decision", decision);
        headers.put("x-vsr-selected-category", category);
        headers.put("x-vsr-selected-reasoning", "off");
        headers.put("x-vsr-injected-system-prompt", "false");
        headers.put("x-vsr-schema-version", "2");
        headers.put("x-vsr-response-path", cacheHit ? "cache" : "upstream");
        if (pii) {
          headers.put("x-vsr-matched-pii", "email");
        }
      }
      case SEED -> {
        if (!cacheHit) {
          headers.put("x-vsr-model-selected", servedModel);
        }
        headers.put("x-vsr-decision", decision);
        headers.put("x-vsr-category", category);
        headers.put("x-vsr-reasoning-enabled", "off");
        headers.put("x-vsr-cache-hit", Boolean.toString(cacheHit));
        headers.put("x-vsr-system-prompt-injected", "false");
        if (pii) {
          headers.put("x-vsr-pii-detected", "true");
        }
      }
      case NONE -> {}
    }
    return headers;
  }
}
