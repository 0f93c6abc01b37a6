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
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a model costs from a moment to another, on all terms.
 *
 * @param names the model and its aliases
 * @param book the version of where it is from
 * @param cached for answers of the response cache; null when they have no price
 */
record Offer(
    List<String> names,
    List<String> patterns,
    long from,
    long until,
    String currency,
    String book,
    Terms standard,
    Map<String, Terms> tiers,
    @Nullable Terms cached) {
  boolean overlaps(Offer other) {
    return from < other.until && other.from < until;
  }

  Offer without(Set<String> otherNames, Set<String> otherPatterns) {
    return new Offer(
        names.stream().filter(name -> !otherNames.contains(name)).toList(),
        patterns.stream().filter(pattern -> !otherPatterns.contains(pattern)).toList(),
        from,
        until,
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
    String suffix = " × " + fold.factor.toPlainString();
    Map<String, Terms> changed = new LinkedHashMap<>();
    tiers.forEach((tier, terms) -> changed.put(tier, terms.with(fold, false, suffix)));
    return new Offer(
        names,
        patterns,
        from,
        until,
        currency,
        book,
        standard.with(fold, false, suffix),
        changed,
        cached == null ? null : cached.with(fold, false, suffix));
  }

  Offer answering(CacheClass cacheClass) {
    Terms answers = cacheClass.of(standard);
    return new Offer(names, patterns, from, until, currency, book, standard, tiers, answers);
  }

  Entry entry(String version) {
    String source = book + "#" + version;
    Map<String, Sizes> compiled = new HashMap<>();
    tiers.forEach((tier, terms) -> compiled.put(tier, terms.sizes(source, currency)));
    return new Entry(
        from,
        until,
        standard.sizes(source, currency),
        Map.copyOf(compiled),
        cached == null ? null : cached.sizes(source, currency));
  }

  /** Prices by the size of the input, ascending; the first begins at 0. */
  record Terms(List<Size> sizes) {
    /** What does not depend on tokens. */
    Map<PriceUnit, BigDecimal> pieces() {
      return sizes.get(0).pieces();
    }

    Terms with(Fold fold, boolean tokensOnly, String suffix) {
      return new Terms(sizes.stream().map(size -> size.with(fold, tokensOnly, suffix)).toList());
    }

    Sizes sizes(String source, String currency) {
      return new Sizes(
          sizes.stream().mapToLong(Size::from).toArray(),
          sizes.stream().map(size -> size.price(source, currency)).toArray(Price[]::new));
    }
  }

  /**
   * Prices of one token or piece each.
   *
   * @param from the smallest input that they are for
   */
  record Size(long from, String name, Map<PriceUnit, BigDecimal> perOne, long minimumAudioSeconds) {
    Map<PriceUnit, BigDecimal> pieces() {
      Map<PriceUnit, BigDecimal> pieces = new EnumMap<>(perOne);
      pieces.keySet().removeIf(PriceUnit::isToken);
      return pieces;
    }

    Size with(Fold fold, boolean tokensOnly, String suffix) {
      Map<PriceUnit, BigDecimal> folded = new EnumMap<>(PriceUnit.class);
      perOne.forEach(
          (unit, price) ->
              folded.put(unit, tokensOnly && !unit.isToken() ? price : fold.of(unit, price, name)));
      return new Size(from, name + suffix, folded, minimumAudioSeconds);
    }

    Price price(String source, String currency) {
      return new Price(new AppliedPrice(name, source), currency, perOne, minimumAudioSeconds);
    }
  }

  /** What answers of the response cache cost: a part of the price, or a price of their own. */
  record CacheClass(@Nullable Fold factor, @Nullable Terms prices) {
    Terms of(Terms standard) {
      return factor != null
          ? standard.with(factor, false, " response_cache")
          : Objects.requireNonNull(prices);
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
