// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.router.RouterConfig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.DoublePredicate;

/** A server in MaaS mode on free ports of the loopback, and what can be asked of it. */
final class RunningServer implements AutoCloseable {
  private static final MaasConfig MAAS =
      MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true)));

  final MaasServer server;
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<Runnable> clients = new ArrayList<>();

  private RunningServer(MaasServer server) {
    this.server = server;
  }

  /** What the keys of the {@code server} section mean, which must be right. */
  static ServerConfig config(Map<String, ?> keys) {
    Map<String, Object> section =
        new LinkedHashMap<>(
            Map.of(
                "grpc_address",
                "127.0.0.1",
                "grpc_port",
                0,
                "metrics_address",
                "127.0.0.1",
                "metrics_port",
                0,
                "drain_timeout_seconds",
                0));
    section.putAll(keys);
    List<ConfigError> errors = new ArrayList<>();
    ServerConfig config = ServerConfig.from(ConfigSection.root(Map.of("server", section), errors));
    assertThat(errors).isEmpty();
    return config;
  }

  static RunningServer start(Map<String, ?> keys) throws IOException {
    return start(new MaasServer(MAAS, RouterConfig.defaults(), config(keys), null));
  }

  static RunningServer start(MaasServer server) throws IOException {
    assertThat(server.start()).isTrue();
    return new RunningServer(server);
  }

  ManagedChannel channel(ClientInterceptor... interceptors) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.grpcPort())
            .usePlaintext()
            .intercept(interceptors)
            .build();
    clients.add(channel::shutdownNow);
    return channel;
  }

  ManagedChannel channel(Path socket) {
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    clients.add(() -> loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5_000));
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
            .eventLoopGroup(loop)
            .channelType(EpollDomainSocketChannel.class)
            .overrideAuthority("maas-extproc")
            .usePlaintext()
            .build();
    clients.add(channel::shutdownNow);
    return channel;
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.metricsPort() + path))
            .timeout(Duration.ofSeconds(20))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** The sum of all series of a metric whose line contains a text. */
  double sum(String metric, String containing) throws IOException, InterruptedException {
    return get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(metric + "{") || line.startsWith(metric + " "))
        .filter(line -> line.contains(containing))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** Waits for a sum to reach a value, and gives what it is then. */
  double awaitSum(String metric, String containing, double value) throws Exception {
    return await(metric, containing, seen -> seen >= value);
  }

  /** The sum, when it has become 0, or what it still is after half a minute. */
  double awaitNone(String metric) throws Exception {
    return await(metric, "", seen -> seen == 0);
  }

  private double await(String metric, String containing, DoublePredicate enough) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    double seen = sum(metric, containing);
    while (!enough.test(seen) && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      seen = sum(metric, containing);
    }
    return seen;
  }

  @Override
  public void close() {
    for (int i = clients.size() - 1; i >= 0; i--) {
      clients.get(i).run();
    }
    server.close();
  }
}
