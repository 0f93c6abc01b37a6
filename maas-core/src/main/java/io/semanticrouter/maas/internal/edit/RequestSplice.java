// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.edit;

import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.bytes.HeldBytes;
import io.semanticrouter.maas.internal.json.JsonWalk;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Asks for usage in the request body of a stream while it passes: {@code
 * stream_options.include_usage} becomes true, and for backends that know it {@code
 * stream_options.continuous_usage_stats}. All other bytes are those of the input, in their order;
 * chunks may be cut anywhere. Memory is constant, nothing is allocated per chunk. For chat
 * completions and completions; the Responses API has a {@code stream_options} of another meaning,
 * and no need of this.
 *
 * <p>Sources: {@code stream}, {@code stream_options.include_usage}, {@code n} and {@code model} are
 * of OpenAI's chat completions API; {@code continuous_usage_stats} is vLLM's ({@code
 * engine/protocol.py}, {@code StreamOptions}) and counts only beside {@code include_usage}.
 *
 * <p>The body is read as two kinds of server read it. The one (Python, JavaScript, Rust) takes keys
 * as they are, the last one of several; with pydantic it also takes {@code 1}, {@code "yes"} and
 * their like for true. The other (Go's {@code encoding/json}, .NET) takes keys in any case, and
 * merges an object that is stated twice. Neither may stream without being asked for usage, and
 * neither may be asked for what it does not stream.
 *
 * <ul>
 *   <li>No {@code stream_options}, {@code stream} is true: the member is added in front of the
 *       closing brace.
 *   <li>An object: its {@code false} and {@code null} become true, what is missing or neither true
 *       nor false is added in front of its closing brace; every time that one is stated. Also when
 *       {@code stream} has not been seen by then: a client that sends stream options claims to
 *       stream. If it turns out not to, backends that reject stream options without a stream would
 *       have rejected the client's too; vLLM lets an empty object pass there and will not let pass
 *       ours. Not when {@code stream} is known not to be true.
 *   <li>{@code null}: replaced by an object when {@code stream} is true. When that is not known yet
 *       the rest is held, at most {@link #MAX_HELD} bytes of it: clients that do not stream spell
 *       "no options" like that, and an object would make their request an error.
 *   <li>Anything else, and options in another case where only some readers see them: stays, and the
 *       member is added in front of the closing brace of the body, where all readers take the last
 *       one. Readers that refuse a key stated twice have refused that body already. Where only
 *       readers of the second kind see a stream, the key that is added is {@code Stream_Options},
 *       which the others do not know.
 * </ul>
 *
 * <p>From the first byte on that cannot be there in a JSON object nothing is edited any more. What
 * is skipped is not validated. Not thread-safe.
 */
public final class RequestSplice {
  /** What became of the body. */
  public enum Outcome {
    /** The backend is asked for all the usage that is wanted, by us. */
    EDITED,
    /** The backend is asked for all the usage that is wanted, by the client. */
    ALREADY,
    /** No stream is asked for. */
    NOT_STREAMING,
    /** The body is no JSON object. */
    NOT_JSON,
    /** The object is not well-formed, or not complete. */
    MALFORMED,
    /** It is a stream, and usage could not be asked for without a guess. */
    UNSAFE,
    /** It is a stream, and its model is one that is not asked at present. */
    NOT_ASKED
  }

  /** A switch as the client stated it, in any spelling of pydantic; the last one of several. */
  public enum Flag {
    /** Not stated, or null. */
    ABSENT,
    TRUE,
    FALSE,
    /** A value that is neither; backends that take it at all take it for true. */
    OTHER;

    private boolean isOn() {
      return this == TRUE || this == OTHER;
    }
  }

  /** No {@link #n} was stated. */
  public static final long ABSENT = -1;

  /** The most that is held behind {@code null} until {@code stream} is known. */
  public static final int MAX_HELD = 64 * 1024;

  /** The longest literal that is replaced: {@code false}. */
  private static final int MAX_LITERAL = 5;

  private static final long NOWHERE = -1;

  private static final int STREAM = 0;
  private static final int STREAM_OPTIONS = 1;
  private static final int N = 2;
  private static final int MODEL = 3;
  private static final int SERVICE_TIER = 4;
  private static final int INCLUDE_USAGE = 5;
  private static final int CONTINUOUS_USAGE_STATS = 6;
  private static final byte[][] NAMES = {
    utf8("stream"),
    utf8("stream_options"),
    utf8("n"),
    utf8("model"),
    utf8("service_tier"),
    utf8("include_usage"),
    utf8("continuous_usage_stats")
  };

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final byte[] TRUE = utf8("true");
  private static final byte[] COMMA = utf8(",");
  private static final byte[] CLOSE = utf8("}");
  private static final byte[] INCLUDE_MEMBER = utf8("\"include_usage\":true");
  private static final byte[] CONTINUOUS_MEMBER = utf8("\"continuous_usage_stats\":true");
  private static final byte[] OPEN_OPTIONS = utf8("{");
  private static final byte[] OPTIONS_KEY = utf8(",\"stream_options\":");
  private static final byte[] OPTIONS_KEY_IN_ANOTHER_CASE = utf8(",\"Stream_Options\":");

  private final HeldBytes held;
  private final boolean continuous;
  private final Predicate<@Nullable String> asks;
  private final JsonWalk walk = new JsonWalk(false, true, NAMES);

  private int mark;
  private boolean walking = true;
  private boolean opened;
  private boolean complete;

  /** Where the literal begins that is to be replaced when it has ended. */
  private long literal = NOWHERE;

  /** Where {@code null} options begin and end that wait for the stream. */
  private long waiting = NOWHERE;

  private long waitingEnd;

  /** How often options were stated, in any case. */
  private int optionsStated;

  private boolean isNullOptions;

  /** Whether the stream options that are passing are edited. */
  private boolean editing;

  /** Whether the stream options that are passing have their name, and not one in another case. */
  private boolean exactOptions;

  /** Which switches of the current stream options are on by now, for readers of exact keys. */
  private int on;

  /** Whether the last options ask for all that is wanted: of both kinds of readers. */
  private boolean asked;

  private boolean foldedAsked;

  /** Which names the root (low bits) and the current stream options have had. */
  private int named;

  private boolean changed;
  private boolean duplicate;

  /** Whether the model was not to be asked. */
  private boolean notAsked;

  private Flag stream = Flag.ABSENT;
  private Flag includeUsage = Flag.ABSENT;
  private Flag continuousUsageStats = Flag.ABSENT;

  // The same for readers of any case.
  private Flag foldedStream = Flag.ABSENT;
  private Flag foldedIncludeUsage = Flag.ABSENT;
  private Flag foldedContinuousUsageStats = Flag.ABSENT;

  private long n = ABSENT;
  private @Nullable String model;
  private @Nullable String serviceTier;

  /**
   * For one body.
   *
   * @param out gets the bytes that go on, within {@link #feed} and {@link #end}
   * @param continuous whether running usage is wanted too; only for backends that are vLLM
   */
  public RequestSplice(ByteSink out, boolean continuous) {
    this(out, continuous, model -> true);
  }

  /**
   * For one body.
   *
   * @param out gets the bytes that go on, within {@link #feed} and {@link #end}
   * @param continuous whether running usage is wanted too; only for backends that are vLLM
   * @param asks whether a model, null when none is named, gets stream options that its client has
   *     not sent
   */
  public RequestSplice(ByteSink out, boolean continuous, Predicate<@Nullable String> asks) {
    this.held = new HeldBytes(out, MAX_HELD);
    this.continuous = continuous;
    this.asks = asks;
  }

  /** Reads the next chunk, any part of the body, an empty one included. */
  public void feed(byte[] b, int from, int to) {
    long base = held.begin(b, from);
    walk.begin(base);
    int i = from;
    while (mark < BYTE_ORDER_MARK.length && i < to) {
      if (b[i] != BYTE_ORDER_MARK[mark]) {
        // A part of a mark is no white space.
        walking &= mark == 0;
        mark = BYTE_ORDER_MARK.length;
        break;
      }
      mark++;
      i++;
    }
    read(b, i, to, base);
    long end = base + to;
    if (literal != NOWHERE && end - literal > MAX_LITERAL) {
      literal = NOWHERE;
    }
    if (waiting != NOWHERE && end - waiting > MAX_HELD) {
      waiting = NOWHERE;
    }
    held.passTo(waiting != NOWHERE ? waiting : literal != NOWHERE ? literal : end);
    held.keepTo(end);
  }

  /** The body has ended, or no more of it will come: what was held is passed on as it is. */
  public void end() {
    literal = NOWHERE;
    waiting = NOWHERE;
    held.passTo(held.end());
  }

  /**
   * After an exception within {@link #feed} or {@link #end}, instead of anything else: what has not
   * been passed on is passed on as it is.
   *
   * @param length of the chunk that was being read, 0 at the end
   */
  public void giveUp(int length) {
    held.passTo(held.end() + length);
  }

  private void read(byte[] b, int from, int to, long base) {
    int i = from;
    while (walking) {
      JsonWalk.Step step = walk.next(b, i, to);
      i = walk.position();
      switch (step) {
        case MORE -> {
          return;
        }
        case OPEN -> opened = true;
        case MEMBER -> member(b[i], base + i);
        case END -> endMember(base + i);
        case CLOSE -> close(base + i - 1);
        case MALFORMED -> {
          literal = NOWHERE;
          waiting = NOWHERE;
          walking = false;
        }
        case ELEMENT, COMMA -> {
          // of no interest
        }
      }
    }
  }

  private void member(byte first, long offset) {
    int key = walk.key();
    boolean inOptions = key >= INCLUDE_USAGE;
    if (inOptions != (walk.depth() == 2)) {
      return;
    }
    if (walk.isExact()) {
      duplicate |= (named & (1 << key)) != 0;
      named |= 1 << key;
    }
    switch (key) {
      case STREAM_OPTIONS -> {
        waiting = NOWHERE; // several: the last one counts
        exactOptions = walk.isExact();
        Flag known = exactOptions ? streaming() : foldedStream;
        editing = known != Flag.FALSE;
        on = 0;
        named &= ~(1 << INCLUDE_USAGE | 1 << CONTINUOUS_USAGE_STATS);
        foldedAsked = false;
        optionsStated++;
        isNullOptions = false;
        if (exactOptions) {
          asked = false;
          includeUsage = Flag.ABSENT;
          continuousUsageStats = Flag.ABSENT;
        }
        walk.follow();
        if (first == 'n' && exactOptions && editing) {
          literal = offset;
        }
      }
      case INCLUDE_USAGE, CONTINUOUS_USAGE_STATS -> {
        boolean wanted = key == INCLUDE_USAGE || continuous;
        if (editing && wanted && (first == 'f' || first == 'n')) {
          literal = offset;
        }
        walk.capture();
      }
      case STREAM -> walk.capture();
      case MODEL, SERVICE_TIER -> {
        if (walk.isExact()) {
          walk.capture();
        }
      }
      default -> {
        // its kind says all
      }
    }
  }

  private void endMember(long offset) {
    int key = walk.key();
    boolean inOptions = key >= INCLUDE_USAGE;
    if (inOptions != (walk.depth() == 2)) {
      return;
    }
    switch (key) {
      case STREAM -> endStream(offset);
      case STREAM_OPTIONS -> endOptions(offset);
      case N -> {
        if (walk.isExact()) {
          n = walk.kind() == JsonWalk.Kind.NUMBER ? walk.count() : ABSENT;
        }
      }
      case SERVICE_TIER -> {
        if (walk.isExact()) {
          serviceTier = walk.kind() == JsonWalk.Kind.TEXT ? walk.text() : null;
        }
      }
      case MODEL -> {
        if (walk.isExact()) {
          model = walk.kind() == JsonWalk.Kind.TEXT ? walk.text() : null;
        }
      }
      case INCLUDE_USAGE, CONTINUOUS_USAGE_STATS -> endSwitch(key, offset);
      default -> throw new IllegalStateException();
    }
    literal = NOWHERE;
  }

  private void endStream(long offset) {
    Flag stated = flag();
    // To Go null states nothing.
    foldedStream = stated == Flag.ABSENT ? foldedStream : stated;
    if (!walk.isExact()) {
      return;
    }
    stream = stated;
    boolean isHeld = waiting != NOWHERE && offset - waiting <= MAX_HELD;
    if (stream.isOn() && isHeld && mayAsk()) {
      literal = waiting;
      replaceTo(waitingEnd);
      insertOptions();
      asked = true;
      foldedAsked = true;
    }
    waiting = NOWHERE;
  }

  /** Options that are no object. */
  private void endOptions(long offset) {
    isNullOptions = walk.kind() == JsonWalk.Kind.NULL;
    foldedIncludeUsage = Flag.ABSENT;
    foldedContinuousUsageStats = Flag.ABSENT;
    if (!isNullOptions || literal == NOWHERE) {
      return;
    }
    if (streaming() == Flag.ABSENT) {
      waiting = literal;
      waitingEnd = offset;
    } else if (mayAsk()) {
      replaceTo(offset);
      insertOptions();
      asked = true;
      foldedAsked = true;
    }
  }

  private void endSwitch(int key, long offset) {
    Flag stated = flag();
    // To Go null states nothing.
    if (key == INCLUDE_USAGE) {
      foldedIncludeUsage = stated == Flag.ABSENT ? foldedIncludeUsage : stated;
      includeUsage = exactOptions && walk.isExact() ? stated : includeUsage;
    } else {
      foldedContinuousUsageStats = stated == Flag.ABSENT ? foldedContinuousUsageStats : stated;
      continuousUsageStats = exactOptions && walk.isExact() ? stated : continuousUsageStats;
    }
    boolean isOn = stated == Flag.TRUE;
    boolean literally = walk.kind() == JsonWalk.Kind.FALSE || walk.kind() == JsonWalk.Kind.NULL;
    if (literally && literal != NOWHERE) {
      replaceTo(offset);
      held.insert(TRUE);
      isOn = true;
    }
    if (walk.isExact()) {
      on = isOn ? on | 1 << key : on & ~(1 << key);
    }
  }

  private void close(long brace) {
    if (walk.depth() > 0) {
      closeOptions(brace);
      return;
    }
    if (stream.isOn() && !asked) {
      // Once and null, beyond what is held: a client that means nothing by it, and a reader that
      // takes no key twice may serve it.
      boolean single = optionsStated == 1 && isNullOptions;
      if (!single) {
        addOptions(OPTIONS_KEY, brace);
      }
    } else if (foldedStream.isOn() && !foldedAsked) {
      addOptions(OPTIONS_KEY_IN_ANOTHER_CASE, brace);
    }
    waiting = NOWHERE;
    complete = true;
    walking = false;
  }

  private void addOptions(byte[] key, long brace) {
    if (!mayAsk()) {
      return;
    }
    held.passTo(brace);
    held.insert(key);
    insertOptions();
    asked = true;
    foldedAsked = true;
  }

  private boolean mayAsk() {
    notAsked = !asks.test(model);
    return !notAsked;
  }

  private void closeOptions(long brace) {
    boolean addInclude = (on & (1 << INCLUDE_USAGE)) == 0;
    boolean addContinuous = continuous && (on & (1 << CONTINUOUS_USAGE_STATS)) == 0;
    if (editing && (addInclude || addContinuous)) {
      held.passTo(brace);
      if (walk.closedMembers() > 0) {
        held.insert(COMMA);
      }
      insertMembers(addInclude, addContinuous);
    }
    foldedAsked = editing || !(addInclude || addContinuous);
    asked = exactOptions ? foldedAsked : asked;
  }

  private void replaceTo(long offset) {
    held.passTo(literal);
    held.dropTo(offset);
    changed = true;
  }

  private void insertOptions() {
    held.insert(OPEN_OPTIONS);
    insertMembers(true, continuous);
    held.insert(CLOSE);
  }

  private void insertMembers(boolean include, boolean runningToo) {
    if (include) {
      held.insert(INCLUDE_MEMBER);
    }
    if (runningToo) {
      if (include) {
        held.insert(COMMA);
      }
      held.insert(CONTINUOUS_MEMBER);
    }
    changed = true;
  }

  /** As pydantic reads it: {@code bool_validator} of pydantic-core, not strict. */
  private Flag flag() {
    return switch (walk.kind()) {
      case TRUE -> Flag.TRUE;
      case FALSE -> Flag.FALSE;
      case NULL -> Flag.ABSENT;
      case TEXT -> flag(walk.text());
      case NUMBER -> number(walk.number());
      default -> Flag.OTHER;
    };
  }

  private static Flag flag(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "t", "yes", "y", "on", "1" -> Flag.TRUE;
      case "false", "f", "no", "n", "off", "0" -> Flag.FALSE;
      default -> Flag.OTHER;
    };
  }

  private static Flag number(String text) {
    try {
      double value = Double.parseDouble(text);
      return value == 1 ? Flag.TRUE : value == 0 ? Flag.FALSE : Flag.OTHER;
    } catch (NumberFormatException e) {
      return Flag.OTHER;
    }
  }

  /** What is known by now; ABSENT is "nothing yet". */
  private Flag streaming() {
    return stream == Flag.ABSENT && (named & (1 << STREAM)) != 0 ? Flag.FALSE : stream;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  // --- what was found ------------------------------------------------------------------------

  /** What became of the body; before its end: what would have, if it ended now. */
  public Outcome outcome() {
    if (!complete) {
      return opened ? Outcome.MALFORMED : Outcome.NOT_JSON;
    }
    if (!stream.isOn() && !foldedStream.isOn()) {
      return Outcome.NOT_STREAMING;
    }
    boolean everybody = (asked || !stream.isOn()) && (foldedAsked || !foldedStream.isOn());
    if (everybody) {
      return changed ? Outcome.EDITED : Outcome.ALREADY;
    }
    return notAsked ? Outcome.NOT_ASKED : Outcome.UNSAFE;
  }

  /** Whether what was passed on differs from what was read. */
  public boolean isChanged() {
    return changed;
  }

  /** What the response has to be freed of; null if the client asked for all that it will get. */
  public UsageStrip.@Nullable Mode strip() {
    if (!changed) {
      return null;
    }
    // Where it depends on the reader, a chunk that the client may have asked for stays.
    if (!includeUsage.isOn() && !foldedIncludeUsage.isOn()) {
      return UsageStrip.Mode.ALL;
    }
    boolean runningToo = continuousUsageStats.isOn() || foldedContinuousUsageStats.isOn();
    return continuous && !runningToo ? UsageStrip.Mode.CONTINUOUS : null;
  }

  /** {@code stream}, as stated. */
  public Flag stream() {
    return stream;
  }

  /** {@code stream_options.include_usage}, as the client stated it. */
  public Flag includeUsage() {
    return includeUsage;
  }

  /** {@code stream_options.continuous_usage_stats}, as the client stated it. */
  public Flag continuousUsageStats() {
    return continuousUsageStats;
  }

  /** {@code n}, the number of choices asked for: 0 to 2^53 − 1, or {@link #ABSENT}. */
  public long n() {
    return n;
  }

  /** {@code model}, at most 256 bytes of UTF-8; null when there is none. */
  public @Nullable String model() {
    return model;
  }

  /** {@code service_tier}, at most 256 bytes of UTF-8; null when there is none. */
  public @Nullable String serviceTier() {
    return serviceTier;
  }

  /** Whether one of the members named here was stated twice. */
  public boolean duplicateSeen() {
    return duplicate;
  }
}
