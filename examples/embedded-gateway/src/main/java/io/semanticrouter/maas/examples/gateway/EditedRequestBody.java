// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import io.semanticrouter.maas.RequestBody;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request body, edited by the metering while the JDK's client reads it: never more than a piece
 * is in memory, unless a router has to see all of it before any of it goes on.
 */
final class EditedRequestBody extends InputStream {
  private final InputStream in;
  private final RequestBody request;
  private final byte[] piece = new byte[EmbeddedGateway.CHUNK_BYTES];
  private byte[] edited = {};
  private int position;
  private boolean ended;

  EditedRequestBody(InputStream in, RequestBody request) {
    this.in = in;
    this.request = request;
  }

  /**
   * Reads until the router has decided, or has let the body go because it is too long; nothing when
   * the body is not routed. Waits for the client.
   *
   * @param length the length that the client states, negative when it states none
   */
  void hold(long length) throws IOException {
    if (request.mode() != RequestBody.Mode.HOLD) {
      return;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long seen = 0;
    // A decision comes with the last byte, before the end has been read; with it the length is
    // known.
    while (!ended && (request.mode() == RequestBody.Mode.HOLD || seen == length)) {
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
      int count = in.read(piece);
      edit(count);
    }
    int count = Math.min(length, edited.length - position);
    System.arraycopy(edited, position, to, offset, count);
    position += count;
    return count;
  }

  /** Some pieces come out longer; one of which nothing can go on yet comes out empty. */
  private void edit(int count) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (count >= 0) {
      request.write(piece, 0, count, out::write);
    } else {
      request.end(out::write);
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
}
