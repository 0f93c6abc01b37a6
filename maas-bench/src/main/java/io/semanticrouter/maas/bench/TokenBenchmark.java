// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.jwt.JwtVerifiers;
import io.semanticrouter.maas.spi.TokenVerifier;
import io.semanticrouter.maas.spi.VerifiedToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What an exchange waits for when its payer is in a signed token. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class TokenBenchmark {
  private static final String ISSUER = "https://idp.example";

  /** How the token is signed. */
  @Param({"RS256", "ES256"})
  String algorithm = "RS256";

  /** How many tokens are kept: with none, each has to be verified. */
  @Param({"10000", "0"})
  int kept;

  private String token = "";
  private @Nullable Path keys;
  private @Nullable JwtVerifiers verifiers;
  private @Nullable TokenVerifier verifier;

  /** Makes a key and signs the token. */
  @Setup(Level.Trial)
  public void open() throws JOSEException, IOException {
    JWSAlgorithm by = JWSAlgorithm.parse(algorithm);
    JWK key;
    JWSSigner signer;
    if (JWSAlgorithm.Family.RSA.contains(by)) {
      RSAKey rsa = new RSAKeyGenerator(2048).keyID("k").generate();
      key = rsa;
      signer = new RSASSASigner(rsa);
    } else {
      ECKey ec = new ECKeyGenerator(Curve.P_256).keyID("k").generate();
      key = ec;
      signer = new ECDSASigner(ec);
    }
    JWTClaimsSet claims =
        new JWTClaimsSet.Builder()
            .issuer(ISSUER)
            .audience("llm")
            .subject("alice")
            .claim("roles", List.of("gold"))
            .expirationTime(Date.from(Instant.now().plus(Duration.ofHours(1))))
            .build();
    SignedJWT jwt = new SignedJWT(new JWSHeader.Builder(by).keyID("k").build(), claims);
    jwt.sign(signer);
    token = jwt.serialize();
    keys = Files.createTempFile("token-benchmark", ".json");
    Files.writeString(keys, new JWKSet(key).toPublicJWKSet().toString());
    Map<String, Object> source =
        Map.of(
            "by",
            "jwt",
            "jwks",
            keys.toString(),
            "issuer",
            ISSUER,
            "audiences",
            List.of("llm"),
            "user",
            "sub",
            "max_cached",
            kept);
    MaasConfig config =
        MaasConfig.from(
            Map.of(
                "maas_integration",
                Map.of("enabled", true, "authentication", Map.of("trust", List.of(source)))));
    verifiers = JwtVerifiers.open(config);
    verifier =
        verifiers.apply(Objects.requireNonNull(config.authentication().trust().get(0).token()));
    if (verify().fault() != null) {
      throw new IllegalStateException("a good token is refused");
    }
  }

  /** Takes the file of the keys away. */
  @TearDown(Level.Trial)
  public void close() throws IOException {
    if (verifiers != null && keys != null) {
      verifiers.close();
      Files.delete(keys);
    }
  }

  /** The token of one exchange. */
  @Benchmark
  public VerifiedToken verify() {
    return Objects.requireNonNull(verifier).verify(token);
  }
}
