// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.jwt;

import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.IdentitySource;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.TokenConfig;
import io.semanticrouter.maas.spi.TokenVerifier;
import java.time.InstantSource;
import java.util.IdentityHashMap;
import java.util.function.Function;

/**
 * What verifies JSON Web Tokens (RFC 7519) by the keys of their issuers: those of an OpenID Connect
 * provider, or the Festival Wristbands of Authorino. Thread-safe.
 *
 * <p>A token is taken when it is a signed one (JWS, never encrypted or unsigned) of an algorithm
 * that the configuration lists, signed by a key of the issuer's set, with the issuer and an
 * audience that the configuration names, and an expiry ({@code exp}) that has not come; {@code nbf}
 * counts as well.
 *
 * <p>Nothing waits for keys: a thread of its own reads them again from time to time, and when a
 * token names a key that is not known, at most every ten seconds. Until then such a token is
 * refused. What has been verified is remembered, by the hash of the token, until it expires or keys
 * change.
 */
public final class JwtVerifiers implements Function<TokenConfig, TokenVerifier>, AutoCloseable {
  private final IdentityHashMap<TokenConfig, Issuer> issuers = new IdentityHashMap<>();

  private JwtVerifiers(MaasConfig config, InstantSource clock) {
    for (IdentitySource source : config.authentication().trust()) {
      TokenConfig token = source.token();
      if (token != null && config.mode().isIntegrated()) {
        issuers.put(token, new Issuer(token, clock));
      }
    }
  }

  /**
   * Reads the keys of all issuers that a configuration trusts.
   *
   * @throws ConfigException when a file cannot be read, or holds no keys. An issuer that does not
   *     answer is no error: it is asked again, and its tokens are refused until then
   */
  public static JwtVerifiers open(MaasConfig config) {
    return open(config, InstantSource.system());
  }

  /** The same with a clock. */
  static JwtVerifiers open(MaasConfig config, InstantSource clock) {
    JwtVerifiers verifier = new JwtVerifiers(config, clock);
    try {
      verifier.issuers.values().forEach(Issuer::start);
    } catch (RuntimeException e) {
      verifier.close();
      throw e;
    }
    return verifier;
  }

  /**
   * What verifies the tokens of an issuer.
   *
   * @throws IllegalArgumentException when this configuration does not trust it
   */
  @Override
  public TokenVerifier apply(TokenConfig token) {
    Issuer issuer = issuers.get(token);
    if (issuer == null) {
      throw new IllegalArgumentException("of another configuration: " + token.issuer());
    }
    return issuer;
  }

  /** Stops reading keys; those that are there go on being used. */
  @Override
  public void close() {
    issuers.values().forEach(Issuer::close);
  }
}
