// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenCounterTest {

  @ParameterizedTest
  @CsvSource({"'',0", "' \n\t',0", "a,1", "abcd,1", "abcde,2", "What is 2+2?,3", "'  a  b ',2"})
  void cutsRunsEveryFourCharacters(String text, int tokens) {
    assertThat(TokenCounter.count(text)).isEqualTo(tokens);
  }

  @Test
  void countsCodePointsNotChars() {
    assertThat(TokenCounter.count("\uD83D\uDE00".repeat(4))).isEqualTo(1);
    assertThat(TokenCounter.split("\uD83D\uDE00".repeat(5)))
        .containsExactly("\uD83D\uDE00".repeat(4), "\uD83D\uDE00");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "2+2 equals 4.", " leading and  double   space", "abcdefghi"})
  void piecesJoinToTheTextAndAreAsManyAsItsTokens(String text) {
    assertThat(TokenCounter.split(text)).hasSize(TokenCounter.count(text));
    assertThat(String.join("", TokenCounter.split(text))).isEqualTo(text);
    assertThat(TokenCounter.split(text))
        .allSatisfy(piece -> assertThat(TokenCounter.count(piece)).isEqualTo(1));
  }
}
