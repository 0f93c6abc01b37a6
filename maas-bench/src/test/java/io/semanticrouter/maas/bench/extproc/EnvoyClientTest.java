// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.BindableService;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.semanticrouter.maas.bench.extproc.Figures.Timed;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the client does, seen from the server; over sockets, with epoll. */
@EnabledOnOs(OS.LINUX)
@Tag("slow")
class EnvoyClientTest {
  private static final List<Transcript> TRANSCRIPTS = Transcript.of(7);
  private static final int MESSAGES = 23;

  private final Seen seen = new Seen();

  @SuppressWarnings("NullAway.Init") // by each test
  private Server server;

  @AfterEach
  void stop() throws InterruptedException {
    server.shutdownNow().awaitTermination();
  }

  @Test
  void regularExchangesEndWithEndOfStreamAndAllTheirMessages() throws Exception {
    try (EnvoyClient client = against(NoopServer.service(false))) {
      List<Long> times = client.oneByOne(TRANSCRIPTS, 50);
      assertThat(times).hasSize(50).allMatch(nanos -> nanos > 0);
      Figures figures = client.figures();
      assertThat(figures.failures).isEmpty();
      assertThat(figures.begun).isEqualTo(50);
      assertThat(figures.answered).isEqualTo(50);
      assertThat(figures.replies).isEqualTo(50 * MESSAGES);
      assertThat(figures.micros(Timed.ADDED, 50)).isPositive();
    }
    seen.await(seen.halfClosed, 50);
    assertThat(seen.messages).hasValue(50 * MESSAGES);
  }

  @Test
  void requestBodiesAreSentWhereTheyAreAskedFor() throws Exception {
    try (EnvoyClient client = against(NoopServer.service(true))) {
      client.oneByOne(TRANSCRIPTS, 10);
      assertThat(client.figures().replies).isEqualTo(10 * (MESSAGES + 1));
      assertThat(client.figures().micros(Timed.REQUEST_BODY, 50)).isPositive();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyEndingEndsTheExchange(boolean pipelined) throws Exception {
    try (EnvoyClient client = against(NoopServer.service(false))) {
      client.begin(
          Load.closed(TRANSCRIPTS, 8)
              .withPipelining(pipelined)
              .withLimit(400)
              .withEndings(Ending::mixed, 42));
      client.await(figures -> figures.ended >= 400);
      Figures figures = client.finish();
      assertThat(figures.failures).isEmpty();
      assertThat(figures.begun).isEqualTo(400);
      assertThat(figures.cancelled).isBetween(1L, 399L);
      assertThat(figures.answered).isBetween(400 - figures.cancelled, 400L);
      seen.await(seen.halfClosed, (int) (400 - figures.cancelled));
    }
  }

  @Test
  void heldExchangesStayOpenUntilTheClientCloses() throws Exception {
    try (EnvoyClient client = against(NoopServer.service(false))) {
      client.hold(TRANSCRIPTS, 120);
      assertThat(client.figures().open).isEqualTo(120);
      assertThat(seen.messages).hasValue(120 * (2 + Ending.OPEN_CHUNKS));
      assertThat(seen.halfClosed).hasValue(0);
    }
    seen.await(seen.cancelled, 120);
  }

  @Test
  void replyOfAnotherKindIsAFailure() throws Exception {
    BindableService confused =
        () ->
            ServerServiceDefinition.builder(Wire.SERVICE)
                .addMethod(
                    Wire.PROCESS,
                    (call, headers) -> {
                      call.request(1);
                      call.sendHeaders(new Metadata());
                      call.sendMessage(new byte[] {Wire.RESPONSE_BODY << 3 | 2, 0});
                      return new ServerCall.Listener<>() {};
                    })
                .build();
    try (EnvoyClient client = against(confused.bindService())) {
      assertThatThrownBy(() -> client.oneByOne(TRANSCRIPTS, 1))
          .hasMessageContaining("reply of kind 4 to a request of kind 1");
    }
  }

  private EnvoyClient against(ServerServiceDefinition service) throws IOException {
    server =
        Transport.of("0")
            .server()
            .addService(ServerInterceptors.intercept(service, seen))
            .build()
            .start();
    return new EnvoyClient(Transport.of("127.0.0.1:" + server.getPort()), 1);
  }

  private static final class Seen implements ServerInterceptor {
    private final AtomicInteger messages = new AtomicInteger();
    private final AtomicInteger halfClosed = new AtomicInteger();
    private final AtomicInteger cancelled = new AtomicInteger();

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
        @Override
        public void onMessage(Q message) {
          messages.incrementAndGet();
          super.onMessage(message);
        }

        @Override
        public void onHalfClose() {
          halfClosed.incrementAndGet();
          super.onHalfClose();
        }

        @Override
        public void onCancel() {
          cancelled.incrementAndGet();
          super.onCancel();
        }
      };
    }

    /** The server is another thread: it sees the ends a little later than the client. */
    private void await(AtomicInteger counter, int count) throws InterruptedException {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (counter.get() < count && System.nanoTime() < deadline) {
        TimeUnit.MILLISECONDS.sleep(2);
      }
      assertThat(counter).hasValue(count);
    }
  }
}
