// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TokenUsageTest {
  @Test
  void whatIsNotSetIsUnknown() {
    TokenUsage usage = TokenUsage.of(12, 8);
    assertThat(usage.prompt()).isEqualTo(12);
    assertThat(usage.completion()).isEqualTo(8);
    assertThat(usage.providerTotal()).isEqualTo(TokenUsage.UNKNOWN);
    for (TokenPart part : TokenPart.values()) {
      assertThat(usage.part(part)).isEqualTo(TokenUsage.UNKNOWN);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyPartIsKeptComparedAndShown(TokenPart part) {
    TokenUsage without = TokenUsage.of(12, 8);
    TokenUsage with = without.with(part, 0);
    assertThat(with.part(part)).isZero();
    assertThat(with).isNotEqualTo(without).hasToString(shown(part, 0));
    assertThat(with).isEqualTo(TokenUsage.builder(12, 8).part(part, 0).build());
    assertThat(with).hasSameHashCodeAs(TokenUsage.of(12, 8).with(part, 0));
    assertThat(with.with(part, TokenUsage.UNKNOWN)).isEqualTo(without);
    assertThat(without.part(part)).as("nothing is shared").isEqualTo(TokenUsage.UNKNOWN);
  }

  private static String shown(TokenPart part, long count) {
    return "TokenUsage[prompt=12, completion=8, " + part.label() + "=" + count + "]";
  }

  @Test
  void totalsAreComparedAndShown() {
    TokenUsage usage = TokenUsage.builder(12, 8).providerTotal(20).build();
    assertThat(usage)
        .isNotEqualTo(TokenUsage.of(12, 8))
        .isNotEqualTo(TokenUsage.builder(12, 8).providerTotal(21).build())
        .hasToString("TokenUsage[prompt=12, completion=8, provider_total=20]");
    assertThat(TokenUsage.of(12, 8)).isNotEqualTo(TokenUsage.of(12, 9));
    assertThat(TokenUsage.of(12, 8)).isNotEqualTo(TokenUsage.of(13, 8));
    assertThat(TokenUsage.of(-1, 0)).hasToString("TokenUsage[completion=0]");
    assertThat(TokenUsage.of(-1, -1)).hasToString("TokenUsage[]");
  }

  @Test
  void builderThatGoesOnChangesNothingThatItHasBuilt() {
    TokenUsage.Builder builder = TokenUsage.builder(12, 8).part(TokenPart.REASONING, 3);
    TokenUsage first = builder.build();
    TokenUsage second = builder.part(TokenPart.REASONING, 4).build();
    assertThat(first).hasToString(shown(TokenPart.REASONING, 3));
    assertThat(second).hasToString(shown(TokenPart.REASONING, 4));
  }

  @Test
  void otherTotalsKeepThePartsAndNoStatedTotal() {
    TokenUsage usage =
        TokenUsage.builder(12, 8).part(TokenPart.REASONING, 3).providerTotal(20).build();
    assertThat(usage.withTotals(13, -1))
        .isEqualTo(TokenUsage.of(13, -1).with(TokenPart.REASONING, 3));
  }

  @Test
  void usageIsEmptyWhenNeitherTotalIsKnown() {
    assertThat(TokenUsage.of(-1, -1).isEmpty()).isTrue();
    assertThat(TokenUsage.of(0, -1).isEmpty()).isFalse();
    assertThat(TokenUsage.of(-1, 0).isEmpty()).isFalse();
  }

  @Test
  void countBelowUnknownIsRefused() {
    TokenUsage usage = TokenUsage.of(1, 1);
    TokenUsage.Builder builder = TokenUsage.builder(1, 1);
    assertRefused(() -> TokenUsage.of(-2, 0));
    assertRefused(() -> TokenUsage.of(0, -2));
    assertRefused(() -> usage.withTotals(-2, 0));
    assertRefused(() -> usage.withTotals(0, -2));
    assertRefused(() -> usage.with(TokenPart.REASONING, -2));
    assertRefused(() -> builder.providerTotal(-2));
  }

  private static void assertRefused(Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("-2 is no count of tokens");
  }
}
