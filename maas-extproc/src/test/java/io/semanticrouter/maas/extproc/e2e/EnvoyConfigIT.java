// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The Envoy configuration that we ship. */
class EnvoyConfigIT {
  @Test
  void shipped_configuration_is_valid() throws Exception {
    Process validate =
        new ProcessBuilder(
                Envoy.binary().toString(),
                "--mode",
                "validate",
                "-c",
                Project.file("config/envoy.yaml").toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(validate.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(validate.waitFor()).as(output).isZero();
    assertThat(output).contains("OK").doesNotContain("deprecated");
  }
}
