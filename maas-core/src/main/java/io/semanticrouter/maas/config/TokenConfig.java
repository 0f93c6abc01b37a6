// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which signed tokens are taken for an identity. Immutable. */
public final class TokenConfig {
  /** Signatures by a private key (RFC 7518, 3.1): what verifies them cannot sign. */
  private static final Set<String> ALGORITHMS =
      Set.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512");

  private final String header;
  private final String jwks;
  private final Set<String> algorithms;
  private final String issuer;
  private final List<String> audiences;
  private final Duration clockSkew;
  private final Duration refresh;
  private final int maxCached;

  TokenConfig(ConfigSection section) {
    header = MaasConfig.headerName(section, "header", "authorization");
    jwks = section.string("jwks", "");
    String lower = jwks.toLowerCase(Locale.ROOT);
    if (jwks.isBlank()) {
      section.reject("jwks", "must be a file or an https URL with the keys that sign");
    } else if (lower.contains("://") && !lower.startsWith("https://")) {
      section.reject("jwks", "must be an https URL: keys from elsewhere could be anybody's");
    }
    algorithms = section.someOf("algorithms", Set.of("RS256", "ES256"), ALGORITHMS);
    issuer = section.string("issuer", "");
    if (issuer.isBlank()) {
      section.reject("issuer", "must be the issuer (iss) of the tokens");
    }
    audiences = section.strings("audiences");
    clockSkew = Duration.ofSeconds(section.integer("clock_skew_seconds", 30, 0, 600));
    refresh = Duration.ofSeconds(section.integer("refresh_seconds", 300, 10, 86_400));
    maxCached = (int) section.integer("max_cached", 10_000, 0, 1_000_000);
  }

  /** The request header with the token, in lower case; a {@code Bearer} before it is left out. */
  public String header() {
    return header;
  }

  /** A file or an {@code https} URL with a JSON Web Key Set (RFC 7517, 5). */
  public String jwks() {
    return jwks;
  }

  /** The signature algorithms that are taken, of RFC 7518. */
  public Set<String> algorithms() {
    return algorithms;
  }

  /** What {@code iss} has to be. */
  public String issuer() {
    return issuer;
  }

  /** Of which {@code aud} has to name one; empty when any will do. */
  public List<String> audiences() {
    return audiences;
  }

  /** How much clocks may differ. */
  public Duration clockSkew() {
    return clockSkew;
  }

  /** After how long keys are read again. */
  public Duration refresh() {
    return refresh;
  }

  /** How many verified tokens are remembered. */
  public int maxCached() {
    return maxCached;
  }

  /** Equal when all of it is: what verifies the tokens of the one verifies those of the other. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TokenConfig that && parts().equals(that.parts());
  }

  @Override
  public int hashCode() {
    return parts().hashCode();
  }

  private List<Object> parts() {
    return List.of(
        header,
        jwks,
        algorithms,
        issuer,
        audiences,
        clockSkew,
        refresh,
        Integer.valueOf(maxCached));
  }
}
