// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.config.ConfigSection;

/**
 * How the ExtProc service behaves; the section {@code server.ext_proc} of the configuration.
 *
 * @param earlyCompletion whether a stream of which nothing more is needed is completed, where the
 *     data plane goes on sending although it was asked not to. Off by default: Envoy before 1.39
 *     has bugs with two external processors in one chain of which one completes early
 * @param metadataNamespace the namespace of the dynamic metadata
 */
public record ExtProcConfig(boolean earlyCompletion, String metadataNamespace) {

  /** What is used where nothing is configured. */
  public static final ExtProcConfig DEFAULT = new ExtProcConfig(false, "io.semanticrouter.maas");

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
            section.string("metadata_namespace", DEFAULT.metadataNamespace));
    if (config.metadataNamespace.isBlank()) {
      section.reject("metadata_namespace", "must not be empty");
    }
    section.rejectUnknownKeys();
    return config;
  }
}
