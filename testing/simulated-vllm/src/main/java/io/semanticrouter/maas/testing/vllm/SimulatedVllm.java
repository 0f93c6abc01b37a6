// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * A small server of the OpenAI and Anthropic APIs whose token counts are deterministic (see {@link
 * TokenCounter}) and that remembers exactly what it produced.
 *
 * <pre>{@code
 * try (SimulatedVllm vllm = SimulatedVllm.builder().model("qwen3").start()) {
 *   // send requests to vllm.baseUrl() + "/v1/chat/completions"
 *   long tokens = vllm.stats().completionTokens();
 * }
 * }</pre>
 */
public final class SimulatedVllm implements AutoCloseable {

  private static final int BACKLOG = 1024;
  private static final long STOP_SECONDS = 5;

  static {
    // The JDK server reads these once, when its classes load. Without the first, Nagle's algorithm
    // holds events back for 40 ms. The others keep it from closing idle connections (beyond 200, or
    // after 30 s) just when a proxy picks one of its pool for the next request.
    setUnlessSet("sun.net.httpserver.nodelay", "true");
    setUnlessSet("sun.net.httpserver.maxIdleConnections", "10000");
    setUnlessSet("sun.net.httpserver.idleInterval", "3600");
  }

  private final HttpServer server;
  private final ExecutorService threads;
  private final StatsRecorder stats;

  private SimulatedVllm(HttpServer server, ExecutorService threads, StatsRecorder stats) {
    this.server = server;
    this.threads = threads;
    this.stats = stats;
  }

  /** Returns a builder with the defaults: a free port of 127.0.0.1 and the model qwen3. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the port the server listens on. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Returns the URL of the server without a path, such as {@code http://127.0.0.1:8000}. */
  public String baseUrl() {
    InetAddress address = server.getAddress().getAddress();
    String host = address.isAnyLocalAddress() ? "127.0.0.1" : address.getHostAddress();
    return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port();
  }

  /** Returns what the server produced since its start or the last reset. */
  public SimulatedVllmStats stats() {
    return stats.snapshot();
  }

  /** Sets all statistics to zero. An exchange under way counts after the reset. */
  public void resetStats() {
    stats.reset();
  }

  /** Stops the server at once; answers under way are cut short. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
    try {
      threads.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void setUnlessSet(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /** Collects the settings of a server. */
  public static final class Builder {
    private String address = "127.0.0.1";
    private int port;
    private final List<String> models = new ArrayList<>();
    private RoutingHeaders routingHeaders = RoutingHeaders.VSR;
    private Clock clock = Clock.systemUTC();
    private Supplier<String> ids = uniqueIds();

    private Builder() {}

    /** Sets the address to listen on. */
    public Builder address(String address) {
      this.address = Objects.requireNonNull(address);
      return this;
    }

    /** Sets the port to listen on; 0 takes a free one. */
    public Builder port(int port) {
      if (port < 0 || port > 65_535) {
        throw new IllegalArgumentException("port must be from 0 to 65535, not " + port);
      }
      this.port = port;
      return this;
    }

    /** Adds a model. The first one serves requests for models the server does not have. */
    public Builder model(String model) {
      if (model.isBlank()) {
        throw new IllegalArgumentException("a model must have a name");
      }
      models.add(model);
      return this;
    }

    /** Sets which routing headers answers carry. */
    public Builder routingHeaders(RoutingHeaders routingHeaders) {
      this.routingHeaders = Objects.requireNonNull(routingHeaders);
      return this;
    }

    /** Sets the clock that {@code created} is read from. */
    public Builder clock(Clock clock) {
      this.clock = Objects.requireNonNull(clock);
      return this;
    }

    /**
     * Sets where the ids of answers come from, without their prefix such as {@code chatcmpl-}.
     * Called from many threads.
     */
    public Builder ids(Supplier<String> ids) {
      this.ids = Objects.requireNonNull(ids);
      return this;
    }

    /**
     * Starts the server.
     *
     * @throws IOException if it cannot listen on the address and port
     */
    public SimulatedVllm start() throws IOException {
      HttpServer server = HttpServer.create(new InetSocketAddress(address, port), BACKLOG);
      StatsRecorder stats = new StatsRecorder();
      List<String> served = models.isEmpty() ? List.of("qwen3") : List.copyOf(models);
      server.createContext(
          "/", new Dispatcher(new ServerState(served, routingHeaders, clock, ids, stats)));
      // A thread for each exchange: delays and slow clients hold theirs without holding up others.
      ExecutorService threads = Executors.newCachedThreadPool();
      server.setExecutor(threads);
      server.start();
      return new SimulatedVllm(server, threads, stats);
    }

    private static Supplier<String> uniqueIds() {
      // The random part keeps the ids of several servers apart.
      String prefix = String.format("%08x-", ThreadLocalRandom.current().nextInt());
      AtomicLong counter = new AtomicLong();
      return () -> prefix + counter.incrementAndGet();
    }
  }
}
