// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.sun.net.httpserver.HttpExchange;
import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Metrics over HTTP, and beside them whether the server lives and is ready for exchanges. */
final class MetricsEndpoint implements AutoCloseable {
  static {
    // In seconds. Half a request would otherwise hold a metrics thread for a minute, and a reader
    // that stopped reading for ten; two of them, and nobody could scrape.
    SystemDefaults.set("sun.net.httpserver.maxReqTime", "5");
    SystemDefaults.set("sun.net.httpserver.maxRspTime", "60");
  }

  private final HTTPServer http;
  private final ExecutorService threads;

  private MetricsEndpoint(HTTPServer http, ExecutorService threads) {
    this.http = http;
    this.threads = threads;
  }

  /**
   * Listens.
   *
   * @throws IOException when the port cannot be had; the message says which
   */
  static MetricsEndpoint start(
      ListenAddress address, PrometheusRegistry registry, BooleanSupplier ready)
      throws IOException {
    InetAddress resolved = address.resolve("metrics").getAddress();
    ExecutorService threads = Executors.newFixedThreadPool(2, MetricsEndpoint::thread);
    try {
      HTTPServer http =
          HTTPServer.builder()
              .inetAddress(resolved)
              .port(address.port())
              .executorService(threads)
              .registry(registry)
              .defaultHandler(exchange -> answer(exchange, ready))
              .buildAndStart();
      return new MetricsEndpoint(http, threads);
    } catch (IOException e) {
      threads.shutdownNow();
      throw ListenAddress.unavailable("metrics", address.toString(), e);
    }
  }

  int port() {
    return http.getPort();
  }

  /** Stays up for so long, or until it is interrupted. */
  void linger(Duration time) {
    try {
      // It does not end by itself, so that this only waits.
      threads.awaitTermination(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    http.close();
    threads.shutdownNow();
  }

  private static void answer(HttpExchange exchange, BooleanSupplier ready) throws IOException {
    switch (exchange.getRequestURI().getPath()) {
      case "/live" -> answer(exchange, 200, "Live\n");
      case "/ready" -> {
        boolean isReady = ready.getAsBoolean();
        answer(exchange, isReady ? 200 : 503, isReady ? "Ready\n" : "Not ready\n");
      }
      default -> answer(exchange, 404, "Not found. Metrics are at /metrics\n");
    }
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    try (exchange) {
      byte[] body = text.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(status, head ? -1 : body.length);
      if (!head) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "metrics");
    thread.setDaemon(true);
    return thread;
  }
}
