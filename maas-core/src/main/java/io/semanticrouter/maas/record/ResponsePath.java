// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;

/**
 * How a response came about, as the router says it. Source: {@code x-vsr-response-path} of the vLLM
 * Semantic Router since its header contract v0.4 ({@code pkg/headers/headers.go}).
 */
public enum ResponsePath {
  /** The upstream model answered. */
  UPSTREAM,
  /** The router's response cache answered: nothing was generated. */
  CACHE,
  /** A plugin of the router answered with a fixed text: nothing was generated. */
  FAST_RESPONSE,
  /** The router asked several models, or one several times, and made one answer of theirs. */
  LOOPER,
  /** A model that generates images answered. */
  IMAGE_GENERATION,
  /** The router refused the request or the answer. */
  BLOCKED,
  /** The router's own rate limit refused the request. */
  RATE_LIMITED,
  /** The router failed. */
  ERROR,
  /** A path that this version does not know. */
  OTHER;

  private final String label = Labels.of(this);

  /** The metric label value. */
  public String label() {
    return label;
  }

  /** The path that a header states. */
  public static ResponsePath of(String value) {
    return switch (value) {
      case "upstream" -> UPSTREAM;
      case "cache" -> CACHE;
      case "fast_response" -> FAST_RESPONSE;
      case "looper" -> LOOPER;
      case "image_generation" -> IMAGE_GENERATION;
      case "blocked" -> BLOCKED;
      case "rate_limited" -> RATE_LIMITED;
      case "error" -> ERROR;
      default -> OTHER;
    };
  }
}
