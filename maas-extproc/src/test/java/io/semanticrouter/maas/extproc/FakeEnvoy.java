// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The side of Envoy: opens streams, sends messages, collects replies, hangs up in every way. */
public final class FakeEnvoy implements AutoCloseable {
  private final ManagedChannel channel;
  private final Runnable onClose;

  private FakeEnvoy(ManagedChannel channel, Runnable onClose) {
    this.channel = channel;
    this.onClose = onClose;
  }

  /** An Envoy beside the processor, with real gRPC on one thread: what it sends is handled. */
  static FakeEnvoy beside(MaasProcessor processor) {
    String name = InProcessServerBuilder.generateName();
    try {
      Server server =
          InProcessServerBuilder.forName(name)
              .directExecutor()
              .addService(processor)
              .build()
              .start();
      return new FakeEnvoy(
          InProcessChannelBuilder.forName(name).directExecutor().build(), server::shutdownNow);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An Envoy on a channel of the caller's choice, which it takes over. */
  public static FakeEnvoy on(ManagedChannel channel) {
    return new FakeEnvoy(channel, () -> {});
  }

  ManagedChannel channel() {
    return channel;
  }

  /** A stream: one HTTP exchange. */
  public Stream open() {
    Stream stream = new Stream();
    ExternalProcessorGrpc.newStub(channel).process(stream);
    return stream;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    onClose.run();
  }

  /** One HTTP exchange as Envoy sees it. */
  public static final class Stream
      implements ClientResponseObserver<ProcessingRequest, ProcessingResponse> {
    private final List<ProcessingResponse> replies = new CopyOnWriteArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);

    @SuppressWarnings("NullAway.Init") // by beforeStart
    private ClientCallStreamObserver<ProcessingRequest> requests;

    private volatile @Nullable Throwable error;
    private volatile boolean completed;

    @Override
    public void beforeStart(ClientCallStreamObserver<ProcessingRequest> call) {
      requests = call;
    }

    @Override
    public void onNext(ProcessingResponse reply) {
      replies.add(reply);
    }

    @Override
    public void onError(Throwable t) {
      error = t;
      ended.countDown();
    }

    @Override
    public void onCompleted() {
      completed = true;
      ended.countDown();
    }

    /** Sends messages, one after the other, without waiting. */
    public Stream send(ProcessingRequest... messages) {
      for (ProcessingRequest message : messages) {
        requests.onNext(message);
      }
      return this;
    }

    Stream send(List<ProcessingRequest> messages) {
      messages.forEach(requests::onNext);
      return this;
    }

    /** Ends the requests politely, as Envoy does not by default. */
    public void halfClose() {
      requests.onCompleted();
    }

    /** Resets the stream, as Envoy does in good and bad times. */
    public void cancel() {
      requests.cancel("reset", null);
    }

    void fail() {
      requests.onError(new IllegalStateException("Envoy broke"));
    }

    /** The replies so far, in order. */
    public List<ProcessingResponse> replies() {
      return replies;
    }

    ProcessingResponse lastReply() {
      return replies.get(replies.size() - 1);
    }

    List<String> replyKinds() {
      return replies.stream().map(reply -> reply.getResponseCase().name()).toList();
    }

    /** What the server ended the stream with, or null. */
    @Nullable Throwable error() {
      return error;
    }

    /** Whether the server ended the stream without an error. */
    public boolean isCompleted() {
      return completed;
    }

    /** Waits for replies that come over a network. */
    public boolean awaitReplies(int count) throws InterruptedException {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (replies.size() < count && System.nanoTime() < deadline) {
        if (ended.await(1, TimeUnit.MILLISECONDS)) {
          break;
        }
      }
      return replies.size() >= count;
    }

    /** Waits for the server to end the stream. */
    public boolean awaitEnd() throws InterruptedException {
      return ended.await(10, TimeUnit.SECONDS);
    }
  }
}
