// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import io.semanticrouter.maas.TokenUsage;

/** A whole answer with status 200, as its client saw it. Immutable. */
final class CachedAnswer {
  private final String contentType;
  private final byte[] body;
  private final TokenUsage usage;
  private final String model;

  /**
   * An answer.
   *
   * @param body not encoded; must not be changed any more
   * @param usage what the backend said that it took
   * @param model the model that was billed
   */
  CachedAnswer(String contentType, byte[] body, TokenUsage usage, String model) {
    this.contentType = contentType;
    this.body = body;
    this.usage = usage;
    this.model = model;
  }

  /** The media type. */
  String contentType() {
    return contentType;
  }

  /** The body, not encoded; a stream is there with all its events. Must not be changed. */
  byte[] body() {
    return body;
  }

  /** What the backend said that it took. */
  TokenUsage usage() {
    return usage;
  }

  /** The model that was billed. */
  String model() {
    return model;
  }
}
