// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MaasConfigTest {
  private static final String NAME_RULE =
      "must be an HTTP header name: letters, digits and -, 1 to 128 long";
  private static final String LABEL_RULE =
      "must have 1 to 256 bytes, no control characters and no white space around it";

  /** Every key: where it goes, its default, another legal value and what that is read as. */
  static List<Arguments> keys() {
    return List.of(
        key(
            "authentication.user_header",
            "x-auth-request-user",
            "X-User",
            "x-user",
            c -> c.authentication().userHeader()),
        key(
            "authentication.tier_header",
            "x-auth-request-tier",
            "X-Tier",
            "x-tier",
            c -> c.authentication().tierHeader()),
        key(
            "authentication.fallback_user",
            "unknown",
            "nobody",
            "nobody",
            c -> c.authentication().fallbackUser()),
        key(
            "authentication.fallback_tier",
            "free",
            "Überlauf 1",
            "Überlauf 1",
            c -> c.authentication().fallbackTier()),
        key(
            "authentication.multiple_values",
            false,
            "last",
            true,
            c -> c.authentication().lastValueWins()),
        key(
            "authentication.unusable",
            false,
            "refuse",
            true,
            c -> c.authentication().refusesUnusable()),
        key(
            "authentication.multiple_values",
            false,
            "missing",
            false,
            c -> c.authentication().lastValueWins()),
        key("metrics.export_token_metrics", true, false, false, c -> c.metrics().tokens()),
        key("metrics.export_cache_metrics", true, false, false, c -> c.metrics().cache()),
        key("metrics.export_routing_metrics", true, false, false, c -> c.metrics().routing()),
        key("metrics.export_security_metrics", true, false, false, c -> c.metrics().security()),
        key("metrics.max_series", 10_000, 1, 1, c -> c.metrics().maxSeries()),
        key("metrics.max_series", 10_000, 1_000_000, 1_000_000, c -> c.metrics().maxSeries()),
        key("headers.export_routing", true, false, false, c -> c.headers().routing()),
        key("headers.export_cache", true, false, false, c -> c.headers().cache()),
        key("headers.export_security", false, true, true, c -> c.headers().security()),
        key("headers.prefix", "x-vsr-", "X-Acme-", "x-acme-", c -> c.headers().prefix()));
  }

  @ParameterizedTest(name = "{0}: {1}, or {2}")
  @MethodSource("keys")
  void keyHasItsDefaultAndTakesALegalValue(
      String key, Object defaultValue, Object set, Object read, Function<MaasConfig, Object> get) {
    assertThat(get.apply(MaasConfig.defaults())).isEqualTo(defaultValue);
    assertThat(get.apply(MaasConfig.from(tree(key, null)))).as("null").isEqualTo(defaultValue);
    assertThat(get.apply(MaasConfig.from(tree(key, set)))).isEqualTo(read);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("keys")
  void keyOfAWrongTypeIsOneErrorAtItsPath(String key) {
    for (Object wrong : List.of(List.of("x"), Map.of("x", 1), 1.5)) {
      assertThat(errors(tree(key, wrong)))
          .extracting(ConfigError::path, ConfigError::value)
          .containsExactly(tuple("maas_integration." + key, wrong));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "enabled",
    "metrics.internal_cost_calculation",
    "authentication",
    "metrics",
    "headers"
  })
  void switchOrSectionOfAWrongTypeIsOneErrorAtItsPath(String key) {
    for (Object wrong : List.of(List.of("x"), "true", 1.5)) {
      assertThat(errors(tree(key, wrong)))
          .extracting(ConfigError::path, ConfigError::value)
          .containsExactly(tuple("maas_integration." + key, wrong));
    }
  }

  @ParameterizedTest(name = "enabled {0}, internal cost {1}: {2}")
  @CsvSource({
    ", , STANDALONE, false, true",
    ", true, STANDALONE, false, true",
    ", false, STANDALONE, false, true",
    "false, , STANDALONE, false, true",
    "false, true, STANDALONE, false, true",
    "false, false, STANDALONE, false, true",
    "true, , MAAS, true, false",
    "true, false, MAAS, true, false",
    "true, true, HYBRID, true, true",
  })
  void modeFollowsFromTheTwoSwitches(
      @Nullable Boolean enabled,
      @Nullable Boolean internalCost,
      Mode mode,
      boolean integrated,
      boolean calculatesCost) {
    Map<String, Object> section = new LinkedHashMap<>();
    if (enabled != null) {
      section.put("enabled", enabled);
    }
    if (internalCost != null) {
      section.put("metrics", Map.of("internal_cost_calculation", internalCost));
    }

    Mode actual = MaasConfig.from(Map.of("maas_integration", section)).mode();

    assertThat(actual).isEqualTo(mode);
    assertThat(actual.isIntegrated()).isEqualTo(integrated);
    assertThat(actual.calculatesCost()).isEqualTo(calculatesCost);
  }

  @Test
  void sectionWithNothingBehindItIsTheDefault() {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("maas_integration", null);
    tree.put("pricing", null);
    MaasConfig config = MaasConfig.from(tree);

    assertThat(config.mode()).isEqualTo(Mode.STANDALONE);
    assertThat(config).usingRecursiveComparison().isEqualTo(MaasConfig.defaults());
  }

  @Test
  void sectionsOfOthersAreTolerated() {
    Map<Object, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("bert_model", Map.of("model_id", "x", "threshold", 0.6));
    tree.put("tracing", Map.of("enabled", true));
    tree.put("spring", "cloud");
    tree.put("categories", List.of(Map.of("name", "math")));
    tree.put("default_model", null);
    tree.put(8801, "a number as key");
    tree.put(null, "no key at all");

    assertThat(MaasConfig.from(tree).mode()).isEqualTo(Mode.STANDALONE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"maas_integraton", "maas-integration", "maasIntegration", "mass_integration"})
  void misspelledSectionOfOursIsRejected(String section) {
    assertThat(errors(Map.of(section, Map.of("enabled", true))))
        .extracting(ConfigError::toString)
        .containsExactly(section + ": unknown key; did you mean \"maas_integration\"?");
  }

  @Test
  void everythingThatIsWrongComesAtOnceEachOnALineOfItsOwn() {
    Map<String, Object> tree =
        ordered(
            "maas_integration",
            ordered(
                "enabled",
                "yes",
                "authentication",
                ordered(
                    "user_header",
                    "x auth user",
                    "teir_header",
                    "x-tier",
                    "fallback_user",
                    "evil\nFATAL: forged line",
                    "fallback_tier",
                    "{auth.identity.tier}",
                    "multiple_values",
                    "frist"),
                "metrics",
                ordered(
                    "export_token_metric",
                    true,
                    "max_series",
                    0,
                    "internal_cost_calculation",
                    "no"),
                "headers",
                ordered("export_security", 1, "prefix", "x-"),
                "mode",
                "hybrid"),
            "pricing",
            ordered(
                "currency",
                "Dollars",
                "models",
                ordered(
                    "gpt-4.1",
                    ordered("prompt_per_1m", "1e1000000000", "completion_per_m", 8),
                    "qwen3",
                    List.of(0.2, 0.6))),
            "pricng",
            Map.of(),
            "tracing",
            Map.of());

    ConfigException exception =
        catchThrowableOfType(ConfigException.class, () -> MaasConfig.from(tree));

    assertThat(exception.getMessage())
        .isEqualTo(
            """
            maas_integration.enabled = "yes": must be true or false
            maas_integration.authentication.user_header = "x auth user": must be an HTTP header name: letters, digits and -, 1 to 128 long
            maas_integration.authentication.fallback_user = "evil\\nFATAL: forged line": must have 1 to 256 bytes, no control characters and no white space around it
            maas_integration.authentication.fallback_tier = "{auth.identity.tier}": must not be a template: nobody expands it here
            maas_integration.authentication.multiple_values = "frist": must be one of last, missing
            maas_integration.authentication.teir_header: unknown key; did you mean "tier_header"?
            maas_integration.metrics.max_series = 0: must be a whole number from 1 to 1000000
            maas_integration.metrics.internal_cost_calculation = "no": must be true or false
            maas_integration.metrics.export_token_metric: unknown key; did you mean "export_token_metrics"?
            maas_integration.headers.export_security = 1: must be true or false
            maas_integration.headers.prefix = "x-": must have at least 3 characters: requests lose all such headers
            maas_integration.mode: unknown key
            pricing.currency = "Dollars": must be an ISO 4217 code, such as USD
            pricing.models."gpt-4.1".prompt_per_1m = "1e1000000000": must be a decimal from 0 to 1000000 with at most 12 decimal places
            pricing.models."gpt-4.1".completion_per_1m: is required: a model with a price needs it (0 means free)
            pricing.models."gpt-4.1".completion_per_m: unknown key; did you mean "completion_per_1m"?
            pricing.models.qwen3[0] = 0.2: must be a section with keys of its own
            pricing.models.qwen3[1] = 0.6: must be a section with keys of its own
            pricng: unknown key; did you mean "pricing"?""");
    assertThat(exception.errors()).hasSize(19);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "x user",
        "x-user:",
        ":authority",
        "x-user\r\nevil: 1",
        "x-üser",
        "x(user)",
        "a,b",
        "x\0"
      })
  void headerNameThatIsNoTokenIsRejected(String name) {
    for (String key :
        List.of("authentication.user_header", "authentication.tier_header", "headers.prefix")) {
      assertThat(errors(tree(key, name)))
          .extracting(ConfigError::path, ConfigError::rule)
          .containsExactly(tuple("maas_integration." + key, NAME_RULE));
    }
  }

  @Test
  void headerNameOf128CharactersIsAcceptedAndOf129Rejected() {
    String key = "authentication.user_header";
    assertThat(errors(tree(key, "x".repeat(128)))).isEmpty();
    assertThat(errors(tree(key, "x".repeat(129)))).hasSize(1);
    assertThat(errors(tree(key, "!#$%&'*+-.^_`|~09azAZ"))).isEmpty();
  }

  @Test
  void headerNameIsLowerCasedWhateverTheLocale() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("tr"));
    try {
      assertThat(
              MaasConfig.from(tree("authentication.user_header", "X-ID"))
                  .authentication()
                  .userHeader())
          .isEqualTo("x-id");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void userAndTierFromOneHeaderAreRejectedAtTheKeyThatWasWritten() {
    String rule = "must differ from user_header";
    assertThat(errors(authentication("user_header", "x-id", "tier_header", "X-ID")))
        .extracting(ConfigError::toString)
        .containsExactly("maas_integration.authentication.tier_header = \"X-ID\": " + rule);
    assertThat(errors(tree("authentication.user_header", "x-auth-request-tier")))
        .extracting(ConfigError::toString)
        .containsExactly(
            "maas_integration.authentication.user_header = \"x-auth-request-tier\":"
                + " must differ from tier_header");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key"})
  void headerWithCredentialsAsIdentityIsAnErrorBecauseItWouldBecomeALabel(String header) {
    assertThat(errors(tree("authentication.user_header", header)))
        .extracting(ConfigError::toString)
        .containsExactly(
            "maas_integration.authentication.user_header = \""
                + header
                + "\": must not be a header with credentials: it becomes a metric label");
  }

  @Test
  void tierHeaderOfAWrongTypeDoesNotAlsoClashWithItsDefault() {
    assertThat(errors(authentication("user_header", "x-auth-request-tier", "tier_header", 5)))
        .extracting(ConfigError::toString)
        .containsExactly(
            "maas_integration.authentication.tier_header = 5: must be a text (put it in quotes)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", " ", "\t", "a\nb", "a\u007f", "a\u0085", " free", "free ", "\ud800", "a\ufffd"
      })
  void fallbackThatIsNoCleanTextIsRejected(String value) {
    for (String key : List.of("authentication.fallback_user", "authentication.fallback_tier")) {
      assertThat(errors(tree(key, value)))
          .extracting(ConfigError::path, ConfigError::rule)
          .containsExactly(tuple("maas_integration." + key, LABEL_RULE));
    }
  }

  @Test
  void fallbackOf256BytesIsAcceptedAndOf257Rejected() {
    String key = "authentication.fallback_user";
    assertThat(errors(tree(key, "é".repeat(128)))).isEmpty();
    assertThat(errors(tree(key, "é".repeat(128) + "x"))).hasSize(1);
    assertThat(errors(tree(key, "😀".repeat(64)))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{auth.identity.tier}",
        "${TIER}",
        "{{ .Values.tier }}",
        "$(TIER)",
        "team-{name}",
        "%{tier}"
      })
  void fallbackThatIsATemplateIsRejected(String value) {
    for (String key : List.of("authentication.fallback_user", "authentication.fallback_tier")) {
      assertThat(errors(tree(key, value)))
          .extracting(ConfigError::path, ConfigError::rule)
          .containsExactly(
              tuple("maas_integration." + key, "must not be a template: nobody expands it here"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "x-", "-", "ab"})
  void prefixOfOneOrTwoCharactersIsRejected(String prefix) {
    assertThat(errors(tree("headers.prefix", prefix)))
        .extracting(ConfigError::rule)
        .containsExactly("must have at least 3 characters: requests lose all such headers");
  }

  @ParameterizedTest
  @CsvSource({
    "con, connection",
    "content-, content-encoding",
    "Content-Type, content-type",
    "aut, authorization",
    "hos, host",
    "tra, traceparent",
    "x-forwarded-, x-forwarded-for",
    "x-req, x-request-id",
    "x-auth-, x-auth-request-user",
    "X-Auth-Request-Tier, x-auth-request-tier",
  })
  void prefixOfAHeaderThatRequestsNeedIsRejected(String prefix, String header) {
    assertThat(errors(tree("headers.prefix", prefix)))
        .extracting(ConfigError::toString)
        .containsExactly(
            "maas_integration.headers.prefix = \""
                + prefix
                + "\": must not be the beginning of "
                + header
                + ": requests lose all such headers");
  }

  @Test
  void prefixOfAConfiguredIdentityHeaderIsRejected() {
    assertThat(
            errors(
                Map.of(
                    "maas_integration",
                    Map.of(
                        "authentication", Map.of("user_header", "X-VSR-User"),
                        "headers", Map.of()))))
        .extracting(ConfigError::path)
        .containsExactly("maas_integration.headers.prefix");
  }

  private static Arguments key(
      String key, Object defaultValue, Object set, Object read, Function<MaasConfig, Object> get) {
    return Arguments.of(key, defaultValue, set, read, get);
  }

  private static Map<String, Object> authentication(Object... keysAndValues) {
    return Map.of("maas_integration", Map.of("authentication", ordered(keysAndValues)));
  }

  /** A tree with one key, given by its path below our section. */
  private static Map<String, @Nullable Object> tree(String path, @Nullable Object value) {
    Map<String, @Nullable Object> leaf = new LinkedHashMap<>();
    int dot = path.indexOf('.');
    leaf.put(path.substring(dot + 1), value);
    Object section = dot < 0 ? leaf : Map.of(path.substring(0, dot), leaf);
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("maas_integration", section);
    return tree;
  }

  private static Map<String, Object> ordered(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }

  private static List<ConfigError> errors(Map<?, ?> tree) {
    try {
      MaasConfig.from(tree);
      return List.of();
    } catch (ConfigException e) {
      assertThat(String.valueOf(e.getMessage()).lines())
          .as("one error, one line")
          .hasSameSizeAs(e.errors());
      return e.errors();
    }
  }
}
