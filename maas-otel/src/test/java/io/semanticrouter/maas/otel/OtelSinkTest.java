// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.otel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.opentelemetry.api.common.Attributes;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.metrics.PrometheusSink;
import io.semanticrouter.maas.otel.Collected.Histogram;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OtelSinkTest {
  private static final String TOKENS = "gen_ai.client.token.usage";
  private static final String DURATION = "gen_ai.server.request.duration";
  private static final String FIRST = "gen_ai.server.time_to_first_token";
  private static final String EACH = "gen_ai.server.time_per_output_token";

  private static final int RECORDS = 5_000;

  private final Collected collected = new Collected();
  private final OtelSink sink = OtelSink.create(config(true), Set.of("listed"), collected.provider);

  private static MaasConfig config(boolean users) {
    return MaasConfig.from(Map.of("maas_integration", Map.of("enabled", users)));
  }

  @Test
  void exchangesHaveTheNamesOfTheConventions() {
    sink.record(
        answered(Operation.CHAT, "auto", "qwen3", usage(1_000, 11, 600, 50, 7))
            .streamed(true)
            .timeToFirstByte(Duration.ofMillis(250))
            .duration(Duration.ofMillis(1_250))
            .build());
    sink.record(
        answered(Operation.MESSAGES, "claude", "claude-5", TokenUsage.of(9, 0))
            .duration(Duration.ofSeconds(2))
            .build());
    sink.record(refused(503, "auto").duration(Duration.ofMillis(500)).build());

    assertThat(collected.text())
        .isEqualTo(
            """
            gen_ai.client.token.usage {token} [gen_ai.operation.name=chat, gen_ai.provider.name=anthropic, gen_ai.request.model=claude, gen_ai.response.model=claude-5, gen_ai.token.type=input] count 1 sum 9.0
            gen_ai.client.token.usage {token} [gen_ai.operation.name=chat, gen_ai.provider.name=anthropic, gen_ai.request.model=claude, gen_ai.response.model=claude-5, gen_ai.token.type=output] count 1 sum 0.0
            gen_ai.client.token.usage {token} [gen_ai.operation.name=chat, gen_ai.provider.name=openai, gen_ai.request.model=auto, gen_ai.response.model=qwen3, gen_ai.token.type=input] count 1 sum 1000.0
            gen_ai.client.token.usage {token} [gen_ai.operation.name=chat, gen_ai.provider.name=openai, gen_ai.request.model=auto, gen_ai.response.model=qwen3, gen_ai.token.type=output] count 1 sum 11.0
            gen_ai.server.request.duration s [error.type=503, gen_ai.operation.name=chat, gen_ai.provider.name=openai, gen_ai.request.model=auto] count 1 sum 0.5
            gen_ai.server.request.duration s [gen_ai.operation.name=chat, gen_ai.provider.name=anthropic, gen_ai.request.model=claude, gen_ai.response.model=claude-5] count 1 sum 2.0
            gen_ai.server.request.duration s [gen_ai.operation.name=chat, gen_ai.provider.name=openai, gen_ai.request.model=auto, gen_ai.response.model=qwen3] count 1 sum 1.25
            gen_ai.server.time_per_output_token s [gen_ai.operation.name=chat, gen_ai.provider.name=openai, gen_ai.request.model=auto, gen_ai.response.model=qwen3] count 1 sum 0.1
            gen_ai.server.time_to_first_token s [gen_ai.operation.name=chat, gen_ai.provider.name=openai, gen_ai.request.model=auto, gen_ai.response.model=qwen3] count 1 sum 0.25
            gen_ai.usage.cache_creation.input_tokens {token} [gen_ai.operation.name=chat, gen_ai.provider.name=openai, gen_ai.request.model=auto, gen_ai.response.model=qwen3] 50
            gen_ai.usage.cache_read.input_tokens {token} [gen_ai.operation.name=chat, gen_ai.provider.name=openai, gen_ai.request.model=auto, gen_ai.response.model=qwen3] 600
            gen_ai.usage.reasoning.output_tokens {token} [gen_ai.operation.name=chat, gen_ai.provider.name=openai, gen_ai.request.model=auto, gen_ai.response.model=qwen3] 7
            """);
    assertThat(collected.histogram(TOKENS, all -> true).bounds)
        .containsExactly(
            1.0,
            4.0,
            16.0,
            64.0,
            256.0,
            1024.0,
            4096.0,
            16384.0,
            65536.0,
            262144.0,
            1048576.0,
            4194304.0,
            16777216.0,
            67108864.0);
  }

  @Test
  void estimatesAndAnswersOfTheCacheAreNoTokens() {
    sink.record(
        record(Operation.CHAT, Measurement.of(Status.ESTIMATED, Set.of(), TokenUsage.of(5, 5)))
            .routing(Routing.builder().requestedModel("m").responseModel("m").build())
            .httpStatus(200)
            .build());
    sink.record(
        answered(Operation.CHAT, "m", "m", TokenUsage.of(5, 5))
            .routing(Routing.builder().responseModel("m").cacheHit(true).build())
            .build());
    assertThat(collected.points(TOKENS)).isEmpty();
    assertThat(collected.histogram(DURATION, all -> true).count).isEqualTo(2);
  }

  @Test
  void modelThatSomebodyAsksForIsNamedWhenItIsServedOrListed() {
    sink.record(refused(404, "invented").build());
    sink.record(refused(404, "listed").build());
    sink.record(answered(Operation.CHAT, "alias", "m", TokenUsage.of(1, 1)).build());
    sink.record(refused(500, "alias").build());
    assertThat(collected.text())
        .contains("[error.type=404, gen_ai.operation.name=chat, gen_ai.provider.name=openai] count")
        .contains(
            "error.type=404, gen_ai.operation.name=chat, gen_ai.provider.name=openai,"
                + " gen_ai.request.model=listed]")
        .contains(
            "error.type=500, gen_ai.operation.name=chat, gen_ai.provider.name=openai,"
                + " gen_ai.request.model=alias]")
        .doesNotContain("invented");
  }

  @Test
  void modelsOfAnotherRateCardAreListed() {
    sink.list(
        MaasConfig.from(
            Map.of(
                "maas_integration",
                Map.of("enabled", true),
                "pricing",
                Map.of(
                    "models",
                    Map.of("new", Map.of("prompt_per_1m", "1", "completion_per_1m", "1"))))));
    sink.record(refused(404, "new").build());
    assertThat(collected.text()).contains("gen_ai.request.model=new");
  }

  @Test
  void userWhoInventsModelsHasATenthOfTheSetsAndNothingIsLost() {
    for (int i = 0; i < 5_000; i++) {
      sink.record(answered(Operation.CHAT, "invented-" + i, "m" + i, TokenUsage.of(2, 3)).build());
    }
    sink.record(
        answered(Operation.CHAT, "a", "of-another", TokenUsage.of(2, 3))
            .identity(Identity.of("bob", "free"))
            .build());
    assertThat(collected.points(DURATION)).hasSize(AttributeSets.MAX / 10 + 2);
    assertThat(collected.text())
        .contains("gen_ai.response.model=of-another")
        .contains("gen_ai.request.model=__overflow__, gen_ai.response.model=__overflow__");
    assertThat(input(collected).sum).isEqualTo(2 * 5_001);
    assertThat(output(collected).sum).isEqualTo(3 * 5_001);
  }

  @Test
  void listedModelKeepsItsNameWhenUsersHaveInventedAllThatThereIsRoomFor() {
    for (int i = 0; i < 2 * AttributeSets.MAX; i++) {
      sink.record(
          answered(Operation.CHAT, "invented-" + i, "m" + i, TokenUsage.of(2, 3))
              .identity(Identity.of("user-" + i % 10, "free"))
              .build());
    }
    sink.record(answered(Operation.CHAT, "alias", "listed", TokenUsage.of(5, 7)).build());
    sink.record(
        answered(Operation.CHAT, "alias", "listed", TokenUsage.of(5, 7)).httpStatus(500).build());
    assertThat(collected.text())
        .contains(
            DURATION
                + " s [gen_ai.operation.name=chat, gen_ai.provider.name=openai,"
                + " gen_ai.response.model=listed] count 1")
        .contains(
            DURATION
                + " s [error.type=_OTHER, gen_ai.operation.name=chat, gen_ai.provider.name=openai,"
                + " gen_ai.response.model=listed] count 1");
    assertThat(
            collected.histogram(TOKENS, of -> "listed".equals(of.get(Conventions.RESPONSE_MODEL)))
                .sum)
        .isEqualTo(2 * 12);
    assertThat(input(collected).sum).isEqualTo(2.0 * 2 * AttributeSets.MAX + 2 * 5);
  }

  @Test
  void exchangesOfTheOverflowNeedNoLock() throws Exception {
    AttributeSets sets = new AttributeSets(true);
    for (int i = 0; i <= AttributeSets.MAX; i++) {
      sets.of("alice", Operation.CHAT, "m" + i, "m" + i, null, true, false);
    }
    Thread another =
        new Thread(() -> sets.of("alice", Operation.CHAT, "n", "n", null, true, false));
    synchronized (sets) {
      another.start();
      another.join(30_000);
      assertThat(another.isAlive()).isFalse();
    }
  }

  @Test
  void setsOfManyUsersStayBelowTheBoundOfTheSdkSoThatTypesAreNeverMixed() {
    Set<String> models =
        IntStream.range(0, 300).mapToObj(i -> "listed-" + i).collect(Collectors.toSet());
    OtelSink sink = OtelSink.create(config(true), models, collected.provider);
    int exchanges = 0;
    int errors = 0;
    for (Operation operation : Operation.values()) {
      for (int i = 0; i < 300; i++) {
        String user = "user-" + i;
        sink.record(
            answered(operation, "m" + i, "m" + i, TokenUsage.of(2, 3))
                .identity(Identity.of(user, "free"))
                .build());
        sink.record(
            answered(operation, "m" + i, "listed-" + i, TokenUsage.of(2, 3))
                .identity(Identity.of(user, "free"))
                .build());
        exchanges++;
        sink.record(refused(500, "m" + i).identity(Identity.of(user, "free")).build());
        exchanges++;
        errors++;
      }
    }
    assertThat(collected.points(TOKENS))
        .hasSizeBetween(AttributeSets.MAX + AttributeSets.MAX_LISTED, 1_999);
    assertThat(collected.text()).doesNotContain("otel.metric.overflow");
    assertThat(input(collected).sum).isEqualTo(2.0 * exchanges);
    assertThat(output(collected).sum).isEqualTo(3.0 * exchanges);
    assertThat(collected.histogram(DURATION, OtelSinkTest::isError).count).isEqualTo(errors);
  }

  /** The same records in both sinks: all that both count is the same. */
  @ParameterizedTest
  @CsvSource({"true,true", "false,true", "true,false", "false,false"})
  void sumsAreThoseOfThePrometheusSink(boolean users, boolean overflows) {
    Operation[] operations =
        overflows
            ? Operation.values()
            : new Operation[] {Operation.CHAT, Operation.MESSAGES, Operation.RERANK};
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("-Dmaas.seed=" + seed);
    Random random = new Random(seed);
    PrometheusRegistry registry = new PrometheusRegistry();
    PrometheusSink prometheus = PrometheusSink.register(config(users), registry);
    OtelSink otel = OtelSink.create(config(users), collected.provider);
    for (int i = 0; i < RECORDS; i++) {
      UsageRecord record = random(random, operations);
      prometheus.record(record);
      otel.record(record);
    }
    Scraped scraped = new Scraped(registry);
    assertThat(input(collected).sum)
        .isEqualTo(scraped.sum("semantic_router_tokens", "type", "prompt"));
    assertThat(output(collected).sum)
        .isEqualTo(scraped.sum("semantic_router_tokens", "type", "completion"));
    for (String model : overflows ? List.<String>of() : List.of("m0", "m1", "m2", "further")) {
      assertThat(
              collected.histogram(TOKENS, of -> model.equals(of.get(Conventions.RESPONSE_MODEL)))
                  .sum)
          .as(model)
          .isEqualTo(scraped.sum("semantic_router_tokens", "model", model));
    }
    assertThat(collected.sum("gen_ai.usage.cache_read.input_tokens"))
        .isEqualTo((long) scraped.sum("semantic_router_token_parts", "part", "cache_read"));
    assertThat(collected.sum("gen_ai.usage.cache_creation.input_tokens"))
        .isEqualTo((long) scraped.sum("semantic_router_token_parts", "part", "cache_write"));
    assertThat(collected.sum("gen_ai.usage.reasoning.output_tokens"))
        .isEqualTo((long) scraped.sum("semantic_router_token_parts", "part", "reasoning"));
    assertThat((double) collected.histogram(DURATION, OtelSinkTest::isError).count)
        .isEqualTo(scraped.sum("semantic_router_errors", null, null));
    assertSame(DURATION, scraped.buckets("semantic_router_request_duration_seconds"));
    assertSame(FIRST, scraped.buckets("semantic_router_time_to_first_token_seconds"));
    assertSame(EACH, scraped.buckets("semantic_router_time_per_output_token_seconds"));
  }

  private void assertSame(String metric, Buckets expected) {
    Histogram histogram = collected.histogram(metric, all -> true);
    assertThat(histogram.bounds).as(metric).isEqualTo(expected.bounds);
    assertThat(histogram.buckets).as(metric).isEqualTo(expected.counts);
    // There rounded to microseconds, of each exchange.
    assertThat(histogram.sum).as(metric).isCloseTo(expected.sum, within(RECORDS * 1e-6));
  }

  private static Histogram input(Collected of) {
    return of.histogram(TOKENS, set -> "input".equals(set.get(Conventions.TOKEN_TYPE)));
  }

  private static Histogram output(Collected of) {
    return of.histogram(TOKENS, set -> "output".equals(set.get(Conventions.TOKEN_TYPE)));
  }

  private static boolean isError(Attributes attributes) {
    return attributes.get(Conventions.ERROR_TYPE) != null;
  }

  private static UsageRecord.Builder record(Operation operation, Measurement measurement) {
    return UsageRecord.builder("id", Instant.EPOCH, operation, measurement)
        .identity(Identity.of("alice", "premium"));
  }

  private static UsageRecord.Builder answered(
      Operation operation, String requested, String response, TokenUsage usage) {
    return record(operation, Measurement.of(Status.COMPLETE, Set.of(), usage))
        .routing(Routing.builder().requestedModel(requested).responseModel(response).build())
        .httpStatus(200);
  }

  private static UsageRecord.Builder refused(int status, String requested) {
    return record(Operation.CHAT, Measurement.of(Status.NONE, Set.of(Reason.HTTP_ERROR), null))
        .routing(Routing.builder().requestedModel(requested).build())
        .httpStatus(status);
  }

  private static TokenUsage usage(
      long prompt, long completion, long cacheRead, long cacheWrite, long reasoning) {
    return TokenUsage.of(prompt, completion)
        .with(TokenPart.CACHE_READ, cacheRead)
        .with(TokenPart.CACHE_WRITE, cacheWrite)
        .with(TokenPart.REASONING, reasoning);
  }

  private static UsageRecord random(Random random, Operation[] operations) {
    Status status = of(random, Status.values());
    boolean isKnown = status != Status.NONE && status != Status.FAILED;
    TokenUsage usage =
        isKnown
            ? usage(
                random.nextInt(100_000) - 1,
                random.nextInt(2_000) - 1,
                random.nextInt(100) - 1,
                random.nextInt(100) - 1,
                random.nextInt(100) - 1)
            : null;
    Measurement measurement =
        Measurement.of(
            status,
            random.nextInt(10) == 0 ? Set.of(of(random, Reason.values())) : Set.of(),
            usage);
    if (usage != null && random.nextInt(10) == 0) {
      measurement =
          measurement.withOtherLines(List.of(new UsageLine("further", TokenUsage.of(3, 4))));
    }
    return record(of(random, operations), measurement)
        .identity(Identity.of("user-" + random.nextInt(5), "free"))
        .routing(
            Routing.builder()
                .requestedModel(random.nextInt(4) == 0 ? null : "asked")
                .responseModel(random.nextInt(4) == 0 ? null : "m" + random.nextInt(3))
                .cacheHit(random.nextInt(4) == 0)
                .build())
        .streamed(random.nextBoolean())
        .httpStatus(of(random, new Integer[] {200, 200, 200, 201, 304, 404, 429, 503, 0, 101}))
        .abortReason(random.nextInt(5) == 0 ? of(random, AbortReason.values()) : null)
        .timeToFirstByte(
            random.nextInt(3) == 0 ? null : Duration.ofNanos(random.nextLong(2_000_000_000L)))
        .duration(Duration.ofNanos(random.nextLong(20_000_000_000L)))
        .build();
  }

  private static <T> T of(Random random, T[] values) {
    return values[random.nextInt(values.length)];
  }

  /** A histogram of all labels. */
  private record Buckets(List<Double> bounds, List<Long> counts, double sum) {}

  private record Scraped(PrometheusRegistry registry) {
    double sum(String metric, @Nullable String label, @Nullable String value) {
      double sum = 0;
      for (MetricSnapshot snapshot : registry.scrape(metric::equals)) {
        for (CounterDataPointSnapshot point : ((CounterSnapshot) snapshot).getDataPoints()) {
          if (label == null || String.valueOf(value).equals(point.getLabels().get(label))) {
            sum += point.getValue();
          }
        }
      }
      return sum;
    }

    Buckets buckets(String metric) {
      List<Double> bounds = new ArrayList<>();
      List<Long> counts = new ArrayList<>();
      double sum = 0;
      for (MetricSnapshot snapshot : registry.scrape(metric::equals)) {
        for (HistogramDataPointSnapshot point : ((HistogramSnapshot) snapshot).getDataPoints()) {
          ClassicHistogramBuckets buckets = point.getClassicBuckets();
          sum += point.getSum();
          bounds.clear();
          for (int i = 0; i < buckets.size(); i++) {
            if (i == counts.size()) {
              counts.add(0L);
            }
            counts.set(i, counts.get(i) + buckets.getCount(i));
            bounds.add(buckets.getUpperBound(i));
          }
        }
      }
      return new Buckets(
          IntStream.range(0, bounds.size() - 1).mapToObj(bounds::get).toList(), counts, sum);
    }
  }
}
