// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A real Envoy: each place of {@code authentication.trust} vouches for a payer, and a client gains
 * nothing by saying that it is somebody else. All clients here are alice, and say that they are
 * mallory.
 */
class TrustIT {
  private static final String CHAT = "/v1/chat/completions";
  private static final String QUESTION =
      """
      {"model":"qwen3","messages":[{"role":"user","content":"What is 2+2?"}]}\
      """;
  private static final String SECRET = "a-secret-of-the-gateway";
  private static final String NEXT_SECRET = "the-next-secret-of-it";

  /** An auth filter that verifies a token, and makes headers and metadata of its claims. */
  private static final String JWT_AUTHN =
      """
      name: envoy.filters.http.jwt_authn
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
        providers:
          maas:
            issuer: https://idp.example
            local_jwks: { inline_string: '%s' }
            payload_in_metadata: maas
            forward: true
            claim_to_headers:
            - { claim_name: sub, header_name: x-auth-request-user }
            - { claim_name: tier, header_name: x-auth-request-tier }
        rules:
        - match: { prefix: / }
          requires: %s
      """;

  /** What Kuadrant's filter leaves behind, here by Envoy's own filter. */
  private static final String FILTER_STATE =
      """
      name: envoy.filters.http.set_filter_state
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config
        on_request_headers:
        - object_key: wasm.kuadrant.auth.identity.userid
          factory_key: envoy.string
          format_string: { text_format_source: { inline_string: "alice" } }
        - object_key: wasm.kuadrant.auth.kuadrant.plan
          factory_key: envoy.string
          format_string: { text_format_source: { inline_string: "gold" } }
      """;

  private static final String KUADRANT_ATTRIBUTES =
      """
      request_attributes:
      - filter_state['wasm.kuadrant.auth.identity.userid']
      - filter_state['wasm.kuadrant.auth.kuadrant.plan']
      """;

  private static final String FORWARDED =
      """
      metadata_options:
        forwarding_namespaces: { untyped: [ envoy.filters.http.jwt_authn ] }
        receiving_namespaces: { untyped: [ io.semanticrouter.maas ] }
      """;

  @SuppressWarnings("NullAway.Init")
  private static String token;

  @SuppressWarnings("NullAway.Init")
  private static EarlierFilters earlier;

  @SuppressWarnings("NullAway.Init")
  private static Stack byHeaders;

  @SuppressWarnings("NullAway.Init")
  private static Stack byProof;

  @BeforeAll
  static void start() throws Exception {
    RSAKey key = new RSAKeyGenerator(2048).keyID("k").generate();
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("k").build(),
            new JWTClaimsSet.Builder()
                .issuer("https://idp.example")
                .subject("alice")
                .claim("tier", "gold")
                .claim("cost_center", "47")
                .expirationTime(Date.from(Instant.now().plusSeconds(3600)))
                .build());
    jwt.sign(new RSASSASigner(key));
    token = jwt.serialize();
    String keys = new JWKSet(key.toPublicJWK()).toString();
    earlier = EarlierFilters.start();
    byHeaders =
        Stack.start(
            "trust-headers",
            "maas_integration: { enabled: true }\n",
            SimulatedVllm.builder().model("qwen3"),
            envoy -> {
              envoy.listener("jwt").before(JWT_AUTHN.formatted(keys, "{ provider_name: maas }"));
              envoy
                  .listener("optional")
                  .before(
                      JWT_AUTHN.formatted(
                          keys,
                          "{ requires_any: { requirements: [ { provider_name: maas },"
                              + " { allow_missing: {} } ] } }"));
              envoy.cluster(EarlierFilters.CLUSTER, "maas-extproc", earlier.port());
              envoy.listener("authz").before(EarlierFilters.EXT_AUTHZ);
              envoy.listener("processor").before(EarlierFilters.EXT_PROC);
            });
    Path directory = Files.createDirectories(Project.WORK.resolve("trust-files"));
    Path jwks = Files.writeString(directory.resolve("keys.json"), keys);
    Path secret = Files.writeString(directory.resolve("proof"), NEXT_SECRET + "\n");
    byProof =
        Stack.start(
            "trust-proof",
            """
            maas_integration:
              enabled: true
              metrics: { identity_labels: [ cost_center ] }
              authentication:
                untrusted: refuse
                trust:
                - by: attributes
                  user: filter_state['wasm.kuadrant.auth.identity.userid']
                  tier: filter_state['wasm.kuadrant.auth.kuadrant.plan']
                - { by: metadata, namespace: envoy.filters.http.jwt_authn, user: maas.sub, tier: maas.tier }
                - { by: metadata, namespace: envoy.filters.http.ext_authz, user: id, tier: plan }
                - by: jwt
                  jwks: %s
                  issuer: https://idp.example
                  header: x-wristband
                  user: sub
                  tier: tier
                  attributes: { cost_center: cost_center }
                - proof_header: x-gateway-proof
                  secrets: [ %s, { file: %s } ]
            """
                .formatted(jwks, SECRET, secret),
            SimulatedVllm.builder().model("qwen3"),
            envoy -> {
              envoy.listener("state").before(FILTER_STATE).extProc(KUADRANT_ATTRIBUTES);
              envoy
                  .listener("metadata")
                  .before(JWT_AUTHN.formatted(keys, "{ provider_name: maas }"))
                  .extProc(FORWARDED);
              envoy.cluster(EarlierFilters.CLUSTER, "maas-extproc", earlier.port());
              envoy
                  .listener("authz")
                  .before(EarlierFilters.EXT_AUTHZ)
                  .extProc(FORWARDED.replace("jwt_authn", "ext_authz"));
            });
  }

  @AfterAll
  static void stop() {
    byHeaders.close();
    byProof.close();
    earlier.close();
  }

  @BeforeEach
  void mark() {
    byHeaders.mark();
    byProof.mark();
  }

  /** Ways to say that one is mallory, of RFC 9110, of proxies and of bug reports. */
  static List<List<String>> attacks() {
    List<List<String>> attacks = new ArrayList<>();
    for (String line :
        List.of(
            "x-auth-request-user: mallory",
            "X-Auth-Request-User: mallory",
            "X-AUTH-REQUEST-USER:mallory",
            "x-auth-request-user:  mallory  ",
            "x-auth-request-user:\tmallory",
            "x-auth-request-user: mallory, alice",
            "x-auth-request-user: alice, mallory",
            "x-auth-request-user: \"mallory\"",
            "x-auth-request-user: ",
            "x_auth_request_user: mallory",
            "x-auth-request_user: mallory",
            "x-auth-request-user-: mallory",
            "x-auth-request-tier: mallory",
            "connection: close, x-auth-request-user",
            "connection: close, x-auth-request-user, x-auth-request-tier",
            "te: trailers",
            "x-vsr-skip-processing: true",
            "x-vsr-debug: true",
            "x-vsr-cache-hit: true",
            "x-vsr-response-path: cache",
            "x-vsr-model-selected: mallory",
            "x-vsr-selected-model: mallory",
            "x-envoy-original-path: /healthz",
            "x-original-url: /healthz",
            "x-rewrite-url: /healthz",
            "x-http-method-override: GET",
            "x-forwarded-user: mallory",
            "x-maas-username: mallory",
            "x-authz-user-id: mallory",
            "x-envoy-internal: true",
            "x-gateway-proof: guess")) {
      attacks.add(List.of(CHAT, line));
    }
    String line = "x-auth-request-user: mallory";
    attacks.add(List.of(CHAT, line, line));
    attacks.add(List.of(CHAT, line, "X-Auth-Request-User: alice"));
    attacks.add(List.of(CHAT, line, "x_auth_request_user: mallory", "x-auth-request-tier: gold"));
    attacks.add(List.of("http://llm.example" + CHAT, line));
    attacks.add(List.of(CHAT + "?user=mallory&x-auth-request-user=mallory", line));
    attacks.add(List.of("//v1/chat/completions", line));
    attacks.add(List.of("/v1/./chat/completions", line));
    attacks.add(List.of("/v1/%63hat/completions", line));
    return attacks;
  }

  /** One of each kind of {@link #attacks()}, for filters that differ in how they set headers. */
  static List<List<String>> attackOfEachKind() {
    String line = "x-auth-request-user: mallory";
    return List.of(
        List.of(CHAT, line),
        List.of(CHAT, line, "X-Auth-Request-User: mallory", "x-auth-request-tier: mallory"),
        List.of(CHAT, "x-auth-request-user: alice, mallory", "x_auth_request_user: mallory"),
        List.of(CHAT, "connection: close, x-auth-request-user, x-auth-request-tier", line),
        List.of(CHAT, "x-auth-request-user: ", "x-auth-request-tier: "),
        List.of(CHAT, line, "x-vsr-skip-processing: true", "x-vsr-cache-hit: true"),
        List.of(CHAT, line, "x-envoy-auth-partial-body: true", "x-envoy-internal: true"),
        List.of("http://llm.example" + CHAT, line),
        List.of("/v1/./%63hat/completions?x-auth-request-user=mallory", line));
  }

  private static RawHttp send(Stack stack, String listener, List<String> attack, String... more)
      throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("POST " + attack.get(0) + " HTTP/1.1");
    lines.add("host: llm.example");
    lines.addAll(attack.subList(1, attack.size()));
    lines.addAll(List.of(more));
    lines.add("content-type: application/json");
    lines.add("content-length: " + QUESTION.length());
    if (attack.stream().noneMatch(line -> line.startsWith("connection:"))) {
      lines.add("connection: close");
    }
    lines.add("");
    lines.add(QUESTION);
    return RawHttp.lines(stack.envoy.port(listener), lines.toArray(String[]::new));
  }

  private static void assertNobodyElsePays(Stack stack, long answered) {
    if (answered > 0) {
      stack.awaitRequests(answered);
    }
    String scrape = stack.server.scrape().text();
    assertThat(scrape).doesNotContain("user=\"mallory", "tier=\"mallory", "mallory, alice");
    assertThat(stack.delta("semantic_router_requests_total")).isEqualTo(answered);
  }

  /** Of an answer that was served; one that was not is nobody's. */
  private static void assertPayer(Stack stack, RawHttp answer, String... labels) {
    long served = answer.head().get(0).contains(" 200") ? 1 : 0;
    assertNobodyElsePays(stack, served);
    assertThat(stack.delta("semantic_router_requests_total", labels)).isEqualTo(served);
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void ownerOfTheTokenPaysWhateverTheClientSays(List<String> attack) throws Exception {
    RawHttp answer = send(byHeaders, "jwt", attack, "authorization: Bearer " + token);

    assertPayer(byHeaders, answer, "user", "alice");
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void whoHasNoTokenIsNobodyWhereNoneIsNeeded(List<String> attack) throws Exception {
    RawHttp answer = send(byHeaders, "optional", attack);

    assertPayer(byHeaders, answer, "user", "unknown");
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void nothingThatAClientSaysIsAProof(List<String> attack) throws Exception {
    RawHttp answer = send(byProof, "llm", attack, "x-gateway-proof: a-secret-of-the-gatewaY");

    assertThat(answer.head().get(0)).containsAnyOf(" 401", " 403", " 400");
    assertNobodyElsePays(byProof, byProof.delta("semantic_router_requests_total"));
    assertThat(byProof.backend.stats().promptTokens()).isZero();
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void filterStateOfAnAuthFilterIsBelievedAndNothingElse(List<String> attack) throws Exception {
    RawHttp answer = send(byProof, "state", attack);

    assertPayer(byProof, answer, "user", "alice", "tier", "gold");
  }

  @ParameterizedTest
  @MethodSource("attackOfEachKind")
  void headersOfAnAuthorizationServerAreWhoPays(List<String> attack) throws Exception {
    RawHttp answer = send(byHeaders, "authz", attack, "authorization: " + EarlierFilters.KEY);

    assertPayer(byHeaders, answer, "user", "alice", "tier", "gold");
  }

  @ParameterizedTest
  @MethodSource("attackOfEachKind")
  void metadataOfAnAuthorizationServerIsWhoPays(List<String> attack) throws Exception {
    RawHttp answer = send(byProof, "authz", attack, "authorization: " + EarlierFilters.KEY);

    assertPayer(byProof, answer, "user", "alice", "tier", "gold");
  }

  @ParameterizedTest
  @MethodSource("attackOfEachKind")
  void headersOfAProcessorBeforeThisOneAreWhoPays(List<String> attack) throws Exception {
    RawHttp answer = send(byHeaders, "processor", attack);

    assertPayer(byHeaders, answer, "user", "alice", "tier", "gold");
  }

  @Test
  void whomAnAuthorizationServerRefusesIsNobodyElse() throws Exception {
    for (Stack stack : List.of(byHeaders, byProof)) {
      for (List<String> attack : attackOfEachKind()) {
        RawHttp answer = send(stack, "authz", attack, "authorization: Bearer key-of-mallory");
        assertThat(answer.head().get(0)).containsAnyOf(" 401", " 403", " 400");
      }
      assertNobodyElsePays(stack, stack.delta("semantic_router_requests_total"));
      assertThat(stack.delta("semantic_router_tokens_total")).isZero();
      assertThat(stack.backend.stats().promptTokens()).isZero();
    }
  }

  @Test
  void metadataOfAnAuthFilterIsBelieved() throws Exception {
    RawHttp answer =
        send(
            byProof,
            "metadata",
            List.of(CHAT, "x-auth-request-user: mallory"),
            "authorization: Bearer " + token);

    assertThat(answer.head().get(0)).contains(" 200");
    byProof.awaitRequests(1);
    assertThat(byProof.delta("semantic_router_requests_total", "user", "alice", "tier", "gold"))
        .isEqualTo(1);
  }

  @Test
  void tokenIsVerifiedHereAndItsAttributesAreLabels() throws Exception {
    RawHttp answer =
        send(
            byProof, "llm", List.of(CHAT, "x-auth-request-user: mallory"), "x-wristband: " + token);

    assertThat(answer.head().get(0)).contains(" 200");
    byProof.awaitRequests(1);
    assertThat(
            byProof.delta(
                "semantic_router_requests_total",
                "user",
                "alice",
                "tier",
                "gold",
                "cost_center",
                "47"))
        .isEqualTo(1);
  }

  @Test
  void eachOfTwoSecretsProvesTheHeadersAndTheBackendGetsNone() throws Exception {
    for (String secret : List.of(SECRET, NEXT_SECRET)) {
      RawHttp answer =
          send(
              byProof,
              "llm",
              List.of(CHAT, "x-auth-request-user: bob", "x-auth-request-tier: silver"),
              "x-gateway-proof: " + secret);
      assertThat(answer.head().get(0)).contains(" 200");
      RawHttp echo = send(byProof, "llm", List.of("/echo"), "x-gateway-proof: " + secret);
      assertThat(echo.body()).contains("x-request-id").doesNotContain("proof", secret);
    }
    byProof.awaitRequests(2);
    assertThat(byProof.delta("semantic_router_requests_total", "user", "bob", "tier", "silver"))
        .isEqualTo(2);
    assertThat(byProof.server.log()).doesNotContain(SECRET, NEXT_SECRET);
  }

  @Test
  void untrustedRequestIsRefusedAndCountedByItsReason() throws Exception {
    Map<String, String> reasons =
        Map.of(
            "x-unused: 1",
            "no_token",
            "x-gateway-proof: guess",
            "wrong_proof",
            "x-wristband: " + token.substring(0, token.length() - 9) + "AAAAAAAAA",
            "wrong_signature");
    for (Map.Entry<String, String> reason : reasons.entrySet()) {
      byProof.mark();
      RawHttp answer = send(byProof, "llm", List.of(CHAT), reason.getKey());

      assertThat(answer.body()).contains("\"code\":\"identity_untrusted\"");
      byProof.awaitRequests(1);
      assertThat(
              byProof.delta(
                  "semantic_router_untrusted_identity_total", "reason", reason.getValue()))
          .isEqualTo(1);
    }
  }
}
