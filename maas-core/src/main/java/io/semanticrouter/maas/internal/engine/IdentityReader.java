// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static java.lang.System.Logger.Level.WARNING;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.spelling.Placeholders;
import io.semanticrouter.maas.internal.spelling.Texts;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Identity.Source;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Reads the identity from the gateway's headers; never throws, whatever they hold. */
public final class IdentityReader {
  private static final System.Logger LOG = System.getLogger("io.semanticrouter.maas.Metering");

  private static final String HASH = "sha256:";
  private static final int HASH_DIGITS = 32;

  private final MaasConfig.Authentication config;
  private final Set<Source> warnedOfUser = ConcurrentHashMap.newKeySet();
  private final Set<Source> warnedOfTier = ConcurrentHashMap.newKeySet();

  public IdentityReader(MaasConfig.Authentication config) {
    this.config = config;
  }

  public Identity read(Headers headers) {
    String user = trimmed(headers, config.userHeader());
    String tier = trimmed(headers, config.tierHeader());
    Source userSource = check(headers, config.userHeader(), user);
    Source tierSource = check(headers, config.tierHeader(), tier);
    if (userSource == Source.HEADER && user.equals(config.fallbackUser())) {
      // Else a user of that name would be billed as nobody. Tiers are shared by nature.
      userSource = Source.RESERVED;
    }
    if (userSource != Source.HEADER) {
      warnOnce(warnedOfUser, config.userHeader(), userSource);
    }
    if (tierSource != Source.HEADER) {
      warnOnce(warnedOfTier, config.tierHeader(), tierSource);
    }
    return Identity.of(
            userSource.isFallback() ? config.fallbackUser() : shown(user, userSource),
            tierSource.isFallback() ? config.fallbackTier() : shown(tier, tierSource))
        .withSources(userSource, tierSource);
  }

  /**
   * Whether the configuration refuses an exchange of this identity. That a tier is not stated is no
   * reason: the fallback tier is there for it.
   */
  public boolean refuses(Identity identity) {
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
        || source == Source.PLACEHOLDER;
  }

  /** The value of a header; empty when there is none. */
  private static String trimmed(Headers headers, String name) {
    String value = headers.get(name);
    return value == null ? "" : Texts.trimmed(value);
  }

  private Source check(Headers headers, String name, String value) {
    if (value.isEmpty()) {
      return headers.get(name) == null ? Source.ABSENT : Source.BLANK;
    }
    if (!config.lastValueWins() && headers.count(name) > 1) {
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
    return isHash(value) ? Source.RESERVED : Source.HEADER;
  }

  private static String shown(String value, Source source) {
    return source.isHash() ? hash(value) : value;
  }

  private static String hash(String value) {
    byte[] digest = sha256().digest(value.getBytes(StandardCharsets.UTF_8));
    return HASH + HexFormat.of().formatHex(digest, 0, HASH_DIGITS / 2);
  }

  private static boolean isHash(String value) {
    if (!value.startsWith(HASH) || value.length() != HASH.length() + HASH_DIGITS) {
      return false;
    }
    for (int i = HASH.length(); i < value.length(); i++) {
      char c = value.charAt(i);
      if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
        return false;
      }
    }
    return true;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void warnOnce(Set<Source> warned, String header, Source source) {
    if (!warned.contains(source) && warned.add(source)) {
      // Never the value: it may be anything that a client sent.
      LOG.log(
          WARNING,
          "Identity header {0} is not usable ({1}), {2} is billed instead; further cases are counted,"
              + " not logged",
          header,
          source.label(),
          source.isHash() ? "its hash" : "the fallback");
    }
  }
}
