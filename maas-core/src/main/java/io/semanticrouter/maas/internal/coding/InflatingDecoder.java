// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.coding;

import io.semanticrouter.maas.spi.ContentCoding.Decoder;
import io.semanticrouter.maas.spi.ContentCoding.DecodingException;
import io.semanticrouter.maas.spi.ContentCoding.Reason;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Decodes {@code gzip} and {@code deflate} with the inflater of the JDK.
 *
 * <p>gzip is RFC 1952: any number of members, all header fields, both checksums of the trailer, the
 * one of the header if it is there; zeros behind the last member, which block-oriented writers
 * leave, are passed over.
 *
 * <p>deflate is a zlib stream (RFC 9110, 8.4.1.2, and RFC 1950), but some servers send deflate data
 * (RFC 1951) without that wrapper. The first two bytes tell: they are a zlib header if method,
 * window and check bits are right. To look like one, bare data would have to begin with a stored
 * block whose padding is not zero.
 *
 * <p>The window is 32 KiB at most, by the format. Not thread-safe.
 */
final class InflatingDecoder implements Decoder {
  private enum State {
    /** The ten bytes with which each member begins. */
    MEMBER,
    EXTRA_LENGTH,
    EXTRA,
    NAME,
    COMMENT,
    HEADER_CHECKSUM,
    /** The two bytes that tell zlib from bare data. */
    DETECT,
    BODY,
    TRAILER,
    /** Behind the last member. */
    ZEROS,
    /** Behind a deflate stream. */
    END
  }

  private static final int MEMBER_START = 10;
  private static final int ID1 = 0x1F;
  private static final int ID2 = 0x8B;
  private static final int DEFLATED = 8;

  private static final int FLAG_CHECKSUM = 2;
  private static final int FLAG_EXTRA = 4;
  private static final int FLAG_NAME = 8;
  private static final int FLAG_COMMENT = 16;
  private static final int FLAGS_RESERVED = 0xE0;

  private static final byte[] NOTHING = {};

  private final boolean gzip;
  private final CRC32 crc = new CRC32();

  private State state;

  /** How much of what {@link #state} says has been read. */
  private int position;

  /** What has been read of a little-endian number. */
  private long number;

  private int flags;
  private int extraLeft;
  private boolean memberSeen;

  private byte[] input = NOTHING;
  private int next;
  private int limit;

  private @Nullable Inflater inflater;

  /** Decoded bytes of this member. */
  private long written;

  /** The data is wrong behind what has been handed on. */
  private boolean broken;

  private InflatingDecoder(boolean gzip) {
    this.gzip = gzip;
    this.state = gzip ? State.MEMBER : State.DETECT;
  }

  static Decoder gzip() {
    return new InflatingDecoder(true);
  }

  static Decoder deflate() {
    return new InflatingDecoder(false);
  }

  @Override
  public void setInput(byte[] b, int from, int to) {
    input = b;
    next = from;
    limit = to;
  }

  @Override
  public int remaining() {
    return limit - next + (inflater == null ? 0 : inflater.getRemaining());
  }

  @Override
  public boolean isFinished() {
    return state == State.ZEROS || state == State.END || (state == State.MEMBER && position == 0);
  }

  @Override
  public int decode(byte[] out, int from, int to) throws DecodingException {
    while (true) {
      if (state == State.BODY && inflater != null) {
        int decoded = inflate(inflater, out, from, to);
        if (decoded > 0) {
          return decoded;
        }
      }
      if (state == State.BODY || next == limit) {
        input = NOTHING;
        next = 0;
        limit = 0;
        return 0;
      }
      read(input[next++] & 0xFF);
    }
  }

  @Override
  public void close() {
    if (inflater != null) {
      inflater.end();
      inflater = null;
    }
    input = NOTHING;
    next = 0;
    limit = 0;
  }

  // --- data ----------------------------------------------------------------------------------

  /**
   * Decodes data. At its end the state is the next one.
   *
   * @return 0 at the end of the data or of the input
   */
  private int inflate(Inflater zip, byte[] out, int from, int to) throws DecodingException {
    while (true) {
      if (zip.needsInput() && next < limit) {
        zip.setInput(input, next, limit - next);
        next = limit;
      }
      int decoded = inflated(zip, out, from, to);
      written += decoded;
      if (gzip) {
        crc.update(out, from, decoded);
      }
      if (zip.finished()) {
        next -= zip.getRemaining();
        endData(zip);
        return decoded;
      }
      if (decoded > 0) {
        return decoded;
      }
      if (!zip.needsInput()) {
        // It asks for a dictionary, which HTTP has none of.
        throw malformed();
      }
      if (next == limit) {
        // It would keep the array.
        zip.setInput(NOTHING);
        return 0;
      }
    }
  }

  /** What was decoded before the data went wrong is handed on, however the input is cut. */
  private int inflated(Inflater zip, byte[] out, int from, int to) throws DecodingException {
    if (broken) {
      throw malformed();
    }
    long before = zip.getBytesWritten();
    try {
      return zip.inflate(out, from, to - from);
    } catch (DataFormatException e) {
      broken = true;
      int decoded = (int) (zip.getBytesWritten() - before);
      if (decoded == 0) {
        throw malformed();
      }
      return decoded;
    }
  }

  private void endData(Inflater zip) {
    if (gzip) {
      zip.reset();
      enter(State.TRAILER);
    } else {
      zip.end();
      inflater = null;
      enter(State.END);
    }
  }

  // --- what is around it ---------------------------------------------------------------------

  private void read(int c) throws DecodingException {
    switch (state) {
      case MEMBER -> member(c);
      case EXTRA_LENGTH -> {
        crc.update(c);
        number(c);
        if (position == 2) {
          extraLeft = (int) number;
          enter(State.EXTRA);
          if (extraLeft == 0) {
            headerFields();
          }
        }
      }
      case EXTRA -> {
        header(c);
        if (position == extraLeft) {
          headerFields();
        }
      }
      case NAME, COMMENT -> {
        header(c);
        if (c == 0) {
          headerFields();
        }
      }
      case HEADER_CHECKSUM -> {
        number(c);
        if (position == 2) {
          require(number == (crc.getValue() & 0xFFFF));
          beginData();
        }
      }
      case DETECT -> {
        number(c);
        if (position == 2) {
          detect((int) number & 0xFF, (int) number >>> Byte.SIZE);
        }
      }
      case TRAILER -> {
        number(c);
        if (position == Long.BYTES) {
          require((number & 0xFFFF_FFFFL) == crc.getValue());
          require(number >>> Integer.SIZE == (written & 0xFFFF_FFFFL));
          crc.reset();
          memberSeen = true;
          enter(State.MEMBER);
        }
      }
      case ZEROS -> require(c == 0);
      case BODY, END -> throw malformed();
    }
  }

  private void member(int c) throws DecodingException {
    if (position == 0 && c == 0 && memberSeen) {
      enter(State.ZEROS);
      return;
    }
    switch (position) {
      case 0 -> require(c == ID1);
      case 1 -> require(c == ID2);
      case 2 -> require(c == DEFLATED);
      case 3 -> {
        require((c & FLAGS_RESERVED) == 0);
        flags = c;
      }
      default -> {
        // time, extra flags and operating system
      }
    }
    header(c);
    if (position == MEMBER_START) {
      headerFields();
    }
  }

  /** Goes on to the next header field that the flags announce. */
  private void headerFields() {
    if (take(FLAG_EXTRA)) {
      enter(State.EXTRA_LENGTH);
    } else if (take(FLAG_NAME)) {
      enter(State.NAME);
    } else if (take(FLAG_COMMENT)) {
      enter(State.COMMENT);
    } else if (take(FLAG_CHECKSUM)) {
      enter(State.HEADER_CHECKSUM);
    } else {
      beginData();
    }
  }

  private boolean take(int flag) {
    boolean set = (flags & flag) != 0;
    flags &= ~flag;
    return set;
  }

  private void header(int c) {
    crc.update(c);
    position++;
  }

  private void number(int c) {
    number |= (long) c << (Byte.SIZE * position);
    position++;
  }

  private void enter(State following) {
    state = following;
    position = 0;
    number = 0;
  }

  private void beginData() {
    crc.reset();
    written = 0;
    if (inflater == null) {
      inflater = new Inflater(true);
    }
    enter(State.BODY);
  }

  private void detect(int first, int second) {
    boolean zlib =
        (first & 0xF) == DEFLATED && first >>> 4 <= 7 && (first << Byte.SIZE | second) % 31 == 0;
    inflater = new Inflater(!zlib);
    inflater.setInput(new byte[] {(byte) first, (byte) second});
    enter(State.BODY);
  }

  private static void require(boolean right) throws DecodingException {
    if (!right) {
      throw malformed();
    }
  }

  private static DecodingException malformed() {
    return new DecodingException(Reason.MALFORMED);
  }
}
