// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the listeners permit and what they do not. */
@Timeout(300)
@Tag("slow")
class GrpcListenersTest {
  /** The connections that streams went over: a new one would hide that the first was ended. */
  private static final class Connections implements ClientInterceptor {
    final Set<SocketAddress> seen = ConcurrentHashMap.newKeySet();

    @Override
    public <T, R> ClientCall<T, R> interceptCall(
        MethodDescriptor<T, R> method, CallOptions options, Channel next) {
      return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void start(Listener<R> listener, Metadata headers) {
          super.start(
              new SimpleForwardingClientCallListener<R>(listener) {
                @Override
                public void onHeaders(Metadata metadata) {
                  seen.add(getAttributes().get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR));
                  super.onHeaders(metadata);
                }
              },
              headers);
        }
      };
    }
  }

  @Test
  void healthKnowsTheServerAndTheServiceAndNoOther() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of())) {
      HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(server.channel());
      for (String name : List.of("", "envoy.service.ext_proc.v3.ExternalProcessor")) {
        assertThat(
                health.check(HealthCheckRequest.newBuilder().setService(name).build()).getStatus())
            .as(name)
            .isEqualTo(ServingStatus.SERVING);
      }
      assertThatThrownBy(
              () -> health.check(HealthCheckRequest.newBuilder().setService("other").build()))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessageStartingWith("NOT_FOUND");
    }
  }

  /** As when the journal is on a disk that stalls. */
  @Test
  void aThreadThatHangsKeepsNewConnectionsFromNoOther() throws Exception {
    for (int hanging = 1; hanging <= 2; hanging++) {
      CountDownLatch end = new CountDownLatch(1);
      List<ManagedChannel> channels = new ArrayList<>();
      try (GrpcListeners listeners =
          new GrpcListeners(
              RunningServer.config(Map.of("grpc_threads", 2)).grpc(),
              null,
              StreamLimits.ofMemory())) {
        listeners.listen(List.of(hangingWhenAsked(end)));
        try {
          for (int i = 1; i <= hanging; i++) {
            channels.add(channel(listeners));
            check(channels.get(i - 1), "other").get(30, TimeUnit.SECONDS);
          }
          Future<HealthCheckResponse> hung = check(channels.get(hanging - 1), "hang");
          List<Future<HealthCheckResponse>> others = new ArrayList<>();
          for (int i = 0; i < 4; i++) {
            channels.add(channel(listeners));
            others.add(check(channels.get(channels.size() - 1), "other"));
          }
          long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
          while (others.stream().noneMatch(Future::isDone)) {
            assertThat(System.nanoTime()).as("connection %s hangs", hanging).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(10);
          }
          assertThat(hung.isDone()).isFalse();
        } finally {
          end.countDown();
          channels.forEach(ManagedChannel::shutdownNow);
        }
      }
    }
  }

  private static ManagedChannel channel(GrpcListeners listeners) {
    return NettyChannelBuilder.forAddress("127.0.0.1", listeners.port()).usePlaintext().build();
  }

  private static Future<HealthCheckResponse> check(ManagedChannel channel, String service) {
    return HealthGrpc.newFutureStub(channel)
        .check(HealthCheckRequest.newBuilder().setService(service).build());
  }

  private static HealthGrpc.HealthImplBase hangingWhenAsked(CountDownLatch end) {
    return new HealthGrpc.HealthImplBase() {
      @Override
      public void check(HealthCheckRequest asked, StreamObserver<HealthCheckResponse> answer) {
        try {
          if (asked.getService().equals("hang")) {
            end.await();
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        answer.onNext(HealthCheckResponse.getDefaultInstance());
        answer.onCompleted();
      }
    };
  }

  /** The replies to what they sent meet a connection that is gone. */
  @Test
  void connectionsThatBreakOffAmidTheirRepliesAreNothingToTheOthers() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of())) {
      FakeEnvoy envoy = FakeEnvoy.on(server.channel());
      for (int i = 0; i < 100; i++) {
        ManagedChannel broken = server.channel();
        FakeEnvoy crowd = FakeEnvoy.on(broken);
        FakeEnvoy.Stream first = crowd.open().send(chat());
        assertThat(first.awaitReplies(1)).isTrue();
        for (int stream = 0; stream < 64; stream++) {
          crowd.open().send(chat(), response(200, "application/json"), body(JSON_ANSWER, true));
        }
        broken.shutdownNow();
        if (i % 10 == 0) {
          FakeEnvoy.Stream stream = envoy.open().send(chat());
          assertThat(stream.awaitReplies(1)).isTrue();
          stream.cancel();
        }
      }
      assertThat(server.awaitNone("semantic_router_extproc_open_streams")).isZero();
      assertThat(server.sum("semantic_router_extproc_failures_total", "")).isZero();
    }
  }

  /** Envoy resets every stream. What guards against a flood of resets would cut it off. */
  @Test
  void tenThousandResetsOnOneConnectionAreNoAttack() throws Exception {
    int streams = 10_000;
    int clients = 8;
    Connections connections = new Connections();
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    try (RunningServer server = RunningServer.start(Map.of())) {
      FakeEnvoy envoy = FakeEnvoy.on(server.channel(connections));
      List<Future<?>> done = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        done.add(
            threads.submit(
                () -> {
                  for (int n = 0; n < streams / clients; n++) {
                    FakeEnvoy.Stream stream = envoy.open().send(chat());
                    assertThat(stream.awaitReplies(1)).isTrue();
                    stream.cancel();
                  }
                  return null;
                }));
      }
      for (Future<?> one : done) {
        one.get();
      }
      assertThat(server.awaitSum("semantic_router_requests_total", "", streams)).isEqualTo(streams);
      assertThat(connections.seen).hasSize(1);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void threeThousandStreamsAreOpenAtOnceOnOneConnection() throws Exception {
    int count = 3_000;
    Connections connections = new Connections();
    try (RunningServer server = RunningServer.start(Map.of())) {
      FakeEnvoy envoy = FakeEnvoy.on(server.channel(connections));
      List<FakeEnvoy.Stream> open = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        open.add(envoy.open().send(chat(), response(200, "application/json")));
      }
      for (FakeEnvoy.Stream stream : open) {
        assertThat(stream.awaitReplies(2)).isTrue();
      }
      assertThat(server.sum("semantic_router_requests_total", "")).as("ended").isZero();
      for (FakeEnvoy.Stream stream : open) {
        stream.send(body(JSON_ANSWER, true)).halfClose();
      }
      for (FakeEnvoy.Stream stream : open) {
        assertThat(stream.awaitEnd()).isTrue();
      }
      assertThat(server.awaitSum("semantic_router_requests_total", "complete", count))
          .isEqualTo(count);
      assertThat(connections.seen).hasSize(1);
    }
  }

  @Test
  void pingsWithoutStreamsAreAnsweredHoweverManyTheyAre() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of());
        RawHttp2 client = RawHttp2.connect(server.server.grpcPort())) {
      for (int i = 0; i < 200; i++) {
        client.ping(i);
        assertThat(client.awaitPingAnswer()).isEqualTo(i);
      }
    }
  }

  @Test
  void connectionOfAPeerThatAnswersNoPingIsClosed() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("keepalive_seconds", 1));
        RawHttp2 client = RawHttp2.connect(server.server.grpcPort())) {
      assertThat(client.awaitEnd()).as("the last frames").contains("PING");
    }
  }

  @Test
  void metadataOfSixtyKilobytesPassesAndMoreThanTheLimitDoesNot() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of());
        RunningServer strict = RunningServer.start(Map.of("max_header_list_kb", 8))) {
      assertThat(checkWithMetadata(server.channel(), 60 << 10)).isEqualTo(Status.Code.OK);
      assertThat(checkWithMetadata(server.channel(), 65 << 10)).isNotEqualTo(Status.Code.OK);
      assertThat(checkWithMetadata(strict.channel(), 7 << 10)).isEqualTo(Status.Code.OK);
      assertThat(checkWithMetadata(strict.channel(), 9 << 10)).isNotEqualTo(Status.Code.OK);
    }
  }

  private static Status.Code checkWithMetadata(Channel channel, int bytes) {
    Metadata metadata = new Metadata();
    metadata.put(Metadata.Key.of("x-large", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(bytes));
    try {
      HealthGrpc.newBlockingStub(channel)
          .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
          .check(HealthCheckRequest.getDefaultInstance());
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }

  @Test
  void messagesAreAsLargeAsConfigured() throws Exception {
    try (RunningServer server = RunningServer.start(Map.of("max_message_mb", 1))) {
      FakeEnvoy envoy = FakeEnvoy.on(server.channel());
      FakeEnvoy.Stream fits = envoy.open();
      fits.send(chat(), response(200, "application/json"), body("x".repeat(1_000_000), false));
      assertThat(fits.awaitReplies(3)).isTrue();
      FakeEnvoy.Stream larger = envoy.open();
      larger.send(chat(), response(200, "application/json"), body("x".repeat(1 << 20), false));
      assertThat(larger.awaitEnd()).isTrue();
      assertThat(larger.isCompleted()).isFalse();
    }
  }

  @Test
  void allConnectionsShareAsManyThreadsAsConfigured() throws Exception {
    Set<Thread> before = grpcThreads();
    try (RunningServer server = RunningServer.start(Map.of("grpc_threads", 3))) {
      for (int i = 0; i < 12; i++) {
        assertThat(checkWithMetadata(server.channel(), 1)).isEqualTo(Status.Code.OK);
      }
      Set<Thread> own = grpcThreads();
      own.removeAll(before);
      assertThat(own).hasSize(3);
    }
  }

  private static Set<Thread> grpcThreads() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("grpc-") && Character.isDigit(thread.getName().charAt(5))) {
        threads.add(thread);
      }
    }
    return threads;
  }

  @Test
  void reflectionListsTheServicesOnlyWhenItIsOn() throws Exception {
    try (RunningServer plain = RunningServer.start(Map.of());
        RunningServer open = RunningServer.start(Map.of("reflection", true))) {
      assertThatThrownBy(() -> listServices(plain.channel()).get(20, TimeUnit.SECONDS))
          .hasMessageContaining("UNIMPLEMENTED");
      assertThat(
              listServices(open.channel())
                  .get(20, TimeUnit.SECONDS)
                  .getListServicesResponse()
                  .getServiceList()
                  .stream()
                  .map(ServiceResponse::getName))
          .contains(ExternalProcessorGrpc.SERVICE_NAME, HealthGrpc.SERVICE_NAME);
    }
  }

  private static CompletableFuture<ServerReflectionResponse> listServices(Channel channel) {
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse value) {
                    answer.complete(value);
                  }

                  @Override
                  public void onError(Throwable t) {
                    answer.completeExceptionally(t);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("*").build());
    requests.onCompleted();
    return answer;
  }
}
