// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.encodings;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.semanticrouter.maas.spi.ContentCoding;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * {@code zstd} (RFC 8878, with the window of RFC 9659), with zstd-jni. Several frames are one body;
 * dictionaries are not supported. Found by the service loader.
 */
public final class ZstdCoding implements ContentCoding {
  /** For the service loader. */
  public ZstdCoding() {}

  @Override
  public String name() {
    return "zstd";
  }

  @Override
  public boolean isAvailable() {
    try {
      new ZstdDecompressCtx().close();
      return true;
    } catch (LinkageError | RuntimeException e) {
      // However the native library says that it is not there: it is not.
      return false;
    }
  }

  /** {@inheritDoc} The window is rounded down to a power of two. */
  @Override
  public Decoder newDecoder(int maxWindowBytes) {
    return new ZstdDecoder(maxWindowBytes);
  }

  private static final class ZstdDecoder implements Decoder {
    private static final ByteBuffer NOTHING = ByteBuffer.wrap(new byte[0]);
    private static final byte[] NO_OUTPUT = {};

    /** Null once closed. */
    private @Nullable ZstdDecompressCtx zstd;

    private ByteBuffer input = NOTHING;

    /** Around the array that was decoded to the last time, which is always the same one. */
    private ByteBuffer output = ByteBuffer.wrap(NO_OUTPUT);

    /** Whether there may be more output than had room. */
    private boolean full;

    private boolean frameEnded;

    ZstdDecoder(int maxWindowBytes) {
      int windowLog = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(maxWindowBytes);
      ZstdDecompressCtx context = new ZstdDecompressCtx();
      try {
        context.setLongMax(windowLog);
      } catch (RuntimeException e) {
        context.close();
        throw e;
      }
      zstd = context;
    }

    @Override
    public void setInput(byte[] b, int from, int to) {
      input = ByteBuffer.wrap(b, from, to - from);
    }

    @Override
    public int remaining() {
      return input.remaining();
    }

    @Override
    public int decode(byte[] out, int from, int to) throws DecodingException {
      if (zstd == null) {
        throw new IllegalStateException("closed");
      }
      if (output.array() != out) {
        output = ByteBuffer.wrap(out);
      }
      while (full || input.hasRemaining()) {
        output.limit(to).position(from);
        int before = input.remaining();
        try {
          frameEnded = zstd.decompressByteBufferStream(output, input);
        } catch (ZstdException e) {
          // The library gives codes with either sign, depending on where they come from.
          throw new DecodingException(
              Math.abs(e.getErrorCode()) == Zstd.errFrameParameterWindowTooLarge()
                  ? Reason.WINDOW_TOO_LARGE
                  : Reason.MALFORMED);
        }
        full = !frameEnded && !output.hasRemaining();
        int length = output.position() - from;
        if (length > 0) {
          return length;
        }
        if (before > 0 && input.remaining() == before) {
          throw new DecodingException(Reason.MALFORMED);
        }
      }
      input = NOTHING;
      return 0;
    }

    @Override
    public boolean isFinished() {
      return frameEnded && !input.hasRemaining();
    }

    @Override
    public void close() {
      input = NOTHING;
      output = ByteBuffer.wrap(NO_OUTPUT);
      if (zstd != null) {
        zstd.close();
        zstd = null;
      }
    }
  }
}
