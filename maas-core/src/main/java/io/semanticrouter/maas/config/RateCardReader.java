// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import io.semanticrouter.maas.config.Offer.CacheClass;
import io.semanticrouter.maas.config.Offer.Fold;
import io.semanticrouter.maas.config.RateCard.Book;
import io.semanticrouter.maas.config.RateCard.BookBuilder;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads a rate card. Prices stay decimals until all factors are folded into them; then each becomes
 * integers.
 */
final class RateCardReader {
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
    String currency = OfferReader.currency(pricing, "USD");
    List<Offer> offers = List.of();
    for (ConfigSection book : pricing.sections("books")) {
      offers = over(book(book, currency), offers);
    }
    ConfigSection models = pricing.section("models");
    CacheClass cacheClass = OfferReader.cacheClass(pricing);
    offers = withDefault(over(layer(models, currency, "pricing"), offers), cacheClass);
    Customers costs = customers(pricing, offers, cacheClass);
    Customers charges = null;
    if (pricing.has("charge")) {
      ConfigSection charge = pricing.section("charge");
      List<Offer> charged =
          customerClass(charge, OfferReader.currency(charge, currency), offers, cacheClass);
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
    List<Offer> offers =
        layer(book.section("models"), OfferReader.currency(book, currency), version);
    CacheClass cacheClass = OfferReader.cacheClass(book);
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
              book.add(offer.names(), offer.patterns(), offer.entry(version));
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
      classes.put(
          name, customerClass(one, OfferReader.currency(one, "USD"), standard, defaultCacheClass));
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
    BigDecimal factor = OfferReader.factor(section);
    List<Offer> own = layer(section.section("models"), currency, "pricing");
    CacheClass cacheClass = OfferReader.cacheClass(section);
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
            .map(offer -> offer.cached() == null ? offer.answering(cacheClass) : offer)
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

  /**
   * The offers of a section of models. Those with a window come first, so that they count before
   * prices of all hours, also where they meet by an alias; patterns keep the order of the models.
   */
  private List<Offer> layer(ConfigSection models, String currency, String book) {
    List<Offer> windows = new ArrayList<>();
    List<Offer> others = new ArrayList<>();
    Map<String, List<Offer>> named = new HashMap<>();
    for (String model : models.keys()) {
      if (!MaasConfig.isCleanText(model)) {
        models.reject(model, OfferReader.NAME_RULE);
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
      List<Offer> ofModel = new ArrayList<>();
      for (ConfigSection version : versions) {
        ofModel.add(OfferReader.offer(version, model, currency, book));
        version.rejectUnknownKeys();
      }
      ofModel.sort(Comparator.comparing(offer -> offer.validity().window() == null));
      for (Offer offer : ofModel) {
        for (String name : offer.names()) {
          List<Offer> same = named.computeIfAbsent(name, key -> new ArrayList<>(1));
          if (same.stream().anyMatch(other -> other.validity().meets(offer.validity()))) {
            models.reject(
                model,
                "has a price for "
                    + ConfigError.quoted(name)
                    + " at a time that has one already"
                    + (offer.validity().window() == null
                        ? ""
                        : " (windows of one model must have the same zone)"));
          }
          same.add(offer);
        }
        if (offer.validity().window() == null) {
          others.add(offer);
          continue;
        }
        windows.add(offer.without(Set.of(), Set.copyOf(offer.patterns())));
        if (!offer.patterns().isEmpty()) {
          others.add(offer.without(Set.copyOf(offer.names()), Set.of()));
        }
      }
    }
    windows.addAll(others);
    return windows;
  }

  /** The upper offers, then what the lower ones have for other models and other times. */
  private static List<Offer> over(List<Offer> upper, List<Offer> lower) {
    if (lower.isEmpty()) {
      return upper;
    }
    Set<String> names = new HashSet<>();
    Set<String> patterns = new HashSet<>();
    for (Offer offer : upper) {
      if (offer.validity().isAlways()) {
        names.addAll(offer.names());
        patterns.addAll(offer.patterns());
      }
    }
    List<Offer> offers = new ArrayList<>(upper);
    for (Offer offer : lower) {
      Offer rest = offer.without(names, patterns);
      if (!rest.names().isEmpty() || !rest.patterns().isEmpty()) {
        offers.add(rest);
      }
    }
    return offers;
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
}
