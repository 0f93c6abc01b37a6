// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.internal.bytes.StringBytes;
import io.semanticrouter.maas.internal.json.Counts;
import io.semanticrouter.maas.internal.json.SkippedValue;
import io.semanticrouter.maas.internal.json.TextBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An incremental, path-aware JSON reader over bytes. It follows a {@link Schema}, reports to an
 * {@link EventFacts} what it finds there, and skips everything else: no decoding to characters, no
 * recursion, no allocation, constant memory for documents, strings, numbers and nesting of any
 * size.
 *
 * <p>How it works. The schema is a tree of the few paths that matter. {@link #stack} holds the
 * nodes from the root to where the reader is, at most {@value #MAX_DEPTH} of them, and {@link
 * #state} says what may come next; both together are all that is known of the bytes before, so that
 * a chunk can end after any byte. A key is collected in {@link #captured} and looked up among the
 * children of the node on top: {@link #expected} is the child, or null for a value that is skipped.
 * Skipping needs no node and no depth: {@link SkippedValue} counts brackets and finds the ends of
 * strings, eight bytes at a time where that is possible.
 *
 * <p>Two ways lead through a document. The slow one takes a byte, looks at the state and moves on;
 * it alone can begin and end anywhere. The fast one is tried where a member or a value begins and
 * is only taken when the whole of it lies in this chunk: a key that ends here and is not escaped, a
 * short number, a literal, a string without escapes. It has no state of its own, and leaves the
 * reader as the slow one would have left it. {@link #save} and {@link #restore} copy the state of a
 * place outside of captures; {@link Repeats} uses them to begin behind what it has compared.
 *
 * <p>Counts and short texts end up in {@link #scalar} and {@link #captured}, which have fixed
 * sizes: what is longer is no count, and no name. The text of a usage object is copied beside that
 * into a {@link RawUsage}, chunk by chunk.
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
    RELAY,
    PRESENCE,
    NONE
  }

  private final Schema root;
  private final EventFacts facts;
  private final boolean lineEndStops;
  private final @Nullable ByteSink relay;

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

  /** Keeps the text of the object at {@link #rawDepth}; null when none is open. */
  private @Nullable RawUsage raw;

  private int rawDepth;

  /** Where the text begins that is still to be kept of this chunk. */
  private int rawFrom;

  /** The byte that is being looked at. */
  private int at;

  /**
   * A scanner for one document after the other.
   *
   * @param lineEndStops whether a line feed or carriage return ends the reading, wherever it
   *     stands: in an event stream it ends the line, and cannot occur raw inside a JSON string
   * @param relay where texts go that are handed on, null when the schema has none
   */
  JsonScanner(Schema root, EventFacts facts, boolean lineEndStops, @Nullable ByteSink relay) {
    this.root = root;
    this.facts = facts;
    this.lineEndStops = lineEndStops;
    this.relay = relay;
    this.skipped = new SkippedValue(lineEndStops);
    this.expected = root;
  }

  /** Makes ready for the next document. */
  void reset() {
    depth = 0;
    state = State.VALUE;
    expected = root;
    raw = null;
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
    rawFrom = from;
    int i = read(b, from, to);
    if (raw != null) {
      raw.append(b, rawFrom, i);
    }
    return i;
  }

  private int read(byte[] b, int from, int to) {
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
            structural(b, i++);
          }
        }
        default -> {
          if (!(lineEndStops && StringBytes.isLineEnd(b[i]))) {
            structural(b, i++);
          }
        }
      }
      if (lineEndStops && i < to && StringBytes.isLineEnd(b[i])) {
        return i;
      }
    }
    return i;
  }

  // --- the usual case --------------------------------------------------------------------------

  /**
   * The usual case in one go: members that lie whole in this chunk, without white space, and
   * whatever objects and arrays of such members they are in. It only saves steps: what is not like
   * that is left to the states, from the byte at which it begins.
   *
   * @param from the opening quote of a key
   * @return the index of the first byte not read, {@code from} if nothing was
   */
  private int members(byte[] b, int from, int to) {
    int i = from;
    while (true) {
      int keyEnd = StringBytes.stop(b, i + 1, to);
      if (keyEnd + 2 >= to || b[keyEnd] != '"' || b[keyEnd + 1] != ':') {
        return i;
      }
      Schema child = keyEnd == i + 1 ? null : stack[depth - 1].child(b, i + 1, keyEnd);
      int value = keyEnd + 2;
      int behind = child == null ? behindUnknown(b, value, to) : behindKnown(child, b, value, to);
      if (behind < 0) {
        return ~behind;
      }
      i = behindValue(b, behind, to);
      if (i < 0) {
        return ~i;
      }
    }
  }

  /**
   * What follows a value, up to the next key.
   *
   * @return the opening quote of the next key, or the complement of the first byte not read when
   *     the states have to go on
   */
  private int behindValue(byte[] b, int from, int to) {
    int i = from;
    while (true) {
      if (i + 1 >= to) {
        state = State.AFTER_VALUE;
        return ~i;
      }
      byte c = b[i];
      Schema container = stack[depth - 1];
      if (c == ',') {
        if (container.kind == Schema.Kind.OBJECT) {
          state = State.KEY;
          return b[i + 1] == '"' ? i + 1 : ~(i + 1);
        }
        expected = container.element();
        state = State.VALUE;
        return opened(b, i + 1, to);
      }
      if (c != '}' && c != ']') {
        state = State.AFTER_VALUE;
        return ~i;
      }
      at = i++;
      close(c == '}' ? Schema.Kind.OBJECT : Schema.Kind.ARRAY, b);
      if (state != State.AFTER_VALUE) {
        return ~(state == State.MALFORMED ? i - 1 : i);
      }
    }
  }

  /** Opens an object that is expected, when it is there and not empty. */
  private int opened(byte[] b, int i, int to) {
    Schema schema = expected;
    if (schema == null
        || schema.kind != Schema.Kind.OBJECT
        || i + 1 >= to
        || b[i] != '{'
        || b[i + 1] != '"') {
      return ~i;
    }
    at = i;
    open(schema);
    return i + 1;
  }

  /** Behind a value that is not followed, or the complement of where the states have to go on. */
  private int behindUnknown(byte[] b, int value, int to) {
    byte c = b[value];
    if (c == '{' || c == '[') {
      skipped.begin(c == '[');
      int i = skipped.feed(b, value + 1, to);
      if (skipped.isClosed()) {
        return i;
      }
      state = skipped.isMalformed() ? State.MALFORMED : State.SKIP;
      return ~i;
    }
    int behind = behindSimple(b, value, to);
    if (behind == value) {
      expected = null;
      state = State.VALUE;
      return ~value;
    }
    return behind;
  }

  /** Behind a value that is followed, or the complement of where the states have to go on. */
  private int behindKnown(Schema child, byte[] b, int value, int to) {
    byte c = b[value];
    switch (child.kind) {
      case COUNT -> {
        int i = value;
        long count = 0;
        while (i < to && i - value < 15 && b[i] >= '0' && b[i] <= '9') {
          count = count * 10 + (b[i++] - '0');
        }
        boolean plain = i > value && i < to && (c != '0' || i == value + 1);
        if (plain && (b[i] == ',' || b[i] == '}')) {
          facts.count(child, count);
          return i;
        }
      }
      case OBJECT -> {
        if (c == '{' && value + 1 < to && b[value + 1] == '"') {
          at = value;
          open(child);
          state = State.FIRST_KEY;
          return ~(value + 1);
        }
      }
      case ARRAY -> {
        if (c == '[' && value + 1 < to) {
          at = value;
          open(child);
          int i = opened(b, value + 1, to);
          return i < 0 ? i : ~i;
        }
      }
      case WORD -> {
        if (c == '"') {
          int end = StringBytes.stop(b, value + 1, to);
          if (end + 1 < to && b[end] == '"') {
            facts.word(child, end == value + 1 ? Words.NONE : child.word(b, value + 1, end));
            return end + 1;
          }
        }
      }
      case TEXT -> {
        if (c == '"') {
          int again = child.id == Paths.RESPONSE_ID ? facts.idAgain(b, value + 1, to) : -1;
          if (again >= 0) {
            return again;
          }
          boolean wanted = facts.wantsText(child.id);
          int end = wanted ? StringBytes.stop(b, value + 1, to) : -1;
          if (wanted && end + 1 < to && b[end] == '"') {
            captured.clear();
            captured.append(b, value + 1, end);
            facts.text(child, captured);
            if (child.id == Paths.RESPONSE_ID) {
              facts.keepId(b, value + 1, end);
            }
            return end + 1;
          }
          int behind = wanted ? value : behindSimple(b, value, to);
          if (behind > value) {
            return behind;
          }
        }
      }
      default -> {
        // not worth a way of its own
      }
    }
    if (c == 'n' && value + 4 < to && isNull(b, value)) {
      facts.nothing(child);
      return value + 4;
    }
    expected = child;
    state = State.VALUE;
    return ~value;
  }

  private static boolean isNull(byte[] b, int i) {
    return b[i + 1] == 'u'
        && b[i + 2] == 'l'
        && b[i + 3] == 'l'
        && (b[i + 4] == ',' || b[i + 4] == '}');
  }

  /**
   * Behind a string, number or literal that is not followed; {@code from} if it is none, or cut.
   */
  private static int behindSimple(byte[] b, int from, int to) {
    byte first = b[from];
    if (first == '"') {
      int end = StringBytes.closingQuote(b, from + 1, to);
      return end < 0 ? from : end + 1;
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

  // --- byte by byte ----------------------------------------------------------------------------

  /** Joins two data lines of one event: the line feed between them. */
  void lineFeed() {
    switch (state) {
      case SCALAR -> endScalar();
      case STRING -> captured.append((byte) '\n');
      case ESCAPE -> state = use == StringUse.NONE ? State.STRING : State.MALFORMED;
      case UNICODE -> state = State.MALFORMED;
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

  private void structural(byte[] b, int i) {
    byte c = b[i];
    at = i;
    switch (state) {
      case VALUE -> {
        if (!isSpace(c)) {
          value(c);
        }
      }
      case FIRST_ELEMENT -> {
        if (c == ']') {
          close(Schema.Kind.ARRAY, b);
        } else if (!isSpace(c)) {
          value(c);
        }
      }
      case FIRST_KEY -> {
        if (c == '}') {
          close(Schema.Kind.OBJECT, b);
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
      case AFTER_VALUE -> afterValue(b, c);
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

  private void afterValue(byte[] b, byte c) {
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
      close(Schema.Kind.OBJECT, b);
    } else if (c == ']') {
      close(Schema.Kind.ARRAY, b);
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
        StringUse newUse = schema == null ? StringUse.NONE : useOf(schema);
        if (newUse == StringUse.NONE) {
          mismatch(schema);
        }
        beginString(newUse);
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

  private StringUse useOf(Schema schema) {
    return switch (schema.kind) {
      case TEXT -> facts.wantsText(schema.id) ? StringUse.TEXT : StringUse.NONE;
      case WORD -> StringUse.TEXT;
      case RELAY -> StringUse.RELAY;
      case PRESENCE -> StringUse.PRESENCE;
      case OBJECT, ARRAY, COUNT, DECIMAL -> StringUse.NONE;
    };
  }

  /** A value that is there, but not of the kind that the schema wants. */
  private void mismatch(@Nullable Schema schema) {
    if (schema == null) {
      return;
    }
    switch (schema.kind) {
      case PRESENCE -> facts.present(schema);
      case WORD -> facts.word(schema, Words.OTHER);
      case OBJECT, ARRAY, COUNT -> facts.unexpected(schema);
      case TEXT, DECIMAL, RELAY -> {
        // says nothing then
      }
    }
  }

  private void open(Schema schema) {
    if (depth == MAX_DEPTH) {
      throw new IllegalStateException("schema deeper than " + MAX_DEPTH);
    }
    stack[depth++] = schema;
    facts.enter(schema);
    if (EventFacts.isKept(schema) && raw == null) {
      raw = facts.beginRaw(schema.tally);
      rawDepth = depth;
      rawFrom = at;
    }
    if (schema.kind == Schema.Kind.OBJECT) {
      state = State.FIRST_KEY;
    } else {
      expected = schema.element();
      state = State.FIRST_ELEMENT;
    }
  }

  private void close(Schema.Kind kind, byte[] b) {
    Schema container = stack[depth - 1];
    if (container.kind != kind) {
      state = State.MALFORMED;
      return;
    }
    if (raw != null && rawDepth == depth) {
      raw.append(b, rawFrom, at + 1);
      raw = null;
    }
    depth--;
    facts.exit(container);
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
    int end = StringBytes.farStop(b, from, to);
    if (use == StringUse.KEY && captured.isEmpty() && end < to && b[end] == '"') {
      // The usual case: the whole key lies in this chunk.
      expected = end == from ? null : stack[depth - 1].child(b, from, end);
      state = State.COLON;
      return end + 1;
    }
    if (use == StringUse.RELAY) {
      if (relay != null && from < end) {
        relay.accept(b, from, end);
      }
    } else if (use != StringUse.NONE) {
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
    Schema schema = expected;
    switch (use) {
      case KEY -> {
        expected = stack[depth - 1].child(captured);
        state = State.COLON;
        return;
      }
      case TEXT -> {
        if (schema != null && schema.kind == Schema.Kind.WORD) {
          facts.word(schema, schema.word(captured));
        } else if (schema != null) {
          facts.text(schema, captured);
        }
      }
      case PRESENCE -> {
        // "" is how some backends spell null.
        if (schema != null && !captured.isEmpty()) {
          facts.present(schema);
        }
      }
      case RELAY, NONE -> {
        // nothing to tell
      }
    }
    endValue();
  }

  private void escape(byte c) {
    if (use == StringUse.NONE) {
      state = State.STRING;
    } else if (c == 'u') {
      captured.beginUnicode();
      state = State.UNICODE;
    } else {
      state = captured.escape(c) ? State.STRING : State.MALFORMED;
      relayEscaped();
    }
  }

  private void unicode(byte c) {
    int digit = Character.digit(c, 16);
    if (digit < 0) {
      state = State.MALFORMED;
    } else if (captured.unicodeDigit(digit)) {
      state = State.STRING;
      relayEscaped();
    }
  }

  private void relayEscaped() {
    if (use == StringUse.RELAY && relay != null) {
      captured.moveTo(relay);
    }
  }

  // --- numbers and literals ------------------------------------------------------------------

  private int scalar(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      byte c = b[i];
      if (lineEndStops && StringBytes.isLineEnd(c)) {
        // Another line may end it; an event that stops here has been cut off within it.
        return i;
      }
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
      facts.nothing(schema);
      return;
    }
    switch (schema.kind) {
      case COUNT -> {
        long value =
            scalarLength > MAX_SCALAR ? Counts.MALFORMED : Counts.parse(scalar, scalarLength);
        if (value == Counts.MALFORMED) {
          facts.malformedCount(schema);
        } else {
          facts.count(schema, value);
        }
      }
      case PRESENCE -> {
        if (!is("false")) {
          facts.present(schema);
        }
      }
      case DECIMAL -> {
        if (scalarLength <= MAX_SCALAR) {
          facts.decimal(schema, scalar, scalarLength);
        }
      }
      case OBJECT, ARRAY -> facts.unexpected(schema);
      case WORD -> facts.word(schema, Words.OTHER);
      case TEXT, RELAY -> {
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

  // --- documents that are alike ----------------------------------------------------------------

  /** A place in a document to which other documents can be read in the same way. */
  static final class Position {
    private final Schema[] stack = new Schema[MAX_DEPTH];
    private int depth;
    private State state = State.VALUE;
    private @Nullable Schema expected;
    private StringUse use = StringUse.NONE;
    private long skippedDepth;
    private long skippedArrays;
  }

  /** Whether a {@link Position} holds all there is to know, besides the facts. */
  boolean isBetweenCaptures() {
    boolean capturing =
        switch (state) {
          case SCALAR -> expected != null;
          case STRING -> use != StringUse.NONE;
          case SKIP -> skipped.isInEscape();
          case ESCAPE, UNICODE, COMPLETE, MALFORMED -> true;
          default -> false;
        };
    return !capturing && raw == null;
  }

  /** Notes where the reading is; only {@linkplain #isBetweenCaptures between captures}. */
  void save(Position position) {
    System.arraycopy(stack, 0, position.stack, 0, depth);
    position.depth = depth;
    position.state = state;
    position.expected = expected;
    position.use = use;
    position.skippedDepth = skipped.position();
    position.skippedArrays = skipped.arrays();
  }

  /** Goes where another document with the same beginning was. */
  void restore(Position position) {
    depth = position.depth;
    System.arraycopy(position.stack, 0, stack, 0, depth);
    state = position.state;
    expected = position.expected;
    use = position.use;
    skipped.restore(position.skippedDepth, position.skippedArrays);
  }

  /** Whether the next byte is one of a string that is passed over. */
  boolean isInSkippedString() {
    return state == State.SKIP
        ? skipped.isInString()
        : state == State.STRING && use == StringUse.NONE;
  }

  /** Ends the document, as another one with the same rest did. */
  void complete() {
    depth = 0;
    state = State.COMPLETE;
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
