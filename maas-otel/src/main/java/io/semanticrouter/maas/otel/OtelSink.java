// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.otel;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.LongHistogram;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.metrics.MeterProvider;
import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.otel.AttributeSets.AttributeSet;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Records usage in OpenTelemetry metrics, under the names of its semantic conventions for
 * generative AI. {@code docs/opentelemetry.md} lists them.
 *
 * <p>Tokens are those that backends measured, cached ones and reasoning included: their sum is that
 * of {@code semantic_router_tokens_total}. Parts of them have counters of their own. No metric
 * names a user. At most {@value AttributeSets#MAX} combinations of operation, models and error have
 * attributes of their own, of which one user opens a tenth. Beyond them, listed models keep their
 * name, in {@value AttributeSets#MAX_LISTED} more; the rest has the model {@code __overflow__}, so
 * that all sums stay exact. A model that a client asks for is named once it has been served, or
 * when it is listed.
 *
 * <p>Thread-safe. {@link #record} neither blocks nor throws, as long as the provider's instruments
 * do not.
 */
public final class OtelSink implements UsageSink {
  private static final String SCOPE = "io.semanticrouter.maas";
  private static final double NANOS_PER_SECOND = 1e9;

  /** What the gateway knows besides those of the rate card. */
  private final Set<String> models;

  private volatile Set<String> listed;
  private final AttributeSets sets;
  private final LongHistogram tokens;
  private final LongCounter cacheRead;
  private final LongCounter cacheCreation;
  private final LongCounter reasoning;
  private final DoubleHistogram duration;
  private final DoubleHistogram firstToken;
  private final DoubleHistogram perToken;

  private OtelSink(MaasConfig config, Set<String> models, Meter meter) {
    this.models = Set.copyOf(models);
    listed = names(config);
    sets = new AttributeSets(config.mode().isIntegrated());
    tokens =
        meter
            .histogramBuilder("gen_ai.client.token.usage")
            .ofLongs()
            .setUnit("{token}")
            .setDescription("Input and output tokens that backends measured.")
            .setExplicitBucketBoundariesAdvice(Conventions.TOKEN_BUCKETS)
            .build();
    cacheRead =
        part(meter, "gen_ai.usage.cache_read.input_tokens", "Of the input: read from a cache.");
    cacheCreation =
        part(
            meter, "gen_ai.usage.cache_creation.input_tokens", "Of the input: written to a cache.");
    reasoning =
        part(meter, "gen_ai.usage.reasoning.output_tokens", "Of the output: spent on reasoning.");
    duration =
        seconds(
            meter,
            "gen_ai.server.request.duration",
            "Time from the head of a request to the settlement of its exchange.",
            Conventions.DURATION_BUCKETS);
    firstToken =
        seconds(
            meter,
            "gen_ai.server.time_to_first_token",
            "Time from the head of a request to the first byte of its answer, of streams.",
            Conventions.FIRST_TOKEN_BUCKETS);
    perToken =
        seconds(
            meter,
            "gen_ai.server.time_per_output_token",
            "Time of a stream after its first byte, for each output token after the first one.",
            Conventions.PER_TOKEN_BUCKETS);
  }

  private static LongCounter part(Meter meter, String name, String description) {
    return meter.counterBuilder(name).setUnit("{token}").setDescription(description).build();
  }

  private static DoubleHistogram seconds(
      Meter meter, String name, String description, List<Double> buckets) {
    return meter
        .histogramBuilder(name)
        .setUnit("s")
        .setDescription(description)
        .setExplicitBucketBoundariesAdvice(buckets)
        .build();
  }

  /**
   * A sink whose instruments are the provider's.
   *
   * @param provider for example that of {@code GlobalOpenTelemetry}
   */
  public static OtelSink create(MaasConfig config, MeterProvider provider) {
    return create(config, Set.of(), provider);
  }

  /**
   * The same, for a gateway that knows more models than those of the rate card.
   *
   * @param models names that show as soon as they are asked for
   */
  public static OtelSink create(MaasConfig config, Set<String> models, MeterProvider provider) {
    return new OtelSink(config, models, provider.get(SCOPE));
  }

  /** The models of another rate card show as soon as they are asked for, from now on. */
  public void list(MaasConfig config) {
    listed = names(config);
  }

  private Set<String> names(MaasConfig config) {
    Set<String> names = new HashSet<>(models);
    names.addAll(config.rateCard().models());
    return names;
  }

  @Override
  public void record(UsageRecord record) {
    AttributeSet set = attributes(record, record.model());
    TokenUsage usage = record.measurement().usage();
    if (usage != null
        && record.measurement().status() != Status.ESTIMATED
        && !record.isCacheHit()) {
      addTokens(set, usage);
    }
    if (!record.isCacheHit()) {
      List<UsageLine> lines = record.measurement().otherLines();
      for (int i = 0; i < lines.size(); i++) {
        addTokens(attributes(record, lines.get(i).model()), lines.get(i).usage());
      }
    }
    addTimes(set, record, usage);
  }

  private AttributeSet attributes(UsageRecord record, String model) {
    boolean isServed = record.measurement().usage() != null;
    String requested = record.routing().requestedModel();
    if (requested != null
        && !isServed
        && !listed.contains(requested)
        && !sets.hasServed(requested)) {
      requested = null; // anybody can ask for models that do not exist
    }
    boolean isListed = listed.contains(model) && !model.equals(Routing.UNKNOWN_MODEL);
    boolean isNamed = isListed || (isServed && !model.equals(Routing.UNKNOWN_MODEL));
    return sets.of(
        record.identity().user(),
        record.operation(),
        requested,
        isNamed ? model : null,
        Conventions.error(record),
        isServed,
        isListed);
  }

  private void addTokens(AttributeSet set, TokenUsage usage) {
    if (usage.prompt() >= 0) {
      tokens.record(usage.prompt(), set.input());
    }
    if (usage.completion() >= 0) {
      tokens.record(usage.completion(), set.output());
    }
    addPart(cacheRead, usage.part(TokenPart.CACHE_READ), set.plain());
    addPart(cacheCreation, usage.part(TokenPart.CACHE_WRITE), set.plain());
    addPart(reasoning, usage.part(TokenPart.REASONING), set.plain());
  }

  private static void addPart(LongCounter counter, long count, Attributes attributes) {
    if (count > 0) {
      counter.add(count, attributes);
    }
  }

  /** As {@code semantic_router_request_duration_seconds} and its neighbours do. */
  private void addTimes(AttributeSet set, UsageRecord record, @Nullable TokenUsage usage) {
    long nanos = record.duration().toNanos();
    duration.record(seconds(nanos), set.exchange());
    Duration toFirstByte = record.timeToFirstByte();
    if (toFirstByte == null
        || !record.streamed()
        || record.isCacheHit()
        || record.httpStatus() / 100 != 2) {
      return;
    }
    long first = toFirstByte.toNanos();
    firstToken.record(seconds(first), set.plain());
    if (usage != null
        && usage.completion() > 1
        && record.measurement().status() == Status.COMPLETE
        && record.abortReason() == null) {
      perToken.record(seconds((nanos - first) / (usage.completion() - 1)), set.plain());
    }
  }

  private static double seconds(long nanos) {
    return Math.max(0, nanos) / NANOS_PER_SECOND;
  }
}
