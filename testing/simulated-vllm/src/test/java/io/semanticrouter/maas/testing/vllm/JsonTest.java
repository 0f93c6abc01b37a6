// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

  @ParameterizedTest
  @ValueSource(strings = {"true", "-12", "\"é\"", "[]", "{\"b\":1,\"a\":{\"c\":[false,null]}}"})
  void whatIsReadIsWrittenAgain(String text) {
    assertThat(Json.text(parse(text))).isEqualTo(text);
  }

  @Test
  void nullIsWrittenAsAMemberAndReadAsAValue() {
    assertThat(Json.text(Json.object("a", Json.NULL, "b", List.of())))
        .isEqualTo("{\"a\":null,\"b\":[]}");
    assertThat(parse("null")).isSameAs(Json.NULL);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "nul", "{\"a\":1,}", "{} {}", "[1", "'a'"})
  void whatIsNotOneValueIsRefused(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(ApiException.class)
        .hasMessageStartingWith("The request body is not valid JSON: ");
  }

  @Test
  void deepNestingAndBytesThatAreNotUtf8AreRefused() {
    assertThatThrownBy(() -> parse("[".repeat(1_000_000))).isInstanceOf(ApiException.class);
    assertThatThrownBy(() -> Json.parse(new byte[] {'"', (byte) 0xff, '"'}))
        .isInstanceOf(ApiException.class);
  }

  @Test
  void textsAreReadWhateverTheirLength() {
    String image = "A".repeat(28 << 20);
    assertThat(parse('"' + image + '"')).isEqualTo(image);
  }

  private static Object parse(String text) {
    return Json.parse(text.getBytes(StandardCharsets.UTF_8));
  }
}
