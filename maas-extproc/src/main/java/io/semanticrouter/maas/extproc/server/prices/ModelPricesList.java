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
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * {@code snapshot.json} of model-prices, schema 1: for each lab and model the prices of its modes,
 * each as a list of {@code start} and {@code rates} per million tokens, ascending; no rates mean
 * that it is not sold so. Prices that depend on the time of day, or on whether a model was asked to
 * think, are left out.
 */
final class ModelPricesList {
  private static final String STANDARD = "standard";
  private static final String THINKING = "thinking";

  private final BookDraft draft;

  ModelPricesList(BookDraft draft) {
    this.draft = draft;
  }

  void read(Map<?, ?> snapshot) {
    Map<String, List<String>> aliases = new HashMap<>();
    map(map(snapshot.get("aliases")).get("models"))
        .forEach(
            (alias, model) ->
                aliases.computeIfAbsent(text(model), key -> new ArrayList<>()).add(text(alias)));
    List<?> schedules = list(map(snapshot.get("schedules")).get("schedule"));
    map(snapshot.get("prices"))
        .forEach(
            (lab, models) ->
                (draft.wants(text(lab)) ? map(models) : Map.<Object, Object>of())
                    .forEach(
                        (model, modes) ->
                            model(
                                text(lab),
                                text(model),
                                map(modes),
                                schedules,
                                aliases.getOrDefault(lab + "/" + model, List.of()))));
  }

  private void model(
      String lab, String model, Map<?, ?> modes, List<?> schedules, List<String> aliases) {
    TreeSet<String> starts = new TreeSet<>();
    modes.forEach(
        (mode, entries) ->
            list(entries).forEach(entry -> starts.add(text(map(entry).get("start")))));
    for (Object schedule : schedules) {
      if (isFor(map(schedule), lab, model)) {
        starts.add(text(map(schedule).get("valid_from")));
        starts.add(text(map(schedule).get("valid_until")));
      }
    }
    NavigableMap<String, @Nullable Entry> times = new TreeMap<>();
    for (String start : starts) {
      times.put(start, entry(lab, model, modes, schedules, start));
    }
    draft.add(lab, model, aliases, times);
  }

  private @Nullable Entry entry(
      String lab, String model, Map<?, ?> modes, List<?> schedules, String start) {
    Map<?, ?> standard = rates(modes, STANDARD, start);
    if (standard.isEmpty()) {
      return null;
    }
    String name = lab + "/" + model;
    for (Object schedule : schedules) {
      if (isFor(map(schedule), lab, model) && isIn(map(schedule), start)) {
        draft.refuse(name, "its price depends on the time of day from " + start);
        return null;
      }
    }
    Terms terms = terms(standard);
    Map<?, ?> thinking = rates(modes, THINKING, start);
    if (!thinking.isEmpty() && !terms(thinking).isLike(terms)) {
      draft.refuse(name, "it has another price when it was asked to think");
      return null;
    }
    Map<String, Terms> tiers = new LinkedHashMap<>();
    for (Object mode : modes.keySet()) {
      Map<?, ?> rates = rates(modes, text(mode), start);
      if (!rates.isEmpty() && !mode.equals(STANDARD) && !mode.equals(THINKING)) {
        tiers.put(text(mode), terms(rates));
      }
    }
    return new Entry(terms, tiers, text(standard.get("source")));
  }

  /** Those of a mode from a moment on; empty when there are none. */
  private static Map<?, ?> rates(Map<?, ?> modes, String mode, String at) {
    Map<?, ?> rates = Map.of();
    for (Object entry : list(modes.get(mode))) {
      if (text(map(entry).get("start")).compareTo(at) <= 0) {
        rates = map(map(entry).get("rates"));
      }
    }
    return rates;
  }

  private static boolean isFor(Map<?, ?> schedule, String lab, String model) {
    Object only = schedule.get("off_peak_multiplier");
    return lab.equals(schedule.get("provider"))
        && (!(only instanceof Map<?, ?> models) || models.containsKey(model));
  }

  private static boolean isIn(Map<?, ?> schedule, String at) {
    String until = text(schedule.get("valid_until"));
    return text(schedule.get("valid_from")).compareTo(at) <= 0
        && (until.isEmpty() || at.compareTo(until) < 0);
  }

  private static Terms terms(Map<?, ?> rates) {
    Terms terms = new Terms();
    BigDecimal hour = decimal(rates.get("cache_write_1h_multiple"));
    prices(rates, hour).forEach(terms::put);
    for (Object tier : list(rates.get("tiers"))) {
      long over = count(map(tier).get("above"));
      prices(map(tier), hour).forEach((unit, price) -> terms.put(over, unit, price));
    }
    return terms;
  }

  private static Map<PriceUnit, BigDecimal> prices(Map<?, ?> rates, @Nullable BigDecimal hour) {
    Map<PriceUnit, BigDecimal> prices = new LinkedHashMap<>();
    put(prices, PriceUnit.PROMPT, decimal(rates.get("input")));
    put(prices, PriceUnit.COMPLETION, decimal(rates.get("output")));
    put(prices, PriceUnit.CACHE_READ, decimal(rates.get("cache_read")));
    put(prices, PriceUnit.CACHE_WRITE, decimal(rates.get("cache_write")));
    BigDecimal input = prices.get(PriceUnit.PROMPT);
    put(
        prices,
        PriceUnit.CACHE_WRITE_1H,
        hour == null || input == null ? null : input.multiply(hour));
    return prices;
  }

  private static void put(
      Map<PriceUnit, BigDecimal> prices, PriceUnit unit, @Nullable BigDecimal price) {
    if (price != null) {
      prices.put(unit, price);
    }
  }
}
