// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.config.RateCard.Entry;
import io.semanticrouter.maas.config.RateCard.Sizes;
import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Cost;
import java.math.BigDecimal;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a model costs for some time, on all terms.
 *
 * @param names the model and its aliases
 * @param book the version of where it is from
 * @param cached for answers of the response cache; null when they have no price
 */
record Offer(
    List<String> names,
    List<String> patterns,
    Validity validity,
    String currency,
    String book,
    Terms standard,
    Map<String, Terms> tiers,
    @Nullable Terms cached) {
  Offer without(Set<String> otherNames, Set<String> otherPatterns) {
    return new Offer(
        names.stream().filter(name -> !otherNames.contains(name)).toList(),
        patterns.stream().filter(pattern -> !otherPatterns.contains(pattern)).toList(),
        validity,
        currency,
        book,
        standard,
        tiers,
        cached);
  }

  /** With all prices times a factor. */
  Offer times(Fold fold) {
    if (fold.factor.compareTo(BigDecimal.ONE) == 0) {
      return this;
    }
    Map<String, Terms> changed = new LinkedHashMap<>();
    tiers.forEach((tier, terms) -> changed.put(tier, terms.times(fold)));
    return new Offer(
        names,
        patterns,
        validity,
        currency,
        book,
        standard.times(fold),
        changed,
        cached == null ? null : cached.times(fold));
  }

  Offer answering(CacheClass cacheClass) {
    Terms answers = cacheClass.of(standard);
    return new Offer(names, patterns, validity, currency, book, standard, tiers, answers);
  }

  Entry entry(String version) {
    String source = book + "#" + version;
    Map<String, Sizes> compiled = new HashMap<>();
    tiers.forEach((tier, terms) -> compiled.put(tier, terms.compile(source, currency)));
    return new Entry(
        validity,
        standard.compile(source, currency),
        Map.copyOf(compiled),
        cached == null ? null : cached.compile(source, currency));
  }

  /**
   * Prices by the size of the input.
   *
   * @param name the model, then what else decides
   * @param factors those of the customer, as names of prices have them
   * @param sizes ascending; the first begins at 0
   */
  record Terms(String name, String factors, List<Size> sizes) {
    /** What does not depend on tokens. */
    Map<PriceUnit, BigDecimal> pieces() {
      return sizes.get(0).pieces();
    }

    /** For a customer. */
    Terms times(Fold fold) {
      return new Terms(name, factors + " × " + fold.factor.toPlainString(), all(fold, false));
    }

    /** For other terms, by their name. */
    Terms times(Fold fold, String terms, boolean tokensOnly) {
      return new Terms(name + " " + terms, factors, all(fold, tokensOnly));
    }

    private List<Size> all(Fold fold, boolean tokensOnly) {
      return sizes.stream().map(size -> size.times(fold, tokensOnly, name)).toList();
    }

    Sizes compile(String source, String currency) {
      return new Sizes(
          sizes.stream().mapToLong(Size::from).toArray(),
          sizes.stream()
              .map(
                  size ->
                      new Price(
                          new AppliedPrice(name + size.name + factors, source),
                          currency,
                          size.perOne,
                          size.minimumAudioSeconds))
              .toArray(Price[]::new));
    }
  }

  /**
   * Prices of one token or piece each.
   *
   * @param from the smallest input that they are for
   * @param name which inputs these are: {@code above 272000}; empty for all
   */
  record Size(long from, String name, Map<PriceUnit, BigDecimal> perOne, long minimumAudioSeconds) {
    Map<PriceUnit, BigDecimal> pieces() {
      Map<PriceUnit, BigDecimal> pieces = new EnumMap<>(perOne);
      pieces.keySet().removeIf(PriceUnit::isToken);
      return pieces;
    }

    private Size times(Fold fold, boolean tokensOnly, String of) {
      Map<PriceUnit, BigDecimal> folded = new EnumMap<>(PriceUnit.class);
      perOne.forEach(
          (unit, price) ->
              folded.put(
                  unit, tokensOnly && !unit.isToken() ? price : fold.of(unit, price, of + name)));
      return new Size(from, name, folded, minimumAudioSeconds);
    }
  }

  /** What answers of the response cache cost: a part of the price, or a price of their own. */
  record CacheClass(@Nullable Fold factor, List<Size> prices) {
    static final String KEY = "response_cache";

    Terms of(Terms standard) {
      return factor != null
          ? standard.times(factor, KEY, false)
          : new Terms(standard.name + " " + KEY, "", prices);
    }
  }

  /** A factor on prices; one that makes a price too long is reported once. */
  static final class Fold {
    private final BigDecimal factor;
    private final ConfigSection section;
    private boolean reported;

    Fold(BigDecimal factor, ConfigSection section) {
      this.factor = factor;
      this.section = section;
    }

    BigDecimal of(PriceUnit unit, BigDecimal price, String name) {
      BigDecimal product = price.multiply(factor).stripTrailingZeros();
      if (product.scale() <= Cost.SCALE) {
        return product;
      }
      if (!reported) {
        reported = true;
        section.reject(
            "factor",
            "gives "
                + unit.key()
                + " of "
                + ConfigError.quoted(name)
                + " more decimal places than can be kept");
      }
      return price;
    }
  }
}
