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

/** The configuration of the metering, made from a tree and never otherwise. Immutable. */
public final class MaasConfig {
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

  private final Mode mode;
  private final Authentication authentication;
  private final Metrics metrics;
  private final HeaderExport headers;
  private final RoutingConfig routing;
  private final UsageConfig usage;
  private final RateCard rateCard;

  private MaasConfig(ConfigSection root) {
    ConfigSection section = root.section(SECTION);
    boolean enabled = section.bool("enabled", false);
    authentication = Authentication.from(section.section("authentication"));
    ConfigSection metricsSection = section.section("metrics");
    metrics = new Metrics(metricsSection, authentication);
    boolean internalCost = metricsSection.bool("internal_cost_calculation", false);
    metricsSection.rejectUnknownKeys();
    headers = new HeaderExport(section.section("headers"), authentication);
    routing = new RoutingConfig(section.section("routing"));
    usage = new UsageConfig(section.section("usage"));
    section.rejectUnknownKeys();
    rateCard = RateCard.from(root.section("pricing"));
    mode = !enabled ? Mode.STANDALONE : internalCost ? Mode.HYBRID : Mode.MAAS;
  }

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
   * sections from. Errors go to the list of {@code root}; the result is usable only when that stays
   * empty.
   */
  public static MaasConfig from(ConfigSection root) {
    return new MaasConfig(root);
  }

  /** The operational mode. */
  public Mode mode() {
    return mode;
  }

  /** Where the identity comes from. */
  public Authentication authentication() {
    return authentication;
  }

  /** Which metrics are exported. */
  public Metrics metrics() {
    return metrics;
  }

  /** Which response headers are exported. */
  public HeaderExport headers() {
    return headers;
  }

  /** How a semantic router in the chain is understood. */
  public RoutingConfig routing() {
    return routing;
  }

  /** How usage is obtained and judged. */
  public UsageConfig usage() {
    return usage;
  }

  /** Prices, for the modes that calculate cost. */
  public RateCard rateCard() {
    return rateCard;
  }

  static boolean isSecret(String header) {
    return SECRET_HEADERS.contains(header);
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

  /** Which metrics are exported. Immutable. */
  public static final class Metrics {
    private final boolean tokens;
    private final boolean cache;
    private final boolean routing;
    private final boolean security;
    private final int maxSeries;
    private final List<String> identityLabels;
    private final UserNames.Form users;
    private final String hmacKeyFile;

    private Metrics(ConfigSection section, Authentication authentication) {
      tokens = section.bool("export_token_metrics", true);
      cache = section.bool("export_cache_metrics", true);
      routing = section.bool("export_routing_metrics", true);
      security = section.bool("export_security_metrics", true);
      maxSeries = (int) section.integer("max_series", 10_000, 1, 1_000_000);
      identityLabels =
          List.copyOf(
              section.someOf(
                  "identity_labels", authentication.labels(), authentication.attributeNames()));
      users = section.oneOf("users", UserNames.Form.PLAIN);
      hmacKeyFile = section.string("hmac_key_file", "");
      if (hmacKeyFile.isEmpty() == (users == UserNames.Form.HMAC)) {
        section.reject(
            "hmac_key_file",
            hmacKeyFile.isEmpty() ? "is needed for users: hmac" : "is for users: hmac");
      }
    }

    /** Token counts. */
    public boolean tokens() {
      return tokens;
    }

    /** Response cache hits and misses and the tokens of hits. */
    public boolean cache() {
      return cache;
    }

    /** Routing decisions. */
    public boolean routing() {
      return routing;
    }

    /** Detected personal data and jailbreak attempts. */
    public boolean security() {
      return security;
    }

    /** The attributes of the payer that are labels beside user and tier, in their order. */
    public List<String> identityLabels() {
      return identityLabels;
    }

    /** How users are written in labels. */
    public UserNames.Form users() {
      return users;
    }

    /** The file with the key for {@link UserNames.Form#HMAC}, else empty. */
    public String hmacKeyFile() {
      return hmacKeyFile;
    }

    /**
     * The most label combinations of user, tier and model; the rest goes to an exact overflow
     * series.
     */
    public int maxSeries() {
      return maxSeries;
    }
  }

  /** Which response headers are exported. Immutable. */
  public static final class HeaderExport {
    private final boolean routing;
    private final boolean cache;
    private final boolean security;
    private final String prefix;

    private HeaderExport(ConfigSection section, Authentication authentication) {
      routing = section.bool("export_routing", true);
      cache = section.bool("export_cache", true);
      security = section.bool("export_security", false);
      prefix = headerName(section, "prefix", "x-vsr-");
      String needed = neededHeaderWith(prefix, authentication);
      if (prefix.length() < 3) {
        section.reject("prefix", "must have at least 3 characters: requests lose all such headers");
      } else if (needed != null) {
        section.reject(
            "prefix",
            "must not be the beginning of " + needed + ": requests lose all such headers");
      }
      section.rejectUnknownKeys();
    }

    /** Model, routing decision, category, reasoning, system prompt. */
    public boolean routing() {
      return routing;
    }

    /** Response cache hit. */
    public boolean cache() {
      return cache;
    }

    /** Detected personal data and jailbreak attempts. */
    public boolean security() {
      return security;
    }

    /** The prefix of all of them, and of the request headers that clients may not send. */
    public String prefix() {
      return prefix;
    }
  }
}
