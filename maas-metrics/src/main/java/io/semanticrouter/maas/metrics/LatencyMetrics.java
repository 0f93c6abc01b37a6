// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.metrics.ModelTimes.Times;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How long exchanges take, and how many tokens they have, by model and operation and never by user,
 * with the buckets that the semantic conventions of OpenTelemetry advise for {@code
 * gen_ai.server.request.duration}, {@code gen_ai.server.time_to_first_token}, {@code
 * gen_ai.server.time_per_output_token} and {@code gen_ai.client.token.usage}.
 *
 * <p>A model has the name that its exchanges are counted with. Models that are not listed share a
 * room of bytes, of which one user opens at most a tenth; the rest is {@code model="__overflow__"}.
 */
final class LatencyMetrics {
  private static final double NANOS_PER_SECOND = 1e9;
  private static final long BYTES_PER_SERIES = 512;

  /** In bytes, for few series. */
  private static final long SMALLEST_ROOM = 256 << 10;

  private static final int SHARES = 10;

  private final ModelHistogram duration =
      new ModelHistogram(
          "semantic_router_request_duration_seconds",
          "Time from the head of a request to the settlement of its exchange.",
          List.of(),
          NANOS_PER_SECOND,
          0.01,
          0.02,
          0.04,
          0.08,
          0.16,
          0.32,
          0.64,
          1.28,
          2.56,
          5.12,
          10.24,
          20.48,
          40.96,
          81.92);
  private final ModelHistogram firstToken =
      new ModelHistogram(
          "semantic_router_time_to_first_token_seconds",
          "Time from the head of a request to the first byte of its answer, of answered streams.",
          List.of(),
          NANOS_PER_SECOND,
          0.001,
          0.005,
          0.01,
          0.02,
          0.04,
          0.06,
          0.08,
          0.1,
          0.25,
          0.5,
          0.75,
          1,
          2.5,
          5,
          7.5,
          10);
  private final ModelHistogram perToken =
      new ModelHistogram(
          "semantic_router_time_per_output_token_seconds",
          "Time of a stream after its first byte, for each completion token after the first one.",
          List.of(),
          NANOS_PER_SECOND,
          0.01,
          0.025,
          0.05,
          0.075,
          0.1,
          0.15,
          0.2,
          0.3,
          0.4,
          0.5,
          0.75,
          1,
          2.5);

  /** Null when tokens are not exported. */
  private final @Nullable ModelHistogram tokens;

  private final boolean users;
  private final ListedModels listed;
  private final Map<String, ModelTimes> models = new ConcurrentHashMap<>();
  private final ModelTimes overflow = new ModelTimes(SeriesIndex.OVERFLOW);
  private final long bytesOfShare;
  private final Room room; // guarded by this
  private final Map<String, Room> shares = new HashMap<>(); // guarded by this

  LatencyMetrics(
      PrometheusRegistry registry, MaasConfig.Metrics config, ListedModels listed, boolean users) {
    int max = config.maxSeries();
    this.users = users;
    this.listed = listed;
    long bytes = Math.max(SMALLEST_ROOM, BYTES_PER_SERIES * max);
    room = new Room(null, bytes);
    bytesOfShare = users ? bytes / SHARES : bytes;
    models.put(overflow.model, overflow);
    registry.register(duration);
    registry.register(firstToken);
    registry.register(perToken);
    tokens = config.tokens() ? tokens() : null;
    if (tokens != null) {
      registry.register(tokens);
    }
  }

  private static ModelHistogram tokens() {
    return new ModelHistogram(
        "semantic_router_request_tokens",
        "Measured tokens of an exchange that has any, of the model that answered.",
        List.of("type"),
        1,
        1,
        4,
        16,
        64,
        256,
        1_024,
        4_096,
        16_384,
        65_536,
        262_144,
        1_048_576,
        4_194_304,
        16_777_216,
        67_108_864);
  }

  /** Counts an exchange of this run. */
  void record(Series series, UsageRecord record) {
    ModelTimes model = series.times();
    if (model == null) {
      model = models.computeIfAbsent(series.model(), ModelTimes::new);
      series.times(model);
    }
    Times times = model.of(record.operation());
    if (times == null) {
      times = open(model, record);
    }
    long nanos = record.duration().toNanos();
    times.duration().add(nanos);
    TokenUsage usage = record.measurement().usage();
    Status status = record.measurement().status();
    if (usage != null && status != Status.ESTIMATED && !record.isCacheHit()) {
      count(times.prompt(), usage.prompt());
      count(times.completion(), usage.completion());
    }
    Duration toFirstByte = record.timeToFirstByte();
    if (toFirstByte != null
        && record.streamed()
        && !record.isCacheHit()
        && record.httpStatus() / 100 == 2) {
      long first = toFirstByte.toNanos();
      times.firstToken().add(first);
      if (usage != null
          && usage.completion() > 1
          && status == Status.COMPLETE
          && record.abortReason() == null) {
        times.perToken().add((nanos - first) / (usage.completion() - 1));
      }
    }
  }

  /** No tokens, known or not, are no request to be measured: an error, an embedding. */
  private static void count(ModelHistogram.@Nullable Line line, long tokens) {
    if (line != null && tokens > 0) {
      line.add(tokens);
    }
  }

  private synchronized Times open(ModelTimes model, UsageRecord record) {
    Operation operation = record.operation();
    Times times = model.of(operation);
    if (times == null) {
      if (model == overflow || listed.hasShown(model.model) || hasRoom(model, record)) {
        times = times(model.model, operation);
      } else {
        times = overflow.of(operation);
        if (times == null) {
          times = times(overflow.model, operation);
          overflow.put(operation, times);
        }
      }
      model.put(operation, times);
    }
    return times;
  }

  private Times times(String model, Operation operation) {
    return new Times(
        duration.line(model, operation.label()),
        firstToken.line(model, operation.label()),
        perToken.line(model, operation.label()),
        tokens == null ? null : tokens.line(model, operation.label(), "type", "prompt"),
        tokens == null ? null : tokens.line(model, operation.label(), "type", "completion"));
  }

  private boolean hasRoom(ModelTimes model, UsageRecord record) {
    long bytes = tokens == null ? 0 : 2 * tokens.bytes(model.model);
    for (ModelHistogram histogram : new ModelHistogram[] {duration, firstToken, perToken}) {
      bytes += histogram.bytes(model.model);
    }
    if (!users) {
      return room.take(bytes);
    }
    String user = record.identity().user();
    Room share = shares.get(user);
    if (share == null) {
      share = new Room(room, bytesOfShare);
    }
    boolean taken = share.take(bytes);
    if (taken) {
      shares.put(user, share);
    }
    return taken;
  }
}
