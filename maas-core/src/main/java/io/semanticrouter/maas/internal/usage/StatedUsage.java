// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.json.Counts;
import io.semanticrouter.maas.record.ServiceTier;
import org.jspecify.annotations.Nullable;

/**
 * What the documents of one body have stated, merged: per count, the later one wins; never added
 * up, never maximised. A zero takes nothing back, and responses with ids of their own add up.
 *
 * <p>How it works. Each document, the only one of a JSON body or one event of many, arrives as an
 * {@link EventFacts} when it has ended, and {@link #take} does five things with it:
 *
 * <ol>
 *   <li>It notices whether another response begins here: an answer under another id, after one that
 *       had ended with its usage. What was merged so far then becomes {@link #earlier}, a sum that
 *       nothing takes back.
 *   <li>It finds out which dialect is spoken, if the path has not pinned one: by marks of the
 *       envelope ({@code type}, {@code object}, {@code choices}), never by names of counts.
 *   <li>It chooses the place in the document whose usage counts. A dialect has one for each type of
 *       event; what stands elsewhere may be the client's own text, sent back.
 *   <li>It merges that usage into {@link #merged}, slot by slot. A later count replaces an earlier
 *       one, also a higher one, because backends correct themselves; but a zero after a real count
 *       replaces nothing, except where the tokens have moved to the cache. Where choices state a
 *       usage each, {@link #choices} keeps them apart and they are summed when somebody asks.
 *   <li>It decides whether more may come: {@link #isFinal} is true when the dialect's last word has
 *       been read, and a body that is cut after that is whole as far as the bill goes.
 * </ol>
 *
 * <p>Nothing is computed before it is asked for, and asking changes nothing: {@link #tally} adds
 * choices, turns and earlier responses to a copy. A document that states nothing, as most events of
 * a stream, costs a few comparisons. Not thread-safe.
 */
final class StatedUsage {
  private static final int NOWHERE = -1;

  private static final long CACHE =
      Slots.bit(Slots.CACHE_READ)
          | Slots.bit(Slots.CACHED)
          | Slots.bit(Slots.CACHE_READ_INPUT)
          | Slots.bit(Slots.CACHE_WRITE)
          | Slots.bit(Slots.CREATED_CACHE)
          | Slots.bit(Slots.WRITE_INPUT);

  /** Counts that may become 0: they say how another one is made up, or are not counted. */
  private static final long ZEROED =
      Slots.bit(Slots.TOTAL)
          | Slots.bit(Slots.WRITE_5M)
          | Slots.bit(Slots.WRITE_1H)
          | Slots.bit(Slots.DETAIL_5M)
          | Slots.bit(Slots.DETAIL_1H)
          | Slots.bit(Slots.COST_TICKS);

  private final BodyFormat format;
  private @Nullable Dialect dialect;

  private final Tally merged = new Tally();

  /** Room for what {@link #ofLast} adds up; most bodies need none. */
  private @Nullable Tally summed;

  /** The sum of the responses before this one; null while there is only one. */
  private @Nullable Tally earlier;

  /** Calls of the provider's own tools that are stated outside of the usage; null for none. */
  private @Nullable Tally tools;

  private @Nullable RawUsage raw;
  private boolean seen;

  /** Whether the counts come from a place that counts only when there is no better one. */
  private boolean spare;

  /** Whether the last usage was stated for the whole request, not for one of its choices. */
  private boolean ofRequest;

  /** Whether the usage was stated within the choices, for want of any other. */
  private boolean withinChoices;

  private boolean terminal;

  /** Whether the document that is taken is an element of an array at the root. */
  private boolean element;

  /** Whether the usage is the sum of such elements, each with one of its own. */
  private boolean summing;

  private boolean done;

  /** Whether a document said that generation has ended; its usage may come before or after. */
  private boolean finished;

  private boolean malformed;
  private boolean duplicate;
  private boolean zeroAfterNonzero;
  private boolean lowered;

  /** Whether the output is only that of the beginning of a message. */
  private boolean provisional;

  /** Whether documents are lists of vectors, scores and the like, or a ranking. */
  private boolean list;

  /** Whether there was an answer in words. */
  private boolean text;

  private boolean error;
  private long responseId;

  /** Whether the last status that was stated says that usage is still to come. */
  private boolean unfinished;

  private boolean background;
  private long deltas;
  private int images;
  private long choicesPerPrompt;
  private @Nullable String tier;
  private @Nullable String place;

  /** Whether the body is one document, and that is there. */
  private boolean whole;

  private @Nullable String cost;
  private @Nullable Iterations iterations;

  /** Further models of the responses before this one; null for none. */
  private @Nullable Iterations earlierTurns;

  /** Usage per choice; only while several of them state one. */
  private @Nullable ChoiceUsage choices;

  private long lastChoice;
  private long highestChoice;

  StatedUsage(BodyFormat format) {
    this.format = format;
    this.dialect = format.pinned;
  }

  /**
   * A document has ended.
   *
   * @param complete whether it ended as it should; of a document that stops early, a usage object
   *     that was closed is still as stated
   * @param single whether it is all there is: a body that is one JSON document
   */
  void take(EventFacts facts, boolean complete, boolean single) {
    if (complete && begins(facts)) {
      next();
    }
    if (facts.responseId != 0) {
      responseId = facts.responseId;
    }
    error |= facts.error || facts.type == Words.ERROR;
    list |= facts.object == Words.LIST || facts.ranked;
    text |= facts.text || facts.converseMark;
    tier = complete && facts.tier != null ? facts.tier : tier;
    place = complete && facts.place != null ? facts.place : place;
    highestChoice = Math.max(highestChoice, facts.highestChoice);
    if (dialect == null) {
      dialect = told(facts);
    }
    if (isDelta(facts)) {
      deltas++;
    }
    if (facts.type == Words.IMAGE_ENDED) {
      images++;
    }
    if (complete) {
      images += facts.images;
      whole |= single;
    }
    finished |= isEnd(facts);
    background |= facts.background;
    if (facts.status != Words.NONE) {
      boolean last = facts.type == Words.RESPONSE_ENDED || facts.type == Words.INTERACTION_ENDED;
      unfinished = facts.status == Words.RUNNING && !last;
    }
    if (!facts.statesNothing()) {
      takeUsage(facts, complete, single);
      if (complete) {
        takeTools(facts);
      }
    }
    terminal |= seen && finished && dialect != Dialect.OPENAI && !summing;
  }

  /**
   * Whether a document is of another response than those before: after the end of one, an answer
   * under another id. An id alone says nothing, some servers make one per event.
   */
  private boolean begins(EventFacts facts) {
    if (facts.responseId == 0 || responseId == 0 || facts.responseId == responseId) {
      return false;
    }
    boolean over = seen && finished && (dialect != Dialect.OPENAI || highestChoice == 0);
    return over
        && switch (facts.type) {
          case Words.MESSAGE, Words.MESSAGE_START, Words.RESPONSE_EVENT, Words.RESPONSE_ENDED ->
              true;
          case Words.INTERACTION_ENDED -> true;
          default ->
              facts.choiceSeen
                  || facts.candidateSeen
                  || facts.object == Words.RESPONSE
                  || facts.object == Words.INTERACTION;
        };
  }

  /** Another response begins: what the one before used is added to what comes. */
  private void next() {
    Tally before = new Tally();
    before.merge(tally());
    if (earlier == null) {
      fill(before);
      earlier = new Tally();
    }
    earlier.reset();
    earlier.merge(before);
    if (iterations != null) {
      earlierTurns = earlierTurns == null ? new Iterations() : earlierTurns;
      earlierTurns.addAdvisors(iterations);
      iterations = null;
    }
    tools = null;
    merged.reset();
    choices = null;
    highestChoice = 0;
    cost = null;
    seen = false;
    spare = false;
    ofRequest = false;
    withinChoices = false;
    terminal = false;
    done = false;
    finished = false;
  }

  private void takeTools(EventFacts facts) {
    Tally stated = facts.tally(EventFacts.TOOLS);
    boolean last = dialect == null || placeByType(dialect, facts.type) != NOWHERE;
    if (stated != null && !stated.isEmpty() && last) {
      if (tools == null) {
        tools = new Tally();
      }
      tools.merge(stated);
    }
  }

  private void takeUsage(EventFacts facts, boolean complete, boolean single) {
    int place = place(facts);
    Tally stated = place == NOWHERE ? null : facts.tally(place);
    if (stated != null) {
      malformed |= stated.isMalformed();
      duplicate |= stated.isContradictory();
    }
    if (stated == null || stated.isEmpty() || !(complete || stated.isClosed())) {
      takeChoices(facts, complete);
      return;
    }
    // Totals of 0 beside turns stay 0, however often they are repeated: they take nothing back.
    Tally before = iterations == null ? ofLast() : merged;
    if (isZeroSnapshot(stated) && seen && !before.isZero()) {
      zeroAfterNonzero = true;
      return;
    }
    if (place == EventFacts.SPARE && seen && !spare) {
      return; // Bedrock sums up what the model's own API has stated more exactly.
    }
    boolean running = facts.choiceSeen && !single;
    if (running) {
      takeRunning(facts, stated);
    }
    if (!stated.has(Slots.TOTAL) && (stated.has(Slots.INPUT) || stated.has(Slots.OUTPUT))) {
      merged.remove(Slots.TOTAL); // it was the total of other counts
    }
    summing = place == EventFacts.OWN && element;
    if (summing) {
      merged.addAll(stated);
    } else {
      merge(stated, running && choices != null);
    }
    provisional = facts.type == Words.MESSAGE_START;
    Iterations turns = facts.iterations(place);
    if (turns != null) {
      takeTurns(turns, stated);
    }
    cost = facts.cost != null ? facts.cost : cost;
    seen = true;
    spare = place == EventFacts.SPARE;
    ofRequest = !running;
    withinChoices = false;
    terminal = isTerminal(facts, place, single);
    RawUsage text = facts.raw(place);
    if (text != null) {
      facts.swapRaw(place, raw);
      raw = text;
    }
  }

  /**
   * The later count wins, but a zero takes nothing back.
   *
   * @param ofChoice whether it is the count of one of several choices: they go up and down
   */
  private void merge(Tally stated, boolean ofChoice) {
    long kept = seen && !ofChoice ? merged.zeroedBy(stated) & ~ZEROED : 0;
    if (kept != 0) {
      kept = provisional ? kept & ~Slots.bit(Slots.OUTPUT) : kept;
      kept = isMovedToCache(stated) ? kept & ~(CACHE | Slots.bit(Slots.INPUT)) : kept;
      zeroAfterNonzero |= kept != 0;
    }
    long input = input(merged);
    long output = merged.get(Slots.OUTPUT);
    merged.merge(stated, ~kept);
    if ((kept & (Slots.bit(Slots.INPUT) | Slots.bit(Slots.OUTPUT))) != 0) {
      merged.remove(Slots.TOTAL);
    }
    if (seen && !ofChoice) {
      lowered |= input(merged) < input || (merged.get(Slots.OUTPUT) < output && !provisional);
    }
  }

  /** Input that is counted as cached from now on, where the cache stands beside the input. */
  private boolean isMovedToCache(Tally stated) {
    if (dialect != Dialect.ANTHROPIC && dialect != Dialect.CONVERSE) {
      return false;
    }
    long cached = cached(stated);
    boolean more = cached > cached(merged);
    long input = stated.has(Slots.INPUT) ? stated.get(Slots.INPUT) : merged.get(Slots.INPUT);
    return more || input + cached >= input(merged);
  }

  private static long cached(Tally tally) {
    return Math.max(0, tally.firstFilled(Slots.CACHE_READ, Slots.CACHE_READ_INPUT))
        + Math.max(0, tally.firstFilled(Slots.CACHE_WRITE, Slots.WRITE_BESIDE));
  }

  /** All the input, wherever it is stated. */
  private long input(Tally tally) {
    boolean beside = dialect == Dialect.ANTHROPIC || dialect == Dialect.CONVERSE;
    return tally.get(Slots.INPUT) + (beside ? cached(tally) : 0);
  }

  /** Where a model has answered in place of another one, the input is not that of the other. */
  private void takeTurns(Iterations turns, Tally stated) {
    iterations = turns;
    Tally served = turns.served();
    if (served != null && !stated.has(Slots.INPUT)) {
      merged.merge(served);
    }
  }

  /** Of the whole request; a single count that has become 0 is stated as any other. */
  private static boolean isZeroSnapshot(Tally stated) {
    return stated.isZero() && (stated.has(Slots.INPUT) || stated.has(Slots.TOTAL));
  }

  /** Where the usage of a document stands that counts; what stands elsewhere does not. */
  private int place(EventFacts facts) {
    int place = dialect == null ? EventFacts.ROOT : placeByType(dialect, facts.type);
    if (place == EventFacts.ROOT && !isUnstated(facts, EventFacts.BESIDE) && isBeside(facts)) {
      place = EventFacts.BESIDE;
    }
    Tally usual = place == NOWHERE ? null : facts.tally(place);
    boolean unstated = usual == null || usual.isPristine();
    boolean empty = usual == null || (usual.isEmpty() && !usual.isMalformed());
    if (empty && !isUnstated(facts, EventFacts.OWN)) {
      return EventFacts.OWN;
    }
    if (!unstated) {
      return place;
    }
    return isUnstated(facts, EventFacts.SPARE) ? place : EventFacts.SPARE;
  }

  /** Whether a dialect states its usage under another name, or under one of two. */
  private boolean isBeside(EventFacts facts) {
    boolean either = dialect == null || dialect == Dialect.COHERE || format == BodyFormat.EMBEDDING;
    return (dialect == Dialect.GEMINI && facts.object != Words.INTERACTION)
        || (either && isUnstated(facts, EventFacts.ROOT));
  }

  /**
   * Events that are not the last word state no bill, and may repeat what the client sent: the
   * response so far of the Responses API has the client's own metadata and tools in it.
   */
  private static int placeByType(Dialect dialect, int type) {
    return switch (dialect) {
      case OPENAI, CONVERSE -> EventFacts.ROOT;
      case GEMINI -> type == Words.INTERACTION_ENDED ? EventFacts.NESTED : EventFacts.ROOT;
      case INPUT_OUTPUT ->
          switch (type) {
            case Words.RESPONSE_ENDED -> EventFacts.NESTED;
            case Words.NONE, Words.IMAGE_ENDED, Words.MEDIA_ENDED -> EventFacts.ROOT;
            default -> NOWHERE;
          };
      case ANTHROPIC ->
          switch (type) {
            case Words.MESSAGE_START -> EventFacts.NESTED;
            case Words.NONE, Words.MESSAGE, Words.MESSAGE_DELTA -> EventFacts.ROOT;
            default -> NOWHERE;
          };
      case COHERE -> type == Words.COHERE_END ? EventFacts.NESTED : EventFacts.ROOT;
    };
  }

  private static boolean isUnstated(EventFacts facts, int place) {
    Tally tally = facts.tally(place);
    return tally == null || tally.isPristine();
  }

  /** A usage beside choices is the running one of these choices. */
  private void takeRunning(EventFacts facts, Tally stated) {
    long choice = facts.highestChoice;
    if (choices == null && highestChoice > 0) {
      choices = new ChoiceUsage();
      if (seen && !ofRequest) {
        choices.put(lastChoice, merged);
      }
    }
    if (choices != null) {
      choices.put(choice, stated);
    }
    lastChoice = choice;
  }

  /** Usage within choices, of servers that state it nowhere else. */
  private void takeChoices(EventFacts facts, boolean complete) {
    ChoiceUsage usage = facts.choiceUsage;
    if (usage == null || !complete || (seen && !withinChoices)) {
      return;
    }
    Tally stated = facts.tally(EventFacts.CHOICE);
    if (stated != null) {
      malformed |= stated.isMalformed();
      duplicate |= stated.isContradictory();
      merged.merge(stated);
    }
    if (choices == null) {
      choices = usage;
    } else {
      choices.merge(usage);
    }
    seen = true;
    withinChoices = true;
    ofRequest = choices.size() == 1 && highestChoice == 0;
    terminal = facts.finished;
  }

  private boolean isTerminal(EventFacts facts, int place, boolean single) {
    if (single || spare) {
      return true;
    }
    if (place == EventFacts.OWN) {
      return facts.finished && !summing;
    }
    if (dialect == null) {
      return false;
    }
    return switch (dialect) {
      case OPENAI -> ofRequest || facts.finished;
      case INPUT_OUTPUT -> isEnd(facts);
      case ANTHROPIC, GEMINI -> finished;
      case CONVERSE -> true;
      case COHERE -> facts.type == Words.COHERE_END;
    };
  }

  /** Whether a document says that nothing more will be generated. */
  private static boolean isEnd(EventFacts facts) {
    return switch (facts.type) {
      case Words.MESSAGE_DELTA -> facts.finished;
      case Words.MESSAGE,
          Words.MESSAGE_STOP,
          Words.RESPONSE_ENDED,
          Words.COHERE_END,
          Words.IMAGE_ENDED,
          Words.MEDIA_ENDED,
          Words.INTERACTION_ENDED ->
          true;
      default ->
          (facts.finished && (facts.candidateSeen || facts.type == Words.NONE))
              || (facts.object == Words.RESPONSE && facts.type == Words.NONE);
    };
  }

  private boolean isDelta(EventFacts facts) {
    if (format == BodyFormat.GENERATE) {
      return !facts.finished;
    }
    return switch (facts.type) {
      case Words.CONTENT_BLOCK_DELTA,
          Words.RESPONSE_DELTA,
          Words.COHERE_DELTA,
          Words.MEDIA_DELTA,
          Words.INTERACTION_DELTA ->
          true;
      default -> facts.choiceSeen || facts.candidateSeen;
    };
  }

  /** What a document says that it is, or null: the marks of its envelope, not names of counts. */
  private @Nullable Dialect told(EventFacts facts) {
    switch (facts.type) {
      case Words.MESSAGE, Words.MESSAGE_START, Words.MESSAGE_DELTA, Words.CONTENT_BLOCK_DELTA -> {
        return Dialect.ANTHROPIC;
      }
      case Words.RESPONSE_EVENT,
          Words.RESPONSE_DELTA,
          Words.RESPONSE_ENDED,
          Words.MEDIA_DELTA,
          Words.MEDIA_ENDED,
          Words.IMAGE_ENDED -> {
        return Dialect.INPUT_OUTPUT;
      }
      case Words.COHERE_DELTA, Words.COHERE_END -> {
        return Dialect.COHERE;
      }
      case Words.INTERACTION_DELTA, Words.INTERACTION_ENDED -> {
        return Dialect.GEMINI;
      }
      default -> {
        // says nothing
      }
    }
    if (facts.object == Words.RESPONSE) {
      return Dialect.INPUT_OUTPUT;
    }
    if (facts.object == Words.COMPLETION || facts.object == Words.LIST || facts.choicesSeen) {
      return Dialect.OPENAI;
    }
    if (facts.candidateSeen || facts.object == Words.INTERACTION) {
      return Dialect.GEMINI;
    }
    if (facts.converseMark) {
      return Dialect.CONVERSE;
    }
    if (hasBilledUnits(facts.tally(EventFacts.ROOT))
        || hasBilledUnits(facts.tally(EventFacts.BESIDE))) {
      return Dialect.COHERE;
    }
    if (facts.ranked) {
      return Dialect.OPENAI;
    }
    return isUnstated(facts, EventFacts.OWN) ? null : Dialect.INPUT_OUTPUT;
  }

  private static boolean hasBilledUnits(@Nullable Tally tally) {
    return tally != null
        && (tally.has(Slots.BILLED_INPUT)
            || tally.has(Slots.BILLED_OUTPUT)
            || tally.has(Slots.SEARCH_UNITS));
  }

  /** Says whether the next document is an element of an array at the root. */
  void element(boolean ofArray) {
    element = ofArray;
  }

  /** The end marker of a stream: no usage will be raised any more. */
  void done() {
    done = true;
  }

  /** All documents are there and the last one was complete: an array that was closed. */
  void closed() {
    terminal |= seen;
  }

  /** The backend reported an error outside of any document. */
  void failed() {
    error = true;
  }

  /** A frame says by its type that it is one of Converse. */
  void converse() {
    if (dialect == null) {
      dialect = Dialect.CONVERSE;
    }
  }

  /** A piece of an answer passed that was not read. */
  void delta() {
    deltas++;
  }

  // --- what came of it -------------------------------------------------------------------------

  /** See {@link UsageScanner#choicesPerPrompt}. */
  void choicesPerPrompt(long n) {
    choicesPerPrompt = n;
  }

  /** The tallies of the whole body: what was stated for it, or the sum of its parts. */
  Tally tally() {
    Tally last = ofLast();
    Tally beside = iterations == null ? null : iterations.beside();
    if (earlier == null && beside == null) {
      return last;
    }
    Tally sum = new Tally();
    sum.merge(last);
    if (beside != null) {
      sum.addAll(beside);
    }
    if (earlier != null) {
      fill(sum);
      boolean totals = earlier.has(Slots.TOTAL) && (last.has(Slots.TOTAL) || !seen);
      sum.addAll(earlier);
      if (!totals) {
        sum.remove(Slots.TOTAL);
      }
    }
    return sum;
  }

  /** Calls of tools that the usage does not state itself. */
  private void fill(Tally usage) {
    if (tools != null) {
      usage.merge(tools, ~usage.slots());
    }
  }

  /**
   * Of the last response: what was stated for the request, or the sum of its choices. Only to be
   * read, until the next call; asking changes nothing of what is stated.
   */
  private Tally ofLast() {
    ChoiceUsage parts = ofRequest ? null : choices;
    Tally executor = iterations == null ? null : iterations.executor();
    if (parts == null && executor == null) {
      return merged;
    }
    Tally sum = summed;
    if (sum == null) {
      sum = new Tally();
      summed = sum;
    }
    sum.reset();
    sum.merge(merged);
    if (parts != null) {
      set(sum, Slots.INPUT, parts.prompt(choicesPerPrompt));
      set(sum, Slots.OUTPUT, parts.completion());
      sum.remove(Slots.TOTAL);
    }
    if (executor != null) {
      sum.merge(executor);
    }
    return sum;
  }

  private static void set(Tally sum, int slot, long value) {
    if (value >= 0) {
      sum.set(slot, value);
    }
  }

  /** The dialect, or null when neither the path nor the body told. */
  @Nullable Dialect dialect() {
    Dialect known = dialect != null ? dialect : format.otherwise;
    // Bedrock's own metrics count as Converse does, whatever the model's API is.
    return known == null && spare ? Dialect.CONVERSE : known;
  }

  boolean isSeen() {
    return seen || earlier != null;
  }

  boolean isFinal() {
    return seen && (terminal || done);
  }

  boolean isOfSeveralChoices() {
    return seen && !ofRequest && highestChoice > 0;
  }

  boolean hasTooManyParts() {
    Iterations turns = iterations();
    return (choices != null && !ofRequest && choices.isOverflown())
        || (turns != null && turns.isOverflown());
  }

  boolean isMalformed() {
    return malformed;
  }

  boolean isDuplicate() {
    return duplicate;
  }

  boolean isZeroAfterNonzero() {
    return zeroAfterNonzero;
  }

  boolean isLowered() {
    return lowered;
  }

  boolean isOfSeveralResponses() {
    return earlier != null;
  }

  /** Whether the documents say that they are lists, which no model has generated. */
  boolean isList() {
    return list;
  }

  boolean isAnswered() {
    return text || deltas > 0 || list;
  }

  /** The terms: a tier, a place that has a price of its own, or both: {@code fast-us}. */
  @Nullable String tier() {
    if (place == null) {
      return tier;
    }
    return new ServiceTier(null, tier).isSpecial() ? tier + "-" + place : place;
  }

  /** The model that answered in place of the one that was asked first, or null. */
  @Nullable String servedModel() {
    return iterations == null ? null : iterations.servedModel();
  }

  /** Calls of a kind of tool: as the usage states them, else as they are listed outside of it. */
  long calls(int from, int to) {
    Tally usage = tally();
    Tally outside = earlier == null ? tools : null;
    long calls = Tally.ABSENT;
    for (int slot = from; slot <= to; slot++) {
      long stated = outside != null && !usage.has(slot) ? outside.get(slot) : usage.get(slot);
      calls = stated < 0 ? calls : Math.min(Counts.MAX, Math.max(0, calls) + stated);
    }
    return calls;
  }

  boolean isError() {
    return error;
  }

  /** Whether the usage so far says how much was generated, and not only what was sent. */
  boolean hasRunningOutput() {
    return seen
        && (ofLast().has(Slots.OUTPUT) || merged.has(Slots.BILLED_OUTPUT))
        && !(dialect == Dialect.ANTHROPIC && !finished);
  }

  /** A number for the id that was named last; 0 for none. */
  long id() {
    return responseId;
  }

  boolean isRunning() {
    return unfinished;
  }

  boolean isBackground() {
    return background;
  }

  long deltas() {
    return deltas;
  }

  boolean isWhole() {
    return whole;
  }

  int images() {
    return images;
  }

  @Nullable String cost() {
    return cost;
  }

  @Nullable RawUsage raw() {
    return raw;
  }

  /** The turns of further models. */
  @Nullable Iterations iterations() {
    if (earlierTurns == null) {
      return iterations;
    }
    Iterations all = new Iterations();
    all.addAdvisors(earlierTurns);
    if (iterations != null) {
      all.addAdvisors(iterations);
    }
    return all;
  }
}
