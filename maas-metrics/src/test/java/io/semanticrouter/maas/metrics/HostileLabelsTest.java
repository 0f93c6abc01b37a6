// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.Mode;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Values that try to break out of their label, or to collide with another one. */
class HostileLabelsTest {
  private static final String REQUESTS = "semantic_router_requests_total";

  private final Exposition maas = Exposition.of(Mode.MAAS);

  static Stream<Arguments> values() {
    return Stream.of(
        Arguments.of("a\"b", "a\\\"b"),
        Arguments.of("a\\b", "a\\\\b"),
        Arguments.of("a\nb", "a\\\\u000ab"),
        Arguments.of("a\\nb", "a\\\\nb"),
        Arguments.of("\"} 99\nfake_total 1", "\\\"} 99\\\\u000afake_total 1"),
        Arguments.of("\u202eecila", "\\\\u202eecila"),
        Arguments.of("Zoë 用户 🦊", "Zoë 用户 🦊"));
  }

  @ParameterizedTest
  @MethodSource("values")
  void areEscaped(String value, String escaped) {
    maas.record(Records.of(value, "free", value).cacheHit(false));

    String expected =
        REQUESTS
            + "{model=\""
            + escaped
            + "\",outcome=\"complete\",tier=\"free\",user=\""
            + escaped
            + "\"} 1.0";
    assertThat(maas.lines(REQUESTS)).containsExactly(expected);
    assertThat(maas.openMetrics()).contains(expected + "\n");
    assertThat(maas.text().lines()).noneMatch(line -> line.startsWith("fake"));
  }

  @Test
  void valuesThatCannotBePrintedAreSeriesOfTheirOwn() {
    maas.record(
        Records.of("\ud800", "free", "m").tokens(1, 0),
        Records.of("\udfff", "free", "m").tokens(2, 0),
        Records.of("?", "free", "m").tokens(4, 0));

    assertThat(maas.lines(REQUESTS))
        .containsExactly(
            REQUESTS + "{model=\"m\",outcome=\"complete\",tier=\"free\",user=\"?\"} 1.0",
            REQUESTS + "{model=\"m\",outcome=\"complete\",tier=\"free\",user=\"\\\\ud800\"} 1.0",
            REQUESTS + "{model=\"m\",outcome=\"complete\",tier=\"free\",user=\"\\\\udfff\"} 1.0");
    assertThat(maas.total("semantic_router_tokens_total", "prompt")).isEqualTo(7);
  }

  @Test
  void valuesAreNotConfusedAcrossLabels() {
    maas.record(Records.of("a", "b", "c"), Records.of("b", "a", "c"), Records.of("c", "b", "a"));

    assertThat(maas.lines(REQUESTS)).hasSize(3).allMatch(line -> line.endsWith(" 1.0"));
  }
}
