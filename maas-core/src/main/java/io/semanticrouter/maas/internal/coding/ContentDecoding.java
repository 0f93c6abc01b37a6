// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.coding;

import io.semanticrouter.maas.internal.bytes.ByteSink;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.spi.ContentCoding.Decoder;
import io.semanticrouter.maas.spi.ContentCoding.DecodingException;
import io.semanticrouter.maas.spi.ContentCoding.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes the content coding off a body while it passes: each byte is decoded once, nothing is
 * buffered but the window of the coding and one fixed array, both only while there is a body. What
 * has been fed is decoded as far as it can be, so that an event reaches the sink with its chunk.
 *
 * <p>It knows {@code gzip}, {@code x-gzip} and {@code deflate}; others come as {@link
 * ContentCoding}.
 *
 * <p>Holds native memory from the first byte on. It is released at {@link #end}, when decoding
 * fails, when the sink throws, and at {@link #close}, which is therefore the way out for a body
 * that never ends. Not thread-safe.
 */
public final class ContentDecoding implements AutoCloseable {
  /**
   * How many times larger than what came in the output may be, once it is large. Deflate cannot do
   * better than 1032 (RFC 1951: 258 bytes for two bits), and a model that repeats one token without
   * end comes close to that honestly. Beyond 32 MiB it is 50: prose, vectors and probabilities of
   * tokens are compressed 2 to 20 times, and no model repeats a token that often.
   */
  public static final int DEFAULT_MAX_RATIO = 1000;

  /** 8 MiB: the most that {@code zstd} as a content coding may want (RFC 9659). */
  public static final int DEFAULT_MAX_WINDOW_BYTES = 8 << 20;

  /** Output up to which no ratio is looked at: not worth refusing, whatever it was made from. */
  private static final int FREE_OUTPUT = 1 << 20;

  /** Output beyond which so many times the input is the most: more holds up other exchanges. */
  private static final int LARGE_OUTPUT = 32 << 20;

  private static final int LARGE_RATIO = 50;

  /** A power of two. */
  private static final int SCRATCH = 8192;

  /** Makes the decoder when the body begins; null is identity. */
  private final @Nullable Supplier<Decoder> coding;

  private final int maxRatio;

  private @Nullable Decoder decoder;
  private byte @Nullable [] scratch;
  private boolean ended;

  private long input;
  private long output;
  private boolean malformed;
  private boolean overLimit;
  private boolean truncated;

  private ContentDecoding(@Nullable Supplier<Decoder> coding, int maxRatio) {
    this.coding = coding;
    this.maxRatio = maxRatio;
  }

  /**
   * The codings on the class or module path that work here. For configuration, not for traffic.
   *
   * @throws java.util.ServiceConfigurationError if one is declared that is none
   */
  public static List<ContentCoding> installed() {
    List<ContentCoding> found = new ArrayList<>();
    for (ContentCoding coding :
        ServiceLoader.load(ContentCoding.class, ContentCoding.class.getClassLoader())) {
      if (coding.isAvailable()) {
        found.add(coding);
      }
    }
    return List.copyOf(found);
  }

  /**
   * The decoding of one body.
   *
   * @param contentEncoding the value of {@code content-encoding}; several lines joined with a
   *     comma. {@code identity} and empty elements do not count
   * @param maxRatio see {@link #DEFAULT_MAX_RATIO}; at least 1
   * @param maxWindowBytes the most that a coding of {@code more} may keep as its window
   * @param more codings other than the built-in ones
   * @return null if there is an unknown coding, or more than one: nobody sends that for a reason,
   *     and ratios multiply
   */
  public static @Nullable ContentDecoding of(
      String contentEncoding, int maxRatio, int maxWindowBytes, List<ContentCoding> more) {
    Supplier<Decoder> coding = null;
    int from = 0;
    while (from <= contentEncoding.length()) {
      int comma = contentEncoding.indexOf(',', from);
      int to = comma < 0 ? contentEncoding.length() : comma;
      String name = contentEncoding.substring(from, to).strip().toLowerCase(Locale.ROOT);
      from = to + 1;
      if (name.isEmpty() || name.equals("identity")) {
        continue;
      }
      Supplier<Decoder> found = coding == null ? find(name, maxWindowBytes, more) : null;
      if (found == null) {
        return null;
      }
      coding = found;
    }
    return new ContentDecoding(coding, maxRatio);
  }

  private static @Nullable Supplier<Decoder> find(
      String name, int maxWindowBytes, List<ContentCoding> more) {
    switch (name) {
      // RFC 9110, 8.4.1.3: x-gzip is the same.
      case "gzip", "x-gzip" -> {
        return InflatingDecoder::gzip;
      }
      case "deflate" -> {
        return InflatingDecoder::deflate;
      }
      default -> {
        for (ContentCoding coding : more) {
          if (coding.name().equals(name)) {
            return () -> coding.newDecoder(maxWindowBytes);
          }
        }
        return null;
      }
    }
  }

  /**
   * Decodes the next chunk, any part of the body; does nothing once decoding has failed or ended.
   */
  public void feed(byte[] b, int from, int to, ByteSink out) {
    if (ended || from == to) {
      return;
    }
    if (coding == null) {
      out.accept(b, from, to);
      return;
    }
    boolean goesOn = false;
    try {
      if (decoder == null) {
        decoder = coding.get();
      }
      if (scratch == null) {
        scratch = new byte[SCRATCH];
      }
      goesOn = decode(decoder, scratch, b, from, to, out);
    } catch (DecodingException e) {
      malformed = e.reason() == Reason.MALFORMED;
      overLimit = e.reason() == Reason.WINDOW_TOO_LARGE;
    } finally {
      if (!goesOn) {
        close();
      }
    }
  }

  private boolean decode(Decoder from, byte[] decoded, byte[] b, int first, int last, ByteSink out)
      throws DecodingException {
    input += last - first;
    from.setInput(b, first, last);
    while (true) {
      // Up to the next multiple, where the ratio is looked at: then the cuts of the body move
      // neither
      // the verdict nor what has been handed on by then.
      int room = SCRATCH - (int) (output & (SCRATCH - 1));
      int length = from.decode(decoded, 0, room);
      if (length == 0) {
        if (from.remaining() > 0) {
          throw new IllegalStateException("decoder stopped before the end of its input");
        }
        return true;
      }
      output += length;
      out.accept(decoded, 0, length);
      if (length == room && output > FREE_OUTPUT && isTooMuch(input - from.remaining())) {
        overLimit = true;
        return false;
      }
    }
  }

  private boolean isTooMuch(long read) {
    return output / maxRatio > read || (output > LARGE_OUTPUT && output / LARGE_RATIO > read);
  }

  /** The body has ended. Nothing may be fed after that. */
  public void end() {
    truncated = decoder != null && !decoder.isFinished();
    close();
  }

  /**
   * Whether the body is not what its coding wants; what was decoded before that has been handed on.
   */
  public boolean isMalformed() {
    return malformed;
  }

  /** Whether the body wanted more output per input, or a larger window, than it may have. */
  public boolean isOverLimit() {
    return overLimit;
  }

  /** Whether the body ended before its coding did. An empty body did not. */
  public boolean isTruncated() {
    return truncated;
  }

  /** Releases everything, native memory included. Idempotent. */
  @Override
  public void close() {
    ended = true;
    scratch = null;
    Decoder open = decoder;
    decoder = null;
    if (open != null) {
      open.close();
    }
  }
}
