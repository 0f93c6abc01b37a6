// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.semanticrouter.maas.router.SystemPrompt.Mode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReasoningSwitchTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "tru",
        "1 2",
        "{",
        "{\"a\":1,\"a\":2}",
        "]",
        "'a'",
        "NaN",
        "\"\n\"",
        "01"
      })
  void aLiteralThatIsNotOneValueIsRefused(String literal) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MemberEdit.set(literal, "thinking"))
        .withMessage("not one JSON value: " + literal.strip());
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "-1.50", "null", "\"\\u00fc\"", "{\"type\":\"enabled\"}", "[ ]"})
  void anyOneValueIsTakenAsItIsSpelled(String literal) {
    assertThat(MemberEdit.set(" " + literal + "\n", "thinking").literal()).isEqualTo(literal);
  }

  @Test
  void aPathNeedsANameAndLeavesTheConversationAlone() {
    assertThatIllegalArgumentException()
        .isThrownBy(MemberEdit::remove)
        .withMessage("a path needs at least one name");
    for (String name : List.of("model", "messages", "system", "instructions", "input", "stream")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> MemberEdit.set("1", name, "x"))
          .withMessage("'" + name + "' is not to be set by a path");
    }
    assertThat(MemberEdit.set("1", "x", "model").path()).containsExactly("x", "model");
  }

  @Test
  void editsMustNotOverlap() {
    MemberEdit whole = MemberEdit.remove("thinking");
    MemberEdit type = MemberEdit.set("1", "thinking", "type");
    for (List<MemberEdit> edits :
        List.of(List.of(whole, type), List.of(type, whole), List.of(type, type))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new ReasoningSwitch(edits))
          .withMessageStartingWith("edits overlap: ");
    }
    assertThat(new ReasoningSwitch(List.of(type, MemberEdit.remove("thinking", "types"))).edits())
        .hasSize(2);
  }

  @Test
  void aSystemPromptNeedsATextAndIsWellFormed() {
    assertThatIllegalArgumentException().isThrownBy(() -> new SystemPrompt("", Mode.REPLACE));
    assertThat(new SystemPrompt("a\uD800b\uDC00\uD83D\uDE00", Mode.REPLACE).text())
        .isEqualTo("a\uFFFDb\uFFFD\uD83D\uDE00");
    for (String lone : new String[] {"\uD800", "\uDBFF", "\uDC00", "\uDFFF"}) {
      assertThat(new SystemPrompt(lone, Mode.REPLACE).text()).isEqualTo("\uFFFD");
    }
  }
}
