// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.jwt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.TokenConfig;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.spi.VerifiedToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JwtVerifiersTest {
  private static final String ISSUER = "https://idp.example";
  private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");

  @SuppressWarnings("NullAway.Init")
  private static RSAKey rsa;

  private static RSAKey otherRsa;
  private static ECKey ec;

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private Instant now = NOW;
  private MaasConfig config;
  private JwtVerifiers verifiers;

  @BeforeAll
  static void makeKeys() throws JOSEException {
    rsa = new RSAKeyGenerator(2048).keyID("r").generate();
    otherRsa = new RSAKeyGenerator(2048).keyID("r").generate();
    ec = new ECKeyGenerator(Curve.P_256).keyID("e").generate();
  }

  @BeforeEach
  void open() throws IOException {
    keys(rsa, ec);
    config = config(Map.of());
    verifiers = JwtVerifiers.open(config, () -> now);
  }

  @AfterEach
  void close() {
    verifiers.close();
  }

  private void keys(JWK... keys) throws IOException {
    Files.writeString(
        directory.resolve("keys.json"), new JWKSet(List.of(keys)).toPublicJWKSet().toString());
  }

  private MaasConfig config(Map<String, ?> more) {
    Map<String, Object> source = new LinkedHashMap<>();
    source.put("by", "jwt");
    source.put("jwks", directory.resolve("keys.json").toString());
    source.put("issuer", ISSUER);
    source.put("audiences", List.of("llm"));
    source.put("user", "sub");
    source.putAll(more);
    return MaasConfig.from(
        Map.of(
            "maas_integration",
            Map.of("enabled", true, "authentication", Map.of("trust", List.of(source)))));
  }

  private TokenConfig token() {
    return requireNonNull(config.authentication().trust().get(0).token());
  }

  private VerifiedToken verify(String token) {
    return verifiers.apply(token()).verify(token);
  }

  private static JWTClaimsSet.Builder claims() {
    return new JWTClaimsSet.Builder()
        .issuer(ISSUER)
        .audience(List.of("other", "llm"))
        .subject("alice")
        .claim("org", Map.of("cost_center", 4711))
        .claim("roles", List.of("silver", "gold"))
        .expirationTime(Date.from(NOW.plusSeconds(60)));
  }

  private static String signed(JWTClaimsSet.Builder claims) {
    return signed(claims, rsa, JWSAlgorithm.RS256);
  }

  private static String signed(JWTClaimsSet.Builder claims, JWK key, JWSAlgorithm algorithm) {
    return signed(claims, key, new JWSHeader.Builder(algorithm).keyID(key.getKeyID()).build());
  }

  private static String signed(JWTClaimsSet.Builder claims, JWK key, JWSHeader header) {
    try {
      SignedJWT jwt = new SignedJWT(header, claims.build());
      jwt.sign(
          key instanceof ECKey curve
              ? new ECDSASigner(curve)
              : new RSASSASigner(((RSAKey) key).toPrivateKey()));
      return jwt.serialize();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  private @Nullable Untrusted fault(String token) {
    return verify(token).fault();
  }

  @Test
  void claimsOfASignedTokenAreRead() {
    for (int i = 0; i < 2; i++) { // verified, and remembered
      VerifiedToken read = verify(signed(claims(), ec, JWSAlgorithm.ES256));

      assertThat(read.fault()).isNull();
      assertThat(read.claim("sub")).containsExactly("alice");
      assertThat(read.claim("org.cost_center")).containsExactly("4711");
      assertThat(read.claim("roles")).containsExactly("silver", "gold");
      assertThat(read.claim("nobody")).isEmpty();
    }
  }

  @Test
  void tokenOfAnotherKeyIsNotBelieved() {
    assertThat(fault(signed(claims(), otherRsa, JWSAlgorithm.RS256)))
        .isEqualTo(Untrusted.WRONG_SIGNATURE);
  }

  @Test
  void changedClaimsAreNotBelieved() {
    String[] parts = signed(claims()).split("\\.", -1);
    String other = signed(claims().subject("bob")).split("\\.", -1)[1];

    assertThat(fault(parts[0] + "." + other + "." + parts[2])).isEqualTo(Untrusted.WRONG_SIGNATURE);
  }

  @Test
  void unsignedTokenIsNotBelieved() {
    assertThat(fault(new PlainJWT(claims().build()).serialize()))
        .isEqualTo(Untrusted.MALFORMED_TOKEN);
    String none = Base64.getUrlEncoder().encodeToString("{\"alg\":\"NONE\"}".getBytes(UTF_8));
    assertThat(fault(none + "." + signed(claims()).split("\\.", -1)[1] + "."))
        .isEqualTo(Untrusted.MALFORMED_TOKEN);
  }

  /** The public key is no secret: who has it could sign with it as the key of an HMAC. */
  @Test
  void publicKeyIsNoKeyOfAnHmac() throws JOSEException {
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("r").build(), claims().build());
    jwt.sign(new MACSigner(rsa.toRSAPublicKey().getEncoded()));

    assertThat(fault(jwt.serialize())).isEqualTo(Untrusted.MALFORMED_TOKEN);
  }

  @Test
  void algorithmThatIsNotListedIsNotBelieved() {
    assertThat(fault(signed(claims(), rsa, JWSAlgorithm.PS256)))
        .isEqualTo(Untrusted.MALFORMED_TOKEN);
  }

  @Test
  void keyInTheTokenIsNotBelieved() {
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("r").jwk(otherRsa.toPublicJWK()).build();

    assertThat(fault(signed(claims(), otherRsa, header))).isEqualTo(Untrusted.WRONG_SIGNATURE);
  }

  /** The second is one that the library knows: it has no meaning in a JWT (RFC 7797, 7). */
  @ParameterizedTest
  @ValueSource(strings = {"exp-only-here", "b64"})
  void criticalHeaderIsNotIgnored(String name) {
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.RS256)
            .keyID("r")
            .type(JOSEObjectType.JWT)
            .criticalParams(Set.of(name))
            .customParam("exp-only-here", 1)
            .build();

    assertThat(fault(signed(claims(), rsa, header))).isEqualTo(Untrusted.MALFORMED_TOKEN);
  }

  @Test
  void otherIssuersAndAudiencesAreNotBelieved() {
    assertThat(fault(signed(claims().issuer("https://idp.example/"))))
        .isEqualTo(Untrusted.WRONG_CLAIMS);
    assertThat(fault(signed(claims().issuer(null)))).isEqualTo(Untrusted.WRONG_CLAIMS);
    assertThat(fault(signed(claims().audience("other")))).isEqualTo(Untrusted.WRONG_CLAIMS);
    assertThat(fault(signed(claims().audience((String) null)))).isEqualTo(Untrusted.WRONG_CLAIMS);
    assertThat(fault(signed(claims().expirationTime(null)))).isEqualTo(Untrusted.WRONG_CLAIMS);
  }

  @Test
  void tokenCountsFromItsBeginningToItsEndGiveOrTakeTheClocks() {
    String token = signed(claims().notBeforeTime(Date.from(NOW)));
    now = NOW.minusSeconds(31);
    assertThat(fault(token)).isEqualTo(Untrusted.EXPIRED_TOKEN);
    now = NOW.minusSeconds(30);
    assertThat(fault(token)).isNull();
    now = NOW.plusSeconds(89);
    assertThat(fault(token)).isNull();
    now = NOW.plusSeconds(90);
    assertThat(fault(token)).isEqualTo(Untrusted.EXPIRED_TOKEN); // also when it is remembered
  }

  @Test
  void newKeyIsReadWhenATokenNamesIt() throws Exception {
    RSAKey next = new RSAKeyGenerator(2048).keyID("next").generate();
    String token = signed(claims(), next, JWSAlgorithm.RS256);
    keys(ec, next);

    assertThat(fault(token)).isEqualTo(Untrusted.UNKNOWN_KEY);
    long end = System.nanoTime() + 10_000_000_000L;
    while (fault(token) != null && System.nanoTime() < end) {
      Thread.sleep(10);
    }
    assertThat(fault(token)).isNull();
    assertThat(fault(signed(claims()))).isEqualTo(Untrusted.UNKNOWN_KEY); // the old one is gone
  }

  @Test
  void keysThatCannotBeReadLaterDoNotTakeThoseThatAreThere() throws Exception {
    Files.writeString(directory.resolve("keys.json"), "{");
    assertThat(
            fault(
                signed(
                    claims(), rsa, new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("x").build())))
        .isEqualTo(Untrusted.UNKNOWN_KEY);
    Thread.sleep(100);
    assertThat(fault(signed(claims()))).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{}", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "x"})
  void fileWithoutPublicKeysIsAnErrorOfTheConfiguration(String text) throws IOException {
    Files.writeString(directory.resolve("keys.json"), text);

    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> JwtVerifiers.open(config(Map.of())))
        .withMessageContaining("must be a file with a JSON Web Key Set");
  }

  @ParameterizedTest
  @CsvSource({"-1, true", "0, true", "1, false"})
  void fileOfKeysIsAsLargeAsAMebibyte(int more, boolean taken) throws IOException {
    Path file = directory.resolve("keys.json");
    String keys = Files.readString(file);
    Files.writeString(file, keys + " ".repeat((1 << 20) - keys.length() + more));

    if (taken) {
      JwtVerifiers.open(config(Map.of())).close();
    } else {
      assertThatExceptionOfType(ConfigException.class)
          .isThrownBy(() -> JwtVerifiers.open(config(Map.of())))
          .withMessageEndingWith("larger than 1048576 bytes");
    }
  }

  @ParameterizedTest
  @CsvSource({"-1, true", "0, true", "1, false"})
  void tokenIsAsLongAsTheHeadersThatEnvoyTakes(int more, boolean taken) {
    int length = 60 * 1024 + more;
    // Four characters stand for three bytes: a header and claims that together have every length.
    String token = "";
    for (int pad = 0; pad < 3 && token.length() != length; pad++) {
      JWSHeader header =
          new JWSHeader.Builder(JWSAlgorithm.ES256)
              .keyID("e")
              .customParam("pad", "x".repeat(pad))
              .build();
      int claims = 40_000;
      for (token = longToken(header, claims);
          token.length() < length;
          token = longToken(header, claims)) {
        claims += Math.max(1, (length - token.length()) * 3 / 4);
      }
    }
    assertThat(token).hasSize(length);
    assertThat(fault(token)).isEqualTo(taken ? null : Untrusted.MALFORMED_TOKEN);
  }

  private static String longToken(JWSHeader header, int bytes) {
    return signed(claims().claim("long", "x".repeat(bytes)), ec, header);
  }

  @Test
  void issuerThatDoesNotAnswerIsAskedAgainAndItsTokensAreRefusedUntilThen() {
    MaasConfig remote = config(Map.of("jwks", "https://127.0.0.1:1/keys"));
    try (JwtVerifiers unanswered = JwtVerifiers.open(remote)) {
      TokenConfig token = requireNonNull(remote.authentication().trust().get(0).token());

      assertThat(unanswered.apply(token).verify(signed(claims())).fault())
          .isEqualTo(Untrusted.NO_KEYS);
    }
  }

  @Test
  void tokenThatIsSpeltOtherwiseThanItsIssuerDidIsRefused() {
    String good =
        signed(claims(), ec, JWSAlgorithm.ES256); // 64 bytes: the last character has 4 spare bits
    assertThat(fault(good)).isNull();
    int end = good.length() - 1;
    String spareBits = good.substring(0, end) + (char) (good.charAt(end) + 1);
    String inside = good.substring(0, end - 5) + '\u00e9' + good.substring(end - 5);

    for (String other :
        List.of(' ' + good, good + '\n', good + '=', good + "==", inside, spareBits)) {
      assertThat(fault(other)).as(other).isEqualTo(Untrusted.MALFORMED_TOKEN);
    }
  }

  @Test
  void nothingThatAClientSendsThrows() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String good = signed(claims());
    for (int i = 0; i < 20_000; i++) {
      StringBuilder token = new StringBuilder(good);
      for (int change = random.nextInt(4); change >= 0; change--) {
        int at = random.nextInt(token.length());
        switch (random.nextInt(3)) {
          case 0 -> token.setCharAt(at, (char) random.nextInt(300));
          case 1 -> token.deleteCharAt(at);
          default -> token.insert(at, token.substring(random.nextInt(at + 1), at));
        }
      }
      String changed = token.toString();
      if (!changed.equals(good)) {
        assertThat(fault(changed)).as("seed %s, token %s", seed, i).isNotNull();
      }
    }
    String deep = "[".repeat(20_000);
    assertThat(fault(Base64.getUrlEncoder().encodeToString(deep.getBytes(UTF_8)) + ".e30.AA"))
        .isEqualTo(Untrusted.MALFORMED_TOKEN);
  }

  @Test
  void issuersOfTheNextConfigurationKeepTheirKeys() throws Exception {
    String token = signed(claims(), ec, JWSAlgorithm.ES256);
    assertThat(fault(token)).isNull();
    Files.delete(directory.resolve("keys.json")); // whatever is read anew has none
    TokenConfig before = token();
    config = config(Map.of());
    verifiers.add(config);
    verifiers.retain(config);

    assertThat(token()).isEqualTo(before);
    assertThat(fault(token)).isNull();
  }

  @Test
  void issuersThatTheNextConfigurationDoesNotTrustAreForgotten() {
    TokenConfig before = token();
    config = config(Map.of("audiences", List.of("other")));
    verifiers.add(config);
    assertThat(verifiers.apply(before)).isNotSameAs(verifiers.apply(token()));
    verifiers.retain(config);

    assertThat(fault(signed(claims(), ec, JWSAlgorithm.ES256))).isNull();
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> verifiers.apply(before));
  }

  @Test
  void nothingIsAddedWhereOneIssuerOfTheNextConfigurationHasNoKeys() {
    MaasConfig wrong = config(Map.of("jwks", directory.resolve("missing.json").toString()));
    assertThatExceptionOfType(ConfigException.class).isThrownBy(() -> verifiers.add(wrong));

    assertThat(fault(signed(claims(), ec, JWSAlgorithm.ES256))).isNull();
  }
}
