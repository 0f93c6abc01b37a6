// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One of the places that may say who a request is billed to: an element of {@code
 * authentication.trust}. Immutable.
 */
public final class IdentitySource {
  private static final int MAX_SECRETS = 2;
  private static final int MIN_SECRET = 16;

  /** What kind of place it is. */
  public enum By {
    /** Request headers, alone or with a proof that the gateway has set them. */
    HEADERS,
    /** What an earlier filter of the gateway has noted about the request. */
    METADATA,
    /** What the gateway evaluates itself. */
    ATTRIBUTES,
    /** Claims of a signed token in a header of the request. */
    JWT
  }

  private final By by;
  private final String namespace;
  private final String user;
  private final String tier;
  private final Map<String, String> attributes;
  private final @Nullable String proofHeader;
  private final List<String> secrets;
  private final @Nullable TokenConfig token;

  private IdentitySource(
      By by,
      String namespace,
      String user,
      String tier,
      Map<String, String> attributes,
      @Nullable String proofHeader,
      List<String> secrets,
      @Nullable TokenConfig token) {
    this.by = by;
    this.namespace = namespace;
    this.user = user;
    this.tier = tier;
    this.attributes = attributes;
    this.proofHeader = proofHeader;
    this.secrets = secrets;
    this.token = token;
  }

  /** Request headers that are believed as they are. */
  static IdentitySource headers(String user, String tier, Map<String, String> attributes) {
    return new IdentitySource(By.HEADERS, "", user, tier, attributes, null, List.of(), null);
  }

  /** Metadata of the gateway, or an attribute of it where the namespace is empty. */
  static IdentitySource noted(String namespace, String user, String tier) {
    By by = namespace.isEmpty() ? By.ATTRIBUTES : By.METADATA;
    return new IdentitySource(by, namespace, user, tier, Map.of(), null, List.of(), null);
  }

  /**
   * Reads an element of the list.
   *
   * @param headers the names of the identity headers, for sources that read those
   */
  static IdentitySource from(ConfigSection section, IdentitySource headers) {
    By by = section.oneOf("by", By.HEADERS);
    IdentitySource source =
        switch (by) {
          case HEADERS -> headersWithProof(section, headers);
          case METADATA -> named(section, by, required(section, "namespace"), null);
          case ATTRIBUTES -> named(section, by, "", null);
          case JWT -> named(section, by, "", new TokenConfig(section));
        };
    section.rejectUnknownKeys();
    return source;
  }

  private static IdentitySource headersWithProof(ConfigSection section, IdentitySource headers) {
    String proof =
        section.has("proof_header") ? MaasConfig.headerName(section, "proof_header", "") : null;
    List<String> secrets = section.secrets("secrets");
    if (proof == null && !secrets.isEmpty()) {
      section.reject("secrets", "needs a proof_header, in which the gateway sends one of them");
    } else if (secrets.size() > MAX_SECRETS) {
      section.reject("secrets", "must have at most 2: the old one and the new one");
    } else if (secrets.stream().anyMatch(secret -> secret.length() < MIN_SECRET)) {
      section.reject("secrets", "must have at least 16 characters each");
    } else if (proof != null && (proof.equals(headers.user) || proof.equals(headers.tier))) {
      section.reject("proof_header", "must differ from user_header and tier_header");
    }
    return new IdentitySource(
        By.HEADERS, "", headers.user, headers.tier, headers.attributes, proof, secrets, null);
  }

  private static IdentitySource named(
      ConfigSection section, By by, String namespace, @Nullable TokenConfig token) {
    String user = required(section, "user");
    String tier = section.string("tier", "");
    Map<String, String> attributes = Authentication.attributes(section.section("attributes"));
    return new IdentitySource(by, namespace, user, tier, attributes, null, List.of(), token);
  }

  private static String required(ConfigSection section, String key) {
    String value = section.string(key, "");
    if (value.isBlank()) {
      section.reject(key, "must be a text that is not empty");
    }
    return value;
  }

  /** What kind of place it is. */
  public By by() {
    return by;
  }

  /** Whether it vouches for each request, whatever that holds. */
  public boolean isUnproven() {
    return by == By.HEADERS && proofHeader == null;
  }

  /** The namespace of metadata; empty for all others. */
  public String namespace() {
    return namespace;
  }

  /** Where the user is: a header in lower case, a key of metadata, an attribute, or a claim. */
  public String user() {
    return user;
  }

  /** Where the tier is, in the same words; empty when there is none. */
  public String tier() {
    return tier;
  }

  /** Where further attributes are: their names to places in the same words. */
  public Map<String, String> attributes() {
    return attributes;
  }

  /** The header that proves that the gateway has set the others, in lower case; or null. */
  public @Nullable String proofHeader() {
    return proofHeader;
  }

  /**
   * What that header may hold; empty when it is enough that it is there, because the gateway
   * removes it from each request that comes in. Secret.
   */
  public List<String> secrets() {
    return secrets;
  }

  /** Which tokens are taken, of {@link By#JWT}; null for all others. */
  public @Nullable TokenConfig token() {
    return token;
  }
}
