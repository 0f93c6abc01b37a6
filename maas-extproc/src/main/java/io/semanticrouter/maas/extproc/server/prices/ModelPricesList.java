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
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * {@code snapshot.json} of model-prices, schema 1: for each lab and model the prices of its modes,
 * each as a list of {@code start} and {@code rates} per million tokens, ascending; no rates mean
 * that it is not sold so. Schedules state factors for hours of the day, and days that do not count
 * as weekdays. Prices that depend on whether a model was asked to think are left out.
 */
final class ModelPricesList {
  private static final String STANDARD = "standard";
  private static final String THINKING = "thinking";

  /** All that is known of a schedule; with something else it may mean anything. */
  private static final Set<String> SCHEDULE_KEYS =
      Set.of(
          "provider",
          "valid_from",
          "valid_until",
          "off_peak_hours_utc",
          "off_peak_multiplier",
          "peak_hours_utc",
          "peak_multiplier",
          "weekdays_only",
          "holidays",
          "source",
          "note",
          "terms");

  private final Map<?, ?> snapshot;
  private final BookDraft draft;

  ModelPricesList(Map<?, ?> snapshot, BookDraft draft) {
    this.snapshot = snapshot;
    this.draft = draft;
  }

  void read() {
    Map<String, List<String>> aliases = new HashMap<>();
    map(map(snapshot.get("aliases")).get("models"))
        .forEach(
            (alias, model) ->
                aliases.computeIfAbsent(text(model), key -> new ArrayList<>()).add(text(alias)));
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
                                aliases.getOrDefault(lab + "/" + model, List.of()))));
  }

  private void model(String lab, String model, Map<?, ?> modes, List<String> aliases) {
    TreeSet<String> starts = new TreeSet<>();
    modes.forEach(
        (mode, entries) ->
            list(entries).forEach(entry -> starts.add(text(map(entry).get("start")))));
    for (Map<?, ?> schedule : schedules(lab, model)) {
      starts.add(text(schedule.get("valid_from")));
      starts.add(text(schedule.get("valid_until")));
      starts.add(knownUntil(schedule));
    }
    NavigableMap<String, List<Entry>> times = new TreeMap<>();
    for (String start : starts) {
      times.put(start, entries(lab, model, modes, start));
    }
    draft.add(lab, model, aliases, times);
  }

  /** What counts from a moment on, that of certain hours first. */
  private List<Entry> entries(String lab, String model, Map<?, ?> modes, String start) {
    Map<?, ?> standard = rates(modes, STANDARD, start);
    if (standard.isEmpty()) {
      return List.of();
    }
    String name = lab + "/" + model;
    Terms terms = terms(standard);
    String source = text(standard.get("source"));
    List<Entry> entries = new ArrayList<>();
    for (Map<?, ?> schedule : schedules(lab, model)) {
      if (!isIn(schedule, start)) {
        continue;
      }
      String knownUntil = knownUntil(schedule);
      BigDecimal factor = factor(schedule, model);
      if (factor == null || !SCHEDULE_KEYS.containsAll(schedule.keySet())) {
        draft.refuse(name, "its price depends on the time in a way that is not known here");
        return List.of();
      }
      if (!knownUntil.isEmpty() && knownUntil.compareTo(start) <= 0) {
        draft.refuse(name, "its price depends on holidays that are not known from " + start);
        return List.of();
      }
      entries.add(new Entry(terms.times(factor), Map.of(), window(schedule), source));
    }
    Map<?, ?> thinking = rates(modes, THINKING, start);
    if (!thinking.isEmpty() && !terms(thinking).isLike(terms)) {
      draft.refuse(name, "it has another price when it was asked to think");
      return List.of();
    }
    Map<String, Terms> tiers = new LinkedHashMap<>();
    for (Object mode : modes.keySet()) {
      Map<?, ?> rates = rates(modes, text(mode), start);
      if (!rates.isEmpty() && !mode.equals(STANDARD) && !mode.equals(THINKING)) {
        tiers.put(text(mode), terms(rates));
      }
    }
    entries.add(new Entry(terms, tiers, Map.of(), source));
    return entries;
  }

  // --- schedules -------------------------------------------------------------------------------

  private List<Map<?, ?>> schedules(String lab, String model) {
    List<Map<?, ?>> schedules = new ArrayList<>();
    for (Object one : list(map(snapshot.get("schedules")).get("schedule"))) {
      Map<?, ?> schedule = map(one);
      if (lab.equals(schedule.get("provider"))
          && (!(schedule.get(hoursOf(schedule) + "_multiplier") instanceof Map<?, ?> models)
              || models.containsKey(model))) {
        schedules.add(schedule);
      }
    }
    return schedules;
  }

  /** Whether it states hours that are dearer than all others, or hours that are cheaper. */
  private static String hoursOf(Map<?, ?> schedule) {
    return schedule.containsKey("peak_hours_utc") ? "peak" : "off_peak";
  }

  private static @Nullable BigDecimal factor(Map<?, ?> schedule, String model) {
    Object factor = schedule.get(hoursOf(schedule) + "_multiplier");
    return decimal(factor instanceof Map<?, ?> models ? models.get(model) : factor);
  }

  /** Its holidays and the hours that their place is ahead of UTC; empty when it has none. */
  private Map<?, ?> calendar(Map<?, ?> schedule) {
    Object name = schedule.get("holidays");
    return name == null
        ? Map.of()
        : map(map(map(snapshot.get("schedules")).get("holidays")).get(text(name)));
  }

  /** When it ends to be known which days are holidays; empty when that does not matter. */
  private String knownUntil(Map<?, ?> schedule) {
    Map<?, ?> calendar = calendar(schedule);
    return !calendar.containsKey("covers_through")
        ? ""
        : LocalDate.parse(text(calendar.get("covers_through")))
            .plusDays(1)
            .atStartOfDay(zone(calendar))
            .toInstant()
            .toString();
  }

  private static ZoneOffset zone(Map<?, ?> calendar) {
    return ZoneOffset.ofHours(
        calendar.isEmpty() ? 0 : (int) count(calendar.get("utc_offset_hours")));
  }

  /** The hours as those of the place whose holidays count. */
  private Map<String, Object> window(Map<?, ?> schedule) {
    Map<?, ?> calendar = calendar(schedule);
    ZoneOffset zone = zone(calendar);
    List<Object> hours = new ArrayList<>();
    for (Object one : list(schedule.get(hoursOf(schedule) + "_hours_utc"))) {
      List<?> ends = list(one);
      LocalTime until = local(ends.get(1), zone);
      hours.add(
          local(ends.get(0), zone) + "-" + (until.equals(LocalTime.MIDNIGHT) ? "24:00" : until));
    }
    Map<String, Object> window = new LinkedHashMap<>();
    window.put("hours", hours);
    if (Boolean.TRUE.equals(schedule.get("weekdays_only"))) {
      window.put("weekdays_only", true);
      window.put("holidays", list(calendar.get("dates")));
    }
    if (!zone.equals(ZoneOffset.UTC)) {
      window.put("zone", zone.getId());
    }
    return window;
  }

  private static LocalTime local(@Nullable Object utc, ZoneOffset zone) {
    return LocalTime.parse(text(utc)).plusSeconds(zone.getTotalSeconds());
  }

  private static boolean isIn(Map<?, ?> schedule, String at) {
    String until = text(schedule.get("valid_until"));
    return text(schedule.get("valid_from")).compareTo(at) <= 0
        && (until.isEmpty() || at.compareTo(until) < 0);
  }

  // --- prices ----------------------------------------------------------------------------------

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
