// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.semanticrouter.maas.config.RoutingProfile.Fact;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoutingConfigTest {
  private static RoutingConfig routing(Map<String, ?> section) {
    return MaasConfig.from(Map.of("maas_integration", Map.of("routing", section))).routing();
  }

  private static List<String> errors(Map<String, ?> section) {
    ConfigException e = catchThrowableOfType(ConfigException.class, () -> routing(section));
    return Objects.requireNonNull(e).errors().stream().map(ConfigError::toString).toList();
  }

  @Test
  void defaultReadsBothSpellingsAndAsksForDebug() {
    assertThat(MaasConfig.defaults().routing().profile()).isEqualTo(RoutingProfile.AUTO);
    assertThat(MaasConfig.defaults().routing().requestDebug()).isTrue();
    assertThat(RoutingProfile.AUTO.headers(Fact.MODEL))
        .containsExactly("x-vsr-model-selected", "x-vsr-selected-model");
    assertThat(RoutingProfile.AUTO.headers(Fact.CACHE_HIT)).containsExactly("x-vsr-cache-hit");
  }

  @ParameterizedTest
  @CsvSource({"auto, true", "seed, false", "vsr, true"})
  void eachProfileHasItsDefaultAndCanBeToldOtherwise(String name, boolean asks) {
    assertThat(routing(Map.of("profile", name)).profile().name()).isEqualTo(name);
    assertThat(routing(Map.of("profile", name)).requestDebug()).isEqualTo(asks);
    assertThat(routing(Map.of("profile", name, "request_debug", !asks)).requestDebug())
        .isEqualTo(!asks);
  }

  @Test
  void profileNoneHasNoNamesAndAsksNobody() {
    RoutingConfig config = routing(Map.of("profile", "none"));

    assertThat(config.profile()).isEqualTo(RoutingProfile.NONE);
    assertThat(config.requestDebug()).isFalse();
    for (Fact fact : Fact.values()) {
      assertThat(config.profile().headers(fact)).isEmpty();
    }
    assertThat(errors(Map.of("profile", "none", "request_debug", true)))
        .singleElement()
        .asString()
        .contains("routing.request_debug", "must be false when the profile is none");
  }

  @ParameterizedTest
  @EnumSource(Fact.class)
  void everyFactCanBeNamedInACustomProfile(Fact fact) {
    RoutingConfig config =
        routing(Map.of("profile", "custom", "headers", Map.of(fact.key(), "X-My-Header")));

    assertThat(config.profile().headers(fact)).containsExactly("x-my-header");
    assertThat(config.requestDebug()).isFalse();
  }

  @Test
  void everythingThatIsWrongComesAtOnceWithWhatWasMeant() {
    Map<String, Object> headers = new LinkedHashMap<>();
    headers.put("modell", "x-a");
    headers.put("decision", "no header");
    headers.put("category", "cookie");
    headers.put("pii", "x-b");
    headers.put("jailbreak", "X-B");
    headers.put("reasoning", 7);
    Map<String, Object> section = new LinkedHashMap<>();
    section.put("profile", "custom");
    section.put("headers", headers);
    section.put("request-debug", true);
    assertThat(errors(section))
        .hasSize(6)
        .anyMatch(e -> e.contains("routing.headers.modell") && e.contains("model"))
        .anyMatch(e -> e.contains("routing.headers.decision"))
        .anyMatch(e -> e.contains("routing.headers.category") && e.contains("credentials"))
        .anyMatch(e -> e.contains("routing.headers.jailbreak") && e.contains("another header"))
        .anyMatch(e -> e.contains("routing.headers.reasoning"))
        .anyMatch(e -> e.contains("routing.request-debug") && e.contains("request_debug"));
  }

  @Test
  void profileThatDoesNotExistIsAnErrorWithWhatWasMeant() {
    assertThat(errors(Map.of("profile", "sead"))).singleElement().asString().contains("seed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "seed", "vsr"})
  void namesBesideAnotherProfileAreAnError(String profile) {
    assertThat(errors(Map.of("profile", profile, "headers", Map.of("model", "x-a"))))
        .singleElement()
        .asString()
        .contains("routing.headers", "unless the profile is custom");
  }

  @Test
  void customProfileWithoutANameIsAnError() {
    assertThat(errors(Map.of("profile", "custom")))
        .singleElement()
        .asString()
        .contains("routing.headers", "at least one");
  }

  @Test
  void profilesAreEqualWhenTheirNamesAre() {
    RoutingProfile one = RoutingProfile.of("custom", Map.of(Fact.MODEL, "x-a"));
    RoutingProfile same = RoutingProfile.of("custom", Map.of(Fact.MODEL, "x-a"));
    RoutingProfile other = RoutingProfile.of("custom", Map.of(Fact.MODEL, "x-b"));

    assertThat(one).isEqualTo(same).hasSameHashCodeAs(same).isNotEqualTo(other);
    assertThat(one).hasToString("custom{MODEL=[x-a]}");
  }
}
