// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.extproc.MaasProcessor;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.journal.UsageJournal;
import io.semanticrouter.maas.jwt.JwtVerifiers;
import io.semanticrouter.maas.metrics.PrometheusSink;
import io.semanticrouter.maas.router.EmbeddedRouter;
import io.semanticrouter.maas.router.RouterConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running server: ExtProc and health over gRPC, metrics over HTTP. Started once by {@link
 * #start}, stopped once by {@link #close}, which waits for open exchanges. The two may be called by
 * different threads.
 */
final class MaasServer implements AutoCloseable {
  static {
    // It takes a stack trace of every 128th buffer, to find leaks in code that has none of its own.
    SystemDefaults.set("io.grpc.netty.shaded.io.netty.leakDetection.level", "disabled");
  }

  private static final Logger LOG = LoggerFactory.getLogger(MaasServer.class);
  private static final Duration DRAIN_CHECK = Duration.ofMillis(50);

  private final ServerConfig config;
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Totals totals = new Totals();
  private final PrometheusSink counters;
  private final MaasProcessor processor;
  private final StreamLimits limits = StreamLimits.ofMemory();
  private final HealthStatusManager health = new HealthStatusManager();

  private final @Nullable UsageJournal journal;

  /** Null when nothing is pushed: then no class of OpenTelemetry is loaded. */
  private final @Nullable OtlpPush otlp;

  private final JwtVerifiers tokens;
  private @Nullable TlsFiles tls;
  private @Nullable TlsFiles metricsTls;
  private @Nullable MetricsEndpoint metrics;
  private @Nullable GrpcListeners listeners;
  private @Nullable ScheduledExecutorService idle;

  /** Null when it is switched off. */
  private final @Nullable StatusPage status;

  private final Object stateLock = new Object();

  /** That of exchanges that begin now. */
  private volatile Metering metering;

  /** Only ever goes on; changed under the lock. */
  private volatile State state = State.NEW;

  private enum State {
    NEW,
    STARTING,
    READY,
    /** Or stopped. */
    STOPPING
  }

  /**
   * A server that does not listen yet.
   *
   * @param journal closed with the server; null when there is none
   * @throws ConfigException when the keys of tokens, or files of the section {@code otlp}, cannot
   *     be read
   * @throws IOException when the journal cannot be read, from which counters are to be restored
   */
  MaasServer(
      MaasConfig metering, RouterConfig router, ServerConfig config, @Nullable UsageJournal journal)
      throws IOException {
    this.config = config;
    this.journal = journal;
    Metering.Builder builder = Metering.builder(metering);
    counters = PrometheusSink.register(metering, router.modelNames(), registry);
    if (journal != null) {
      // Before the metrics: what they count is on disk.
      builder.instanceId(journal.instanceId()).sink(journal);
      JournalMetrics.register(registry, journal);
    }
    builder.sink(counters).sink(new DebugLog()).sink(totals);
    if (router.enabled()) {
      EmbeddedRouter embedded = new EmbeddedRouter(router);
      RouterCacheMetrics.register(registry, embedded);
      builder.router(new RoutingBudget(embedded));
    }
    tokens = JwtVerifiers.open(metering);
    otlp = config.otlp() == null ? null : otlp(config.otlp(), metering, router);
    if (otlp != null) {
      builder.sink(otlp.sink());
    }
    this.metering = builder.tokens(tokens).build();
    processor = new MaasProcessor(this.metering, config.extProc());
    registerOwn();
    RuntimeMetrics.register(registry, metering.mode());
    status =
        config.metrics().statusPage()
            ? new StatusPage(() -> Setup.facts(this.metering.config(), router, config))
            : null;
    if (journal != null) {
      restore(journal);
    }
  }

  private OtlpPush otlp(OtlpConfig section, MaasConfig metering, RouterConfig router) {
    String instance = journal == null ? UUID.randomUUID().toString() : journal.instanceId();
    return new OtlpPush(section, metering, router.modelNames(), instance, registry);
  }

  /** Nothing has been counted yet; from then on other threads make sinks for what is sealed. */
  private void restore(UsageJournal journal) throws IOException {
    JournalConfig section = config.journal();
    if (section != null && section.restoresCounters()) {
      RestoredCounters restored =
          new RestoredCounters(
              section.directory(),
              () -> counters.another(metering.config(), new PrometheusRegistry()));
      restored.restore(counters);
      RestoredCounters.register(registry);
      journal.whenSealed(restored::takeSealed);
    }
  }

  /**
   * Exchanges that begin from now on are metered as another configuration says. Its mode, and its
   * section {@code metrics}, are those of the start. Not for two threads at once.
   *
   * @throws ConfigException when it cannot be used; the one before stays in use
   */
  void use(MaasConfig next) {
    if ((next.rateCard().charge() == null) != (metering.config().rateCard().charge() == null)) {
      throw new ConfigException(
          List.of(
              new ConfigError("pricing.charge", null, "needs a restart to come or to go", null)));
    }
    tokens.add(next);
    metering = metering.withConfig(next);
    counters.list(next);
    if (otlp != null) {
      otlp.list(next);
    }
    processor.use(metering);
    tokens.retain(next);
  }

  PrometheusRegistry registry() {
    return registry;
  }

  /**
   * Listens; ready when this returns true.
   *
   * @return false when the server was closed before, and does nothing
   * @throws IOException when a port or a file cannot be had; the message says which
   */
  boolean start() throws IOException {
    return start(() -> {});
  }

  /**
   * The same.
   *
   * @param whenReady called when it is ready and is not being stopped, before a stop can begin
   */
  synchronized boolean start(Runnable whenReady) throws IOException {
    if (!enter(State.STARTING, () -> {})) {
      return false;
    }
    try {
      TlsConfig tlsConfig = config.grpc().tls();
      tls = tlsConfig == null ? null : TlsFiles.load(tlsConfig);
      TlsConfig metricsConfig = config.metrics().tls();
      metricsTls = metricsConfig == null ? null : TlsFiles.load(metricsConfig);
      registerTls(tlsFiles());
      MetricsConfig open = config.metrics();
      metrics =
          MetricsEndpoint.start(
              open,
              metricsTls == null ? null : metricsTls.https(),
              open.tokenFile() == null ? null : AccessToken.load(open.tokenFile()),
              registry,
              this::isReady,
              status);
      GrpcListeners grpc = new GrpcListeners(config.grpc(), tls, limits);
      listeners = grpc;
      health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.SERVING);
      health.setStatus(
          processor.bindService().getServiceDescriptor().getName(), ServingStatus.SERVING);
      grpc.listen(List.of(processor, health.getHealthService()));
      settleIdleExchanges();
      return enter(State.READY, whenReady);
    } catch (IOException | RuntimeException e) {
      enter(State.STOPPING, () -> {});
      if (listeners != null) {
        listeners.close();
      }
      release();
      throw e;
    }
  }

  /** Goes on to a state, unless it has been reached or passed; what is to be said is said there. */
  private boolean enter(State next, Runnable action) {
    synchronized (stateLock) {
      if (state.compareTo(next) >= 0) {
        return false;
      }
      state = next;
      action.run();
      return true;
    }
  }

  private boolean isReady() {
    return state == State.READY;
  }

  /** What has been metered since the start, in a few words. */
  @Override
  public String toString() {
    return totals + "; open: " + processor.openStreams();
  }

  /** The TCP port of gRPC, or -1 when there is none. */
  synchronized int grpcPort() {
    return listeners == null ? -1 : listeners.port();
  }

  /** The port of the metrics, or -1 before the start. */
  synchronized int metricsPort() {
    return metrics == null ? -1 : metrics.port();
  }

  /**
   * Stops: not ready any more; after the shutdown delay no new exchanges; open ones may end within
   * the drain timeout; those that do not are settled as drained. Waits for a start that has begun.
   */
  @Override
  public void close() {
    close(() -> {});
  }

  /**
   * The same.
   *
   * @param whenStopping called when the stop begins, after which the server does not become ready
   */
  void close(Runnable whenStopping) {
    if (!enter(State.STOPPING, whenStopping)) {
      return;
    }
    GrpcListeners open;
    synchronized (this) {
      open = listeners;
    }
    health.enterTerminalState();
    if (open != null) {
      // Nothing ends by itself yet, so that this only waits: others have to hear of it first.
      open.awaitTermination(config.shutdownDelay());
      open.shutdown();
      if (!awaitExchanges(open)) {
        LOG.warn("Open exchanges after {}; settling what is known", config.drainTimeout());
        processor.drain();
      }
      open.close();
    }
    if (metrics != null) {
      metrics.linger(config.metricsLinger());
    }
    release();
  }

  private void settleIdleExchanges() {
    long nanos = config.idleTimeout().toNanos();
    if (nanos > 0) {
      idle = Daemons.scheduler("idle");
      Future<?> unused =
          idle.scheduleWithFixedDelay(processor::settleIdle, nanos, nanos, TimeUnit.NANOSECONDS);
    }
  }

  private void release() {
    if (idle != null) {
      idle.shutdownNow();
    }
    if (otlp != null) {
      otlp.close();
    }
    if (metrics != null) {
      metrics.close();
    }
    for (TlsFiles files : tlsFiles()) {
      files.close();
    }
    tokens.close();
    if (journal != null) {
      journal.close();
    }
  }

  private boolean awaitExchanges(GrpcListeners open) {
    long deadline = System.nanoTime() + config.drainTimeout().toNanos();
    long left;
    do {
      left = deadline - System.nanoTime();
      // Waits at least once: an exchange may be on its way on a connection that is open.
      if (open.awaitTermination(Duration.ofNanos(Math.min(left, DRAIN_CHECK.toNanos())))
          || processor.openStreams() == 0) {
        return true;
      }
    } while (left > 0 && !Thread.currentThread().isInterrupted());
    return false;
  }

  private void registerOwn() {
    PriceMetrics.register(registry, () -> metering.config().rateCard());
    counter(
        "semantic_router_metering_defects",
        "Exchanges whose metering failed because of a defect in it",
        () -> metering.defects());
    counter(
        "semantic_router_sink_failures",
        "Usage records that a sink could not take",
        () -> metering.sinkFailures());
    counter(
        "semantic_router_routing_schema_mismatches",
        "Responses of a semantic router with a header contract whose version is not known here",
        () -> metering.routingSchemaMismatches());
    counter(
        "semantic_router_unlisted_requests",
        "Requests on paths that no list names, answered with JSON or events",
        () -> metering.unlistedRequests());
    counter(
        "semantic_router_extproc_refused_streams",
        "Streams that were ended because they, or all together, would have taken too much memory",
        limits::refused);
    counter(
        "semantic_router_log_lines_dropped",
        "Lines of the log for which there was no room, because nothing read the output",
        StandardOutput.PROCESS::dropped);
    ExtProcMetrics.register(registry, processor);
  }

  /** Those that are in use. */
  private List<TlsFiles> tlsFiles() {
    return Stream.of(tls, metricsTls).flatMap(Stream::ofNullable).toList();
  }

  private void registerTls(List<TlsFiles> all) {
    if (all.isEmpty()) {
      return;
    }
    counter(
        "semantic_router_tls_reload_failures",
        "Attempts to use changed TLS files that failed; the old ones stay in use",
        () -> all.stream().mapToLong(TlsFiles::reloadFailures).sum());
    counter(
        "semantic_router_tls_refused_clients",
        "Connections of clients whose certificate has none of the names of client_sans",
        () -> all.stream().mapToLong(TlsFiles::refusedClients).sum());
    GaugeWithCallback.builder()
        .name("semantic_router_tls_certificate_not_after_timestamp_seconds")
        .help("When the first certificate expires of what is in use of a TLS file.")
        .labelNames("file")
        .callback(
            callback ->
                all.forEach(
                    files ->
                        files
                            .notAfter()
                            .forEach(
                                (file, end) ->
                                    callback.call(
                                        (double) end.getEpochSecond(),
                                        (files == metricsTls ? "metrics_" : "") + file))))
        .register(registry);
  }

  private void counter(String name, String help, LongSupplier value) {
    CounterWithCallback.builder()
        .name(name)
        .help(help)
        .callback(callback -> callback.call((double) value.getAsLong()))
        .register(registry);
  }
}
