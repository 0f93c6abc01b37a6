// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.config.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GatewayConfigTest {
  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private GatewayConfig read(String yaml) throws IOException {
    return GatewayConfig.read(Files.writeString(directory.resolve("config.yaml"), yaml));
  }

  @Test
  void fileOfTheServerServesTheGatewayTooAndRoutesNothing() {
    GatewayConfig config = GatewayConfig.read(Path.of("../../deploy/maas/config.maas.yaml"));
    assertThat(config.metering().mode()).isEqualTo(Mode.STANDALONE);
    assertThat(config.router().enabled()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "# nothing\n", "--- ~\n", "server: { grpc_port: 1 }\n"})
  void fileWithNothingOfOursIsTheDefault(String yaml) throws IOException {
    assertThat(read(yaml).metering().mode()).isEqualTo(Mode.STANDALONE);
    assertThat(read(yaml).router().enabled()).isFalse();
  }

  @Test
  void allErrorsOfAllSectionsComeAtOnce() {
    assertThatThrownBy(() -> read("maas_integration: { enabld: true }\nrouter: { enabled: 1 }\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maas_integration.enabld")
        .hasMessageContaining("router.enabled");
  }

  @ParameterizedTest
  @ValueSource(strings = {"- a\n", "text\n", "router: {}\nrouter: {}\n", "a: [\n"})
  void fileThatIsNoMappingOrHasAKeyTwiceIsRefused(String yaml) {
    assertThatThrownBy(() -> read(yaml))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("config.yaml");
  }

  @Test
  void missingFileIsNamed() {
    assertThatThrownBy(() -> GatewayConfig.read(directory.resolve("none.yaml")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("none.yaml");
  }

  @ParameterizedTest
  @CsvSource({"standalone, STANDALONE", "maas, MAAS", "hybrid, HYBRID"})
  void modeWithoutAFileRoutesNothing(String name, Mode mode) {
    assertThat(GatewayConfig.of(name).metering().mode()).isEqualTo(mode);
    assertThat(GatewayConfig.of(name).router().enabled()).isFalse();
  }
}
