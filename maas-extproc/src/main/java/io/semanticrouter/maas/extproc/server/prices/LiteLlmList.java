// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import static io.semanticrouter.maas.extproc.server.prices.PriceList.decimal;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code model_prices_and_context_window.json} of LiteLLM: by model, prices of one unit as numbers.
 * A unit that a rate card has no word for is left out and listed: what is billed by it is unpriced.
 * A model is left out whole where that would make something else too cheap.
 */
final class LiteLlmList {
  private static final Map<String, PriceUnit> TOKENS =
      Map.ofEntries(
          Map.entry("input_cost_per_token", PriceUnit.PROMPT),
          Map.entry("output_cost_per_token", PriceUnit.COMPLETION),
          Map.entry("cache_read_input_token_cost", PriceUnit.CACHE_READ),
          Map.entry("cache_creation_input_token_cost", PriceUnit.CACHE_WRITE),
          Map.entry("cache_creation_input_token_cost_above_1hr", PriceUnit.CACHE_WRITE_1H),
          Map.entry("output_cost_per_reasoning_token", PriceUnit.REASONING),
          Map.entry("input_cost_per_audio_token", PriceUnit.AUDIO_INPUT),
          Map.entry("output_cost_per_audio_token", PriceUnit.AUDIO_OUTPUT),
          Map.entry("input_cost_per_image_token", PriceUnit.IMAGE_INPUT),
          Map.entry("output_cost_per_image_token", PriceUnit.IMAGE_OUTPUT));

  /** By the unit, the key and the kinds of models whose pieces are those that are metered here. */
  private static final Map<String, Piece> PIECES =
      Map.of(
          "input_cost_per_second",
          new Piece(PriceUnit.AUDIO_SECOND, Set.of("audio_transcription")),
          "output_cost_per_image",
          new Piece(PriceUnit.IMAGE, Set.of("image_generation")),
          "input_cost_per_query",
          new Piece(PriceUnit.SEARCH_UNIT, Set.of("rerank")),
          "input_cost_per_request",
          new Piece(PriceUnit.REQUEST, Set.of("chat", "completion", "responses", "embedding")));

  private record Piece(PriceUnit unit, Set<String> modes) {}

  /** Prices by what cannot be told here. */
  private static final List<String> CONDITIONS = List.of("tiered_pricing", "off_peak_pricing");

  private static final Pattern TOKEN_KEY =
      Pattern.compile(
          "([a-z_]+?(?:_above_1hr)?)(?:_above_([0-9]+)k_tokens)?"
              + "(?:_(priority|flex|batches|balanced|ultrafast))?");

  private final BookDraft draft;

  LiteLlmList(BookDraft draft) {
    this.draft = draft;
  }

  void read(Map<?, ?> models) {
    models.forEach(
        (name, model) -> {
          boolean isModel = !name.equals("sample_spec");
          if (isModel && draft.wants(text(map(model).get("litellm_provider")))) {
            model(text(name), map(model));
          }
        });
  }

  private void model(String name, Map<?, ?> model) {
    for (String condition : CONDITIONS) {
      if (model.containsKey(condition)) {
        draft.refuse(name, "its price depends on " + condition);
        return;
      }
    }
    BigDecimal video = decimal(model.get("input_cost_per_video_token"));
    BigDecimal input = decimal(model.get("input_cost_per_token"));
    if (video != null && (input == null || video.compareTo(input) > 0)) {
      draft.refuse(name, "input_cost_per_video_token cannot be told from other tokens");
      return;
    }
    String mode = text(model.get("mode"));
    Map<String, Terms> terms = new LinkedHashMap<>();
    terms.put("", new Terms());
    model.forEach((key, value) -> price(name, mode, text(key), value, model, terms));
    Terms standard = terms.get("");
    terms.remove("");
    if (standard == null || isEmpty(standard)) {
      draft.refuse(name, "it has no price that a rate card can have");
      return;
    }
    if (mode.equals("embedding") || mode.equals("rerank")) {
      withoutOutput(standard);
      terms.values().forEach(LiteLlmList::withoutOutput);
    }
    NavigableMap<String, List<Entry>> always = new TreeMap<>();
    always.put("", List.of(new Entry(standard, terms, Map.of(), source(model))));
    draft.add("", name, List.of(), always);
  }

  private static String source(Map<?, ?> model) {
    return model.get("source") instanceof String source ? source : "";
  }

  private void price(
      String name,
      String mode,
      String key,
      @Nullable Object value,
      Map<?, ?> model,
      Map<String, Terms> terms) {
    boolean isPrice = key.contains("cost") || key.contains("uplift");
    if (!isPrice || value == null) {
      return;
    }
    if (key.equals("search_context_cost_per_query")) {
      search(name, map(value), model, terms);
      return;
    }
    if (!(value instanceof Number)) {
      draft.flag(name, key + " is left out");
      return;
    }
    BigDecimal price = new BigDecimal(value.toString());
    Matcher token = TOKEN_KEY.matcher(key);
    PriceUnit unit = token.matches() ? TOKENS.get(token.group(1)) : null;
    Piece piece = PIECES.get(key);
    if (unit != null) {
      String tier = token.group(3) == null ? "" : token.group(3).replace("batches", "batch");
      Terms of = terms.computeIfAbsent(tier, none -> new Terms());
      BigDecimal perMillion = price.movePointRight(6);
      if (token.group(2) == null) {
        of.put(unit, perMillion);
      } else {
        of.put(1000 * Long.parseLong(token.group(2)), unit, perMillion);
      }
    } else if (piece != null && piece.modes.contains(mode) && isOnly(key, model)) {
      terms.computeIfAbsent("", none -> new Terms()).put(piece.unit, price);
    } else if (price.signum() != 0) {
      draft.flag(name, key + " is left out");
    }
  }

  /** Whether there are no further prices by the size or quality of the same piece. */
  private static boolean isOnly(String key, Map<?, ?> model) {
    return model.keySet().stream()
        .noneMatch(other -> !other.equals(key) && text(other).startsWith(key + "_"));
  }

  /** A price of searches, when it is the same for all and none are free. */
  private void search(String name, Map<?, ?> prices, Map<?, ?> model, Map<String, Terms> terms) {
    Set<Object> different = Set.copyOf(prices.values());
    if (different.size() != 1 || model.containsKey("search_free_requests")) {
      draft.flag(name, "search_context_cost_per_query is left out");
      return;
    }
    BigDecimal price = decimal(different.iterator().next());
    if (price != null) {
      terms.computeIfAbsent("", none -> new Terms()).put(PriceUnit.WEB_SEARCH, price);
    }
  }

  private static boolean isEmpty(Terms terms) {
    for (PriceUnit unit : PriceUnit.values()) {
      if (terms.get(unit) != null && unit != PriceUnit.WEB_SEARCH) {
        return false;
      }
    }
    return true;
  }

  private static void withoutOutput(Terms terms) {
    if (terms.get(PriceUnit.COMPLETION) == null) {
      terms.put(PriceUnit.COMPLETION, BigDecimal.ZERO);
    }
  }
}
