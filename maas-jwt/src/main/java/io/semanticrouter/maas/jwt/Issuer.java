// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.jwt;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.semanticrouter.maas.config.TokenConfig;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.spi.TokenVerifier;
import io.semanticrouter.maas.spi.VerifiedToken;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.ParseException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tokens of one issuer. Thread-safe. */
final class Issuer implements TokenVerifier, AutoCloseable {
  /** What a gateway takes for all headers; a longer text is no token. */
  private static final int MAX_TOKEN = 60 * 1024;

  private final TokenConfig config;
  private final InstantSource clock;
  private final Keys keys;
  private final Cache<ByteBuffer, Known> known;

  Issuer(TokenConfig config, InstantSource clock) {
    this.config = config;
    this.clock = clock;
    known = Caffeine.newBuilder().maximumSize(config.maxCached()).executor(Runnable::run).build();
    keys = new Keys(config, known::invalidateAll);
  }

  /**
   * A token whose signature and claims are right.
   *
   * @param keys those that it was verified with
   */
  private record Known(VerifiedToken token, @Nullable Instant from, Instant until, JWKSet keys) {}

  void start() {
    keys.start();
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // each reading of the keys is a set of its own
  public VerifiedToken verify(String token) {
    JWKSet set = keys.current();
    if (set == null) {
      return VerifiedToken.refused(Untrusted.NO_KEYS);
    }
    if (token.length() > MAX_TOKEN) {
      return VerifiedToken.refused(Untrusted.MALFORMED_TOKEN);
    }
    ByteBuffer hash = ByteBuffer.wrap(sha256(token));
    Known before = known.getIfPresent(hash);
    if (before != null && before.keys == set) {
      return isNow(before.from, before.until)
          ? before.token
          : VerifiedToken.refused(Untrusted.EXPIRED_TOKEN);
    }
    try {
      SignedJWT jwt = SignedJWT.parse(token);
      Untrusted fault =
          isSpeltAsIssued(token, jwt) ? signatureFault(jwt, set) : Untrusted.MALFORMED_TOKEN;
      return fault == null
          ? judged(hash, jwt.getJWTClaimsSet(), set)
          : VerifiedToken.refused(fault);
    } catch (ParseException | JOSEException | RuntimeException e) {
      // A library may fail in its own way on what a client has made up.
      return VerifiedToken.refused(Untrusted.MALFORMED_TOKEN);
    }
  }

  /**
   * The library trims a token, and skips what is not base64 in the signature, which nothing signs.
   * RFC 7515 (section 2) allows neither; and a client that could respell one token at will would
   * push the others out of those that are known.
   */
  private static boolean isSpeltAsIssued(String token, SignedJWT jwt) {
    String signature = Base64URL.encode(jwt.getSignature().decode()).toString();
    return token.equals(
        new String(jwt.getSigningInput(), StandardCharsets.US_ASCII) + '.' + signature);
  }

  private @Nullable Untrusted signatureFault(SignedJWT jwt, JWKSet set) throws JOSEException {
    JWSHeader header = jwt.getHeader();
    // None is known here that could be critical (RFC 7515, 4.1.11), whatever the library knows.
    if (!config.algorithms().contains(header.getAlgorithm().getName())
        || header.getCriticalParams() != null) {
      return Untrusted.MALFORMED_TOKEN;
    }
    List<JWK> candidates = new JWKSelector(JWKMatcher.forJWSHeader(header)).select(set);
    if (candidates.isEmpty()) {
      keys.refreshSoon();
      return Untrusted.UNKNOWN_KEY;
    }
    for (JWK key : candidates) {
      if (isSignedBy(jwt, header, key)) {
        return null;
      }
    }
    return Untrusted.WRONG_SIGNATURE;
  }

  private static boolean isSignedBy(SignedJWT jwt, JWSHeader header, JWK key) throws JOSEException {
    if (key instanceof RSAKey rsa && JWSAlgorithm.Family.RSA.contains(header.getAlgorithm())) {
      return jwt.verify(new RSASSAVerifier(rsa));
    }
    return key instanceof ECKey ec
        && JWSAlgorithm.Family.EC.contains(header.getAlgorithm())
        && jwt.verify(new ECDSAVerifier(ec));
  }

  private VerifiedToken judged(ByteBuffer hash, JWTClaimsSet claims, JWKSet set) {
    Date expires = claims.getExpirationTime();
    boolean isMeantHere =
        config.issuer().equals(claims.getIssuer())
            && (config.audiences().isEmpty()
                || claims.getAudience().stream().anyMatch(config.audiences()::contains));
    if (!isMeantHere || expires == null) {
      return VerifiedToken.refused(Untrusted.WRONG_CLAIMS);
    }
    Date notBefore = claims.getNotBeforeTime();
    Instant from = notBefore == null ? null : notBefore.toInstant().minus(config.clockSkew());
    Instant until = expires.toInstant().plus(config.clockSkew());
    if (!isNow(from, until)) {
      return VerifiedToken.refused(Untrusted.EXPIRED_TOKEN);
    }
    VerifiedToken verified = VerifiedToken.of(claims.getClaims());
    known.put(hash, new Known(verified, from, until, set));
    return verified;
  }

  private boolean isNow(@Nullable Instant from, Instant until) {
    Instant now = clock.instant();
    return now.isBefore(until) && (from == null || !now.isBefore(from));
  }

  private static byte[] sha256(String token) {
    try {
      // Tokens are secrets: they are not kept.
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public void close() {
    keys.close();
  }
}
