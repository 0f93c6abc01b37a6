// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.PatternSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExpressionTest {
  private static String nested(String open, String close, int times) {
    return open.repeat(times) + "a" + close.repeat(times);
  }

  @Test
  void parenthesesAreNestedAHundredTimesAtMost() {
    assertThat(Expression.compile(nested("(", ")*", 100), 0).matches("aa")).isTrue();
    assertThatThrownBy(() -> Expression.compile(nested("(", ")*", 101), 0))
        .isInstanceOf(PatternSyntaxException.class)
        .hasMessageContaining("nested too deeply");
    assertThatThrownBy(() -> Expression.compile(nested("(", ")", 500_000), 0))
        .isInstanceOf(PatternSyntaxException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a{1000}",
        "(?:a{100}){10}",
        "(?:a{0,500}){1,2}",
        "a{500}b{600}",
        "(?:a{500})(?:b{600})",
        "\\(\\{[(){900}]{2}",
        "[]{900}]{2}",
        "\\Q{900}{900}\\E{3}",
        "x{900,y}{2}"
      })
  void repeatsThatMultiplyToAThousandAreTaken(String pattern) {
    assertThat(Expression.compile(pattern, 0).pattern()).isEqualTo(pattern);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(?:a{1000}){1000}",
        "(?:a{143}){7}",
        "(?:(?:(?:a{11}){11}){9})",
        "((a|b{1001}))",
        "(?:x(?:a{2,}){501})",
        "(?:b{900}a)+{2}",
        "(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:a{2}){2}){2}){2}){2}){2}){2}){2}){2}){2}"
      })
  void repeatsThatMultiplyToMoreAreRefused(String pattern) {
    assertThatThrownBy(() -> Expression.compile(pattern, 0))
        .isInstanceOf(PatternSyntaxException.class);
  }
}
