// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.framing;

import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * Splits {@code application/vnd.amazon.eventstream} into frames and hands on the payloads of those
 * that are wanted, without keeping any: constant memory, no allocation per chunk or frame, whatever
 * lengths a frame claims.
 *
 * <pre>
 * u32 total | u32 headers | u32 CRC-32 of these 8 bytes | headers | payload | u32 CRC-32 of all before
 * </pre>
 *
 * <p>Big-endian. A header is {@code u8 length, name, u8 type, value}. Source: AWS, "Event stream
 * encoding" (Amazon Transcribe and Lex developer guides), also for "any given header can appear
 * only once"; types of headers and the limit of 16 MiB: the AWS event stream libraries.
 *
 * <p>A frame is good or the stream is {@linkplain #isCorrupt corrupt}: lengths that cannot be
 * trusted leave no place at which to go on. The payload passes before its checksum, so that what
 * was found in it only counts at {@link Frames#end}. Not thread-safe.
 */
public final class EventStreamFraming {
  /** Any message or event type that has no constant here, a missing one included. */
  static final int OTHER = 0;

  /** {@code :message-type} is {@code event}. */
  static final int EVENT = 1;

  /** {@code :message-type} is {@code exception}, or there is an {@code :exception-type}. */
  public static final int EXCEPTION = 2;

  /** {@code :message-type} is {@code error}. */
  public static final int ERROR = 3;

  /** {@code :event-type} is {@code chunk}: InvokeModelWithResponseStream. */
  public static final int CHUNK = 1;

  /** {@code :event-type} is {@code metadata}: the event of ConverseStream with the usage. */
  public static final int METADATA = 2;

  /** {@code :event-type} is {@code messageStop}: ConverseStream. */
  static final int MESSAGE_STOP = 3;

  /** {@code :event-type} is {@code contentBlockDelta}: ConverseStream. */
  public static final int CONTENT_DELTA = 4;

  /** Takes frames. */
  public interface Frames {
    /**
     * The headers of a frame have been read; its checksum has not been seen yet.
     *
     * @param messageType {@link #EVENT}, {@link #EXCEPTION}, {@link #ERROR} or {@link #OTHER}
     * @param eventType {@link #CHUNK}, {@link #METADATA}, {@link #MESSAGE_STOP}, {@link
     *     #CONTENT_DELTA} or {@link #OTHER}
     * @return whether the payload is wanted
     */
    boolean begin(int messageType, int eventType);

    /** The next part of a payload that is wanted. */
    void payload(byte[] b, int from, int to);

    /** The frame, wanted or not, is complete, and both its checksums are right. */
    void end();
  }

  private enum State {
    LENGTHS,
    LENGTHS_CHECKSUM,
    HEADERS,
    PAYLOAD,
    CHECKSUM,
    CORRUPT
  }

  private enum HeaderPart {
    NAME_LENGTH,
    NAME,
    TYPE,
    VALUE_LENGTH_HIGH,
    VALUE_LENGTH_LOW,
    VALUE
  }

  private static final int LENGTHS = 8;
  private static final int CHECKSUM = 4;

  /** Of a frame without headers and payload. */
  private static final int OVERHEAD = LENGTHS + CHECKSUM + CHECKSUM;

  private static final int MAX_TOTAL = 16 << 20;

  private static final int STRING = 7;

  /** Bytes of a value by its type; -1: its length stands before it. */
  private static final int[] VALUE_LENGTHS = {0, 0, 1, 2, 4, 8, -1, -1, 8, 16};

  private static final int NO_NAME = -1;
  private static final int MESSAGE_TYPE = 0;
  private static final int EVENT_TYPE = 1;
  private static final int EXCEPTION_TYPE = 2;
  private static final byte[][] NAMES = {
    ascii(":message-type"), ascii(":event-type"), ascii(":exception-type")
  };

  /** In the order of their constants, which begin at 1. */
  private static final byte[][] MESSAGE_TYPES = {
    ascii("event"), ascii("exception"), ascii("error")
  };

  private static final byte[][] EVENT_TYPES = {
    ascii("chunk"), ascii("metadata"), ascii("messageStop"), ascii("contentBlockDelta")
  };

  private static final int LONGEST_WORD = 20;

  private final Frames frames;
  private final CRC32 crc = new CRC32();

  private State state = State.LENGTHS;

  /** How many bytes of what {@link #state} says are still to come. */
  private int left = LENGTHS;

  /** Both lengths, the total one in the upper half. */
  private long lengths;

  private int stated;
  private int calculated;
  private int payloadLength;
  private boolean wanted;

  private HeaderPart part = HeaderPart.NAME_LENGTH;
  private int partLeft;
  private final byte[] word = new byte[LONGEST_WORD];

  /** Saturates behind the longest word: what is longer is none of ours. */
  private int wordLength;

  private int name;
  private boolean string;

  /** Bit n: the n-th of {@link #NAMES} has been there. */
  private int seen;

  private int messageType;
  private int eventType;

  public EventStreamFraming(Frames frames) {
    this.frames = frames;
  }

  /** Reads the next chunk, any part of the stream. Of a corrupt stream nothing is read. */
  public void feed(byte[] b, int from, int to) {
    int i = from;
    while (i < to && state != State.CORRUPT) {
      int end = to - i <= left ? to : i + left;
      switch (state) {
        case LENGTHS -> lengths(b, i, end);
        case HEADERS -> headers(b, i, end);
        case PAYLOAD -> {
          if (wanted) {
            frames.payload(b, i, end);
          }
        }
        case LENGTHS_CHECKSUM, CHECKSUM -> stated(b, i, end);
        case CORRUPT -> {
          // the loop ends before
        }
      }
      if (state == State.CORRUPT) {
        return;
      }
      if (state != State.CHECKSUM) {
        crc.update(b, i, end - i);
      }
      left -= end - i;
      i = end;
      while (left == 0 && state != State.CORRUPT) {
        next();
      }
    }
  }

  /** Whether a frame was wrong. All that came after it has been ignored. */
  public boolean isCorrupt() {
    return state == State.CORRUPT;
  }

  /** Whether a stream that ends here ends inside a frame. */
  public boolean isTruncated() {
    return state != State.CORRUPT && !(state == State.LENGTHS && left == LENGTHS);
  }

  private void lengths(byte[] b, int from, int to) {
    for (int i = from; i < to; i++) {
      lengths = lengths << 8 | (b[i] & 0xFF);
    }
  }

  private void stated(byte[] b, int from, int to) {
    for (int i = from; i < to; i++) {
      stated = stated << 8 | (b[i] & 0xFF);
    }
  }

  private void next() {
    switch (state) {
      case LENGTHS -> {
        calculated = (int) crc.getValue();
        enter(State.LENGTHS_CHECKSUM, CHECKSUM);
      }
      case LENGTHS_CHECKSUM -> beginFrame();
      case HEADERS -> {
        if (part != HeaderPart.NAME_LENGTH) {
          state = State.CORRUPT;
          return;
        }
        boolean exception = (seen & 1 << EXCEPTION_TYPE) != 0;
        wanted = frames.begin(exception ? EXCEPTION : messageType, eventType);
        enter(State.PAYLOAD, payloadLength);
      }
      case PAYLOAD -> {
        calculated = (int) crc.getValue();
        enter(State.CHECKSUM, CHECKSUM);
      }
      case CHECKSUM -> {
        if (stated != calculated) {
          state = State.CORRUPT;
          return;
        }
        crc.reset();
        enter(State.LENGTHS, LENGTHS);
        frames.end();
      }
      case CORRUPT -> {
        // stays so
      }
    }
  }

  private void enter(State next, int length) {
    state = next;
    left = length;
  }

  private void beginFrame() {
    long total = lengths >>> Integer.SIZE;
    long headers = lengths & 0xFFFF_FFFFL;
    if (stated != calculated
        || total < OVERHEAD
        || total > MAX_TOTAL
        || headers > total - OVERHEAD) {
      state = State.CORRUPT;
      return;
    }
    payloadLength = (int) (total - OVERHEAD - headers);
    seen = 0;
    messageType = OTHER;
    eventType = OTHER;
    enter(State.HEADERS, (int) headers);
  }

  // --- headers -------------------------------------------------------------------------------

  private void headers(byte[] b, int from, int to) {
    int i = from;
    while (i < to && state == State.HEADERS) {
      switch (part) {
        case NAME_LENGTH -> {
          enter(HeaderPart.NAME, b[i++] & 0xFF);
          if (partLeft == 0) {
            state = State.CORRUPT;
          }
        }
        case NAME -> {
          i = keep(b, i, to);
          if (partLeft == 0) {
            endName();
          }
        }
        case TYPE -> type(b[i++] & 0xFF);
        case VALUE_LENGTH_HIGH -> enter(HeaderPart.VALUE_LENGTH_LOW, b[i++] & 0xFF);
        case VALUE_LENGTH_LOW -> beginValue(partLeft << 8 | (b[i++] & 0xFF));
        case VALUE -> {
          i = keep(b, i, to);
          if (partLeft == 0) {
            endValue();
          }
        }
      }
    }
  }

  private void enter(HeaderPart next, int length) {
    part = next;
    partLeft = length;
    wordLength = 0;
  }

  private int keep(byte[] b, int from, int to) {
    int length = Math.min(partLeft, to - from);
    if (length > LONGEST_WORD - wordLength) {
      wordLength = LONGEST_WORD + 1;
    } else {
      System.arraycopy(b, from, word, wordLength, length);
      wordLength += length;
    }
    partLeft -= length;
    return from + length;
  }

  private void endName() {
    name = NO_NAME;
    int which = wordOf(NAMES);
    if (which >= 0) {
      // Two that contradict each other, and nothing to say which of them is meant.
      if ((seen & 1 << which) != 0) {
        state = State.CORRUPT;
        return;
      }
      seen |= 1 << which;
      name = which;
    }
    part = HeaderPart.TYPE;
  }

  private void type(int type) {
    if (type >= VALUE_LENGTHS.length) {
      state = State.CORRUPT;
      return;
    }
    string = type == STRING;
    if (VALUE_LENGTHS[type] < 0) {
      part = HeaderPart.VALUE_LENGTH_HIGH;
    } else {
      beginValue(VALUE_LENGTHS[type]);
    }
  }

  private void beginValue(int length) {
    enter(HeaderPart.VALUE, length);
    if (length == 0) {
      endValue();
    }
  }

  private void endValue() {
    part = HeaderPart.NAME_LENGTH;
    if (string && name == MESSAGE_TYPE) {
      messageType = wordOf(MESSAGE_TYPES) + 1;
    } else if (string && name == EVENT_TYPE) {
      eventType = wordOf(EVENT_TYPES) + 1;
    }
  }

  /** The index of the word that has been read, or -1. */
  private int wordOf(byte[][] words) {
    for (int i = 0; i < words.length; i++) {
      if (wordLength == words[i].length
          && Arrays.equals(word, 0, wordLength, words[i], 0, wordLength)) {
        return i;
      }
    }
    return -1;
  }

  private static byte[] ascii(String text) {
    byte[] bytes = new byte[text.length()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) text.charAt(i);
    }
    return bytes;
  }
}
