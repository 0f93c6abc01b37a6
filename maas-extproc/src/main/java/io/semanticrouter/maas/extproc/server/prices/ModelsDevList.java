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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * {@code api.json} of models.dev: by provider and model a {@code cost} per million tokens in USD,
 * and others above sizes of the input. There are no dates: prices count at all times. What it
 * states for reasoning is for some providers the price of the whole answer, so such a model is left
 * out.
 */
final class ModelsDevList {
  private static final Map<String, PriceUnit> UNITS =
      Map.of(
          "input", PriceUnit.PROMPT,
          "output", PriceUnit.COMPLETION,
          "cache_read", PriceUnit.CACHE_READ,
          "cache_write", PriceUnit.CACHE_WRITE,
          "input_audio", PriceUnit.AUDIO_INPUT,
          "output_audio", PriceUnit.AUDIO_OUTPUT);

  private static final String OVER_200K = "context_over_200k";

  private static final Set<String> TOP_KEYS = Set.of("tiers", OVER_200K);
  private static final Set<String> SIZE_KEYS = Set.of("tier");

  private final BookDraft draft;

  ModelsDevList(BookDraft draft) {
    this.draft = draft;
  }

  void read(Map<?, ?> providers) {
    providers.forEach(
        (provider, one) ->
            map(map(one).get("models"))
                .forEach(
                    (model, description) -> {
                      Map<?, ?> cost = map(map(description).get("cost"));
                      if (draft.wants(text(provider)) && !cost.isEmpty()) {
                        model(text(provider), text(model), cost);
                      }
                    }));
  }

  private void model(String provider, String model, Map<?, ?> cost) {
    String name = provider + "/" + model;
    Terms terms = new Terms();
    boolean known = prices(name, "", cost, TOP_KEYS, terms::put);
    Map<Long, Map<?, ?>> sizes = new LinkedHashMap<>();
    for (Object one : list(cost.get("tiers"))) {
      Map<?, ?> tier = map(map(one).get("tier"));
      if (!"context".equals(tier.get("type"))) {
        draft.refuse(name, "its price depends on " + tier);
        return;
      }
      sizes.put(count(tier.get("size")), map(one));
    }
    if (cost.get(OVER_200K) instanceof Map<?, ?> over && sizes.isEmpty()) {
      // Where there are tiers, this repeats one of them for readers that know no others.
      sizes.put(200_000L, over);
    }
    for (Map.Entry<Long, Map<?, ?>> one : sizes.entrySet()) {
      long size = one.getKey();
      known &=
          prices(
              name,
              " above " + size,
              one.getValue(),
              SIZE_KEYS,
              (unit, price) -> terms.put(size, unit, price));
    }
    if (!known) {
      draft.refuse(name, "it has another price for reasoning, or when it was asked to think");
      return;
    }
    NavigableMap<String, List<Entry>> always = new TreeMap<>();
    always.put("", List.of(new Entry(terms, Map.of(), Map.of(), "")));
    draft.add(provider, model, List.of(), always);
  }

  /**
   * Reads the prices of all inputs, or of those above a size.
   *
   * @param where which inputs these are, for what is listed
   * @param others keys that are no prices
   * @return whether reasoning costs what the rest of the answer costs
   */
  private boolean prices(
      String name,
      String where,
      Map<?, ?> prices,
      Set<String> others,
      BiConsumer<PriceUnit, BigDecimal> terms) {
    BigDecimal output = decimal(prices.get("output"));
    boolean known = true;
    for (Map.Entry<?, ?> one : prices.entrySet()) {
      String key = text(one.getKey());
      PriceUnit unit = UNITS.get(key);
      BigDecimal price = one.getValue() instanceof Number ? decimal(one.getValue()) : null;
      if (unit != null && price != null) {
        terms.accept(unit, price);
      } else if (key.equals("reasoning") && price != null) {
        known &= output != null && price.compareTo(output) == 0;
      } else if (!others.contains(key)) {
        draft.flag(name, key + where + " is left out");
      }
    }
    return known;
  }
}
