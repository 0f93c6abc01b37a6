// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TokenPartTest {
  /** What dashboards and readers of records rely on. */
  @Test
  void spellingsAreAContract() {
    assertThat(Arrays.stream(TokenPart.values()).map(TokenPartTest::spelled))
        .containsExactly(
            "cache_read of PROMPT",
            "cache_write of PROMPT",
            "cache_write_5m of cache_write",
            "cache_write_1h of cache_write",
            "reasoning of COMPLETION",
            "prompt_audio of PROMPT",
            "prompt_image of PROMPT",
            "completion_audio of COMPLETION",
            "completion_image of COMPLETION",
            "tool_use of PROMPT",
            "accepted_prediction of COMPLETION",
            "rejected_prediction of COMPLETION",
            "unattributed of COMPLETION");
  }

  @ParameterizedTest
  @EnumSource
  void partIsOfTheSideOfWhatContainsIt(TokenPart part) {
    TokenPart container = part.container();
    if (container != null) {
      assertThat(part.side()).isEqualTo(container.side());
    }
  }

  private static String spelled(TokenPart part) {
    TokenPart container = part.container();
    return part.label() + " of " + (container == null ? part.side() : container.label());
  }
}
