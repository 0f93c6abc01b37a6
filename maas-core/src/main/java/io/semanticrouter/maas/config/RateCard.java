// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.PriceGap;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.ServiceTier;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What models cost: the section {@code pricing} of a configuration, on top of the price books that
 * it names. Immutable and exact: all factors are folded when it is read, nothing is rounded.
 *
 * <pre>{@code
 * pricing:
 *   currency: USD
 *   models:
 *     qwen3: { prompt_per_1m: "0.20", cached_input_per_1m: "0.02", completion_per_1m: "0.60" }
 * }</pre>
 *
 * <p>A model is found by its exact name or an alias of it, else by an explicit pattern, never by
 * the beginning of its name. Looking up allocates nothing.
 */
public final class RateCard {
  /** No prices: every exchange is unpriced. */
  public static final RateCard EMPTY =
      new RateCard(Book.EMPTY, Map.of(), Map.of(), Set.of(), null, "");

  private final Book standard;
  private final Map<String, Book> byTier;
  private final Map<String, Book> byUser;
  private final Set<String> models;
  private final @Nullable RateCard charge;
  private final String version;

  RateCard(
      Book standard,
      Map<String, Book> byTier,
      Map<String, Book> byUser,
      Set<String> models,
      @Nullable RateCard charge,
      String version) {
    this.standard = standard;
    this.byTier = Map.copyOf(byTier);
    this.byUser = Map.copyOf(byUser);
    this.models = Set.copyOf(models);
    this.charge = charge;
    this.version = version;
  }

  static RateCard from(ConfigSection pricing) {
    return RateCardReader.read(pricing);
  }

  /** Whether no model has prices. */
  public boolean isEmpty() {
    return standard.named.isEmpty() && standard.patterns.length == 0;
  }

  /** The models that the configuration itself prices, without those of its price books. */
  public Set<String> models() {
    return models;
  }

  /** What customers are charged, where that differs from what is paid; null where it does not. */
  public @Nullable RateCard charge() {
    return charge;
  }

  /**
   * The first 12 hexadecimal digits of the SHA-256 of all prices, those of the books and of {@link
   * #charge} included; empty when nothing is configured.
   */
  public String version() {
    return version;
  }

  /**
   * The prices that apply to an exchange, or the reason why there are none.
   *
   * @param identity who pays, for prices of tiers and users
   * @param serviceTier the terms that it was served on; null for the standard ones
   * @param cacheAnswer whether it was answered by the response cache
   * @param promptTokens all input, also what was cached: large contexts have prices of their own
   * @param at the end of the exchange, in seconds since 1970
   */
  public Price price(
      String model,
      Identity identity,
      @Nullable String serviceTier,
      boolean cacheAnswer,
      long promptTokens,
      long at) {
    Book book = byUser.isEmpty() ? null : byUser.get(identity.user());
    if (book == null) {
      book = byTier.isEmpty() ? standard : byTier.getOrDefault(identity.tier(), standard);
    }
    Entry[] entries = book.entries(model);
    if (entries == null) {
      return Price.missing(PriceGap.NO_PRICE);
    }
    for (Entry entry : entries) {
      if (entry.validity.contains(at)) {
        return entry.price(serviceTier, cacheAnswer, promptTokens);
      }
    }
    return Price.missing(PriceGap.NOT_VALID);
  }

  /**
   * What usage costs; null when it has no price here.
   *
   * @param serviceTier the terms that it was served on; null for the standard ones
   * @param at the end of the exchange, in seconds since 1970
   */
  public @Nullable Cost cost(
      Identity payer,
      Routing routing,
      @Nullable String serviceTier,
      TokenUsage usage,
      UnitUsage pieces,
      List<UsageLine> otherLines,
      long at) {
    return Rating.cost(this, payer, routing, serviceTier, usage, pieces, otherLines, at, null);
  }

  /**
   * Adds cost and charge of a measurement to its record, or what the card lacks for it.
   *
   * @param serviceTier the terms that it was served on; null for the standard ones
   * @param at the end of the exchange, in seconds since 1970
   */
  public void rate(
      UsageRecord.Builder record,
      Identity payer,
      Routing routing,
      @Nullable String serviceTier,
      Measurement measurement,
      long at) {
    TokenUsage usage = measurement.usage();
    if (usage == null) {
      return;
    }
    UnitUsage pieces = measurement.units();
    List<UsageLine> lines = measurement.otherLines();
    Cost cost = Rating.cost(this, payer, routing, serviceTier, usage, pieces, lines, at, record);
    record.cost(cost);
    if (charge != null) {
      Cost charged =
          Rating.cost(charge, payer, routing, serviceTier, usage, pieces, lines, at, null);
      record.charge(charged);
      if (charged == null && cost != null) {
        record.priceGap(PriceGap.CHARGE);
      }
    }
  }

  /**
   * A record as if this card had been in use when its exchange ended, whatever it was billed with:
   * for records that have been kept. The service tier is the one that its answer states.
   */
  public UsageRecord rate(UsageRecord record) {
    UsageRecord.Builder rated =
        record.toBuilder().cost(null).charge(null).priceGap(null).appliedPrice(null);
    ServiceTier tier = record.serviceTier();
    rate(
        rated,
        record.identity(),
        record.routing(),
        tier.isSpecial() ? tier.served() : null,
        record.measurement(),
        record.startedAt().plus(record.duration()).getEpochSecond());
    return rated.build();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RateCard that
        && version.equals(that.version)
        && models.equals(that.models);
  }

  @Override
  public int hashCode() {
    return version.hashCode();
  }

  @Override
  public String toString() {
    return "RateCard[" + version + ", " + models + "]";
  }

  /**
   * All prices for one class of customers.
   *
   * @param named by name and alias; of several entries of one name the first that is valid counts
   * @param patterns for names that are not there, the first that matches counts
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Book(Map<String, Entry[]> named, Pattern[] patterns) {
    static final Book EMPTY = new Book(Map.of(), new Pattern[0]);

    private Entry @Nullable [] entries(String model) {
      Entry[] entries = named.get(model);
      if (entries != null) {
        return entries;
      }
      for (Pattern pattern : patterns) {
        if (matches(pattern.glob, model)) {
          return pattern.entries;
        }
      }
      return null;
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Pattern(String glob, Entry[] entries) {}

  /** Whether a name is a pattern in which {@code *} stands for any characters, also none. */
  static boolean matches(String glob, String name) {
    int g = 0;
    int n = 0;
    int star = -1;
    int resume = 0;
    while (n < name.length()) {
      if (g < glob.length() && glob.charAt(g) == '*') {
        star = g++;
        resume = n;
      } else if (g < glob.length() && glob.charAt(g) == name.charAt(n)) {
        g++;
        n++;
      } else if (star >= 0) {
        g = star + 1;
        n = ++resume;
      } else {
        return false;
      }
    }
    while (g < glob.length() && glob.charAt(g) == '*') {
      g++;
    }
    return g == glob.length();
  }

  /**
   * The prices of a model for some time.
   *
   * @param tiers by the service tier, in lower case
   * @param cached for answers of the response cache; null when they have no price
   */
  record Entry(
      Validity validity, Sizes standard, Map<String, Sizes> tiers, @Nullable Sizes cached) {
    private Price price(@Nullable String serviceTier, boolean cacheAnswer, long promptTokens) {
      Sizes sizes = standard;
      if (cacheAnswer) {
        sizes = cached;
        if (sizes == null) {
          return Price.missing(PriceGap.RESPONSE_CACHE);
        }
      } else if (serviceTier != null) {
        sizes = tiers.get(serviceTier.toLowerCase(Locale.ROOT));
        if (sizes == null) {
          return Price.missing(PriceGap.SERVICE_TIER);
        }
      }
      return sizes.price(promptTokens);
    }
  }

  /**
   * Prices by the size of the whole input.
   *
   * @param from the smallest input of each, ascending; the first is 0
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Sizes(long[] from, Price[] prices) {
    private Price price(long promptTokens) {
      int i = from.length - 1;
      while (i > 0 && promptTokens < from[i]) {
        i--;
      }
      return prices[i];
    }
  }

  /** Gathers entries by name and pattern, those that take precedence first. */
  static final class BookBuilder {
    private final Map<String, List<Entry>> named = new HashMap<>();
    private final Map<String, List<Entry>> patterns = new LinkedHashMap<>();

    void add(List<String> names, List<String> globs, Entry entry) {
      names.forEach(name -> named.computeIfAbsent(name, key -> new ArrayList<>(1)).add(entry));
      globs.forEach(glob -> patterns.computeIfAbsent(glob, key -> new ArrayList<>(1)).add(entry));
    }

    Book build() {
      Map<String, Entry[]> byName = new HashMap<>();
      named.forEach((name, entries) -> byName.put(name, entries.toArray(Entry[]::new)));
      return new Book(
          byName,
          patterns.entrySet().stream()
              .map(
                  pattern ->
                      new Pattern(pattern.getKey(), pattern.getValue().toArray(Entry[]::new)))
              .toArray(Pattern[]::new));
    }
  }
}
