// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExtProcConfigTest {
  private final List<ConfigError> errors = new ArrayList<>();

  private ExtProcConfig read(Map<String, ?> extProc) {
    return ExtProcConfig.from(ConfigSection.root(Map.of("ext_proc", extProc), errors));
  }

  @Test
  void nothingConfiguredIsTheDefault() {
    assertThat(read(Map.of())).isEqualTo(ExtProcConfig.DEFAULT);
    assertThat(errors).isEmpty();
  }

  @Test
  void everyKeyIsRead() {
    ExtProcConfig config =
        read(
            Map.of(
                "early_completion",
                true,
                "metadata_namespace",
                "example.usage",
                "header_sources",
                Map.of(
                    "x-auth-request-user",
                    Map.of("metadata", "envoy.filters.http.ext_authz", "key", "identity.user"),
                    "x-auth-request-tier",
                    Map.of("attribute", "request.headers['x-tier']"))));
    assertThat(errors).isEmpty();
    assertThat(config)
        .isEqualTo(
            new ExtProcConfig(
                true,
                "example.usage",
                Map.of(
                    "x-auth-request-user",
                    HeaderSource.metadata("envoy.filters.http.ext_authz", "identity.user"),
                    "x-auth-request-tier",
                    HeaderSource.attribute("request.headers['x-tier']"))));
  }

  @Test
  void everyMistakeIsReportedAtOnce() {
    read(
        Map.of(
            "early_completon",
            true,
            "metadata_namespace",
            " ",
            "header_sources",
            Map.of(
                "X-User",
                Map.of("attribute", "a"),
                "x-both",
                Map.of("attribute", "a", "metadata", "n", "key", "k"),
                "x-neither",
                Map.of(),
                "x-no-key",
                Map.of("metadata", "n"))));
    assertThat(errors.stream().map(ConfigError::toString).sorted().toList())
        .containsExactly(
            "ext_proc.early_completon: unknown key; did you mean \"early_completion\"?",
            "ext_proc.header_sources.X-User = {...}: must be in lower case",
            "ext_proc.header_sources.x-both = {...}: must have either attribute, or metadata and key",
            "ext_proc.header_sources.x-neither = {...}: must have either attribute, or metadata and key",
            "ext_proc.header_sources.x-no-key = {...}: must have a key in the namespace that metadata names",
            "ext_proc.metadata_namespace = \" \": must not be empty");
  }
}
