// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenPart.Side;
import io.semanticrouter.maas.record.TokenUsage;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What tokens cost, per model, in one currency. Immutable and exact: prices are whole 10<sup>-12
 * </sup> currency units per token.
 *
 * <p>The configuration has the shape that semantic-router users know (prices per 1,000,000 tokens):
 *
 * <pre>{@code
 * pricing:
 *   currency: USD
 *   models:
 *     qwen3: { prompt_per_1m: 0.20, cached_input_per_1m: 0.02, completion_per_1m: 0.60 }
 * }</pre>
 *
 * A missing cached or cache-write price means the prompt price; an explicit 0 means free.
 */
public final class RateCard {
  /** No prices: every exchange is unpriced. */
  public static final RateCard EMPTY = new RateCard("USD", Map.of());

  private static final String PRICE_RULE =
      "must be a decimal from 0 to 1000000 with at most 6 decimal places";

  /** The parts that can have a price of their own. */
  private static final List<TokenPart> PRICED =
      Arrays.stream(TokenPart.values()).filter(part -> part.priceKey() != null).toList();

  private static final BigDecimal MAX_PER_MILLION = new BigDecimal(1_000_000);

  private final String currency;
  private final Map<String, Price> prices;

  private RateCard(String currency, Map<String, Price> prices) {
    this.currency = currency;
    this.prices = Map.copyOf(prices);
  }

  /**
   * The prices of one model, each in 10<sup>-12</sup> currency units per token.
   *
   * @param prompt per prompt token of no part that has a price
   * @param completion per completion token of no part that has a price
   * @param parts per token of each of {@link #PRICED}, in that order
   */
  private record Price(long prompt, long completion, List<Long> parts) {}

  /** The currency of all prices, an ISO 4217 code. */
  public String currency() {
    return currency;
  }

  /** Whether no model has prices. */
  public boolean isEmpty() {
    return prices.isEmpty();
  }

  /** The models that have prices. */
  public Set<String> models() {
    return prices.keySet();
  }

  /** Whether a model has prices. */
  public boolean prices(String model) {
    return prices.containsKey(model);
  }

  /**
   * The cost of a usage. Counts that are unknown add nothing; parts replace their share of the
   * total and are never added to it; parts that exceed their total are cut to it.
   *
   * @return null when the model has no price: unpriced, not free
   */
  public @Nullable Cost cost(String model, TokenUsage usage) {
    Price price = prices.get(model);
    if (price == null) {
      return null;
    }
    long prompt = Math.max(0, usage.prompt());
    long completion = Math.max(0, usage.completion());
    Cost.Sum sum = new Cost.Sum();
    for (int i = 0; i < PRICED.size(); i++) {
      TokenPart part = PRICED.get(i);
      boolean sent = part.side() == Side.PROMPT;
      long share = Math.min(Math.max(0, usage.part(part)), sent ? prompt : completion);
      sum.add(share, price.parts().get(i));
      if (sent) {
        prompt -= share;
      } else {
        completion -= share;
      }
    }
    return sum.add(prompt, price.prompt()).add(completion, price.completion()).in(currency);
  }

  static RateCard from(ConfigSection pricing) {
    String currency = pricing.string("currency", "USD");
    if (currency.length() != 3 || !currency.chars().allMatch(c -> c >= 'A' && c <= 'Z')) {
      pricing.reject("currency", "must be an ISO 4217 code, such as USD");
    }
    ConfigSection models = pricing.section("models");
    Map<String, Price> prices = new LinkedHashMap<>();
    for (String model : models.keys()) {
      if (!MaasConfig.isCleanText(model)) {
        models.reject(model, "a model name must have 1 to 256 bytes and no control characters");
      }
      int errorsBefore = models.errorCount();
      ConfigSection section = models.section(model);
      if (models.errorCount() > errorsBefore) {
        continue; // no section at all: what it lacks would be noise
      }
      prices.put(model, price(section));
      section.rejectUnknownKeys();
    }
    pricing.rejectUnknownKeys();
    return new RateCard(currency, prices);
  }

  private static Price price(ConfigSection section) {
    long prompt = required(section, "prompt_per_1m");
    long completion = required(section, "completion_per_1m");
    List<Long> parts = new ArrayList<>();
    for (TokenPart part : PRICED) {
      String key = Objects.requireNonNull(part.priceKey());
      parts.add(optional(section, key, part.side() == Side.PROMPT ? prompt : completion));
    }
    return new Price(prompt, completion, parts);
  }

  private static long required(ConfigSection section, String key) {
    if (!section.has(key)) {
      section.reject(key, "is required: a model with a price needs it (0 means free)");
      return 0;
    }
    return optional(section, key, 0);
  }

  private static long optional(ConfigSection section, String key, long defaultPicos) {
    BigDecimal perMillion = section.decimal(key, PRICE_RULE);
    if (perMillion == null) {
      return defaultPicos;
    }
    // 10^12 pico units per unit, 10^6 tokens: the price per million in micro units.
    boolean inRange = perMillion.signum() >= 0 && perMillion.compareTo(MAX_PER_MILLION) <= 0;
    if (!inRange || perMillion.stripTrailingZeros().scale() > 6) {
      section.reject(key, PRICE_RULE);
      return defaultPicos;
    }
    return perMillion.movePointRight(6).longValueExact();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RateCard that
        && currency.equals(that.currency)
        && prices.equals(that.prices);
  }

  @Override
  public int hashCode() {
    return 31 * currency.hashCode() + prices.hashCode();
  }

  @Override
  public String toString() {
    return "RateCard[" + currency + ", " + prices.keySet() + "]";
  }
}
