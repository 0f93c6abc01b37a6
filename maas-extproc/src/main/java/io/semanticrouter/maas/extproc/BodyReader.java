// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteOutput;
import io.semanticrouter.maas.Exchange;
import java.nio.ByteBuffer;

/** Gives the bytes of a message to an exchange without copying them. */
final class BodyReader extends ByteOutput {
  private final Exchange exchange;

  BodyReader(Exchange exchange) {
    this.exchange = exchange;
  }

  @Override
  public void write(byte value) {
    exchange.onResponseBody(new byte[] {value}, 0, 1);
  }

  @Override
  public void write(byte[] value, int offset, int length) {
    exchange.onResponseBody(value, offset, length);
  }

  @Override
  public void writeLazy(byte[] value, int offset, int length) {
    exchange.onResponseBody(value, offset, length);
  }

  @Override
  public void write(ByteBuffer value) {
    exchange.onResponseBody(value);
  }

  @Override
  public void writeLazy(ByteBuffer value) {
    exchange.onResponseBody(value);
  }
}
