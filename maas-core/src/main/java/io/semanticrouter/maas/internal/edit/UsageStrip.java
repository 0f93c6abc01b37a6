// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.edit;

import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.bytes.HeldBytes;
import io.semanticrouter.maas.internal.bytes.StringBytes;
import io.semanticrouter.maas.internal.framing.FirstBytes;
import io.semanticrouter.maas.internal.framing.Framing;
import io.semanticrouter.maas.internal.json.JsonWalk;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Gives back a response stream as the client would have seen it without the usage that the gateway
 * asked for: server-sent events, cut into chunks anywhere. The usage chunk is dropped, usage
 * members are cut out of other events; all other bytes are those of the input, in their order, and
 * events keep their boundaries. A body that is no event stream passes, whatever its label says
 * ({@link FirstBytes}).
 *
 * <ul>
 *   <li>Dropped is an event, all its lines and the blank line behind it, whose data is a JSON
 *       object with a {@code usage} object and no choices: no such member, null or an array without
 *       elements (every one, if stated twice). One with an {@code error} stays. Comments in front
 *       of it stay, comments between its lines go with it. It is dropped too when the stream ends
 *       without the blank line: browsers would ignore it, but clients that read line by line would
 *       not.
 *   <li>Where a data line ends an object, the next one can begin another: some backends put no
 *       blank line between events. Then only the lines of the object are dropped.
 *   <li>Cut is a member {@code usage} of the root object, if it is an object or null, with one
 *       comma: the one in front, or the one behind if no member is left in front. White space
 *       between it and that comma goes with it. Of data on several lines only the data is cut, the
 *       lines stay.
 *   <li>An event that is not well-formed is passed on as it is from the place on where that shows.
 * </ul>
 *
 * <p>An event is held as long as it may have to be dropped, then only a member that may have to be
 * cut: never more than a limit. An event that outgrows it is passed on as it is, and counted. An
 * event without usage passes with the chunk that it came in. Nothing is allocated per chunk. Not
 * thread-safe.
 *
 * <p>Sources: OpenAI's {@code stream_options.include_usage} (a last chunk with empty choices and
 * the usage, {@code "usage":null} in all others), vLLM's {@code continuous_usage_stats} (usage in
 * every chunk), Azure's first chunk (empty choices, no usage), public reports of gateways that
 * write {@code "choices":null} (MiniMax) or no choices (Fireworks, ROCm ATOM), WHATWG HTML 9.2.6
 * for events.
 */
public final class UsageStrip {
  /** What the client did not ask for. */
  public enum Mode {
    /** Any usage: the usage chunk is dropped, usage is cut out of all other events. */
    ALL,
    /** Running usage: cut out of events with choices only. */
    CONTINUOUS
  }

  /** The longest event that can be dropped, unless told otherwise, in bytes. */
  public static final int LIMIT = 16 * 1024;

  private static final int SMALLEST_LIMIT = 16;

  /** Usage members of one event that can wait for the decision; more are a malformed event's. */
  private static final int MAX_CUTS = 8;

  private static final int USAGE = 0;
  private static final int CHOICES = 1;
  private static final byte[][] NAMES = {
    "usage".getBytes(StandardCharsets.UTF_8),
    "choices".getBytes(StandardCharsets.UTF_8),
    "error".getBytes(StandardCharsets.UTF_8)
  };

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final byte[] DATA = {'d', 'a', 't', 'a'};

  private enum Line {
    START,
    FIELD_NAME,
    FIRST_SPACE,
    DATA,
    IGNORED
  }

  /** How the data of the current event is read. */
  private enum Payload {
    START,
    OBJECT,
    /** Behind an object that will be dropped if nothing else follows in its line. */
    BEHIND,
    /** Nothing in the rest of the line will be edited. */
    PASSED
  }

  private final HeldBytes held;
  private final Mode mode;
  private final int limit;
  private final JsonWalk walk = new JsonWalk(true, false, NAMES);

  /** Null once it has told that these are events. */
  private @Nullable FirstBytes firstBytes;

  /** Whether the body is no event stream. */
  private boolean off;

  private long base;
  private int mark;
  private Line line = Line.START;
  private int matched;
  private boolean skipLineFeed;

  /** Whether the line feed that may follow belongs to a dropped event. */
  private boolean dropLineFeed;

  private long lineStart;

  // The current event.
  private boolean inEvent;

  /** Where it begins, or behind what has been dropped at its beginning. */
  private long eventStart;

  /** Whether nothing of the event has been passed on that would be left of it. */
  private boolean whole;

  // The current document of the event.
  private int dataLines;
  private Payload payload = Payload.START;

  /** Where its first data line begins. */
  private long documentStart;

  /** Behind the line in which the object ends; -1 before that. */
  private long documentEnd;

  /** Whether it may have to be dropped. */
  private boolean undecided;

  /** Whether it is only read on to see where it ends. */
  private boolean untouched;

  private boolean choicesFilled;
  private boolean usageObject;

  /** Whether the usage that is being read is neither an object nor null. */
  private boolean usageStays;

  /** Members that are or will be cut. */
  private int cutMembers;

  /** Cuts that wait for a decision. */
  private final long[] cutFrom = new long[MAX_CUTS];

  private final long[] cutTo = new long[MAX_CUTS];
  private int cuts;

  /** Whether the last cut takes the comma behind it, which has not come yet. */
  private boolean cutOpen;

  private long droppedEvents;
  private long cutCount;
  private long overflows;

  /**
   * For one response; holds up to {@link #LIMIT} bytes.
   *
   * @param label what the body is said to be
   */
  public UsageStrip(ByteSink out, Mode mode, Framing label) {
    this(out, mode, label, LIMIT);
  }

  /**
   * For one response.
   *
   * @param out gets the bytes that go on, within {@link #feed} and {@link #end}
   * @param limit the most bytes that are held, 16 at least
   */
  UsageStrip(ByteSink out, Mode mode, Framing label, int limit) {
    if (limit < SMALLEST_LIMIT) {
      throw new IllegalArgumentException("limit below " + SMALLEST_LIMIT + ": " + limit);
    }
    this.firstBytes = new FirstBytes(label);
    this.held = new HeldBytes(out, limit);
    this.mode = mode;
    this.limit = limit;
  }

  /** Reads the next chunk, any part of the body, an empty one included. */
  public void feed(byte[] b, int from, int to) {
    base = held.begin(b, from);
    walk.begin(base);
    int i = mark < BYTE_ORDER_MARK.length ? mark(b, from, to) : from;
    if (firstBytes != null) {
      look(firstBytes, b, i, to);
    }
    if (off) {
      held.passTo(base + to);
      held.keepTo(base + to);
      return;
    }
    while (i < to) {
      byte c = b[i];
      switch (line) {
        case START -> i = startLine(c, i);
        case FIELD_NAME -> {
          if (matched < DATA.length && c == DATA[matched]) {
            matched++;
            i++;
          } else if (matched == DATA.length && c == ':') {
            i++;
            line = Line.FIRST_SPACE;
          } else if (matched == DATA.length && StringBytes.isLineEnd(c)) {
            beginData();
            i = endLine(c, i);
          } else {
            line = Line.IGNORED;
          }
        }
        case FIRST_SPACE -> {
          if (c == ' ') {
            i++;
          }
          beginData();
        }
        case DATA -> {
          i = data(b, i, to);
          if (i < to) {
            i = endLine(b[i], i);
            if (payload == Payload.BEHIND && documentEnd < 0) {
              documentEnd = base + i;
            }
          }
        }
        case IGNORED -> {
          i = lineEnd(b, i, to);
          if (i < to) {
            i = endLine(b[i], i);
          }
        }
      }
    }
    endChunk(base + to);
  }

  /**
   * The stream has ended, or no more of it will come: what was held is passed on as it is, unless
   * it is an event to drop of which only the blank line is missing.
   */
  public void end() {
    long end = held.end();
    if (inEvent) {
      endEvent(end, end);
    }
    held.passTo(end);
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

  // --- lines ---------------------------------------------------------------------------------

  private int mark(byte[] b, int from, int to) {
    int i = from;
    while (i < to && mark < BYTE_ORDER_MARK.length) {
      if (b[i] == BYTE_ORDER_MARK[mark]) {
        mark++;
        i++;
        continue;
      }
      if (mark > 0) {
        // A part of a mark is the beginning of some field's name.
        firstBytes = null;
        beginEvent(0);
        line = Line.IGNORED;
      }
      mark = BYTE_ORDER_MARK.length;
    }
    return i;
  }

  /** Tells events from other bodies: there is no data line before they are told. */
  private void look(FirstBytes open, byte[] b, int from, int to) {
    open.read(b, from, to);
    if (open.isDecided()) {
      firstBytes = null;
      off = open.framing() != Framing.SSE;
      inEvent &= !off;
    }
  }

  private int startLine(byte c, int i) {
    if (skipLineFeed) {
      skipLineFeed = false;
      if (c == '\n') {
        if (dropLineFeed) {
          held.dropTo(base + i + 1);
        } else if (documentEnd == base + i) {
          documentEnd++;
        }
        dropLineFeed = false;
        return i + 1;
      }
      dropLineFeed = false;
    }
    if (StringBytes.isLineEnd(c)) {
      if (inEvent) {
        dropLineFeed = endEvent(base + i, base + i + 1) && c == '\r';
      }
      return endLine(c, i);
    }
    if (c == ':') {
      line = Line.IGNORED;
      return i;
    }
    lineStart = base + i;
    if (!inEvent) {
      beginEvent(lineStart);
    }
    matched = 0;
    line = Line.FIELD_NAME;
    return i;
  }

  private int endLine(byte c, int i) {
    skipLineFeed = c == '\r';
    line = Line.START;
    return i + 1;
  }

  private static int lineEnd(byte[] b, int from, int to) {
    int i = from;
    while (i < to && !StringBytes.isLineEnd(b[i])) {
      i++;
    }
    return i;
  }

  // --- events --------------------------------------------------------------------------------

  private void beginEvent(long offset) {
    inEvent = true;
    eventStart = offset;
    whole = true;
    beginDocument();
  }

  private void beginDocument() {
    dataLines = 0;
    payload = Payload.START;
    documentEnd = -1;
    undecided = mode == Mode.ALL;
    untouched = false;
    choicesFilled = false;
    usageObject = false;
    usageStays = false;
    cutMembers = 0;
    cuts = 0;
    cutOpen = false;
  }

  private void beginData() {
    if (payload == Payload.PASSED) {
      whole = false;
      beginDocument();
    }
    if (dataLines++ == 0) {
      documentStart = lineStart;
    } else if (payload == Payload.OBJECT) {
      walk.lineFeed();
    }
    line = Line.DATA;
  }

  private int data(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      byte c = b[i];
      if (payload == Payload.OBJECT) {
        i = object(b, i, to);
        if (i < to && payload == Payload.OBJECT) {
          return i;
        }
        continue;
      }
      if (StringBytes.isLineEnd(c)) {
        return i;
      }
      if (payload == Payload.PASSED) {
        return lineEnd(b, i, to);
      }
      if (payload == Payload.START && c == '{') {
        walk.reset();
        payload = Payload.OBJECT;
      } else if (c == ' ' || c == '\t') {
        i++;
      } else if (payload == Payload.BEHIND && documentEnd >= 0) {
        if (outgrown(base + i)) {
          untouched(base + i);
        } else {
          dropDocument();
        }
      } else {
        pass(base + i);
      }
    }
    return i;
  }

  /**
   * An event has ended.
   *
   * @param offset of the blank line
   * @param behind the offset behind it
   * @return whether the event was dropped
   */
  private boolean endEvent(long offset, long behind) {
    boolean drop = undecided && payload == Payload.BEHIND && !outgrown(offset);
    if (!drop) {
      pass(offset);
    } else if (whole) {
      held.passTo(eventStart);
      held.dropTo(behind);
      droppedEvents++;
    } else {
      held.passTo(documentStart);
      held.dropTo(documentEnd < 0 ? offset : documentEnd);
      droppedEvents++;
    }
    inEvent = false;
    return drop && whole;
  }

  /** Another document follows in the event: only the lines of this one go. */
  private void dropDocument() {
    held.passTo(documentStart);
    held.dropTo(documentEnd);
    droppedEvents++;
    whole &= documentStart == eventStart;
    eventStart = documentEnd;
    nextDocument();
  }

  /** From here on nothing is edited in this document, and nothing that waits for it either. */
  private void untouched(long offset) {
    if (outgrown(offset)) {
      overflows++;
    }
    untouched = true;
    undecided = false;
    cuts = 0;
    cutOpen = false;
    if (payload == Payload.BEHIND) {
      payload = Payload.PASSED;
      if (line == Line.DATA && documentEnd >= 0) {
        whole = false;
        nextDocument();
      }
    }
  }

  /** The data line that has begun holds no more of the last document. */
  private void nextDocument() {
    beginDocument();
    dataLines = 1;
    documentStart = lineStart;
  }

  /** The same, and where it ends does not matter, or is not known. */
  private void pass(long offset) {
    untouched(offset);
    payload = Payload.PASSED;
  }

  // --- the object ----------------------------------------------------------------------------

  private int object(byte[] b, int from, int to) {
    int i = from;
    while (payload == Payload.OBJECT) {
      JsonWalk.Step step = walk.next(b, i, to);
      i = walk.position();
      if (step == JsonWalk.Step.MORE) {
        return i;
      }
      long offset = base + i;
      if (step == JsonWalk.Step.MALFORMED) {
        pass(offset);
        return i;
      }
      if (outgrown(offset)) {
        untouched(offset);
      }
      if (untouched) {
        payload = step == JsonWalk.Step.CLOSE ? Payload.PASSED : payload;
        continue;
      }
      switch (step) {
        case MEMBER -> member(b[i]);
        case ELEMENT -> {
          choicesFilled = true;
          decided();
        }
        case END -> endMember(offset);
        case COMMA -> {
          if (cutOpen) {
            cutTo[cuts - 1] = offset;
            cutOpen = false;
            cut();
          }
        }
        case CLOSE -> close();
        default -> {
          // the root has been opened
        }
      }
    }
    return i;
  }

  private void member(byte first) {
    if (walk.key() == USAGE) {
      usageStays = first != '{' && first != 'n';
    } else if (first == '[' && walk.key() == CHOICES) {
      walk.follow();
    } else if (first != 'n') {
      decided();
    }
  }

  private void endMember(long offset) {
    if (walk.key() != USAGE) {
      if (walk.kind() == JsonWalk.Kind.OTHER) {
        decided();
      }
      return;
    }
    usageStays = false;
    boolean object = walk.kind() == JsonWalk.Kind.OBJECT;
    usageObject |= object;
    if (!object && walk.kind() != JsonWalk.Kind.NULL) {
      return;
    }
    if (cuts == MAX_CUTS) {
      untouched(offset);
      return;
    }
    cutFrom[cuts] = memberStart();
    cutTo[cuts] = offset;
    cutOpen = walk.index() == cutMembers;
    cuts++;
    cutMembers++;
    cut();
  }

  /** The root has been closed: everything about the event is known but what follows. */
  private void close() {
    cutOpen = false;
    if (undecided && usageObject) {
      payload = Payload.BEHIND;
      return;
    }
    decided();
    cuts = 0;
    payload = Payload.PASSED;
  }

  /** The event will not be dropped. */
  private void decided() {
    undecided = false;
    cut();
  }

  /** Makes the cuts that wait, if it is known by now that they are to be made. */
  private void cut() {
    boolean known = mode == Mode.ALL ? !undecided : choicesFilled;
    if (!known || cutOpen) {
      return;
    }
    for (int k = 0; k < cuts; k++) {
      held.passTo(cutFrom[k]);
      if (dataLines > 1) {
        dropData(cutFrom[k], cutTo[k]);
      } else {
        held.dropTo(cutTo[k]);
      }
      cutCount++;
    }
    cuts = 0;
  }

  /** Drops the data between two places in the data, and passes on what frames its lines. */
  private void dropData(long from, long to) {
    long i = from;
    while (i < to) {
      while (i < to && !isLineEnd(i)) {
        i++;
      }
      held.dropTo(i);
      if (i < to) {
        i = nextData(i);
        held.passTo(i);
      }
    }
  }

  /** Where data begins on the next line that has some; there is one. */
  private long nextData(long lineEnd) {
    long i = lineEnd;
    while (true) {
      while (isLineEnd(i)) {
        i++;
      }
      int name = 0;
      while (name < DATA.length && held.at(i) == DATA[name]) {
        name++;
        i++;
      }
      if (name == DATA.length && held.at(i) == ':') {
        i++;
        return held.at(i) == ' ' ? i + 1 : i;
      }
      while (!isLineEnd(i)) {
        i++;
      }
    }
  }

  private boolean isLineEnd(long offset) {
    return StringBytes.isLineEnd(held.at(offset));
  }

  // --- what is held --------------------------------------------------------------------------

  /** Where the cut of the member begins that is being read: at its comma, if it has to have one. */
  private long memberStart() {
    return walk.index() > cutMembers ? walk.commaOffset() : walk.keyOffset();
  }

  /** From where on it is held at that place, because an event or a known usage may have to go. */
  private long heldSince(long offset) {
    if (undecided) {
      return whole ? eventStart : documentStart;
    }
    if (payload == Payload.PASSED) {
      // The line may have another document.
      boolean named = line == Line.FIELD_NAME || line == Line.FIRST_SPACE;
      return mode == Mode.ALL && named ? lineStart : offset;
    }
    if (untouched) {
      return offset;
    }
    if (cuts > 0) {
      return cutFrom[0];
    }
    return payload == Payload.OBJECT && walk.key() == USAGE && !usageStays ? memberStart() : offset;
  }

  /**
   * Whether more is held at that place than may be. It is asked wherever something is decided and
   * where a chunk ends, so that the answer does not depend on the chunks.
   */
  private boolean outgrown(long offset) {
    return inEvent && offset - heldSince(offset) > limit;
  }

  private void endChunk(long end) {
    while (outgrown(end)) {
      untouched(end);
    }
    long since = end;
    if (mark > 0 && mark < BYTE_ORDER_MARK.length) {
      since = 0;
    } else if (inEvent) {
      since = heldSince(end);
      if (since == end && payload == Payload.OBJECT && !untouched) {
        since = keyHeldSince(end);
      }
    }
    held.passTo(since);
    held.keepTo(end);
  }

  /**
   * The same for a member whose name is not known yet. If that is too long it is not held: a name
   * that turns out to be usage has outgrown then.
   */
  private long keyHeldSince(long end) {
    long since = end;
    if (walk.isInKey()) {
      since = memberStart();
    } else if (walk.isBeforeKey() && walk.begun() > cutMembers) {
      since = walk.commaOffset();
    }
    return end - since > limit ? end : since;
  }

  // --- what was done -------------------------------------------------------------------------

  /** How many events were dropped. */
  public long droppedEvents() {
    return droppedEvents;
  }

  /** How many usage members were cut out. */
  public long cutMembers() {
    return cutCount;
  }

  /** How many events were passed on as they are because they outgrew the limit. */
  public long overflows() {
    return overflows;
  }
}
