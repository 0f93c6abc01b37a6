// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The sum of the metrics is the sum of the records, whatever overflows and however many threads.
 */
class ConservationTest {
  private static final int THREADS = 8;
  private static final int PER_THREAD = 20_000;

  @ParameterizedTest
  @CsvSource({"STANDALONE,3", "STANDALONE,1000", "MAAS,20", "HYBRID,20", "HYBRID,100000"})
  @Tag("slow")
  void sumOfMetricsIsSumOfRecords(Mode mode, int maxSeries) throws Exception {
    long seed = System.nanoTime();
    System.out.println("ConservationTest " + mode + " " + maxSeries + " seed " + seed);
    Exposition exposition = Exposition.of(mode, maxSeries);
    List<List<UsageRecord>> work = new ArrayList<>();
    for (int thread = 0; thread < THREADS; thread++) {
      work.add(randomRecords(new Random(seed + thread)));
    }

    recordAll(exposition.sink, work);

    List<UsageRecord> all = work.stream().flatMap(List::stream).toList();
    assertTotals(mode, exposition, all);
    Set<String> combinations = new HashSet<>();
    for (UsageRecord record : all) {
      boolean users = mode.isIntegrated();
      if (record.measurement().usage() == null) {
        continue; // opens no series of its own
      }
      combinations.add(
          (users ? record.identity().user() + " " + record.identity().tier() : "")
              + " "
              + record.model());
    }
    long overflowed = exposition.total("semantic_router_overflow_requests_total", "");
    assertThat(exposition.total("semantic_router_requests_total", "__overflow__"))
        .isEqualTo(overflowed);
    // As many series as allowed, not one more and not one fewer.
    Set<String> shown = new HashSet<>();
    exposition
        .lines("semantic_router_requests_total")
        .forEach(line -> shown.add(line.replaceAll(",?outcome=\"[a-z]*\"|} .*", "")));
    shown.removeIf(line -> line.contains("__overflow__"));
    boolean full = combinations.size() > maxSeries;
    assertThat(overflowed > 0).isEqualTo(full);
    if (!full) {
      shown.removeIf(line -> line.contains("model=\"unknown\""));
    }
    int own = full ? maxSeries : combinations.size();
    // Exchanges without usage may have one more of their own, which has no users.
    assertThat(shown).hasSizeBetween(own, full && !mode.isIntegrated() ? own + 1 : own);
  }

  @Test
  void concurrentFirstSightsOfOneCombination() throws Exception {
    for (int round = 0; round < 200; round++) {
      Exposition exposition = Exposition.of(Mode.HYBRID, 1);
      UsageRecord record =
          Records.of("alice", "free", "qwen3")
              .routed("d", "c", true)
              .tokens(1, 2)
              .cost(0, 1)
              .build();
      List<List<UsageRecord>> work = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        work.add(List.of(record, record));
      }

      recordAll(exposition.sink, work);

      assertThat(exposition.total("semantic_router_requests_total", "alice")).isEqualTo(16);
      assertThat(exposition.total("semantic_router_overflow_requests_total", "")).isZero();
      assertThat(exposition.total("semantic_router_routing_decisions_total", "")).isEqualTo(16);
      assertThat(exposition.sum("semantic_router_cost_total", ""))
          .isEqualByComparingTo("0.000000000000000016");
    }
  }

  /**
   * A scrape is not one moment: each metric is read for itself. So that a reader that saw an
   * exchange finds its tokens and reasons in what it reads afterwards, the exchange is counted
   * last.
   */
  @Test
  void exchangeThatIsCountedHasItsTokensAndReasonsCounted() throws Exception {
    int exchanges = 20_000;
    Exposition exposition = Exposition.of(Mode.MAAS);
    UsageRecord record =
        Records.of("alice", "free", "qwen3")
            .measured(Status.COMPLETE, 1, 0, Reason.values())
            .furtherModels(64)
            .build();
    String lastReason = Collections.max(EnumSet.allOf(Reason.class)).label();
    exposition.sink.record(record);
    ExecutorService recorder = Executors.newSingleThreadExecutor();
    try {
      Future<?> recording =
          recorder.submit(
              () -> {
                for (int i = 1; i < exchanges; i++) {
                  exposition.sink.record(record);
                }
              });
      double seen;
      do {
        seen = exposition.now("semantic_router_requests", "model", "qwen3");
        assertThat(exposition.now("semantic_router_measurement_reasons", "reason", lastReason))
            .as("the last reason of %s exchanges", seen)
            .isGreaterThanOrEqualTo(seen);
        assertThat(exposition.now("semantic_router_tokens", "model", "further63"))
            .as("tokens of the last line of %s exchanges", seen)
            .isGreaterThanOrEqualTo(seen);
      } while (seen < exchanges);
      recording.get();
    } finally {
      recorder.shutdownNow();
    }
  }

  private static void assertTotals(Mode mode, Exposition exposition, List<UsageRecord> all) {
    long billed = 0;
    long cached = 0;
    long estimated = 0;
    long parts = 0;
    long routed = 0;
    long signals = 0;
    long unpriced = 0;
    BigDecimal cost = BigDecimal.ZERO;
    for (UsageRecord record : all) {
      TokenUsage usage = record.measurement().usage();
      if (usage != null) {
        long tokens = Math.max(0, usage.prompt()) + Math.max(0, usage.completion());
        if (record.measurement().status() == Status.ESTIMATED) {
          estimated += tokens;
        } else if (record.isCacheHit()) {
          cached += tokens;
        } else {
          billed += tokens;
          parts +=
              Math.max(0, usage.part(TokenPart.CACHE_READ))
                  + Math.max(0, usage.part(TokenPart.REASONING));
        }
      }
      routed += record.routing().isKnown() ? 1 : 0;
      signals += Boolean.TRUE.equals(record.routing().piiDetected()) ? 1 : 0;
      signals += Boolean.TRUE.equals(record.routing().jailbreakDetected()) ? 1 : 0;
      unpriced += record.unpriced() ? 1 : 0;
      Cost money = record.cost();
      cost = money == null ? cost : cost.add(money.amount());
    }
    assertThat(exposition.total("semantic_router_requests_total", "")).isEqualTo(all.size());
    assertThat(exposition.total("semantic_router_cache_requests_total", "")).isEqualTo(all.size());
    assertThat(exposition.total("semantic_router_tokens_total", "")).isEqualTo(billed);
    assertThat(exposition.total("semantic_router_cache_tokens_total", "")).isEqualTo(cached);
    assertThat(exposition.total("semantic_router_estimated_tokens_total", "")).isEqualTo(estimated);
    assertThat(exposition.total("semantic_router_token_parts_total", "")).isEqualTo(parts);
    assertThat(exposition.total("semantic_router_routing_decisions_total", "")).isEqualTo(routed);
    assertThat(exposition.total("semantic_router_security_signals_total", "")).isEqualTo(signals);
    if (!mode.calculatesCost()) {
      return;
    }
    assertThat(exposition.total("semantic_router_unpriced_requests_total", "")).isEqualTo(unpriced);
    assertThat(exposition.sum("semantic_router_cost_total", "")).isEqualByComparingTo(cost);
  }

  static List<UsageRecord> randomRecords(Random random) {
    List<UsageRecord> records = new ArrayList<>(PER_THREAD);
    for (int i = 0; i < PER_THREAD; i++) {
      Records record =
          Records.of(
              "user" + random.nextInt(40), "tier" + random.nextInt(3), "m" + random.nextInt(9));
      if (random.nextBoolean()) {
        record.routed("d" + random.nextInt(9), "c" + random.nextInt(9), maybe(random));
      }
      record.cacheHit(maybe(random)).security(maybe(random), maybe(random));
      switch (random.nextInt(6)) {
        case 0 -> record.unmeasured(Status.NONE);
        case 1 -> record.unmeasured(Status.FAILED);
        case 2 -> record.measured(Status.ESTIMATED, random.nextInt(99), random.nextInt(99));
        case 3 -> record.measured(Status.PARTIAL, random.nextInt(99), -1);
        default -> record.tokens(random.nextInt(9_999), random.nextInt(9_999)).parts(3, -1, 2);
      }
      if (random.nextBoolean()) {
        record.cost(random.nextInt(2), random.nextInt(1_000) * 1_000_000_000_000L);
      } else {
        record.unpriced();
      }
      records.add(record.build());
    }
    return records;
  }

  private static @Nullable Boolean maybe(Random random) {
    int choice = random.nextInt(3);
    return choice == 0 ? null : choice == 1;
  }

  private static void recordAll(PrometheusSink sink, List<List<UsageRecord>> work)
      throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(work.size());
    try {
      CyclicBarrier start = new CyclicBarrier(work.size());
      List<Future<?>> running = new ArrayList<>();
      for (List<UsageRecord> records : work) {
        running.add(
            threads.submit(
                () -> {
                  start.await();
                  records.forEach(sink::record);
                  return null;
                }));
      }
      for (Future<?> thread : running) {
        thread.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
