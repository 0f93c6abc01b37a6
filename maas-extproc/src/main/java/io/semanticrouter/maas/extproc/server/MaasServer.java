// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.sun.net.httpserver.HttpExchange;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.MaasConfig;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.extproc.MaasProcessor;
import io.semanticrouter.maas.metrics.PrometheusSink;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running server: ExtProc and health over gRPC, metrics over HTTP. Started by {@link #start},
 * stopped once by {@link #close}, which waits for open exchanges.
 */
final class MaasServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MaasServer.class);
  private static final Duration DRAIN_CHECK = Duration.ofMillis(50);

  /**
   * A body that arrives while its headers are being answered comes in one piece, as large as
   * Envoy's buffer limit allows. Beyond this the exchange passes unmetered.
   */
  private static final int MAX_MESSAGE_BYTES = 64 << 20;

  private static final byte[] NOT_FOUND =
      "Not found. Metrics are at /metrics\n".getBytes(StandardCharsets.UTF_8);

  static {
    // In seconds. Half a request would otherwise hold a metrics thread for a minute, and a reader
    // that stopped reading for ten; two of them, and nobody could scrape.
    setDefault("sun.net.httpserver.maxReqTime", "5");
    setDefault("sun.net.httpserver.maxRspTime", "60");
  }

  private final ServerConfig config;
  private final MaasProcessor processor;
  private final Server grpc;
  private final HealthStatusManager health;
  private final HTTPServer metrics;
  private final ExecutorService metricsThreads;
  private final AtomicBoolean closed = new AtomicBoolean();

  private MaasServer(
      ServerConfig config,
      MaasProcessor processor,
      Server grpc,
      HealthStatusManager health,
      HTTPServer metrics,
      ExecutorService metricsThreads) {
    this.config = config;
    this.processor = processor;
    this.grpc = grpc;
    this.health = health;
    this.metrics = metrics;
    this.metricsThreads = metricsThreads;
  }

  /**
   * Starts a server, ready when this returns.
   *
   * @throws IOException when a port cannot be had; the message says which
   */
  static MaasServer start(MaasConfig config, ServerConfig server) throws IOException {
    PrometheusRegistry registry = new PrometheusRegistry();
    Metering metering =
        Metering.builder(config)
            .sink(PrometheusSink.register(config, registry))
            .sink(new DebugLog())
            .build();
    MaasProcessor processor = new MaasProcessor(metering);
    registerOwn(registry, metering, processor);

    HealthStatusManager health = new HealthStatusManager();
    ExecutorService metricsThreads = Executors.newFixedThreadPool(2, MaasServer::metricsThread);
    HTTPServer metrics = null;
    try {
      metrics = metrics(server, registry, metricsThreads);
      Server grpc = grpc(server, processor, health);
      MaasServer started = new MaasServer(server, processor, grpc, health, metrics, metricsThreads);
      health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.SERVING);
      return started;
    } catch (IOException | RuntimeException e) {
      if (metrics != null) {
        metrics.close();
      }
      metricsThreads.shutdownNow();
      throw e;
    }
  }

  int grpcPort() {
    return grpc.getPort();
  }

  int metricsPort() {
    return metrics.getPort();
  }

  /**
   * Stops: not ready any more, no new exchanges, open ones may end within the drain timeout; those
   * that do not are settled as drained.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    health.enterTerminalState();
    grpc.shutdown();
    if (!awaitExchanges()) {
      LOG.warn("Open exchanges after {}; settling what is known", config.drainTimeout());
      processor.drain();
    }
    // Whatever is open now: exchanges that took too long, or clients that watch the health.
    grpc.shutdownNow();
    awaitTermination(Duration.ofSeconds(5));
    metrics.close();
    metricsThreads.shutdownNow();
  }

  private boolean awaitExchanges() {
    long deadline = System.nanoTime() + config.drainTimeout().toNanos();
    long left;
    do {
      left = deadline - System.nanoTime();
      // Waits at least once: an exchange may be on its way on a connection that is open.
      if (awaitTermination(Duration.ofNanos(Math.min(left, DRAIN_CHECK.toNanos())))
          || processor.openStreams() == 0) {
        return true;
      }
    } while (left > 0 && !Thread.currentThread().isInterrupted());
    return false;
  }

  private boolean awaitTermination(Duration timeout) {
    try {
      return grpc.awaitTermination(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static Server grpc(
      ServerConfig config, MaasProcessor processor, HealthStatusManager health) throws IOException {
    InetSocketAddress address = resolve("gRPC", config.grpcAddress(), config.grpcPort());
    try {
      return NettyServerBuilder.forAddress(address)
          .addService(processor)
          .addService(health.getHealthService())
          // See MaasProcessor: an executor in between would lose the last message of an exchange.
          .directExecutor()
          .maxInboundMessageSize(MAX_MESSAGE_BYTES)
          // Envoy pings idle connections; gRPC's default would take that for an attack.
          .permitKeepAliveTime(5, TimeUnit.SECONDS)
          .permitKeepAliveWithoutCalls(true)
          .build()
          .start();
    } catch (IOException e) {
      throw unavailable("gRPC", config.grpcAddress(), config.grpcPort(), e);
    }
  }

  private static HTTPServer metrics(
      ServerConfig config, PrometheusRegistry registry, ExecutorService threads)
      throws IOException {
    InetSocketAddress address = resolve("metrics", config.metricsAddress(), config.metricsPort());
    try {
      return HTTPServer.builder()
          .inetAddress(address.getAddress())
          .port(config.metricsPort())
          .executorService(threads)
          .registry(registry)
          .defaultHandler(MaasServer::notFound)
          .buildAndStart();
    } catch (IOException e) {
      throw unavailable("metrics", config.metricsAddress(), config.metricsPort(), e);
    }
  }

  private static IOException unavailable(String what, String address, int port, IOException e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String problem = cause.getMessage();
    return new IOException(
        "cannot listen for "
            + what
            + " on "
            + address
            + ":"
            + port
            + ": "
            + (problem == null ? cause.getClass().getSimpleName() : problem),
        e);
  }

  /** Resolved, because an address that is not would come to mean every address. */
  private static InetSocketAddress resolve(String what, String address, int port)
      throws IOException {
    InetSocketAddress resolved = new InetSocketAddress(address, port);
    if (resolved.isUnresolved()) {
      throw unavailable(what, address, port, new UnknownHostException("unknown host"));
    }
    return resolved;
  }

  private static void notFound(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(404, head ? -1 : NOT_FOUND.length);
      if (!head) {
        exchange.getResponseBody().write(NOT_FOUND);
      }
    }
  }

  private static void setDefault(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  private static void registerOwn(
      PrometheusRegistry registry, Metering metering, MaasProcessor processor) {
    counter(
        registry,
        "semantic_router_metering_defects",
        "Exchanges whose metering failed because of a defect in it",
        metering::defects);
    counter(
        registry,
        "semantic_router_sink_failures",
        "Usage records that a sink could not take",
        metering::sinkFailures);
    ExtProcMetrics.register(registry, processor.stats());
  }

  private static void counter(
      PrometheusRegistry registry, String name, String help, LongSupplier value) {
    CounterWithCallback.builder()
        .name(name)
        .help(help)
        .callback(callback -> callback.call((double) value.getAsLong()))
        .register(registry);
  }

  private static Thread metricsThread(Runnable work) {
    Thread thread = new Thread(work, "metrics");
    thread.setDaemon(true);
    return thread;
  }
}
