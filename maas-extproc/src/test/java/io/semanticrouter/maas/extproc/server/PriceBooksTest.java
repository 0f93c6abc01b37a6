// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.Price;
import io.semanticrouter.maas.config.PriceUnit;
import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import io.semanticrouter.maas.record.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PriceBooksTest {
  private static final String BELOW =
      """
      version: "2026-01"
      source: https://example.com/prices
      license: MIT
      models:
        a: { prompt_per_1m: "1", completion_per_1m: "2", source: "page 1" }
        b: { prompt_per_1m: "1", completion_per_1m: "2" }
        c: { prompt_per_1m: "1", completion_per_1m: "2" }
      """;

  private static final String ABOVE =
      """
      {"version": "2026-02", "currency": "EUR", "models": {
        "b": [
          {"prompt_per_1m": "3", "completion_per_1m": "4", "valid_to": "2026-06-01"},
          {"prompt_per_1m": 5.10, "completion_per_1m": "6", "valid_from": "2026-06-01"}],
        "c": {"prompt_per_1m": "3", "completion_per_1m": "4"}}}
      """;

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private Path write(String name, String text) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    return Files.writeString(file, text);
  }

  private Path config(String books) throws IOException {
    return write(
        "config.yaml",
        "pricing: { books: "
            + books
            + ", models: { c: { prompt_per_1m: \"7\", completion_per_1m: \"8\" } } }");
  }

  private List<String> errors(Path config) {
    ConfigText text = new ConfigText();
    ConfigException e =
        catchThrowableOfType(
            ConfigException.class,
            () -> ConfigFile.read(config, Map.of("LOG_LEVEL", "info"), text));
    assertThat(e).as("a ConfigException").isNotNull();
    return e.errors().stream().map(text::located).toList();
  }

  private static String prompt(RateCard card, String model, long at) {
    Price price = card.price(model, Identity.of("", ""), null, false, 0, at);
    return Objects.requireNonNull(price.of(PriceUnit.PROMPT)).movePointRight(6).stripTrailingZeros()
        + " "
        + price.currency()
        + " of "
        + Objects.requireNonNull(price.applied()).book();
  }

  @Test
  void laterBookCountsBeforeAnEarlierOneAndTheConfigurationBeforeAll() throws Exception {
    write("books/below.yaml", BELOW);
    write("above.json", ABOVE);
    ConfigFile file = ConfigFile.read(config("[ books/below.yaml, above.json ]"), "info");
    RateCard card = file.metering().rateCard();
    String hash = "#" + card.version();
    assertThat(prompt(card, "a", 0)).isEqualTo("1 USD of 2026-01" + hash);
    assertThat(prompt(card, "b", 0)).isEqualTo("3 EUR of 2026-02" + hash);
    assertThat(prompt(card, "b", 1_800_000_000)).isEqualTo("5.1 EUR of 2026-02" + hash);
    assertThat(prompt(card, "c", 0)).isEqualTo("7 USD of pricing" + hash);
    assertThat(card.models()).containsExactly("c");
    assertThat(file.books())
        .hasSize(2)
        .anySatisfy(
            book -> {
              assertThat(book)
                  .matches("books/below.yaml: version 2026-01, 3 models, sha256 [0-9a-f]{64}");
            });
  }

  @Test
  void changedBookIsSeenWhenTheConfigurationIsReadAgain() throws Exception {
    write("below.yaml", BELOW);
    Path config = config("[ below.yaml ]");
    RateCard before = ConfigFile.read(config, "info").metering().rateCard();
    write("below.yaml", BELOW.replace("\"1\"", "\"9\""));
    RateCard after = ConfigFile.read(config, "info").metering().rateCard();
    assertThat(prompt(after, "a", 0)).startsWith("9 USD");
    assertThat(after.version()).isNotEqualTo(before.version());
  }

  @Test
  void bookInTheConfigurationAndOneInAFileAreTheSame() throws Exception {
    write("below.yaml", BELOW);
    RateCard file = ConfigFile.read(config("[ below.yaml ]"), "info").metering().rateCard();
    write("below.json", BELOW);
    String inline =
        "[ { version: \"2026-01\", source: \"https://example.com/prices\", license: MIT, models: {"
            + " a: { prompt_per_1m: \"1\", completion_per_1m: \"2\", source: page 1 },"
            + " b: { prompt_per_1m: \"1\", completion_per_1m: \"2\" },"
            + " c: { prompt_per_1m: \"1\", completion_per_1m: \"2\" } } } ]";
    assertThat(ConfigFile.read(config(inline), "info").metering().rateCard()).isEqualTo(file);
  }

  @Test
  void allErrorsOfAllBooksAreReportedWithFileLineEntryValueAndRule() throws Exception {
    write("below.yaml", BELOW.replace("b: { prompt_per_1m: \"1\"", "b: { prompt_per_1m: \"x\""));
    write("above.json", ABOVE.replace("5.10", "-5.10").replace("\"version\"", "\"versoin\""));
    write("not.json", "{\n\"version\": 1,,}");
    assertThat(errors(config("[ below.yaml, above.json, not.json, none.yaml ]")))
        .anySatisfy(
            e ->
                assertThat(e)
                    .isEqualTo(
                        "below.yaml line 6: pricing.books[0].models.b.prompt_per_1m = \"x\": must"
                            + " be a decimal from 0 to 1000000 with at most 12 decimal places"))
        .anySatisfy(
            e ->
                assertThat(e)
                    .startsWith(
                        "above.json line 4: pricing.books[1].models.b[1].prompt_per_1m = -5.10:"))
        .anySatisfy(
            e ->
                assertThat(e)
                    .isEqualTo(
                        "above.json line 1: pricing.books[1].versoin: unknown key; did you mean"
                            + " \"version\"?"))
        .anySatisfy(
            e -> assertThat(e).startsWith("line 1: pricing.books[2] = \"not.json\": not.json:2: "))
        .anySatisfy(
            e -> assertThat(e).startsWith("line 1: pricing.books[3] = \"none.yaml\": no file at "))
        .hasSize(6);
  }

  @Test
  void printedConfigurationNamesTheBooks() throws Exception {
    write("below.yaml", BELOW);
    ConfigText text = new ConfigText();
    ConfigFile file = ConfigFile.read(config("[ below.yaml ]"), Map.of("LOG_LEVEL", "info"), text);
    assertThat(text.yaml()).contains("below.yaml").doesNotContain("page 1");
    ConfigFile again = ConfigFile.read(write("config.yaml", text.yaml()), "info");
    assertThat(again.metering().rateCard()).isEqualTo(file.metering().rateCard());
  }

  @Test
  void defaultBookIsUsedWhenItIsAskedForOnly() throws Exception {
    assertThat(
            ConfigFile.read(config("[]"), "info")
                .metering()
                .rateCard()
                .price("gpt-5.6", Identity.of("", ""), null, false, 0, 1_790_000_000)
                .applied())
        .isNull();
    ConfigFile file = ConfigFile.read(config("[ default ]"), "info");
    assertThat(prompt(file.metering().rateCard(), "gpt-5.6", 1_790_000_000))
        .startsWith("4 USD of model-prices 2026-10-26#");
    assertThat(file.books())
        .singleElement()
        .satisfies(
            book -> {
              assertThat(book).startsWith("default: version model-prices 2026-10-26");
            });
  }
}
