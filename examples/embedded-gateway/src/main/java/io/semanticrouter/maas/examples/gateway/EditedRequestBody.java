// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import io.semanticrouter.maas.Exchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request body, edited by the metering while it is read: never more than a piece is in memory,
 * unless a router has to see all of it before any of it goes on.
 *
 * <p>The JDK's client reads it on a thread of its own. An {@link Exchange} wants one thread at a
 * time, so whoever uses it next has to {@link #close} this first: from then on it is not touched.
 */
final class EditedRequestBody extends InputStream {
  private final InputStream in;
  private final Exchange exchange;
  private final byte[] piece = new byte[EmbeddedGateway.CHUNK_BYTES];
  private byte[] edited = {};
  private int position;
  private boolean ended;
  private boolean closed;

  EditedRequestBody(InputStream in, Exchange exchange) {
    this.in = in;
    this.exchange = exchange;
  }

  /**
   * Reads until the router has decided, or has let the body go because it is too long; nothing when
   * the body is not routed. Waits for the client.
   *
   * @param length the length that the client states, negative when it states none
   */
  void hold(long length) throws IOException {
    if (!exchange.routesRequestBody()) {
      return;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long seen = 0;
    // A decision comes with the last byte, before the end has been read; with it the length is
    // known.
    while (!ended && (exchange.routesRequestBody() || seen == length)) {
      int count = in.read(piece);
      edit(count);
      out.writeBytes(edited);
      seen += Math.max(count, 0);
    }
    edited = out.toByteArray();
  }

  /** All that goes on, once it is known; null when more of it is to be read. */
  byte @Nullable [] whole() {
    return ended ? edited : null;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, to.length);
    if (length == 0) {
      return 0;
    }
    while (position == edited.length) {
      if (ended) {
        return -1;
      }
      int count = in.read(piece); // waits for the client, without the lock
      edit(count);
    }
    int count = Math.min(length, edited.length - position);
    System.arraycopy(edited, position, to, offset, count);
    position += count;
    return count;
  }

  /** Some pieces come out longer; one of which nothing can go on yet comes out empty. */
  private synchronized void edit(int count) throws IOException {
    if (closed) {
      throw new IOException("the exchange is over");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (count >= 0) {
      exchange.onRequestBody(piece, 0, count, out::write);
    } else {
      exchange.endRequestBody(out::write);
      ended = true;
    }
    edited = out.toByteArray();
    position = 0;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  /** Lets go of the exchange. The client's connection is the server's to close. */
  @Override
  public synchronized void close() {
    closed = true;
  }
}
