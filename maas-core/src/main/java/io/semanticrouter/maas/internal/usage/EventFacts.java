// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.json.TextBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one document (a JSON body, or the data of one event) says. Filled by {@link JsonScanner}
 * while the document passes, taken over or thrown away when it has ended: a key that comes later
 * can change the meaning of one that came before. Not thread-safe.
 */
final class EventFacts {
  /** The usage at the root. */
  static final int ROOT = 0;

  /** The usage one level down: in a message, a response, a delta, an interaction. */
  static final int NESTED = 1;

  /** A usage that counts only when there is no other in the document. */
  static final int SPARE = 2;

  /** The usage in one of the choices. */
  static final int CHOICE = 3;

  /** The element of an array that is being read. */
  static final int ELEMENT = 4;

  /** The usage at the root under another name: {@code usageMetadata}, {@code meta}. */
  static final int BESIDE = 5;

  /**
   * Usage in names and places of one API each: it counts where there is none under the usual ones.
   */
  static final int OWN = 6;

  /** Calls of the provider's own tools that stand outside of the usage. */
  static final int TOOLS = 7;

  private static final int TALLIES = 8;
  private static final int MAX_KEPT_ID = 64;

  private static final long INPUT_MODALITIES =
      Slots.bit(Slots.INPUT_AUDIO) | Slots.bit(Slots.INPUT_IMAGE) | Slots.bit(Slots.INPUT_VIDEO);
  private static final long OUTPUT_MODALITIES =
      Slots.bit(Slots.OUTPUT_AUDIO) | Slots.bit(Slots.OUTPUT_IMAGE) | Slots.bit(Slots.OUTPUT_VIDEO);

  private final @Nullable Tally[] tallies = new @Nullable Tally[TALLIES];
  private final @Nullable RawUsage[] raws = new @Nullable RawUsage[TALLIES];

  /** Bit i: something may have been noted in tallies[i]; most documents state nothing at all. */
  private int touched;

  boolean choicesSeen;
  boolean choiceSeen;
  boolean candidateSeen;
  boolean finished;
  boolean error;
  boolean converseMark;

  /** Whether documents are ranked. */
  boolean ranked;

  int type;
  int object;

  /** How far the response has come: {@link Words#RUNNING}, another word, or none. */
  int status;

  boolean background;
  long highestChoice;
  private long choiceIndex;
  private boolean choiceFinished;

  /** The usage of choices, where they state one each; null when none does. */
  @Nullable ChoiceUsage choiceUsage;

  private final @Nullable Iterations[] iterations = new @Nullable Iterations[SPARE];

  /** The place of the usage object that is being read. */
  private int usagePlace;

  private int elementWord;
  private int elementAction;
  private @Nullable String elementModel;

  /** Whether an element of the usage object that is being read holds something that is no count. */
  private boolean malformedElement;

  int images;
  @Nullable String cost;

  /** Whether the document is, or holds, an answer in words. */
  boolean text;

  /** The word for fast answers, the only speed that has another price. */
  private static final String FAST = "fast";

  /** The service tier that the document names, or null. */
  @Nullable String tier;

  /** Where the document says that it was generated, when that can have another price; or null. */
  @Nullable String place;

  /** The last tier of all documents: it seldom changes within a response. */
  private @Nullable String knownTier;

  /** A number that stands for the id of the response; 0 when it names none. */
  long responseId;

  /** The last id of all documents, where it has no escapes: most events of a stream have one. */
  private final byte[] keptId = new byte[MAX_KEPT_ID];

  private int keptIdLength;
  private long keptIdNumber;

  /** The first model name of all documents: it does not change within a response. */
  @Nullable String model;

  void reset() {
    if (touched != 0) {
      resetTallies();
    }
    choicesSeen = false;
    choiceSeen = false;
    candidateSeen = false;
    finished = false;
    error = false;
    converseMark = false;
    ranked = false;
    type = Words.NONE;
    object = Words.NONE;
    status = Words.NONE;
    background = false;
    highestChoice = 0;
    choiceUsage = null;
    images = 0;
    cost = null;
    text = false;
    tier = null;
    place = null;
    responseId = 0;
  }

  private void resetTallies() {
    for (int rest = touched; rest != 0; rest &= rest - 1) {
      obtain(Integer.numberOfTrailingZeros(rest)).reset();
    }
    touched = 0;
    Arrays.fill(iterations, null); // they stand in a usage object
  }

  /** Whether no counts, no usage object and no calls of tools have been noted anywhere. */
  boolean statesNothing() {
    return touched == 0;
  }

  /** The counts of a place; null while none have been stated there by any document. */
  @Nullable Tally tally(int place) {
    return tallies[place];
  }

  /** The usage object of a place as it is written; null when no document had one there. */
  @Nullable RawUsage raw(int place) {
    return raws[place];
  }

  /** The turns that the usage of a place lists; null when it lists none. */
  @Nullable Iterations iterations(int place) {
    return place < iterations.length ? iterations[place] : null;
  }

  /** Gives away the raw text of a place for another one to be filled. */
  void swapRaw(int place, @Nullable RawUsage other) {
    raws[place] = other;
  }

  private Tally obtain(int place) {
    Tally tally = tallies[place];
    if (tally == null) {
      tally = new Tally();
      tallies[place] = tally;
    }
    touched |= 1 << place;
    return tally;
  }

  boolean wantsText(int id) {
    return id != Paths.MODEL || model == null;
  }

  /** An object or array that is followed begins. */
  void enter(Schema schema) {
    restate(schema);
    switch (schema.id) {
      case Paths.USAGE -> {
        obtain(schema.tally).open();
        usagePlace = schema.tally;
        malformedElement = false;
      }
      case Paths.CHOICES -> choicesSeen = true;
      case Paths.CHOICE -> {
        choiceSeen = true;
        choiceIndex = 0;
        choiceFinished = false;
        Tally choice = tallies[CHOICE];
        if (choice != null) {
          choice.reset();
        }
      }
      case Paths.CANDIDATE -> candidateSeen = true;
      case Paths.INPUT_MODALITIES -> obtain(usagePlace).restate(INPUT_MODALITIES);
      case Paths.OUTPUT_MODALITIES -> obtain(usagePlace).restate(OUTPUT_MODALITIES);
      case Paths.CACHE_DETAILS ->
          obtain(ROOT).restate(Slots.bit(Slots.WRITE_5M) | Slots.bit(Slots.WRITE_1H));
      case Paths.ITERATIONS -> iterations[usagePlace] = new Iterations();
      case Paths.PROMPT_TOKEN -> obtain(OWN).add(Slots.INPUT, 1);
      case Paths.INPUT_MODALITY,
          Paths.OUTPUT_MODALITY,
          Paths.CACHE_DETAIL,
          Paths.ITERATION,
          Paths.PART -> {
        obtain(ELEMENT).reset();
        elementWord = Words.NONE;
        elementModel = null;
      }
      case Paths.ITEM -> {
        elementWord = Words.NONE;
        elementAction = Words.NONE;
      }
      case Paths.IMAGES -> images = 0;
      case Paths.IMAGE -> images++;
      default -> {
        // only leads to its members
      }
    }
  }

  /** Whether the text of an object is kept for audits. */
  static boolean isKept(Schema schema) {
    return schema.id == Paths.USAGE && schema.tally != CHOICE;
  }

  RawUsage beginRaw(int place) {
    RawUsage raw = raws[place];
    if (raw == null) {
      raw = new RawUsage();
      raws[place] = raw;
    }
    raw.begin();
    return raw;
  }

  /** An object or array that is followed has ended. */
  void exit(Schema schema) {
    switch (schema.id) {
      case Paths.USAGE -> {
        Tally usage = obtain(schema.tally);
        if (malformedElement) {
          usage.malformed(0);
        }
        usage.close();
      }
      case Paths.CHOICE -> exitChoice();
      case Paths.PART -> addPart(obtain(ELEMENT));
      case Paths.INPUT_MODALITY ->
          addModality(Slots.INPUT_AUDIO, Slots.INPUT_IMAGE, Slots.INPUT_VIDEO);
      case Paths.OUTPUT_MODALITY ->
          addModality(Slots.OUTPUT_AUDIO, Slots.OUTPUT_IMAGE, Slots.OUTPUT_VIDEO);
      case Paths.ITEM -> exitItem();
      case Paths.CACHE_DETAIL -> {
        Tally element = obtain(ELEMENT);
        if (element.has(Slots.CACHE_WRITE)) {
          int slot =
              elementWord == Words.FIVE_MINUTES
                  ? Slots.WRITE_5M
                  : elementWord == Words.ONE_HOUR ? Slots.WRITE_1H : -1;
          if (slot >= 0) {
            obtain(ROOT).add(slot, element.get(Slots.CACHE_WRITE));
          }
        }
      }
      case Paths.ITERATION -> {
        Iterations turns = iterations[usagePlace];
        if (turns != null) {
          turns.add(elementWord, elementModel, obtain(ELEMENT));
        }
      }
      default -> {
        // nothing follows from its end
      }
    }
  }

  private void exitChoice() {
    highestChoice = Math.max(highestChoice, choiceIndex);
    finished |= choiceFinished;
    Tally choice = tallies[CHOICE];
    if (choice != null && choice.isClosed() && !choice.isEmpty()) {
      if (choiceUsage == null) {
        choiceUsage = new ChoiceUsage();
      }
      choiceUsage.put(choiceIndex, choice);
    }
  }

  /**
   * A part that states what it read and nothing that it wrote wrote nothing. watsonx states the
   * input once, and 0 from then on.
   */
  private void addPart(Tally part) {
    if (part.isMalformed()) {
      obtain(OWN).malformed(0);
    }
    if (part.orZero(Slots.INPUT) > 0) {
      obtain(OWN).add(Slots.INPUT, part.get(Slots.INPUT));
    }
    if (part.has(Slots.OUTPUT) || part.has(Slots.INPUT)) {
      obtain(OWN).add(Slots.OUTPUT, part.orZero(Slots.OUTPUT));
    }
  }

  private void addModality(int audio, int image, int video) {
    Tally element = obtain(ELEMENT);
    int slot =
        switch (elementWord) {
          case Words.AUDIO -> audio;
          case Words.IMAGE -> image;
          case Words.VIDEO -> video;
          default -> -1;
        };
    if (slot >= 0 && element.has(Slots.TOTAL)) {
      obtain(usagePlace).add(slot, element.get(Slots.TOTAL));
    }
  }

  private void exitItem() {
    int slot =
        switch (elementWord) {
          case Words.WEB_SEARCH ->
              elementAction == Words.OPENED ? Slots.WEB_FETCHES : Slots.WEB_SEARCHES;
          case Words.FILE_SEARCH -> Slots.FILE_SEARCHES;
          case Words.CODE_RUN -> Slots.CODE_RUNS;
          case Words.WEB_FETCH -> Slots.WEB_FETCHES;
          case Words.OTHER_TOOL -> Slots.OTHER_TOOLS;
          default -> -1;
        };
    if (slot >= 0) {
      obtain(TOOLS).add(slot, 1);
    }
    text |= elementWord == Words.TEXT;
  }

  /** A value that is null: nothing by itself, but it takes back what was stated before it. */
  void nothing(Schema schema) {
    restate(schema);
    if (schema.id == Paths.ITERATIONS && schema.kind == Schema.Kind.ARRAY) {
      iterations[usagePlace] = null;
    }
  }

  private void restate(Schema schema) {
    if (schema.slots != 0) {
      Tally tally = tallies[schema.tally];
      if (tally != null) {
        tally.restate(schema.slots);
      }
    }
  }

  void count(Schema schema, long value) {
    if (schema.tally >= 0) {
      obtain(schema.tally).put(schema.id, value);
    } else if (schema.id == Paths.CHOICE_INDEX) {
      choiceIndex = value;
    }
  }

  void malformedCount(Schema schema) {
    if (schema.tally >= 0) {
      malformed(schema);
    }
  }

  private void malformed(Schema schema) {
    obtain(schema.tally).malformed(schema.slots);
    malformedElement |= schema.tally == ELEMENT;
  }

  /** A value of another kind than expected, null excepted. */
  void unexpected(Schema schema) {
    if (schema.slots != 0) {
      malformed(schema);
    }
  }

  void present(Schema schema) {
    switch (schema.id) {
      case Paths.FINISH -> {
        choiceFinished = true;
        finished = true;
      }
      case Paths.ERROR -> error = true;
      case Paths.CONVERSE_MARK -> converseMark = true;
      case Paths.RELEVANCE -> ranked = true;
      case Paths.QUERY -> obtain(TOOLS).add(Slots.WEB_SEARCHES, 1);
      case Paths.BACKGROUND -> background = true;
      default -> {
        // no such place
      }
    }
  }

  void word(Schema schema, int word) {
    switch (schema.id) {
      case Paths.TYPE -> type = word;
      case Paths.OBJECT -> object = word;
      case Paths.STATUS -> status = word;
      case Paths.ELEMENT_WORD -> elementWord = word;
      case Paths.ENDING -> finished |= word != Words.RUNNING && word != Words.NONE;
      case Paths.ACTION -> elementAction = word;
      default -> {
        // no such place
      }
    }
  }

  void text(Schema schema, TextBuffer value) {
    switch (schema.id) {
      case Paths.MODEL -> {
        String name = value.toString();
        if (!name.isEmpty()) {
          model = name;
        }
      }
      case Paths.ELEMENT_MODEL -> elementModel = value.toString();
      case Paths.RESPONSE_ID -> responseId = value.isEmpty() ? 0 : value.hash();
      case Paths.TIER -> tier = FAST.equals(tier) ? tier : known(value);
      // Anthropic states it beside a service_tier of standard.
      case Paths.SPEED -> tier = value.is(FAST) ? FAST : tier;
      case Paths.PLACE -> {
        boolean anywhere = value.isEmpty() || value.is("global") || value.is("not_available");
        place = anywhere ? null : value.toString();
      }
      case Paths.TRAFFIC -> tier = tier == null ? known(value) : tier;
      default -> {
        // no such place
      }
    }
  }

  /** An id without escapes has been taken: the next one is probably the same. */
  void keepId(byte[] b, int from, int to) {
    keptIdLength = to - from <= MAX_KEPT_ID ? to - from : 0;
    keptIdNumber = responseId;
    System.arraycopy(b, from, keptId, 0, keptIdLength);
  }

  /**
   * Takes an id that is the last one again: comparing it is faster than reading it.
   *
   * @param from the index after the opening quote
   * @return the index after the closing quote; -1 when it is another one, or not all there
   */
  int idAgain(byte[] b, int from, int to) {
    int end = from + keptIdLength;
    if (keptIdLength == 0
        || end + 1 >= to
        || b[end] != '"'
        || !Arrays.equals(keptId, 0, keptIdLength, b, from, end)) {
      return -1;
    }
    responseId = keptIdNumber;
    return end + 1;
  }

  private @Nullable String known(TextBuffer value) {
    if (value.isEmpty()) {
      return null;
    }
    if (knownTier == null || !value.is(knownTier)) {
      knownTier = value.toString();
    }
    return knownTier;
  }

  void decimal(Schema schema, byte[] text, int length) {
    if (schema.id == Paths.COST) {
      cost = new String(text, 0, length, StandardCharsets.ISO_8859_1);
    }
  }

  // --- documents that begin alike --------------------------------------------------------------

  /** Whether what has been noted so far is only what {@link Marks} holds. */
  boolean isPlain() {
    for (int rest = touched; rest != 0; rest &= rest - 1) {
      if (!obtain(Integer.numberOfTrailingZeros(rest)).isPristine()) {
        return false;
      }
    }
    // Turns stand in a usage object, whose tally is not pristine.
    return choiceUsage == null && images == 0 && cost == null && !text;
  }

  /** What a document has said before it states any counts. */
  static final class Marks {
    private boolean choicesSeen;
    private boolean choiceSeen;
    private boolean candidateSeen;
    private boolean finished;
    private boolean error;
    private boolean converseMark;
    private boolean ranked;
    private int type;
    private int object;
    private int status;
    private boolean background;
    private long highestChoice;
    private long choiceIndex;
    private boolean choiceFinished;
    private long responseId;
    private @Nullable String tier;
    private @Nullable String place;
    private int elementWord;
    private int elementAction;

    void save(EventFacts facts) {
      choicesSeen = facts.choicesSeen;
      choiceSeen = facts.choiceSeen;
      candidateSeen = facts.candidateSeen;
      finished = facts.finished;
      error = facts.error;
      converseMark = facts.converseMark;
      ranked = facts.ranked;
      type = facts.type;
      object = facts.object;
      status = facts.status;
      background = facts.background;
      highestChoice = facts.highestChoice;
      choiceIndex = facts.choiceIndex;
      choiceFinished = facts.choiceFinished;
      responseId = facts.responseId;
      tier = facts.tier;
      place = facts.place;
      elementWord = facts.elementWord;
      elementAction = facts.elementAction;
    }

    void restore(EventFacts facts) {
      facts.choicesSeen = choicesSeen;
      facts.choiceSeen = choiceSeen;
      facts.candidateSeen = candidateSeen;
      facts.finished = finished;
      facts.error = error;
      facts.converseMark = converseMark;
      facts.ranked = ranked;
      facts.type = type;
      facts.object = object;
      facts.status = status;
      facts.background = background;
      facts.highestChoice = highestChoice;
      facts.choiceIndex = choiceIndex;
      facts.choiceFinished = choiceFinished;
      facts.responseId = responseId;
      facts.tier = tier;
      facts.place = place;
      facts.elementWord = elementWord;
      facts.elementAction = elementAction;
    }
  }
}
