// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.internal.spelling.RequestPath;
import io.semanticrouter.maas.record.Operation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How usage is obtained and judged: section {@code maas_integration.usage}. Immutable. */
public final class UsageConfig {

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

  private static final int DEFAULT_BYTES_PER_TOKEN = 4;
  private static final long DEFAULT_MAX_TOKENS = 100_000_000;

  private final boolean forceUsage;
  private final Backend backend;
  private final Disconnect onDisconnect;
  private final Unmeasurable unmeasurable;
  private final int bytesPerToken;
  private final long maxTokens;
  private final Unlisted unlisted;
  private final AcceptEncoding acceptEncoding;
  private final List<Route> routes;

  UsageConfig(ConfigSection section) {
    forceUsage = section.bool("force_usage", true);
    backend = section.oneOf("backend", Backend.GENERIC);
    onDisconnect = section.oneOf("on_disconnect", Disconnect.ESTIMATE);
    unmeasurable = section.oneOf("unmeasurable", Unmeasurable.ESTIMATE);
    bytesPerToken = (int) section.integer("bytes_per_token", DEFAULT_BYTES_PER_TOKEN, 1, 1000);
    maxTokens = section.integer("max_tokens_per_exchange", DEFAULT_MAX_TOKENS, 1, 1L << 50);
    unlisted = section.oneOf("unlisted", Unlisted.DETECT);
    acceptEncoding = section.oneOf("accept_encoding", AcceptEncoding.DECODABLE);
    routes = routes(section.section("routes"), forceUsage, backend);
    section.rejectUnknownKeys();
  }

  /** Whether streaming requests are made to report usage (never in Standalone mode). */
  public boolean forceUsage() {
    return forceUsage;
  }

  /** What the backends are, where no route says otherwise. */
  public Backend backend() {
    return backend;
  }

  /** What is billed when a stream breaks off before its final usage. */
  public Disconnect onDisconnect() {
    return onDisconnect;
  }

  /** What is billed when a whole answer states no usage. */
  public Unmeasurable unmeasurable() {
    return unmeasurable;
  }

  /** For estimates: bytes of a request body per prompt token, 1 or more. */
  public int bytesPerToken() {
    return bytesPerToken;
  }

  /** The most tokens that one exchange may plausibly state; more is quarantined. */
  public long maxTokens() {
    return maxTokens;
  }

  /** What becomes of answers on paths that no list names. */
  public Unlisted unlisted() {
    return unlisted;
  }

  /** What becomes of {@code accept-encoding} (never changed in Standalone mode). */
  public AcceptEncoding acceptEncoding() {
    return acceptEncoding;
  }

  /** Exceptions for single paths, the most specific one first; unmodifiable. */
  public List<Route> routes() {
    return routes;
  }

  /** The route of a path as {@link RequestPath} spells it, null when there is none. */
  public @Nullable Route route(String path) {
    for (int i = 0; i < routes.size(); i++) {
      if (routes.get(i).matches(path)) {
        return routes.get(i);
      }
    }
    return null;
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
      routes.add(new Route(plain, route, forceUsage, backend));
    }
    routes.sort(Comparator.comparingInt((Route route) -> route.path().length()).reversed());
    return List.copyOf(routes);
  }

  /** An exception for one path. Immutable. */
  public static final class Route {
    private final String path;
    private final @Nullable Operation operation;
    private final boolean forceUsage;
    private final Backend backend;

    private Route(String path, ConfigSection section, boolean forceUsage, Backend backend) {
      this.path = path;
      this.operation =
          section.has("operation") ? section.oneOf("operation", Operation.DETECT) : null;
      this.forceUsage = section.bool("force_usage", forceUsage);
      this.backend = section.oneOf("backend", backend);
      section.rejectUnknownKeys();
    }

    /** A path in any case; with {@code *} at its end, all that begin so. */
    public String path() {
      return path;
    }

    /** The operation there, null to tell it by the path as usual. */
    public @Nullable Operation operation() {
      return operation;
    }

    /** As {@link UsageConfig#forceUsage}. */
    public boolean forceUsage() {
      return forceUsage;
    }

    /** As {@link UsageConfig#backend}. */
    public Backend backend() {
      return backend;
    }

    private boolean matches(String requestPath) {
      int end = path.length() - 1;
      return path.charAt(end) == '*'
          ? requestPath.regionMatches(true, 0, path, 0, end)
          : requestPath.equalsIgnoreCase(path);
    }
  }
}
