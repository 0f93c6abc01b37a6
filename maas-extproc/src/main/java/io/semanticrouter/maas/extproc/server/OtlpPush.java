// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.MeterProvider;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporterBuilder;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.InternalTelemetryVersion;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.otel.OtelSink;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pushes usage to an OpenTelemetry collector by OTLP (protobuf over HTTP), from threads of its own:
 * what has been counted since the start, again and again, so that a push that fails loses nothing.
 * No other class of the server knows OpenTelemetry.
 */
final class OtlpPush implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OtlpPush.class);

  /** Of one push; the next one waits for it. */
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** Of the last push, so that a stop stays within what a drain leaves of Kubernetes' 30 s. */
  private static final Duration LAST = Duration.ofSeconds(3);

  private final OtelSink sink;
  private final SdkMeterProvider provider;
  private final Outcomes outcomes;

  /**
   * Begins to push.
   *
   * @param models what the gateway knows besides those of the rate card
   * @param instance unique among the servers of a collector
   * @throws ConfigException when a file cannot be used
   */
  OtlpPush(
      OtlpConfig config,
      MaasConfig metering,
      Set<String> models,
      String instance,
      PrometheusRegistry registry) {
    OtlpHttpMetricExporterBuilder exporter =
        OtlpHttpMetricExporter.builder()
            .setEndpoint(config.endpoint().toString())
            .setTimeout(TIMEOUT)
            // The next push says all that this one would have said.
            .setRetryPolicy(null)
            .setMeterProvider(MeterProvider::noop);
    byte[] certificates = config.certificates();
    if (certificates != null) {
      exporter.setTrustedCertificates(certificates);
    }
    HeaderFile headers = config.headers();
    if (headers != null) {
      exporter.setHeaders(headers::current);
    }
    outcomes = new Outcomes(exporter.build(), config);
    provider =
        SdkMeterProvider.builder()
            .setResource(
                Resource.getDefault()
                    .merge(
                        Resource.create(
                            Attributes.builder()
                                .put("service.name", "maas-extproc")
                                .put("service.version", Main.Version.number())
                                .put("service.instance.id", instance)
                                .build())))
            .registerMetricReader(
                PeriodicMetricReader.builder(outcomes)
                    .setInterval(config.interval())
                    .setExporterTimeout(TIMEOUT)
                    // Else each push has times of its own making beside ours.
                    .setInternalTelemetryVersion(InternalTelemetryVersion.LEGACY)
                    .build())
            .build();
    sink = OtelSink.create(metering, models, provider);
    CounterWithCallback.builder()
        .name("semantic_router_otlp_pushes")
        .help("Pushes to the OpenTelemetry collector, by what became of them.")
        .labelNames("result")
        .callback(
            callback -> {
              callback.call((double) outcomes.sent.get(), "sent");
              callback.call((double) outcomes.failed.get(), "failed");
            })
        .register(registry);
  }

  private static String describe(Throwable t) {
    return t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
  }

  UsageSink sink() {
    return sink;
  }

  /** See {@link OtelSink#list}. */
  void list(MaasConfig config) {
    sink.list(config);
  }

  /** Pushes once more, and waits a little for it. */
  @Override
  public void close() {
    // On a thread of its own: the library waits for longer than we do.
    Thread last =
        new Thread(() -> provider.shutdown().join(LAST.toMillis(), TimeUnit.MILLISECONDS), "otlp");
    last.setDaemon(true);
    last.start();
    try {
      last.join(LAST.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (last.isAlive()) {
      LOG.warn("The last push had no answer within {} s", LAST.toSeconds());
    }
  }

  /** Counts what becomes of pushes, and says so in the log when it changes. */
  private static final class Outcomes implements MetricExporter {
    /** Between two lines of the log about failures. */
    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final MetricExporter exporter;
    private final OtlpConfig config;
    final AtomicLong sent = new AtomicLong();
    final AtomicLong failed = new AtomicLong();

    // Guarded by this.
    private boolean isFailing;
    private long silentUntil = System.nanoTime();

    Outcomes(MetricExporter exporter, OtlpConfig config) {
      this.exporter = exporter;
      this.config = config;
    }

    @Override
    public CompletableResultCode export(Collection<MetricData> metrics) {
      CompletableResultCode result = exporter.export(metrics);
      result.whenComplete(() -> ended(result));
      return result;
    }

    private synchronized void ended(CompletableResultCode result) {
      if (result.isSuccess()) {
        sent.incrementAndGet();
        if (isFailing) {
          LOG.info("Metrics are pushed to {} again", config.endpoint());
        }
        isFailing = false;
        return;
      }
      failed.incrementAndGet();
      long now = System.nanoTime();
      if (!isFailing && now - silentUntil >= 0) {
        LOG.warn(
            "Metrics cannot be pushed to {}: {}; trying every {} s, and saying so when it succeeds",
            config.endpoint(),
            reason(result.getFailureThrowable()),
            config.interval().toSeconds());
        isFailing = true;
        silentUntil = now + QUIET_NANOS;
      }
    }

    private static String reason(@Nullable Throwable failure) {
      if (failure == null) {
        return "no answer";
      }
      Throwable cause = failure.getCause();
      return cause == null ? "it was refused" : describe(cause);
    }

    @Override
    public CompletableResultCode flush() {
      return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
      return exporter.shutdown();
    }

    @Override
    public AggregationTemporality getAggregationTemporality(InstrumentType type) {
      return exporter.getAggregationTemporality(type);
    }
  }
}
