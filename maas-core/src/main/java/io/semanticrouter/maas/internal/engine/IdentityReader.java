// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static java.lang.System.Logger.Level.WARNING;
import static java.util.Objects.requireNonNull;

import io.semanticrouter.maas.config.Authentication;
import io.semanticrouter.maas.config.IdentitySource;
import io.semanticrouter.maas.config.TokenConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.spelling.HashedNames;
import io.semanticrouter.maas.internal.spelling.Placeholders;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Identity.Untrusted;
import io.semanticrouter.maas.spi.TokenVerifier;
import io.semanticrouter.maas.spi.VerifiedToken;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the identity of a request from the first place that vouches for it; never throws, whatever
 * the places hold.
 *
 * <p>Places differ in how they vouch: headers by a proof beside them, or always; what the gateway
 * has noted by being there; a token by its signature. From there on they are one: a value is
 * trimmed, judged, and taken as it is, under its hash, or replaced by the fallback. Thread-safe.
 */
public final class IdentityReader {
  private static final System.Logger LOG = System.getLogger("io.semanticrouter.maas.Metering");

  private static final String BEARER = "bearer ";

  private final Authentication config;
  private final IdentitySource[] sources;

  /** The SHA-256 of each secret of each source, so that they compare in constant time. */
  private final byte[][][] secrets;

  /** What verifies the tokens of each source; null for sources without tokens. */
  private final @Nullable TokenVerifier[] verifiers;

  private final Set<Source> warnedOfUser = ConcurrentHashMap.newKeySet();
  private final Set<Source> warnedOfTier = ConcurrentHashMap.newKeySet();
  private final Set<Untrusted> warnedOfTrust = ConcurrentHashMap.newKeySet();

  /**
   * A reader.
   *
   * @param tokens gives what verifies the tokens of a source
   */
  public IdentityReader(Authentication config, Function<TokenConfig, TokenVerifier> tokens) {
    this.config = config;
    sources = config.trust().toArray(new IdentitySource[0]);
    secrets = new byte[sources.length][][];
    verifiers = new TokenVerifier[sources.length];
    for (int i = 0; i < sources.length; i++) {
      List<String> texts = sources[i].secrets();
      secrets[i] = new byte[texts.size()][];
      for (int j = 0; j < texts.size(); j++) {
        secrets[i][j] = digest(texts.get(j));
      }
      TokenConfig token = sources[i].token();
      verifiers[i] = token == null ? null : tokens.apply(token);
    }
  }

  /** The payer of a request. */
  public Identity read(Headers headers) {
    Untrusted worst = null;
    for (int i = 0; i < sources.length; i++) {
      IdentitySource source = sources[i];
      Untrusted fault;
      switch (source.by()) {
        case HEADERS -> {
          fault = source.isUnproven() ? null : fault(source, secrets[i], headers);
          if (fault == null) {
            return identity(source, Source.HEADER, headers, null);
          }
        }
        case METADATA, ATTRIBUTES -> {
          if (!headers.noted(source.namespace(), source.user()).isEmpty()) {
            return identity(source, Source.METADATA, headers, null);
          }
          fault = Untrusted.NO_METADATA;
        }
        default -> {
          VerifiedToken token = verified(source, verifiers[i], headers);
          fault = token.fault();
          if (fault == null) {
            return identity(source, Source.TOKEN, headers, token);
          }
        }
      }
      worst = worst == null || fault.compareTo(worst) > 0 ? fault : worst;
    }
    return untrusted(worst == null ? Untrusted.NO_PROOF : worst);
  }

  private Identity untrusted(Untrusted reason) {
    if (!warnedOfTrust.contains(reason) && warnedOfTrust.add(reason)) {
      LOG.log(
          WARNING,
          "Nothing vouches for a request ({0}), which is {1}; further cases are counted, not"
              + " logged",
          reason.label(),
          config.untrusted() == Authentication.Untrusted.REFUSE
              ? "refused"
              : "billed to the fallback");
    }
    return Identity.of(config.fallbackUser(), config.fallbackTier())
        .withSources(Source.UNTRUSTED, Source.UNTRUSTED)
        .withUntrusted(reason);
  }

  // --- how a place vouches ---------------------------------------------------------------------

  private static @Nullable Untrusted fault(
      IdentitySource source, byte[][] secrets, Headers headers) {
    String proofHeader = requireNonNull(source.proofHeader());
    String proof = headers.get(proofHeader);
    if (proof == null) {
      return Untrusted.NO_PROOF;
    }
    if (headers.count(proofHeader) > 1) {
      return Untrusted.WRONG_PROOF; // a client may have smuggled in one of them
    }
    boolean proven = secrets.length == 0;
    if (!proven) {
      byte[] digest = digest(Texts.trimmed(proof));
      for (byte[] secret : secrets) {
        proven |= MessageDigest.isEqual(digest, secret);
      }
    }
    return proven ? null : Untrusted.WRONG_PROOF;
  }

  private static VerifiedToken verified(
      IdentitySource source, @Nullable TokenVerifier verifier, Headers headers) {
    TokenConfig accepted = requireNonNull(source.token());
    String value = headers.get(accepted.header());
    String token = value == null ? "" : Texts.trimmed(value);
    if (Texts.startsWith(token, BEARER)) {
      token = Texts.trimmed(token.substring(BEARER.length()));
    }
    // Keys of providers come in the same header; a JWT in its short form has three parts.
    int dot = token.indexOf('.');
    if (verifier == null || dot < 0 || token.indexOf('.', dot + 1) < 0) {
      return VerifiedToken.refused(Untrusted.NO_TOKEN);
    }
    if (headers.count(accepted.header()) > 1) {
      return VerifiedToken.refused(Untrusted.MALFORMED_TOKEN);
    }
    return verifier.verify(token);
  }

  // --- what it states --------------------------------------------------------------------------

  private Identity identity(
      IdentitySource source, Source from, Headers headers, @Nullable VerifiedToken token) {
    Stated user = stated(source, source.user(), headers, token);
    Stated tier = stated(source, source.tier(), headers, token);
    String tierName = config.tiers().isEmpty() ? tier.value() : tier.firstOf(config.tiers());
    Source userSource = check(user.value(), user.isSeveral(), from);
    Source tierSource = check(tierName, tier.isSeveral() && config.tiers().isEmpty(), from);
    if (userSource == from && config.fallbackUser().equals(user.value())) {
      // Else a user of that name would be billed as nobody. Tiers are shared by nature.
      userSource = Source.RESERVED;
    }
    if (!tierSource.isFallback()
        && !config.tiers().isEmpty()
        && !config.tiers().contains(requireNonNull(tierName))) {
      tierSource = Source.UNLISTED;
    }
    if (userSource != from) {
      warnOnce(warnedOfUser, "user", source.user(), userSource);
    }
    if (tierSource != from) {
      warnOnce(warnedOfTier, "tier", source.tier(), tierSource);
    }
    Identity identity =
        Identity.of(
                userSource.isFallback() ? config.fallbackUser() : shown(user.value(), userSource),
                tierSource.isFallback() ? config.fallbackTier() : shown(tierName, tierSource))
            .withSources(userSource, tierSource);
    return source.attributes().isEmpty()
        ? identity
        : withAttributes(identity, source, from, headers, token);
  }

  /** With what is stated; an attribute that nobody states is not there. */
  private Identity withAttributes(
      Identity identity,
      IdentitySource source,
      Source from,
      Headers headers,
      @Nullable VerifiedToken token) {
    Map<String, String> attributes = new LinkedHashMap<>();
    Map<String, Source> sources = new HashMap<>();
    for (Map.Entry<String, String> attribute : source.attributes().entrySet()) {
      Stated stated = stated(source, attribute.getValue(), headers, token);
      String value = stated.joined();
      Source found = check(value, stated.isSeveral() && from == Source.HEADER, from);
      if (!found.isFallback()) {
        attributes.put(attribute.getKey(), shown(value, found));
        sources.put(attribute.getKey(), found);
      }
    }
    return identity.withAttributes(attributes, sources);
  }

  private Stated stated(
      IdentitySource source, String place, Headers headers, @Nullable VerifiedToken token) {
    if (place.isEmpty()) {
      return Stated.NOTHING;
    }
    return switch (source.by()) {
      case HEADERS -> {
        String value = headers.get(place);
        boolean several = !config.lastValueWins() && value != null && headers.count(place) > 1;
        yield new Stated(value == null ? null : Texts.trimmed(value), several, List.of());
      }
      case METADATA, ATTRIBUTES -> Stated.of(headers.noted(source.namespace(), place));
      case JWT -> token == null ? Stated.NOTHING : Stated.of(token.claim(place));
    };
  }

  /**
   * What one place states.
   *
   * @param value trimmed; null when there is nothing
   * @param isSeveral whether there are several, of which nobody has chosen
   * @param all all of them, where they come as a list
   */
  private record Stated(@Nullable String value, boolean isSeveral, List<String> all) {
    static final Stated NOTHING = new Stated(null, false, List.of());

    static Stated of(List<String> values) {
      return values.isEmpty()
          ? NOTHING
          : new Stated(Texts.trimmed(values.get(0)), values.size() > 1, values);
    }

    /** Of a list the value that comes first among these. */
    @Nullable String firstOf(List<String> preferred) {
      for (String candidate : preferred) {
        if (all.contains(candidate)) {
          return candidate;
        }
      }
      return value;
    }

    @Nullable String joined() {
      return isSeveral && !all.isEmpty() ? String.join(",", all) : value;
    }
  }

  private static Source check(@Nullable String value, boolean several, Source from) {
    if (value == null) {
      return Source.ABSENT;
    }
    if (value.isEmpty()) {
      return Source.BLANK;
    }
    if (several) {
      return Source.AMBIGUOUS;
    }
    Source source = Texts.check(value);
    if (source != Source.HEADER) {
      return source;
    }
    if (Placeholders.isNothing(value)) {
      return Source.PLACEHOLDER;
    }
    if (Placeholders.isBracketed(value)) {
      return Placeholders.isTemplate(value) ? Source.UNEXPANDED_TEMPLATE : Source.BRACKETED;
    }
    return HashedNames.is(value) ? Source.RESERVED : from;
  }

  /**
   * Why the configuration refuses an exchange of this identity; null when it does not. That a tier
   * is not stated or not listed is no reason: the fallback tier is there for it.
   */
  public boolean refuses(Identity identity) {
    if (identity.untrusted() != null) {
      return config.untrusted() == Authentication.Untrusted.REFUSE || config.refusesUnusable();
    }
    return config.refusesUnusable()
        && (isUnusable(identity.userSource()) || !isUsableTier(identity.tierSource()));
  }

  private static boolean isUnusable(Source source) {
    return source.isFallback() || source.isHash();
  }

  private static boolean isUsableTier(Source source) {
    return !isUnusable(source)
        || source == Source.ABSENT
        || source == Source.BLANK
        || source == Source.PLACEHOLDER
        || source == Source.UNLISTED;
  }

  private static String shown(@Nullable String value, Source source) {
    String name = requireNonNull(value);
    return source.isHash() ? HashedNames.of(HashedNames.SHA_256, digest(name)) : name;
  }

  private static byte[] digest(String value) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(value.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void warnOnce(Set<Source> warned, String field, String place, Source source) {
    boolean isConfigured = !place.isEmpty();
    if (isConfigured && !warned.contains(source) && warned.add(source)) {
      // Never the value: it may be anything that a client sent.
      LOG.log(
          WARNING,
          "The {0} in {1} is not usable ({2}), {3} is billed instead; further cases are counted,"
              + " not logged",
          field,
          place,
          source.label(),
          source.isHash() ? "its hash" : "the fallback");
    }
  }
}
