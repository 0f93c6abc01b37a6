// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The Envoy configuration that we ship. */
class EnvoyConfigIT {
  @Test
  void shipped_configuration_is_valid() throws Exception {
    Envoy.Result result = Envoy.validate(Project.file("config/envoy.yaml"));
    assertThat(result.status()).as(result.output()).isZero();
    assertThat(result.output()).contains("OK").doesNotContain("deprecated");
  }
}
