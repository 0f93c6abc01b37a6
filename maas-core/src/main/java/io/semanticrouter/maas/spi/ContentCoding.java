// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.spi;

/**
 * A content coding of HTTP (RFC 9110, 8.4.1) that the core cannot decode itself, as {@code br} or
 * {@code zstd}. Found by {@link java.util.ServiceLoader}, so that an implementation is a public
 * class with a public constructor without arguments. Thread-safe; its decoders are not.
 *
 * <p>No argument and no result is null.
 */
public interface ContentCoding {
  /** The registered name, in lower case: {@code br}. */
  String name();

  /**
   * Whether it works on this machine; asked once, at configuration. A coding whose native library
   * is not there says no and is left out: its responses stay unmeasured, nothing else happens.
   */
  default boolean isAvailable() {
    return true;
  }

  /**
   * A decoder for one body.
   *
   * @param maxWindowBytes the largest window, in bytes, at least 1024, that the decoder may keep; a
   *     body that needs a larger one is refused with {@link Reason#WINDOW_TOO_LARGE}
   */
  Decoder newDecoder(int maxWindowBytes);

  /**
   * Decodes one body as it passes: input is pushed, output is taken. Any cut of a well-formed body
   * gives the same output, and what has been read so far is decoded as far as it can be, since an
   * event stream is flushed event by event. Not thread-safe.
   *
   * <p>Memory is bounded by the window, not by the body. It may be native: {@link #close} releases
   * all of it, at any time.
   */
  interface Decoder extends AutoCloseable {
    /**
     * Gives the next piece of the body. Only called when {@link #remaining} is 0.
     *
     * @param b not changed, and not kept behind the {@link #decode} that returns 0
     */
    void setInput(byte[] b, int from, int to);

    /**
     * Decodes into {@code out[from]} to {@code out[to - 1]}, at least one byte long.
     *
     * @return the number of bytes decoded; 0 only when the input is used up and all that it holds
     *     has been taken
     * @throws DecodingException if the body is not what its coding wants, or wants too much;
     *     nothing but {@link #close} may be called after that
     */
    int decode(byte[] out, int from, int to) throws DecodingException;

    /** How many bytes of the input have not been read yet. */
    int remaining();

    /** Whether the body may end here: at its end mark, with all output taken. */
    boolean isFinished();

    /** Releases everything. Idempotent; throws nothing. */
    @Override
    void close();
  }

  /** Why a body is not decoded. */
  enum Reason {
    /** It is not well-formed, or a checksum in it does not match. */
    MALFORMED,
    /** It wants more memory than it may have. */
    WINDOW_TOO_LARGE
  }

  /**
   * A body that is not decoded. Without text, which could repeat the body, and without a stack
   * trace, since traffic decides how often it is thrown.
   */
  final class DecodingException extends Exception {
    private static final long serialVersionUID = 1;

    private final Reason reason;

    /** For one of the reasons. */
    public DecodingException(Reason reason) {
      super(reason.name(), null, false, false);
      this.reason = reason;
    }

    /** Why. */
    public Reason reason() {
      return reason;
    }
  }
}
