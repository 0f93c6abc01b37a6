// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.config.Offer.CacheClass;
import io.semanticrouter.maas.config.Offer.Fold;
import io.semanticrouter.maas.config.Offer.Size;
import io.semanticrouter.maas.config.Offer.Terms;
import io.semanticrouter.maas.record.ServiceTier;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what one model costs, and the values that all sections with prices share. */
final class OfferReader {
  private static final String TOKEN_RULE =
      "must be a decimal from 0 to 1000000 with at most 12 decimal places";
  private static final String PIECE_RULE =
      "must be a decimal from 0 to 1000000 with at most 18 decimal places";
  private static final String FACTOR_RULE =
      "must be a decimal from 0 to 1000 with at most 9 decimal places";
  static final String NAME_RULE = "a model name must have 1 to 256 bytes and no control characters";
  private static final BigDecimal MAX_PRICE = new BigDecimal(1_000_000);
  private static final BigDecimal MAX_FACTOR = new BigDecimal(1_000);
  private static final int TOKEN_PLACES = 6;

  private OfferReader() {}

  /** Reads what one entry says. */
  static Offer offer(ConfigSection section, String model, String currency, String book) {
    List<String> names = new ArrayList<>(List.of(model));
    for (String alias : section.strings("aliases")) {
      if (!MaasConfig.isCleanText(alias)) {
        section.reject("aliases", NAME_RULE);
      }
      names.add(alias);
    }
    List<String> patterns = section.strings("match");
    for (String pattern : patterns) {
      if (!MaasConfig.isCleanText(pattern) || pattern.indexOf('*') < 0) {
        section.reject("match", "must be names in which * stands for any characters");
      }
    }
    section.string("source", "");
    Validity validity = Validity.read(section);
    long seconds = section.integer("minimum_audio_seconds", 0, 0, 3600);
    Terms standard = new Terms(model + validity.name(), "", sizes(section, Map.of(), seconds));
    Map<String, Terms> tiers = new LinkedHashMap<>();
    ConfigSection stated = section.section("service_tiers");
    for (String tier : stated.keys()) {
      ConfigSection terms = stated.section(tier);
      if (!new ServiceTier(null, tier).isSpecial() || !tier.equals(tier.toLowerCase(Locale.ROOT))) {
        stated.reject(tier, "must be a tier other than the standard one, in lower case");
      }
      BigDecimal factor = factor(terms);
      tiers.put(
          tier,
          factor == null
              ? new Terms(
                  standard.name() + " " + tier, "", sizes(terms, standard.pieces(), seconds))
              : standard.times(new Fold(factor, terms), tier, true));
      terms.rejectUnknownKeys();
    }
    CacheClass cacheClass = cacheClass(section);
    return new Offer(
        List.copyOf(names),
        patterns,
        validity,
        currency,
        book,
        standard,
        tiers,
        cacheClass == null ? null : cacheClass.of(standard));
  }

  /** Prices, and those of large inputs beside them. */
  private static List<Size> sizes(
      ConfigSection section, Map<PriceUnit, BigDecimal> pieces, long seconds) {
    List<Size> sizes = new ArrayList<>();
    Size base = new Size(0, "", prices(section, pieces), seconds);
    for (ConfigSection size : section.sections("above")) {
      boolean over = size.has("input_tokens_over");
      if (over == size.has("input_tokens_from")) {
        size.reject(
            "input_tokens_over", "or input_tokens_from is required, and not both: a size of input");
      }
      String key = over ? "input_tokens_over" : "input_tokens_from";
      size.integer(over ? "input_tokens_from" : "input_tokens_over", 0, 0, 1L << 50);
      long limit = size.integer(key, 1, 1, 1L << 50);
      sizes.add(
          new Size(
              over ? limit + 1 : limit,
              (over ? " above " : " from ") + limit,
              prices(size, base.pieces()),
              seconds));
      size.rejectUnknownKeys();
    }
    sizes.sort(Comparator.comparingLong(Size::from));
    for (int i = 1; i < sizes.size(); i++) {
      if (sizes.get(i).from() == sizes.get(i - 1).from()) {
        section.reject("above", "has two prices for one size of input");
      }
    }
    sizes.add(0, base);
    return List.copyOf(sizes);
  }

  private static Map<PriceUnit, BigDecimal> prices(
      ConfigSection section, Map<PriceUnit, BigDecimal> pieces) {
    Map<PriceUnit, BigDecimal> perOne = new EnumMap<>(PriceUnit.class);
    perOne.putAll(pieces);
    boolean byPiece = false;
    for (PriceUnit unit : PriceUnit.values()) {
      byPiece |= !unit.isToken() && (section.has(unit.key()) || perOne.containsKey(unit));
    }
    for (PriceUnit unit : PriceUnit.values()) {
      String rule = unit.isToken() ? TOKEN_RULE : PIECE_RULE;
      BigDecimal price = decimal(section, unit.key(), rule, MAX_PRICE, unit.isToken() ? 12 : 18);
      if (price != null) {
        perOne.put(unit, unit.isToken() ? price.movePointLeft(TOKEN_PLACES) : price);
      } else if (!byPiece
          && !section.has(unit.key())
          && (unit == PriceUnit.PROMPT || unit == PriceUnit.COMPLETION)) {
        section.reject(unit.key(), "is required: a model with a price needs it (0 means free)");
      }
    }
    return perOne;
  }

  static @Nullable CacheClass cacheClass(ConfigSection section) {
    boolean absent = !section.has(CacheClass.KEY);
    ConfigSection answers = section.section(CacheClass.KEY);
    if (absent) {
      return null;
    }
    BigDecimal factor = factor(answers);
    CacheClass cacheClass =
        factor != null
            ? new CacheClass(new Fold(factor, answers), List.of())
            : new CacheClass(null, sizes(answers, Map.of(), 0));
    answers.rejectUnknownKeys();
    return cacheClass;
  }

  static @Nullable BigDecimal factor(ConfigSection section) {
    return decimal(section, "factor", FACTOR_RULE, MAX_FACTOR, 9);
  }

  private static @Nullable BigDecimal decimal(
      ConfigSection section, String key, String rule, BigDecimal max, int places) {
    BigDecimal value = section.decimal(key, rule);
    if (value == null) {
      return null;
    }
    if (value.signum() < 0
        || value.compareTo(max) > 0
        || value.stripTrailingZeros().scale() > places) {
      section.reject(key, rule);
      return null;
    }
    return value;
  }

  static String currency(ConfigSection section, String inherited) {
    String currency = section.string("currency", inherited);
    if (currency.length() != 3 || !currency.chars().allMatch(c -> c >= 'A' && c <= 'Z')) {
      section.reject("currency", "must be an ISO 4217 code, such as USD");
    }
    return currency;
  }
}
