// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Metrics over HTTP, and beside them whether the server lives and is ready for exchanges. It has
 * threads of its own, and bounds for what clients can make it hold: one that reads slowly, or not
 * at all, gives way to those that come after it.
 */
final class MetricsEndpoint implements AutoCloseable {
  /** Scrapers, probes and people together. */
  static final int MAX_CONNECTIONS = 256;

  static {
    // In seconds. Half a request would otherwise hold a metrics thread for a minute, and a reader
    // that stopped reading for ten.
    SystemDefaults.set("sun.net.httpserver.maxReqTime", "5");
    SystemDefaults.set("sun.net.httpserver.maxRspTime", "60");
    // Further ones are closed at once: files are what the gRPC port needs as well.
    SystemDefaults.set("jdk.httpserver.maxConnections", Integer.toString(MAX_CONNECTIONS));
  }

  private static final Logger LOG = LoggerFactory.getLogger(MetricsEndpoint.class);

  /** Half of them for scrapes, so that the probes always find one. */
  private static final int THREADS = 32;

  private static final int MAX_ANSWERS = THREADS / 4;
  private static final int MAX_WAITING = THREADS / 4;

  /** How long a scrape waits for a place; scrapers give up after ten seconds. */
  private static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** A client that has taken nothing for so long makes room for another. */
  private static final long STALLED_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** What all answers may take together, as far as the size of the last one tells. */
  private static final long MAX_BYTES = Runtime.getRuntime().maxMemory() / 16;

  private static final List<String> CHALLENGES =
      List.of("Bearer realm=\"maas-extproc\"", "Basic realm=\"maas-extproc\"");

  private static final ExpositionFormatWriter TEXT = PrometheusTextFormatWriter.create();

  private final HttpServer http;
  private final @Nullable AccessToken token;
  private final ThreadPoolExecutor threads;
  private final PrometheusRegistry registry;
  private final ExpositionFormatWriter openMetrics;
  private final BooleanSupplier ready;
  private final @Nullable StatusPage status;

  /** So that a thousand clients at once do not take the memory of a thousand scrapes. */
  private final Object rendering = new Object();

  /** What is being written or read. */
  private final Set<Answer> answers = new HashSet<>();

  private int waiting;
  private int lastSize;

  /** The body of an answer, and how it gets on. */
  private static final class Answer extends ByteArrayOutputStream {
    private static final int PIECE = 64 * 1024;

    private final HttpExchange exchange;

    /** When a piece of it was taken last; while it is being written, always now. */
    private volatile long moved;

    private volatile boolean sending;

    Answer(HttpExchange exchange) {
      this.exchange = exchange;
    }

    void send() throws IOException {
      moved = System.nanoTime();
      sending = true;
      exchange.sendResponseHeaders(200, count);
      OutputStream out = exchange.getResponseBody();
      for (int i = 0; i < count; i += PIECE) {
        out.write(buf, i, Math.min(PIECE, count - i));
        moved = System.nanoTime();
      }
    }

    /** For how long, in nanoseconds, nothing of it has been taken. */
    long stalled(long now) {
      return sending ? now - moved : 0;
    }

    /** Also ends a write that waits. */
    void breakOff() {
      exchange.close();
    }
  }

  private MetricsEndpoint(
      HttpServer http,
      @Nullable AccessToken token,
      ThreadPoolExecutor threads,
      PrometheusRegistry registry,
      ExpositionFormatWriter openMetrics,
      BooleanSupplier ready,
      @Nullable StatusPage status) {
    this.http = http;
    this.token = token;
    this.threads = threads;
    this.registry = registry;
    this.openMetrics = openMetrics;
    this.ready = ready;
    this.status = status;
  }

  /**
   * Listens.
   *
   * @param tls null for plain text
   * @param token what clients have to know, but for the probes; null for nothing
   * @param status the page at the root; null when there is none
   * @throws IOException when the port cannot be had; the message says which
   */
  static MetricsEndpoint start(
      MetricsConfig config,
      @Nullable HttpsConfigurator tls,
      @Nullable AccessToken token,
      PrometheusRegistry registry,
      BooleanSupplier ready,
      @Nullable StatusPage status)
      throws IOException {
    ListenAddress address = config.address();
    HttpServer http;
    try {
      if (tls == null) {
        http = HttpServer.create(address.resolve("metrics"), 0);
      } else {
        HttpsServer https = HttpsServer.create(address.resolve("metrics"), 0);
        https.setHttpsConfigurator(tls);
        http = https;
      }
    } catch (IOException e) {
      throw ListenAddress.unavailable("metrics", address.toString(), e);
    }
    // A handshake holds a thread, however slow its client is.
    int most = tls == null ? THREADS : MAX_CONNECTIONS;
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            most, most, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), MetricsEndpoint::thread);
    threads.allowCoreThreadTimeOut(true);
    ExpositionFormatWriter openMetrics =
        OpenMetricsTextFormatWriter.builder()
            .setCreatedTimestampsEnabled(config.createdTimestamps())
            .build();
    MetricsEndpoint endpoint =
        new MetricsEndpoint(http, token, threads, registry, openMetrics, ready, status);
    http.setExecutor(threads);
    http.createContext("/", endpoint::answer);
    http.start();
    return endpoint;
  }

  int port() {
    return http.getAddress().getPort();
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
    http.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      boolean isStatus = status != null && (path.equals("/") || path.equals("/status.json"));
      boolean known =
          isStatus || path.equals("/metrics") || path.equals("/live") || path.equals("/ready");
      String method = exchange.getRequestMethod();
      if (!known) {
        send(exchange, 404, "Not found. Metrics are at /metrics\n");
      } else if (!method.equals("GET") && !method.equals("HEAD")) {
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        send(exchange, 405, "Only GET and HEAD\n");
      } else if (!isAllowed(exchange, path)) {
        exchange.getResponseHeaders().put("WWW-Authenticate", CHALLENGES);
        send(exchange, 401, "Metrics need the token of " + MetricsConfig.TOKEN_FILE + "\n");
      } else if (status != null && isStatus) {
        status(exchange, path.equals("/"), status);
      } else if (path.equals("/live")) {
        send(exchange, 200, "Live\n");
      } else if (path.equals("/ready")) {
        boolean isReady = ready.getAsBoolean();
        send(exchange, isReady ? 200 : 503, isReady ? "Ready\n" : "Not ready\n");
      } else {
        metrics(exchange);
      }
    } catch (IOException e) {
      LOG.debug("A client of the metrics went away", e);
    }
  }

  /** The kubelet has no token for its probes. */
  private boolean isAllowed(HttpExchange exchange, String path) {
    return token == null
        || path.equals("/live")
        || path.equals("/ready")
        || token.isIn(exchange.getRequestHeaders().getFirst("Authorization"));
  }

  private static void status(HttpExchange exchange, boolean page, StatusPage status)
      throws IOException {
    Headers headers = exchange.getResponseHeaders();
    headers.set("Cache-Control", "no-store");
    headers.set("X-Content-Type-Options", "nosniff");
    if (page) {
      headers.set("Content-Security-Policy", StatusPage.CONTENT_SECURITY_POLICY);
      headers.set("Referrer-Policy", "no-referrer");
      send(exchange, 200, "text/html", StatusPage.html());
    } else {
      send(exchange, 200, "application/json", status.json());
    }
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    send(exchange, status, "text/plain", text.getBytes(StandardCharsets.UTF_8));
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
    if (isHead(exchange)) {
      exchange.sendResponseHeaders(status, -1);
    } else {
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static boolean isHead(HttpExchange exchange) {
    return exchange.getRequestMethod().equals("HEAD");
  }

  private void metrics(HttpExchange exchange) throws IOException {
    Headers request = exchange.getRequestHeaders();
    ExpositionFormatWriter format = format(new AcceptHeader(request.get("Accept")));
    boolean zipped = new AcceptHeader(request.get("Accept-Encoding")).quality("gzip", "*") > 0;
    Headers response = exchange.getResponseHeaders();
    response.set("Vary", "Accept, Accept-Encoding");
    if (isHead(exchange)) {
      response.set("Content-Type", format.getContentType());
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    Answer answer = new Answer(exchange);
    if (!admit(answer)) {
      response.set("Retry-After", "1");
      send(exchange, 503, "Too many clients at once\n");
      return;
    }
    try {
      synchronized (rendering) {
        render(format, zipped, answer);
      }
      response.set("Content-Type", format.getContentType());
      if (zipped) {
        response.set("Content-Encoding", "gzip");
      }
      answer.send();
    } catch (RuntimeException e) {
      LOG.error("The metrics cannot be written", e);
      send(exchange, 500, "The metrics cannot be written; the log says why\n");
    } finally {
      leave(answer);
    }
  }

  /**
   * The format that is wanted most, and the plain one where none of ours is wanted: a scraper that
   * prefers protobuf reads it, while it gets nothing from 406.
   */
  private ExpositionFormatWriter format(AcceptHeader accept) {
    double open =
        accept.quality(
            "application/openmetrics-text;version=1.",
            "application/openmetrics-text;version=0.",
            "application/openmetrics-text");
    double text =
        accept.quality(
            "text/plain;version=0.", "text/plain;version=1.", "text/plain", "text/*", "*/*");
    return open > 0 && open >= text ? openMetrics : TEXT;
  }

  private void render(ExpositionFormatWriter format, boolean zipped, OutputStream body)
      throws IOException {
    try (OutputStream out = zipped ? new GZIPOutputStream(body, 8192) : body) {
      format.write(out, registry.scrape());
    }
  }

  /** Waits for a place, and takes it from a client that does not read. False when there is none. */
  private boolean admit(Answer answer) {
    long start = System.nanoTime();
    synchronized (answers) {
      long places = Math.max(1, Math.min(MAX_ANSWERS, MAX_BYTES / Math.max(1, lastSize)));
      waiting++;
      try {
        while (answers.size() >= places) {
          long now = System.nanoTime();
          Answer slowest = Collections.max(answers, Comparator.comparingLong(a -> a.stalled(now)));
          if (slowest.stalled(now) > STALLED_NANOS) {
            answers.remove(slowest);
            slowest.breakOff();
          } else if (waiting > MAX_WAITING || now - start > MAX_WAIT_NANOS) {
            return false;
          } else {
            answers.wait(100);
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      } finally {
        waiting--;
      }
      answers.add(answer);
      return true;
    }
  }

  private void leave(Answer answer) {
    synchronized (answers) {
      answers.remove(answer);
      lastSize = answer.size();
      answers.notifyAll();
    }
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "metrics");
    thread.setDaemon(true);
    return thread;
  }
}
