// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The text that the simulated model generates, as one piece per token.
 *
 * @param pieces the tokens, each with the white space before it
 * @param finishReason {@code stop}, or {@code length} if the request's cap cut the text
 */
record Answer(List<String> pieces, String finishReason) {

  private static final String QUESTION = "What is 2+2?";
  private static final String REPLY = "2+2 equals 4.";

  /** Sixteen words of one token each. */
  private static final List<String> WORDS =
      List.of(
          "This is a set text that the fake host will send each time it is run.".split(" ", -1));

  /**
   * Answers a question.
   *
   * @param wanted the length asked for by {@code x-sim-tokens}
   * @param cap the request's {@code max_tokens}
   */
  static Answer to(String question, OptionalInt wanted, OptionalInt cap) {
    List<String> pieces =
        wanted.isEmpty() && question.contains(QUESTION)
            ? TokenCounter.split(REPLY)
            : words(wanted.orElse(WORDS.size()));
    if (cap.isPresent() && cap.getAsInt() < pieces.size()) {
      return new Answer(List.copyOf(pieces.subList(0, cap.getAsInt())), "length");
    }
    return new Answer(pieces, "stop");
  }

  String text() {
    return String.join("", pieces);
  }

  int tokens() {
    return pieces.size();
  }

  private static List<String> words(int count) {
    List<String> pieces = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      pieces.add((i == 0 ? "" : " ") + WORDS.get(i % WORDS.size()));
    }
    return pieces;
  }
}
