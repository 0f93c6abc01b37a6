// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.usage.OracleDocument.Stated;
import io.semanticrouter.maas.internal.usage.OracleDocument.Turn;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the documents of a body come to: maps that are put over one another. */
final class OracleUsage {
  private static final Set<String> ANTHROPIC_TYPES =
      Set.of("message", "message_start", "message_delta", "content_block_delta");
  private static final Set<String> INPUT_OUTPUT_ROOT_TYPES =
      Set.of(
          "",
          "image_generation.completed",
          "image_edit.completed",
          "transcript.text.done",
          "speech.audio.done");
  private static final Set<String> RESPONSE_ENDS =
      Set.of("response.completed", "response.incomplete", "response.failed", "response.cancelled");
  private static final Set<String> COHERE_ENDS = Set.of("message-end", "stream-end");
  private static final Set<String> COHERE_DELTAS = Set.of("content-delta", "text-generation");
  private static final Set<String> INTERACTION_DELTAS = Set.of("content.delta", "step.delta");
  private static final Set<String> INTERACTION_ENDS =
      Set.of("interaction.complete", "interaction.completed");

  private final BodyFormat format;
  private @Nullable Dialect dialect;

  /** Counts of which a zero is no less than what was there. */
  private static final Set<String> FREE =
      Set.of("TOTAL", "WRITE_5M", "WRITE_1H", "DETAIL_5M", "DETAIL_1H", "COST_TICKS");

  private static final List<String> READS =
      List.of("CACHE_READ", "CACHED_READ", "CACHED", "NUM_CACHED", "CACHE_HIT", "CACHE_READ_INPUT");
  private static final List<String> WRITES =
      List.of(
          "CACHE_WRITE",
          "CREATED_CACHE",
          "CACHE_CREATION",
          "CACHE_CREATED",
          "CACHED_WRITE",
          "WRITE_INPUT",
          "WRITE_BESIDE");

  private final Map<String, Long> counts = new HashMap<>();

  /** What the responses before this one came to, each. */
  private final List<Map<String, Long>> before = new ArrayList<>();

  private final List<List<Turn>> turnsBefore = new ArrayList<>();
  private final Map<String, Long> tools = new HashMap<>();
  private boolean fromStart;
  private @Nullable List<Turn> turns;
  private @Nullable Map<Long, Map<String, Long>> choices;
  private long lastChoice;
  private long highestChoice;
  private boolean spare;
  private boolean ofRequest;
  private boolean withinChoices;
  private boolean terminal;
  private boolean finished;
  private @Nullable String responseId;

  boolean seen;
  boolean done;
  boolean malformed;
  boolean contradictory;
  boolean zeroAfterNonzero;
  boolean error;
  boolean lowered;
  boolean list;
  boolean answered;
  @Nullable String tier;
  int images;
  int deltas;
  @Nullable String model;

  OracleUsage(BodyFormat format) {
    this.format = format;
    this.dialect = format.pinned;
  }

  /**
   * Takes the next document.
   *
   * @param only whether the body is this document, and not a stream or a list of them
   */
  void take(OracleDocument d, boolean only) {
    if (isNext(d)) {
      close();
    }
    responseId = d.responseId == null ? responseId : d.responseId;
    tier = d.tier == null ? tier : d.tier;
    list |= d.object.equals("list");
    answered |= d.words || d.stopReason || list;
    error |= d.error || d.type.equals("error");
    highestChoice = Math.max(highestChoice, d.highestChoice);
    images += d.images + (d.type.startsWith("image_") ? 1 : 0);
    model = model == null ? d.model : model;
    if (dialect == null) {
      dialect = dialectOf(d);
    }
    boolean typedDelta =
        d.type.endsWith("_text.delta")
            || d.type.equals("response.function_call_arguments.delta")
            || d.type.equals("content_block_delta")
            || COHERE_DELTAS.contains(d.type)
            || d.type.equals("transcript.text.delta")
            || INTERACTION_DELTAS.contains(d.type);
    boolean untyped = Set.of("", "?").contains(d.type) || !isDeltaType(d.type);
    boolean delta = typedDelta || (untyped && (d.choiceThere || d.candidateThere));
    deltas += (format == BodyFormat.GENERATE ? !d.finished : delta) ? 1 : 0;
    finished |= ends(d);
    answered |= deltas > 0;
    takeUsage(d, only);
    if (!placeOf(d).isEmpty()) {
      tools.putAll(d.at("TOOLS").counts);
    }
    terminal |= seen && finished && dialect != Dialect.OPENAI;
  }

  /** An answer under another id, after the end of one that stated its usage. */
  private boolean isNext(OracleDocument d) {
    boolean other = d.responseId != null && responseId != null && !d.responseId.equals(responseId);
    boolean parallel = dialect == Dialect.OPENAI && highestChoice > 0;
    boolean answer =
        Set.of("message", "message_start").contains(d.type)
            || d.type.matches("response\\.(created|queued|in_progress)")
            || RESPONSE_ENDS.contains(d.type)
            || INTERACTION_ENDS.contains(d.type)
            || d.choiceThere
            || d.candidateThere
            || Set.of("response", "interaction").contains(d.object);
    return other && seen && finished && !parallel && answer;
  }

  private void close() {
    Map<String, Long> closed = ofLast();
    if (turns != null && turns.stream().anyMatch(turn -> turn.kind().equals("fallback_message"))) {
      sumOf("compaction").forEach((slot, count) -> closed.merge(slot, count, OracleDocument::sum));
    }
    tools.forEach(closed::putIfAbsent);
    before.add(closed);
    if (turns != null) {
      turnsBefore.add(turns);
    }
    counts.clear();
    tools.clear();
    turns = null;
    choices = null;
    highestChoice = 0;
    seen = false;
    spare = false;
    ofRequest = false;
    withinChoices = false;
    terminal = false;
    done = false;
    finished = false;
  }

  private static boolean isDeltaType(String type) {
    return type.endsWith("delta") && !type.equals("message_delta");
  }

  private static boolean ends(OracleDocument d) {
    if (d.type.equals("message_delta")) {
      return d.finished;
    }
    return Set.of("message", "message_stop").contains(d.type)
        || (d.type.isEmpty() && d.object.equals("response"))
        || RESPONSE_ENDS.contains(d.type)
        || COHERE_ENDS.contains(d.type)
        || INTERACTION_ENDS.contains(d.type)
        || (INPUT_OUTPUT_ROOT_TYPES.contains(d.type) && !d.type.isEmpty())
        || (d.finished && (d.candidateThere || d.type.isEmpty()));
  }

  private static @Nullable Dialect dialectOf(OracleDocument d) {
    if (ANTHROPIC_TYPES.contains(d.type)) {
      return Dialect.ANTHROPIC;
    }
    boolean media = INPUT_OUTPUT_ROOT_TYPES.contains(d.type) && !d.type.isEmpty();
    if (d.type.startsWith("response.") || media || d.type.equals("transcript.text.delta")) {
      return Dialect.INPUT_OUTPUT;
    }
    if (COHERE_DELTAS.contains(d.type) || COHERE_ENDS.contains(d.type)) {
      return Dialect.COHERE;
    }
    if (INTERACTION_DELTAS.contains(d.type) || INTERACTION_ENDS.contains(d.type)) {
      return Dialect.GEMINI;
    }
    if (d.object.equals("response")) {
      return Dialect.INPUT_OUTPUT;
    }
    if (d.choicesThere || !Set.of("", "?", "thing", "interaction").contains(d.object)) {
      return Dialect.OPENAI;
    }
    if (d.candidateThere || d.object.equals("interaction")) {
      return Dialect.GEMINI;
    }
    if (d.stopReason) {
      return Dialect.CONVERSE;
    }
    Set<String> stated = new HashSet<>(d.at("ROOT").counts.keySet());
    stated.addAll(d.at("BESIDE").counts.keySet());
    stated.retainAll(Set.of("BILLED_INPUT", "BILLED_OUTPUT", "SEARCH_UNITS"));
    return stated.isEmpty() ? null : Dialect.COHERE;
  }

  private String placeOf(OracleDocument d) {
    if (dialect == null) {
      return "ROOT";
    }
    return switch (dialect) {
      case OPENAI, CONVERSE -> "ROOT";
      case GEMINI -> INTERACTION_ENDS.contains(d.type) ? "NESTED" : "ROOT";
      case INPUT_OUTPUT ->
          RESPONSE_ENDS.contains(d.type)
              ? "NESTED"
              : INPUT_OUTPUT_ROOT_TYPES.contains(d.type) ? "ROOT" : "";
      case ANTHROPIC ->
          d.type.equals("message_start")
              ? "NESTED"
              : Set.of("", "message", "message_delta").contains(d.type) ? "ROOT" : "";
      case COHERE -> COHERE_ENDS.contains(d.type) ? "NESTED" : "ROOT";
    };
  }

  private void takeUsage(OracleDocument d, boolean only) {
    String place = placeOf(d);
    boolean otherName =
        dialect == Dialect.GEMINI
            ? !d.object.equals("interaction")
            : (dialect == null || dialect == Dialect.COHERE || format == BodyFormat.EMBEDDING)
                && !d.at("ROOT").there;
    otherName |= format == BodyFormat.EMBEDDING && !d.at("ROOT").there;
    if (place.equals("ROOT") && d.at("BESIDE").there && otherName) {
      place = "BESIDE";
    }
    if ((place.isEmpty() || !d.at(place).there) && d.at("SPARE").there) {
      place = "SPARE";
    }
    Stated stated = place.isEmpty() ? new Stated() : d.at(place);
    malformed |= stated.malformed;
    contradictory |= stated.contradictory;
    if (stated.counts.isEmpty()) {
      takeChoices(d);
      return;
    }
    boolean nonzero = seen && counts.values().stream().anyMatch(count -> count > 0);
    boolean snapshot = stated.counts.containsKey("INPUT") || stated.counts.containsKey("TOTAL");
    if (stated.isZero() && snapshot && nonzero) {
      zeroAfterNonzero = true;
      return;
    }
    if (place.equals("SPARE") && seen && !spare) {
      return;
    }
    boolean running = d.choiceThere && !only;
    if (running) {
      takeRunning(d.highestChoice, stated.counts);
    }
    boolean sums = stated.counts.containsKey("INPUT") || stated.counts.containsKey("OUTPUT");
    if (sums) {
      counts.remove("TOTAL");
    }
    putCounts(stated.counts, running && choices != null);
    fromStart = d.type.equals("message_start");
    turns = stated.turns == null ? turns : stated.turns;
    if (stated.turns != null && !stated.counts.containsKey("INPUT")) {
      counts.putAll(served(stated.turns));
    }
    seen = true;
    spare = place.equals("SPARE");
    ofRequest = !running;
    withinChoices = false;
    terminal = only || spare || isLast(d);
  }

  private void putCounts(Map<String, Long> stated, boolean ofChoice) {
    Map<String, Long> old = new HashMap<>(counts);
    boolean beside = dialect == Dialect.ANTHROPIC || dialect == Dialect.CONVERSE;
    long cache = first(stated, READS) + first(stated, WRITES);
    long oldCache = first(old, READS) + first(old, WRITES);
    long input = stated.getOrDefault("INPUT", old.getOrDefault("INPUT", -1L));
    boolean moved =
        beside && (cache > oldCache || input + cache >= old.getOrDefault("INPUT", -1L) + oldCache);
    Set<String> cacheSide =
        Set.of(
            "INPUT",
            "CACHE_READ",
            "CACHED",
            "CACHE_READ_INPUT",
            "CACHE_WRITE",
            "CREATED_CACHE",
            "WRITE_INPUT");
    Set<String> refused = new HashSet<>();
    stated.forEach(
        (slot, count) -> {
          boolean zeroed = seen && count == 0 && old.getOrDefault(slot, 0L) > 0;
          boolean allowed =
              ofChoice
                  || FREE.contains(slot)
                  || (fromStart && slot.equals("OUTPUT"))
                  || (moved && cacheSide.contains(slot));
          if (!zeroed || allowed) {
            counts.put(slot, count);
          } else {
            refused.add(slot);
          }
        });
    zeroAfterNonzero |= !refused.isEmpty();
    if (refused.contains("INPUT") || refused.contains("OUTPUT")) {
      counts.remove("TOTAL");
    }
    if (seen && !ofChoice) {
      lowered |= all(counts, beside) < all(old, beside);
      boolean less = counts.getOrDefault("OUTPUT", -1L) < old.getOrDefault("OUTPUT", -1L);
      lowered |= less && !fromStart;
    }
  }

  private static long all(Map<String, Long> counts, boolean beside) {
    long cache = first(counts, READS) + first(counts, WRITES);
    return counts.getOrDefault("INPUT", -1L) + (beside ? cache : 0);
  }

  private static long first(Map<String, Long> counts, List<String> slots) {
    return slots.stream()
        .mapToLong(slot -> counts.getOrDefault(slot, 0L))
        .filter(n -> n > 0)
        .findFirst()
        .orElse(0);
  }

  /** What the last model used that stood in for another one. */
  private static Map<String, Long> served(List<Turn> turns) {
    String model = servedModel(turns);
    Map<String, Long> served = new HashMap<>();
    boolean begun = false;
    for (Turn turn : turns) {
      if (turn.kind().equals("fallback_message")) {
        begun |= turn.model().equals(model);
        boolean unnamed = turn.model().equals("unknown");
        if (turn.model().equals(model) || (begun && unnamed) || model.isEmpty()) {
          turn.counts().forEach((slot, count) -> served.merge(slot, count, OracleDocument::sum));
        } else if (!unnamed) {
          begun = false;
          served.clear();
        }
      }
    }
    return served;
  }

  private static String servedModel(List<Turn> turns) {
    String model = "";
    for (Turn turn : turns) {
      boolean named = turn.kind().equals("fallback_message") && !turn.model().equals("unknown");
      model = named ? turn.model() : model;
    }
    return model;
  }

  @Nullable String model() {
    String served = turns == null ? "" : servedModel(turns);
    return served.isEmpty() ? model : served;
  }

  boolean isOfSeveralResponses() {
    return !before.isEmpty();
  }

  boolean isSeen() {
    return seen || !before.isEmpty();
  }

  /** Calls of one kind of tool, -1 for none. */
  long calls(String... slots) {
    Map<String, Long> usage = counts();
    if (before.isEmpty()) {
      tools.forEach(usage::putIfAbsent);
    }
    long calls = -1;
    for (String slot : slots) {
      long stated = usage.getOrDefault(slot, -1L);
      calls = stated < 0 ? calls : OracleDocument.sum(Math.max(0, calls), stated);
    }
    return calls;
  }

  private boolean isLast(OracleDocument d) {
    if (dialect == null) {
      return false;
    }
    return switch (dialect) {
      case OPENAI -> ofRequest || d.finished;
      case INPUT_OUTPUT -> ends(d);
      case ANTHROPIC, GEMINI -> finished;
      case CONVERSE -> true;
      case COHERE -> COHERE_ENDS.contains(d.type);
    };
  }

  private void takeRunning(long choice, Map<String, Long> stated) {
    if (choices == null && highestChoice > 0) {
      choices = new TreeMap<>();
      if (seen && !ofRequest) {
        putChoice(lastChoice, counts);
      }
    }
    putChoice(choice, stated);
    lastChoice = choice;
  }

  private void putChoice(long choice, Map<String, Long> stated) {
    if (choices == null || choice >= ChoiceUsage.MAX_CHOICES) {
      return;
    }
    Map<String, Long> kept = new HashMap<>(stated);
    kept.keySet().retainAll(Set.of("INPUT", "OUTPUT"));
    if (!kept.isEmpty()) {
      choices.computeIfAbsent(choice, any -> new HashMap<>()).putAll(kept);
    }
  }

  /** Usage within choices, where there is none for the request. */
  private void takeChoices(OracleDocument d) {
    if (d.choices.isEmpty() || (seen && !withinChoices)) {
      return;
    }
    Stated last = d.at("CHOICE");
    malformed |= last.malformed;
    contradictory |= last.contradictory;
    counts.putAll(last.counts);
    choices = choices == null ? new TreeMap<>() : choices;
    d.choices.forEach(this::putChoice);
    seen = true;
    ofRequest = choices.size() == 1 && highestChoice == 0;
    withinChoices = true;
    terminal = d.finished;
  }

  // --- what came of it -------------------------------------------------------------------------

  /** The counts by the names of their slots, of all responses together. */
  Map<String, Long> counts() {
    Map<String, Long> sums = ofLast();
    if (turns != null && turns.stream().anyMatch(turn -> turn.kind().equals("fallback_message"))) {
      sumOf("compaction").forEach((slot, count) -> sums.merge(slot, count, OracleDocument::sum));
    }
    boolean total = sums.containsKey("TOTAL") || !seen;
    if (!before.isEmpty()) {
      tools.forEach(sums::putIfAbsent);
    }
    for (Map<String, Long> earlier : before) {
      total &= earlier.containsKey("TOTAL");
      earlier.forEach((slot, count) -> sums.merge(slot, count, OracleDocument::sum));
    }
    if (!before.isEmpty() && !total) {
      sums.remove("TOTAL");
    }
    return sums;
  }

  private Map<String, Long> ofLast() {
    Map<String, Long> all = new HashMap<>(counts);
    if (choices != null && !ofRequest) {
      all.remove("TOTAL");
      for (Map<String, Long> choice : choices.values()) {
        if (choice.containsKey("INPUT")) {
          // The prompt of each choice is the same one.
          all.put("INPUT", largest("INPUT"));
        }
        if (choice.containsKey("OUTPUT")) {
          all.put("OUTPUT", summed("OUTPUT"));
        }
      }
    }
    if (turns != null && turns.stream().noneMatch(turn -> turn.kind().equals("fallback_message"))) {
      all.putAll(sumOf("message", "compaction"));
    }
    return all;
  }

  private long largest(String slot) {
    return valuesOf(slot).stream().mapToLong(Long::longValue).max().orElse(0);
  }

  private long summed(String slot) {
    return valuesOf(slot).stream().reduce(0L, OracleDocument::sum);
  }

  private List<Long> valuesOf(String slot) {
    List<Long> values = new ArrayList<>();
    if (choices != null) {
      choices.values().stream()
          .filter(c -> c.containsKey(slot))
          .forEach(c -> values.add(c.get(slot)));
    }
    return values;
  }

  private Map<String, Long> sumOf(String... kinds) {
    Map<String, Long> sums = new HashMap<>();
    if (turns != null) {
      for (Turn turn : turns) {
        if (List.of(kinds).contains(turn.kind())) {
          turn.counts().forEach((slot, count) -> sums.merge(slot, count, OracleDocument::sum));
        }
      }
    }
    return sums;
  }

  /** Counts by the model that did not answer, but was asked; four of them at most. */
  Map<String, Map<String, Long>> otherModels() {
    Map<String, Map<String, Long>> others = new LinkedHashMap<>();
    List<List<Turn>> all = new ArrayList<>(turnsBefore);
    if (turns != null) {
      all.add(turns);
    }
    for (List<Turn> some : all) {
      for (Turn turn : some) {
        if (turn.kind().equals("advisor_message")
            && (others.containsKey(turn.model()) || others.size() < Iterations.MAX_ADVISORS)) {
          Map<String, Long> sums = others.computeIfAbsent(turn.model(), any -> new HashMap<>());
          turn.counts().forEach((slot, count) -> sums.merge(slot, count, OracleDocument::sum));
        }
      }
    }
    return others;
  }

  @Nullable Dialect dialect() {
    if (dialect != null) {
      return dialect;
    }
    return format.otherwise != null ? format.otherwise : spare ? Dialect.CONVERSE : null;
  }

  boolean isFinal(boolean closedArray) {
    return seen && (terminal || done || closedArray);
  }

  boolean isOfSeveralChoices() {
    return seen && !ofRequest && highestChoice > 0;
  }
}
