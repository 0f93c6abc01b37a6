// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import java.nio.charset.StandardCharsets;

/**
 * A system prompt that a request is given.
 *
 * @param text at least one character
 */
public record SystemPrompt(String text, Mode mode) {
  /** What becomes of the client's own. */
  public enum Mode {
    /** It stays, and the text is not added. */
    IF_ABSENT,
    /**
     * The text takes its place. Of several system messages the first one is replaced and the others
     * stay.
     */
    REPLACE,
    /** The text comes before it, with an empty line in between. */
    PREPEND,
    /** The text comes behind it, with an empty line in between. */
    APPEND
  }

  /** What became of it. */
  public enum Outcome {
    /** The request has it now. */
    ADDED,
    /** The request had it already. */
    ALREADY,
    /** The client's own was left alone. */
    CLIENTS_OWN,
    /** The request has no place for one, or something there that is no text. */
    NO_PLACE
  }

  /** Replaces surrogates that are not one of a pair. */
  public SystemPrompt {
    text = new String(Json.bytes(text), StandardCharsets.UTF_8);
  }

  /** The text stays out of logs. */
  @Override
  public String toString() {
    return "SystemPrompt[" + mode + ", " + text.length() + " characters]";
  }
}
