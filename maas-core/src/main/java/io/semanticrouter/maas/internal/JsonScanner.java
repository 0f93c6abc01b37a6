// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import org.jspecify.annotations.Nullable;

/**
 * An incremental, path-aware JSON reader over bytes. It follows a {@link Schema}, tells an {@link
 * EventFacts} what it finds there, and skips everything else: no decoding to characters, no
 * recursion, no allocation, constant memory for documents, strings, numbers and nesting of any
 * size.
 *
 * <p>Inside what it follows it insists on well-formed JSON; inside what it skips it only follows
 * strings and brackets. Not thread-safe.
 */
final class JsonScanner {
  private static final int MAX_DEPTH = 8;
  private static final int MAX_SCALAR = 32;

  private enum State {
    /** Before a value. */
    VALUE,
    /** Behind "[": a value or the end. */
    FIRST_ELEMENT,
    /** Behind "{": a key or the end. */
    FIRST_KEY,
    /** Behind "," in an object. */
    KEY,
    COLON,
    AFTER_VALUE,
    /** In a string: a key, a captured text or one that is skipped. */
    STRING,
    ESCAPE,
    UNICODE,
    /** In a number or a literal. */
    SCALAR,
    /** In an object or array that is not followed. */
    SKIP,
    COMPLETE,
    MALFORMED
  }

  private enum StringUse {
    KEY,
    TEXT,
    PRESENCE,
    NONE
  }

  private final Schema root;
  private final EventFacts facts;
  private final boolean lineEndStops;

  private final Schema[] stack = new Schema[MAX_DEPTH];
  private int depth;
  private State state = State.VALUE;

  /** What the next value should be; null is "skip it". */
  private @Nullable Schema expected;

  private StringUse use = StringUse.NONE;
  private final TextBuffer captured = new TextBuffer();

  private final byte[] scalar = new byte[MAX_SCALAR];
  private int scalarLength;

  private final SkippedValue skipped;

  /**
   * A scanner for one document after the other.
   *
   * @param lineEndStops whether a line feed or carriage return ends the reading, wherever it
   *     stands: in an event stream it ends the line, and cannot occur raw inside a JSON string
   */
  JsonScanner(Schema root, EventFacts facts, boolean lineEndStops) {
    this.root = root;
    this.facts = facts;
    this.lineEndStops = lineEndStops;
    this.skipped = new SkippedValue(lineEndStops);
    this.expected = root;
  }

  /** Makes ready for the next document. */
  void reset() {
    depth = 0;
    state = State.VALUE;
    expected = root;
  }

  /** Whether the document has been read to its end. */
  boolean isComplete() {
    return state == State.COMPLETE;
  }

  boolean isMalformed() {
    return state == State.MALFORMED;
  }

  /** Whether nothing but white space has been read. */
  boolean isPristine() {
    return state == State.VALUE && depth == 0;
  }

  /**
   * Reads on.
   *
   * @return the index of the first byte not read: a line end (if those stop), a byte behind a
   *     complete or malformed document, or {@code to}
   */
  int feed(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      switch (state) {
        case COMPLETE, MALFORMED -> {
          return i;
        }
        case STRING -> i = string(b, i, to);
        case SKIP -> i = skip(b, i, to);
        case SCALAR -> i = scalar(b, i, to);
        case KEY, FIRST_KEY -> {
          int behind = b[i] == '"' ? members(b, i, to) : i;
          if (behind > i) {
            i = behind;
          } else if (!(lineEndStops && StringBytes.isLineEnd(b[i]))) {
            structural(b[i++]);
          }
        }
        default -> {
          if (!(lineEndStops && StringBytes.isLineEnd(b[i]))) {
            structural(b[i++]);
          }
        }
      }
      if (lineEndStops && i < to && StringBytes.isLineEnd(b[i])) {
        return i;
      }
    }
    return i;
  }

  /**
   * The usual case in one go: members of an object that lie whole in this chunk, without white
   * space. It only saves steps: whatever is not like that is left to the states, from the byte at
   * which it begins.
   *
   * @param from the opening quote of a key
   * @return the index of the first byte not read, {@code from} if nothing was
   */
  private int members(byte[] b, int from, int to) {
    Schema object = stack[depth - 1];
    int i = from;
    while (true) {
      int keyEnd = StringBytes.stop(b, i + 1, to);
      if (keyEnd + 2 >= to || b[keyEnd] != '"' || b[keyEnd + 1] != ':') {
        return i;
      }
      Schema child = keyEnd == i + 1 ? null : object.child(b, i + 1, keyEnd);
      int value = keyEnd + 2;
      int behind = child == null ? behindSimple(b, value, to) : value;
      if (behind == value) {
        expected = child;
        state = State.VALUE;
        return value;
      }
      if (behind + 1 >= to || b[behind] != ',' || b[behind + 1] != '"') {
        state = State.AFTER_VALUE;
        return behind;
      }
      state = State.KEY;
      i = behind + 1;
    }
  }

  /**
   * Behind a string, number or literal that is not followed; {@code from} if it is none, or cut.
   */
  private static int behindSimple(byte[] b, int from, int to) {
    byte first = b[from];
    if (first == '"') {
      int end = StringBytes.stop(b, from + 1, to);
      return end < to && b[end] == '"' ? end + 1 : from;
    }
    if (!beginsScalar(first)) {
      return from;
    }
    for (int i = from + 1; i < to; i++) {
      byte c = b[i];
      if (c == ',' || c == '}') {
        return i;
      }
      if (c <= ' ' || c == '"' || c == ':' || c == '{' || c == '[' || c == ']') {
        return from;
      }
    }
    return from;
  }

  private static boolean beginsScalar(byte c) {
    return c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n';
  }

  /** Joins two data lines of one event: the line feed between them. */
  void lineFeed() {
    switch (state) {
      case SCALAR -> endScalar();
      case STRING -> captured.append((byte) '\n');
      case ESCAPE, UNICODE -> state = State.MALFORMED;
      case SKIP -> skipped.lineFeed();
      default -> {
        // white space
      }
    }
  }

  /** The input has ended: a number or literal that is the whole document is one now. */
  void endInput() {
    if (state == State.SCALAR && depth == 0) {
      endScalar();
    }
  }

  private void structural(byte c) {
    switch (state) {
      case VALUE -> {
        if (!isSpace(c)) {
          value(c);
        }
      }
      case FIRST_ELEMENT -> {
        if (c == ']') {
          close(Schema.Kind.ARRAY);
        } else if (!isSpace(c)) {
          value(c);
        }
      }
      case FIRST_KEY -> {
        if (c == '}') {
          close(Schema.Kind.OBJECT);
        } else {
          key(c);
        }
      }
      case KEY -> key(c);
      case COLON -> {
        if (c == ':') {
          state = State.VALUE;
        } else if (!isSpace(c)) {
          state = State.MALFORMED;
        }
      }
      case AFTER_VALUE -> afterValue(c);
      case ESCAPE -> escape(c);
      case UNICODE -> unicode(c);
      default -> state = State.MALFORMED;
    }
  }

  private void key(byte c) {
    if (c == '"') {
      beginString(StringUse.KEY);
    } else if (!isSpace(c)) {
      state = State.MALFORMED;
    }
  }

  private void afterValue(byte c) {
    if (isSpace(c)) {
      return;
    }
    Schema container = stack[depth - 1];
    if (c == ',') {
      if (container.kind == Schema.Kind.OBJECT) {
        state = State.KEY;
      } else {
        expected = container.element();
        state = State.VALUE;
      }
    } else if (c == '}') {
      close(Schema.Kind.OBJECT);
    } else if (c == ']') {
      close(Schema.Kind.ARRAY);
    } else {
      state = State.MALFORMED;
    }
  }

  private void value(byte c) {
    Schema schema = expected;
    switch (c) {
      case '{', '[' -> {
        Schema.Kind kind = c == '{' ? Schema.Kind.OBJECT : Schema.Kind.ARRAY;
        if (schema != null && schema.kind == kind) {
          open(schema);
        } else {
          mismatch(schema);
          skipped.begin(c == '[');
          state = State.SKIP;
        }
      }
      case '"' -> {
        if (schema != null && schema.kind == Schema.Kind.TEXT && facts.wantsText()) {
          beginString(StringUse.TEXT);
        } else if (schema != null && schema.kind == Schema.Kind.PRESENCE) {
          beginString(StringUse.PRESENCE);
        } else {
          mismatch(schema);
          beginString(StringUse.NONE);
        }
      }
      default -> {
        if (beginsScalar(c)) {
          scalar[0] = c;
          scalarLength = 1;
          state = State.SCALAR;
        } else {
          state = State.MALFORMED;
        }
      }
    }
  }

  /** A value that is there, but not of the kind that the schema wants. */
  private void mismatch(@Nullable Schema schema) {
    if (schema == null) {
      return;
    }
    if (schema.kind == Schema.Kind.PRESENCE) {
      facts.present(schema.id);
    } else if (schema.kind != Schema.Kind.TEXT) {
      facts.unexpected(schema);
    }
  }

  private void open(Schema schema) {
    if (depth == MAX_DEPTH) {
      throw new IllegalStateException("schema deeper than " + MAX_DEPTH);
    }
    stack[depth++] = schema;
    facts.enter(schema.id);
    if (schema.kind == Schema.Kind.OBJECT) {
      state = State.FIRST_KEY;
    } else {
      expected = schema.element();
      state = State.FIRST_ELEMENT;
    }
  }

  private void close(Schema.Kind kind) {
    Schema container = stack[depth - 1];
    if (container.kind != kind) {
      state = State.MALFORMED;
      return;
    }
    depth--;
    facts.exit(container.id);
    endValue();
  }

  private void endValue() {
    state = depth == 0 ? State.COMPLETE : State.AFTER_VALUE;
  }

  // --- strings -------------------------------------------------------------------------------

  private void beginString(StringUse newUse) {
    use = newUse;
    captured.clear();
    state = State.STRING;
  }

  private int string(byte[] b, int from, int to) {
    int end = StringBytes.stop(b, from, to);
    if (use == StringUse.KEY && captured.isEmpty() && end < to && b[end] == '"') {
      // The usual case: the whole key lies in this chunk.
      expected = end == from ? null : stack[depth - 1].child(b, from, end);
      state = State.COLON;
      return end + 1;
    }
    if (use != StringUse.NONE) {
      captured.append(b, from, end);
    }
    if (end == to) {
      return to;
    }
    switch (b[end]) {
      case '"' -> endString();
      case '\\' -> state = State.ESCAPE;
      default -> {
        if (lineEndStops) {
          return end;
        }
        captured.append(b[end]);
      }
    }
    return end + 1;
  }

  private void endString() {
    switch (use) {
      case KEY -> {
        expected = captured.childOf(stack[depth - 1]);
        state = State.COLON;
      }
      case TEXT -> {
        facts.text(captured.toString());
        endValue();
      }
      case PRESENCE -> {
        // "" is how some backends spell null.
        if (expected != null && !captured.isEmpty()) {
          facts.present(expected.id);
        }
        endValue();
      }
      case NONE -> endValue();
    }
  }

  private void escape(byte c) {
    if (c == 'u') {
      captured.beginUnicode();
      state = State.UNICODE;
    } else {
      state = captured.escape(c) ? State.STRING : State.MALFORMED;
    }
  }

  private void unicode(byte c) {
    int digit = Character.digit(c, 16);
    if (digit < 0) {
      state = State.MALFORMED;
    } else if (captured.unicodeDigit(digit)) {
      state = State.STRING;
    }
  }

  // --- numbers and literals ------------------------------------------------------------------

  private int scalar(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      byte c = b[i];
      if (c == ',' || c == '}' || c == ']' || isSpace(c)) {
        endScalar();
        return i;
      }
      if (c == '"' || c == ':' || c == '{' || c == '[') {
        state = State.MALFORMED;
        return i;
      }
      if (scalarLength < MAX_SCALAR) {
        scalar[scalarLength] = c;
      }
      // Saturates: of a longer one only its being too long matters.
      scalarLength = Math.min(scalarLength + 1, MAX_SCALAR + 1);
      i++;
    }
    return i;
  }

  private void endScalar() {
    Schema schema = expected;
    endValue();
    if (schema == null) {
      return;
    }
    if (is("null")) {
      facts.nothing(schema.id);
      return;
    }
    switch (schema.kind) {
      case COUNT -> {
        long value =
            scalarLength > MAX_SCALAR ? Counts.MALFORMED : Counts.parse(scalar, scalarLength);
        if (value == Counts.MALFORMED) {
          facts.malformedCount(schema.id);
        } else {
          facts.count(schema.id, value);
        }
      }
      case PRESENCE -> {
        if (!is("false")) {
          facts.present(schema.id);
        }
      }
      case OBJECT, ARRAY -> facts.unexpected(schema);
      case TEXT -> {
        // a model that is a number names nothing
      }
    }
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

  // --- what is not followed ------------------------------------------------------------------

  private int skip(byte[] b, int from, int to) {
    int i = skipped.feed(b, from, to);
    if (skipped.isClosed()) {
      endValue();
    } else if (skipped.isMalformed()) {
      state = State.MALFORMED;
    }
    return i;
  }

  private static boolean isSpace(byte c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
  }
}
