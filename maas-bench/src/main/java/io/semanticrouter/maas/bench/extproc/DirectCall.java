// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.grpc.Drainable;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.internal.ReadableBuffers;
import io.semanticrouter.maas.bench.Checks;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A call of a service without a network: bytes in, and bytes out. Of one thread. */
final class DirectCall<Q, R> extends ServerCall<Q, R> {
  private final MethodDescriptor<Q, R> method;
  private final Replies replies;
  private ServerCall.@Nullable Listener<Q> listener;
  private boolean cancelled;
  private boolean closed;

  private DirectCall(MethodDescriptor<Q, R> method, Replies replies) {
    this.method = method;
    this.replies = replies;
  }

  static <Q, R> DirectCall<Q, R> begin(ServerMethodDefinition<Q, R> definition, Replies replies) {
    DirectCall<Q, R> call = new DirectCall<>(definition.getMethodDescriptor(), replies);
    call.listener = definition.getServerCallHandler().startCall(call, new Metadata());
    call.listener().onReady();
    return call;
  }

  private ServerCall.Listener<Q> listener() {
    if (listener == null) {
      throw new IllegalStateException("Not begun");
    }
    return listener;
  }

  /** A message, in a stream as gRPC makes it of what it received. */
  void handle(byte[] message) {
    listener()
        .onMessage(
            method.parseRequest(ReadableBuffers.openStream(ReadableBuffers.wrap(message), true)));
  }

  /** The end of the requests, and of the call once the service has closed it. */
  void end() {
    listener().onHalfClose();
    Checks.that(closed, "the service closes what has ended");
    listener().onComplete();
  }

  void cancel() {
    cancelled = true;
    listener().onCancel();
  }

  @Override
  public void sendMessage(R message) {
    replies.count = 0;
    try (InputStream bytes = method.streamResponse(message)) {
      if (bytes instanceof Drainable drainable) {
        drainable.drainTo(replies);
      } else {
        bytes.transferTo(replies);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void request(int numMessages) {}

  @Override
  public void sendHeaders(Metadata headers) {}

  @Override
  public void close(Status status, Metadata trailers) {
    closed = true;
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public MethodDescriptor<Q, R> getMethodDescriptor() {
    return method;
  }

  /** Where replies are written to; holds the last one. */
  static final class Replies extends OutputStream {
    private final byte[] bytes = new byte[1 << 16];
    private int count;

    @Override
    public void write(int b) {
      bytes[count++] = (byte) b;
    }

    @Override
    public void write(byte[] b, int offset, int length) {
      System.arraycopy(b, offset, bytes, count, length);
      count += length;
    }

    byte[] last() {
      return Arrays.copyOf(bytes, count);
    }

    int size() {
      return count;
    }
  }
}
