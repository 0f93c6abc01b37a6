// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Headers that the gateway should set and remove on one message. Immutable. Removals come before
 * sets, as Envoy applies them; a set replaces every earlier value of that name. All names are lower
 * case, all values are safe to write (no control characters, at most 256 bytes of UTF-8).
 */
public final class HeaderEdits {
  /** Nothing to change: the message goes on as it is. */
  public static final HeaderEdits EMPTY = new HeaderEdits(List.of(), List.of());

  /** Alternating names and values. */
  private final List<String> set;

  private final List<String> remove;

  private HeaderEdits(List<String> set, List<String> remove) {
    this.set = set;
    this.remove = remove;
  }

  /** Whether there is nothing to do. */
  public boolean isEmpty() {
    return set.isEmpty() && remove.isEmpty();
  }

  /** How many headers are set and removed. */
  public int size() {
    return set.size() / 2 + remove.size();
  }

  /** Visits each header to set, as name and value, in the order in which they were added. */
  public void forEachSet(BiConsumer<String, String> action) {
    for (int i = 0; i < set.size(); i += 2) {
      action.accept(set.get(i), set.get(i + 1));
    }
  }

  /**
   * The same for an API that takes one char for each byte of a value, as most Java servers and
   * clients do (ISO 8859-1): the counterpart of {@link Headers#latin1}.
   */
  public HeaderEdits latin1() {
    List<String> wire = new ArrayList<>(set);
    for (int i = 1; i < wire.size(); i += 2) {
      wire.set(i, new String(wire.get(i).getBytes(UTF_8), ISO_8859_1));
    }
    return wire.equals(set) ? this : new HeaderEdits(List.copyOf(wire), remove);
  }

  /** Visits the name of each header to remove. */
  public void forEachRemove(Consumer<String> action) {
    remove.forEach(action);
  }

  /** The headers to set, for logs and tests; not for the hot path. */
  public Map<String, String> toSet() {
    Map<String, String> map = new LinkedHashMap<>();
    forEachSet(map::put);
    return Map.copyOf(map);
  }

  /** The names of the headers to remove. */
  public List<String> toRemove() {
    return remove;
  }

  /** Whether the gateway takes the message with these edits: not where they make it too large. */
  public boolean fitInto(Headers message) {
    if (isEmpty()) {
      return true;
    }
    int bytes = 0;
    for (int i = 0; i < set.size(); i++) {
      bytes += set.get(i).length() * Builder.MAX_UTF8_BYTES;
    }
    int lines = set.size() / 2;
    if (message.hasRoomFor(lines, bytes)) {
      return true; // nearly always, and without looking for each name
    }
    for (int i = 0; i < set.size(); i += 2) {
      lines -= message.count(set.get(i));
    }
    for (int i = 0; i < remove.size(); i++) {
      lines -= message.count(remove.get(i));
    }
    return message.hasRoomFor(lines, bytes);
  }

  /** Whether this header is set. */
  public boolean sets(String lowerCaseName) {
    for (int i = 0; i < set.size(); i += 2) {
      if (set.get(i).equals(lowerCaseName)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HeaderEdits that && set.equals(that.set) && remove.equals(that.remove);
  }

  @Override
  public int hashCode() {
    return 31 * set.hashCode() + remove.hashCode();
  }

  @Override
  public String toString() {
    return "HeaderEdits[set=" + toSet() + ", remove=" + remove + "]";
  }

  /** The same and one more. */
  public HeaderEdits withSet(String lowerCaseName, String value) {
    List<String> more = new ArrayList<>(set);
    more.add(lowerCaseName);
    more.add(value);
    return new HeaderEdits(List.copyOf(more), remove);
  }

  /** The same and one more. */
  public HeaderEdits withRemove(String lowerCaseName) {
    List<String> more = new ArrayList<>(remove);
    more.add(lowerCaseName);
    return new HeaderEdits(set, List.copyOf(more));
  }

  /** Collects edits; single-threaded. */
  public static final class Builder {
    /** Of a char, in UTF-8; names and most values have one. */
    private static final int MAX_UTF8_BYTES = 3;

    private final List<String> set = new ArrayList<>(16);
    private final List<String> remove = new ArrayList<>();

    /** No edits so far. */
    public Builder() {}

    public Builder set(String lowerCaseName, String value) {
      set.add(lowerCaseName);
      set.add(value);
      return this;
    }

    public Builder remove(String lowerCaseName) {
      if (!remove.contains(lowerCaseName)) {
        remove.add(lowerCaseName);
      }
      return this;
    }

    /** Takes back what would leave the message larger than the gateway takes. */
    public Builder fitInto(Headers message) {
      int bytes = 0;
      for (int i = 0; i < set.size(); i++) {
        bytes += set.get(i).length() * MAX_UTF8_BYTES;
      }
      if (!message.hasRoomFor(set.size() / 2 - remove.size(), bytes)) {
        set.clear();
      }
      if (!message.hasRoomFor(-remove.size(), 0)) {
        remove.clear();
      }
      return this;
    }

    public HeaderEdits build() {
      return set.isEmpty() && remove.isEmpty()
          ? EMPTY
          : new HeaderEdits(List.copyOf(set), List.copyOf(remove));
    }
  }
}
