// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.internal.spelling.Texts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where the identity of a request comes from. Immutable. */
public final class Authentication {
  /** The most attributes besides user and tier. */
  private static final int MAX_ATTRIBUTES = 16;

  /**
   * Where gateways of a kind put the identity.
   *
   * <p>Sources: the MaaS integration guide of the semantic router (seed); the AuthPolicy and the
   * EnvoyFilters of opendatahub-io/models-as-a-service (maas); the filter state of Kuadrant's
   * wasm-shim, {@code wasm.kuadrant.auth.} and the path that a policy gives it, and the dynamic
   * metadata that Authorino answers an ext_authz filter with (kuadrant); the {@code payload} that
   * jwt_authn notes under the name of its provider (envoy-gateway, {@code
   * deploy/gateways/envoy-gateway}); the headers by which the semantic router itself tells users,
   * teams and tenants apart, which has no tiers (vsr).
   */
  private enum Preset {
    SEED("x-auth-request-user", "x-auth-request-tier"),
    MAAS("x-maas-username", "x-maas-subscription"),
    VSR("x-authz-user-id", "x-auth-request-tier"),
    KUADRANT("x-auth-request-user", "x-auth-request-tier"),
    ENVOY_GATEWAY("x-auth-request-user", "x-auth-request-tier");

    final String userHeader;
    final String tierHeader;

    Preset(String userHeader, String tierHeader) {
      this.userHeader = userHeader;
      this.tierHeader = tierHeader;
    }

    Map<String, String> attributes() {
      Map<String, String> attributes = new LinkedHashMap<>();
      if (this == MAAS) {
        attributes.put("subscription", "x-maas-subscription");
        attributes.put("organization_id", "x-maas-organization-id");
        attributes.put("cost_center", "x-maas-cost-center");
      } else if (this == VSR) {
        attributes.put("team_id", "x-authz-team-id");
        attributes.put("tenant_id", "x-authz-tenant-id");
      }
      return attributes;
    }

    List<IdentitySource> trust(IdentitySource headers) {
      return switch (this) {
        case SEED, MAAS, VSR -> List.of(headers);
        case KUADRANT ->
            List.of(
                IdentitySource.noted(
                    "",
                    "filter_state['wasm.kuadrant.auth.identity.userid']",
                    "filter_state['wasm.kuadrant.auth.kuadrant.plan']"),
                IdentitySource.noted(
                    "envoy.filters.http.ext_authz", "identity.userid", "kuadrant.plan"));
        case ENVOY_GATEWAY ->
            List.of(IdentitySource.noted("envoy.filters.http.jwt_authn", "maas.sub", "maas.tier"));
      };
    }
  }

  /** What becomes of a request that nothing vouches for. */
  public enum Untrusted {
    /** It is billed to the fallback. */
    FALLBACK,
    /** It is answered with 401 or 403. */
    REFUSE
  }

  private final IdentitySource headers;
  private final List<IdentitySource> trust;
  private final Set<String> labels;
  private final Untrusted untrusted;
  private final List<String> tiers;
  private final String fallbackUser;
  private final String fallbackTier;
  private final boolean lastValueWins;
  private final boolean refusesUnusable;

  private Authentication(
      IdentitySource headers,
      List<IdentitySource> trust,
      Set<String> labels,
      Untrusted untrusted,
      List<String> tiers,
      String fallbackUser,
      String fallbackTier,
      boolean lastValueWins,
      boolean refusesUnusable) {
    this.headers = headers;
    this.trust = List.copyOf(trust);
    this.labels = labels;
    this.untrusted = untrusted;
    this.tiers = tiers;
    this.fallbackUser = fallbackUser;
    this.fallbackTier = fallbackTier;
    this.lastValueWins = lastValueWins;
    this.refusesUnusable = refusesUnusable;
  }

  static Authentication from(ConfigSection section) {
    int errorsBefore = section.errorCount();
    Preset preset = section.oneOf("preset", Preset.SEED);
    String user = identityHeader(section, "user_header", preset.userHeader);
    String tier = identityHeader(section, "tier_header", preset.tierHeader);
    if (errorsBefore == section.errorCount() && user.equals(tier)) {
      boolean tierWritten = section.has("tier_header");
      section.reject(
          tierWritten ? "tier_header" : "user_header",
          "must differ from " + (tierWritten ? "user_header" : "tier_header"));
    }
    IdentitySource headers =
        IdentitySource.headers(user, tier, headerAttributes(section, preset.attributes()));
    List<IdentitySource> trust = trust(section, headers, preset);
    Set<String> labels = new LinkedHashSet<>(preset.attributes().keySet());
    trust.forEach(source -> labels.retainAll(source.attributes().keySet()));
    Untrusted untrusted = section.oneOf("untrusted", Untrusted.FALLBACK);
    String fallbackUser = label(section, "fallback_user", "unknown");
    String fallbackTier = label(section, "fallback_tier", "free");
    List<String> tiers = section.strings("tiers");
    if (!tiers.isEmpty() && !tiers.contains(fallbackTier)) {
      section.reject("tiers", "must have the fallback_tier among them");
    }
    boolean lastValueWins = section.oneOf("multiple_values", Several.MISSING) == Several.LAST;
    boolean refusesUnusable = section.oneOf("unusable", Untrusted.FALLBACK) == Untrusted.REFUSE;
    section.rejectUnknownKeys();
    return new Authentication(
        headers,
        trust,
        labels,
        untrusted,
        tiers,
        fallbackUser,
        fallbackTier,
        lastValueWins,
        refusesUnusable);
  }

  /** What several lines of one header count as. */
  private enum Several {
    MISSING,
    LAST
  }

  private static List<IdentitySource> trust(
      ConfigSection section, IdentitySource headers, Preset preset) {
    if (!section.has("trust")) {
      section.sections("trust");
      return preset.trust(headers);
    }
    List<IdentitySource> trust = new ArrayList<>();
    for (ConfigSection element : section.sections("trust")) {
      trust.add(IdentitySource.from(element, headers));
    }
    if (trust.isEmpty()) {
      section.reject("trust", "must have at least one element");
    }
    for (int i = 0; i < trust.size() - 1; i++) {
      if (trust.get(i).isUnproven()) {
        section.reject("trust", "must have headers without a proof last: they vouch for everybody");
        break;
      }
    }
    return trust;
  }

  private static Map<String, String> headerAttributes(
      ConfigSection section, Map<String, String> defaults) {
    if (!section.has("attributes")) {
      section.section("attributes");
      return defaults;
    }
    ConfigSection names = section.section("attributes");
    Map<String, String> attributes = new LinkedHashMap<>();
    for (String name : attributes(names).keySet()) {
      attributes.put(name, identityHeader(names, name, ""));
    }
    return attributes;
  }

  /** Names of attributes to where they are, in the order of the file. */
  static Map<String, String> attributes(ConfigSection section) {
    Map<String, String> attributes = new LinkedHashMap<>();
    for (String name : section.keys()) {
      String place = section.string(name, "");
      if (!isLabelName(name)) {
        section.reject(
            name, "must be named in small letters, digits and _, not user, tier, model or type");
      } else if (place.isBlank()) {
        section.reject(name, "must be a text that is not empty");
      } else {
        attributes.put(name, place);
      }
    }
    if (attributes.size() > MAX_ATTRIBUTES) {
      String last = attributes.keySet().stream().reduce("", (first, second) -> second);
      section.reject(last, "must not be one of more than " + MAX_ATTRIBUTES + " attributes");
    }
    return attributes;
  }

  /** Each attribute may become a label of a metric, beside those that are there. */
  private static boolean isLabelName(String name) {
    boolean valid = !name.isEmpty() && name.length() <= 64 && name.charAt(0) >= 'a';
    for (int i = 0; i < name.length() && valid; i++) {
      char c = name.charAt(i);
      valid = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    return valid
        && switch (name) {
          case "user", "tier", "model", "type", "outcome", "reason", "part", "unit", "le" -> false;
          default -> true;
        };
  }

  /** A header that may become a metric label: never one that carries a secret. */
  private static String identityHeader(ConfigSection section, String key, String defaultValue) {
    String name = MaasConfig.headerName(section, key, defaultValue);
    if (MaasConfig.isSecret(name)) {
      section.reject(key, "must not be a header with credentials: it becomes a metric label");
      return defaultValue;
    }
    return name;
  }

  private static String label(ConfigSection section, String key, String defaultValue) {
    String value = section.string(key, defaultValue);
    if (!MaasConfig.isCleanText(value) || !value.equals(Texts.trimmed(value))) {
      section.reject(
          key, "must have 1 to 256 bytes, no control characters and no white space around it");
      return defaultValue;
    }
    if (isTemplate(value)) {
      section.reject(key, "must not be a template: nobody expands it here");
      return defaultValue;
    }
    return value;
  }

  private static boolean isTemplate(String value) {
    int open = value.indexOf('{');
    return value.contains("$(") || (open >= 0 && value.indexOf('}', open) > 0);
  }

  /** The request header with the user, in lower case. */
  public String userHeader() {
    return headers.user();
  }

  /** The request header with the tier, in lower case. */
  public String tierHeader() {
    return headers.tier();
  }

  /** The places that may say who asks, in order: the first that vouches for a request is taken. */
  public List<IdentitySource> trust() {
    return trust;
  }

  /** The request header that proves the others, in lower case; null when none does. */
  public @Nullable String proofHeader() {
    for (IdentitySource source : trust) {
      if (source.proofHeader() != null) {
        return source.proofHeader();
      }
    }
    return null;
  }

  /** The names of all attributes that may be stated. */
  Set<String> attributeNames() {
    Set<String> names = new LinkedHashSet<>();
    trust.forEach(source -> names.addAll(source.attributes().keySet()));
    return names;
  }

  /** Those that are labels where the configuration says nothing about it. */
  Set<String> labels() {
    return labels;
  }

  /** What becomes of a request that none of them vouches for. */
  public Untrusted untrusted() {
    return untrusted;
  }

  /**
   * The tiers that there are, the most important one first; another one counts as the fallback
   * tier. Empty when any will do.
   */
  public List<String> tiers() {
    return tiers;
  }

  /** The user where the gateway set none. */
  public String fallbackUser() {
    return fallbackUser;
  }

  /** The tier where the gateway set none. */
  public String fallbackTier() {
    return fallbackTier;
  }

  /**
   * Whether the last of several lines of one header is taken; otherwise several lines count as
   * missing, because a client may have smuggled in one of them.
   */
  public boolean lastValueWins() {
    return lastValueWins;
  }

  /**
   * Whether exchanges without a user or tier that can be taken as it is are refused with a 403,
   * instead of being billed to the fallback or to a hash.
   */
  public boolean refusesUnusable() {
    return refusesUnusable;
  }
}
