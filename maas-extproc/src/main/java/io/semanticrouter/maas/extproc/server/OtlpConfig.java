// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.ConfigSection;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
      section.reject(
          "endpoint",
          "must be an address like http://collector:4318, without a user and a query: headers_file"
              + " is for secrets");
      uri = URI.create(DEFAULT_PATH); // so that the files are checked too
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
          || uri.getRawQuery() != null
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

  /** Adds what is wrong with the files. */
  void check(List<ConfigError> errors) {
    try {
      headers();
    } catch (ConfigException e) {
      errors.addAll(e.errors());
    }
    try {
      certificates();
    } catch (ConfigException e) {
      errors.addAll(e.errors());
    }
  }

  /**
   * The headers of pushes; null when they need none.
   *
   * @throws ConfigException when the file cannot be used
   */
  @Nullable HeaderFile headers() {
    try {
      return headersFile == null ? null : new HeaderFile(headersFile);
    } catch (IOException e) {
      throw unusable("headers_file", String.valueOf(e.getMessage()));
    }
  }

  /**
   * The certificates of {@link #ca}, as PEM.
   *
   * @throws ConfigException when it has none, for which the library would take anything
   */
  byte @Nullable [] certificates() {
    if (ca == null) {
      return null;
    }
    try {
      byte[] pem = Files.readAllBytes(ca);
      Pem.certificates(pem);
      return pem;
    } catch (IOException e) {
      throw unusable("ca", "cannot be read: " + ca);
    } catch (Pem.MalformedException e) {
      throw unusable("ca", ca + " " + e.getMessage());
    }
  }

  private static ConfigException unusable(String key, String rule) {
    return new ConfigException(
        List.of(new ConfigError("server." + SECTION + "." + key, null, rule, null)));
  }

  @Override
  public String toString() {
    return endpoint + ", every " + interval.toSeconds() + " s";
  }
}
