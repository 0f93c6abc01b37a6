// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextScanTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "Hello, world!                | Hello , world !",
        "machine-learning x-ray       | machine learning x ray",
        "5-3 a - b -c                 | 5 - 3 a - b - c",
        "3.14 1,000 end. 1. 2,        | 3.14 1,000 end . 1 . 2 ,",
        "c++ c# a_b                   | c + + c # a _ b",
        "don't Größe élève            | don ' t Größe élève",
        "紧急abc情况                    | 紧 急 abc 情 况",
        "긴급합니다                     | 긴 급 합 니 다",
        "हिन्दी भाषा                     | हिन्दी भाषा",
        "2x+1=3                       | 2x + 1 = 3",
        "😀a𝒳b                        | 😀 a𝒳b",
        "𠀀𠀁                           | 𠀀 𠀁",
      })
  void textIsCutIntoTokens(String text, String tokens) {
    assertThat(String.join(" ", tokens(text))).isEqualTo(tokens);
  }

  @Test
  void loneSurrogatesAndControlCharactersDoNoHarm() {
    assertThat(tokens("a\ud800b\udc00\u0000c\ud800"))
        .containsExactly("a", "\ud800", "b", "\udc00", "c", "\ud800");
    assertThat(tokens("\udc00\ud800")).containsExactly("\udc00", "\ud800");
    assertThat(tokens(" \n\t\u00a0\u2003\ufeff")).isEmpty();
  }

  @Test
  void everyCharacterAloneIsAtMostOneToken() {
    for (int c = 0; c <= Character.MAX_VALUE; c++) {
      assertThat(tokens(String.valueOf((char) c))).hasSizeLessThanOrEqualTo(1);
    }
  }

  private static List<String> tokens(String text) {
    List<String> tokens = new ArrayList<>();
    TextScan.scan(text, (source, start, end, kind) -> tokens.add(source.substring(start, end)));
    return tokens;
  }
}
