// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigSection;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code server.otlp}: where metrics are pushed to.
 *
 * @param endpoint of metrics, with its path
 * @param interval between two pushes
 * @param headersFile of headers that each push has, a line each; null when it needs none
 * @param ca who may sign the certificate of the collector, as PEM; null for those that Java trusts
 */
record OtlpConfig(URI endpoint, Duration interval, @Nullable Path headersFile, @Nullable Path ca) {
  static final String SECTION = "otlp";

  private static final Set<String> SCHEMES = Set.of("http", "https");

  /** What OTLP over HTTP has by default (OpenTelemetry Protocol Exporter, Endpoint URLs). */
  private static final String DEFAULT_PATH = "/v1/metrics";

  /** Null when it names no endpoint, so that nothing is pushed. */
  static @Nullable OtlpConfig from(ConfigSection server) {
    ConfigSection section = server.section(SECTION);
    String endpoint = section.string("endpoint", "");
    Duration interval = Duration.ofSeconds(section.integer("interval_seconds", 60, 1, 3600));
    Path headersFile = file(section, "headers_file");
    Path ca = file(section, "ca");
    section.rejectUnknownKeys();
    if (endpoint.isEmpty()) {
      return null;
    }
    URI uri = endpoint(endpoint);
    if (uri == null) {
      section.reject("endpoint", "must be an address like http://collector:4318");
      return null;
    }
    return new OtlpConfig(uri, interval, headersFile, ca);
  }

  private static @Nullable URI endpoint(String text) {
    try {
      URI uri = new URI(text);
      String scheme = uri.getScheme();
      if (scheme == null
          || !SCHEMES.contains(scheme.toLowerCase(Locale.ROOT))
          || uri.getHost() == null
          || uri.getUserInfo() != null
          || uri.getFragment() != null) {
        return null;
      }
      return uri.getRawPath().isEmpty() || uri.getRawPath().equals("/")
          ? uri.resolve(DEFAULT_PATH)
          : uri;
    } catch (URISyntaxException e) {
      return null;
    }
  }

  private static @Nullable Path file(ConfigSection section, String key) {
    String text = section.string(key, "");
    try {
      return text.isEmpty() ? null : Path.of(text);
    } catch (InvalidPathException e) {
      section.reject(key, "must be the path of a file");
      return null;
    }
  }

  @Override
  public String toString() {
    return endpoint + ", every " + interval.toSeconds() + " s";
  }
}
