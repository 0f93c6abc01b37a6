// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.jwt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.TokenConfig;
import io.semanticrouter.maas.spi.VerifiedToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;

/**
 * What has to hold of any token at all. In a build this reads the inputs that are kept beside it;
 * {@code tools/fuzz token} looks for new ones.
 */
class FuzzTargetsTest {
  private static final String ISSUER = "https://idp.example";
  private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
  private static final int SKEW = 30;
  private static final List<String> PATHS = List.of("sub", "org.cost", "a.b.c.d", "", ".", "exp");

  private static final ECKey KEY = key();
  private static final Path DIRECTORY = directory();
  private static final MaasConfig CONFIG = config();
  private static final JwtVerifiers VERIFIERS = JwtVerifiers.open(CONFIG, () -> NOW);
  private static final TokenConfig TOKEN =
      requireNonNull(CONFIG.authentication().trust().get(0).token());
  private static final String GOOD =
      signed(
          "{\"alg\":\"ES256\",\"kid\":\"e\"}",
          "{\"iss\":\"" + ISSUER + "\",\"aud\":\"llm\",\"sub\":\"alice\",\"exp\":1796040060}");

  private static ECKey key() {
    try {
      return new ECKeyGenerator(Curve.P_256).keyID("e").generate();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  private static Path directory() {
    try {
      Path directory = Files.createTempDirectory("fuzz");
      Files.writeString(directory.resolve("keys.json"), new JWKSet(KEY.toPublicJWK()).toString());
      return directory;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static MaasConfig config() {
    Map<String, ?> source =
        Map.of(
            "by",
            "jwt",
            "jwks",
            DIRECTORY.resolve("keys.json").toString(),
            "issuer",
            ISSUER,
            "audiences",
            List.of("llm"),
            "user",
            "sub");
    return MaasConfig.from(
        Map.of(
            "maas_integration",
            Map.of("enabled", true, "authentication", Map.of("trust", List.of(source)))));
  }

  @AfterAll
  static void close() throws IOException {
    VERIFIERS.close();
    Files.delete(DIRECTORY.resolve("keys.json"));
    Files.delete(DIRECTORY);
  }

  /** The first byte says what the rest is: the token, a change of a good one, or what to sign. */
  @FuzzTest(maxDuration = "24h")
  @DictionaryEntries({
    "{\"alg\":\"ES256\",\"kid\":\"e\"}",
    "\"alg\":\"none\"",
    "\"typ\":\"JWT\"",
    "\"crit\":[\"exp\"]",
    "\"b64\":false",
    "\"zip\":\"DEF\"",
    "\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\"}",
    "\"iss\":\"https://idp.example\"",
    "\"aud\":[\"llm\"]",
    "\"exp\":1796040060",
    "\"nbf\":1e400",
    "\"sub\":{\"a\":[[]]}",
    "\"org\":{\"cost\":\"1\"}",
    "\"org.cost\":null"
  })
  void token(byte[] data) {
    if (data.length == 0) {
      return;
    }
    String text = new String(data, 1, data.length - 1, UTF_8);
    switch (data[0] & 3) {
      case 0 -> assertThat(read(text).fault()).isNotNull();
      case 1 -> {
        int at = (data[0] & 0xFF) >>> 2;
        String changed = GOOD.substring(0, at) + text + GOOD.substring(at + text.length() % 4);
        assertThat(read(changed).fault() == null).isEqualTo(changed.equals(GOOD));
      }
      default -> {
        int line = text.indexOf('\n');
        if (line >= 0) {
          String claims = text.substring(line + 1);
          if (read(signed(text.substring(0, line), claims)).fault() == null) {
            assertMeantHere(text.substring(0, line), claims);
          }
        }
      }
    }
  }

  private static VerifiedToken read(String token) {
    VerifiedToken first = VERIFIERS.apply(TOKEN).verify(token);
    VerifiedToken again = VERIFIERS.apply(TOKEN).verify(token);
    assertThat(again.fault()).isEqualTo(first.fault());
    for (String path : PATHS) {
      assertThat(again.claim(path)).isEqualTo(first.claim(path)).doesNotContainNull();
    }
    return first;
  }

  private static void assertMeantHere(String header, String claims) {
    try {
      assertThat(JSONObjectUtils.parse(header))
          .containsEntry("alg", "ES256")
          .doesNotContainKey("crit");
      Map<String, Object> stated = JSONObjectUtils.parse(claims);
      assertThat(stated).containsEntry("iss", ISSUER);
      Object audience = stated.get("aud");
      assertThat(audience instanceof List<?> all ? all.contains("llm") : "llm".equals(audience))
          .isTrue();
      assertThat(seconds(stated, "exp")).isGreaterThan(NOW.getEpochSecond() - SKEW - 1.0);
      if (stated.get("nbf") != null) {
        assertThat(seconds(stated, "nbf")).isLessThan(NOW.getEpochSecond() + SKEW + 1.0);
      }
    } catch (ParseException e) {
      throw new AssertionError("accepted, and no JSON", e);
    }
  }

  private static double seconds(Map<String, Object> stated, String claim) {
    return ((Number) requireNonNull(stated.get(claim))).doubleValue();
  }

  /** Signed whatever it is, as only its issuer can. */
  private static String signed(String header, String claims) {
    String input = Base64URL.encode(header) + "." + Base64URL.encode(claims);
    try {
      return input
          + "."
          + new ECDSASigner(KEY).sign(new JWSHeader(JWSAlgorithm.ES256), input.getBytes(UTF_8));
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }
}
