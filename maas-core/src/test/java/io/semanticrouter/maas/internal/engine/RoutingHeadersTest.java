// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Routing;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RoutingHeadersTest {
  private static final RoutingHeaders DEFAULT = reader(Map.of());

  @Test
  void bothSpellingsOfTheRouterAreRead() {
    Routing expected =
        Routing.builder()
            .selectedModel("big")
            .routingDecision("math-route")
            .category("math")
            .reasoning(true)
            .cacheHit(false)
            .systemPromptInjected(true)
            .piiDetected(true)
            .jailbreakDetected(false)
            .build();
    assertThat(
            read(
                "x-vsr-model-selected", "big",
                "x-vsr-decision", "math-route",
                "x-vsr-category", "math",
                "x-vsr-reasoning-enabled", "true",
                "x-vsr-system-prompt-injected", "true",
                "x-vsr-pii-detected", "true",
                "x-vsr-jailbreak-detected", "false"))
        .isEqualTo(expected);
    assertThat(
            read(
                "x-vsr-selected-model", "big",
                "x-vsr-selected-decision", "math-route",
                "x-vsr-selected-category", "math",
                "x-vsr-selected-reasoning", "on",
                "x-vsr-injected-system-prompt", "true",
                "x-vsr-matched-pii", "email",
                "x-vsr-jailbreak-detected", "0"))
        .isEqualTo(expected);
  }

  @Test
  void firstSpellingWinsWhenBothAreThereAndUsable() {
    assertThat(read("x-vsr-model-selected", "a", "x-vsr-selected-model", "b").selectedModel())
        .isEqualTo("a");
    assertThat(read("x-vsr-model-selected", " ", "x-vsr-selected-model", "b").selectedModel())
        .isEqualTo("b");
    assertThat(read("x-vsr-model-selected", "a\u0007", "x-vsr-decision", "d").selectedModel())
        .isNull();
  }

  @Test
  void cacheHitIsStatedOrFollowsFromTheResponsePathOrTheRouting() {
    assertThat(read("x-vsr-cache-hit", "true").cacheHit()).isTrue();
    assertThat(read("x-vsr-cache-hit", "false", "x-vsr-response-path", "cache").cacheHit())
        .isFalse();
    assertThat(read("x-vsr-cache-hit", "maybe", "x-vsr-response-path", "cache").cacheHit())
        .isTrue();
    assertThat(read("x-vsr-response-path", "cache").cacheHit()).isTrue();
    assertThat(read("x-vsr-response-path", "upstream").cacheHit()).isFalse();
    assertThat(read("x-vsr-selected-decision", "d").cacheHit()).isFalse();
    assertThat(read("x-vsr-category", "c").cacheHit()).isNull();
    assertThat(read("content-type", "x").cacheHit()).isNull();
  }

  @Test
  void responseWithoutRouterHeadersIsUnknownWithAndWithoutNames() {
    assertThat(DEFAULT.read(named("content-type", "x"))).isEqualTo(RoutingFacts.NONE);
    assertThat(DEFAULT.read(unnamed("content-type", "x")).routing()).isEqualTo(Routing.UNKNOWN);
    assertThat(DEFAULT.write(Routing.UNKNOWN, Headers.EMPTY, false)).isSameAs(HeaderEdits.EMPTY);
  }

  @Test
  void factsAreWrittenInOneSpellingAndOnlyWhereTheyDiffer() {
    Headers response =
        named(
            "x-vsr-selected-model", "big", "x-vsr-decision", "d", "x-vsr-selected-reasoning", "on");
    HeaderEdits edits = DEFAULT.write(DEFAULT.read(response).routing(), response, false);
    assertThat(edits.toSet())
        .containsOnly(
            Map.entry("x-vsr-model-selected", "big"),
            Map.entry("x-vsr-reasoning-enabled", "on"),
            Map.entry("x-vsr-cache-hit", "false"));
    assertThat(edits.toRemove()).isEmpty();
  }

  @Test
  void switchesAndPrefixDecideWhatIsWritten() {
    Routing all =
        Routing.builder()
            .selectedModel("m")
            .routingDecision("d")
            .category("c")
            .reasoning(false)
            .cacheHit(true)
            .systemPromptInjected(false)
            .piiDetected(true)
            .jailbreakDetected(false)
            .build();
    assertThat(written(Map.of("export_routing", false), all))
        .isEqualTo(Map.of("x-vsr-cache-hit", "true"));
    assertThat(written(Map.of("export_routing", false, "export_cache", false), all)).isEmpty();
    assertThat(
            written(
                Map.of("export_routing", false, "export_cache", false, "export_security", true),
                all))
        .isEqualTo(Map.of("x-vsr-pii-detected", "true", "x-vsr-jailbreak-detected", "false"));
    assertThat(written(Map.of("prefix", "x-acme-", "export_cache", false), all))
        .isEqualTo(
            Map.of(
                "x-acme-model-selected", "m",
                "x-acme-decision", "d",
                "x-acme-category", "c",
                "x-acme-reasoning-enabled", "off",
                "x-acme-system-prompt-injected", "false"));
  }

  @Test
  void clientHeadersOfTheRouterAreStrippedWhenNamesAreKnown() {
    Headers request =
        named(
            "x-vsr-anything",
            "1",
            "x-vsr-decision",
            "d",
            "x-vsrx",
            "1",
            "x-acme-decision",
            "d",
            "accept",
            "*");
    assertThat(DEFAULT.ask(request, false).toRemove())
        .containsExactly("x-vsr-anything", "x-vsr-decision");
    assertThat(reader(Map.of("prefix", "x-acme-")).ask(request, false).toRemove())
        .containsExactly("x-acme-decision", "x-vsr-anything", "x-vsr-decision");
    assertThat(DEFAULT.ask(named("accept", "*"), false)).isSameAs(HeaderEdits.EMPTY);
  }

  @Test
  void wellKnownClientHeadersAreStrippedWhenNamesAreNotKnown() {
    for (String name :
        List.of(
            "x-vsr-debug",
            "x-vsr-skip-processing",
            "x-vsr-selected-model",
            "x-vsr-decision",
            "x-vsr-cache-hit",
            "x-vsr-pii-detected",
            "x-vsr-matched-pii",
            "x-vsr-jailbreak-detected",
            "x-vsr-matched-jailbreak")) {
      assertThat(DEFAULT.ask(unnamed(name, "1"), false).toRemove()).as(name).containsExactly(name);
    }
    assertThat(DEFAULT.ask(unnamed("accept", "*"), false)).isSameAs(HeaderEdits.EMPTY);
    RoutingHeaders custom = reader(Map.of("prefix", "x-acme-"));
    for (String name : List.of("x-acme-model-selected", "x-acme-cache-hit", "x-vsr-debug")) {
      assertThat(custom.ask(unnamed(name, "1"), false).toRemove()).as(name).containsExactly(name);
    }
  }

  private static Map<String, String> written(Map<String, Object> config, Routing routing) {
    return reader(config).write(routing, Headers.EMPTY, false).toSet();
  }

  private static Routing read(String... namesAndValues) {
    Routing routing = DEFAULT.read(named(namesAndValues)).routing();
    assertThat(DEFAULT.read(unnamed(namesAndValues)).routing()).isEqualTo(routing);
    return routing;
  }

  private static RoutingHeaders reader(Map<String, Object> headers) {
    MaasConfig config = MaasConfig.from(Map.of("maas_integration", Map.of("headers", headers)));
    return new RoutingHeaders(config.headers(), config.routing(), new UnknownSchemas());
  }

  private static Headers unnamed(String... namesAndValues) {
    return map(namesAndValues)::get;
  }

  private static Headers named(String... namesAndValues) {
    Map<String, String> map = map(namesAndValues);
    return new Headers() {
      @Override
      public @Nullable String get(String name) {
        return map.get(name);
      }

      @Override
      public Iterable<String> names() {
        return map.keySet();
      }
    };
  }

  private static Map<String, String> map(String... namesAndValues) {
    Map<String, String> map = new TreeMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }
}
