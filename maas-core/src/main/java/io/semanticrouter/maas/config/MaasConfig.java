// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.internal.spelling.Texts;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of the metering. Immutable. {@link #from} checks everything; the constructors
 * of this record and its parts check nothing.
 *
 * @param mode the operational mode
 * @param authentication where the identity comes from
 * @param metrics which metrics are exported
 * @param headers which response headers are exported
 * @param routing how a semantic router in the chain is understood
 * @param usage how usage is obtained and judged
 * @param rateCard prices, for the modes that calculate cost
 */
public record MaasConfig(
    Mode mode,
    Authentication authentication,
    Metrics metrics,
    HeaderExport headers,
    RoutingConfig routing,
    UsageConfig usage,
    RateCard rateCard) {

  /** The section of a configuration file that is ours. */
  public static final String SECTION = "maas_integration";

  /** The longest identity, model or fact, in bytes of UTF-8. */
  public static final int MAX_VALUE_BYTES = Texts.MAX_BYTES;

  /** Headers that must not become labels. */
  private static final Set<String> SECRET_HEADERS =
      Set.of(
          "api-key",
          "authorization",
          "cookie",
          "proxy-authorization",
          "set-cookie",
          "x-amz-security-token",
          "x-api-key",
          "x-goog-api-key");

  /** Request headers that must survive the removal of everything that begins with the prefix. */
  private static final List<String> NEEDED_HEADERS =
      List.of(
          "accept",
          "accept-encoding",
          "authorization",
          "baggage",
          "connection",
          "content-encoding",
          "content-length",
          "content-type",
          "cookie",
          "expect",
          "forwarded",
          "host",
          "traceparent",
          "tracestate",
          "transfer-encoding",
          "user-agent",
          "x-api-key",
          "x-b3-traceid",
          "x-envoy-original-path",
          "x-forwarded-for",
          "x-request-id");

  /**
   * Where the identity comes from.
   *
   * @param userHeader request header with the user, lower case
   * @param tierHeader request header with the tier, lower case
   * @param fallbackUser the user where the gateway set none
   * @param fallbackTier the tier where the gateway set none
   * @param lastValueWins whether the last of several lines of one header is taken; otherwise
   *     several lines count as missing, because a client may have smuggled in one of them
   * @param refusesUnusable whether exchanges without a user or tier that can be taken as it is are
   *     refused with a 403, instead of being billed to the fallback or to a hash
   */
  public record Authentication(
      String userHeader,
      String tierHeader,
      String fallbackUser,
      String fallbackTier,
      boolean lastValueWins,
      boolean refusesUnusable) {}

  /**
   * Which metrics are exported.
   *
   * @param tokens token counts
   * @param cache response cache hits and misses and the tokens of hits
   * @param routing routing decisions
   * @param security detected personal data and jailbreak attempts
   * @param maxSeries the most label combinations of user, tier and model; the rest goes to an exact
   *     overflow series
   */
  public record Metrics(
      boolean tokens, boolean cache, boolean routing, boolean security, int maxSeries) {}

  /**
   * Which response headers are exported.
   *
   * @param routing model, routing decision, category, reasoning, system prompt
   * @param cache response cache hit
   * @param security detected personal data and jailbreak attempts
   * @param prefix prefix of all of them, and of the request headers that clients may not send
   */
  public record HeaderExport(boolean routing, boolean cache, boolean security, String prefix) {}

  /** The defaults: Standalone. */
  public static MaasConfig defaults() {
    return from(Map.of());
  }

  /**
   * Reads a whole configuration tree, as any YAML or JSON library gives it. Sections that are not
   * ours are tolerated.
   *
   * @throws ConfigException with all errors at once
   */
  public static MaasConfig from(Map<?, ?> tree) {
    List<ConfigError> errors = new ArrayList<>();
    ConfigSection root = ConfigSection.root(tree, errors);
    MaasConfig config = from(root);
    root.rejectMisspelledKeys();
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return config;
  }

  /**
   * Reads the sections of the metering from the top level of a file that an adapter reads further
   * sections from. Errors go to the list behind {@code root}; the result is usable only when that
   * stays empty.
   */
  public static MaasConfig from(ConfigSection root) {
    ConfigSection section = root.section(SECTION);
    boolean enabled = section.bool("enabled", false);
    Authentication authentication = authentication(section.section("authentication"));
    ConfigSection metricsSection = section.section("metrics");
    Metrics metrics =
        new Metrics(
            metricsSection.bool("export_token_metrics", true),
            metricsSection.bool("export_cache_metrics", true),
            metricsSection.bool("export_routing_metrics", true),
            metricsSection.bool("export_security_metrics", true),
            (int) metricsSection.integer("max_series", 10_000, 1, 1_000_000));
    boolean internalCost = metricsSection.bool("internal_cost_calculation", false);
    metricsSection.rejectUnknownKeys();
    HeaderExport headers = headers(section.section("headers"), authentication);
    RoutingConfig routing = RoutingConfig.from(section.section("routing"));
    UsageConfig usage = UsageConfig.from(section.section("usage"));
    section.rejectUnknownKeys();
    RateCard rateCard = RateCard.from(root.section("pricing"));
    Mode mode = !enabled ? Mode.STANDALONE : internalCost ? Mode.HYBRID : Mode.MAAS;
    return new MaasConfig(mode, authentication, metrics, headers, routing, usage, rateCard);
  }

  private static Authentication authentication(ConfigSection section) {
    int errorsBefore = section.errorCount();
    String userHeader = identityHeader(section, "user_header", "x-auth-request-user");
    String tierHeader = identityHeader(section, "tier_header", "x-auth-request-tier");
    if (errorsBefore == section.errorCount() && userHeader.equals(tierHeader)) {
      boolean tierWritten = section.has("tier_header");
      section.reject(
          tierWritten ? "tier_header" : "user_header",
          "must differ from " + (tierWritten ? "user_header" : "tier_header"));
    }
    String fallbackUser = label(section, "fallback_user", "unknown");
    String fallbackTier = label(section, "fallback_tier", "free");
    String several = section.oneOf("multiple_values", "missing", Set.of("missing", "last"));
    String unusable = section.oneOf("unusable", "fallback", Set.of("fallback", "refuse"));
    section.rejectUnknownKeys();
    return new Authentication(
        userHeader,
        tierHeader,
        fallbackUser,
        fallbackTier,
        several.equals("last"),
        unusable.equals("refuse"));
  }

  /** A header that may become a metric label: never one that carries a secret. */
  private static String identityHeader(ConfigSection section, String key, String defaultValue) {
    String name = headerName(section, key, defaultValue);
    if (isSecret(name)) {
      section.reject(key, "must not be a header with credentials: it becomes a metric label");
      return defaultValue;
    }
    return name;
  }

  static boolean isSecret(String header) {
    return SECRET_HEADERS.contains(header);
  }

  private static HeaderExport headers(ConfigSection section, Authentication authentication) {
    boolean routing = section.bool("export_routing", true);
    boolean cache = section.bool("export_cache", true);
    boolean security = section.bool("export_security", false);
    String prefix = headerName(section, "prefix", "x-vsr-");
    String needed = neededHeaderWith(prefix, authentication);
    if (prefix.length() < 3) {
      section.reject("prefix", "must have at least 3 characters: requests lose all such headers");
    } else if (needed != null) {
      section.reject(
          "prefix", "must not be the beginning of " + needed + ": requests lose all such headers");
    }
    section.rejectUnknownKeys();
    return new HeaderExport(routing, cache, security, prefix);
  }

  private static @Nullable String neededHeaderWith(String prefix, Authentication authentication) {
    for (String name : List.of(authentication.userHeader(), authentication.tierHeader())) {
      if (name.startsWith(prefix)) {
        return name;
      }
    }
    for (String name : NEEDED_HEADERS) {
      if (name.startsWith(prefix)) {
        return name;
      }
    }
    return null;
  }

  /** A field name as of RFC 9110, 5.1, in lower case, as HTTP/2 and Envoy have it. */
  static String headerName(ConfigSection section, String key, String defaultValue) {
    String name = section.string(key, defaultValue);
    boolean valid = !name.isEmpty() && name.length() <= 128;
    for (int i = 0; i < name.length() && valid; i++) {
      char c = name.charAt(i);
      valid =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }
    if (!valid) {
      section.reject(key, "must be an HTTP header name: letters, digits and -, 1 to 128 long");
      return defaultValue;
    }
    return name.toLowerCase(Locale.ROOT);
  }

  private static String label(ConfigSection section, String key, String defaultValue) {
    String value = section.string(key, defaultValue);
    if (!isCleanText(value) || !value.equals(Texts.trimmed(value))) {
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

  /** Whether a text can be a user, a tier or a model: what comes in headers is held to the same. */
  static boolean isCleanText(String value) {
    boolean clean =
        value
            .codePoints()
            .noneMatch(
                c ->
                    Character.isISOControl(c)
                        || c == 0xfffd
                        || Character.getType(c) == Character.SURROGATE);
    return clean
        && !Texts.trimmed(value).isEmpty()
        && value.getBytes(StandardCharsets.UTF_8).length <= MAX_VALUE_BYTES;
  }

  private static boolean isTemplate(String value) {
    int open = value.indexOf('{');
    return value.contains("$(") || (open >= 0 && value.indexOf('}', open) > 0);
  }
}
