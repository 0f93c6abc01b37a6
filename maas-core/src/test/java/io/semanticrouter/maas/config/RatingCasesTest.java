// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.ProviderTool;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code rating/cases.txt}: one case for each dimension of a price, and their products. */
class RatingCasesTest {
  private static final Map<String, TokenPart> PARTS =
      Map.ofEntries(
          Map.entry("read", TokenPart.CACHE_READ),
          Map.entry("write", TokenPart.CACHE_WRITE),
          Map.entry("write5m", TokenPart.CACHE_WRITE_5M),
          Map.entry("write1h", TokenPart.CACHE_WRITE_1H),
          Map.entry("audio", TokenPart.PROMPT_AUDIO),
          Map.entry("image", TokenPart.PROMPT_IMAGE),
          Map.entry("audioout", TokenPart.COMPLETION_AUDIO),
          Map.entry("imageout", TokenPart.COMPLETION_IMAGE),
          Map.entry("reasoning", TokenPart.REASONING),
          Map.entry("tooluse", TokenPart.TOOL_USE),
          Map.entry("accepted", TokenPart.ACCEPTED_PREDICTION),
          Map.entry("rejected", TokenPart.REJECTED_PREDICTION),
          Map.entry("unattributed", TokenPart.UNATTRIBUTED));

  private static final Map<String, ProviderTool> TOOLS =
      Map.of(
          "web", ProviderTool.WEB_SEARCH,
          "source", ProviderTool.SOURCE,
          "file", ProviderTool.FILE_SEARCH,
          "code", ProviderTool.CODE_EXECUTION,
          "fetch", ProviderTool.WEB_FETCH,
          "other", ProviderTool.OTHER);

  private static final RateCard CARD = card();

  private static RateCard card() {
    try (InputStream json = resource("card.json")) {
      Map<?, ?> pricing = new ObjectMapper().readValue(json, Map.class);
      return MaasConfig.from(Map.of("pricing", pricing)).rateCard();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static InputStream resource(String name) {
    return requireNonNull(RatingCasesTest.class.getResourceAsStream("/rating/" + name));
  }

  static List<String> cases() throws IOException {
    try (InputStream text = resource("cases.txt")) {
      return new String(text.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .toList();
    }
  }

  @Test
  void thereAreEnoughCases() throws IOException {
    assertThat(cases()).hasSizeGreaterThan(120).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void caseCostsWhatWasComputedByHand(String line) {
    String[] fields = line.split("\\|", -1);
    Map<String, String> usage = pairs(fields[1]);
    Map<String, String> terms = pairs(fields[2]);
    TokenUsage.Builder tokens = TokenUsage.builder(count(usage, "p"), count(usage, "c"));
    PARTS.forEach((key, part) -> tokens.part(part, count(usage, key)));
    UnitUsage.Builder pieces =
        UnitUsage.builder()
            .audioSeconds(count(usage, "seconds"))
            .images(count(usage, "images"))
            .searchUnits(count(usage, "units"));
    TOOLS.forEach((key, tool) -> pieces.calls(tool, count(usage, key)));
    String served = terms.get("tier");
    Instant at = Instant.parse(terms.getOrDefault("at", "2026-11-30T05:00:00Z"));

    Price price =
        CARD.price(
            fields[0].strip(),
            Identity.of(terms.getOrDefault("user", "bob"), terms.getOrDefault("for", "free")),
            new ServiceTier(null, served).isSpecial() ? served : null,
            terms.containsKey("hit"),
            count(usage, "p"),
            at.getEpochSecond());
    PriceGap gap = price.gap(tokens.build(), pieces.build());

    String expected = fields[3].strip();
    if (Character.isDigit(expected.charAt(0))) {
      assertThat(gap).isEqualTo(fields[4].contains("at most") ? PriceGap.PRICE_FALLBACK : null);
      assertThat(price.cost(tokens.build(), pieces.build()).amount())
          .isEqualByComparingTo(expected)
          .isEqualByComparingTo(sum(fields[4].replace("at most", "")));
    } else {
      assertThat(String.valueOf(cost(price, gap, tokens.build(), pieces.build())))
          .isEqualTo(expected);
    }
  }

  /** What the exchange is unpriced for. */
  private static @Nullable PriceGap cost(
      Price price, @Nullable PriceGap gap, TokenUsage tokens, UnitUsage pieces) {
    if (gap != null) {
      return gap;
    }
    try {
      price.cost(tokens, pieces);
      return null;
    } catch (ArithmeticException e) {
      return PriceGap.OUT_OF_RANGE;
    }
  }

  private static BigDecimal sum(String products) {
    BigDecimal sum = BigDecimal.ZERO;
    for (String product : products.split("\\+", -1)) {
      boolean ofTokens = product.contains("@");
      String[] factors = product.strip().split("[@#]", -1);
      BigDecimal amount = new BigDecimal(factors[0]).multiply(new BigDecimal(factors[1]));
      sum = sum.add(ofTokens ? amount.movePointLeft(6) : amount);
    }
    return sum;
  }

  private static long count(Map<String, String> usage, String key) {
    return Long.parseLong(usage.getOrDefault(key, "-1"));
  }

  private static Map<String, String> pairs(String text) {
    Map<String, String> pairs = new HashMap<>();
    for (String pair : text.strip().split(" +", -1)) {
      int sign = pair.indexOf('=');
      pairs.put(sign < 0 ? pair : pair.substring(0, sign), pair.substring(sign + 1));
    }
    return pairs;
  }
}
