// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import static io.semanticrouter.maas.extproc.server.prices.PriceList.count;
import static io.semanticrouter.maas.extproc.server.prices.PriceList.decimal;
import static io.semanticrouter.maas.extproc.server.prices.PriceList.list;
import static io.semanticrouter.maas.extproc.server.prices.PriceList.map;
import static io.semanticrouter.maas.extproc.server.prices.PriceList.text;

import io.semanticrouter.maas.config.PriceUnit;
import io.semanticrouter.maas.extproc.server.prices.BookDraft.Entry;
import io.semanticrouter.maas.extproc.server.prices.BookDraft.Terms;
import io.semanticrouter.maas.record.ServiceTier;
import java.math.BigDecimal;
import java.time.LocalTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * {@code data.json} of genai-prices: a list of providers, each with models, whose {@code prices}
 * are one object or a list with constraints, of which the last that applies counts. Names are taken
 * from {@code id} and {@code equals}; the list's other clauses price models that it does not know
 * ({@code starts_with}), and are left out.
 */
final class GenaiPricesList {
  private static final Map<String, PriceUnit> UNITS =
      Map.ofEntries(
          Map.entry("input_mtok", PriceUnit.PROMPT),
          Map.entry("output_mtok", PriceUnit.COMPLETION),
          Map.entry("cache_read_mtok", PriceUnit.CACHE_READ),
          Map.entry("cache_write_mtok", PriceUnit.CACHE_WRITE),
          Map.entry("cache_write_1h_mtok", PriceUnit.CACHE_WRITE_1H),
          Map.entry("output_reasoning_mtok", PriceUnit.REASONING),
          Map.entry("input_audio_mtok", PriceUnit.AUDIO_INPUT),
          Map.entry("output_audio_mtok", PriceUnit.AUDIO_OUTPUT),
          Map.entry("input_image_mtok", PriceUnit.IMAGE_INPUT),
          Map.entry("output_image_mtok", PriceUnit.IMAGE_OUTPUT),
          Map.entry("requests_kcount", PriceUnit.REQUEST),
          Map.entry("rerank_searches_kcount", PriceUnit.SEARCH_UNIT),
          Map.entry("web_searches_kcount", PriceUnit.WEB_SEARCH),
          Map.entry("storage_searches_kcount", PriceUnit.FILE_SEARCH),
          Map.entry("code_executions_kcount", PriceUnit.CODE_EXECUTION));

  /** Their tokens are counted as text here, which may be too cheap. */
  private static final Set<String> DEARER =
      Set.of("input_video_mtok", "output_video_mtok", "output_citation_mtok");

  private final BookDraft draft;

  GenaiPricesList(BookDraft draft) {
    this.draft = draft;
  }

  void read(List<?> providers) {
    for (Object provider : providers) {
      String id = text(map(provider).get("id"));
      for (Object model : draft.wants(id) ? list(map(provider).get("models")) : List.of()) {
        model(id, map(model));
      }
    }
  }

  private void model(String provider, Map<?, ?> model) {
    String id = text(model.get("id"));
    String name = provider + "/" + id;
    List<?> prices =
        model.get("prices") instanceof Map<?, ?> one
            ? List.of(Map.of("prices", one))
            : list(model.get("prices"));
    List<?> variants = list(model.get("price_variants"));
    TreeSet<String> starts = new TreeSet<>(Set.of(""));
    for (List<?> some : List.of(prices, variants)) {
      for (Object one : some) {
        Map<?, ?> constraint = map(map(one).get("constraint"));
        boolean hours = constraint.containsKey("start_time");
        if (hours && (constraint.size() > 2 || some == variants)) {
          draft.refuse(name, "its price depends on the time in a way that is not known here");
          return;
        }
        starts.add(text(constraint.get("start_date")));
      }
    }
    NavigableMap<String, List<Entry>> times = new TreeMap<>();
    for (String start : starts) {
      times.put(start, entries(name, prices, variants, start));
    }
    Set<String> aliases = new LinkedHashSet<>();
    equal(map(model.get("match")), aliases);
    aliases.remove(id);
    draft.add(provider, id, aliases, times);
  }

  /** Names that match and are not patterns. */
  private static void equal(Map<?, ?> clause, Set<String> names) {
    if (clause.get("equals") instanceof String name) {
      names.add(name);
    }
    for (Object other : list(clause.get("or"))) {
      equal(map(other), names);
    }
  }

  private List<Entry> entries(String name, List<?> prices, List<?> variants, String start) {
    Map<?, ?> standard = last(prices, start);
    if (standard.isEmpty()) {
      return List.of();
    }
    for (String key : DEARER) {
      if (standard.containsKey(key)) {
        draft.refuse(name, key + " cannot be told from other tokens");
        return List.of();
      }
    }
    Map<String, Terms> tiers = new LinkedHashMap<>();
    for (Object variant : variants) {
      Map<?, ?> when = map(map(variant).get("when"));
      String tier = tier(when);
      if (tier.isEmpty()) {
        draft.flag(name, "other prices are left out: " + when);
      } else if (begins(map(variant)).compareTo(start) <= 0) {
        Map<Object, Object> partial = new LinkedHashMap<>(standard);
        partial.putAll(map(map(variant).get("prices")));
        tiers.put(tier, terms(name + " " + tier, partial));
      }
    }
    List<Entry> entries = new ArrayList<>();
    byHours(prices)
        .forEach(
            (some, hours) ->
                entries.add(new Entry(terms(name, some), Map.of(), Map.of("hours", hours), "")));
    entries.add(new Entry(terms(name, standard), tiers, Map.of(), ""));
    return entries;
  }

  /** Prices of certain hours of the day (UTC), and these. */
  private static Map<Map<?, ?>, List<Object>> byHours(List<?> prices) {
    Map<Map<?, ?>, List<Object>> byHours = new LinkedHashMap<>();
    for (Object one : prices) {
      Map<?, ?> constraint = map(map(one).get("constraint"));
      if (constraint.containsKey("start_time")) {
        byHours
            .computeIfAbsent(map(map(one).get("prices")), key -> new ArrayList<>())
            .add(utc(constraint.get("start_time")) + "-" + utc(constraint.get("end_time")));
      }
    }
    return byHours;
  }

  private static LocalTime utc(@Nullable Object time) {
    return OffsetTime.parse(text(time)).withOffsetSameInstant(ZoneOffset.UTC).toLocalTime();
  }

  /** The service tier that is the only condition; empty when it is another one. */
  private static String tier(Map<?, ?> when) {
    for (String key : List.of("processing", "service_tier", "speed")) {
      if (when.size() == 1 && when.get(key) instanceof String tier) {
        return new ServiceTier(null, tier).isSpecial() ? tier : "";
      }
    }
    return "";
  }

  private static String begins(Map<?, ?> conditional) {
    return text(map(conditional.get("constraint")).get("start_date"));
  }

  private static Map<?, ?> last(List<?> prices, String start) {
    Map<?, ?> last = Map.of();
    for (Object one : prices) {
      boolean always = !map(map(one).get("constraint")).containsKey("start_time");
      if (always && begins(map(one)).compareTo(start) <= 0) {
        last = map(map(one).get("prices"));
      }
    }
    return last;
  }

  private Terms terms(String name, Map<?, ?> prices) {
    Terms terms = new Terms();
    TreeSet<Long> sizes = new TreeSet<>();
    prices.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> tiered) {
            list(tiered.get("tiers")).forEach(tier -> sizes.add(count(map(tier).get("start"))));
          }
        });
    prices.forEach(
        (key, value) -> {
          PriceUnit unit = UNITS.get(text(key));
          if (unit == null) {
            draft.flag(name, key + " is left out");
            return;
          }
          BigDecimal base = decimal(value instanceof Map<?, ?> tiered ? tiered.get("base") : value);
          if (base == null) {
            return;
          }
          terms.put(unit, perUnit(unit, base));
          BigDecimal current = base;
          for (Long size : sizes) {
            for (Object tier : value instanceof Map<?, ?> t ? list(t.get("tiers")) : List.of()) {
              if (size.equals(map(tier).get("start"))) {
                current = decimal(map(tier).get("price"));
              }
            }
            if (current != null && unit.isToken()) {
              terms.put(size, unit, perUnit(unit, current));
            }
          }
        });
    if (terms.get(PriceUnit.COMPLETION) == null && terms.get(PriceUnit.PROMPT) != null) {
      // Embeddings have no output, and no price for it.
      terms.put(PriceUnit.COMPLETION, BigDecimal.ZERO);
      sizes.forEach(size -> terms.put(size, PriceUnit.COMPLETION, BigDecimal.ZERO));
    }
    return terms;
  }

  /** Pieces are priced by the thousand there. */
  private static BigDecimal perUnit(PriceUnit unit, BigDecimal price) {
    return unit.isToken() ? price : price.movePointLeft(3);
  }
}
