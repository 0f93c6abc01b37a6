// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.ArrayList;
import java.util.List;

/**
 * The token rule of the simulated server: a run of characters other than white space is cut every
 * {@value #MAX_TOKEN_LENGTH} characters, and each piece is one token. White space costs nothing.
 *
 * <p>Public so that a test computes what it expects without asking the server for its own sums.
 */
public final class TokenCounter {

  /** The longest token, in Unicode code points. */
  public static final int MAX_TOKEN_LENGTH = 4;

  /** What each chat message costs in addition to its text (vLLM's chat templates add as much). */
  public static final int TOKENS_PER_MESSAGE = 4;

  private TokenCounter() {}

  /** Returns the number of tokens in a text. */
  public static int count(String text) {
    int tokens = 0;
    int length = 0;
    for (int i = 0; i < text.length(); ) {
      int codePoint = text.codePointAt(i);
      i += Character.charCount(codePoint);
      if (Character.isWhitespace(codePoint)) {
        length = 0;
      } else {
        if (length % MAX_TOKEN_LENGTH == 0) {
          tokens++;
        }
        length++;
      }
    }
    return tokens;
  }

  /**
   * Cuts a text into its tokens, each with the white space before it, so that the pieces joined
   * give the text again but for white space at its end.
   */
  static List<String> split(String text) {
    List<String> pieces = new ArrayList<>();
    int start = 0;
    int length = 0;
    for (int i = 0; i < text.length(); ) {
      int codePoint = text.codePointAt(i);
      boolean space = Character.isWhitespace(codePoint);
      if (length > 0 && (space || length == MAX_TOKEN_LENGTH)) {
        pieces.add(text.substring(start, i));
        start = i;
        length = 0;
      }
      if (!space) {
        length++;
      }
      i += Character.charCount(codePoint);
    }
    if (length > 0) {
      pieces.add(text.substring(start));
    }
    return pieces;
  }
}
