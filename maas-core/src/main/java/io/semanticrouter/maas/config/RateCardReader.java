// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.config.RateCard.Book;
import io.semanticrouter.maas.config.RateCard.BookBuilder;
import io.semanticrouter.maas.config.RateCard.Entry;
import io.semanticrouter.maas.config.RateCard.Sizes;
import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.ServiceTier;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads a rate card. Prices stay decimals until all factors are folded into them; then each becomes
 * integers.
 */
final class RateCardReader {
  private static final String TOKEN_RULE =
      "must be a decimal from 0 to 1000000 with at most 12 decimal places";
  private static final String PIECE_RULE =
      "must be a decimal from 0 to 1000000 with at most 18 decimal places";
  private static final String FACTOR_RULE =
      "must be a decimal from 0 to 1000 with at most 9 decimal places";
  private static final String NAME_RULE =
      "a model name must have 1 to 256 bytes and no control characters";
  private static final BigDecimal MAX_PRICE = new BigDecimal(1_000_000);
  private static final BigDecimal MAX_FACTOR = new BigDecimal(1_000);
  private static final int TOKEN_PLACES = 6;

  /** Entries of all classes of customers; that many take some hundred megabytes. */
  private static final int MAX_ENTRIES = 1_000_000;

  /** By what all others pay and the factor: classes of customers that are a factor and no more. */
  private final IdentityHashMap<List<Offer>, Map<BigDecimal, List<Offer>>> classes =
      new IdentityHashMap<>();

  private int entries;

  private RateCardReader() {}

  /** Reads the section {@code pricing}; what comes out is of no use when there are errors. */
  static RateCard read(ConfigSection pricing) {
    return new RateCardReader().card(pricing);
  }

  private RateCard card(ConfigSection pricing) {
    int errors = pricing.errorCount();
    String currency = currency(pricing, "USD");
    List<Offer> offers = List.of();
    for (ConfigSection book : pricing.sections("books")) {
      offers = over(book(book, currency), offers);
    }
    ConfigSection models = pricing.section("models");
    CacheClass cacheClass = cacheClass(pricing);
    offers = withDefault(over(layer(models, currency, "pricing"), offers), cacheClass);
    Customers costs = customers(pricing, offers, cacheClass);
    Customers charges = null;
    if (pricing.has("charge")) {
      ConfigSection charge = pricing.section("charge");
      List<Offer> charged = customerClass(charge, currency(charge, currency), offers, cacheClass);
      charges = customers(charge, charged, cacheClass);
      charge.rejectUnknownKeys();
    }
    pricing.rejectUnknownKeys();
    boolean nothing = offers.isEmpty() && charges == null && costs.isStandardOnly();
    if (nothing || pricing.errorCount() > errors) {
      return RateCard.EMPTY;
    }
    String version = hash(pricing.effective());
    RateCard charge = charges == null ? null : charges.card(Set.of(), null, version);
    return costs.card(models.keys(), charge, version);
  }

  private List<Offer> book(ConfigSection book, String currency) {
    book.string("source", "");
    book.string("license", "");
    String version = book.string("version", "");
    if (!MaasConfig.isCleanText(version)) {
      book.reject("version", "is required: a text by which records name the book");
    }
    List<Offer> offers = layer(book.section("models"), currency(book, currency), version);
    CacheClass cacheClass = cacheClass(book);
    book.rejectUnknownKeys();
    return withDefault(offers, cacheClass);
  }

  // --- customers -------------------------------------------------------------------------------

  /** What all pay, and who pays something else. */
  private record Customers(
      List<Offer> standard, Map<String, List<Offer>> tiers, Map<String, List<Offer>> users) {
    RateCard card(Set<String> models, @Nullable RateCard charge, String version) {
      // Classes that pay the same share a book.
      IdentityHashMap<List<Offer>, Book> books = new IdentityHashMap<>();
      return new RateCard(
          book(standard, version, books),
          books(tiers, version, books),
          books(users, version, books),
          models,
          charge,
          version);
    }

    boolean isStandardOnly() {
      return tiers.isEmpty() && users.isEmpty();
    }

    private static Map<String, Book> books(
        Map<String, List<Offer>> classes,
        String version,
        IdentityHashMap<List<Offer>, Book> books) {
      Map<String, Book> compiled = new HashMap<>();
      classes.forEach((name, offers) -> compiled.put(name, book(offers, version, books)));
      return compiled;
    }

    private static Book book(
        List<Offer> offers, String version, IdentityHashMap<List<Offer>, Book> books) {
      return books.computeIfAbsent(
          offers,
          key -> {
            BookBuilder book = new BookBuilder();
            for (Offer offer : key) {
              book.add(offer.names, offer.patterns, offer.entry(version));
            }
            return book.build();
          });
    }
  }

  private Customers customers(
      ConfigSection section, List<Offer> offers, @Nullable CacheClass cacheClass) {
    entries += offers.size();
    return new Customers(
        offers,
        classes(section, "tiers", offers, cacheClass),
        classes(section, "users", offers, cacheClass));
  }

  private Map<String, List<Offer>> classes(
      ConfigSection section,
      String key,
      List<Offer> standard,
      @Nullable CacheClass defaultCacheClass) {
    Map<String, List<Offer>> classes = new LinkedHashMap<>();
    ConfigSection all = section.section(key);
    for (String name : all.keys()) {
      ConfigSection one = all.section(name);
      classes.put(name, customerClass(one, currency(one, "USD"), standard, defaultCacheClass));
      one.rejectUnknownKeys();
      if (entries > MAX_ENTRIES) {
        section.reject(key, "are too many: models times different customers exceed " + MAX_ENTRIES);
        break;
      }
    }
    return classes;
  }

  /**
   * What a class of customers pays, made of what all others pay.
   *
   * @param defaultCacheClass for models of its own, when it has no other
   */
  private List<Offer> customerClass(
      ConfigSection section,
      String currency,
      List<Offer> standard,
      @Nullable CacheClass defaultCacheClass) {
    BigDecimal factor = factor(section);
    List<Offer> own = layer(section.section("models"), currency, "pricing");
    CacheClass cacheClass = cacheClass(section);
    if (factor == null && cacheClass == null && own.isEmpty()) {
      return standard;
    }
    BigDecimal times = factor == null ? BigDecimal.ONE : factor.stripTrailingZeros();
    Fold fold = new Fold(times, section);
    if (cacheClass != null || !own.isEmpty()) {
      entries += standard.size() + own.size();
      CacheClass ownClass = cacheClass == null ? defaultCacheClass : cacheClass;
      return over(withDefault(own, ownClass), changed(standard, fold, cacheClass));
    }
    return classes
        .computeIfAbsent(standard, key -> new HashMap<>())
        .computeIfAbsent(
            times,
            key -> {
              entries += standard.size();
              return changed(standard, fold, null);
            });
  }

  /** With prices for answers of the response cache where there are none. */
  private static List<Offer> withDefault(List<Offer> offers, @Nullable CacheClass cacheClass) {
    return cacheClass == null
        ? offers
        : offers.stream()
            .map(offer -> offer.cached == null ? offer.answering(cacheClass) : offer)
            .toList();
  }

  private static List<Offer> changed(
      List<Offer> offers, Fold fold, @Nullable CacheClass cacheClass) {
    return offers.stream()
        .map(offer -> offer.times(fold))
        .map(offer -> cacheClass == null ? offer : offer.answering(cacheClass))
        .toList();
  }

  // --- layers ----------------------------------------------------------------------------------

  /** The offers of a section of models. */
  private List<Offer> layer(ConfigSection models, String currency, String book) {
    List<Offer> offers = new ArrayList<>();
    Map<String, List<Offer>> named = new HashMap<>();
    for (String model : models.keys()) {
      if (!MaasConfig.isCleanText(model)) {
        models.reject(model, NAME_RULE);
      }
      int errors = models.errorCount();
      List<ConfigSection> versions =
          models.isList(model) ? models.sections(model) : List.of(models.section(model));
      if (models.errorCount() > errors) {
        continue; // no section at all: what it lacks would be noise
      }
      if (versions.isEmpty()) {
        models.reject(model, "must have at least one element");
      }
      for (ConfigSection version : versions) {
        Offer offer = offer(version, model, currency, book);
        version.rejectUnknownKeys();
        for (String name : offer.names) {
          List<Offer> others = named.computeIfAbsent(name, key -> new ArrayList<>(1));
          if (others.stream().anyMatch(offer::overlaps)) {
            models.reject(
                model,
                "has a price for " + ConfigError.quoted(name) + " at a time that has one already");
          }
          others.add(offer);
        }
        offers.add(offer);
      }
    }
    return offers;
  }

  /** The upper offers, then what the lower ones have for other models and other times. */
  private static List<Offer> over(List<Offer> upper, List<Offer> lower) {
    if (lower.isEmpty()) {
      return upper;
    }
    Set<String> names = new HashSet<>();
    Set<String> patterns = new HashSet<>();
    for (Offer offer : upper) {
      if (offer.from == Long.MIN_VALUE && offer.until == Long.MAX_VALUE) {
        names.addAll(offer.names);
        patterns.addAll(offer.patterns);
      }
    }
    List<Offer> offers = new ArrayList<>(upper);
    for (Offer offer : lower) {
      Offer rest = offer.without(names, patterns);
      if (!rest.names.isEmpty() || !rest.patterns.isEmpty()) {
        offers.add(rest);
      }
    }
    return offers;
  }

  private Offer offer(ConfigSection section, String model, String currency, String book) {
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
    long from = moment(section, "valid_from", Long.MIN_VALUE);
    long until = moment(section, "valid_to", Long.MAX_VALUE);
    if (until <= from) {
      section.reject("valid_to", "must be later than valid_from");
    }
    long seconds = section.integer("minimum_audio_seconds", 0, 0, 3600);
    Terms standard = terms(section, model, Map.of(), seconds);
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
              ? terms(terms, model + " " + tier, standard.pieces(), seconds)
              : standard.with(new Fold(factor, terms), true, " " + tier));
      terms.rejectUnknownKeys();
    }
    CacheClass cacheClass = cacheClass(section);
    return new Offer(
        List.copyOf(names),
        patterns,
        from,
        until,
        currency,
        book,
        standard,
        tiers,
        cacheClass == null ? null : cacheClass.of(standard));
  }

  /** Prices, and those of large inputs beside them. */
  private static Terms terms(
      ConfigSection section, String name, Map<PriceUnit, BigDecimal> pieces, long seconds) {
    List<Size> sizes = new ArrayList<>();
    Size base = new Size(0, name, prices(section, pieces), seconds);
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
              name + (over ? " above " : " from ") + limit,
              prices(size, base.pieces()),
              seconds));
      size.rejectUnknownKeys();
    }
    sizes.sort(Comparator.comparingLong(Size::from));
    for (int i = 1; i < sizes.size(); i++) {
      if (sizes.get(i).from == sizes.get(i - 1).from) {
        section.reject("above", "has two prices for one size of input");
      }
    }
    sizes.add(0, base);
    return new Terms(List.copyOf(sizes));
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

  // --- values ----------------------------------------------------------------------------------

  private @Nullable CacheClass cacheClass(ConfigSection section) {
    if (!section.has("response_cache")) {
      section.section("response_cache");
      return null;
    }
    ConfigSection answers = section.section("response_cache");
    BigDecimal factor = factor(answers);
    CacheClass cacheClass =
        factor != null
            ? new CacheClass(new Fold(factor, answers), null)
            : new CacheClass(null, terms(answers, "response_cache", Map.of(), 0));
    answers.rejectUnknownKeys();
    return cacheClass;
  }

  private static @Nullable BigDecimal factor(ConfigSection section) {
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

  private static String currency(ConfigSection section, String inherited) {
    String currency = section.string("currency", inherited);
    if (currency.length() != 3 || !currency.chars().allMatch(c -> c >= 'A' && c <= 'Z')) {
      section.reject("currency", "must be an ISO 4217 code, such as USD");
    }
    return currency;
  }

  /** Seconds since 1970. */
  private static long moment(ConfigSection section, String key, long otherwise) {
    String text = section.string(key, "");
    if (text.isEmpty()) {
      return otherwise;
    }
    try {
      return text.indexOf('T') < 0
          ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toEpochSecond()
          : Instant.parse(text).getEpochSecond();
    } catch (DateTimeParseException e) {
      section.reject(key, "must be a date such as 2026-11-30 (UTC), or 2026-11-30T16:00:00Z");
      return otherwise;
    }
  }

  private static String hash(Object values) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      hash(values, digest);
      return HexFormat.of().formatHex(digest.digest(), 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // each Java platform has it
    }
  }

  /** The same values in another order, or with other zeros, are the same. */
  private static void hash(Object value, MessageDigest digest) {
    if (value instanceof Map<?, ?> map) {
      digest.update((byte) '{');
      new TreeMap<>(map)
          .forEach(
              (key, element) -> {
                hash(key, digest);
                hash(element, digest);
              });
      digest.update((byte) '}');
    } else if (value instanceof Collection<?> list) {
      digest.update((byte) '[');
      list.forEach(element -> hash(element, digest));
      digest.update((byte) ']');
    } else {
      String text =
          value instanceof BigDecimal number
              ? number.stripTrailingZeros().toPlainString()
              : value.toString();
      digest.update(text.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
    }
  }

  // --- what is read ----------------------------------------------------------------------------

  /**
   * What a model costs from a moment to another, on all terms.
   *
   * @param names the model and its aliases
   * @param book the version of where it is from
   * @param cached for answers of the response cache; null when they have no price
   */
  private record Offer(
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
  }

  /** Prices by the size of the input, ascending; the first begins at 0. */
  private record Terms(List<Size> sizes) {
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
  private record Size(
      long from, String name, Map<PriceUnit, BigDecimal> perOne, long minimumAudioSeconds) {
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
  private record CacheClass(@Nullable Fold factor, @Nullable Terms prices) {
    Terms of(Terms standard) {
      return factor != null
          ? standard.with(factor, false, " response_cache")
          : Objects.requireNonNull(prices);
    }
  }

  /** A factor on prices; one that makes a price too long is reported once. */
  private static final class Fold {
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
