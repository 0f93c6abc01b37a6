// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Price;
import io.semanticrouter.maas.config.PriceUnit;
import io.semanticrouter.maas.config.RateCard;
import io.semanticrouter.maas.extproc.server.text.SourceFiles;
import io.semanticrouter.maas.extproc.server.text.TextTree;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Identity;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DefaultBookTest {
  /** The end of what the lists say. */
  private static final Instant TODAY = Instant.parse("2026-10-26T18:46:35Z");

  private static final Map<String, PriceUnit> RATES =
      Map.of(
          "input", PriceUnit.PROMPT,
          "output", PriceUnit.COMPLETION,
          "cache_read", PriceUnit.CACHE_READ,
          "cache_write", PriceUnit.CACHE_WRITE);

  private static final Path SECOND = Path.of("src", "test", "resources", "genai-prices.json");
  private static final Path DIFFERENCES =
      Path.of("src", "test", "resources", "golden", "default-book-differences.txt");

  private static final RateCard CARD = defaultCard();

  private static RateCard defaultCard() {
    try {
      return card(DefaultBook.read().section());
    } catch (UnreadableException e) {
      throw new AssertionError(e);
    }
  }

  private final BookDraft draft = new BookDraft(List.of());

  private static RateCard card(Map<?, ?> book) {
    return MaasConfig.from(Map.of("pricing", Map.of("books", List.of(book)))).rateCard();
  }

  private static Price price(
      RateCard card, String model, @Nullable String tier, long input, Instant at) {
    return card.price(model, Identity.of("", ""), tier, false, input, at.getEpochSecond());
  }

  private static @Nullable BigDecimal perMillion(Price price, PriceUnit unit) {
    BigDecimal one = price.of(unit);
    return one == null ? null : one.movePointRight(6).stripTrailingZeros();
  }

  @Test
  void listIsTheOneThatIsNamed() {
    assertThat(DefaultBook.description())
        .isEqualTo(
            "PyPI model-prices 0.0.5 of 2026-10-26, MIT, sha256 "
                + SourceFiles.sha256(DefaultBook.list()));
  }

  @Test
  void figuresOfTheBookAreKnown() throws Exception {
    PriceBook book = DefaultBook.read(draft);
    assertThat(book.description())
        .startsWith("default: version model-prices 2026-10-26, 534 models, sha256 15b1228a");
    assertThat(draft.read()).isEqualTo(1565);
    assertThat(draft.refused()).hasSize(70);
    assertThat(draft.flagged()).hasSize(39);
  }

  /**
   * Each entry of the list: at its beginning, or in the first hour after it that no schedule names,
   * the book says the same, or the entry is listed.
   */
  @Test
  void eachEntryOfTheListIsInTheBookExactlyOrListed() throws Exception {
    RateCard card = card(DefaultBook.read(draft).section());
    Set<String> listed = new HashSet<>();
    draft.refused().forEach(finding -> listed.add(finding.entry()));
    List<String> wrong = new ArrayList<>();
    int[] exact = new int[2];
    Object list = DefaultBook.tree(DefaultBook.list());
    PriceList.map(PriceList.map(list).get("prices"))
        .forEach(
            (lab, models) ->
                PriceList.map(models)
                    .forEach(
                        (model, modes) ->
                            PriceList.map(modes)
                                .forEach(
                                    (mode, entries) -> {
                                      String name = lab + "/" + model;
                                      String tier = mode.equals("standard") ? null : (String) mode;
                                      for (Object entry : PriceList.list(entries)) {
                                        Map<?, ?> one = PriceList.map(entry);
                                        if (one.get("rates") == null || mode.equals("thinking")) {
                                          continue;
                                        }
                                        String terms = name + (tier == null ? "" : " " + tier);
                                        if (isSame(card, name, tier, one)) {
                                          exact[0]++;
                                        } else if (listed.contains(terms)
                                            || listed.contains(name)) {
                                          exact[1]++;
                                        } else {
                                          wrong.add(terms + " " + one.get("start"));
                                        }
                                      }
                                    })));
    assertThat(wrong).isEmpty();
    assertThat(exact).as("the same, and listed").containsExactly(1288, 63);
  }

  private static boolean isSame(
      RateCard card, String model, @Nullable String tier, Map<?, ?> entry) {
    Map<?, ?> rates = PriceList.map(entry.get("rates"));
    String start = PriceList.text(entry.get("start"));
    Instant at = start.isEmpty() ? Instant.EPOCH : Instant.parse(start);
    for (int i = 0; i < 24 && isOfHours(price(card, model, tier, 0, at)); i++) {
      at = at.plus(Duration.ofHours(1));
    }
    boolean same = hasRates(price(card, model, tier, 0, at), rates);
    Map<?, ?> below = rates;
    for (Object size : PriceList.list(rates.get("tiers"))) {
      Map<?, ?> above = PriceList.map(size);
      long limit = PriceList.count(above.get("above"));
      same &= hasRates(price(card, model, tier, limit + 1, at), above);
      same &= hasRates(price(card, model, tier, limit, at), below);
      below = above;
    }
    return same;
  }

  private static boolean isOfHours(Price price) {
    AppliedPrice applied = price.applied();
    return applied != null && applied.name().matches(".* [0-9][0-9]:[0-9][0-9]-.*");
  }

  /** What DeepSeek and its reseller state of hours, computed by hand: peak is twice as dear. */
  @ParameterizedTest
  @CsvSource({
    // a Monday, from 09:00 to 12:00 and from 14:00 to 18:00 in China
    "deepseek-v4-flash, 2026-11-30T00:59:59Z, 0.15",
    "deepseek-v4-flash, 2026-11-30T01:00:00Z, 0.3",
    "deepseek-v4-flash, 2026-11-30T03:59:59Z, 0.3",
    "deepseek-v4-flash, 2026-11-30T04:00:00Z, 0.15",
    "deepseek-v4-flash, 2026-11-30T06:00:00Z, 0.3",
    "deepseek-v4-flash, 2026-11-30T10:00:00Z, 0.15",
    // a Saturday, a holiday, the day after seven of them, and when holidays are not known yet
    "deepseek-v4-flash, 2026-11-28T02:00:00Z, 0.15",
    "deepseek-v4-flash, 2026-10-07T02:00:00Z, 0.15",
    "deepseek-v4-flash, 2026-10-08T02:00:00Z, 0.3",
    "deepseek-v4-flash, 2026-12-31T15:59:59Z, 0.15",
    "deepseek-v4-flash, 2026-12-31T16:00:00Z,",
    // 16:30 to 00:30 in 2025, half and a quarter
    "deepseek-chat, 2025-07-01T16:29:59Z, 0.27",
    "deepseek-chat, 2025-07-01T16:30:00Z, 0.135",
    "deepseek-chat, 2025-07-02T00:29:59Z, 0.135",
    "deepseek-chat, 2025-07-02T00:30:00Z, 0.27",
    "deepseek-reasoner, 2025-07-02T00:00:00Z, 0.1375",
    "deepseek-reasoner, 2025-07-02T01:00:00Z, 0.55"
  })
  void hoursOfDeepSeekHaveTheirPrice(String model, Instant at, @Nullable BigDecimal prompt) {
    Price price = price(CARD, model, null, 0, at);
    assertThat(perMillion(price, PriceUnit.PROMPT)).isEqualTo(prompt);
  }

  private static boolean hasRates(Price price, Map<?, ?> rates) {
    for (Map.Entry<String, PriceUnit> rate : RATES.entrySet()) {
      BigDecimal stated = PriceList.decimal(rates.get(rate.getKey()));
      BigDecimal kept = perMillion(price, rate.getValue());
      if (stated == null ? kept != null : kept == null || stated.compareTo(kept) != 0) {
        return false;
      }
    }
    return price.applied() != null;
  }

  /** A disagreement is one of the lists' mistakes; a new one wants to be looked at. */
  @Test
  void wellKnownModelsDifferFromASecondListOnlyWhereThatIsListed() throws Exception {
    BookDraft other = new BookDraft(List.of());
    Map<?, ?> second =
        PriceList.GENAI_PRICES.book(
            TextTree.readJson("genai-prices.json", Files.readAllBytes(SECOND)),
            "0".repeat(64),
            other);
    RateCard secondCard = card(second);
    Set<String> models = new TreeSet<>();
    PriceList.map(second.get("models"))
        .keySet()
        .forEach(model -> models.add(String.valueOf(model)));
    List<String> differences = new ArrayList<>();
    for (String model : models) {
      for (long input : new long[] {0, 250_000}) {
        Price one = price(CARD, model, null, input, TODAY);
        Price two = price(secondCard, model, null, input, TODAY);
        for (PriceUnit unit : RATES.values().stream().sorted().toList()) {
          BigDecimal here = perMillion(one, unit);
          BigDecimal there = perMillion(two, unit);
          if (here == null ? there != null : there == null || here.compareTo(there) != 0) {
            differences.add(
                model
                    + (input == 0 ? " " : " with " + input + " tokens ")
                    + unit.key()
                    + ": "
                    + (here == null ? "none" : here.toPlainString())
                    + ", there "
                    + (there == null ? "none" : there.toPlainString()));
          }
        }
      }
    }
    assertThat(models).hasSizeGreaterThan(100);
    if (Boolean.getBoolean("golden.write")) {
      Files.write(DIFFERENCES, differences);
    }
    assertThat(differences).isEqualTo(Files.readAllLines(DIFFERENCES));
  }
}
