// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.framing;

import io.semanticrouter.maas.internal.bytes.ByteSink;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Tells by the first bytes of a body how it is framed. They decide, whatever the label says; the
 * label decides when they say nothing.
 *
 * <ul>
 *   <li>JSON begins with a brace and a quote, or with a bracket and a brace.
 *   <li>An event stream has a line that is a comment or a field of WHATWG HTML 9.2.6. Lines with
 *       unknown fields can come first, as far as they are text and no more than {@value #MAX_TEXT}
 *       bytes.
 *   <li>A frame of {@code application/vnd.amazon.eventstream} has a checksum of its lengths.
 * </ul>
 *
 * <p>No byte behind the one that decides is read: for most bodies that is the first one. Not
 * thread-safe.
 */
public final class FirstBytes {
  public static final int MAX_TEXT = 1024;

  /** Two lengths, and their checksum. */
  private static final int PRELUDE = 12;

  private static final int LENGTHS = 8;

  private static final byte[][] FIELDS = {
    {'d', 'a', 't', 'a'}, {'e', 'v', 'e', 'n', 't'}, {'i', 'd'}, {'r', 'e', 't', 'r', 'y'}
  };

  private enum State {
    SPACE,
    /** Behind the first brace or bracket. */
    OPENED,
    LINE_START,
    FIELD_NAME,
    LINE,
    PRELUDE,
    DECIDED
  }

  private final Framing label;
  private State state = State.SPACE;
  private @Nullable Framing framing;

  /** Whether white space stands between the beginning of the line and the first byte. */
  private boolean indented;

  private byte first;
  private byte[] field = FIELDS[0];

  /** What has been read that the framing has to read too. */
  private final byte[] held = new byte[PRELUDE];

  private int heldLength;
  private int textLength;
  private boolean binary;

  /**
   * @param label {@link Framing#DETECT} when it says nothing
   */
  public FirstBytes(Framing label) {
    this.label = label;
  }

  public boolean isDecided() {
    return state == State.DECIDED;
  }

  /** How the body is framed, once that is decided; null: in none of the ways. */
  public @Nullable Framing framing() {
    return framing;
  }

  /** Whether there are bytes among the first ones that no text has. */
  public boolean isBinary() {
    return binary;
  }

  /** Hands on what the framing has to read before the first byte not read. */
  public void replay(ByteSink out) {
    if (heldLength > 0) {
      out.accept(held, 0, heldLength);
    }
  }

  /**
   * Reads on until it is decided.
   *
   * @return the index of the first byte not read
   */
  public int read(byte[] b, int from, int to) {
    int i = from;
    while (i < to && state != State.DECIDED) {
      if (reads(b[i])) {
        i++;
        if (isInText() && ++textLength == MAX_TEXT) {
          decideByLabel();
        }
      }
    }
    return i;
  }

  /** The body has ended; one of white space stays undecided. */
  public void end() {
    if (state == State.OPENED) {
      decide(Framing.JSON);
    } else if (state != State.DECIDED && state != State.SPACE) {
      decideByLabel();
    }
  }

  private boolean isInText() {
    return state == State.LINE_START || state == State.FIELD_NAME || state == State.LINE;
  }

  /** Whether it has read the byte; if not, it is in another state now. */
  private boolean reads(byte c) {
    switch (state) {
      case SPACE -> {
        if (c == '\n' || c == '\r') {
          indented = false;
          return true;
        }
        if (c == ' ' || c == '\t') {
          indented = true;
          return true;
        }
        first(c);
        return false;
      }
      case OPENED -> {
        if (heldLength == 0) {
          return hold(c);
        }
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
          return true;
        }
        opened(first == '{' ? c == '"' || c == '}' : c == '{' || c == ']');
        return false;
      }
      case LINE_START -> {
        if (c == '\n' || c == '\r') {
          return true;
        }
        lineStart(c);
        return false;
      }
      case FIELD_NAME -> {
        if (heldLength < field.length && c == field[heldLength]) {
          return hold(c);
        }
        if (heldLength == field.length && c == ':') {
          decide(Framing.SSE);
        } else {
          state = State.LINE;
        }
        return false;
      }
      case LINE -> {
        if (c == '\n' || c == '\r') {
          state = State.LINE_START;
        } else if (c >= 0 && c < ' ' && c != '\t') {
          binary = true;
          decideByLabel();
          return false;
        }
        return true;
      }
      case PRELUDE -> {
        hold(c);
        if (heldLength == PRELUDE) {
          if (isPrelude()) {
            decide(Framing.FRAMES);
          } else {
            binary = true;
            decideByLabel();
          }
        }
        return true;
      }
      case DECIDED -> {
        return false;
      }
    }
    return true;
  }

  private void first(byte c) {
    first = c;
    boolean opens = c == '{' || c == '[';
    if (opens && label != Framing.JSON) {
      state = State.OPENED;
    } else if (opens || (label == Framing.JSON && beginsValue(c))) {
      decide(Framing.JSON);
    } else if (c == 0) {
      // Lengths of frames are below 2^24, big-endian.
      state = State.PRELUDE;
    } else {
      text();
    }
  }

  /** No JSON. */
  private void text() {
    if (label == Framing.SSE) {
      if (indented && heldLength == 0) {
        hold((byte) ' ');
      }
      decide(Framing.SSE);
    } else {
      state = indented ? State.LINE : State.LINE_START;
    }
  }

  private void opened(boolean json) {
    if (json) {
      decide(Framing.JSON);
    } else {
      text();
      state = state == State.DECIDED ? state : State.LINE;
    }
  }

  private void lineStart(byte c) {
    heldLength = 0;
    if (c == ':') {
      decide(Framing.SSE);
      return;
    }
    state = State.LINE;
    for (byte[] name : FIELDS) {
      if (c == name[0]) {
        field = name;
        state = State.FIELD_NAME;
      }
    }
  }

  private void decide(@Nullable Framing decided) {
    state = State.DECIDED;
    framing = decided;
  }

  /** Of text that is none of its lines, JSON and frames only need to see that it is not theirs. */
  private void decideByLabel() {
    if (state != State.PRELUDE) {
      heldLength = 0;
      hold(first);
    }
    decide(label == Framing.DETECT ? null : label);
  }

  private boolean hold(byte c) {
    held[heldLength++] = c;
    return true;
  }

  private boolean isPrelude() {
    CRC32 crc = new CRC32();
    crc.update(held, 0, LENGTHS);
    int stated = 0;
    for (int i = LENGTHS; i < PRELUDE; i++) {
      stated = stated << Byte.SIZE | (held[i] & 0xFF);
    }
    return stated == (int) crc.getValue();
  }

  private static boolean beginsValue(byte c) {
    return c == '"' || c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n';
  }
}
