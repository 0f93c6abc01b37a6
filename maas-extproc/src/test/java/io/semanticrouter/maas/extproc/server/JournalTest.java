// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.journal.JournalConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The section of the journal. */
class JournalTest {
  private final Path directory;

  JournalTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private @Nullable JournalConfig read(String yaml) throws Exception {
    Path file = Files.writeString(directory.resolve("config.yaml"), yaml);
    return ConfigFile.read(file, "info").server().journal();
  }

  @Test
  void thereIsNoJournalWithoutADirectory() throws Exception {
    assertThat(read("")).isNull();
    assertThat(read("journal: { durability: power }")).isNull();
  }

  @Test
  void countersAreRestoredByTheNamesThatTheyHave() throws Exception {
    assertThat(read("journal: { directory: /var/lib/maas, restore_counters: true }"))
        .matches(config -> config != null && config.restoresCounters());
  }

  @ParameterizedTest
  @CsvSource({
    "plain, plain, true",
    "plain, hmac, true",
    "plain, none, true",
    "hmac, hmac, true",
    "hmac, other, false",
    "hmac, plain, false",
    "hmac, none, true",
    "none, plain, false",
    "none, hmac, false",
    "none, none, true"
  })
  void countersAreRestoredWhereTheJournalHasTheNamesOfTheMetrics(
      String journal, String metrics, boolean restored) throws Exception {
    String yaml =
        """
        maas_integration: { enabled: true, metrics: { %s } }
        journal: { directory: /tmp/j, restore_counters: true, %s }
        """
            .formatted(users(metrics), users(journal));
    if (restored) {
      assertThat(read(yaml)).isNotNull();
    } else {
      ConfigException e = catchThrowableOfType(ConfigException.class, () -> read(yaml));
      assertThat(e.errors()).singleElement().asString().startsWith("journal.restore_counters");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"hmac", "none"})
  void countersAreRestoredWithAnyNamesWhereMetricsHaveNoUsers(String journal) throws Exception {
    String yaml = "journal: { directory: /tmp/j, restore_counters: true, %s }";
    assertThat(read(yaml.formatted(users(journal)))).isNotNull();
  }

  private String users(String users) throws IOException {
    if (users.equals("plain") || users.equals("none")) {
      return "users: " + users;
    }
    Path key = Files.writeString(directory.resolve(users), "0123456789abcdef" + users);
    return "users: hmac, hmac_key_file: " + key;
  }

  @Test
  void allKeysAreRead() throws Exception {
    Path key = Files.writeString(directory.resolve("key"), "0123456789abcdef");
    String yaml =
        """
        journal:
          directory: /var/lib/maas
          durability: none
          users: hmac
          hmac_key_file: %s
          segment_mb: 1
          segment_hours: 2
          keep_gb: 3
          keep_days: 4
        """;
    assertThat(read(yaml.formatted(key))).hasToString("/var/lib/maas, durability none, users hmac");
  }

  @Test
  void aKeyThatIsTooShortAndAWrongNumberAreErrors() throws Exception {
    Path key = Files.writeString(directory.resolve("key"), "short");
    String yaml =
        "journal: { directory: /tmp/j, users: hmac, hmac_key_file: %s, segment_mb: 0, colour: 1 }";
    ConfigException e =
        catchThrowableOfType(ConfigException.class, () -> read(yaml.formatted(key)));
    assertThat(e.errors())
        .extracting(ConfigError::toString)
        .anyMatch(error -> error.startsWith("journal.hmac_key_file"))
        .anyMatch(error -> error.startsWith("journal.segment_mb"))
        .anyMatch(error -> error.startsWith("journal.colour"))
        .hasSize(3);
  }
}
