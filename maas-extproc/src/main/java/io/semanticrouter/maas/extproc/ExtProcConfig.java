// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.config.ConfigSection;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How the ExtProc service behaves; the section {@code server.ext_proc} of the configuration.
 *
 * @param earlyCompletion whether a stream of which nothing more is needed is completed, where the
 *     data plane goes on sending although it was asked not to. Off by default: Envoy before 1.39
 *     has bugs with two external processors in one chain of which one completes early
 * @param metadataNamespace the namespace of the dynamic metadata
 * @param headerSources where request headers are read from instead of the request: name in lower
 *     case to source
 */
public record ExtProcConfig(
    boolean earlyCompletion, String metadataNamespace, Map<String, HeaderSource> headerSources) {

  /** What is used where nothing is configured. */
  public static final ExtProcConfig DEFAULT =
      new ExtProcConfig(false, "io.semanticrouter.maas", Map.of());

  /** A configuration. */
  public ExtProcConfig {
    headerSources = Map.copyOf(headerSources);
  }

  /**
   * Reads the section {@code ext_proc} of the given one; what is wrong is reported there.
   *
   * @param server the section around it
   */
  public static ExtProcConfig from(ConfigSection server) {
    ConfigSection section = server.section("ext_proc");
    ExtProcConfig config =
        new ExtProcConfig(
            section.bool("early_completion", false),
            section.string("metadata_namespace", DEFAULT.metadataNamespace),
            headerSources(section.section("header_sources")));
    if (config.metadataNamespace.isBlank()) {
      section.reject("metadata_namespace", "must not be empty");
    }
    section.rejectUnknownKeys();
    return config;
  }

  private static Map<String, HeaderSource> headerSources(ConfigSection section) {
    Map<String, HeaderSource> sources = new LinkedHashMap<>();
    for (String name : section.keys()) {
      ConfigSection source = section.section(name);
      String attribute = source.string("attribute", "");
      String namespace = source.string("metadata", "");
      String key = source.string("key", "");
      source.rejectUnknownKeys();
      if (!EnvoyHeaders.lowerCase(name).equals(name)) {
        section.reject(name, "must be in lower case");
      } else if (attribute.isEmpty() == namespace.isEmpty()) {
        section.reject(name, "must have either attribute, or metadata and key");
      } else if (namespace.isEmpty() != key.isEmpty()) {
        section.reject(name, "must have a key in the namespace that metadata names");
      } else if (attribute.isEmpty()) {
        sources.put(name, HeaderSource.metadata(namespace, key));
      } else {
        sources.put(name, HeaderSource.attribute(attribute));
      }
    }
    return sources;
  }
}
