// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.jwt;

import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.IdentitySource;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.TokenConfig;
import io.semanticrouter.maas.spi.TokenVerifier;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
  private final InstantSource clock;
  private final Map<TokenConfig, Issuer> issuers = new ConcurrentHashMap<>();

  private JwtVerifiers(InstantSource clock) {
    this.clock = clock;
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
    JwtVerifiers verifiers = new JwtVerifiers(clock);
    verifiers.add(config);
    return verifiers;
  }

  /**
   * Reads the keys of those issuers as well that another configuration trusts. Issuers that are
   * here already go on as they are, with their keys and with what has been verified. Not for two
   * threads at once.
   *
   * @throws ConfigException as {@link #open} does; then nothing was added
   */
  public void add(MaasConfig config) {
    Map<TokenConfig, Issuer> added = new HashMap<>();
    try {
      for (TokenConfig token : tokens(config)) {
        if (!issuers.containsKey(token) && !added.containsKey(token)) {
          Issuer issuer = new Issuer(token, clock);
          added.put(token, issuer);
          issuer.start();
        }
      }
    } catch (RuntimeException e) {
      added.values().forEach(Issuer::close);
      throw e;
    }
    issuers.putAll(added);
  }

  /** Forgets the issuers that a configuration does not trust. Not for two threads at once. */
  public void retain(MaasConfig config) {
    Set<TokenConfig> trusted = tokens(config);
    issuers
        .entrySet()
        .removeIf(
            known -> {
              boolean isGone = !trusted.contains(known.getKey());
              if (isGone) {
                known.getValue().close();
              }
              return isGone;
            });
  }

  private static Set<TokenConfig> tokens(MaasConfig config) {
    Set<TokenConfig> tokens = new HashSet<>();
    if (config.mode().isIntegrated()) {
      for (IdentitySource source : config.authentication().trust()) {
        TokenConfig token = source.token();
        if (token != null) {
          tokens.add(token);
        }
      }
    }
    return tokens;
  }

  /**
   * What verifies the tokens of an issuer.
   *
   * @throws IllegalArgumentException when no configuration that is used here trusts it
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
