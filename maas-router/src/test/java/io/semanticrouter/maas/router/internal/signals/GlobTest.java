// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobTest {
  @ParameterizedTest
  @CsvSource({
    "gpt-4,   gpt-4,      true",
    "gpt-4,   gpt-4o,     false",
    "gpt-4*,  gpt-4,      true",
    "gpt-4*,  gpt-4o,     true",
    "*,       '',         true",
    "'',      '',         true",
    "'',      a,          false",
    "*-mini,  gpt-4-mini, true",
    "*-mini,  gpt-4-mini2,false",
    "a*b*c,   axxbyyc,    true",
    "a*b*c,   axxcyyb,    false",
    "**a,     bba,        true",
    "GPT,     gpt,        false",
    "a.c,     abc,        false",
  })
  void starStandsForAnyText(String pattern, String name, boolean matches) {
    assertThat(Glob.anyOf(List.of(pattern)).matches(name)).isEqualTo(matches);
  }

  @Test
  void manyStarsDoNotBlowUp() {
    String name = "a".repeat(2000);
    assertThat(
            assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> Glob.anyOf(List.of("*a".repeat(50) + "b")).matches(name)))
        .isFalse();
  }
}
