// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.OptionalInt;

/**
 * Writes a body in flushed pieces: those it is given, or pieces of a fixed size that ignore where
 * an event begins and ends, as a network may deliver them.
 */
final class PieceWriter {

  private final OutputStream out;
  private final byte[] piece;
  private final int pauseMillis;
  private int filled;
  private boolean started;

  /**
   * @param pauseMillis how long to wait between pieces of a fixed size
   */
  PieceWriter(OutputStream out, OptionalInt pieceBytes, int pauseMillis) {
    this.out = out;
    this.piece = new byte[pieceBytes.orElse(0)];
    this.pauseMillis = pauseMillis;
  }

  void write(byte[] bytes, int length) throws IOException {
    if (piece.length == 0) {
      out.write(bytes, 0, length);
      out.flush();
      return;
    }
    for (int from = 0; from < length; ) {
      int count = Math.min(piece.length - filled, length - from);
      System.arraycopy(bytes, from, piece, filled, count);
      from += count;
      filled += count;
      if (filled == piece.length) {
        flush();
      }
    }
  }

  /** Writes what does not fill a piece. */
  void flush() throws IOException {
    if (filled > 0) {
      if (started) {
        pause(pauseMillis);
      }
      out.write(piece, 0, filled);
      out.flush();
      filled = 0;
      started = true;
    }
  }

  /** Waits; a server that stops meanwhile ends the exchange. */
  static void pause(int millis) throws InterruptedIOException {
    if (millis > 0) {
      try {
        Thread.sleep(millis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("the server is stopping");
      }
    }
  }
}
