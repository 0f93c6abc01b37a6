// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Asks for usage in the request body of a stream while it passes: {@code
 * stream_options.include_usage} becomes true, and for backends that know it {@code
 * stream_options.continuous_usage_stats}. All other bytes are those of the input, in their order;
 * chunks may be cut anywhere. At most five bytes are held, memory is constant, nothing is allocated
 * per chunk. For chat completions and completions; the Responses API has a {@code stream_options}
 * of another meaning, and no need of this.
 *
 * <p>Sources: {@code stream}, {@code stream_options.include_usage}, {@code n} and {@code model} are
 * of OpenAI's chat completions API; {@code continuous_usage_stats} is vLLM's ({@code
 * engine/protocol.py}, {@code StreamOptions}) and counts only beside {@code include_usage}.
 *
 * <p>What is edited, and when:
 *
 * <ul>
 *   <li>No {@code stream_options}, {@code stream} is true: the member is added in front of the
 *       closing brace.
 *   <li>An object: its {@code false} and {@code null} become true, what is missing is added in
 *       front of its closing brace; every time that one is stated, so that it does not matter which
 *       the backend takes. Also when {@code stream} has not been seen by then: a client that sends
 *       stream options claims to stream. If it turns out not to, backends that reject stream
 *       options without a stream would have rejected the client's too; vLLM lets an empty object
 *       pass there and will not let pass ours. Not when {@code stream} is known not to be true.
 *   <li>{@code null}: replaced by an object when {@code stream} has been true by then. When not, it
 *       stays, since clients that do not stream spell "no options" like that, and an object would
 *       make their request an error. If the stream is claimed later the outcome is {@link
 *       Outcome#UNSAFE}.
 *   <li>Anything else stays: {@link Outcome#UNSAFE}. A key is never added twice.
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
    /** It is a stream, or may be one, and usage could not be asked for without a guess. */
    UNSAFE
  }

  /** A switch as the client stated it; the last one, if stated twice. */
  public enum Flag {
    /** Not stated, or null. */
    ABSENT,
    TRUE,
    FALSE,
    /** A value that is no boolean. Some backends take {@code "true"} and {@code 1} for true. */
    OTHER
  }

  /** No {@link #n} was stated. */
  public static final long ABSENT = -1;

  /** The longest literal that is replaced: {@code false}. */
  private static final int HELD = 5;

  private static final long NOWHERE = -1;

  private static final int STREAM = 0;
  private static final int STREAM_OPTIONS = 1;
  private static final int N = 2;
  private static final int MODEL = 3;
  private static final int INCLUDE_USAGE = 4;
  private static final int CONTINUOUS_USAGE_STATS = 5;
  private static final byte[][] NAMES = {
    utf8("stream"),
    utf8("stream_options"),
    utf8("n"),
    utf8("model"),
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

  private final HeldBytes held;
  private final boolean continuous;
  private final JsonWalk walk = new JsonWalk(false, NAMES);

  /** What is known of {@code stream} before the body. */
  private final Flag foreknown;

  private int mark;
  private boolean walking = true;
  private boolean opened;
  private boolean complete;

  /** Where the literal begins that is to be replaced when it has ended. */
  private long literal = NOWHERE;

  private boolean optionsSeen;

  /** Whether the stream options that are passing are edited. */
  private boolean editing;

  /** Which names the root (low bits) and the current stream options have had. */
  private int named;

  private boolean changed;
  private boolean gap;
  private boolean duplicate;

  private Flag stream = Flag.ABSENT;
  private Flag includeUsage = Flag.ABSENT;
  private Flag continuousUsageStats = Flag.ABSENT;
  private long n = ABSENT;
  private @Nullable String model;

  /**
   * For one body.
   *
   * @param out gets the bytes that go on, within {@link #feed} and {@link #end}
   * @param continuous whether running usage is wanted too; only for backends that are vLLM
   */
  public RequestSplice(ByteSink out, boolean continuous) {
    this(out, continuous, Flag.ABSENT);
  }

  private RequestSplice(ByteSink out, boolean continuous, Flag foreknown) {
    this.held = new HeldBytes(out, HELD);
    this.continuous = continuous;
    this.foreknown = foreknown;
  }

  /**
   * A whole body in one go. It is read twice, so that {@code stream} is known wherever it stands:
   * {@code null} stream options are always replaced in a stream, and a body that asks for no stream
   * is never edited.
   */
  public static RequestSplice whole(byte[] body, ByteSink out, boolean continuous) {
    RequestSplice first = new RequestSplice((b, from, to) -> {}, continuous, Flag.ABSENT);
    first.feed(body, 0, body.length);
    first.end();
    Flag known = first.stream == Flag.ABSENT ? Flag.FALSE : first.stream;
    RequestSplice second = new RequestSplice(out, continuous, known);
    second.feed(body, 0, body.length);
    second.end();
    return second;
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
    if (literal != NOWHERE && end - literal > HELD) {
      literal = NOWHERE;
    }
    held.passTo(literal == NOWHERE ? end : literal);
    held.keepTo(end);
  }

  /** The body has ended, or no more of it will come: what was held is passed on as it is. */
  public void end() {
    literal = NOWHERE;
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
    duplicate |= (named & (1 << key)) != 0;
    named |= 1 << key;
    switch (key) {
      case MODEL -> walk.capture();
      case STREAM_OPTIONS -> {
        optionsSeen = true;
        includeUsage = Flag.ABSENT;
        continuousUsageStats = Flag.ABSENT;
        named &= ~(1 << INCLUDE_USAGE | 1 << CONTINUOUS_USAGE_STATS);
        walk.follow();
        Flag known = streaming();
        editing = known == Flag.TRUE || known == Flag.ABSENT;
        if (first == 'n' && known == Flag.TRUE) {
          literal = offset;
        }
      }
      case INCLUDE_USAGE, CONTINUOUS_USAGE_STATS -> {
        boolean wanted = key == INCLUDE_USAGE || continuous;
        if (editing && wanted && (first == 'f' || first == 'n')) {
          literal = offset;
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
      case STREAM -> stream = flag();
      case STREAM_OPTIONS -> {
        if (walk.kind() == JsonWalk.Kind.NULL && literal != NOWHERE) {
          replaceTo(offset);
          insertOptions();
        } else {
          gap = true;
        }
      }
      case N -> n = walk.kind() == JsonWalk.Kind.NUMBER ? walk.count() : ABSENT;
      case MODEL -> model = walk.kind() == JsonWalk.Kind.TEXT ? walk.text() : null;
      case INCLUDE_USAGE -> {
        includeUsage = flag();
        endSwitch(includeUsage, offset);
      }
      case CONTINUOUS_USAGE_STATS -> {
        continuousUsageStats = flag();
        if (continuous) {
          endSwitch(continuousUsageStats, offset);
        }
      }
      default -> throw new IllegalStateException();
    }
    literal = NOWHERE;
  }

  private void endSwitch(Flag stated, long offset) {
    if (stated == Flag.TRUE) {
      return;
    }
    if (stated != Flag.OTHER && literal != NOWHERE) {
      replaceTo(offset);
      held.insert(TRUE);
    } else {
      gap = true;
    }
  }

  private void close(long brace) {
    if (walk.depth() > 0) {
      closeOptions(brace);
      return;
    }
    if (!optionsSeen && streaming() == Flag.TRUE) {
      held.passTo(brace);
      held.insert(OPTIONS_KEY);
      insertOptions();
    }
    complete = true;
    walking = false;
  }

  private void closeOptions(long brace) {
    boolean addInclude = (named & (1 << INCLUDE_USAGE)) == 0;
    boolean addContinuous = continuous && (named & (1 << CONTINUOUS_USAGE_STATS)) == 0;
    if (!addInclude && !addContinuous) {
      return;
    }
    if (!editing || includeUsage == Flag.OTHER) {
      gap = true;
      return;
    }
    held.passTo(brace);
    if (walk.closedMembers() > 0) {
      held.insert(COMMA);
    }
    insertMembers(addInclude, addContinuous);
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

  private Flag flag() {
    return switch (walk.kind()) {
      case TRUE -> Flag.TRUE;
      case FALSE -> Flag.FALSE;
      case NULL -> Flag.ABSENT;
      default -> Flag.OTHER;
    };
  }

  /** What is known by now; ABSENT is "nothing yet". */
  private Flag streaming() {
    if (foreknown != Flag.ABSENT) {
      return foreknown;
    }
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
    return switch (stream) {
      case OTHER -> Outcome.UNSAFE;
      case ABSENT, FALSE -> Outcome.NOT_STREAMING;
      case TRUE -> gap ? Outcome.UNSAFE : changed ? Outcome.EDITED : Outcome.ALREADY;
    };
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
    return switch (includeUsage) {
      case ABSENT, FALSE -> UsageStrip.Mode.ALL;
      // With OTHER the backend decides; a chunk that the client may have asked for stays.
      case TRUE, OTHER ->
          continuous && continuousUsageStats != Flag.TRUE ? UsageStrip.Mode.CONTINUOUS : null;
    };
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

  /** Whether one of the members named here was stated twice. */
  public boolean duplicateSeen() {
    return duplicate;
  }
}
