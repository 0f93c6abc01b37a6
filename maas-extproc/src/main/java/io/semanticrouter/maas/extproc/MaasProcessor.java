// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.semanticrouter.maas.AbortReason;
import io.semanticrouter.maas.Metering;
import java.util.concurrent.atomic.LongAdder;

/**
 * The ExtProc service: one {@link ProcessorStream} per HTTP exchange. Thread-safe.
 *
 * <p>The server has to run it with {@code directExecutor()}. That is a matter of correctness: Envoy
 * resets even good streams, often right behind the last message, and with an executor in between
 * the messages still queued in front of it are dropped. The usage is in the last one.
 */
public final class MaasProcessor extends ExternalProcessorGrpc.ExternalProcessorImplBase {
  private final Metering metering;
  private final LongAdder failures = new LongAdder();
  private final LongAdder openStreams = new LongAdder();
  private volatile boolean draining;

  /** A service that meters with the given engine. */
  public MaasProcessor(Metering metering) {
    this.metering = metering;
  }

  @Override
  public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> replies) {
    ServerCallStreamObserver<ProcessingResponse> call =
        (ServerCallStreamObserver<ProcessingResponse>) replies;
    ProcessorStream stream = new ProcessorStream(this, metering, call);
    openStreams.increment();
    // gRPC calls exactly one of the two, whatever ends a stream, and not always an observer method:
    // after a message that cannot be parsed there is neither an error nor an end. With the first,
    // a reply after a cancellation is dropped instead of throwing.
    call.setOnCancelHandler(() -> closed(stream));
    call.setOnCloseHandler(() -> closed(stream));
    return stream;
  }

  private void closed(ProcessorStream stream) {
    stream.onClosed();
    openStreams.decrement();
  }

  /** From now on, exchanges that end early are settled as drained. */
  public void drain() {
    draining = true;
  }

  /** How many streams are open; exact only while none begins. */
  public long openStreams() {
    return openStreams.sum();
  }

  /** How many messages could not be handled; each got the reply that changes nothing. */
  public long failures() {
    return failures.sum();
  }

  AbortReason abortReason() {
    return draining ? AbortReason.DRAIN : AbortReason.CANCELLED;
  }

  void failed() {
    failures.increment();
  }
}
