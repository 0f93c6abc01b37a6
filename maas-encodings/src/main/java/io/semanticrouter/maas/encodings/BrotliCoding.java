// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.encodings;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.decoder.DecoderJNI;
import io.semanticrouter.maas.spi.ContentCoding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * {@code br} (RFC 7932), with the decoder of Google behind brotli4j. Found by the service loader.
 *
 * <p>Windows of more than 8 MiB, which are 16 MiB in this format, have to be allowed; "large window
 * brotli", which is another format, is always refused.
 */
public final class BrotliCoding implements ContentCoding {
  /** For the service loader. */
  public BrotliCoding() {}

  @Override
  public String name() {
    return "br";
  }

  @Override
  public boolean isAvailable() {
    return Brotli4jLoader.isAvailable();
  }

  /**
   * {@inheritDoc}
   *
   * @throws UncheckedIOException if there is no memory for it
   * @throws UnsatisfiedLinkError if it is not {@linkplain #isAvailable available}
   */
  @Override
  public Decoder newDecoder(int maxWindowBytes) {
    // Loads the native library, which the decoder itself does not.
    Brotli4jLoader.ensureAvailability();
    try {
      return new BrotliDecoder(maxWindowBytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class BrotliDecoder implements Decoder {
    /** What the native side takes at a time. */
    private static final int PIECE = 4096;

    private static final byte[] NOTHING = {};

    private final int maxWindowBytes;

    /** Null once closed. */
    private DecoderJNI.@Nullable Wrapper brotli;

    private byte[] input = NOTHING;
    private int next;
    private int limit;
    private boolean windowKnown;

    BrotliDecoder(int maxWindowBytes) throws IOException {
      this.maxWindowBytes = maxWindowBytes;
      this.brotli = new DecoderJNI.Wrapper(PIECE);
    }

    @Override
    public void setInput(byte[] b, int from, int to) {
      input = b;
      next = from;
      limit = to;
    }

    @Override
    public int remaining() {
      return limit - next;
    }

    @Override
    public int decode(byte[] out, int from, int to) throws DecodingException {
      DecoderJNI.Wrapper open = open();
      while (true) {
        if (open.hasOutput()) {
          return take(open, out, from, to);
        }
        switch (open.getStatus()) {
          case NEEDS_MORE_INPUT -> {
            if (next == limit) {
              input = NOTHING;
              next = 0;
              limit = 0;
              return 0;
            }
            push(open);
          }
          case OK -> open.push(0);
          case DONE -> {
            if (next < limit) {
              throw new DecodingException(Reason.MALFORMED);
            }
            input = NOTHING;
            next = 0;
            limit = 0;
            return 0;
          }
          case ERROR, NEEDS_MORE_OUTPUT -> throw new DecodingException(Reason.MALFORMED);
        }
      }
    }

    private static int take(DecoderJNI.Wrapper open, byte[] out, int from, int to)
        throws DecodingException {
      ByteBuffer taken = open.pull(to - from);
      if (taken == null || !taken.hasRemaining()) {
        throw new DecodingException(Reason.MALFORMED);
      }
      int length = taken.remaining();
      taken.get(out, from, length);
      return length;
    }

    private void push(DecoderJNI.Wrapper open) throws DecodingException {
      if (!windowKnown) {
        windowKnown = true;
        if (window(input[next]) > maxWindowBytes) {
          throw new DecodingException(Reason.WINDOW_TOO_LARGE);
        }
      }
      int length = Math.min(PIECE, limit - next);
      ByteBuffer piece = open.getInputBuffer();
      piece.clear();
      piece.put(input, next, length);
      next += length;
      open.push(length);
    }

    @Override
    public boolean isFinished() {
      return brotli != null
          && brotli.getStatus() == DecoderJNI.Status.DONE
          && !brotli.hasOutput()
          && next == limit;
    }

    @Override
    public void close() {
      input = NOTHING;
      next = 0;
      limit = 0;
      if (brotli != null) {
        brotli.destroy();
        brotli = null;
      }
    }

    private DecoderJNI.Wrapper open() {
      if (brotli == null) {
        throw new IllegalStateException("closed");
      }
      return brotli;
    }

    /** The window in bytes; it stands in the first byte (RFC 7932, 9.1: WBITS). */
    private static long window(byte first) {
      int bits;
      if ((first & 1) == 0) {
        bits = 16;
      } else if ((first >> 1 & 7) != 0) {
        bits = 17 + (first >> 1 & 7);
      } else if ((first >> 4 & 7) == 1) {
        // Not a size, but the sign of large window brotli.
        return Long.MAX_VALUE;
      } else if ((first >> 4 & 7) != 0) {
        bits = 8 + (first >> 4 & 7);
      } else {
        bits = 17;
      }
      return (1L << bits) - 16;
    }
  }
}
