// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.decisions;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.router.Configs;
import io.semanticrouter.maas.router.internal.edits.MemberEdit;
import io.semanticrouter.maas.router.internal.edits.Prompt;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeciderTest {
  private static final String MODELS =
      """
      enabled: true,
      models: {qwen3: {reasoning_family: 'qwen3'}, small: {}, big: {}, gpt: {reasoning_family: 'gpt-oss'}},
      """;

  private static final String SEED =
      MODELS
          + """
          default_model: 'small',
          decisions: [{
            name: 'math', priority: 100,
            rules: {type: 'domain', name: 'math'},
            modelRefs: [{model: 'qwen3', use_reasoning: false}],
          }]
          """;

  private static final Map<String, Decider> DECIDERS = new ConcurrentHashMap<>();

  private static RoutingDecision decide(String config, Prompt prompt) {
    return decider(config).decide(prompt, Configs.tier("free"));
  }

  private static Decider decider(String config) {
    return DECIDERS.computeIfAbsent(config, text -> Configs.decider(text));
  }

  @Test
  void questionOfTheSeedIsMath() {
    Prompt prompt = new Prompt("gpt-4", "What is 2+2?", "What is 2+2?", 12, false, false);
    assertThat(decide(SEED, prompt))
        .isEqualTo(
            new RoutingDecision(
                "math",
                "qwen3",
                "math",
                false,
                new MemberEdit("chat_template_kwargs", "enable_thinking", "false"),
                null));
  }

  @Test
  void nothingThatMatchesGoesToTheDefaultModel() {
    RoutingDecision decision = decide(SEED, Prompts.of("Good morning"));
    assertThat(decision.name()).isEqualTo("default");
    assertThat(decision.model()).isEqualTo("small");
    assertThat(decision.category()).isEqualTo("default");
    assertThat(decision.reasoning()).isNull();
    assertThat(decision.reasoningEdit()).isNull();
  }

  @Test
  void categoryOfTheDefaultIsTheDomain() {
    assertThat(decide(SEED, Prompts.of("Write a Python function")).category()).isEqualTo("code");
  }

  @Test
  void withoutADefaultWhatDoesNotMatchIsNotRouted() {
    String config = SEED.replace("default_model: 'small',", "");
    RoutingDecision decision = decide(config, Prompts.of("Good morning"));
    assertThat(decision).isEqualTo(RoutingDecision.UNROUTED);
    assertThat(decision.isRouted()).isFalse();
    assertThat(decide(config, Prompts.of("2+2")).isRouted()).isTrue();
  }

  private static final String TABLE =
      MODELS
          + """
          default_model: 'small',
          signals: {
            keywords: [
              {name: 'urgent', keywords: ['urgent', 'right now', '紧急']},
              {name: 'both', operator: 'all', keywords: ['alpha', 'beta']},
              {name: 'exact', keywords: ['NASA'], case_sensitive: true},
              {name: 'inside', keywords: ['cata'], whole_words: false},
              {name: 'exact_inside', keywords: ['aBc', 'dEf'], operator: 'AND', case_sensitive: true, whole_words: false},
            ],
            regex: [{name: 'ticket', pattern: '\\\\b[A-Z]{2,5}-\\\\d+\\\\b'}],
            languages: [{name: 'german', language: 'de'}, {name: 'ja'}],
          },
          decisions: [
            {name: 'urgent', rules: {type: 'keyword', name: 'urgent'}},
            {name: 'both', rules: {type: 'keyword', name: 'both'}},
            {name: 'exact', rules: {type: 'keyword', name: 'exact'}},
            {name: 'inside', rules: {type: 'keyword', name: 'inside'}},
            {name: 'exact_inside', rules: {type: 'keyword', name: 'exact_inside'}},
            {name: 'ticket', rules: {type: 'regex', name: 'ticket'}},
            {name: 'german', rules: {type: 'language', name: 'german'}},
            {name: 'japanese', rules: {type: 'language', name: 'ja'}},
          ]
          """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "this is URGENT!            | urgent",
        "insurgents moved           | default",
        "do it right   now          | urgent",
        "do it right, now           | default",
        "right-now                  | urgent",
        "这是紧急情况                 | urgent",
        "紧 then 急                  | default",
        "beta before Alpha          | both",
        "only alpha                 | default",
        "from NASA                  | exact",
        "from Nasa                  | default",
        "the CATALOG                | inside",
        "xaBcdEfx                   | exact_inside",
        "xaBcdefx                   | default",
        "see AB-12                  | ticket",
        "see ab-12                  | default",
        "see AB - 12                | default",
        "Kannst du mir bitte helfen?| german",
        "Can you please help me?    | default",
        "これはペンです               | japanese",
        "这是一支笔                   | default",
      })
  void textSignalsAreFound(String text, String decision) {
    assertThat(decide(TABLE, Prompts.of(text)).name()).isEqualTo(decision);
  }

  private static final String FACTS =
      MODELS
          + """
          default_model: 'small',
          signals: {
            context: [{name: 'long', min_tokens: 1000, max_tokens: 2000}],
            models: [{name: 'gpts', models: ['gpt-4*', 'o3']}],
            tiers: [{name: 'paying', tiers: ['premium', 'gold']}],
          },
          decisions: [
            {name: 'long', rules: {type: 'context', name: 'long'}},
            {name: 'tools', rules: {type: 'tools'}},
            {name: 'images', rules: {type: 'images'}},
            {name: 'gpts', rules: {type: 'model', name: 'gpts'}},
            {name: 'paying', rules: {type: 'tier', name: 'paying'}},
          ]
          """;

  @ParameterizedTest
  @CsvSource({
    "3996, false, false, auto,   free,    default",
    "3997, false, false, auto,   free,    long",
    "8000, false, false, auto,   free,    long",
    "8001, false, false, auto,   free,    default",
    "5,    true,  false, auto,   free,    tools",
    "5,    false, true,  auto,   free,    images",
    "5,    false, false, gpt-4o, free,    gpts",
    "5,    false, false, o3,     free,    gpts",
    "5,    false, false, o3-mini,free,    default",
    "5,    false, false, auto,   gold,    paying",
    "5,    false, false, auto,   Gold,    default",
  })
  void factsOfTheRequestAreSignals(
      long characters, boolean tools, boolean images, String model, String tier, String name) {
    Prompt prompt = new Prompt(model, "hello", "hello", characters, tools, images);
    assertThat(decider(FACTS).decide(prompt, Configs.tier(tier)).name()).isEqualTo(name);
  }

  private static final String NESTED =
      MODELS
          + """
          default_model: 'small',
          signals: {keywords: [
            {name: 'a', keywords: ['a']}, {name: 'b', keywords: ['b']},
            {name: 'c', keywords: ['c']}, {name: 'd', keywords: ['d']}]},
          decisions: [{name: 'hit', rules: {operator: 'OR', conditions: [
            {operator: 'AND', conditions: [{type: 'keyword', name: 'a'}, {type: 'keyword', name: 'b'}]},
            {operator: 'AND', conditions: [
              {type: 'keyword', name: 'c'},
              {operator: 'NOT', conditions: [{operator: 'OR', conditions: [
                {type: 'keyword', name: 'd'}, {type: 'keyword', name: 'a'}]}]}]}]}}]
          """;

  @ParameterizedTest
  @CsvSource({
    "a b,     hit",
    "a,       default",
    "b,       default",
    "c,       hit",
    "c d,     default",
    "c a,     default",
    "a b c d, hit",
    "'',      default",
  })
  void conditionsNest(String text, String name) {
    assertThat(decide(NESTED, Prompts.of(text)).name()).isEqualTo(name);
  }

  private static String ordered(int first, int second, int third) {
    String decision =
        "{name: '%s', priority: %d, rules: {operator: 'NOT', conditions: [{type: 'tools'}]}},";
    return MODELS
        + "default_model: 'small', decisions: ["
        + decision.formatted("x", first)
        + decision.formatted("y", second)
        + decision.formatted("z", third)
        + "]";
  }

  @ParameterizedTest
  @CsvSource({"1,2,3,z", "3,2,1,x", "1,3,2,y", "0,0,0,x", "1,5,5,y", "-2,-1,-1,y"})
  void higherPriorityIsTriedFirstAndAmongEqualsTheFirstOfTheFile(
      int x, int y, int z, String taken) {
    assertThat(decide(ordered(x, y, z), Prompts.of("hi")).name()).isEqualTo(taken);
  }

  @Test
  void defaultDecisionIsTriedLastWhateverItsPriority() {
    String config =
        MODELS
            + """
            default_model: 'small',
            decisions: [
              {name: 'default', priority: 1000, modelRefs: [{model: 'big'}], category: 'other'},
              {name: 'math', rules: {type: 'domain', name: 'math'}},
            ]
            """;
    assertThat(decide(config, Prompts.of("2+2")).name()).isEqualTo("math");
    assertThat(decide(config, Prompts.of("2+2")).model()).isEqualTo("small");
    RoutingDecision decision = decide(config, Prompts.of("hi"));
    assertThat(decision.name()).isEqualTo("default");
    assertThat(decision.model()).isEqualTo("big");
    assertThat(decision.category()).isEqualTo("other");
  }

  @Test
  void decisionOfATierIsForThatTierOnly() {
    Decider decider =
        Configs.decider(SEED.replace("priority: 100,", "tiers: ['premium', 'gold'],"));
    Prompt prompt = Prompts.of("2+2");
    assertThat(decider.decide(prompt, Configs.tier("gold")).model()).isEqualTo("qwen3");
    assertThat(decider.decide(prompt, Configs.tier("free")).model()).isEqualTo("small");
    assertThat(decider.decide(prompt, Identity.ANONYMOUS).model()).isEqualTo("small");
  }

  @ParameterizedTest
  @CsvSource({
    "all,  gpt-4, true",
    "auto, gpt-4, false",
    "auto, auto,  true",
    "auto, '',    false",
    "all,  '',    true",
  })
  void onlyRequestedModelsThatAreConfiguredAreRouted(
      String routeModels, String model, boolean routed) {
    String config = SEED + ", route_models: '" + routeModels + "'";
    assertThat(decide(config, Prompts.ofModel(model)).isRouted()).isEqualTo(routed);
  }

  @Test
  void routeModelsOfSeveralNamesRouteEachOfThem() {
    String config = SEED + ", route_models: ['auto', 'gpt-*']";
    assertThat(decide(config, Prompts.ofModel("auto")).isRouted()).isTrue();
    assertThat(decide(config, Prompts.ofModel("gpt-4")).isRouted()).isTrue();
    assertThat(decide(config, Prompts.ofModel("llama")).isRouted()).isFalse();
  }

  @Test
  void effortIsSetWhereTheModelReasonsAndItsFamilyKnowsEfforts() {
    String config =
        MODELS
            + """
            decisions: [{name: 'default', modelRefs:
              [{model: 'gpt', use_reasoning: true, reasoning_effort: 'high'}]}]
            """;
    RoutingDecision on = decide(config, Prompts.of("hi"));
    assertThat(on.reasoningEdit()).isEqualTo(new MemberEdit(null, "reasoning_effort", "\"high\""));
    RoutingDecision off =
        decide(config.replace("true, reasoning_e", "false, reasoning_e"), Prompts.of("hi"));
    assertThat(off.reasoning()).isFalse();
    assertThat(off.reasoningEdit()).isEqualTo(new MemberEdit(null, "reasoning_effort", "\"low\""));
  }

  @Test
  void systemPromptAndCategoryAreThoseOfTheDecision() {
    String config =
        SEED.replace(
            "priority: 100,",
            "category: 'numbers', system_prompt: {text: 'Be exact.', mode: 'if_absent'},");
    RoutingDecision decision = decide(config, Prompts.of("2+2"));
    assertThat(decision.category()).isEqualTo("numbers");
    assertThat(decision.systemPrompt())
        .isEqualTo(new SystemPrompt("Be exact.", SystemPrompt.Mode.IF_ABSENT));
    assertThat(decision.toString()).doesNotContain("Be exact.");
  }

  @Test
  void domainIsThatOfTheLastMessageAndOnlyWithoutOneThatOfAll() {
    assertThat(decide(SEED, Prompts.of("What is 2+2?", "And why?")).name()).isEqualTo("math");
    assertThat(decide(SEED, Prompts.of("What is 2+2?", "Write a poem")).category())
        .isEqualTo("writing");
  }

  @Test
  void configuredDomainAddsToAShippedOneOrReplacesIt() {
    String added = SEED + ", signals: {domains: [{name: 'math', keywords: {'foo bar': 5}}]}";
    assertThat(decide(added, Prompts.of("a foo bar")).name()).isEqualTo("math");
    assertThat(decide(added, Prompts.of("2+2")).name()).isEqualTo("math");
    String replaced =
        SEED + ", signals: {domains: [{name: 'math', replace: true, keywords: {'foo': 2}}]}";
    assertThat(decide(replaced, Prompts.of("foo")).name()).isEqualTo("default");
    assertThat(decide(replaced, Prompts.of("2+2")).name()).isEqualTo("default");
    assertThat(
            decide(replaced.replace("replace", "threshold: 2, replace"), Prompts.of("foo")).name())
        .isEqualTo("math");
    String removed = SEED + ", signals: {domains: [{name: 'math', keywords: {'@sum': 0}}]}";
    assertThat(decide(removed, Prompts.of("2+2")).name()).isEqualTo("default");
  }

  @Test
  void newDomainCompetesWithTheShippedOnes() {
    String config =
        SEED.replace("name: 'math'}", "name: 'cooking'}")
            + ", signals: {domains: [{name: 'cooking', keywords: {'flour': 3, 'oven(s)': 3}}]}";
    assertThat(decide(config, Prompts.of("which ovens")).model()).isEqualTo("qwen3");
    assertThat(decide(config, Prompts.of("2+2 ovens")).category()).isEqualTo("math");
    assertThat(decide(config, Prompts.of("2+2 ovens with flour")).category()).isEqualTo("cooking");
  }

  @Test
  void manyThreadsGetTheSameDecisions() throws InterruptedException, ExecutionException {
    Decider decider = Configs.decider(TABLE);
    List<Prompt> prompts =
        List.of(Prompts.of("urgent"), Prompts.of("alpha beta"), Prompts.of("AB-12"));
    List<RoutingDecision> expected =
        prompts.stream().map(p -> decider.decide(p, Identity.ANONYMOUS)).toList();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Boolean>> results = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        results.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 3000; i++) {
                    RoutingDecision decision =
                        decider.decide(prompts.get(i % 3), Identity.ANONYMOUS);
                    if (!decision.equals(expected.get(i % 3))) {
                      return false;
                    }
                  }
                  return true;
                }));
      }
      for (Future<Boolean> result : results) {
        assertThat(result.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void decisionsAreInTheOrderInWhichTheyAreTried() {
    Decider config =
        Configs.decider(
            """
            models: {m: {}}, default_model: 'm',
            decisions: [
              {name: 'default'},
              {name: 'a', rules: {type: 'tools'}},
              {name: 'b', priority: 5, rules: {type: 'tools'}},
              {name: 'c', priority: -1, rules: {type: 'tools'}},
              {name: 'd', rules: {type: 'tools'}},
            ]
            """);
    assertThat(config.decisions())
        .extracting(DecisionConfig::name)
        .containsExactly("b", "a", "d", "c", "default");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "qwen3     | high | chat_template_kwargs/enable_thinking | true       | false",
        "deepseek  | high | chat_template_kwargs/thinking        | true       | false",
        "gpt       | high | reasoning_effort                     | \"high\"   | \"low\"",
        "gpt-oss   |      | reasoning_effort                     | \"medium\" | \"low\"",
        "claude    | high | thinking | {\"type\":\"enabled\",\"budget_tokens\":1024} | {\"type\":\"disabled\"}",
        "anthropic |      | thinking | {\"type\":\"enabled\",\"budget_tokens\":1024} | {\"type\":\"disabled\"}",
        "glm       | high | thinking | {\"type\":\"enabled\"}                        | {\"type\":\"disabled\"}",
        "o         | low  | effort                               | \"low\"    | \"none\"",
      })
  void reasoningIsSwitchedAsEachFamilyWantsIt(
      String family, String effort, String path, String on, String off) {
    Decider config =
        Configs.decider(
            """
            reasoning_families: {
              glm: {type: 'thinking', budget_tokens: 0},
              o: {type: 'reasoning_effort', parameter: 'effort', off: 'none'},
            },
            models: {m: {reasoning_family: '%s'}}
            """
                .formatted(family));
    ReasoningFamily found = Objects.requireNonNull(config.models().family("m"));
    int slash = path.indexOf('/');
    String parent = slash < 0 ? null : path.substring(0, slash);
    String name = path.substring(slash + 1);
    assertThat(found.edit(true, effort)).isEqualTo(new MemberEdit(parent, name, on));
    assertThat(found.edit(false, effort)).isEqualTo(new MemberEdit(parent, name, off));
  }
}
