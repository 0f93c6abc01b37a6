// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import org.jspecify.annotations.Nullable;

/**
 * Finds the usage in a response body while it passes: JSON or an event stream, cut into chunks
 * anywhere. Memory is constant, and nothing is allocated per chunk or event.
 *
 * <p>Counts are taken from exact paths only, never from look-alikes in text, tool arguments or
 * schemas. They are kept as stated and merged per field, the later one wins; never added up, never
 * maximised. Not thread-safe.
 */
public final class UsageScanner {
  /** How a body is cut into documents. */
  public enum Framing {
    /** One JSON document, or several one after the other. */
    JSON,
    /** Server-sent events. */
    SSE,
    /** Not known: told by the first byte that is not white space. */
    DETECT
  }

  /** No such count was stated. */
  public static final long ABSENT = EventFacts.ABSENT;

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final byte[] DONE = {'[', 'D', 'O', 'N', 'E', ']'};

  /** How the data of the current event is read. */
  private enum Payload {
    START,
    JSON,
    DONE,
    OTHER
  }

  private final EventFacts facts = new EventFacts();
  private final long[] counts = new long[OpenAi.COUNTS];
  private int present;

  private @Nullable JsonScanner json;
  private @Nullable SseFraming sse;
  private Payload payload = Payload.START;
  private int doneMatched;

  /** How much of a byte order mark has been read; all of it also when there is none. */
  private int mark;

  private boolean documentRead;

  private boolean usageSeen;

  /** Whether the last usage was stated for the whole request, not for one of its choices. */
  private boolean ofRequest;

  private boolean terminal;
  private long highestChoice;
  private boolean ending;
  private boolean done;
  private boolean error;
  private boolean malformedJson;
  private boolean malformedUsage;
  private boolean duplicate;
  private boolean zeroAfterNonzero;
  private boolean truncated;
  private boolean unterminated;

  /** A scanner for one body. */
  public UsageScanner(Framing framing) {
    if (framing != Framing.DETECT) {
      begin(framing == Framing.SSE);
    }
  }

  /** Reads the next chunk, any part of the body, an empty one included. */
  public void feed(byte[] b, int from, int to) {
    int i = from;
    while (mark < BYTE_ORDER_MARK.length && i < to) {
      if (b[i] != BYTE_ORDER_MARK[mark]) {
        noMark();
        break;
      }
      mark++;
      i++;
    }
    read(b, i, to);
  }

  /** A part of a mark is none, but three or fewer bytes like others. */
  private void noMark() {
    int held = mark;
    mark = BYTE_ORDER_MARK.length;
    read(BYTE_ORDER_MARK, 0, held);
  }

  private void read(byte[] b, int from, int to) {
    int i = from;
    if (json == null) {
      i = detect(b, from, to);
      if (json == null) {
        return;
      }
    }
    if (sse != null) {
      sse.feed(b, i, to);
    } else {
      documents(json, b, i, to);
    }
  }

  /**
   * The body has ended, or no more of it will come: takes in what was pending. Nothing may be fed
   * after that.
   */
  public void end() {
    if (mark < BYTE_ORDER_MARK.length) {
      noMark();
    }
    ending = true;
    if (sse != null) {
      unterminated = sse.end();
    } else if (json != null && !json.isPristine()) {
      json.endInput();
      endDocument(json);
    }
  }

  // --- framing -------------------------------------------------------------------------------

  private void begin(boolean events) {
    json = new JsonScanner(OpenAi.SCHEMA, facts, events);
    if (events) {
      sse = new SseFraming(new Events(json));
    }
  }

  private int detect(byte[] b, int from, int to) {
    for (int i = from; i < to; i++) {
      byte c = b[i];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        continue;
      }
      begin(c != '{' && c != '[');
      return i;
    }
    return to;
  }

  private void documents(JsonScanner scanner, byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      i = scanner.feed(b, i, to);
      if (scanner.isComplete()) {
        endDocument(scanner);
      } else if (scanner.isMalformed()) {
        // What follows cannot be told apart any more.
        return;
      }
    }
  }

  private void endDocument(JsonScanner scanner) {
    boolean complete = scanner.isComplete();
    boolean cutOff = !complete && !scanner.isMalformed() && ending;
    truncated |= cutOff;
    malformedJson |= !complete && !cutOff;
    error |= facts.error;
    highestChoice = Math.max(highestChoice, facts.highestChoice);
    // Of a document that stops early, a usage object that was closed is still as stated.
    if (complete || (facts.usageClosed && !scanner.isMalformed())) {
      takeUsage();
    }
    documentRead = true;
    facts.reset();
    scanner.reset();
  }

  /** The data of events: JSON, the end marker of OpenAI, or something that is not ours. */
  private final class Events implements SseFraming.Data {
    private final JsonScanner scanner;

    Events(JsonScanner scanner) {
      this.scanner = scanner;
    }

    @Override
    public int data(byte[] b, int from, int to) {
      int i = from;
      while (i < to) {
        byte c = b[i];
        if (payload == Payload.JSON && !scanner.isComplete() && !scanner.isMalformed()) {
          i = scanner.feed(b, i, to);
          if (i < to && (b[i] == '\n' || b[i] == '\r')) {
            return i;
          }
          continue;
        }
        if (c == '\n' || c == '\r') {
          return i;
        }
        i = other(c, i);
      }
      return i;
    }

    private int other(byte c, int i) {
      boolean space = c == ' ' || c == '\t';
      switch (payload) {
        case START -> {
          if (c == '{') {
            payload = Payload.JSON;
            return i;
          }
          if (!space) {
            payload = c == DONE[0] ? Payload.DONE : Payload.OTHER;
            doneMatched = 1;
          }
        }
        case DONE -> {
          if (doneMatched < DONE.length && c == DONE[doneMatched]) {
            doneMatched++;
          } else if (!space || doneMatched < DONE.length) {
            payload = Payload.OTHER;
          }
        }
        case JSON -> malformedJson |= !space;
        case OTHER -> {
          // comments in disguise, plain text: nothing that could hold usage
        }
      }
      return i + 1;
    }

    @Override
    public void nextLine() {
      if (payload == Payload.DONE && doneMatched < DONE.length) {
        payload = Payload.OTHER;
      }
      scanner.lineFeed();
    }

    @Override
    public void dispatch() {
      if (payload == Payload.JSON) {
        endDocument(scanner);
      } else if (payload == Payload.DONE && doneMatched == DONE.length) {
        done = true;
      }
      payload = Payload.START;
    }
  }

  // --- merging -------------------------------------------------------------------------------

  private void takeUsage() {
    malformedUsage |= facts.malformedUsage;
    duplicate |= facts.isContradictory();
    if (facts.present == 0) {
      return;
    }
    if (isZero(facts.counts, facts.present) && usageSeen && !isZero(counts, present)) {
      zeroAfterNonzero = true;
      return;
    }
    for (int rest = facts.present; rest != 0; rest &= rest - 1) {
      int id = Integer.numberOfTrailingZeros(rest);
      counts[id] = facts.counts[id];
    }
    present |= facts.present;
    usageSeen = true;
    // A usage beside choices is the running one of these choices, unless the body is one document.
    ofRequest = !facts.choiceSeen || (sse == null && !documentRead);
    terminal = ofRequest || facts.finished;
  }

  private static boolean isZero(long[] counts, int present) {
    for (int rest = present; rest != 0; rest &= rest - 1) {
      if (counts[Integer.numberOfTrailingZeros(rest)] != 0) {
        return false;
      }
    }
    return true;
  }

  // --- what was found ------------------------------------------------------------------------

  /** Whether any usage was stated. */
  public boolean usageSeen() {
    return usageSeen;
  }

  /** Whether a usage was stated that the backend will not raise any more. */
  public boolean isFinal() {
    return usageSeen && (terminal || done);
  }

  /** Tokens of the prompt, cached ones included, or {@link #ABSENT}. */
  public long prompt() {
    return count(OpenAi.PROMPT);
  }

  /** Tokens of the completion, reasoning included, or {@link #ABSENT}. */
  public long completion() {
    return count(OpenAi.COMPLETION);
  }

  /** The total as stated, or {@link #ABSENT}. */
  public long total() {
    return count(OpenAi.TOTAL);
  }

  /** Cached tokens of the prompt: one of the spellings, in the order of their authority. */
  public long cacheRead() {
    for (int id = OpenAi.DETAILS_CACHED; id <= OpenAi.CACHE_HIT; id++) {
      if (count(id) != ABSENT) {
        return counts[id];
      }
    }
    return ABSENT;
  }

  /** Tokens of the prompt that were written to a cache, or {@link #ABSENT}. */
  public long cacheWrite() {
    return count(OpenAi.DETAILS_CACHE_WRITE);
  }

  /** Tokens of the completion spent on reasoning, or {@link #ABSENT}. */
  public long reasoning() {
    return count(OpenAi.DETAILS_REASONING);
  }

  /** The model that the response names, at most 256 bytes of UTF-8; null when it names none. */
  public @Nullable String model() {
    return facts.model;
  }

  /** Whether the backend reported an error inside the body. */
  public boolean errorSeen() {
    return error;
  }

  /** Whether the usage is that of some of several parallel choices, not that of the request. */
  public boolean isOfOneOfSeveralChoices() {
    return usageSeen && !ofRequest && highestChoice > 0;
  }

  /** Whether a document was not well-formed. */
  public boolean malformedJsonSeen() {
    return malformedJson;
  }

  /** Whether a usage field was no count. */
  public boolean malformedUsageSeen() {
    return malformedUsage;
  }

  /** Whether one document stated a count twice, differently. */
  public boolean duplicateSeen() {
    return duplicate;
  }

  /** Whether an all-zero usage came after a real one; it was not taken. */
  public boolean zeroAfterNonzeroSeen() {
    return zeroAfterNonzero;
  }

  /** Whether the body ended in the middle of a document. */
  public boolean isTruncated() {
    return truncated;
  }

  /** Whether no blank line ended the last event. */
  public boolean isUnterminated() {
    return unterminated;
  }

  private long count(int id) {
    return (present & (1 << id)) != 0 ? counts[id] : ABSENT;
  }
}
