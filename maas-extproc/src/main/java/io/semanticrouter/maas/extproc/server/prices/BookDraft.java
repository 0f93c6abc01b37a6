// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.PriceUnit;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A book that is made of someone else's price list. What a rate card cannot say exactly is left
 * out, so that it is unpriced, and listed with its reason; nothing is rounded. Not thread-safe.
 */
final class BookDraft {
  /** Prices of providers have fewer; sums and products of binary floats have 16 or 17. */
  private static final int MAX_DIGITS = 12;

  private static final BigDecimal MAX_PRICE = new BigDecimal(1_000_000);

  /** What was left out, or needs a look. */
  record Finding(String entry, String reason) {
    @Override
    public String toString() {
      return entry + ": " + reason;
    }
  }

  /** What a model costs on one set of terms. */
  static final class Terms {
    private final Map<PriceUnit, BigDecimal> prices = new EnumMap<>(PriceUnit.class);
    private final NavigableMap<Long, Map<PriceUnit, BigDecimal>> above = new TreeMap<>();

    /** Sets a price of 1,000,000 tokens, or of a piece. */
    void put(PriceUnit unit, BigDecimal price) {
      prices.put(unit, price.stripTrailingZeros());
    }

    /** Sets a price for inputs of more tokens than this. */
    void put(long over, PriceUnit unit, BigDecimal price) {
      above
          .computeIfAbsent(over, key -> new EnumMap<>(PriceUnit.class))
          .put(unit, price.stripTrailingZeros());
    }

    /** The price of a part, when it has one. */
    @Nullable BigDecimal get(PriceUnit unit) {
      return prices.get(unit);
    }

    /** The sizes of input above which there are other prices. */
    Set<Long> sizes() {
      return above.keySet();
    }

    /** All prices times a factor that the list states. */
    Terms times(BigDecimal factor) {
      Terms product = new Terms();
      prices.forEach((unit, price) -> product.put(unit, price.multiply(factor)));
      above.forEach(
          (over, some) ->
              some.forEach((unit, price) -> product.put(over, unit, price.multiply(factor))));
      return product;
    }

    /** Whether all prices are the same. */
    boolean isLike(Terms other) {
      return prices.equals(other.prices) && above.equals(other.above);
    }

    /** Why a rate card cannot have it; null when it can. */
    private @Nullable String problem() {
      List<Map<PriceUnit, BigDecimal>> all = new ArrayList<>(above.values());
      all.add(0, prices);
      boolean free = true;
      boolean byPiece = prices.keySet().stream().anyMatch(unit -> !unit.isToken());
      for (Map<PriceUnit, BigDecimal> some : all) {
        for (Map.Entry<PriceUnit, BigDecimal> one : some.entrySet()) {
          BigDecimal price = one.getValue();
          free &= price.signum() == 0;
          int places = one.getKey().isToken() ? 12 : 18;
          if (price.signum() < 0 || price.compareTo(MAX_PRICE) > 0 || price.scale() > places) {
            return one.getKey().key()
                + " cannot be kept exactly: "
                + price.toPlainString()
                + (looksLikeFloat(price) ? " looks like a sum or product of binary floats" : "");
          }
        }
        for (PriceUnit unit : List.of(PriceUnit.PROMPT, PriceUnit.COMPLETION)) {
          if (!byPiece && !some.containsKey(unit)) {
            return "there is no " + unit.key();
          }
        }
      }
      return free ? "it is free there; if it is for you, say so in pricing.models" : null;
    }

    private Map<String, Object> section() {
      Map<String, Object> section = section(prices);
      List<Object> sizes = new ArrayList<>();
      above.forEach(
          (over, some) -> {
            Map<String, Object> size = new LinkedHashMap<>();
            size.put("input_tokens_over", over);
            size.putAll(section(some));
            sizes.add(size);
          });
      if (!sizes.isEmpty()) {
        section.put("above", sizes);
      }
      return section;
    }

    private static Map<String, Object> section(Map<PriceUnit, BigDecimal> prices) {
      Map<String, Object> section = new LinkedHashMap<>();
      prices.forEach((unit, price) -> section.put(unit.key(), price.toPlainString()));
      return section;
    }
  }

  /**
   * What a model costs on all terms.
   *
   * @param tiers by the service tier
   * @param window the hours for which this counts before what counts at all hours; empty for that
   */
  record Entry(
      Terms standard, Map<String, Terms> tiers, Map<String, Object> window, String source) {}

  /** A model of a provider, by when its prices begin. */
  private record Model(
      String provider,
      String name,
      List<String> aliases,
      Map<String, List<Map<String, Object>>> times) {}

  private final List<Model> models = new ArrayList<>();
  private final List<Finding> refused = new ArrayList<>();
  private final List<Finding> flagged = new ArrayList<>();
  private final Set<String> names = new LinkedHashSet<>();
  private final Set<String> providers;
  private int read;

  /**
   * An empty one.
   *
   * @param providers whose models are wanted; empty for all
   */
  BookDraft(Collection<String> providers) {
    this.providers = Set.copyOf(providers);
  }

  /** Whether models of a provider are wanted. */
  boolean wants(String provider) {
    return providers.isEmpty() || providers.contains(provider);
  }

  static boolean looksLikeFloat(BigDecimal price) {
    return price.stripTrailingZeros().precision() > MAX_DIGITS;
  }

  /** Lists what is left out. */
  void refuse(String entry, String reason) {
    read++;
    refused.add(new Finding(entry, reason));
  }

  /** Lists what needs a look. */
  void flag(String entry, String reason) {
    flagged.add(new Finding(entry, reason));
  }

  /**
   * Adds a model.
   *
   * @param provider whose model it is; empty when its name says so
   * @param times its prices by the date or time at which they begin, empty for the first
   */
  void add(
      String provider,
      String name,
      Collection<String> aliases,
      NavigableMap<String, List<Entry>> times) {
    String whole = provider.isEmpty() ? name : provider + "/" + name;
    Map<String, List<Map<String, Object>>> sections = new LinkedHashMap<>();
    times.forEach((start, entries) -> sections.put(start, sections(whole, entries)));
    if (sections.values().stream().anyMatch(some -> !some.isEmpty())) {
      models.add(new Model(provider, name, List.copyOf(aliases), sections));
    }
  }

  /** None when one cannot be kept: at its hours, another price would count. */
  private List<Map<String, Object>> sections(String name, List<Entry> entries) {
    List<Map<String, Object>> sections = new ArrayList<>();
    entries.forEach(entry -> sections.add(section(name, entry)));
    return sections.stream().anyMatch(Map::isEmpty) ? List.of() : sections;
  }

  /** Empty when there is nothing that can be kept. */
  private Map<String, Object> section(String name, Entry entry) {
    String problem = entry.standard.problem();
    if (problem != null) {
      refuse(name, problem);
      entry.tiers.keySet().forEach(tier -> refuse(name + " " + tier, "so are the standard prices"));
      return Map.of();
    }
    read++;
    Map<String, Object> section = entry.standard.section();
    Map<String, Object> tiers = new LinkedHashMap<>();
    entry.tiers.forEach(
        (tier, terms) -> {
          String wrong = terms.problem();
          if (wrong != null) {
            refuse(name + " " + tier, wrong);
            return;
          }
          read++;
          tiers.put(tier, terms.section());
          for (Long over : entry.standard.sizes()) {
            if (!terms.sizes().contains(over)) {
              flag(
                  name + " " + tier, "has no price above " + over + ", as the standard terms have");
            }
          }
        });
    if (!tiers.isEmpty()) {
      section.put("service_tiers", tiers);
    }
    if (!entry.window.isEmpty()) {
      section.put("window", entry.window);
    }
    if (!entry.source.isEmpty()) {
      section.put("source", entry.source);
    }
    return section;
  }

  /** The book as the section of a configuration. */
  Map<String, @Nullable Object> section(String version, String source, String license) {
    Map<String, Integer> owners = new HashMap<>();
    Set<String> full = new HashSet<>();
    for (Model model : models) {
      owners.merge(model.name, 1, Integer::sum);
      if (!model.provider.isEmpty()) {
        full.add(model.provider + "/" + model.name);
      }
    }
    Map<String, Object> entries = new LinkedHashMap<>();
    for (Model model : models) {
      String whole = model.provider.isEmpty() ? model.name : model.provider + "/" + model.name;
      Set<String> all = new LinkedHashSet<>();
      if (owners.getOrDefault(model.name, 0) == 1 && !full.contains(model.name)) {
        all.add(model.name);
      } else {
        flag(whole, "others have this name too: only so, in full");
      }
      all.add(whole);
      for (String alias : model.aliases) {
        if (!owners.containsKey(alias) && !full.contains(alias)) {
          all.add(alias);
        }
      }
      all.removeAll(names);
      if (all.isEmpty()) {
        refuse(whole, "others have all its names");
        continue;
      }
      List<String> inOrder = List.copyOf(all);
      String first = inOrder.get(0);
      List<Object> versions = versions(model, inOrder.subList(1, inOrder.size()));
      String problem = problem(first, versions);
      if (problem != null) {
        refuse(whole, "a book cannot have it: " + problem);
        continue;
      }
      names.addAll(all);
      entries.put(first, versions);
    }
    Map<String, @Nullable Object> book = new LinkedHashMap<>();
    book.put("version", version);
    book.put("source", source);
    book.put("license", license);
    book.put("currency", "USD");
    book.put("models", entries);
    return book;
  }

  /** What is wrong with a model as a rate card reads it, such as hours that overlap; or null. */
  private static @Nullable String problem(String name, List<Object> versions) {
    try {
      MaasConfig unused =
          MaasConfig.from(Map.of("pricing", Map.of("models", Map.of(name, versions))));
      return null;
    } catch (ConfigException e) {
      return e.errors().get(0).rule();
    }
  }

  /** Prices that stay the same are one entry, however often the list states them. */
  private static List<Object> versions(Model model, List<String> aliases) {
    List<Object> versions = new ArrayList<>();
    List<Map<String, Object>> open = List.of();
    List<Map<String, Object>> openPrices = List.of();
    for (Map.Entry<String, List<Map<String, Object>>> time : model.times.entrySet()) {
      List<Map<String, Object>> prices = new ArrayList<>();
      for (Map<String, Object> section : time.getValue()) {
        Map<String, Object> some = new LinkedHashMap<>(section);
        some.remove("source");
        prices.add(some);
      }
      if (prices.equals(openPrices)) {
        continue;
      }
      open.forEach(version -> version.put("valid_to", time.getKey()));
      openPrices = prices;
      open = new ArrayList<>();
      for (Map<String, Object> section : time.getValue()) {
        Map<String, Object> version = new LinkedHashMap<>();
        if (!time.getKey().isEmpty()) {
          version.put("valid_from", time.getKey());
        }
        version.putAll(section);
        if (!aliases.isEmpty()) {
          version.put("aliases", aliases);
        }
        open.add(version);
      }
      versions.addAll(open);
    }
    return versions;
  }

  /** What was left out. */
  List<Finding> refused() {
    return refused;
  }

  /** What needs a look. */
  List<Finding> flagged() {
    return flagged;
  }

  /** How many sets of terms were read, what was left out included. */
  int read() {
    return read;
  }
}
