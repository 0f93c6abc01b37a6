// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import io.semanticrouter.maas.internal.Labels;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The payer of an exchange: what the gateway vouches for, in its identity headers or in another
 * place that the configuration trusts, or the configured fallbacks where nothing vouches for
 * anybody. A name is taken as it is, but for spaces and tabs around it, which are not part of a
 * header's value (RFC 9110, 5.5). A name that cannot be taken so is billed under its hash: {@code
 * sha256:} and the first 32 hexadecimal digits of the SHA-256 of its UTF-8. Immutable.
 */
public final class Identity {

  /** The identity in Standalone mode, which reads no identity headers and exports no identity. */
  public static final Identity ANONYMOUS =
      new Identity("", "", Source.NOT_READ, Source.NOT_READ, Map.of(), Map.of(), null);

  private final String user;
  private final String tier;
  private final Source userSource;
  private final Source tierSource;
  private final Map<String, String> attributes;
  private final Map<String, Source> attributeSources;
  private final @Nullable Untrusted untrusted;

  private Identity(
      String user,
      String tier,
      Source userSource,
      Source tierSource,
      Map<String, String> attributes,
      Map<String, Source> attributeSources,
      @Nullable Untrusted untrusted) {
    this.user = user;
    this.tier = tier;
    this.userSource = userSource;
    this.tierSource = tierSource;
    this.attributes = attributes;
    this.attributeSources = attributeSources;
    this.untrusted = untrusted;
  }

  /** An identity that the gateway's headers state. */
  public static Identity of(String user, String tier) {
    return new Identity(user, tier, Source.HEADER, Source.HEADER, Map.of(), Map.of(), null);
  }

  /** The same from other sources. */
  public Identity withSources(Source ofUser, Source ofTier) {
    return new Identity(user, tier, ofUser, ofTier, attributes, attributeSources, untrusted);
  }

  /** The same with what else the gateway's headers state of the payer. */
  public Identity withAttributes(Map<String, String> named) {
    return withAttributes(named, Map.of());
  }

  /**
   * The same with what else is known of the payer.
   *
   * @param named names to values, in an order that is kept; values as those of users
   * @param sources names to where the values came from; a header for those that are not in it
   */
  public Identity withAttributes(Map<String, String> named, Map<String, Source> sources) {
    Map<String, Source> from = new LinkedHashMap<>();
    for (String name : named.keySet()) {
      from.put(name, sources.getOrDefault(name, Source.HEADER));
    }
    return new Identity(
        user,
        tier,
        userSource,
        tierSource,
        Collections.unmodifiableMap(new LinkedHashMap<>(named)),
        Collections.unmodifiableMap(from),
        untrusted);
  }

  /** The same, of a request that nothing vouches for, or, with null, of one that something does. */
  public Identity withUntrusted(@Nullable Untrusted reason) {
    return new Identity(user, tier, userSource, tierSource, attributes, attributeSources, reason);
  }

  /** The user: never blank, at most 256 bytes of UTF-8, no control characters. */
  public String user() {
    return user;
  }

  /** The price class (alias: subscription), with the same limits. */
  public String tier() {
    return tier;
  }

  /** Where the user came from. */
  public Source userSource() {
    return userSource;
  }

  /** Where the tier came from. */
  public Source tierSource() {
    return tierSource;
  }

  /**
   * What else is known of the payer, such as a cost center: names of the configuration to values
   * with the limits of users. What the gateway does not state is not there.
   */
  public Map<String, String> attributes() {
    return attributes;
  }

  /** Where each of the {@link #attributes} came from, by its name. */
  public Map<String, Source> attributeSources() {
    return attributeSources;
  }

  /** Why nothing vouches for the request; null when something does, or nothing is read. */
  public @Nullable Untrusted untrusted() {
    return untrusted;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Identity that
        && user.equals(that.user)
        && tier.equals(that.tier)
        && userSource == that.userSource
        && tierSource == that.tierSource
        && attributes.equals(that.attributes)
        && attributeSources.equals(that.attributeSources)
        && untrusted == that.untrusted;
  }

  @Override
  public int hashCode() {
    return 31 * user.hashCode() + tier.hashCode();
  }

  @Override
  public String toString() {
    return "Identity[user="
        + user
        + ", tier="
        + tier
        + ", userSource="
        + userSource
        + ", tierSource="
        + tierSource
        + ", attributes="
        + attributes
        + ", attributeSources="
        + attributeSources
        + ", untrusted="
        + untrusted
        + "]";
  }

  /**
   * Why nothing vouches for a request. Where several places were asked in vain, the reason that
   * stands last here is reported: what is wrong says more than what is not there.
   */
  public enum Untrusted {
    /** The gateway has noted no user. */
    NO_METADATA,
    /** The header that proves the others is not there. */
    NO_PROOF,
    /** There is no signed token. */
    NO_TOKEN,
    /** The keys that sign have not been read yet. */
    NO_KEYS,
    /** What stands in the header of the token is no JWT that is taken here. */
    MALFORMED_TOKEN,
    /** No key has the name that the token states. */
    UNKNOWN_KEY,
    /** It has another issuer or another audience. */
    WRONG_CLAIMS,
    /** It has expired, or is not valid yet. */
    EXPIRED_TOKEN,
    /** It was not signed with the key that it names. */
    WRONG_SIGNATURE,
    /** The header that proves the others holds something else, or has several lines. */
    WRONG_PROOF;

    private final String label = Labels.of(this);

    /** The metric label value. */
    public String label() {
      return label;
    }
  }

  /**
   * Where a value came from: the header, the hash of the header, or the fallback; the last two for
   * one of a closed set of reasons.
   */
  public enum Source {
    /** The gateway's header. */
    HEADER,
    /** Metadata or an attribute of the gateway, which no client can set. */
    METADATA,
    /** A claim of a signed token that has been verified. */
    TOKEN,
    /** Identity is not read in this mode. */
    NOT_READ,
    /** Fallback: no such header. */
    ABSENT,
    /** Fallback: empty, or only spaces and tabs. */
    BLANK,
    /** Hash: longer than 256 bytes of UTF-8. */
    TOO_LONG,
    /** Hash: a control character (C0, DEL or C1). */
    CONTROL_CHARACTER,
    /**
     * Hash: not valid UTF-8. Names that differ only in what is invalid have the same hash, so that
     * nobody may share anything under it.
     */
    INVALID_UTF8,
    /**
     * Fallback: a template that nobody expanded, such as <code>{auth.identity.username}</code>:
     * what an AuthConfig with {@code plain.value} instead of {@code plain.selector} sends.
     */
    UNEXPANDED_TEMPLATE,
    /** Fallback: what a gateway writes where it has no value, such as {@code <nil>}. */
    PLACEHOLDER,
    /** Hash: in braces or percent signs as templates are, but not one that is known. */
    BRACKETED,
    /** Hash: the name of the fallback user, or one that looks like a hash. */
    RESERVED,
    /**
     * Fallback: several header lines, and the configuration does not say that the last one wins; or
     * a list with several values.
     */
    AMBIGUOUS,
    /** Fallback: nothing vouches for the request; {@link Identity#untrusted} says why. */
    UNTRUSTED,
    /** Fallback: a tier that the configuration does not list. */
    UNLISTED;

    private final String label = Labels.of(this);

    /** Whether the value is the configured fallback. */
    public boolean isFallback() {
      return switch (this) {
        case ABSENT, BLANK, UNEXPANDED_TEMPLATE, PLACEHOLDER, AMBIGUOUS, UNTRUSTED, UNLISTED ->
            true;
        default -> false;
      };
    }

    /** Whether the value is the hash of the name that the gateway vouches for. */
    public boolean isHash() {
      return switch (this) {
        case TOO_LONG, CONTROL_CHARACTER, INVALID_UTF8, BRACKETED, RESERVED -> true;
        default -> false;
      };
    }

    /** The metric label value. */
    public String label() {
      return label;
    }
  }
}
