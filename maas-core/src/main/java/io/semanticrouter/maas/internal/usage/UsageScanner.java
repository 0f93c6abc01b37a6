// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.bytes.CutLines;
import io.semanticrouter.maas.internal.framing.FirstBytes;
import io.semanticrouter.maas.internal.framing.Framing;
import io.semanticrouter.maas.internal.framing.RootArray;
import io.semanticrouter.maas.internal.framing.SseFraming;
import java.math.BigDecimal;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the usage in a response body while it passes: JSON, an event stream or AWS frames, cut into
 * chunks anywhere. Memory is constant, and nothing is allocated per chunk or event.
 *
 * <p>Counts are taken from exact paths only, never from look-alikes in text, tool arguments or
 * schemas. They are kept as stated and merged per count, the later one wins; never maximised, and
 * only responses with ids of their own are added up. Not thread-safe.
 */
public final class UsageScanner extends CutLines {
  private static final int TICK_DIGITS = 10;
  private static final int MAX_COST_DIGITS = 40;

  /** No such count was stated. */
  public static final long ABSENT = Tally.ABSENT;

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final byte[] DONE = {'[', 'D', 'O', 'N', 'E', ']'};

  /** How the data of the current event is read. */
  private enum Payload {
    START,
    JSON,
    DONE,
    OTHER,
    /** At a line behind one with something that is not ours: no end marker can stand there. */
    BEHIND_OTHER
  }

  private final BodyFormat format;
  private final EventFacts facts = new EventFacts();
  private final StatedUsage stated;

  private @Nullable JsonScanner json;
  private @Nullable SseFraming sse;
  private @Nullable FramedDocuments frames;
  private Payload payload = Payload.START;
  private int doneMatched;

  private final FirstBytes firstBytes;
  private final RootArray rootArray = new RootArray();

  /** How much of a byte order mark has been read; all of it also when there is none. */
  private int mark;

  private boolean documentRead;
  private boolean ending;
  private boolean malformedJson;
  private boolean truncated;
  private boolean unterminated;
  private long bytes;

  /** A scanner for one body of chat completions or the like. */
  public UsageScanner(Framing label) {
    this(BodyFormat.OPENAI, label);
  }

  /**
   * A scanner for one body.
   *
   * @param label what the body is said to be; what its first bytes say goes before that
   */
  public UsageScanner(BodyFormat format, Framing label) {
    this.format = format;
    this.stated = new StatedUsage(format);
    this.firstBytes = new FirstBytes(label);
  }

  /**
   * Says how many parallel choices each prompt of the request has, where a request has several
   * prompts: their prompt tokens then add up.
   */
  public void choicesPerPrompt(long n) {
    stated.choicesPerPrompt(n);
  }

  /** Reads the next chunk, any part of the body, an empty one included. */
  public void feed(byte[] b, int from, int to) {
    bytes += to - from;
    take(b, from, to);
  }

  @Override
  protected void chunk(byte[] b, int from, int to) {
    if (mark == BYTE_ORDER_MARK.length && sse != null) {
      cut(b, from, to);
    } else {
      begin(b, from, to);
    }
  }

  @Override
  protected void lines(byte[] b, int from, int to) {
    if (sse != null) {
      sse.feed(b, from, to);
    }
  }

  private void begin(byte[] b, int from, int to) {
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
    if (!firstBytes.isDecided()) {
      i = firstBytes.read(b, from, to);
      beginIfDecided();
    }
    framed(b, i, to);
  }

  private void beginIfDecided() {
    Framing framing = firstBytes.framing();
    if (framing != null) {
      begin(framing);
      firstBytes.replay(this::framed);
    }
  }

  private void framed(byte[] b, int from, int to) {
    if (sse != null) {
      cut(b, from, to);
    } else if (frames != null) {
      frames.feed(b, from, to);
    } else if (json != null) {
      documents(json, b, from, to);
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
    if (!firstBytes.isDecided()) {
      firstBytes.end();
      beginIfDecided();
    }
    ending = true;
    if (sse != null) {
      flush();
      unterminated = sse.end();
    } else if (frames != null) {
      truncated |= frames.isCut() && !stated.isFinal();
    } else if (json != null && !json.isPristine()) {
      json.endInput();
      endDocument(json);
    }
    truncated |= rootArray.isOpen() && !stated.isFinal();
  }

  // --- framing -------------------------------------------------------------------------------

  private void begin(Framing framing) {
    boolean events = framing == Framing.SSE;
    json = new JsonScanner(format.schema, facts, events, null);
    if (events) {
      sse = new SseFraming(new Events(json, new Repeats(json, facts)));
    } else if (framing == Framing.FRAMES) {
      JsonScanner documents = json;
      frames = new FramedDocuments(documents, stated, () -> endDocument(documents));
    }
  }

  private void documents(JsonScanner scanner, byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      if (format.isArrayOfDocuments() && scanner.isPristine()) {
        i = rootArray.read(b, i, to, !documentRead);
        if (rootArray.isBroken()) {
          malformedJson = true;
          return;
        }
        if (rootArray.isClosed()) {
          stated.closed();
        }
        if (i == to) {
          break;
        }
      }
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
    // What is cut off after the final usage takes nothing from it.
    boolean needless = cutOff && stated.isFinal();
    truncated |= cutOff && !needless;
    malformedJson |= !complete && !cutOff;
    boolean whole = complete || !scanner.isMalformed();
    if (whole && !needless) {
      boolean single = sse == null && frames == null && !documentRead && !rootArray.isOpen();
      stated.element(rootArray.isOpen());
      stated.take(facts, complete, single);
    }
    documentRead = true;
    facts.reset();
    scanner.reset();
  }

  /** The data of events: JSON, the end marker of OpenAI, or something that is not ours. */
  private final class Events implements SseFraming.Data {
    private final JsonScanner scanner;
    private final Repeats repeats;

    Events(JsonScanner scanner, Repeats repeats) {
      this.scanner = scanner;
      this.repeats = repeats;
    }

    @Override
    public int data(byte[] b, int from, int to) {
      int i = from;
      while (i < to) {
        byte c = b[i];
        if (payload == Payload.JSON && !scanner.isComplete() && !scanner.isMalformed()) {
          i = scanner.isPristine() ? repeats.read(b, i, to) : scanner.feed(b, i, to);
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
        case START, BEHIND_OTHER -> {
          if (c == '{') {
            payload = Payload.JSON;
            return i;
          }
          if (!space) {
            boolean done = payload == Payload.START && c == DONE[0];
            payload = done ? Payload.DONE : Payload.OTHER;
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
        case JSON -> {
          malformedJson |= !space;
          if (c == '{' && scanner.isComplete()) {
            endDocument(scanner);
            return i;
          }
        }
        case OTHER -> {
          // comments in disguise, plain text: nothing that could hold usage
        }
      }
      return i + 1;
    }

    /**
     * A document goes on in the next line. But where it has ended, or can be none, the line may
     * begin another: some backends put no blank line between events.
     */
    @Override
    public void nextLine() {
      switch (payload) {
        case JSON -> {
          if (scanner.isComplete() || scanner.isMalformed()) {
            dispatch();
          } else {
            scanner.lineFeed();
          }
        }
        case DONE -> {
          boolean done = doneMatched == DONE.length;
          dispatch();
          payload = done ? Payload.START : Payload.BEHIND_OTHER;
        }
        case OTHER -> payload = Payload.BEHIND_OTHER;
        case START, BEHIND_OTHER -> {
          // nothing but white space so far
        }
      }
    }

    @Override
    public void dispatch() {
      if (payload == Payload.JSON) {
        endDocument(scanner);
      } else if (payload == Payload.DONE && doneMatched == DONE.length) {
        stated.done();
      }
      payload = Payload.START;
    }
  }

  // --- what was found ------------------------------------------------------------------------

  /** Whether any usage was stated. */
  public boolean usageSeen() {
    return stated.isSeen();
  }

  /** Whether a usage was stated that the backend will not raise any more. */
  public boolean isFinal() {
    return stated.isFinal() && !isCorrupt();
  }

  /**
   * The usage in canonical form; null when none was stated, or in a dialect that neither the path
   * nor the body tells.
   *
   * @param promptOnly whether an output that is not stated is none
   */
  public @Nullable CanonicalUsage usage(boolean promptOnly) {
    Dialect dialect = stated.dialect();
    return !stated.isSeen() || dialect == null
        ? null
        : CanonicalUsage.of(stated.tally(), dialect, promptOnly || stated.isList());
  }

  /** Takes the usage of further models: each with its name and tokens. */
  public void forEachOtherModel(BiConsumer<String, CanonicalUsage> action) {
    Iterations iterations = stated.iterations();
    if (iterations != null) {
      for (Iterations.Advisor advisor : iterations.advisors()) {
        action.accept(
            advisor.model(), CanonicalUsage.of(advisor.usage(), Dialect.ANTHROPIC, false));
      }
    }
  }

  /** A count as it was stated, or {@link #ABSENT}. */
  long stated(int slot) {
    return stated.tally().get(slot);
  }

  /** The largest count that was stated, for comparison with what is plausible. */
  public long largestCount() {
    return stated.tally().max();
  }

  /** Seconds of audio that were billed, or {@link #ABSENT}. */
  public long audioSeconds() {
    return stated.tally().get(Slots.AUDIO_SECONDS);
  }

  /** Units of a search that were billed, or {@link #ABSENT}. */
  public long searchUnits() {
    return stated.tally().get(Slots.SEARCH_UNITS);
  }

  /** Searches of the web and of social networks by the provider, or {@link #ABSENT}. */
  public long webSearches() {
    return stated.calls(Slots.WEB_SEARCHES, Slots.X_SEARCHES);
  }

  /** Sources that the provider's own search used, where it charges by source; or ABSENT. */
  public long sources() {
    return stated.calls(Slots.SOURCES, Slots.SOURCES);
  }

  /** Searches of stored files by the provider, or {@link #ABSENT}. */
  public long fileSearches() {
    return stated.calls(Slots.FILE_SEARCHES, Slots.DOCUMENT_SEARCHES);
  }

  /** Programs that the provider ran, or {@link #ABSENT}. */
  public long codeRuns() {
    return stated.calls(Slots.CODE_RUNS, Slots.CODE_RUNS);
  }

  /** Pages that the provider fetched, or {@link #ABSENT}. */
  public long webFetches() {
    return stated.calls(Slots.WEB_FETCHES, Slots.WEB_FETCHES);
  }

  /** Calls of other tools by the provider, or {@link #ABSENT}. */
  public long otherToolCalls() {
    return stated.calls(Slots.OTHER_TOOLS, Slots.OTHER_TOOLS);
  }

  /** Whether the body is one JSON document, and all of it has been read. */
  public boolean isWhole() {
    return stated.isWhole();
  }

  /** Images in the response, 0 when it has none. */
  public int images() {
    return stated.images();
  }

  /** The cost in US dollars as the provider states it, or null. */
  public @Nullable BigDecimal providerCost() {
    long ticks = stated.tally().get(Slots.COST_TICKS);
    if (ticks >= 0) {
      return BigDecimal.valueOf(ticks, TICK_DIGITS).stripTrailingZeros();
    }
    String cost = stated.cost();
    try {
      BigDecimal exact = cost == null ? BigDecimal.ZERO : new BigDecimal(cost).stripTrailingZeros();
      // An exponent beyond that is no price, and printing or adding it takes long.
      boolean plausible = cost != null && Math.abs((long) exact.scale()) <= MAX_COST_DIGITS;
      return plausible && exact.signum() >= 0 ? exact : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** The last usage object that was taken, as it was written, cut off at 2 KiB; or null. */
  public @Nullable String rawUsage() {
    RawUsage raw = stated.raw();
    return raw == null ? null : raw.toString();
  }

  /** How many bytes the body had. */
  public long bytes() {
    return bytes;
  }

  /** How many events carried a piece of an answer. */
  public long deltas() {
    return stated.deltas();
  }

  /** Whether the usage so far says how much was generated, and not only what was sent. */
  public boolean hasRunningOutput() {
    return stated.hasRunningOutput();
  }

  /** The model that the response names, at most 256 bytes of UTF-8; null when it names none. */
  public @Nullable String model() {
    String served = stated.servedModel();
    return served != null ? served : facts.model;
  }

  /** The service tier that the response names, at most 256 bytes of UTF-8; or null. */
  public @Nullable String serviceTier() {
    return stated.tier();
  }

  /** Whether the response holds an answer, or a part of one. */
  public boolean isAnswered() {
    return stated.isAnswered();
  }

  /** Whether several responses with ids of their own were added up. */
  public boolean isOfSeveralResponses() {
    return stated.isOfSeveralResponses();
  }

  /** Whether a later statement is lower than an earlier one, and not zero; it was taken. */
  public boolean isLowered() {
    return stated.isLowered();
  }

  /** A number that stands for the id that the response names last; 0 when it names none. */
  public long responseId() {
    return stated.id();
  }

  /** Whether the response says that it is not done, and does not say later that it is. */
  public boolean isRunning() {
    return stated.isRunning();
  }

  /** Whether the response says that it is made in the background. */
  public boolean isBackground() {
    return stated.isBackground();
  }

  /** Whether the backend reported an error inside the body. */
  public boolean errorSeen() {
    return stated.isError();
  }

  /** Whether the usage is the sum of several parallel choices, not stated for the request. */
  public boolean isOfSeveralChoices() {
    return stated.isOfSeveralChoices();
  }

  /** Whether there were more parallel choices or further models than are kept apart. */
  public boolean hasTooManyParts() {
    return stated.hasTooManyParts();
  }

  /** Whether a document was not well-formed. */
  public boolean malformedJsonSeen() {
    return malformedJson || (frames != null && frames.isMalformed());
  }

  /** Whether a usage field was no count. */
  public boolean malformedUsageSeen() {
    return stated.isMalformed();
  }

  /** Whether one document stated a count twice, differently. */
  public boolean duplicateSeen() {
    return stated.isDuplicate();
  }

  /** Whether a zero, or an all-zero usage, came after a real one; it was not taken. */
  public boolean zeroAfterNonzeroSeen() {
    return stated.isZeroAfterNonzero();
  }

  /** Whether the body ended in the middle of a document. */
  public boolean isTruncated() {
    return truncated;
  }

  /** Whether no blank line ended the last event. */
  public boolean isUnterminated() {
    return unterminated;
  }

  /** Whether the body is a stream of events. */
  public boolean isStream() {
    return sse != null || frames != null;
  }

  /** Whether the body is none of those that hold usage, by its label and its first bytes. */
  public boolean isForeign() {
    return firstBytes.isDecided() && firstBytes.framing() == null;
  }

  /** Whether it is foreign and no text either. */
  public boolean isMedia() {
    return isForeign() && firstBytes.isBinary();
  }

  /** Whether frames were broken: nothing of the body can be trusted then. */
  public boolean isCorrupt() {
    return frames != null && frames.isCorrupt();
  }
}
