// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.semanticrouter.maas.extproc.ExtProcStats.End;
import io.semanticrouter.maas.extproc.ExtProcStats.Failure;

/**
 * One ext_proc stream: one HTTP exchange, from Envoy's first message to its hanging up.
 *
 * <p>Envoy ends good and bad exchanges alike, by resetting the stream. So the first sign of the
 * regular end settles, and whatever else ends the stream settles what is left.
 *
 * <p>gRPC calls the methods of a listener one after the other; the lock is for {@link #settleIdle},
 * which comes from elsewhere.
 */
final class ProcessorStream extends ServerCall.Listener<Message> implements StreamPhases.Replies {
  private final MaasProcessor processor;
  private final StreamStats stats;
  private final ServerCall<Message, Reply> call;
  private final StreamPhases phases;

  private boolean begun;
  private boolean headersSent;
  private boolean replied;
  private boolean observed;
  private boolean completed;

  /** No message is asked for until what was echoed has been taken. */
  private boolean paused;

  /** Whether something has come since {@link #settleIdle} looked last. */
  private boolean active = true;

  ProcessorStream(
      MaasProcessor processor,
      ServerCall<Message, Reply> call,
      StreamPhases phases,
      StreamStats stats) {
    this.processor = processor;
    this.stats = stats;
    this.call = call;
    this.phases = phases;
  }

  @Override
  public synchronized void onMessage(Message message) {
    if (message == Message.UNREADABLE) {
      unreadable();
      return;
    }
    boolean timed = stats.isTimed(message.phase);
    long start = timed ? System.nanoTime() : 0;
    active = true;
    replied = false;
    observed = message.observed;
    try {
      phases.on(message, this);
    } catch (Throwable t) {
      // Errors too, such as a class that is missing: what leaves here fails the exchange.
      stats.failed(Failure.MESSAGE);
      if (t.getClass() == OutOfMemoryError.class) {
        // The heap's, which ends the process; Netty's own, of its buffers, has a class of its own.
        throw (OutOfMemoryError) t;
      }
      if (!replied) {
        phases.neutral(message, this);
      }
    }
    if (phases.isOver()) {
      complete();
    }
    if (timed) {
      stats.took(System.nanoTime() - start);
    }
    stats.handled(message);
    message.release();
    more();
  }

  /**
   * Asks for the next message. Where all that comes is sent back, one at a time: what the data
   * plane does not take must not pile up here. Elsewhere for all of them at once, because each
   * question costs a turn of the event loop.
   */
  private void more() {
    if (phases.isFullDuplex()) {
      paused = !call.isReady();
      if (!paused) {
        call.request(1);
      }
    } else if (!begun) {
      call.request(Integer.MAX_VALUE);
    }
    begun = true;
  }

  @Override
  public synchronized void onReady() {
    if (paused) {
      paused = false;
      call.request(1);
    }
  }

  @Override
  public void send(Reply reply) {
    replied = true;
    // In observability mode Envoy does not wait for replies, and ignores them.
    if (observed || completed || call.isCancelled()) {
      return;
    }
    try {
      if (!headersSent) {
        headersSent = true;
        call.sendHeaders(new Metadata());
      }
      call.sendMessage(reply);
      stats.replied(reply);
    } catch (RuntimeException e) {
      stats.failed(Failure.REPLY);
    }
  }

  @Override
  public synchronized void onHalfClose() {
    settle(End.HALF_CLOSE);
    complete();
  }

  @Override
  public synchronized void onCancel() {
    settle(End.CANCEL);
    processor.ended(this);
  }

  /** After our own completion. */
  @Override
  public synchronized void onComplete() {
    settle(End.CANCEL);
    processor.ended(this);
  }

  /** Settles when nothing has come since the last call. */
  synchronized void settleIdle() {
    if (active) {
      active = false;
      return;
    }
    settle(End.IDLE_TIMEOUT);
    if (!phases.isFullDuplex()) {
      if (!phases.mayEditResponse()) {
        complete();
      }
      return;
    }
    try {
      phases.letGo(this);
    } catch (Throwable t) {
      stats.failed(Failure.MESSAGE);
    }
  }

  /** Envoy knows from the status that it cannot go on with us, and passes the exchange. */
  private void unreadable() {
    processor.unreadable();
    settle(End.CANCEL);
    close(Status.INVALID_ARGUMENT.withDescription("not a ProcessingRequest"));
  }

  private void settle(End end) {
    try {
      phases.close(processor.isDraining() ? End.DRAIN : end);
    } catch (Throwable t) {
      stats.failed(Failure.SETTLEMENT);
    }
    stats.handOver();
  }

  private void complete() {
    close(Status.OK);
  }

  private void close(Status status) {
    if (completed || call.isCancelled()) {
      return;
    }
    completed = true;
    try {
      call.close(status, new Metadata());
    } catch (RuntimeException e) {
      stats.failed(Failure.REPLY);
    }
  }
}
