// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class AuthenticationTest {
  private static final String SECRET = "0123456789abcdef";

  static List<Arguments> mistakes() {
    String trust = "maas_integration.authentication.trust";
    return List.of(
        mistake(Map.of("preset", "kuadrnt"), "did you mean \"kuadrant\"?"),
        mistake(Map.of("trust", List.of()), trust + " = [...]: must have at least one element"),
        mistake(
            Map.of("trust", List.of(Map.of("by", "header"))),
            trust + "[0].by = \"header\": must be one of attributes, headers, jwt, metadata; did"),
        mistake(
            Map.of("trust", List.of(Map.of(), Map.of("proof_header", "x-proof"))),
            "must have headers without a proof last: they vouch for everybody"),
        mistake(
            Map.of("trust", List.of(Map.of("secrets", List.of(SECRET)))),
            trust + "[0].secrets = (not shown): needs a proof_header"),
        mistake(
            Map.of("trust", List.of(Map.of("proof_header", "x-p", "secrets", List.of("short")))),
            trust + "[0].secrets = (not shown): must have at least 16 characters each"),
        mistake(
            Map.of(
                "trust",
                List.of(Map.of("proof_header", "x-p", "secrets", List.of(SECRET, SECRET, SECRET)))),
            "must have at most 2: the old one and the new one"),
        mistake(
            Map.of("trust", List.of(Map.of("proof_header", "x-p", "secrets", List.of(4711)))),
            trust + "[0].secrets: must be a list of texts"),
        mistake(
            Map.of("trust", List.of(Map.of("proof_header", "x-auth-request-user"))),
            "must differ from user_header and tier_header"),
        mistake(
            Map.of("trust", List.of(Map.of("by", "metadata", "user", "id"))),
            trust + "[0].namespace: must be a text that is not empty"),
        mistake(
            Map.of("trust", List.of(Map.of("by", "attributes"))),
            trust + "[0].user: must be a text that is not empty"),
        mistake(
            Map.of("trust", List.of(jwt("jwks", "http://idp/keys"))),
            "must be an https URL: keys from elsewhere could be anybody's"),
        mistake(Map.of("trust", List.of(jwt("issuer", " "))), "must be the issuer (iss)"),
        mistake(
            Map.of("trust", List.of(jwt("algorithms", List.of("HS256")))),
            "must be some of ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512"),
        mistake(
            Map.of("trust", List.of(jwt("algorithms", List.of("none")))), "must be some of ES256"),
        mistake(Map.of("tiers", List.of("gold")), "must have the fallback_tier among them"),
        mistake(
            Map.of("attributes", Map.of("user", "x-u")),
            "must be named in small letters, digits and _, not user, tier, model or type"),
        mistake(Map.of("attributes", Map.of("Team", "x-t")), "must be named in small letters"),
        mistake(
            Map.of("attributes", Map.of("key", "authorization")),
            "must not be a header with credentials: it becomes a metric label"),
        mistake(Map.of("attributes", Map.of("team", "x t")), "must be an HTTP header name"));
  }

  private static Map<String, ?> jwt(String key, Object value) {
    Map<String, Object> jwt = new LinkedHashMap<>();
    jwt.put("by", "jwt");
    jwt.put("jwks", "keys.json");
    jwt.put("issuer", "https://idp");
    jwt.put("user", "sub");
    jwt.put(key, value);
    return jwt;
  }

  private static Arguments mistake(Map<String, ?> authentication, String message) {
    return Arguments.of(authentication, message);
  }

  private static Authentication read(Map<String, ?> authentication) {
    return MaasConfig.from(Map.of("maas_integration", Map.of("authentication", authentication)))
        .authentication();
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void eachMistakeIsReportedWithItsPlaceAndNeverWithASecret(
      Map<String, ?> authentication, String message) {
    ConfigException e = catchThrowableOfType(ConfigException.class, () -> read(authentication));

    assertThat(e.getMessage()).contains(message).doesNotContain(SECRET, "short", "4711");
  }

  @ParameterizedTest
  @CsvSource({"15, true", "16, true", "17, false"})
  void attributesAreSixteenAtMost(int count, boolean taken) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      attributes.put("a" + i, "x-a" + i);
    }
    assertThat(isTaken(Map.of("attributes", attributes))).isEqualTo(taken);
  }

  @ParameterizedTest
  @CsvSource({"1, true", "2, true", "3, false"})
  void secretsAreTwoAtMost(int count, boolean taken) {
    Map<String, ?> proof =
        Map.of("proof_header", "x-p", "secrets", Collections.nCopies(count, SECRET));
    assertThat(isTaken(Map.of("trust", List.of(proof)))).isEqualTo(taken);
  }

  private static boolean isTaken(Map<String, ?> authentication) {
    return catchThrowable(() -> read(authentication)) == null;
  }

  @Test
  void defaultsAreTheHeadersOfTheGuide() {
    Authentication authentication = read(Map.of());

    assertThat(authentication.trust()).hasSize(1);
    assertThat(authentication.trust().get(0).isUnproven()).isTrue();
    assertThat(authentication.userHeader()).isEqualTo("x-auth-request-user");
    assertThat(authentication.tierHeader()).isEqualTo("x-auth-request-tier");
    assertThat(authentication.proofHeader()).isNull();
    assertThat(authentication.tiers()).isEmpty();
  }

  @Test
  void presetOfTheSemanticRouterHasItsHeadersAndLabels() {
    Authentication authentication = read(Map.of("preset", "vsr"));

    assertThat(authentication.userHeader()).isEqualTo("x-authz-user-id");
    assertThat(authentication.tierHeader()).isEqualTo("x-auth-request-tier");
    assertThat(authentication.trust().get(0).attributes())
        .isEqualTo(Map.of("team_id", "x-authz-team-id", "tenant_id", "x-authz-tenant-id"));
    assertThat(authentication.labels()).containsExactly("team_id", "tenant_id");
  }

  @Test
  void headersOfAPresetCanBeOthers() {
    Authentication authentication = read(Map.of("preset", "maas", "tier_header", "x-plan"));

    assertThat(authentication.userHeader()).isEqualTo("x-maas-username");
    assertThat(authentication.tierHeader()).isEqualTo("x-plan");
  }

  @Test
  void secretsAreNotShown() {
    List<ConfigError> errors = new ArrayList<>();
    ConfigSection section =
        ConfigSection.root(
            Map.of("trust", List.of(Map.of("proof_header", "x-p", "secrets", List.of(SECRET)))),
            errors);
    Authentication authentication = Authentication.from(section);

    assertThat(errors).isEmpty();
    assertThat(authentication.trust().get(0).secrets()).containsExactly(SECRET);
    assertThat(section.effective().toString()).contains("***").doesNotContain(SECRET);
  }
}
