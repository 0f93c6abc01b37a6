// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.decisions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.router.Configs;
import io.semanticrouter.maas.router.internal.edits.Prompt;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Texts that would take a router hours if any part of it were quadratic, or for ever if it went
 * back on its tracks: here they take far less than the limit, which only ends such a test.
 */
class AdversarialPromptTest {
  private static final int MILLION = 1_000_000;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Decider decider =
      Configs.decider(
          """
              enabled: true, models: {m: {}}, default_model: 'm',
              signals: {
                keywords: [
                  {name: 'words', operator: 'all', keywords: ['a a a a a a a b', 'a a a c', 'zebra']},
                  {name: 'inside', operator: 'all', keywords: ['aaaaaaaaab', 'aaac'], whole_words: false},
                  {name: 'exact', operator: 'all', keywords: ['AAAB'], case_sensitive: true},
                ],
                regex: [
                  {name: 'nested', pattern: '(a+)+$|(a|aa)+$|^(a*)*b$'},
                  {name: 'dots', pattern: '(.*)(.*)(.*)(.*)[^a]x'},
                ],
                languages: [{name: 'de'}],
                domains: [{name: 'own', keywords: {'a a a a': 1, '+ + +': 1}}],
              },
              decisions: [{name: 'hit', rules: {operator: 'AND', conditions: [
                {operator: 'NOT', conditions: [{type: 'keyword', name: 'words'}]},
                {operator: 'NOT', conditions: [{type: 'keyword', name: 'inside'}]},
                {operator: 'NOT', conditions: [{type: 'keyword', name: 'exact'}]},
                {operator: 'NOT', conditions: [{type: 'language', name: 'de'}]},
                {operator: 'OR', conditions: [
                  {type: 'regex', name: 'dots'}, {type: 'regex', name: 'nested'},
                  {operator: 'NOT', conditions: [{type: 'domain', name: 'own'}]}]}]}}]
              """);

  static List<String> texts() {
    return List.of(
        "a".repeat(MILLION),
        "a ".repeat(MILLION / 2),
        "a".repeat(MILLION) + "!",
        "(".repeat(MILLION),
        "+ ".repeat(MILLION / 2),
        "1+".repeat(MILLION / 2),
        "1.".repeat(MILLION / 2),
        "\ud800".repeat(MILLION),
        "\udc00\ud800".repeat(MILLION / 2),
        "𝒳".repeat(MILLION / 2),
        "字".repeat(MILLION),
        "e\u0301".repeat(MILLION / 2),
        "\u0000".repeat(MILLION),
        " ".repeat(MILLION),
        "-a".repeat(MILLION / 2));
  }

  @ParameterizedTest
  @MethodSource("texts")
  @Tag("slow")
  void millionCharactersAreDecidedInTime(String text) {
    RoutingDecision decision =
        assertTimeoutPreemptively(
            LIMIT, () -> decider.decide(Prompts.of(text), Identity.ANONYMOUS));
    assertThat(decision.name()).isEqualTo("hit");
  }

  @Test
  void garbageIsDecidedAlwaysTheSame() {
    long seed = Long.getLong("maas.seed", new Random().nextLong());
    System.out.println("AdversarialPromptTest seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 300; i++) {
      StringBuilder text = new StringBuilder();
      for (int j = random.nextInt(400); j > 0; j--) {
        text.append((char) (random.nextBoolean() ? random.nextInt(128) : random.nextInt(65536)));
      }
      Prompt prompt = Prompts.of(text.toString());
      assertThat(decider.decide(prompt, Identity.ANONYMOUS))
          .as("seed %d", seed)
          .isEqualTo(decider.decide(prompt, Identity.ANONYMOUS));
    }
  }

  @Test
  void signalsAtTheEndOfALongPromptAreFound() {
    Decider math =
        Configs.decider(
            """
                enabled: true, models: {m: {}}, default_model: 'm',
                decisions: [{name: 'math', rules: {type: 'domain', name: 'math'}}]
                """);
    String text = "lorem ipsum ".repeat(8_500) + "What is 2+2?";
    assertThat(text.length()).isGreaterThan(100_000);
    assertThat(math.decide(Prompts.of(text), Identity.ANONYMOUS).name()).isEqualTo("math");
  }

  @Test
  void regularExpressionsLookAtTheBeginningOnly() {
    String config =
        """
        enabled: true, models: {m: {}}, default_model: 'm',
        signals: {regex_max_characters: 100, regex: [{name: 'x', pattern: 'needle'}]},
        decisions: [{name: 'hit', rules: {type: 'regex', name: 'x'}}]
        """;
    Decider bounded = Configs.decider(config);
    assertThat(bounded.decide(Prompts.of(" ".repeat(94) + "needle"), Identity.ANONYMOUS).name())
        .isEqualTo("hit");
    assertThat(bounded.decide(Prompts.of(" ".repeat(95) + "needle"), Identity.ANONYMOUS).name())
        .isEqualTo("default");
  }
}
