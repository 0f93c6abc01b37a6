// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.CapturedLog;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.spi.TokenVerifier;
import io.semanticrouter.maas.spi.VerifiedToken;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Which place is believed about who asks, and what becomes of a request that none vouches for. */
class TrustTest {
  private static final String SECRET = "0123456789abcdef";
  private static final String NEXT_SECRET = "fedcba9876543210";

  private static final Map<String, ?> PROVEN =
      Map.of("proof_header", "x-proof", "secrets", List.of(SECRET, NEXT_SECRET));
  private static final Map<String, ?> NOTED =
      Map.of("by", "metadata", "namespace", "auth", "user", "id.name", "tier", "plan");
  private static final Map<String, ?> SIGNED =
      Map.of(
          "by",
          "jwt",
          "jwks",
          "keys.json",
          "issuer",
          "https://idp",
          "user",
          "sub",
          "tier",
          "plan",
          "attributes",
          Map.of("cost_center", "org.cost", "groups", "groups"));

  /** A verifier by which the first letter of a token says what becomes of it. */
  private static final TokenVerifier BY_LETTER =
      token ->
          switch (token.charAt(0)) {
            case 'a' ->
                VerifiedToken.of(
                    Map.of(
                        "sub", "alice",
                        "plan", List.of("silver", "gold"),
                        "org", Map.of("cost", 4711L),
                        "groups", List.of("red", "blue")));
            case 'l' -> VerifiedToken.of(Map.of("sub", List.of("alice", "bob")));
            case 'n' -> VerifiedToken.of(Map.of("plan", "gold"));
            case 'e' -> VerifiedToken.refused(Untrusted.EXPIRED_TOKEN);
            default -> VerifiedToken.refused(Untrusted.WRONG_SIGNATURE);
          };

  private static Headers headers(String... namesAndValues) {
    Map<String, List<String>> lines = new java.util.LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      lines
          .computeIfAbsent(namesAndValues[i], name -> new java.util.ArrayList<>())
          .add(namesAndValues[i + 1]);
    }
    return Headers.of(lines);
  }

  private static Headers alice(String... more) {
    String[] all = new String[more.length + 4];
    all[0] = "x-auth-request-user";
    all[1] = "alice";
    all[2] = "x-auth-request-tier";
    all[3] = "gold";
    System.arraycopy(more, 0, all, 4, more.length);
    return headers(all);
  }

  private static IdentityReader reader(Map<String, ?> authentication) {
    return new IdentityReader(
        MaasConfig.from(Map.of("maas_integration", Map.of("authentication", authentication)))
            .authentication(),
        issuer -> BY_LETTER);
  }

  private static Identity untrusted(Untrusted reason) {
    return Identity.of("unknown", "free")
        .withSources(Source.UNTRUSTED, Source.UNTRUSTED)
        .withUntrusted(reason);
  }

  @Test
  void headersAreBelievedByDefault() {
    assertThat(reader(Map.of()).read(alice())).isEqualTo(Identity.of("alice", "gold"));
  }

  @ParameterizedTest
  @CsvSource({
    "0123456789abcdef,",
    "' 0123456789abcdef ',",
    "fedcba9876543210,",
    "0123456789abcdeF, WRONG_PROOF",
    "0123456789abcde, WRONG_PROOF",
    "0123456789abcdef0, WRONG_PROOF",
    "'', WRONG_PROOF",
    ", NO_PROOF"
  })
  void headersWithAProofAreBelievedWithOneOfTheSecretsAlone(String proof, Untrusted reason) {
    IdentityReader reader = reader(Map.of("trust", List.of(PROVEN)));
    Headers request = proof == null ? alice() : alice("x-proof", proof);

    assertThat(reader.read(request))
        .isEqualTo(reason == null ? Identity.of("alice", "gold") : untrusted(reason));
  }

  @Test
  void proofThatStandsTwiceIsNone() {
    IdentityReader reader = reader(Map.of("trust", List.of(PROVEN)));

    assertThat(reader.read(alice("x-proof", "guess", "x-proof", SECRET)))
        .isEqualTo(untrusted(Untrusted.WRONG_PROOF));
  }

  @Test
  void proofWithoutSecretsOnlyHasToBeThere() {
    IdentityReader reader = reader(Map.of("trust", List.of(Map.of("proof_header", "X-Passed"))));

    assertThat(reader.read(alice("x-passed", "yes"))).isEqualTo(Identity.of("alice", "gold"));
    assertThat(reader.read(alice())).isEqualTo(untrusted(Untrusted.NO_PROOF));
  }

  @Test
  void whatTheGatewayHasNotedIsBelievedAndHeadersAreNot() {
    IdentityReader reader = reader(Map.of("trust", List.of(NOTED)));
    Headers mallory = headers("x-auth-request-user", "mallory", "id.name", "mallory");

    assertThat(reader.read(mallory)).isEqualTo(untrusted(Untrusted.NO_METADATA));
    assertThat(
            reader.read(
                mallory.withNotes(
                    (namespace, key) ->
                        namespace.equals("auth")
                            ? Map.of("id.name", List.of("bob"), "plan", List.of("silver"))
                                .getOrDefault(key, List.of())
                            : List.of("mallory"))))
        .isEqualTo(Identity.of("bob", "silver").withSources(Source.METADATA, Source.METADATA));
  }

  @Test
  void firstPlaceThatVouchesIsTaken() {
    IdentityReader reader = reader(Map.of("trust", List.of(NOTED, SIGNED, PROVEN)));
    Headers everything =
        alice("authorization", "Bearer n.n.n", "x-proof", SECRET)
            .withNotes((namespace, key) -> List.of(key));

    assertThat(reader.read(everything).user()).isEqualTo("id.name");
    assertThat(reader.read(alice("authorization", "Bearer n.n.n", "x-proof", SECRET)))
        .isEqualTo(
            Identity.of("unknown", "gold")
                .withSources(Source.ABSENT, Source.TOKEN)
                .withAttributes(Map.of()));
    assertThat(reader.read(alice("authorization", "Bearer e.e.e", "x-proof", SECRET)))
        .isEqualTo(Identity.of("alice", "gold"));
  }

  @Test
  void whatIsWrongSaysMoreThanWhatIsNotThere() {
    IdentityReader reader = reader(Map.of("trust", List.of(SIGNED, NOTED, PROVEN)));

    assertThat(reader.read(alice()).untrusted()).isEqualTo(Untrusted.NO_TOKEN);
    assertThat(reader.read(alice("authorization", "Bearer e.e.e")).untrusted())
        .isEqualTo(Untrusted.EXPIRED_TOKEN);
    assertThat(reader.read(alice("authorization", "e.e.e", "x-proof", "guess")).untrusted())
        .isEqualTo(Untrusted.WRONG_PROOF);
  }

  @ParameterizedTest
  @CsvSource({
    "Bearer sk-1234, NO_TOKEN",
    "Basic YTpi, NO_TOKEN",
    "'', NO_TOKEN",
    "bearer  e.e.e, EXPIRED_TOKEN",
    "x.y.z, WRONG_SIGNATURE"
  })
  void headerOfTheTokenMayHoldAnythingElse(String authorization, Untrusted reason) {
    IdentityReader reader = reader(Map.of("trust", List.of(SIGNED)));

    assertThat(reader.read(headers("authorization", authorization))).isEqualTo(untrusted(reason));
  }

  @Test
  void twoTokensAreNone() {
    IdentityReader reader = reader(Map.of("trust", List.of(SIGNED)));

    assertThat(reader.read(headers("authorization", "a.a.a", "authorization", "a.a.a")))
        .isEqualTo(untrusted(Untrusted.MALFORMED_TOKEN));
  }

  @Test
  void listOfTiersIsTheOneThatComesFirstInTheConfiguration() {
    Identity identity =
        reader(Map.of("trust", List.of(SIGNED), "tiers", List.of("gold", "silver", "free")))
            .read(headers("authorization", "a.a.a"));

    assertThat(identity)
        .isEqualTo(
            Identity.of("alice", "gold")
                .withSources(Source.TOKEN, Source.TOKEN)
                .withAttributes(
                    Map.of("cost_center", "4711", "groups", "red,blue"),
                    Map.of("cost_center", Source.TOKEN, "groups", Source.TOKEN)));
  }

  @Test
  void listWithoutAnOrderNamesNobody() {
    IdentityReader reader = reader(Map.of("trust", List.of(SIGNED)));

    assertThat(reader.read(headers("authorization", "l.l.l")).userSource())
        .isEqualTo(Source.AMBIGUOUS);
    assertThat(reader.read(headers("authorization", "a.a.a")).tierSource())
        .isEqualTo(Source.AMBIGUOUS);
  }

  @ParameterizedTest
  @CsvSource({"gold, HEADER, gold", "Gold, UNLISTED, free", "{x}, UNLISTED, free"})
  void tierThatIsNotListedIsTheFallback(String tier, Source source, String billed) {
    Identity identity =
        reader(Map.of("tiers", List.of("gold", "free")))
            .read(headers("x-auth-request-user", "alice", "x-auth-request-tier", tier));

    assertThat(identity).isEqualTo(Identity.of("alice", billed).withSources(Source.HEADER, source));
  }

  @Test
  void tierThatNobodyStatesIsTheFallbackWhereTiersAreListed() {
    Map<String, ?> tiers = Map.of("tiers", List.of("gold", "free"));
    assertThat(reader(tiers).read(headers("x-auth-request-user", "alice")))
        .isEqualTo(Identity.of("alice", "free").withSources(Source.HEADER, Source.ABSENT));

    Map<String, ?> noted = Map.of("trust", List.of(NOTED), "tiers", List.of("gold", "free"));
    Headers request =
        Headers.EMPTY.withNotes(
            (namespace, key) -> key.equals("id.name") ? List.of("alice") : List.of());
    assertThat(reader(noted).read(request))
        .isEqualTo(Identity.of("alice", "free").withSources(Source.METADATA, Source.ABSENT));
  }

  @Test
  void attributesAreWhatTheGatewayStatesAndNothingElse() {
    Identity identity =
        reader(
                Map.of(
                    "attributes",
                    Map.of("cost_center", "X-Cost", "project", "x-project", "team", "x-team")))
            .read(alice("x-cost", " 47 ", "x-project", "<nil>", "x-team", "{x}"));

    assertThat(identity.attributes())
        .containsOnlyKeys("cost_center", "team")
        .containsEntry("cost_center", "47");
    assertThat(identity.attributes().get("team")).startsWith("sha256:");
    assertThat(identity.attributeSources())
        .isEqualTo(Map.of("cost_center", Source.HEADER, "team", Source.BRACKETED));
  }

  @Test
  void presetOfMaasReadsItsHeaders() {
    Identity identity =
        reader(Map.of("preset", "maas"))
            .read(
                headers(
                    "x-maas-username", "alice",
                    "x-maas-subscription", "premium",
                    "x-maas-cost-center", "47",
                    "x-auth-request-user", "mallory"));

    assertThat(identity)
        .isEqualTo(
            Identity.of("alice", "premium")
                .withAttributes(Map.of("subscription", "premium", "cost_center", "47")));
  }

  @ParameterizedTest
  @CsvSource({"kuadrant", "envoy-gateway"})
  void presetsOfGatewaysReadNoHeaders(String preset) {
    IdentityReader reader = reader(Map.of("preset", preset));

    assertThat(reader.read(alice())).isEqualTo(untrusted(Untrusted.NO_METADATA));
    assertThat(reader.read(alice().withNotes((namespace, key) -> List.of("bob"))).user())
        .isEqualTo("bob");
  }

  @Test
  void eachReasonIsWarnedOfOnceWithoutTheProof() {
    int before = CapturedLog.MESSAGES.size();
    IdentityReader reader = reader(Map.of("trust", List.of(PROVEN)));
    for (int i = 0; i < 3; i++) {
      reader.read(alice());
      reader.read(alice("x-proof", "my-guess-of-it"));
    }

    List<String> messages = CapturedLog.MESSAGES.subList(before, CapturedLog.MESSAGES.size());
    assertThat(messages).hasSize(2).noneMatch(message -> message.contains("my-guess"));
    assertThat(messages.get(0)).contains("no_proof", "billed to the fallback");
  }

  @ParameterizedTest
  @EnumSource(Untrusted.class)
  void untrustedRequestsAreRefusedOnlyWhereTheConfigurationSaysSo(Untrusted reason) {
    assertThat(reader(Map.of()).refuses(untrusted(reason))).isFalse();
    assertThat(reader(Map.of("untrusted", "refuse")).refuses(untrusted(reason))).isTrue();
    assertThat(reader(Map.of("unusable", "refuse")).refuses(untrusted(reason))).isTrue();
  }
}
