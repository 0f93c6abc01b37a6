// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.extproc.server.StatusPage.Fact;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page for people; {@code StatusPageIT} looks at it with a browser. */
class StatusPageTest {
  private static final Pattern OUTCOME = Pattern.compile("^  (\\w+): '([^']*)',$");
  private static final Pattern ROW = Pattern.compile("\\| `(\\w+)` \\| (.*) \\|");

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private static String page() {
    return new String(StatusPage.html(), StandardCharsets.UTF_8);
  }

  @Test
  void outcomesMeanWhatThePageOfTheMetricsSays() throws IOException {
    String text = Files.readString(Path.of("..", "docs", "metrics.md"));
    String section = text.split("\n## Outcomes\n", -1)[1].split("\n## ", -1)[0];
    assertThat(found(OUTCOME, page())).isEqualTo(found(ROW, section)).hasSize(8);
  }

  private static Map<String, String> found(Pattern pattern, String text) {
    Map<String, String> found = new TreeMap<>();
    text.lines()
        .map(pattern::matcher)
        .filter(Matcher::matches)
        .forEach(m -> found.put(m.group(1), m.group(2)));
    return found;
  }

  @Test
  void pageNamesNothingOutsideOfTheServer() {
    assertThat(page().replace("http://www.w3.org/2000/svg", "")).doesNotContain("://", "innerHTML");
    assertThat(StatusPage.CONTENT_SECURITY_POLICY).contains("default-src 'none'", "'sha256-");
  }

  @Test
  void factsAreJsonWhateverTheySay() throws IOException {
    StatusPage page =
        new StatusPage(() -> List.of(new Fact("A \"title\"", "</script>\n\u2028ü", true)));
    assertThat(new String(page.json(), StandardCharsets.UTF_8))
        .endsWith(
            "\"facts\":[{\"title\":\"A \\\"title\\\"\",\"text\":\"</script>\\n\u2028ü\","
                + "\"warns\":true}]}");
  }

  @Test
  void factsSayHowTheServerIsSetUp() throws Exception {
    assertThat(facts("maas_integration: { enabled: true }"))
        .containsEntry("Mode", "mode maas: labels for who pays, cost left to MaaS")
        .containsKeys("Who pays", "Users in metrics", "Journal", "Open port")
        .doesNotContainKey("Prices");
    assertThat(facts("pricing: { models: { m: { prompt_per_1m: 1, completion_per_1m: 1 } } }"))
        .containsEntry("Prices", "models with a price: 1")
        .doesNotContainKey("Who pays");
  }

  private Map<String, String> facts(String yaml) throws Exception {
    ConfigFile config = config(yaml);
    Map<String, String> facts = new TreeMap<>();
    for (Fact fact : Setup.facts(config.metering(), config.router(), config.server())) {
      facts.put(fact.title(), fact.text());
    }
    return facts;
  }

  @Test
  void pageCanBeSwitchedOff() throws Exception {
    assertThat(config("server: {}").server().metrics().statusPage()).isTrue();
    assertThat(config("server: { status_page: false }").server().metrics().statusPage()).isFalse();
  }

  private ConfigFile config(String yaml) throws Exception {
    Path file = Files.writeString(directory.resolve("config.yaml"), yaml);
    try {
      return ConfigFile.read(file, "info");
    } catch (ConfigException e) {
      throw new AssertionError(e);
    }
  }
}
