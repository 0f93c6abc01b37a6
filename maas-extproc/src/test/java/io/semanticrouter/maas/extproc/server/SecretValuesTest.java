// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.extproc.server.text.SourceFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretValuesTest {
  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private final List<ConfigError> errors = new ArrayList<>();
  private final SecretValues values =
      new SecretValues(Map.of("PROOF", "of the environment")::get, new SourceFiles(), errors);

  @Test
  void placesBecomeWhatStandsThere() throws Exception {
    Path file = Files.writeString(directory.resolve("proof"), "of the file\n");

    assertThat(
            values.in(
                Map.of(
                    "trust",
                    List.of(
                        Map.of(
                            "secrets",
                            List.of(
                                Map.of("file", file.toString()), Map.of("env", "PROOF"), "x"))))))
        .isEqualTo(
            Map.of(
                "trust",
                List.of(Map.of("secrets", List.of("of the file", "of the environment", "x")))));
    assertThat(errors).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1})
  void fileWithASecretIsAsLargeAsAMebibyte(int more) throws Exception {
    Path file = Files.writeString(directory.resolve("proof"), "x".repeat((1 << 20) + more));

    values.in(Map.of("secrets", List.of(Map.of("file", file.toString()))));

    assertThat(errors).hasSize(Math.max(0, more));
  }

  @Test
  void otherListsMayHaveSuchKeys() {
    Map<String, ?> tree = Map.of("routes", List.of(Map.of("file", "/etc/passwd")));

    assertThat(values.in(tree)).isEqualTo(tree);
  }

  @Test
  void placesWithoutASecretAreReported() {
    values.in(
        Map.of(
            "a",
            Map.of(
                "secrets",
                List.of(
                    Map.of("file", directory.resolve("none").toString()),
                    Map.of("env", "NONE"),
                    Map.of("file", "a", "env", "b")))));

    assertThat(errors.stream().map(ConfigError::toString).toList())
        .containsExactly(
            "a.secrets[0]: cannot be read: " + directory.resolve("none"),
            "a.secrets[1]: is not set: the environment variable NONE",
            "a.secrets[2]: must be a text, {file: PATH} or {env: NAME}");
  }
}
