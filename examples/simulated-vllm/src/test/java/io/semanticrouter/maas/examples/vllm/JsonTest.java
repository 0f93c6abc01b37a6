// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.vllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "true",
        "-12",
        "1.5",
        "\"\"",
        "[]",
        "{}",
        "[1,[2,{\"a\":null}],\"x\"]",
        "{\"b\":1,\"a\":{\"c\":[false]}}",
        "\"\\\"\\\\\\n\\r\\t\\u0001 é \uD83D\uDE00 \\ud83d\""
      })
  void writesWhatItRead(String text) {
    assertThat(Json.text(parse(text))).isEqualTo(text);
  }

  @Test
  void readsEveryEscapeAndNumber() {
    assertThat(parse(" \"\\/\\b\\f\\u00e9\\uD83D\\uDE00\" ")).isEqualTo("/\b\fé\uD83D\uDE00");
    assertThat(Json.text(parse("[0, -0.5, 1e3, 2E-2, 123456789012345678901]")))
        .isEqualTo("[0,-0.5,1000.0,0.02,1.2345678901234568E20]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "nul",
        "tru",
        "01",
        "1.",
        "-",
        "1e",
        "+1",
        ".5",
        "NaN",
        "\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "[",
        "[1",
        "[1,]",
        "[,1]",
        "{",
        "{a:1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{} {}",
        "'a'",
        "\"\\u\uFF11\uFF11\uFF11\uFF11\""
      })
  void refusesWhatIsNotJson(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(ApiException.class)
        .hasMessageStartingWith("The request body is not valid JSON: unexpected");
  }

  @Test
  void boundsTheDepth() {
    int depth = JsonParser.MAX_DEPTH;
    assertThat(parse("[".repeat(depth) + "1" + "]".repeat(depth))).isNotNull();
    assertThatThrownBy(() -> parse("[".repeat(1_000_000)))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("deeper than 64");
  }

  @Test
  void refusesBytesThatAreNotUtf8() {
    assertThatThrownBy(() -> JsonParser.parse(new byte[] {'"', (byte) 0xff, '"'}))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("UTF-8");
  }

  private static Object parse(String text) {
    return JsonParser.parse(text.getBytes(StandardCharsets.UTF_8));
  }
}
