// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.extproc.ExtProcConfig;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.router.RouterConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class ConfigFileTest {
  private static final ServerConfig DEFAULT_SERVER =
      new ServerConfig(
          new GrpcConfig(
              new ListenAddress("0.0.0.0", 50051),
              null,
              null,
              Runtime.getRuntime().availableProcessors(),
              Duration.ofSeconds(60),
              64 << 20,
              64 << 10,
              false),
          ExtProcConfig.DEFAULT,
          new MetricsConfig(new ListenAddress("0.0.0.0", 9190), true, null, null, false),
          Duration.ofHours(1),
          Duration.ZERO,
          Duration.ofSeconds(25),
          Duration.ZERO,
          null,
          null);

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private ConfigFile read(String yaml) throws IOException, UnreadableException {
    return ConfigFile.read(write(yaml), "info");
  }

  private Path write(String yaml) throws IOException {
    return Files.writeString(directory.resolve("config.yaml"), yaml);
  }

  private List<String> errors(String yaml) throws IOException {
    return errors(yaml, "info");
  }

  private List<String> errors(String yaml, String logLevel) throws IOException {
    Path path = write(yaml);
    ConfigException e =
        catchThrowableOfType(ConfigException.class, () -> ConfigFile.read(path, logLevel));
    assertThat(e).as("a ConfigException").isNotNull();
    return e.errors().stream().map(ConfigError::toString).toList();
  }

  private String unreadable(String yaml) throws IOException {
    return unreadable(write(yaml));
  }

  private static String unreadable(Path path) {
    UnreadableException e =
        catchThrowableOfType(UnreadableException.class, () -> ConfigFile.read(path, "info"));
    assertThat(e).as("an UnreadableException").isNotNull();
    assertThat(String.valueOf(e.getMessage())).hasSizeLessThan(500).doesNotContain("\n");
    return String.valueOf(e.getMessage());
  }

  private static void assertDefaults(ConfigFile file) {
    assertThat(file.metering())
        .usingRecursiveComparison()
        .withStrictTypeChecking()
        .isEqualTo(MaasConfig.defaults());
    // Its conditions hold trees of thousands of words, which a comparison by reflection walks for
    // minutes.
    assertThat(file.router())
        .usingRecursiveComparison()
        .ignoringFields("decider", "security")
        .withStrictTypeChecking()
        .isEqualTo(RouterConfig.defaults());
    assertThat(file.server()).isEqualTo(DEFAULT_SERVER);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "maas_integration: { enabled: true, authentication: { user_header: x-user },"
            + " usage: { routes: { \"/a/b.c\": { operation: chat, force_usage: false } } } }",
        "{ maas_integration: { enabled: true, metrics: { internal_cost_calculation: true } },"
            + " pricing: { currency: EUR, models: { \"qwen 3.5\": { prompt_per_1m: 0.25,"
            + " completion_per_1m: \"1e-2\" } } } }",
        "server: { grpc_tcp: false, grpc_socket: /run/maas/maas.sock, drain_timeout_seconds: 60 }",
        "router: { enabled: true, default_model: a, models: { a: {}, b: {} }, signals: {"
            + " keywords: [{ name: k, keywords: [\"yes\", \"010\"] }] }, decisions: [{ name: d,"
            + " rules: { type: keyword, name: k }, modelRefs: [{ model: b }] }] }",
      })
  void printedConfigurationIsTheSameOne(String yaml) throws Exception {
    ConfigText text = new ConfigText();
    ConfigFile file = ConfigFile.read(write(yaml), Map.of("LOG_LEVEL", "info"), text);
    String printed = text.yaml();
    ConfigFile again = ConfigFile.read(write(printed), Map.of("LOG_LEVEL", "info"), text);
    assertThat(again)
        .as(printed)
        .usingRecursiveComparison()
        .ignoringFields("router.decider", "router.security")
        .isEqualTo(file);
    assertThat(text.yaml()).isEqualTo(printed);
  }

  @Test
  void errorHasTheLineOfItsKeyOrOfTheSectionThatLacksIt() throws Exception {
    Path path =
        write(
            """
            # a comment

            maas_integration:
              enabled: maybe
            router:
              enabled: true
              signals:
                keywords:
                - name: a
                  keywords: [ b ]
                - keywords: [ c, 5 ]
            """);
    ConfigText text = new ConfigText();
    ConfigException e =
        catchThrowableOfType(
            ConfigException.class, () -> ConfigFile.read(path, Map.of("LOG_LEVEL", "loud"), text));
    assertThat(e.errors().stream().map(text::located))
        .anySatisfy(line -> assertThat(line).startsWith("line 4: maas_integration.enabled"))
        .anySatisfy(line -> assertThat(line).startsWith("line 11: router.signals.keywords[1]"))
        .anySatisfy(line -> assertThat(line).startsWith("LOG_LEVEL"));
  }

  // The embedded router

  @Test
  void sectionOfTheEmbeddedRouterIsRead() throws Exception {
    assertThat(read("router: { enabled: true }").router().enabled()).isTrue();
    assertThat(read("router:").router().enabled()).isFalse();
    assertThat(errors("router: { enabled: 5, enable: true }"))
        .hasSize(2)
        .allMatch(error -> error.startsWith("router.enable"));
  }

  // The reference configuration

  @Test
  void referenceConfigurationHasTheKeysOfTheSeedOfUsageAndOfRoutingAndIsTheDefault()
      throws Exception {
    Path reference = Path.of("..", "deploy", "maas", "config.maas.yaml");
    Map<?, ?> tree =
        new com.fasterxml.jackson.dataformat.yaml.YAMLMapper()
            .readValue(reference.toFile(), Map.class);
    assertThat(tree.keySet()).isEqualTo(Set.of("maas_integration", "router"));
    assertThat(tree.get("maas_integration"))
        .isEqualTo(
            Map.of(
                "enabled",
                false,
                "authentication",
                Map.of(
                    "user_header", "x-auth-request-user",
                    "tier_header", "x-auth-request-tier",
                    "fallback_user", "unknown",
                    "fallback_tier", "free",
                    "unusable", "fallback"),
                "metrics",
                Map.of(
                    "export_token_metrics", true,
                    "export_cache_metrics", true,
                    "export_routing_metrics", true,
                    "export_security_metrics", true,
                    "internal_cost_calculation", false),
                "usage",
                Map.of(
                    "force_usage",
                    true,
                    "backend",
                    "generic",
                    "on_disconnect",
                    "estimate",
                    "unmeasurable",
                    "estimate",
                    "bytes_per_token",
                    4,
                    "max_tokens_per_exchange",
                    100_000_000,
                    "unlisted",
                    "detect",
                    "accept_encoding",
                    "decodable",
                    "routes",
                    Map.of()),
                "routing",
                Map.of("profile", "auto", "request_debug", true, "headers", Map.of()),
                "headers",
                Map.of(
                    "export_routing", true,
                    "export_cache", true,
                    "export_security", false,
                    "prefix", "x-vsr-")));
    assertThat(leaves("", tree.get("router")))
        .containsExactly(
            "enabled",
            "max_body_bytes",
            "max_held_bytes",
            "route_models",
            "models",
            "reasoning_families",
            "signals.keywords",
            "signals.regex",
            "signals.regex_max_characters",
            "signals.domains",
            "signals.languages",
            "signals.context",
            "signals.models",
            "signals.tiers",
            "decisions",
            "security.pii.enabled",
            "security.pii.action",
            "security.pii.types",
            "security.pii.national_ids",
            "security.jailbreak.enabled",
            "security.jailbreak.action",
            "security.jailbreak.phrases",
            "security.jailbreak.patterns",
            "response_cache.enabled",
            "response_cache.max_bytes",
            "response_cache.ttl_seconds",
            "response_cache.max_entry_bytes",
            "response_cache.scope",
            "response_cache.temperature");
    ConfigFile file = ConfigFile.read(reference, "info");
    assertDefaults(file);
    assertThat(file.metering().mode()).isEqualTo(Mode.STANDALONE);
    assertThat(file.router().enabled()).isFalse();
  }

  private static List<String> leaves(String path, @Nullable Object value) {
    if (!(value instanceof Map<?, ?> map) || map.isEmpty()) {
      return List.of(path);
    }
    List<String> leaves = new ArrayList<>();
    map.forEach((key, v) -> leaves.addAll(leaves(path.isEmpty() ? "" + key : path + "." + key, v)));
    return leaves;
  }

  @Test
  void exampleOfARouterInTheReferenceConfigurationWorksWithoutItsCommentSigns() throws Exception {
    String reference = Files.readString(Path.of("..", "deploy", "maas", "config.maas.yaml"));
    int example = reference.indexOf("\n# router:\n");
    assertThat(example).isPositive();
    String yaml = reference.substring(example).replace("\n# ", "\n");
    assertThat(read(yaml).router().enabled()).isTrue();
  }

  // Files that are no configuration

  @ParameterizedTest
  @ValueSource(strings = {"", "\n\n", "# only a comment\n", "---\n", "--- ~\n", "{}\n"})
  void emptyFileIsTheDefault(String yaml) throws Exception {
    ConfigFile file = read(yaml);
    assertDefaults(file);
  }

  @Test
  void missingFileIsNamedWithItsAbsolutePath() {
    Path missing = Path.of("no", "such", "..", "config.yaml");
    assertThat(unreadable(missing))
        .contains(Path.of("no", "config.yaml").toAbsolutePath().toString())
        .contains("deploy/maas/config.maas.yaml");
  }

  @Test
  void directoryIsNoFile() {
    assertThat(unreadable(directory)).contains(directory.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"- a\n- b\n", "just text\n", "42\n", "true\n"})
  void fileThatIsNoMappingIsRefused(String yaml) throws IOException {
    assertThat(unreadable(yaml)).contains("must be a YAML mapping");
  }

  @Test
  void syntaxErrorIsReportedWithItsLine() throws IOException {
    assertThat(unreadable("maas_integration:\n  enabled: true\n  headers: [\n  prefix: x\n"))
        .containsPattern("config\\.yaml:[345]: not valid YAML");
    assertThat(unreadable("maas_integration:\n\tenabled: true\n")).contains("config.yaml:2:");
    assertThat(unreadable("a: b: c\n")).contains("config.yaml:1:");
  }

  @Test
  void duplicateKeyIsReportedWithItsLine() throws IOException {
    assertThat(unreadable("maas_integration:\n  enabled: true\n  enabled: false\n"))
        .contains("config.yaml:3:")
        .contains("enabled");
    assertThat(unreadable("maas_integration: {}\nserver: {}\nmaas_integration: {}\n"))
        .contains("config.yaml:3:")
        .contains("maas_integration");
  }

  @Test
  void secondDocumentIsRefusedInsteadOfIgnored() throws IOException {
    assertThat(unreadable("server: {}\n---\nmaas_integration:\n  enabled: true\n"))
        .contains("config.yaml:")
        .contains("one document");
  }

  @Test
  void oddBytesAreRefusedWithOneLine() throws IOException {
    Path path = directory.resolve("config.yaml");
    Files.write(path, new byte[] {'a', ':', ' ', (byte) 0xFF, (byte) 0xFE, '\n'});
    unreadable(path);
    Files.write(path, new byte[] {'a', ':', ' ', 0, 1, '\n'});
    unreadable(path);
  }

  // Sections

  @Test
  void allErrorsOfAllSectionsComeAtOnce() throws IOException {
    assertThat(
            errors(
                """
                maas_integration:
                  enabled: maybe
                  headers:
                    prefx: x-
                pricing:
                  currency: dollars
                server:
                  grpc_port: 70000
                  metrics_addres: 127.0.0.1
                """,
                "verbose"))
        .containsExactly(
            "maas_integration.enabled = \"maybe\": must be true or false",
            "maas_integration.headers.prefx: unknown key; did you mean \"prefix\"?",
            "pricing.currency = \"dollars\": must be an ISO 4217 code, such as USD",
            "server.grpc_port = 70000: must be a whole number from 0 to 65535",
            "server.metrics_addres: unknown key; did you mean \"metrics_address\"?",
            "LOG_LEVEL = \"verbose\": must be one of debug, error, info, off, trace, warn");
  }

  @Test
  void filesThatAStartCannotUseAreErrorsToo() throws IOException {
    Path shortKey = Files.writeString(directory.resolve("short"), "0123456789abcde");
    Path noHeaders = Files.writeString(directory.resolve("headers"), "secret-without-a-name");
    Path noCertificate = Files.writeString(directory.resolve("ca.pem"), "secret");
    String yaml =
        """
        maas_integration:
          enabled: %s
          metrics: { users: hmac, hmac_key_file: %s }
        server:
          otlp:
            endpoint: %s
            headers_file: %s
            ca: %s
        """;
    String collector = "http://collector:4318";
    String key =
        "maas_integration.metrics.hmac_key_file = \"%s\": must be a readable file of 16 to 4096"
            + " bytes";
    String ofHeaders =
        "server.otlp.headers_file: must hold lines like `name: value` in ASCII, at most 16384"
            + " bytes: "
            + noHeaders;
    String ofCa = "server.otlp.ca: " + noCertificate + " holds no certificate in PEM format";
    assertThat(errors(yaml.formatted(true, shortKey, collector, noHeaders, noCertificate)))
        .containsExactly(key.formatted(shortKey), ofHeaders, ofCa);
    Path missing = directory.resolve("missing");
    assertThat(errors(yaml.formatted(true, missing, collector, missing, missing)))
        .containsExactly(
            key.formatted(missing),
            "server.otlp.headers_file: cannot be read: " + missing,
            "server.otlp.ca: cannot be read: " + missing);
    // Without users there is no key to read, and a wrong endpoint hides no wrong file.
    assertThat(
            errors(yaml.formatted(false, missing, "http://c?k=hidden", noHeaders, noCertificate)))
        .containsExactly(
            "server.otlp.endpoint = (not shown): must be an address like http://collector:4318,"
                + " without a user and a query: headers_file is for secrets",
            ofHeaders,
            ofCa);
  }

  @Test
  void sectionsOfOthersAreTolerated() throws Exception {
    ConfigFile file =
        read(
            """
            bert_model: { model_id: minilm, threshold: .6 }
            defaults: &defaults
              use_reasoning: on
            vllm_endpoints:
              - { name: a, address: 127.0.0.1, port: 0100, <<: *defaults }
              - &b { name: b }
              - *b
            maas_integration:
              enabled: true
            """);
    assertThat(file.metering().mode()).isEqualTo(Mode.MAAS);
  }

  @Test
  void misspelledSectionIsNotTakenForOneOfOthers() throws IOException {
    assertThat(errors("mass_integration:\n  enabled: true\nservr: {}\n"))
        .containsExactly(
            "mass_integration: unknown key; did you mean \"maas_integration\"?",
            "servr: unknown key; did you mean \"server\"?");
  }

  @ParameterizedTest
  @ValueSource(strings = {"yes", "on", "Yes", "ON", "y", "1", "\"true\"", "[true]", "{a: b}"})
  void booleanIsTrueOrFalseAndNothingElse(String value) throws IOException {
    assertThat(errors("maas_integration:\n  enabled: " + value + "\n"))
        .singleElement()
        .asString()
        .startsWith("maas_integration.enabled = ")
        .endsWith(": must be true or false");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "010",
        "0777",
        "0o17",
        "0x1F90",
        "0b11",
        "9_190",
        "1:30",
        "9190.5",
        "9e-3",
        "-1",
        "\"09190\"",
        "99999999999999999999",
        ".inf"
      })
  void portIsADecimalNumber(String value) throws IOException {
    assertThat(errors("server:\n  metrics_port: " + value + "\n"))
        .singleElement()
        .asString()
        .startsWith("server.metrics_port = ")
        .endsWith(": must be a whole number from 0 to 65535");
  }

  /** Helm writes numbers from a million on with an exponent; templates put quotes around them. */
  @ParameterizedTest
  @ValueSource(strings = {"9000", "+9000", "\"9000\"", "9000.0", "9e3", "9e+03", "9.0e3", "9E+03"})
  void portIsAWholeNumberHoweverItIsWritten(String value) throws Exception {
    assertThat(read("server:\n  metrics_port: " + value + "\n").server().metrics().address().port())
        .isEqualTo(9000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"007", "12345", "1.5", "true", "0x10", "[a]", "no", "off"})
  void textThatYamlTakesForSomethingElseNeedsQuotes(String value) throws IOException {
    assertThat(errors("maas_integration:\n  authentication:\n    fallback_user: " + value + "\n"))
        .singleElement()
        .asString()
        .endsWith(": must be a text (put it in quotes)");
  }

  @Test
  void valueThatIsLeftEmptyIsTheDefault() throws Exception {
    ConfigFile file = read("maas_integration:\n  enabled:\nserver:\n  grpc_port: ~\npricing:\n");
    assertDefaults(file);
  }

  @Test
  void emptyTextIsNotTheDefault() throws IOException {
    assertThat(errors("maas_integration: { authentication: { fallback_user: \"\" } }\n"))
        .containsExactly(
            "maas_integration.authentication.fallback_user = \"\": must have 1 to 256 bytes,"
                + " no control characters and no white space around it");
  }

  @Test
  void samePortTwiceIsRefused() throws IOException {
    assertThat(errors("server: { grpc_port: 9000, metrics_port: 9000 }\n"))
        .containsExactly("server.metrics_port = 9000: must differ from grpc_port");
  }

  @Test
  void bothPortsCanBeLeftToTheSystem() throws Exception {
    ServerConfig server = read("server: { grpc_port: 0, metrics_port: 0 }\n").server();
    assertThat(server.grpc().tcp()).isEqualTo(new ListenAddress("0.0.0.0", 0));
    assertThat(server.metrics().address().port()).isZero();
  }

  // Money

  @ParameterizedTest
  @ValueSource(strings = {"0.1", "1e-1", "\"0.1\"", "0.100000000000000000000000000000", ".1"})
  void priceIsExact(String price) throws Exception {
    Map<String, ?> prices = Map.of("prompt_per_1m", "0.1", "completion_per_1m", "0.3");
    MaasConfig exact =
        MaasConfig.from(Map.of("pricing", Map.of("models", Map.of("qwen3", prices))));
    assertThat(cost(read(pricing(price)).metering())).isNotNull().isEqualTo(cost(exact));
  }

  private static @Nullable Cost cost(MaasConfig config) {
    return config
        .rateCard()
        .price("qwen3", Identity.ANONYMOUS, null, false, 3_000_000, 0)
        .cost(TokenUsage.of(3_000_000, 7), UnitUsage.NONE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.10000000000000001",
        "0.0000000000001",
        ".nan",
        ".inf",
        "-.inf",
        "-0.1",
        "1e999999999",
        "1,5",
        "0x10",
        "1_000",
        "cheap",
        "[1]",
        "1e-999999999"
      })
  void priceThatIsNotExactOrNotAPriceIsRefused(String price) throws IOException {
    assertThat(errors(pricing(price)))
        .singleElement()
        .asString()
        .startsWith("pricing.models.qwen3.prompt_per_1m = ");
  }

  private static String pricing(String price) {
    return "pricing:\n  models:\n    qwen3:\n      prompt_per_1m: "
        + price
        + "\n      completion_per_1m: 0.3\n";
  }

  // YAML's own traps

  @Test
  void aliasInOurSectionsIsRefusedInsteadOfReadAsItsName() throws IOException {
    assertThat(
            unreadable(
                """
                who: &who nobody
                maas_integration:
                  authentication:
                    fallback_user: *who
                """))
        .contains("config.yaml:4:")
        .doesNotContain("who");
    assertThat(unreadable("base: &base { enabled: true }\nmaas_integration: *base\n"))
        .contains("config.yaml:2:")
        .doesNotContain("base");
    assertThat(unreadable("b: &b { enabled: true }\nmaas_integration:\n  <<: *b\n"))
        .contains("config.yaml:3:")
        .doesNotContain("*b");
  }

  @Test
  void aliasBombIsBoundedWhereverItStands() throws Exception {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 30; i++) {
      String alias = "*a" + (i - 1);
      bomb.append("a" + i + ": &a" + i + " [")
          .append(String.join(", ", List.of(alias, alias, alias, alias, alias, alias, alias)))
          .append("]\n");
    }
    assertDefaults(read(bomb.toString()));
    assertThat(unreadable(bomb + "maas_integration: { enabled: *a29 }\n")).contains("aliases (*…)");
  }

  @Test
  void deepNestingIsRefused() throws IOException {
    unreadable("a: " + "[".repeat(100_000));
    unreadable("maas_integration: " + "{a: ".repeat(10_000));
  }

  /** A key that lacks its quotes: the parser of JSON repeats the word that it cannot read. */
  @Test
  void whatIsNoJsonIsNotShown() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("config.json"), "{ \"a\": sk-proj-s3cr3t0fTheGateway }");
    assertThat(unreadable(file)).contains(":1: not valid JSON: ").doesNotContain("s3cr3t", "proj");
    Files.writeString(file, "{\n\"a\": s3cr3t0fTheGateway }");
    assertThat(unreadable(file)).contains(":2: not valid JSON: ").doesNotContain("s3cr3t");
  }

  @Test
  void hugeFileIsRefused() throws IOException {
    assertThat(unreadable("# " + "x".repeat(2_000_000) + "\n")).contains("larger than");
    assertThat(unreadable("a: \"" + "x".repeat(20_000_000) + "\"\n")).contains("larger than");
  }

  @Test
  void hugeNumberIsRefused() throws IOException {
    String message = "";
    try {
      read("server: { grpc_port: " + "9".repeat(100_000) + " }\n");
    } catch (ConfigException | UnreadableException e) {
      message = String.valueOf(e.getMessage());
    }
    assertThat(message).isNotEmpty();
  }

  @Test
  void wrongLogLevelIsReportedForAnEmptyFileToo() throws IOException {
    Path path = write("");
    assertThatThrownBy(() -> ConfigFile.read(path, "debgu"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("did you mean \"debug\"?");
  }
}
