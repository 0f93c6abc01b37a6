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
        read(Map.of("early_completion", true, "metadata_namespace", "example.usage"));
    assertThat(errors).isEmpty();
    assertThat(config).isEqualTo(new ExtProcConfig(true, "example.usage"));
  }

  @Test
  void everyMistakeIsReportedAtOnce() {
    read(Map.of("early_completon", true, "metadata_namespace", " "));
    assertThat(errors.stream().map(ConfigError::toString).sorted().toList())
        .containsExactly(
            "ext_proc.early_completon: unknown key; did you mean \"early_completion\"?",
            "ext_proc.metadata_namespace = \" \": must not be empty");
  }
}
