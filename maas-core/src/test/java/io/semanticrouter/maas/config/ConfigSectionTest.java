// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigSectionTest {
  private final List<ConfigError> errors = new ArrayList<>();

  @Test
  void valueOfTheRightTypeIsReadAndReportsNothing() {
    ConfigSection section =
        server(
            Map.of(
                "flag",
                true,
                "port",
                9190,
                "name",
                "a",
                "mode",
                "x",
                "price",
                "0.075",
                "sub",
                Map.of("deep", false)));

    assertThat(section.bool("flag", false)).isTrue();
    assertThat(section.integer("port", 1, 0, 65535)).isEqualTo(9190);
    assertThat(section.string("name", "b")).isEqualTo("a");
    assertThat(section.oneOf("mode", "y", Set.of("x", "y"))).isEqualTo("x");
    assertThat(section.decimal("price", "decimal")).isEqualTo(new BigDecimal("0.075"));
    assertThat(section.section("sub").bool("deep", true)).isFalse();
    section.rejectUnknownKeys();
    assertThat(errors).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void keyThatIsAbsentOrHasNoValueIsTheDefault(boolean present) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    if (present) {
      for (String key : List.of("flag", "port", "name", "mode", "price", "sub")) {
        values.put(key, null);
      }
    }
    ConfigSection section = server(values);

    assertThat(section.bool("flag", true)).isTrue();
    assertThat(section.integer("port", 7, 0, 9)).isEqualTo(7);
    assertThat(section.string("name", "b")).isEqualTo("b");
    assertThat(section.oneOf("mode", "y", Set.of("x", "y"))).isEqualTo("y");
    assertThat(section.decimal("price", "decimal")).isNull();
    assertThat(section.section("sub").keys()).isEmpty();
    section.rejectUnknownKeys();
    assertThat(errors).isEmpty();
  }

  @Test
  void listOfSectionsIsReadInOrderWithPathsThatCount() {
    ConfigSection section =
        server(Map.of("rules", List.of(Map.of("name", "a"), Map.of("name", 2, "nam", "x"))));
    List<ConfigSection> rules = section.sections("rules");
    assertThat(rules).extracting(rule -> rule.string("name", "-")).containsExactly("a", "-");
    rules.forEach(ConfigSection::rejectUnknownKeys);
    section.rejectUnknownKeys();
    assertThat(lines())
        .containsExactly(
            "server.rules[1].name = 2: must be a text (put it in quotes)",
            "server.rules[1].nam: unknown key");
  }

  @Test
  void elementThatIsNoSectionIsReportedAndLeftOut() {
    List<@Nullable Object> elements = new ArrayList<>(Arrays.asList("a", null, Map.of("b", true)));
    List<ConfigSection> rules = server(Map.of("rules", elements)).sections("rules");
    assertThat(rules).hasSize(1);
    assertThat(rules.get(0).bool("b", false)).isTrue();
    assertThat(lines())
        .containsExactly(
            "server.rules[0] = \"a\": must be a section with keys of its own",
            "server.rules[1]: must be a section with keys of its own");
  }

  @Test
  void listOfTextsIsReadInOrderAndWhatIsNoTextIsReported() {
    List<@Nullable Object> elements = new ArrayList<>(Arrays.asList("a", 1.10, null, "b"));
    assertThat(server(Map.of("l", elements)).strings("l")).containsExactly("a", "b");
    assertThat(lines())
        .containsExactly(
            "server.l[1] = 1.1: must be a text (put it in quotes)",
            "server.l[2]: must be a text (put it in quotes)");
  }

  @Test
  void singleTextIsAListOfOneText() {
    ConfigSection section = server(Map.of("l", "all"));
    assertThat(section.strings("l")).containsExactly("all");
    section.rejectUnknownKeys();
    assertThat(errors).isEmpty();
  }

  @Test
  void listThatIsAbsentOrHasNoValueIsEmpty() {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("l", null);
    ConfigSection section = server(values);
    assertThat(section.strings("l")).isEmpty();
    assertThat(section.sections("l")).isEmpty();
    assertThat(section.sections("absent")).isEmpty();
    section.rejectUnknownKeys();
    assertThat(errors).isEmpty();
  }

  @Test
  void valueThatIsNoListIsRejected() {
    ConfigSection section = server(Map.of("a", Map.of("b", 1), "c", true));
    assertThat(section.sections("a")).isEmpty();
    assertThat(section.strings("c")).isEmpty();
    assertThat(lines())
        .containsExactly(
            "server.a = {...}: must be a list of sections",
            "server.c = true: must be a list of texts");
  }

  @Test
  void textsOfAClosedSetAreReadAndTheOthersReportedWithWhatWasMeant() {
    Set<String> allowed = Set.of("email", "phone", "iban");
    ConfigSection section =
        server(Map.of("l", List.of("phone", "emial", "iban"), "one", "email", "empty", List.of()));
    assertThat(section.someOf("l", Set.of(), allowed)).containsExactly("phone", "iban");
    assertThat(section.someOf("one", Set.of(), allowed)).containsExactly("email");
    assertThat(section.someOf("absent", Set.of("iban"), allowed)).containsExactly("iban");
    assertThat(section.someOf("empty", Set.of("iban"), allowed)).containsExactly("iban");
    section.rejectUnknownKeys();
    assertThat(lines())
        .containsExactly(
            "server.l = \"emial\": must be some of email, iban, phone; did you mean \"email\"?",
            "server.empty = [...]: must have at least one element");
  }

  static List<Object> noBooleans() {
    return List.of("true", "yes", 1, 0.0, List.of(true), Map.of());
  }

  @ParameterizedTest
  @MethodSource("noBooleans")
  void booleanOfAnotherTypeIsRejected(Object value) {
    assertThat(server(Map.of("k", value)).bool("k", true)).isTrue();
    assertOneError("server.k", value, "must be true or false");
  }

  static List<Object> noPorts() {
    return List.of(
        -1,
        65536,
        1L << 40,
        BigInteger.TEN.pow(30),
        new BigDecimal("1e99"),
        new BigDecimal("1e999999999"),
        "1e+05",
        "65535.5",
        80.5,
        1e-3,
        "8e-1",
        Double.NaN,
        Double.POSITIVE_INFINITY,
        true,
        List.of(80),
        "",
        " ",
        "eighty",
        "0x50",
        "0o120",
        "0120",
        "-080",
        "00",
        "0b11",
        "8_0",
        "8,0",
        "8 0",
        "80s",
        "80%",
        "٨٠",
        "1e",
        "e1",
        "1e1e1",
        "--8");
  }

  @ParameterizedTest
  @MethodSource("noPorts")
  void wholeNumberOfAnotherTypeOrOutOfRangeIsRejected(Object value) {
    assertThat(server(Map.of("k", value)).integer("k", 9, 0, 65535)).isEqualTo(9);
    assertOneError("server.k", value, "must be a whole number from 0 to 65535");
  }

  static List<Object> hundredMillions() {
    return List.of(
        100_000_000,
        100_000_000L,
        1e8,
        1e8f,
        new BigDecimal("100000000"),
        new BigDecimal("100000000.0"),
        new BigDecimal("1e+08"),
        new BigDecimal("1.0e8"),
        BigInteger.valueOf(100_000_000),
        "100000000",
        "100000000.0",
        "100000000.",
        "+100000000",
        "1e+08",
        "1e08",
        "1e8",
        "1E8",
        "1E+8",
        "1.0e8",
        "1.0E+08",
        "1.00000000e+08",
        "10e7",
        "1000000000e-1",
        "0.1e9",
        ".1e9");
  }

  @ParameterizedTest
  @MethodSource("hundredMillions")
  void wholeNumberIsReadAsToolsWriteIt(Object value) {
    assertThat(server(Map.of("k", value)).integer("k", 9, 0, 1_000_000_000)).isEqualTo(100_000_000);
    assertThat(errors).isEmpty();
  }

  @Test
  void wholeNumberOfAnyWidthIsReadAtItsBounds() {
    assertThat(server(Map.of("k", (short) 3)).integer("k", 9, 3, 4)).isEqualTo(3);
    assertThat(server(Map.of("k", 4)).integer("k", 9, 3, 4)).isEqualTo(4);
    assertThat(server(Map.of("k", Long.MAX_VALUE)).integer("k", 9, 3, Long.MAX_VALUE))
        .isEqualTo(Long.MAX_VALUE);
    assertThat(errors).isEmpty();
  }

  static List<Object> noTexts() {
    return List.of(1, 1.10, true, List.of("a"), Map.of("a", "b"));
  }

  @ParameterizedTest
  @MethodSource("noTexts")
  void textOfAnotherTypeIsRejected(Object value) {
    assertThat(server(Map.of("k", value)).string("k", "d")).isEqualTo("d");
    assertOneError("server.k", value, "must be a text (put it in quotes)");
  }

  @Test
  void textOutsideAClosedSetIsRejectedWithASuggestion() {
    assertThat(server(Map.of("k", "Lasst")).oneOf("k", "missing", Set.of("missing", "last")))
        .isEqualTo("missing");
    assertThat(lines())
        .containsExactly(
            "server.k = \"Lasst\": must be one of last, missing; did you mean \"last\"?");
  }

  @Test
  void closedSetOfAWrongTypeIsOneError() {
    assertThat(server(Map.of("k", 5)).oneOf("k", "a", Set.of("a", "b"))).isEqualTo("a");
    assertOneError("server.k", 5, "must be a text (put it in quotes)");
  }

  static List<Object> noSections() {
    return List.of("", "text", 1, false, List.of());
  }

  @ParameterizedTest
  @MethodSource("noSections")
  void sectionOfAnotherTypeIsRejectedAndReadAsEmpty(Object value) {
    ConfigSection sub = server(Map.of("k", value)).section("k");
    assertThat(sub.bool("flag", true)).isTrue();
    sub.rejectUnknownKeys();
    assertOneError("server.k", value, "must be a section with keys of its own");
  }

  @Test
  void decimalsThatSurviveAreHarmlessToAnyArithmetic() {
    for (Object value :
        List.of("1e100", "1e-100", new BigDecimal("1e100"), BigInteger.TEN.pow(100), 1e-99)) {
      assertThat(server(Map.of("k", value)).decimal("k", "decimal")).isNotNull();
    }
    assertThat(errors).isEmpty();
    for (Object value :
        List.of("1e101", "1e-101", "9".repeat(131), BigInteger.TEN.pow(200), 1e-300, "٣")) {
      assertThat(server(Map.of("k", value)).decimal("k", "decimal")).as("%s", value).isNull();
    }
    assertThat(errors).hasSize(6);
  }

  @Test
  void keyThatNoGetterAskedForIsReportedOnce() {
    ConfigSection section = server(Map.of("port", 1, "colour", "red"));
    section.integer("port", 1, 0, 9);
    section.rejectUnknownKeys();
    assertThat(lines()).containsExactly("server.colour: unknown key");
  }

  @ParameterizedTest
  @CsvSource({
    "prot, port",
    "Port, port",
    "ports, port",
    "PORT, port",
    "user-header, user_header",
    "userHeader, user_header",
    "user_heder, user_header",
    "usr_heder, user_header",
    "user_haeder, user_header",
    "idle timeout, idle_timeout",
    "po, ",
    "p, ",
    "xyz, ",
    "header, ",
  })
  void unknownKeySuggestsTheKnownOneThatIsNear(String key, @Nullable String suggestion) {
    ConfigSection section = server(Map.of(key, 1));
    section.integer("port", 1, 0, 9);
    section.string("user_header", "");
    section.string("tier_header", "");
    section.string("idle_timeout", "");
    section.rejectUnknownKeys();
    assertThat(errors).extracting(ConfigError::suggestion).isEqualTo(Arrays.asList(suggestion));
  }

  @Test
  void keyThatIsPresentIsNotSuggestedForAnother() {
    ConfigSection section = server(Map.of("prefix", "a", "prefixx", "b"));
    section.string("prefix", "");
    section.rejectUnknownKeys();
    assertThat(lines()).containsExactly("server.prefixx: unknown key");
  }

  @ParameterizedTest
  @CsvSource({
    "maas_integraton, maas_integration",
    "mass_integration, maas_integration",
    "maas-integration, maas_integration",
    "maasIntegration, maas_integration",
    "MAAS_INTEGRATION, maas_integration",
    "maas_intergraton, maas_integration",
    "' maas_integration', maas_integration",
    "pricng, pricing",
    "Pricing, pricing",
    "prcing, pricing",
    "pirces, ",
    "tracing, ",
    "spring, ",
    "routing, ",
    "caching, ",
    "logging, ",
    "printing, ",
    "maas, ",
    "integration, ",
    "model_config, ",
  })
  void sharedLevelReportsOnlyMisspellingsOfOurKeys(String key, @Nullable String suggestion) {
    ConfigSection root = ConfigSection.root(Map.of(key, Map.of()), errors);
    root.section("maas_integration");
    root.section("pricing");
    root.rejectMisspelledKeys();
    if (suggestion == null) {
      assertThat(errors).isEmpty();
    } else {
      assertThat(errors).extracting(ConfigError::suggestion).containsExactly(suggestion);
    }
  }

  @Test
  void misspelledKeyBesideTheRightOneIsStillReported() {
    ConfigSection root =
        ConfigSection.root(Map.of("pricing", Map.of(), "pricng", Map.of()), errors);
    root.section("pricing");
    root.rejectMisspelledKeys();
    assertThat(lines()).containsExactly("pricng: unknown key; did you mean \"pricing\"?");
  }

  static List<Object> noKeys() {
    return List.of(4.1, 1, true, new BigDecimal("1.10"), List.of("a"));
  }

  @ParameterizedTest
  @MethodSource("noKeys")
  void keyThatIsNoTextIsRejectedBecauseYamlMayHaveChangedItsSpelling(Object key) {
    ConfigSection section =
        ConfigSection.root(Map.of("models", Map.of(key, Map.of())), errors).section("models");
    assertThat(section.keys()).isEmpty();
    assertOneError("models", key, "each key must be a text (put it in quotes)");
  }

  @Test
  void nullKeyIsRejected() {
    Map<@Nullable String, Object> models = new LinkedHashMap<>();
    models.put(null, Map.of());
    assertThat(server(models).keys()).isEmpty();
    assertThat(lines()).containsExactly("server: each key must be a text (put it in quotes)");
  }

  @Test
  void keyThatIsNoTextIsToleratedAtTheTop() {
    ConfigSection root = ConfigSection.root(Map.of(1, "a", "pricing", Map.of()), errors);
    root.section("pricing");
    root.rejectMisspelledKeys();
    assertThat(errors).isEmpty();
  }

  @Test
  void keysCannotBeChangedFromOutside() {
    Set<String> keys = server(Map.of("a", 1)).keys();
    assertThatThrownBy(keys::clear).isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void laterChangeOfTheTreeIsNotSeen() {
    Map<String, Object> values = new LinkedHashMap<>(Map.of("flag", true));
    ConfigSection section = server(values);
    values.put("flag", 5);
    assertThat(section.bool("flag", false)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "gpt-4.1, '\"gpt-4.1\"'",
    "qwen3, qwen3",
    "meta-llama/Llama-3:8b, meta-llama/Llama-3:8b",
    "'', '\"\"'",
    "'a b', '\"a b\"'",
    "'say \"hi\"', '\"say \\\"hi\\\"\"'",
  })
  void keyThatIsNoPlainWordIsQuotedInThePath(String key, String shown) {
    server(Map.of(key, 1)).rejectUnknownKeys();
    assertThat(errors).extracting(ConfigError::path).containsExactly("server." + shown);
  }

  @Test
  void hostileKeyStaysOnOneShortLine() {
    String key = "a\nFATAL: forged\u202e\u0000\ud800" + "x".repeat(5_000_000);
    ConfigSection section = server(Map.of(key, 1));
    section.string("known_key", "");
    assertTimeoutPreemptively(Duration.ofSeconds(5), section::rejectUnknownKeys);
    assertThat(lines()).hasSize(1);
    assertThat(lines().get(0))
        .startsWith("server.\"a\\nFATAL: forged\\u202e\\u0000\\ud800xxx")
        .endsWith("(5000018 characters): unknown key")
        .hasSizeLessThan(200);
  }

  @Test
  void hostileTextStaysOnOneShortLine() {
    server(Map.of("k", "\"a\\\r\n\t\u0085\u2028\u001b[2J" + "é".repeat(1_000_000))).bool("k", true);
    assertThat(lines().get(0))
        .startsWith("server.k = \"\\\"a\\\\\\r\\n\\t\\u0085\\u2028\\u001b[2Jééé")
        .endsWith("(1000012 characters): must be true or false")
        .hasSizeLessThan(200);
  }

  @Test
  void textOfHundredCharactersIsShownInFullAndNoPairIsCutInHalf() {
    ConfigSection section =
        server(
            new LinkedHashMap<>(
                Map.of("a", "x".repeat(100), "b", "x".repeat(101), "c", "x" + "😀".repeat(50))));
    section.bool("a", true);
    section.bool("b", true);
    section.bool("c", true);
    assertThat(lines())
        .containsExactly(
            "server.a = \"" + "x".repeat(100) + "\": must be true or false",
            "server.b = \"" + "x".repeat(100) + "…\" (101 characters): must be true or false",
            "server.c = \"x" + "😀".repeat(49) + "…\" (101 characters): must be true or false");
  }

  /** Such as a key of an API in the place of a header's name. */
  @Test
  void valueThatMayBeASecretIsNotShown() {
    Map<String, String> secrets =
        Map.of(
            "a", "sk-proj-Abc123Abc123",
            "b", "Bearer xyz",
            "c", " basic dXNlcjpwYXNz",
            "d", "https://user:pass@example.com/jwks",
            "e", "-----BEGIN PRIVATE KEY-----",
            "f", "eyJhbGciOiJIUzI1NiJ9.e30.x",
            "password", "hunter2",
            "client_secret", "hunter2",
            "Api_Key", "hunter2",
            "auth_token", "hunter2");
    ConfigSection section = server(secrets);
    secrets.keySet().forEach(key -> section.bool(key, true));
    assertThat(lines())
        .hasSize(secrets.size())
        .allMatch(line -> line.endsWith(" = (not shown): must be true or false"));
    for (String shown :
        List.of("abcdefghijk1", "gpt-4o-mini-2024-07-18", "x-request-id", "http://host/a", "a@b")) {
      assertThat(new ConfigError("server.k", shown, "no", null).toString().contains(shown))
          .as(shown)
          .isEqualTo(!shown.equals("abcdefghijk1"));
    }
    assertThat(new ConfigError("server.k", "abcdefghij1", "no", null))
        .hasToString("server.k = \"abcdefghij1\": no");
    assertThat(new ConfigError("server.bytes_per_token", 0L, "no", null))
        .hasToString("server.bytes_per_token = 0: no");
  }

  @Test
  void valueThatContainsItselfIsShownAsWhatItIs() {
    List<Object> list = new ArrayList<>();
    list.add(List.of(list));
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("again", List.of(map));
    ConfigSection section = server(Map.of("l", list, "m", map, "b", new byte[] {1}));
    section.bool("l", true);
    section.bool("m", true);
    section.bool("b", true);
    assertThat(lines())
        .containsExactly(
            "server.l = [...]: must be true or false",
            "server.m = {...}: must be true or false",
            "server.b = byte[]: must be true or false");
  }

  @Test
  void numberWithMillionsOfDigitsIsNotPrinted() {
    BigInteger huge = BigInteger.ONE.shiftLeft(50_000_000);
    ConfigSection section =
        server(Map.of("i", huge, "d", new BigDecimal(huge, 9), "e", new BigDecimal("1e999999999")));
    section.bool("i", true);
    section.bool("d", true);
    section.bool("e", true);
    assertThat(assertTimeoutPreemptively(Duration.ofSeconds(5), this::lines))
        .containsExactly(
            "server.i = a number of 50000001 bits: must be true or false",
            "server.d = a number of 50000001 bits: must be true or false",
            "server.e = 1E+999999999: must be true or false");
  }

  private void assertOneError(String path, Object value, String rule) {
    assertThat(errors)
        .usingRecursiveFieldByFieldElementComparator()
        .containsExactly(new ConfigError(path, value, rule, null));
  }

  private List<String> lines() {
    return errors.stream().map(ConfigError::toString).toList();
  }

  private ConfigSection server(Map<?, ?> values) {
    return ConfigSection.root(Map.of("server", values), errors).section("server");
  }
}
