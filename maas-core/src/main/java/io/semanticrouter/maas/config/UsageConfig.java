// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.internal.spelling.RequestPath;
import io.semanticrouter.maas.record.Operation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How usage is obtained and judged: section {@code maas_integration.usage}. Immutable.
 *
 * @param forceUsage whether streaming requests are made to report usage (never in Standalone mode)
 * @param backend what the backends are, where no route says otherwise
 * @param onDisconnect what is billed when a stream breaks off before its final usage
 * @param unmeasurable what is billed when a whole answer states no usage
 * @param bytesPerToken for estimates: bytes of a request body per prompt token, 1 or more
 * @param maxTokens the most tokens that one exchange may plausibly state; more is quarantined
 * @param unlisted what becomes of answers on paths that no list names
 * @param acceptEncoding what becomes of {@code accept-encoding} (never changed in Standalone mode)
 * @param routes exceptions for single paths, the most specific one first
 */
public record UsageConfig(
    boolean forceUsage,
    Backend backend,
    Disconnect onDisconnect,
    Unmeasurable unmeasurable,
    int bytesPerToken,
    long maxTokens,
    Unlisted unlisted,
    AcceptEncoding acceptEncoding,
    List<Route> routes) {

  /** What kind of server answers. */
  public enum Backend {
    /** Any server of the API. */
    GENERIC,
    /** vLLM, which can state usage in every chunk of a stream. */
    VLLM
  }

  /** What is billed when a stream breaks off before its final usage. */
  public enum Disconnect {
    /** The last usage that the backend stated, if any: a measured lower bound. */
    LAST_SNAPSHOT,
    /** As far as the backend stated nothing, an estimate, apart from all measurements. */
    ESTIMATE,
    /** Nothing. */
    DROP
  }

  /** What becomes of answers on paths that no list and no route names. */
  public enum Unlisted {
    /** They are metered where they state usage, and counted. */
    DETECT,
    /** They are counted. */
    COUNT
  }

  /** What is billed when a backend answers 2xx and states no usage that can be read. */
  public enum Unmeasurable {
    /** An estimate, apart from all measurements. */
    ESTIMATE,
    /** Nothing. */
    PASS,
    /**
     * A request whose usage cannot be asked for is answered here: 400 for its body, 431 for its
     * head. What turns out only in the answer is estimated.
     */
    REFUSE
  }

  /** What becomes of the request's {@code accept-encoding}. */
  public enum AcceptEncoding {
    /** Codings that cannot be decoded here are taken out. */
    DECODABLE,
    /** It is replaced by {@code identity}. */
    IDENTITY,
    /** It stays; responses in other codings fail to be measured. */
    KEEP;

    /** What has to be taken out of a response must be there in plain. */
    public AcceptEncoding whereUsageIsStripped() {
      return this == KEEP ? KEEP : IDENTITY;
    }
  }

  /**
   * An exception for one path.
   *
   * @param path a path in any case; with {@code *} at its end, all that begin so
   * @param operation the operation there, null to tell it by the path as usual
   * @param forceUsage as in {@link UsageConfig}
   * @param backend as in {@link UsageConfig}
   */
  public record Route(
      String path, @Nullable Operation operation, boolean forceUsage, Backend backend) {
    boolean matches(String requestPath) {
      int end = path.length() - 1;
      return path.charAt(end) == '*'
          ? requestPath.regionMatches(true, 0, path, 0, end)
          : requestPath.equalsIgnoreCase(path);
    }
  }

  private static final int DEFAULT_BYTES_PER_TOKEN = 4;
  private static final long DEFAULT_MAX_TOKENS = 100_000_000;

  /** The route of a path as {@link RequestPath} spells it, null when there is none. */
  public @Nullable Route route(String path) {
    for (int i = 0; i < routes.size(); i++) {
      if (routes.get(i).matches(path)) {
        return routes.get(i);
      }
    }
    return null;
  }

  static UsageConfig from(ConfigSection section) {
    boolean forceUsage = section.bool("force_usage", true);
    Backend backend = section.oneOf("backend", Backend.GENERIC);
    UsageConfig config =
        new UsageConfig(
            forceUsage,
            backend,
            section.oneOf("on_disconnect", Disconnect.ESTIMATE),
            section.oneOf("unmeasurable", Unmeasurable.ESTIMATE),
            (int) section.integer("bytes_per_token", DEFAULT_BYTES_PER_TOKEN, 1, 1000),
            section.integer("max_tokens_per_exchange", DEFAULT_MAX_TOKENS, 1, 1L << 50),
            section.oneOf("unlisted", Unlisted.DETECT),
            section.oneOf("accept_encoding", AcceptEncoding.DECODABLE),
            routes(section.section("routes"), forceUsage, backend));
    section.rejectUnknownKeys();
    return config;
  }

  private static List<Route> routes(ConfigSection section, boolean forceUsage, Backend backend) {
    List<Route> routes = new ArrayList<>();
    for (String path : section.keys()) {
      int errorsBefore = section.errorCount();
      String plain = RequestPath.of(path);
      if (!path.startsWith("/")) {
        section.reject(path, "a route must begin with /");
      }
      for (int i = 0; i < routes.size(); i++) {
        if (routes.get(i).path().equalsIgnoreCase(plain)) {
          section.reject(path, "is the same path as another route");
        }
      }
      ConfigSection route = section.section(path);
      if (section.errorCount() > errorsBefore) {
        continue; // what it lacks would be noise
      }
      Operation operation =
          route.has("operation") ? route.oneOf("operation", Operation.DETECT) : null;
      routes.add(
          new Route(
              plain,
              operation,
              route.bool("force_usage", forceUsage),
              route.oneOf("backend", backend)));
      route.rejectUnknownKeys();
    }
    routes.sort(Comparator.comparingInt((Route route) -> route.path().length()).reversed());
    return List.copyOf(routes);
  }
}
