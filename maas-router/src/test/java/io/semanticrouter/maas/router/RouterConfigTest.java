// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouterConfigTest {
  @Test
  void absentSectionIsOff() {
    RouterConfig config = Configs.router("");
    assertThat(config.enabled()).isFalse();
    assertThat(config.maxBodyBytes).isEqualTo(1_048_576);
    assertThat(config.decider.isRouted("any")).isTrue();
    assertThat(config.decider.decisions()).isEmpty();
  }

  @Test
  void allErrorsComeOutAtOnceWithWhereAndWhatIsRight() throws IOException {
    assertThat(
            Configs.errorsOf(
                """
                enabld: true,
                max_body_bytes: 12,
                default_model: 'qwen',
                route_models: [7],
                models: {qwen3: {reasoning_family: 'quen3'}, 'a,b': {family: 'gpt'}},
                reasoning_families: {mine: {type: 'think', parameter: 'a.b'}},
                signals: {
                  keywords: [
                    {name: 'k', keywords: []},
                    {name: 'k', keywords: ['a', ' '], operator: 'most'},
                    {keywords: 'a', whole_word: true},
                  ],
                  regex: [{name: 'r', pattern: 'a[b'}, {name: 's'}],
                  domains: [
                    {name: 'cooking'},
                    {name: 'math', keywords: {'@sums': 3, pi: 30}, threshold: 0},
                  ],
                  languages: [{name: 'german', language: 'ge'}, {name: 'klingon'}],
                  context: [{name: 'c', min_tokens: 5, max_tokens: 4}, {name: 'd'}],
                  models: [{name: 'm'}],
                  tiers: [{name: 't', tiers: [1]}],
                  domain: [],
                },
                decisions: [
                  {name: 'math', rules: {type: 'domain', name: 'maths'}, modelRefs: [{model: 'qwen4'}]},
                  {name: 'x', rules: {type: 'keywords', name: 'k'},
                    modelRefs: [{model: 'qwen3', use_reasoning: true}]},
                  {name: 'y', rules: {operator: 'XOR', conditions: []}, modelRefs: []},
                  {name: 'z', modelRefs: [{use_reasoning: 1, reasoning_effort: 'hi'}]},
                  {name: 'default', rules: {type: 'tools'}, system_prompt: {mode: 'suffix'}},
                  {name: 'n', rules: {operator: 'NOT', conditions: [
                    {type: 'tools', name: 'x'}, {type: 'model'}, {name: 'q'},
                    {type: 'images', conditions: [{type: 'tools'}]}]}, pririty: 1},
                ]
                """))
        .containsExactlyElementsOf(golden("router-config-errors.txt"));
  }

  private static List<String> golden(String resource) throws IOException {
    try (InputStream in = RouterConfigTest.class.getResourceAsStream(resource)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .toList();
    }
  }

  @Test
  void whatIsHeldBackHasRoomForTheLongestBody() {
    assertThat(Configs.router("").maxHeldBytes).isEqualTo(16 << 20);
    assertThat(Configs.router("max_body_bytes: 33554432").maxHeldBytes).isEqualTo(32 << 20);
    assertThat(Configs.errorsOf("max_held_bytes: 2048"))
        .containsExactly("router.max_held_bytes = 2048: must be at least max_body_bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"'a': 1", "x: []", "x: 'a'"})
  void sectionsOfModelsMustBeSections(String model) {
    assertThat(Configs.errorsOf("models: {" + model + "}")).hasSize(1);
  }

  @Test
  void treeThatContainsItselfEndsInAnError() {
    Map<String, Object> rules = new HashMap<>();
    rules.put("operator", "AND");
    rules.put("conditions", List.of(rules));
    List<ConfigError> errors = new ArrayList<>();
    RouterConfig.from(
        ConfigSection.root(
            Map.of(
                "router",
                Map.of(
                    "models",
                    Map.of("m", Map.of()),
                    "default_model",
                    "m",
                    "decisions",
                    List.of(Map.of("name", "loop", "rules", rules)))),
            errors));
    assertThat(errors).hasSize(1);
    assertThat(errors.get(0).rule()).isEqualTo("must not be nested deeper than 16 levels");
  }

  @Test
  void aFamilyMustNotSetWhatSaysTheRequestItself() {
    assertThat(
            Configs.errorsOf(
                "reasoning_families: {mine: {type: 'reasoning_effort', parameter: 'model'}}"))
        .containsExactly(
            "router.reasoning_families.mine.parameter = \"model\": must not be what says the request"
                + " itself");
    assertThat(Configs.errorsOf("reasoning_families: {mine: {parameter: 'model'}}")).isEmpty();
  }
}
