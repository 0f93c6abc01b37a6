// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import io.semanticrouter.maas.internal.bytes.StringBytes;
import java.util.Arrays;

/**
 * Saves the reading of what the events of a stream have in common. They begin alike (ids, object,
 * model, the way to the text), hold one string that differs, and end alike: what begins as the last
 * one did is compared, not read, and the same goes for the rest behind the string.
 *
 * <p>That gives the same result as reading: where a scanner is, and what it has noted, depends on
 * nothing but the bytes before. Both are remembered for one place in the beginning, as long as no
 * counts were stated before it; and for the end, as a consequence of the beginning. A document that
 * is not like that is read from where it differs. Not thread-safe.
 */
final class Repeats {
  private static final int MAX_HEAD = 256;
  private static final int MAX_TAIL = 192;

  /** Shorter beginnings are not worth the restoring. */
  private static final int MIN_HEAD = 16;

  /** How much more must be alike before the place is moved on: texts can begin alike too. */
  private static final int MIN_MOVE = 32;

  private final JsonScanner json;
  private final EventFacts facts;

  /** The beginning of the last document that did not begin like the one before. */
  private final byte[] head = new byte[MAX_HEAD];

  private int headLength;

  /** How much of {@link #head} leads to {@link #place}; 0 when there is none. */
  private int known;

  private final JsonScanner.Position place = new JsonScanner.Position();
  private final EventFacts.Marks marks = new EventFacts.Marks();

  /** Whether {@link #place} is in a string that is passed over. */
  private boolean inString;

  /** From the end of the string at {@link #place} to the end of the document; empty for none. */
  private final byte[] tail = new byte[MAX_TAIL];

  private int tailLength;
  private final EventFacts.Marks tailMarks = new EventFacts.Marks();

  Repeats(JsonScanner json, EventFacts facts) {
    this.json = json;
    this.facts = facts;
  }

  /**
   * Reads a document from its first byte on, like {@link JsonScanner#feed}.
   *
   * @return the index of the first byte not read
   */
  int read(byte[] b, int from, int to) {
    int room = Math.min(headLength, to - from);
    if (room < known) {
      return json.feed(b, from, to);
    }
    int differs = Arrays.mismatch(head, 0, room, b, from, from + room);
    int same = differs < 0 ? room : differs;
    if (known == 0 || same < known) {
      return learn(b, from, from, same, to);
    }
    int at = from + known;
    int quote = inString ? StringBytes.closingQuote(b, at, to) : -1;
    int end = quote + tailLength;
    if (quote >= 0
        && tailLength > 0
        && end <= to
        && Arrays.equals(tail, 0, tailLength, b, quote, end)) {
      tailMarks.restore(facts);
      json.complete();
      return end;
    }
    json.restore(place);
    marks.restore(facts);
    return same >= known + MIN_MOVE ? learn(b, from, at, same, to) : behindHead(b, at, quote, to);
  }

  /** Moves the place to where this document differs from the head, if that is any good. */
  private int learn(byte[] b, int from, int begin, int same, int to) {
    int i = begin;
    if (same >= MIN_HEAD) {
      i = json.feed(b, begin, from + same);
      if (i == from + same && json.isBetweenCaptures() && facts.isPlain()) {
        json.save(place);
        marks.save(facts);
        inString = json.isInSkippedString();
        known = same;
        tailLength = 0;
        return behindHead(b, i, inString ? StringBytes.closingQuote(b, i, to) : -1, to);
      }
    }
    if (begin == from) {
      known = 0;
      tailLength = 0;
      headLength = Math.min(MAX_HEAD, to - from);
      System.arraycopy(b, from, head, 0, headLength);
    }
    return json.feed(b, i, to);
  }

  /** Reads on from the place, and learns the tail. */
  private int behindHead(byte[] b, int from, int quote, int to) {
    if (quote < 0) {
      return json.feed(b, from, to);
    }
    int i = json.feed(b, quote, to);
    if (json.isComplete() && i - quote <= MAX_TAIL && facts.isPlain()) {
      tailLength = i - quote;
      System.arraycopy(b, quote, tail, 0, tailLength);
      tailMarks.save(facts);
    }
    return i;
  }
}
