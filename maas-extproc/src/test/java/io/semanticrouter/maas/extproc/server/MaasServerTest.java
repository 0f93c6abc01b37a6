// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.SSE_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.stub.StreamObserver;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.extproc.ExtProcConfig;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import io.semanticrouter.maas.router.RouterConfig;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
@Tag("slow")
class MaasServerTest {
  private static final MaasConfig MAAS =
      MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true)));
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final Duration NO_DRAIN = Duration.ZERO;

  private final List<AutoCloseable> resources = new ArrayList<>();
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void close() throws Exception {
    for (int i = resources.size() - 1; i >= 0; i--) {
      resources.get(i).close();
    }
  }

  private <T extends AutoCloseable> T later(T resource) {
    resources.add(resource);
    return resource;
  }

  private MaasServer start(Duration drain) throws IOException {
    return start(config("127.0.0.1", 0, "127.0.0.1", 0, drain));
  }

  private MaasServer start(ServerConfig config) throws IOException {
    MaasServer server = later(new MaasServer(MAAS, RouterConfig.defaults(), config, null));
    assertThat(server.start()).isTrue();
    return server;
  }

  private static ServerConfig config(
      String grpcHost, int grpcPort, String metricsHost, int metricsPort, Duration drain) {
    GrpcConfig grpc =
        RunningServer.config(Map.of("grpc_address", grpcHost, "grpc_port", grpcPort)).grpc();
    return new ServerConfig(
        grpc,
        ExtProcConfig.DEFAULT,
        new MetricsConfig(new ListenAddress(metricsHost, metricsPort), true, null, null, false),
        Duration.ZERO,
        Duration.ZERO,
        drain,
        Duration.ZERO,
        null,
        null);
  }

  private ManagedChannel channel(MaasServer server) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.grpcPort()).usePlaintext().build();
    later(channel::shutdownNow);
    return channel;
  }

  private HttpResponse<byte[]> get(MaasServer server, String path, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.metricsPort() + path))
            .timeout(Duration.ofSeconds(20));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private String scrape(MaasServer server) throws Exception {
    return text(get(server, "/metrics"));
  }

  private static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  /** The sum of all series of a metric whose line contains a text. */
  private static double sum(String scrape, String metric, String containing) {
    return scrape
        .lines()
        .filter(line -> line.startsWith(metric + "{") || line.startsWith(metric + " "))
        .filter(line -> line.contains(containing))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private double awaitRequests(MaasServer server, int count) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    double seen;
    do {
      seen = sum(scrape(server), "semantic_router_requests_total", "");
    } while (seen < count && System.nanoTime() < deadline);
    return seen;
  }

  // Health

  @Test
  void healthIsServingUntilTheServerStops() throws Exception {
    MaasServer server = start(Duration.ofSeconds(10));
    ManagedChannel channel = channel(server);
    assertThat(
            HealthGrpc.newBlockingStub(channel)
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
    BlockingQueue<ServingStatus> watched = watch(channel);
    assertThat(watched.poll(5, TimeUnit.SECONDS)).isEqualTo(ServingStatus.SERVING);
    CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
    assertThat(watched.poll(5, TimeUnit.SECONDS)).isEqualTo(ServingStatus.NOT_SERVING);
    closing.get(20, TimeUnit.SECONDS);
  }

  @Test
  void stopWaitsForExchangesAndNotForThoseWhoWatchTheHealth() throws Exception {
    MaasServer server = start(Duration.ofSeconds(60));
    ManagedChannel channel = channel(server);
    assertThat(watch(channel).poll(5, TimeUnit.SECONDS)).isEqualTo(ServingStatus.SERVING);
    long start = System.nanoTime();
    server.close();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  private static BlockingQueue<ServingStatus> watch(ManagedChannel channel) {
    BlockingQueue<ServingStatus> statuses = new ArrayBlockingQueue<>(10);
    HealthGrpc.newStub(channel)
        .watch(
            HealthCheckRequest.getDefaultInstance(),
            new StreamObserver<>() {
              @Override
              public void onNext(HealthCheckResponse value) {
                statuses.add(value.getStatus());
              }

              @Override
              public void onError(Throwable t) {}

              @Override
              public void onCompleted() {}
            });
    return statuses;
  }

  // Stopping

  @Test
  void openExchangeMayEndWithinTheDrainTimeout() throws Exception {
    MaasServer server = start(Duration.ofSeconds(30));
    FakeEnvoy envoy = FakeEnvoy.on(channel(server));
    FakeEnvoy.Stream stream = envoy.open().send(chat(), response(200, "text/event-stream"));
    assertThat(stream.awaitReplies(2)).isTrue();
    CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
    SSE_ANSWER.forEach(event -> stream.send(body(event, false)));
    stream.send(body("", true));
    assertThat(stream.awaitReplies(7)).isTrue();
    assertThat(closing).isNotDone();
    stream.halfClose();
    closing.get(20, TimeUnit.SECONDS);
    assertThat(stream.awaitEnd()).isTrue();
    assertThat(stream.isCompleted()).isTrue();
  }

  @Test
  void openExchangeIsCutOffAfterTheDrainTimeout() throws Exception {
    MaasServer server = start(Duration.ofMillis(200));
    FakeEnvoy.Stream stream =
        FakeEnvoy.on(channel(server)).open().send(chat(), response(200, "text/event-stream"));
    assertThat(stream.awaitReplies(2)).isTrue();
    long start = System.nanoTime();
    server.close();
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(200), Duration.ofSeconds(10));
    assertThat(stream.awaitEnd()).isTrue();
  }

  @Test
  void closingTwiceIsClosingOnce() throws Exception {
    MaasServer server = start(NO_DRAIN);
    server.close();
    server.close();
  }

  /** A stop can overtake the start, which then tells where it listened. */
  @Test
  void portsAreToldAfterTheStopToo() throws Exception {
    MaasServer server = start(NO_DRAIN);
    int grpc = server.grpcPort();
    int metrics = server.metricsPort();
    server.close();
    assertThat(List.of(server.grpcPort(), server.metricsPort())).containsExactly(grpc, metrics);
  }

  // Metrics endpoint

  @Test
  void formatOfTheMetricsFollowsTheAcceptHeader() throws Exception {
    MaasServer server = start(NO_DRAIN);
    HttpResponse<byte[]> plain = get(server, "/metrics");
    assertThat(plain.statusCode()).isEqualTo(200);
    assertThat(plain.headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
    assertThat(text(plain))
        .contains("semantic_router_metering_defects_total 0.0")
        .contains("semantic_router_sink_failures_total 0.0")
        .contains("semantic_router_extproc_failures_total{reason=\"message\"} 0.0")
        .doesNotContain("# EOF");
    HttpResponse<byte[]> open =
        get(server, "/metrics", "accept", "application/openmetrics-text; version=1.0.0");
    assertThat(open.headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("application/openmetrics-text"));
    assertThat(text(open)).endsWith("# EOF\n");
  }

  @Test
  void metricsAreCompressedForAClientThatAsks() throws Exception {
    MaasServer server = start(NO_DRAIN);
    HttpResponse<byte[]> response = get(server, "/metrics", "accept-encoding", "gzip");
    assertThat(response.headers().firstValue("content-encoding")).hasValue("gzip");
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(response.body()))) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .contains("semantic_router_metering_defects_total");
    }
  }

  @Test
  void otherPathsAreNotFound() throws Exception {
    MaasServer server = start(NO_DRAIN);
    for (String path : List.of("/metrcs", "/favicon.ico")) {
      HttpResponse<byte[]> response = get(server, path);
      assertThat(response.statusCode()).as(path).isEqualTo(404);
      assertThat(text(response)).contains("/metrics");
    }
  }

  @Test
  void metricsCanBeScrapedDuringTraffic() throws Exception {
    MaasServer server = start(NO_DRAIN);
    FakeEnvoy envoy = FakeEnvoy.on(channel(server));
    ExecutorService threads = Executors.newFixedThreadPool(16);
    later(threads::shutdownNow);
    List<Future<Integer>> scrapes = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      int user = i;
      envoy
          .open()
          .send(
              chat("x-auth-request-user", "user" + user),
              response(200, "application/json"),
              body(JSON_ANSWER, true))
          .halfClose();
      scrapes.add(threads.submit(() -> get(server, "/metrics").statusCode()));
    }
    for (Future<Integer> scrape : scrapes) {
      assertThat(scrape.get()).isEqualTo(200);
    }
    assertThat(awaitRequests(server, 200)).isEqualTo(200);
    assertThat(sum(scrape(server), "semantic_router_tokens_total", "type=\"prompt\""))
        .isEqualTo(200 * 7);
  }

  @Test
  void clientsThatNeverFinishTheirRequestDoNotStopTheScrapes() throws Exception {
    MaasServer server = start(NO_DRAIN);
    for (int i = 0; i < 4; i++) {
      Socket slow = later(new Socket(LOOPBACK, server.metricsPort()));
      slow.getOutputStream()
          .write("GET /metrics HTTP/1.1\r\nhost".getBytes(StandardCharsets.UTF_8));
      slow.getOutputStream().flush();
    }
    assertThat(get(server, "/metrics").statusCode()).isEqualTo(200);
  }

  // Addresses and ports

  @Test
  void bothPortsAreChosenByTheSystemWhenZero() throws Exception {
    MaasServer one = start(NO_DRAIN);
    MaasServer two = start(NO_DRAIN);
    assertThat(List.of(one.grpcPort(), one.metricsPort(), two.grpcPort(), two.metricsPort()))
        .doesNotHaveDuplicates()
        .allSatisfy(port -> assertThat(port).isPositive());
  }

  @Test
  void addressOfTheLoopbackListensNowhereElse() throws Exception {
    MaasServer server = start(NO_DRAIN);
    for (int port : new int[] {server.grpcPort(), server.metricsPort()}) {
      try (Socket own = new Socket()) {
        own.connect(new InetSocketAddress(LOOPBACK, port), 5_000);
      }
      assertThatThrownBy(
              () -> {
                try (Socket other = new Socket()) {
                  other.connect(new InetSocketAddress("127.0.0.2", port), 5_000);
                }
              })
          .isInstanceOf(ConnectException.class);
    }
  }

  @Test
  void addressThatDoesNotResolveIsAnErrorAndNotEveryAddress() {
    ServerConfig metrics = config("127.0.0.1", 0, "no such host", 0, NO_DRAIN);
    assertThatThrownBy(() -> start(metrics))
        .isInstanceOf(IOException.class)
        .hasMessage("cannot listen for metrics on no such host:0: unknown host");
    ServerConfig grpc = config("no such host", 0, "127.0.0.1", 0, NO_DRAIN);
    assertThatThrownBy(() -> start(grpc))
        .isInstanceOf(IOException.class)
        .hasMessage("cannot listen for gRPC on no such host:0: unknown host");
  }

  @Test
  void failedStartLeavesNoPortOpen() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, LOOPBACK)) {
      int free;
      try (ServerSocket probe = new ServerSocket(0, 1, LOOPBACK)) {
        free = probe.getLocalPort();
      }
      ServerConfig config = config("127.0.0.1", taken.getLocalPort(), "127.0.0.1", free, NO_DRAIN);
      assertThatThrownBy(() -> start(config))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(
              "cannot listen for gRPC on 127.0.0.1:" + taken.getLocalPort() + ": ");
      assertThatThrownBy(() -> new Socket(LOOPBACK, free).close())
          .isInstanceOf(ConnectException.class);
    }
  }

  // The last message

  /**
   * Envoy resets a stream right behind its last message. The client API does not say when a message
   * has been written to the socket, so everything is sent on the client's only event loop: the
   * flush is then a task of that loop before the next line runs, and the reset is the task behind
   * it, with nothing in between, and no reply is waited for. Sent from other threads, a message can
   * miss its flush: a thread that has taken on the flush for all, and does not get to run, holds
   * them all up, and the reset then takes the message back on the side of the client (11 of 10,000
   * on a busy machine).
   */
  @Test
  void usageThatReachedTheSocketIsCountedWhenAResetFollowsAtOnce() throws Exception {
    int exchanges = 10_000;
    int atATime = 32;
    MaasServer server = start(NO_DRAIN);
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    later(() -> loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).get());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.grpcPort())
            .usePlaintext()
            .eventLoopGroup(loop)
            .channelType(NioSocketChannel.class)
            // Its buffer may be sent by another thread, later than this one knows.
            .disableRetry()
            .directExecutor()
            .build();
    later(channel::shutdownNow);
    FakeEnvoy envoy = FakeEnvoy.on(channel);
    ExecutorService threads = Executors.newFixedThreadPool(atATime);
    later(threads::shutdownNow);
    List<Future<?>> done = new ArrayList<>();
    for (int i = 0; i < exchanges; i++) {
      done.add(
          threads.submit(
              () -> {
                FakeEnvoy.Stream stream =
                    loop.submit(() -> envoy.open().send(chat(), response(200, "application/json")))
                        .get();
                assertThat(stream.awaitReplies(2)).isTrue();
                CompletableFuture<Void> reset = new CompletableFuture<>();
                loop.execute(
                    () -> {
                      stream.send(body(JSON_ANSWER, true));
                      loop.execute(
                          () -> {
                            stream.cancel();
                            reset.complete(null);
                          });
                    });
                reset.get();
                return null;
              }));
    }
    for (Future<?> one : done) {
      one.get();
    }
    assertThat(awaitRequests(server, exchanges)).isEqualTo(exchanges);
    double complete = sum(scrape(server), "semantic_router_requests_total", "outcome=\"complete\"");
    System.out.printf("Last message and reset: %.0f of %d complete%n", complete, exchanges);
    assertThat(complete).isEqualTo(exchanges);
    assertThat(sum(scrape(server), "semantic_router_tokens_total", "type=\"completion\""))
        .isEqualTo(exchanges * 5);
  }

  /** As above, and with no end of stream in the last message: the event itself is the sign. */
  @Test
  void finalEventBeforeAResetIsEnough() throws Exception {
    MaasServer server = start(NO_DRAIN);
    FakeEnvoy.Stream stream = FakeEnvoy.on(channel(server)).open();
    stream.send(chat(), response(200, "text/event-stream"));
    SSE_ANSWER.forEach(event -> stream.send(body(event, false)));
    assertThat(stream.awaitReplies(6)).isTrue();
    stream.cancel();
    assertThat(awaitRequests(server, 1)).isEqualTo(1);
    assertThat(sum(scrape(server), "semantic_router_requests_total", "outcome=\"complete\""))
        .isEqualTo(1);
  }

  @Test
  void messageBeyondTheSizeLimitSettlesTheExchangeOnce() throws Exception {
    MaasServer server = start(NO_DRAIN);
    FakeEnvoy.Stream stream = FakeEnvoy.on(channel(server)).open();
    stream.send(chat(), response(200, "application/json"));
    stream.send(body("x".repeat((64 << 20) + 1), false));
    assertThat(stream.awaitEnd()).isTrue();
    assertThat(awaitRequests(server, 1)).isEqualTo(1);
  }
}
