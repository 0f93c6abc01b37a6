// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.json.TextBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The paths of a JSON document that matter, as a tree: everything that is not in the tree is
 * skipped without being looked at. Immutable and shared by all scanners of a format.
 */
final class Schema {
  /** What kind of value is expected, and so what happens to it. */
  enum Kind {
    /** An object whose members are looked up among the children. */
    OBJECT,
    /** An array whose elements all have the schema of the only child. */
    ARRAY,
    /** A token count: a number in range, or malformed. */
    COUNT,
    /** A decimal number that is kept as it is written. */
    DECIMAL,
    /** A text that is captured. */
    TEXT,
    /** A text of which only matters which of the known words it is. */
    WORD,
    /** A text that is handed on while it passes, of any length. */
    RELAY,
    /** Only whether it is there and not null matters. */
    PRESENCE
  }

  /** Not in any {@link Tally}. */
  static final int NO_TALLY = -1;

  final Kind kind;

  /** One of {@link Paths}; for a count its slot. */
  final int id;

  /** The tally that the counts here and below belong to. */
  final int tally;

  /** The slots of the counts here and below, as bits. */
  final long slots;

  private final byte[][] names;
  private final Schema[] children;
  private final int[] words;

  /** Index of a name by its hash, -1 for none; what collides stands in the next free place. */
  private final byte[] index;

  private Schema(
      Kind kind, int id, int tally, long slots, byte[][] names, Schema[] children, int[] words) {
    this.kind = kind;
    this.id = id;
    this.tally = tally;
    this.slots = slots;
    this.names = names;
    this.children = children;
    this.words = words;
    this.index = index(names);
  }

  private static byte[] index(byte[][] names) {
    byte[] index = new byte[4 * Integer.highestOneBit(Math.max(1, names.length))];
    Arrays.fill(index, (byte) -1);
    for (int i = 0; i < names.length; i++) {
      int at = hash(names[i], 0, names[i].length) & (index.length - 1);
      while (index[at] >= 0) {
        at = (at + 1) & (index.length - 1);
      }
      index[at] = (byte) i;
    }
    return index;
  }

  /** Length and three letters: enough to tell most names apart, in time that does not grow. */
  private static int hash(byte[] b, int from, int to) {
    int hash = ((to - from) * 31 + b[from]) * 31 + b[to - 1];
    hash = (hash * 31 + b[(from + to) >>> 1]) * 0x9E3779B1;
    return hash >>> 16;
  }

  static Schema leaf(Kind kind, int id) {
    return new Schema(kind, id, NO_TALLY, 0, new byte[0][], new Schema[0], new int[0]);
  }

  static Schema array(int id, Schema element) {
    return new Schema(
        Kind.ARRAY,
        id,
        element.tally,
        element.slots,
        new byte[0][],
        new Schema[] {element},
        new int[0]);
  }

  static Members object(int id) {
    return new Members(id);
  }

  static KnownWords words(int id) {
    return new KnownWords(id);
  }

  Schema element() {
    return children[0];
  }

  /** The child of that name; the name is unescaped UTF-8 and not empty. */
  @Nullable Schema child(byte[] bytes, int from, int to) {
    int i = find(bytes, from, to);
    return i < 0 ? null : children[i];
  }

  /** The word's constant; the text is unescaped UTF-8 and not empty. */
  int word(byte[] bytes, int from, int to) {
    int i = find(bytes, from, to);
    return i < 0 ? Words.OTHER : words[i];
  }

  /** The child of that name; null for the empty name and for one longer than any known. */
  @Nullable Schema child(TextBuffer name) {
    int length = name.length();
    return length == 0 || !name.isWhole() ? null : child(name.bytes(), 0, length);
  }

  /** The word's constant among those of this schema. */
  int word(TextBuffer text) {
    int length = text.length();
    return length == 0 ? Words.NONE : text.isWhole() ? word(text.bytes(), 0, length) : Words.OTHER;
  }

  private int find(byte[] bytes, int from, int to) {
    int at = hash(bytes, from, to) & (index.length - 1);
    for (int i = index[at]; i >= 0; i = index[at]) {
      if (Arrays.equals(names[i], 0, names[i].length, bytes, from, to)) {
        return i;
      }
      at = (at + 1) & (index.length - 1);
    }
    return -1;
  }

  /** This and another one as one: where they name the same, both must mean the same. */
  Schema union(Schema other) {
    if (kind != other.kind || id != other.id || tally != other.tally) {
      throw new IllegalArgumentException(kind + " " + id + " and " + other.kind + " " + other.id);
    }
    if (kind == Kind.ARRAY) {
      return array(id, element().union(other.element()));
    }
    if (kind != Kind.OBJECT) {
      return this;
    }
    Members members = object(id).in(tally);
    for (int i = 0; i < names.length; i++) {
      members.with(new String(names[i], StandardCharsets.UTF_8), children[i]);
    }
    for (int i = 0; i < other.names.length; i++) {
      String name = new String(other.names[i], StandardCharsets.UTF_8);
      Schema mine = members.children.get(name);
      members.with(name, mine == null ? other.children[i] : mine.union(other.children[i]));
    }
    return members.build();
  }

  /** Collects the members of an object. */
  static final class Members {
    private final int id;
    private final Map<String, Schema> children = new LinkedHashMap<>();
    private int tally = NO_TALLY;

    private Members(int id) {
      this.id = id;
    }

    /** The tally that counts from here on belong to; before the first count. */
    Members in(int newTally) {
      tally = newTally;
      return this;
    }

    Members with(String name, Schema child) {
      children.put(name, child);
      return this;
    }

    Members count(String name, int slot) {
      long slots = tally == NO_TALLY ? 0 : Slots.bit(slot);
      return with(
          name,
          new Schema(Kind.COUNT, slot, tally, slots, new byte[0][], new Schema[0], new int[0]));
    }

    /** A member that only leads to others in the same tally. */
    Members details(String name, UnaryOperator<Members> members) {
      return with(name, members.apply(object(Paths.DETAILS).in(tally)).build());
    }

    Members leaf(String name, Kind leafKind, int leafId) {
      return with(name, Schema.leaf(leafKind, leafId));
    }

    Schema build() {
      long slots = 0;
      for (Schema child : children.values()) {
        slots |= child.tally == tally ? child.slots : 0;
      }
      return new Schema(
          Kind.OBJECT,
          id,
          tally,
          tally == NO_TALLY ? 0 : slots,
          bytes(children.keySet()),
          children.values().toArray(new Schema[0]),
          new int[0]);
    }
  }

  /** Collects the words of a text. */
  static final class KnownWords {
    private final int id;
    private final Map<String, Integer> words = new LinkedHashMap<>();

    private KnownWords(int id) {
      this.id = id;
    }

    KnownWords word(String text, int constant) {
      words.put(text, constant);
      return this;
    }

    Schema build() {
      int[] constants = new int[words.size()];
      int i = 0;
      for (int constant : words.values()) {
        constants[i++] = constant;
      }
      return new Schema(
          Kind.WORD, id, NO_TALLY, 0, bytes(words.keySet()), new Schema[0], constants);
    }
  }

  private static byte[][] bytes(Iterable<String> names) {
    List<byte[]> bytes = new ArrayList<>();
    for (String name : names) {
      bytes.add(name.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toArray(new byte[0][]);
  }
}
