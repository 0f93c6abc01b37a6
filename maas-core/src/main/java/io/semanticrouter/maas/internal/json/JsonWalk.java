// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.json;

import io.semanticrouter.maas.internal.bytes.StringBytes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Walks through one JSON object, cut into chunks anywhere, and stops where an editor has to know
 * the place: at members of given names and where objects end. Everything else is skipped on the
 * way: no decoding to characters, no recursion, no allocation, constant memory.
 *
 * <p>Of the objects that it walks through it insists on well-formed structure; inside what it skips
 * it only follows strings and brackets. Names are compared after unescaping, and without regard to
 * case where that is asked for. {@code NaN} and {@code Infinity} are values, as in Python. Not
 * thread-safe.
 */
public final class JsonWalk {
  /** No name, or none of the given ones. */
  static final int NONE = -1;

  private static final int MAX_DEPTH = 2;
  private static final int MAX_SCALAR = 32;

  /** Why the walk has stopped; {@link #position} tells where. */
  public enum Step {
    /** At the end of the chunk, or at a line end where those stop. */
    MORE,
    /** Behind the "{" of the root or of a followed object. */
    OPEN,
    /** At the first byte of the value of a member with a given name. */
    MEMBER,
    /** At the first byte of the first element of a followed array. */
    ELEMENT,
    /** Behind the value of that member; not where it was a followed object. */
    END,
    /** Behind the comma behind that member. */
    COMMA,
    /** Behind the "}" of the root or of a followed object. */
    CLOSE,
    /** At a byte that cannot be there. */
    MALFORMED
  }

  /** What a value turned out to be. */
  public enum Kind {
    OBJECT,
    ARRAY,
    /** A followed array without elements. */
    EMPTY_ARRAY,
    TEXT,
    NUMBER,
    TRUE,
    FALSE,
    NULL,
    /** Not JSON. */
    OTHER
  }

  private enum State {
    ROOT,
    FIRST_KEY,
    KEY,
    COLON,
    VALUE,
    FIRST_ELEMENT,
    AFTER_VALUE,
    STRING,
    ESCAPE,
    UNICODE,
    SCALAR,
    SKIP,
    CLOSED,
    MALFORMED
  }

  private enum StringUse {
    KEY,
    TEXT,
    NONE
  }

  private final byte[][] names;
  private final boolean folds;
  private final boolean lineEndStops;
  private final SkippedValue skipped;
  private final TextBuffer captured = new TextBuffer();
  private final byte[] scalar = new byte[MAX_SCALAR];
  private int scalarLength;

  private State state = State.ROOT;
  private StringUse use = StringUse.NONE;
  private Step step = Step.MORE;
  private Kind kind = Kind.OTHER;
  private int position;
  private long base;
  private int depth;

  /** How many members of the object at each depth have begun. */
  private final int[] begun = new int[MAX_DEPTH + 1];

  private int key = NONE;

  /** Whether the key is the name itself, and not one that differs in case. */
  private boolean exact;

  private long commaOffset;
  private long keyOffset;

  /** Whether {@link Step#MEMBER} has been told for the value that comes next. */
  private boolean told;

  private boolean follow;
  private boolean capture;
  private boolean commaStops;

  /**
   * A walk through one object after the other.
   *
   * @param lineEndStops whether a line feed or carriage return ends the reading, wherever it
   *     stands, as in an event stream
   * @param folds whether a key that differs from a name in case only is that name too
   * @param names UTF-8, of lower-case letters and signs of ASCII; {@link #key} is an index of them
   */
  public JsonWalk(boolean lineEndStops, boolean folds, byte[]... names) {
    this.lineEndStops = lineEndStops;
    this.folds = folds;
    this.skipped = new SkippedValue(lineEndStops);
    this.names = names;
  }

  /** Makes ready for the next object. */
  public void reset() {
    state = State.ROOT;
    depth = 0;
    key = NONE;
    commaStops = false;
  }

  /** A new chunk: its indexes are offsets when {@code base} is added. */
  public void begin(long base) {
    this.base = base;
  }

  // --- where it stands -----------------------------------------------------------------------

  /** The index of the first byte not read. */
  public int position() {
    return position;
  }

  /** 1 in the root, 2 in a followed object. */
  public int depth() {
    return depth;
  }

  /** The name of the member that is being read, from the end of its key to the end of its value. */
  public int key() {
    return key;
  }

  /** Whether the key of that member is spelled as its name. */
  public boolean isExact() {
    return exact;
  }

  /** What the value was, from {@link Step#END} on. */
  public Kind kind() {
    return kind;
  }

  /** The value as a count, if it was a number; {@link Counts#MALFORMED} if that is none. */
  public long count() {
    return scalarLength > MAX_SCALAR ? Counts.MALFORMED : Counts.parse(scalar, scalarLength);
  }

  /** The value as it is written, if it was a number of at most 32 bytes; else empty. */
  public String number() {
    int length = scalarLength > MAX_SCALAR ? 0 : scalarLength;
    return new String(scalar, 0, length, StandardCharsets.ISO_8859_1);
  }

  /** The value as a text, at most 256 bytes of UTF-8, if it was captured. */
  public String text() {
    return captured.toString();
  }

  /** How many members of this object began before the one that is being read. */
  public int index() {
    return begun[depth] - 1;
  }

  /** How many members the object had that has just been closed. */
  public int closedMembers() {
    return begun[depth + 1];
  }

  /** How many members of this object have begun. */
  public int begun() {
    return begun[depth];
  }

  /** The offset of the comma before the member, if it is not the first one. */
  public long commaOffset() {
    return commaOffset;
  }

  /** The offset of the quote that opens the key. */
  public long keyOffset() {
    return keyOffset;
  }

  /** Whether the members read so far have all ended, but a key may have begun. */
  public boolean isBeforeKey() {
    return state == State.FIRST_KEY || state == State.KEY;
  }

  /** Whether it stands in a key. */
  public boolean isInKey() {
    return use == StringUse.KEY
        && (state == State.STRING || state == State.ESCAPE || state == State.UNICODE);
  }

  // --- what is asked of it, at a MEMBER -------------------------------------------------------

  /** Goes into the value if it is an object, tells the first element if it is an array. */
  public void follow() {
    follow = true;
  }

  /** Keeps the value if it is a string. */
  public void capture() {
    capture = true;
  }

  // --- walking -------------------------------------------------------------------------------

  /** Walks on to the next place to stop. */
  public Step next(byte[] b, int from, int to) {
    if (step == Step.END) {
      key = NONE;
    }
    step = Step.MORE;
    int i = from;
    while (i < to && step == Step.MORE) {
      if (lineEndStops && StringBytes.isLineEnd(b[i]) && state != State.SCALAR) {
        break;
      }
      i = read(b, i, to);
    }
    position = i;
    return step;
  }

  /** Joins two lines: the line feed between them, which is content where it stands in a string. */
  public void lineFeed() {
    switch (state) {
      case STRING -> captured.append((byte) '\n');
      case ESCAPE, UNICODE -> state = State.MALFORMED;
      case SKIP -> skipped.lineFeed();
      default -> {
        // white space
      }
    }
  }

  private int read(byte[] b, int i, int to) {
    byte c = b[i];
    switch (state) {
      case ROOT -> {
        if (c == '{') {
          open();
        } else if (!isSpace(c)) {
          return malformed(i);
        }
      }
      case FIRST_KEY, KEY -> {
        if (c == '"') {
          return key(b, i, to);
        } else if (c == '}' && state == State.FIRST_KEY) {
          close();
        } else if (!isSpace(c)) {
          return malformed(i);
        }
      }
      case COLON -> {
        if (c == ':') {
          state = State.VALUE;
        } else if (!isSpace(c)) {
          return malformed(i);
        }
      }
      case VALUE -> {
        if (!isSpace(c)) {
          return value(c, i);
        }
      }
      case FIRST_ELEMENT -> {
        if (c == ']') {
          kind = Kind.EMPTY_ARRAY;
          endValue();
        } else if (!isSpace(c)) {
          skipped.begin(true);
          state = State.SKIP;
          step = Step.ELEMENT;
          return i;
        }
      }
      case AFTER_VALUE -> {
        if (c == ',') {
          commaOffset = base + i;
          state = State.KEY;
          step = commaStops ? Step.COMMA : Step.MORE;
        } else if (c == '}') {
          close();
        } else if (!isSpace(c)) {
          return malformed(i);
        }
      }
      case STRING -> {
        return string(b, i, to);
      }
      case ESCAPE -> {
        if (c == 'u') {
          captured.beginUnicode();
          state = State.UNICODE;
        } else if (captured.escape(c)) {
          state = State.STRING;
        } else {
          return malformed(i);
        }
      }
      case UNICODE -> {
        int digit = Character.digit(c, 16);
        if (digit < 0) {
          return malformed(i);
        }
        if (captured.unicodeDigit(digit)) {
          state = State.STRING;
        }
      }
      case SCALAR -> {
        return scalar(b, i, to);
      }
      case SKIP -> {
        int end = skipped.feed(b, i, to);
        if (skipped.isClosed()) {
          endValue();
        } else if (skipped.isMalformed()) {
          return malformed(end);
        }
        return end;
      }
      case CLOSED, MALFORMED -> {
        return malformed(i);
      }
    }
    return i + 1;
  }

  private int malformed(int i) {
    state = State.MALFORMED;
    step = Step.MALFORMED;
    return i;
  }

  private void open() {
    depth++;
    begun[depth] = 0;
    key = NONE;
    state = State.FIRST_KEY;
    step = Step.OPEN;
  }

  private void close() {
    depth--;
    key = NONE;
    commaStops = false;
    state = depth == 0 ? State.CLOSED : State.AFTER_VALUE;
    step = Step.CLOSE;
  }

  private int key(byte[] b, int quote, int to) {
    begun[depth]++;
    keyOffset = base + quote;
    int end = StringBytes.stop(b, quote + 1, to);
    if (end < to && b[end] == '"') {
      // The usual case: the whole key lies in this chunk.
      endKey(named(b, quote + 1, end));
      return key == NONE ? behindText(b, end + 1, to) : end + 1;
    }
    beginString(StringUse.KEY);
    return quote + 1;
  }

  /**
   * Behind a text that is skipped, if that and its colon lie whole in this chunk, without white
   * space or escapes. It only saves steps: whatever is not like that is left to the states.
   */
  private int behindText(byte[] b, int colon, int to) {
    int quote = colon + 1;
    if (quote >= to || b[colon] != ':' || b[quote] != '"') {
      return colon;
    }
    int end = StringBytes.stop(b, quote + 1, to);
    if (end == to || b[end] != '"') {
      return colon;
    }
    endValue();
    return end + 1;
  }

  private void endKey(int name) {
    key = name;
    told = name == NONE;
    follow = false;
    capture = false;
    state = State.COLON;
  }

  private int named(byte[] b, int from, int to) {
    for (int i = 0; i < names.length; i++) {
      byte[] name = names[i];
      if (name.length == to - from && Arrays.equals(name, 0, name.length, b, from, to)) {
        exact = true;
        return i;
      }
    }
    exact = false;
    for (int i = 0; folds && i < names.length; i++) {
      if (StringBytes.folds(b, from, to, names[i])) {
        return i;
      }
    }
    return NONE;
  }

  private int capturedName() {
    for (int i = 0; i < names.length; i++) {
      if (captured.is(names[i])) {
        exact = true;
        return i;
      }
    }
    exact = false;
    for (int i = 0; folds && i < names.length; i++) {
      if (captured.folds(names[i])) {
        return i;
      }
    }
    return NONE;
  }

  private int value(byte c, int i) {
    if (!told) {
      told = true;
      step = Step.MEMBER;
      return i;
    }
    switch (c) {
      case '{' -> {
        if (follow && depth < MAX_DEPTH) {
          open();
        } else {
          skip(Kind.OBJECT);
        }
      }
      case '[' -> {
        if (follow) {
          kind = Kind.ARRAY;
          state = State.FIRST_ELEMENT;
        } else {
          skip(Kind.ARRAY);
        }
      }
      case '"' -> {
        kind = Kind.TEXT;
        beginString(capture ? StringUse.TEXT : StringUse.NONE);
      }
      default -> {
        if (!beginsScalar(c)) {
          return malformed(i);
        }
        scalarLength = 0;
        state = State.SCALAR;
        return i;
      }
    }
    return i + 1;
  }

  private static boolean beginsScalar(byte c) {
    return (c >= '0' && c <= '9')
        || c == '-'
        || c == 't'
        || c == 'f'
        || c == 'n'
        || c == 'N'
        || c == 'I';
  }

  private void skip(Kind skippedKind) {
    kind = skippedKind;
    skipped.begin(skippedKind == Kind.ARRAY);
    state = State.SKIP;
  }

  private void endValue() {
    state = State.AFTER_VALUE;
    commaStops = key != NONE;
    if (commaStops) {
      step = Step.END;
    }
  }

  private void beginString(StringUse newUse) {
    use = newUse;
    captured.clear();
    state = State.STRING;
  }

  private int string(byte[] b, int from, int to) {
    int end = StringBytes.stop(b, from, to);
    if (use != StringUse.NONE) {
      captured.append(b, from, end);
    }
    if (end == to) {
      return to;
    }
    byte c = b[end];
    if (c == '\\') {
      state = State.ESCAPE;
    } else if (c != '"') {
      if (lineEndStops) {
        return end;
      }
      captured.append(c);
    } else if (use == StringUse.KEY) {
      endKey(capturedName());
    } else {
      endValue();
    }
    return end + 1;
  }

  private int scalar(byte[] b, int from, int to) {
    for (int i = from; i < to; i++) {
      byte c = b[i];
      if (c == ',' || c == '}' || c == ']' || isSpace(c)) {
        kind = scalarKind();
        endValue();
        return i;
      }
      if (c == '"' || c == ':' || c == '{' || c == '[') {
        return malformed(i);
      }
      if (scalarLength < MAX_SCALAR) {
        scalar[scalarLength] = c;
      }
      // Saturates: of a longer one only its being too long matters.
      scalarLength = Math.min(scalarLength + 1, MAX_SCALAR + 1);
    }
    return to;
  }

  private Kind scalarKind() {
    return switch (scalar[0]) {
      case 't' -> is("true") ? Kind.TRUE : Kind.OTHER;
      case 'f' -> is("false") ? Kind.FALSE : Kind.OTHER;
      case 'n' -> is("null") ? Kind.NULL : Kind.OTHER;
      default -> Kind.NUMBER;
    };
  }

  private boolean is(String literal) {
    if (scalarLength != literal.length()) {
      return false;
    }
    for (int i = 0; i < scalarLength; i++) {
      if (scalar[i] != literal.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isSpace(byte c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
  }
}
