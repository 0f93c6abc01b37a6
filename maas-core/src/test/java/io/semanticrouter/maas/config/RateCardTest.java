// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static io.semanticrouter.maas.record.TokenUsage.UNKNOWN;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RateCardTest {
  private static final long MAX_TOKENS = (1L << 53) - 1;
  private static final String PRICE_RULE =
      "must be a decimal from 0 to 1000000 with at most 12 decimal places";

  /** Per million: prompt, cache read, cache write (empty: not configured), completion. */
  private static final RateCard CARD =
      card(
          Map.of(
              "grok-3-mini", prices("0.30", "0.075", null, "0.50"),
              "claude-sonnet-4.5", prices("3", "0.30", "3.75", "15"),
              "gpt-5.6-sol", prices("5", "0.5", "6.25", "30"),
              "qwen3", prices("0.20", null, null, "0.60"),
              "promo", prices("0.20", "0", "0", "0.60"),
              "free", prices("0", null, null, "0"),
              "dust", prices("0.000001", null, null, "0.000001"),
              "gold", prices("1000000", "1000000", "1000000", "1000000")));

  // Computed by hand, all per 1M: (plain x prompt + read x cached + write x written + completion
  // x completion) / 10^6. -1 is "unknown".
  @ParameterizedTest(name = "{0}: prompt {1} (read {2}, write {3}), completion {4} = {5}")
  @CsvSource({
    // 1 x 0.30 + 11 x 0.075 + 342 x 0.50 = 0.3 + 0.825 + 171
    "grok-3-mini, 12, 11, 0, 342, 0.000172125",
    // 8 x 5 + 4012 x 6.25 + 5 x 30 = 40 + 25075 + 150
    "gpt-5.6-sol, 4020, 0, 4012, 5, 0.025265",
    // 100 x 3 + 2000 x 0.30 + 400 x 3.75 + 50 x 15 = 300 + 600 + 1500 + 750
    "claude-sonnet-4.5, 2500, 2000, 400, 50, 0.00315",
    // no cached price, no cache write price: the prompt price
    "qwen3, 1000, 600, 300, 10, 0.000206",
    // explicit 0 is free: 100 x 0.20 + 10 x 0.60
    "promo, 1000, 600, 300, 10, 0.000026",
    "free, 1000, 600, 300, 10, 0",
    "grok-3-mini, 0, 0, 0, 0, 0",
    // unknown adds nothing
    "grok-3-mini, -1, -1, -1, 342, 0.000171",
    "grok-3-mini, 12, -1, -1, -1, 0.0000036",
    "grok-3-mini, 12, 11, -1, -1, 0.000001125",
    "grok-3-mini, -1, 11, 5, 342, 0.000171",
    // parts beyond their total are cut: reads first, writes to the rest
    "claude-sonnet-4.5, 10, 11, 0, 0, 0.000003",
    "claude-sonnet-4.5, 10, 11, 11, 0, 0.000003",
    "claude-sonnet-4.5, 10, 4, 11, 0, 0.0000237",
    "claude-sonnet-4.5, 10, 0, 11, 0, 0.0000375",
    // the smallest price: 10^-12 per token
    "dust, 1, 0, 0, 0, 0.000000000001",
    "dust, 999999999999, 0, 0, 1, 1",
    // 2^53 - 1 tokens of each at the highest price, 1 per token
    "gold, 9007199254740991, 0, 0, 0, 9007199254740991",
    "gold, 9007199254740991, 3, 5, 9007199254740991, 18014398509481982",
  })
  void costIsExact(
      String model, long prompt, long read, long write, long completion, BigDecimal expected) {
    Cost cost = costOf(CARD, model, usage(prompt, completion, read, write));

    assertThat(cost.amount()).isEqualByComparingTo(expected);
    assertThat(cost.currency()).isEqualTo("USD");
  }

  @Test
  void reasoningAndProviderTotalCostNothingOfTheirOwn() {
    TokenUsage.Builder usage = TokenUsage.builder(12, 342).part(TokenPart.CACHE_READ, 11);
    Cost cost = cost(CARD, "grok-3-mini", usage.build());
    TokenUsage more = usage.part(TokenPart.REASONING, 300).providerTotal(9999).build();
    assertThat(cost(CARD, "grok-3-mini", more)).isEqualTo(cost);
  }

  @Test
  void modelWithoutPriceIsUnpricedNotFree() {
    TokenUsage usage = TokenUsage.of(1, 1);
    assertThat(cost(CARD, "unheard-of", usage)).isNull();
    assertThat(cost(CARD, "GROK-3-MINI", usage)).as("names are case-sensitive").isNull();
    assertThat(cost(CARD, "free", usage)).isEqualTo(new Cost("USD", 0, 0));
    assertThat(cost(RateCard.EMPTY, "grok-3-mini", usage)).isNull();
  }

  @Test
  void randomUsageAndPricesAgreeWithBigDecimal() {
    long seed = System.nanoTime();
    System.out.println("RateCardTest seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 5_000; i++) {
      BigDecimal promptPrice = randomPrice(random);
      BigDecimal readPrice = random.nextInt(3) == 0 ? null : randomPrice(random);
      BigDecimal writePrice = random.nextInt(3) == 0 ? null : randomPrice(random);
      BigDecimal completionPrice = randomPrice(random);
      RateCard card =
          card(Map.of("m", prices(promptPrice, readPrice, writePrice, completionPrice)));
      long prompt = randomCount(random);
      long read = randomCount(random);
      long write = randomCount(random);
      long completion = randomCount(random);

      BigDecimal p = known(prompt);
      BigDecimal r = known(read).min(p);
      BigDecimal w = known(write).min(p.subtract(r));
      BigDecimal expected =
          p.subtract(r)
              .subtract(w)
              .multiply(promptPrice)
              .add(r.multiply(readPrice == null ? promptPrice : readPrice))
              .add(w.multiply(writePrice == null ? promptPrice : writePrice))
              .add(known(completion).multiply(completionPrice))
              .movePointLeft(6);

      Cost cost = costOf(card, "m", usage(prompt, completion, read, write));
      assertThat(cost.amount()).as("seed %d round %d", seed, i).isEqualByComparingTo(expected);
    }
  }

  @Test
  void costOfASumIsTheSumOfTheCosts() {
    long seed = System.nanoTime();
    System.out.println("RateCardTest seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      RateCard card =
          card(
              Map.of(
                  "m",
                  prices(
                      randomPrice(random),
                      randomPrice(random),
                      randomPrice(random),
                      randomPrice(random))));
      long[] one = random.longs(4, 0, 1L << 40).toArray();
      long[] other = random.longs(4, 0, 1L << 40).toArray();
      long[] both = new long[4];
      Arrays.setAll(both, j -> one[j] + other[j]);
      BigDecimal cost = costOfParts(card, one);
      assertThat(cost.add(costOfParts(card, other)))
          .as("seed %d round %d", seed, i)
          .isEqualByComparingTo(costOfParts(card, both));
      assertThat(costOfParts(card, one)).as("the second time").isEqualTo(cost);
    }
  }

  /**
   * Of input that was neither read from a cache nor written to it, was read, was written; output.
   */
  private static BigDecimal costOfParts(RateCard card, long[] counts) {
    long prompt = counts[0] + counts[1] + counts[2];
    return costOf(card, "m", usage(prompt, counts[3], counts[1], counts[2])).amount();
  }

  static List<Object> spellingsOfThreeQuarters() {
    return List.of(0.75, 0.75f, new BigDecimal("0.750"), "0.75", " 0.75 ", "75e-2", "+0.75");
  }

  @ParameterizedTest
  @MethodSource("spellingsOfThreeQuarters")
  void decimalInAnySpellingIsTheSamePrice(Object spelling) {
    assertThat(costOfOneToken(spelling)).isEqualTo(new Cost("USD", 0, 750_000_000_000L));
  }

  static List<Object> spellingsOfThree() {
    return List.of(
        3, 3L, (short) 3, BigInteger.valueOf(3), 3.0, "3", new BigDecimal("3.0000000"), "0.3e1");
  }

  @ParameterizedTest
  @MethodSource("spellingsOfThree")
  void wholeNumberInAnySpellingIsTheSamePrice(Object spelling) {
    assertThat(costOfOneToken(spelling)).isEqualTo(new Cost("USD", 0, 3_000_000_000_000L));
  }

  @ParameterizedTest
  @CsvSource({
    "0.075, 75000",
    "0.1, 100000",
    "0.3, 300000",
    "0.000001, 1",
    "1000000, 1000000000000",
    "-0.0, 0",
    "999999.999999, 999999999999"
  })
  void doubleFromYamlIsTheDecimalThatWasWritten(String written, long picos) {
    assertThat(costOfOneToken(Double.valueOf(written)))
        .isEqualTo(
            new Cost("USD", picos / 1_000_000_000_000L, picos % 1_000_000_000_000L * 1_000_000));
  }

  static List<Object> illegalPrices() {
    return List.of(
        -0.01,
        "-1",
        1_000_000.000001,
        "1000000.000001",
        "0.0000000000001",
        1e-13,
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Float.NaN,
        "NaN",
        "Infinity",
        "",
        " ",
        "free",
        "0,075",
        "$3",
        "1_000",
        "0x10",
        "1d",
        true,
        List.of(1),
        Map.of("usd", 1));
  }

  @ParameterizedTest
  @MethodSource("illegalPrices")
  void illegalPriceIsRejected(Object price) {
    assertThat(errorsOf("m", prices(price, price, price, price)))
        .extracting(ConfigError::path, ConfigError::value, ConfigError::rule)
        .containsExactlyInAnyOrder(
            tuple("pricing.models.m.prompt_per_1m", price, PRICE_RULE),
            tuple("pricing.models.m.cached_input_per_1m", price, PRICE_RULE),
            tuple("pricing.models.m.cache_write_per_1m", price, PRICE_RULE),
            tuple("pricing.models.m.completion_per_1m", price, PRICE_RULE));
  }

  private static Map<String, Object> bombs() {
    String digits = "9".repeat(2_000_000);
    Map<String, Object> bombs = new LinkedHashMap<>();
    for (String text :
        List.of(
            "1e1000000000",
            "1e-1000000000",
            "0e1000000000",
            "0e2147483647",
            "0e-2147483647",
            "0e2147483648",
            "1e99999999999999999999")) {
      bombs.put(text, text);
    }
    bombs.put("BigDecimal 1e1000000000", new BigDecimal("1e1000000000"));
    bombs.put("BigDecimal 1e-1000000000", new BigDecimal("1e-1000000000"));
    bombs.put("BigDecimal 0e2147483647", new BigDecimal("0e2147483647"));
    bombs.put("small BigDecimal", new BigDecimal(BigInteger.ONE.shiftLeft(50_000_000), 15_500_000));
    bombs.put("huge BigInteger", BigInteger.ONE.shiftLeft(50_000_000));
    bombs.put("digits", digits);
    bombs.put("digits behind the point", "0." + digits);
    bombs.put("zeros behind the point", "0." + "0".repeat(2_000_000) + "1");
    return bombs;
  }

  static Set<String> namesOfBombs() {
    return bombs().keySet();
  }

  // By name: JUnit would print the values themselves, which is one of the things that take forever.
  @ParameterizedTest
  @MethodSource("namesOfBombs")
  void priceOfAbsurdSizeIsRejectedWithoutWork(String name) {
    Map<String, ?> bomb = prices(requireNonNull(bombs().get(name)), null, null, 1);

    assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () -> {
          List<ConfigError> errors = errorsOf("m", bomb);
          assertThat(errors.size()).isEqualTo(1);
          assertThat(errors.get(0).rule()).isEqualTo(PRICE_RULE);
          assertThat(errors.get(0).toString()).hasSizeLessThan(300);
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"prompt_per_1m", "completion_per_1m"})
  void modelWithoutAPriceThatItNeedsIsRejected(String key) {
    Map<String, @Nullable Object> prices = prices(1, 1, 1, 1);
    prices.remove(key);

    assertThat(errorsOf("m", prices))
        .extracting(ConfigError::toString)
        .containsExactly(
            "pricing.models.m."
                + key
                + ": is required: a model with a price needs it (0 means free)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"prompt_per_1m", "completion_per_1m"})
  void priceThatIsNeededAndHasNoValueIsRejectedNotFree(String key) {
    Map<String, @Nullable Object> prices = prices(1, 1, 1, 1);
    prices.put(key, null);

    assertThat(errorsOf("m", prices))
        .extracting(ConfigError::path)
        .containsExactly("pricing.models.m." + key);
  }

  @Test
  void modelWithNothingBehindItMissesBothPrices() {
    assertThat(errorsOf("m", null))
        .extracting(ConfigError::path)
        .containsExactly("pricing.models.m.prompt_per_1m", "pricing.models.m.completion_per_1m");
  }

  @Test
  void cachedPriceWithNoValueIsThePromptPrice() {
    Map<String, @Nullable Object> prices = prices(2, null, null, 0);
    prices.put("cached_input_per_1m", null);
    prices.put("cache_write_per_1m", null);

    assertThat(cost(card(Map.of("m", prices)), "m", usage(3, 0, 1, 1)))
        .isEqualTo(new Cost("USD", 0, 6_000_000_000_000L));
  }

  @Test
  void misspelledPriceIsRejectedWithASuggestion() {
    Map<String, @Nullable Object> prices = prices(1, null, null, 1);
    prices.put("cached_input_per_m", 0);

    assertThat(errorsOf("m", prices))
        .extracting(ConfigError::toString)
        .containsExactly(
            "pricing.models.m.cached_input_per_m: unknown key;"
                + " did you mean \"cached_input_per_1m\"?");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "tab\there", "nul\0", "half \ud800 pair"})
  void modelNameThatNoResponseCanCarryIsRejected(String model) {
    assertThat(errorsOf(model, prices(1, null, null, 1)))
        .extracting(ConfigError::rule)
        .containsExactly("a model name must have 1 to 256 bytes and no control characters");
  }

  @Test
  void modelNameOfTheGreatestLengthIsAcceptedAndOneMoreByteRejected() {
    assertThat(errorsOf("é".repeat(128), prices(1, null, null, 1))).isEmpty();
    assertThat(errorsOf("é".repeat(128) + "x", prices(1, null, null, 1))).hasSize(1);
  }

  @Test
  void modelNameWithDotsIsQuotedInThePath() {
    assertThat(errorsOf("gpt-4.1", prices(-1, null, null, 1)))
        .extracting(ConfigError::path)
        .containsExactly("pricing.models.\"gpt-4.1\".prompt_per_1m");
  }

  @ParameterizedTest
  @ValueSource(strings = {"usd", "US", "USDT", "", "€€€", "U D"})
  void currencyThatIsNoIsoCodeIsRejected(String currency) {
    assertThat(errorsOfPricing(Map.of("currency", currency)))
        .extracting(ConfigError::toString)
        .containsExactly(
            "pricing.currency = \"" + currency + "\": must be an ISO 4217 code, such as USD");
  }

  @Test
  void currencyOfAWrongTypeIsOneError() {
    assertThat(errorsOfPricing(Map.of("currency", 978)))
        .extracting(ConfigError::toString)
        .containsExactly("pricing.currency = 978: must be a text (put it in quotes)");
  }

  @Test
  void currencyIsThatOfTheCost() {
    RateCard card =
        MaasConfig.from(
                Map.of(
                    "pricing",
                    Map.of("currency", "EUR", "models", Map.of("m", prices(1, null, null, 1)))))
            .rateCard();
    Cost cost = cost(card, "m", TokenUsage.of(1, 0));
    assertThat(cost).isEqualTo(new Cost("EUR", 0, 1_000_000_000_000L));
  }

  @Test
  void modelsThatAreAListAreRejected() {
    assertThat(errorsOfPricing(Map.of("models", List.of("qwen3"))))
        .extracting(ConfigError::toString)
        .containsExactly("pricing.models = [...]: must be a section with keys of its own");
  }

  @Test
  void tenThousandModelsAreReadInNoTime() {
    Map<String, Object> models = new LinkedHashMap<>();
    for (int i = 0; i < 10_000; i++) {
      models.put("model-" + i, prices(i, null, null, i));
    }
    assertTimeout(Duration.ofSeconds(5), () -> card(models));
  }

  private static Cost costOfOneToken(Object price) {
    RateCard card = card(Map.of("m", prices(price, null, null, 0)));
    return costOf(card, "m", TokenUsage.of(1, UNKNOWN));
  }

  private static @Nullable Cost cost(RateCard card, String model, TokenUsage usage) {
    Price price = card.price(model, Identity.ANONYMOUS, null, false, usage.prompt(), 0);
    PriceGap gap = price.gap(usage, UnitUsage.NONE);
    boolean unpriced = gap != null && gap.isUnpriced() && gap != PriceGap.UNKNOWN_USAGE;
    return unpriced ? null : price.cost(usage, UnitUsage.NONE);
  }

  private static TokenUsage usage(long prompt, long completion, long read, long write) {
    return TokenUsage.builder(prompt, completion)
        .part(TokenPart.CACHE_READ, read)
        .part(TokenPart.CACHE_WRITE, write)
        .build();
  }

  private static Cost costOf(RateCard card, String model, TokenUsage usage) {
    return requireNonNull(cost(card, model, usage));
  }

  private static BigDecimal known(long count) {
    return BigDecimal.valueOf(Math.max(0, count));
  }

  private static long randomCount(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> UNKNOWN;
      case 1 -> 0;
      case 2 -> MAX_TOKENS;
      default -> random.nextLong() >>> (11 + random.nextInt(53));
    };
  }

  /** Micro units per million, from 10^-6 to 10^6, every order of magnitude as likely. */
  private static BigDecimal randomPrice(Random random) {
    long micros = random.nextLong() >>> (1 + random.nextInt(63));
    return BigDecimal.valueOf(Math.min(micros, 1_000_000_000_000L), 6);
  }

  private static RateCard card(Map<String, ?> models) {
    return MaasConfig.from(Map.of("pricing", Map.of("models", models))).rateCard();
  }

  private static List<ConfigError> errorsOf(String model, @Nullable Object prices) {
    Map<String, @Nullable Object> models = new LinkedHashMap<>();
    models.put(model, prices);
    return errorsOfPricing(Map.of("models", models));
  }

  private static List<ConfigError> errorsOfPricing(Map<String, ?> pricing) {
    List<ConfigError> errors = new ArrayList<>();
    MaasConfig.from(ConfigSection.root(Map.of("pricing", pricing), errors));
    return errors;
  }

  /** Null leaves a price out. */
  private static Map<String, @Nullable Object> prices(
      Object prompt, @Nullable Object read, @Nullable Object write, Object completion) {
    Map<String, @Nullable Object> prices = new LinkedHashMap<>();
    List<@Nullable Object> values = Arrays.asList(prompt, read, write, completion);
    List<String> keys =
        List.of("prompt_per_1m", "cached_input_per_1m", "cache_write_per_1m", "completion_per_1m");
    for (int i = 0; i < keys.size(); i++) {
      if (values.get(i) != null) {
        prices.put(keys.get(i), values.get(i));
      }
    }
    return prices;
  }

  @Test
  void keptRecordIsRatedAgainByWhatItsAnswerStatedAndWhenItEnded() {
    RateCard card =
        card(
            Map.of(
                "m",
                List.of(
                    Map.of(
                        "prompt_per_1m", "1",
                        "completion_per_1m", "1",
                        "service_tiers", Map.of("flex", Map.of("factor", "0.5")),
                        "valid_to", "2026-11-01"),
                    Map.of(
                        "prompt_per_1m",
                        "3",
                        "completion_per_1m",
                        "3",
                        "valid_from",
                        "2026-11-01"))));
    UsageRecord record =
        UsageRecord.builder(
                "id",
                Instant.parse("2026-10-31T23:59:58Z"),
                Operation.CHAT,
                Measurement.of(Measurement.Status.COMPLETE, Set.of(), TokenUsage.of(1_000_000, 0)))
            .routing(Routing.builder().selectedModel("m").build())
            .serviceTier(new ServiceTier("priority", "flex"))
            .duration(Duration.ofSeconds(1))
            .cost(new Cost("EUR", 7, 0))
            .charge(new Cost("EUR", 8, 0))
            .build();
    UsageRecord rated = card.rate(record);
    assertThat(rated.cost()).isEqualTo(new Cost("USD", 0, 500_000_000_000_000_000L));
    assertThat(requireNonNull(rated.appliedPrice()).name()).isEqualTo("m flex");
    assertThat(rated.charge()).isNull();
    assertThat(card.rate(rated)).isEqualTo(rated);
    UsageRecord later = record.toBuilder().duration(Duration.ofSeconds(2)).build();
    assertThat(card.rate(later).priceGap()).isEqualTo(PriceGap.SERVICE_TIER);
    assertThat(card.rate(later).cost()).isNull();
    UsageRecord standard = later.toBuilder().serviceTier(ServiceTier.UNKNOWN).build();
    assertThat(card.rate(standard).cost()).isEqualTo(new Cost("USD", 3, 0));
    assertThat(RateCard.EMPTY.rate(record).priceGap()).isEqualTo(PriceGap.NO_PRICE);
  }
}
