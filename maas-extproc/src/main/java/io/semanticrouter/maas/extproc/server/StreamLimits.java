// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.util.internal.PlatformDependent;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * What all streams of the process together may take. One that would take more ends with
 * RESOURCE_EXHAUSTED, as one with a message that is too long does; the others go on. Thread-safe.
 */
final class StreamLimits extends ServerStreamTracer.Factory implements ServerInterceptor {
  /** A message whose parts take no more is not accounted for: most are done with at once. */
  private static final int FREE_BYTES = 64 * 1024;

  /** What an open stream takes of the heap, with some room beside it. */
  private static final int STREAM_BYTES = 5 * 1024;

  private static final int MAX_STREAMS = 1_000_000;

  private final int maxStreams;
  private final long maxPartBytes;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicLong partBytes = new AtomicLong();
  private final LongAdder refused = new LongAdder();

  /**
   * Limits.
   *
   * @param maxStreams how many streams may be open
   * @param maxPartBytes what the parts of messages that are not complete may take
   */
  StreamLimits(int maxStreams, long maxPartBytes) {
    this.maxStreams = maxStreams;
    this.maxPartBytes = maxPartBytes;
  }

  /**
   * Limits for what this process has: as many streams as the heap holds, and half of the memory
   * that messages arrive in, of which pieces may take twice their length.
   */
  static StreamLimits ofMemory() {
    long heap = Runtime.getRuntime().maxMemory();
    return new StreamLimits(
        (int) Math.min(MAX_STREAMS, heap / STREAM_BYTES),
        Math.min(heap, PlatformDependent.maxDirectMemory()) / 2);
  }

  /** How many streams may be open. */
  int maxStreams() {
    return maxStreams;
  }

  /** How many streams ended with RESOURCE_EXHAUSTED. */
  long refused() {
    return refused.sum();
  }

  @Override
  public <M, R> ServerCall.Listener<M> interceptCall(
      ServerCall<M, R> call, Metadata headers, ServerCallHandler<M, R> next) {
    if (open.get() > maxStreams) {
      call.close(
          Status.RESOURCE_EXHAUSTED.withDescription("more than " + maxStreams + " open streams"),
          new Metadata());
      return new ServerCall.Listener<>() {};
    }
    return next.startCall(call, headers);
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
    open.incrementAndGet();
    return new Stream();
  }

  /** Called by the thread of its connection. */
  private final class Stream extends ServerStreamTracer {
    private long parts;
    private long reserved;

    @Override
    public void inboundWireSize(long bytes) {
      parts += bytes;
      if (parts > FREE_BYTES) {
        long more = parts - reserved;
        reserved = parts;
        if (partBytes.addAndGet(more) > maxPartBytes) {
          // gRPC ends the stream with it, as it does for what it finds out itself.
          throw Status.RESOURCE_EXHAUSTED
              .withDescription(
                  "more than " + maxPartBytes + " bytes of messages that are not complete")
              .asRuntimeException();
        }
      }
    }

    @Override
    public void inboundMessageRead(int number, long wireBytes, long bytes) {
      parts = 0;
      release();
    }

    @Override
    public void streamClosed(Status status) {
      open.decrementAndGet();
      release();
      if (status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
        refused.increment();
      }
    }

    private void release() {
      if (reserved > 0) {
        partBytes.addAndGet(-reserved);
        reserved = 0;
      }
    }
  }
}
