// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import com.fasterxml.jackson.databind.JsonNode;
import io.semanticrouter.maas.internal.json.Counts;
import io.semanticrouter.maas.internal.usage.OracleFormat.Node;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a tree says about usage, by the table of its format. */
final class OracleDocument {
  private static final BigDecimal MAX = BigDecimal.valueOf(Counts.MAX);

  /** Counts of one place. */
  static final class Stated {
    final Map<String, Long> counts = new LinkedHashMap<>();
    boolean there;
    boolean malformed;
    boolean contradictory;
    @Nullable List<Turn> turns;

    void put(String slot, long value) {
      there = true;
      Long before = counts.put(slot, value);
      contradictory |= before != null && before != value;
    }

    boolean isZero() {
      return counts.values().stream().allMatch(count -> count == 0);
    }
  }

  /** A turn of an exchange. */
  record Turn(String kind, String model, Map<String, Long> counts) {}

  final Map<String, Stated> places = new LinkedHashMap<>();

  /** Usage of each choice that states one. */
  final Map<Long, Map<String, Long>> choices = new TreeMap<>();

  boolean choicesThere;
  boolean choiceThere;
  boolean candidateThere;
  boolean finished;
  boolean error;
  boolean stopReason;

  /** Whether a count has two names, and both are there: the order of the names decides then. */
  boolean ambiguous;

  private final Set<Character> listed = new HashSet<>();
  long highestChoice;
  int images;
  String type = "";
  String object = "";
  @Nullable String responseId;
  @Nullable String model;
  @Nullable String tier;

  /** Whether a part of an answer in words is listed. */
  boolean words;

  OracleDocument(OracleFormat format, JsonNode root) {
    members(format.root, root);
  }

  Stated at(String place) {
    return places.computeIfAbsent(place, any -> new Stated());
  }

  private void members(Node node, JsonNode json) {
    json.properties()
        .forEach(
            member -> {
              Node child = node.members.get(member.getKey());
              if (child == null) {
                return;
              }
              ambiguous |= restates(child, member.getKey());
              if (!member.getValue().isNull()) {
                value(child, member.getValue(), member.getKey());
              }
            });
  }

  /** Whether counts under this key have been stated under another one. */
  private boolean restates(Node node, String name) {
    if (node.isCount()) {
      return !node.meaning.equals("INDEX") && at(node.place).counts.containsKey(node.meaning);
    }
    if (node.element != null) {
      boolean named = node.hasCounts() && !name.equals("iterations");
      return !node.place.isEmpty() && named && !listed.add(name.charAt(0));
    }
    return node.members.entrySet().stream().anyMatch(m -> restates(m.getValue(), m.getKey()));
  }

  private void value(Node node, JsonNode json, String name) {
    if (node.element != null) {
      if (json.isArray()) {
        array(node, node.element, json, name);
      } else if (!node.place.isEmpty() && node.hasCounts()) {
        malformed(node.place);
      }
    } else if (node.isObject()) {
      if (json.isObject()) {
        boolean usage = !node.place.isEmpty() && (name.startsWith("usage") || name.equals("meta"));
        if (usage || name.startsWith("amazon")) {
          at(node.place).there = true;
        }
        members(node, json);
      } else if (!node.place.isEmpty() && node.hasCounts()) {
        malformed(node.place);
      }
    } else if (node.isCount()) {
      if (!node.meaning.equals("INDEX")) {
        count(node, json);
      }
    } else {
      leaf(node, json, name);
    }
  }

  private void malformed(String place) {
    at(place).there = true;
    at(place).malformed = true;
  }

  private void count(Node node, JsonNode json) {
    Long value = integer(json);
    if (value == null) {
      malformed(node.place);
    } else {
      at(node.place).put(node.meaning, value);
    }
  }

  private void leaf(Node node, JsonNode json, String name) {
    if (node.meaning.equals("tier") || node.meaning.equals("traffic")) {
      String text = text(json);
      boolean weaker = node.meaning.equals("traffic") && tier != null;
      if (json.isTextual() && !weaker) {
        tier = text.isEmpty() ? null : text;
      }
      return;
    }
    switch (name) {
      case "type", "event_type" -> type = word(node, json);
      case "object" -> object = word(node, json);
      case "error" -> error |= isThere(json);
      case "stopReason" -> stopReason |= isThere(json);
      case "blockReason", "stop_reason", "stop", "done" -> finished |= isThere(json);
      case "id", "responseId", "response_id" -> {
        if (json.isTextual()) {
          responseId = json.textValue().isEmpty() ? null : json.textValue();
        }
      }
      default -> {
        if (node.meaning.equals("name") && json.isTextual() && model == null) {
          model = json.textValue().isEmpty() ? null : json.textValue();
        }
      }
    }
  }

  /** A word of the table, "?" for any other value, "" for none. */
  private static String word(Node node, JsonNode json) {
    String text = json.isTextual() ? json.textValue() : "?";
    boolean known =
        text.isEmpty()
            || node.words().contains(text)
            || text.equals("response.queued")
            || text.equals("response.cancelled");
    return known ? text : "?";
  }

  private void array(Node node, Node element, JsonNode json, String name) {
    switch (name) {
      case "choices" -> {
        choicesThere = true;
        json.forEach(choice -> choice(element, choice));
      }
      case "candidates" ->
          json.forEach(
              candidate -> {
                candidateThere |= candidate.isObject();
                finished |= isThere(candidate.get("finishReason"));
                finished |= isThere(candidate.get("finish_reason"));
                queries(candidate.path("groundingMetadata").path("webSearchQueries"));
                queries(candidate.path("grounding_metadata").path("web_search_queries"));
              });
      case "output", "outputs", "steps", "content", "executed_tools" -> json.forEach(this::item);
      case "data" -> json.forEach(image -> images += image.isObject() ? 1 : 0);
      case "iterations" -> turns(json, at(node.place));
      case "cacheDetails" ->
          parts(at(node.place), json, "ttl", "inputTokens", "WRITE_", "5m", "1h");
      default -> {
        boolean input = name.startsWith("prompt") || name.startsWith("input");
        String count = name.contains("_") ? "token_count" : "tokenCount";
        modalities(
            at(node.place),
            json,
            name.endsWith("by_modality") ? "tokens" : count,
            input ? "INPUT_" : "OUTPUT_");
      }
    }
  }

  private void choice(Node element, JsonNode choice) {
    if (!choice.isObject()) {
      return;
    }
    choiceThere = true;
    Long stated = choice.has("index") ? integer(choice.get("index")) : null;
    long index = stated == null ? 0 : stated;
    highestChoice = Math.max(highestChoice, index);
    finished |= isThere(choice.get("finish_reason"));
    places.remove("CHOICE");
    members(element, choice);
    Stated usage = at("CHOICE");
    if (!usage.counts.isEmpty()) {
      choices
          .computeIfAbsent(Math.min(index, ChoiceUsage.MAX_CHOICES), any -> new LinkedHashMap<>())
          .putAll(usage.counts);
    }
  }

  private void queries(JsonNode list) {
    if (list.isArray()) {
      list.forEach(
          query -> {
            if (isThere(query)) {
              call("WEB_SEARCHES");
            }
          });
    }
  }

  private void call(String slot) {
    at("TOOLS").counts.merge(slot, 1L, OracleDocument::sum);
  }

  private void item(JsonNode item) {
    if (!item.isObject()) {
      return;
    }
    String action = text(item.path("action").get("type"));
    boolean search = !Set.of("open_page", "find_in_page").contains(action);
    switch (text(item.get("type"))) {
      case "message", "text", "thinking" -> words = true;
      case "web_search_call", "x_search_call", "google_search_call", "search" ->
          call(search ? "WEB_SEARCHES" : "WEB_FETCHES");
      case "file_search_call" -> call("FILE_SEARCHES");
      case "code_interpreter_call", "code_execution_call", "python" -> call("CODE_RUNS");
      case "url_context_call", "visit" -> call("WEB_FETCHES");
      case "mcp_call", "computer_call", "shell_call", "tool_search_call" -> call("OTHER_TOOLS");
      default -> {
        // no tool of the provider
      }
    }
  }

  /** Tokens of one kind of input or output; pages of documents count as images. */
  private static void modalities(Stated usage, JsonNode json, String countName, String prefix) {
    for (String kind : List.of("AUDIO", "IMAGE", "VIDEO")) {
      usage.counts.remove(prefix + kind);
    }
    for (JsonNode element : json) {
      if (!element.isObject()) {
        usage.malformed |= !element.isNull();
        continue;
      }
      JsonNode number = element.get(countName);
      if (number == null || number.isNull()) {
        continue;
      }
      Long value = integer(number);
      String kind = text(element.get("modality"));
      boolean oneCase =
          kind.equals(kind.toUpperCase(Locale.ROOT)) || kind.equals(kind.toLowerCase(Locale.ROOT));
      if (value == null) {
        usage.malformed = true;
      } else if (oneCase) {
        switch (kind.toUpperCase(Locale.ROOT)) {
          case "AUDIO" -> usage.counts.merge(prefix + "AUDIO", value, OracleDocument::sum);
          case "IMAGE", "DOCUMENT" ->
              usage.counts.merge(prefix + "IMAGE", value, OracleDocument::sum);
          case "VIDEO" -> usage.counts.merge(prefix + "VIDEO", value, OracleDocument::sum);
          default -> {
            // text, or not known
          }
        }
      }
    }
  }

  /** The sums of the elements of each kind. */
  private static void parts(
      Stated root,
      JsonNode json,
      String kindName,
      String countName,
      String prefix,
      String one,
      String two) {
    String firstSlot = (prefix + one).toUpperCase(Locale.ROOT);
    String secondSlot = (prefix + two).toUpperCase(Locale.ROOT);
    root.counts.remove(firstSlot);
    root.counts.remove(secondSlot);
    for (JsonNode element : json) {
      if (!element.isObject()) {
        root.malformed |= !element.isNull();
        continue;
      }
      JsonNode number = element.get(countName);
      if (number == null || number.isNull()) {
        continue;
      }
      Long value = integer(number);
      JsonNode kind = element.get(kindName);
      String text = kind == null || !kind.isTextual() ? "" : kind.textValue();
      boolean upper = text.equals(one.toUpperCase(Locale.ROOT)) && !one.equals("5m");
      upper |= text.equals(two.toUpperCase(Locale.ROOT)) && !one.equals("5m");
      String plain = upper ? text.toLowerCase(Locale.ROOT) : text;
      if (value == null) {
        root.malformed = true;
      } else if (plain.equals(one) || plain.equals(two)) {
        root.counts.merge(plain.equals(one) ? firstSlot : secondSlot, value, OracleDocument::sum);
      }
    }
  }

  private void turns(JsonNode json, Stated usage) {
    usage.turns = new ArrayList<>();
    for (JsonNode element : json) {
      if (!element.isObject()) {
        usage.malformed |= !element.isNull();
        continue;
      }
      Map<String, Long> counts = new LinkedHashMap<>();
      turn(usage, counts, element, "input_tokens", "INPUT");
      turn(usage, counts, element, "output_tokens", "OUTPUT");
      turn(usage, counts, element, "cache_creation_input_tokens", "WRITE_INPUT");
      turn(usage, counts, element, "cache_read_input_tokens", "CACHE_READ_INPUT");
      JsonNode split = element.get("cache_creation");
      if (split != null && split.isObject()) {
        turn(usage, counts, split, "ephemeral_5m_input_tokens", "WRITE_5M");
        turn(usage, counts, split, "ephemeral_1h_input_tokens", "WRITE_1H");
      } else {
        usage.malformed |= split != null && !split.isNull();
      }
      String turnModel = text(element.get("model"));
      usage.turns.add(
          new Turn(text(element.get("type")), turnModel.isEmpty() ? "unknown" : turnModel, counts));
    }
  }

  private static void turn(
      Stated usage, Map<String, Long> counts, JsonNode element, String name, String slot) {
    JsonNode json = element.get(name);
    if (json != null && !json.isNull()) {
      Long value = integer(json);
      if (value == null) {
        usage.malformed = true;
      } else {
        counts.put(slot, value);
      }
    }
  }

  private static String text(@Nullable JsonNode json) {
    return json != null && json.isTextual() ? json.textValue() : "";
  }

  static long sum(long a, long b) {
    return Math.min(Counts.MAX, a + b);
  }

  /** The integer that a JSON value is, if it is one that all JSON readers agree on. */
  static @Nullable Long integer(JsonNode json) {
    if (!json.isNumber()) {
      return null;
    }
    BigDecimal number = json.decimalValue();
    if (number.signum() == 0) {
      return 0L;
    }
    long magnitude = (long) number.precision() - number.scale();
    if (number.signum() < 0 || magnitude > 16 || magnitude < 1) {
      return null;
    }
    boolean integral = number.stripTrailingZeros().scale() <= 0;
    return integral && number.compareTo(MAX) <= 0 ? number.longValueExact() : null;
  }

  /** Anything but null, false and "". */
  static boolean isThere(@Nullable JsonNode json) {
    return json != null
        && !json.isNull()
        && !(json.isBoolean() && !json.booleanValue())
        && !(json.isTextual() && json.textValue().isEmpty());
  }
}
