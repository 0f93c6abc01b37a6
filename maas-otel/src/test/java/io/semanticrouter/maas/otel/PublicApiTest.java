// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.otel;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.testing.PublicApi;
import org.junit.jupiter.api.Test;

class PublicApiTest {
  @Test
  void thePublicApiIsTheOneThatIsWrittenDown() {
    String api = PublicApi.of(OtelSink.class);
    assertThat(api)
        .as("src/test/resources/api.txt; -Dapi.write=true writes it anew")
        .isEqualTo(PublicApi.writtenDown(api));
  }
}
