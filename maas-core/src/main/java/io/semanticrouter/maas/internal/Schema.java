// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The paths of a JSON document that matter, as a tree: everything that is not in the tree is
 * skipped without being looked at. Immutable and shared by all scanners of a dialect.
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
    /** A text that is captured. */
    TEXT,
    /** Only whether it is there and not null matters. */
    PRESENCE
  }

  final Kind kind;
  final int id;
  private final byte[][] names;
  private final Schema[] children;

  private Schema(Kind kind, int id, byte[][] names, Schema[] children) {
    this.kind = kind;
    this.id = id;
    this.names = names;
    this.children = children;
  }

  static Schema leaf(Kind kind, int id) {
    return new Schema(kind, id, new byte[0][], new Schema[0]);
  }

  static Schema array(int id, Schema element) {
    return new Schema(Kind.ARRAY, id, new byte[0][], new Schema[] {element});
  }

  static Members object(int id) {
    return new Members(id);
  }

  Schema element() {
    return children[0];
  }

  /** The child of that name; the name is unescaped UTF-8. */
  @Nullable Schema child(byte[] bytes, int from, int to) {
    for (int i = 0; i < names.length; i++) {
      byte[] name = names[i];
      if (name.length == to - from
          && name[0] == bytes[from]
          && Arrays.equals(name, 0, name.length, bytes, from, to)) {
        return children[i];
      }
    }
    return null;
  }

  static final class Members {
    private final int id;
    private final List<byte[]> names = new ArrayList<>();
    private final List<Schema> children = new ArrayList<>();

    private Members(int id) {
      this.id = id;
    }

    Members with(String name, Schema child) {
      names.add(name.getBytes(StandardCharsets.UTF_8));
      children.add(child);
      return this;
    }

    Members count(String name, int id) {
      return with(name, leaf(Kind.COUNT, id));
    }

    Schema build() {
      return new Schema(
          Kind.OBJECT, id, names.toArray(new byte[0][]), children.toArray(new Schema[0]));
    }
  }
}
