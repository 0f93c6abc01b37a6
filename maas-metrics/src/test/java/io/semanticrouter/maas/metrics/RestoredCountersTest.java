// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a sink has counted goes on in another one. */
class RestoredCountersTest {
  private static byte[] saved(Exposition exposition) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    exposition.sink.save(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  private static long restore(Exposition exposition, byte[] saved) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(saved));
    long leftOut = exposition.sink.restore(in);
    assertThat(in.read()).as("bytes after the end").isEqualTo(-1);
    return leftOut;
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aSinkThatGoesOnShowsWhatOneShowsThatWasNeverStopped(Mode mode) throws IOException {
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("-Dmaas.seed=" + seed);
    Random random = new Random(seed);
    for (int maxSeries : List.of(20, 400, 10_000)) {
      Exposition whole = Exposition.of(mode, maxSeries);
      Exposition part = Exposition.of(mode, maxSeries);
      for (int run = 0; run < 3; run++) {
        List<UsageRecord> records = ConservationTest.randomRecords(random);
        records.forEach(whole.sink::record);
        records.forEach(part.sink::record);
        Exposition next = Exposition.of(mode, maxSeries);
        assertThat(restore(next, saved(part))).isZero();
        if (maxSeries > 20) {
          assertThat(counters(next)).isEqualTo(counters(part));
        }
        part = next;
        // Not line by line: where room is short, others may find some after a restart.
        assertThat(sums(part)).isEqualTo(sums(whole));
      }
    }
  }

  @Test
  void namesThatAreShownOtherwiseAreFoundAgain() throws IOException {
    Exposition before = Exposition.of(Mode.HYBRID, 2);
    for (String name : List.of("__overflow__", "a\u202eb", "\\u202e", "third")) {
      before.record(Records.of(name, name, "qwen3").tokens(1L << 50, 2).cost(3, 4));
    }
    Exposition after = Exposition.of(Mode.HYBRID, 2);
    restore(after, saved(before));
    assertThat(counters(after)).isEqualTo(counters(before));
    for (String name : List.of("__overflow__", "a\u202eb", "\\u202e", "third")) {
      before.record(Records.of(name, name, "qwen3").tokens(1L << 50, 2).cost(3, 4));
      after.record(Records.of(name, name, "qwen3").tokens(1L << 50, 2).cost(3, 4));
    }
    assertThat(counters(after)).isEqualTo(counters(before));
  }

  @Test
  void whatIsTakenOffWasNeverThere() {
    Exposition once = Exposition.of(Mode.HYBRID, 10_000);
    Exposition revised = Exposition.of(Mode.HYBRID, 10_000);
    for (UsageRecord record : ConservationTest.randomRecords(new Random(7))) {
      once.sink.record(record);
      UsageRecord before =
          Records.of(record.identity().user(), record.identity().tier(), record.model())
              .routed("d", "c", true)
              .security(true, true)
              .tokens(7, 1L << 40)
              .parts(3, 4, 5)
              .cost(9, 999_999_999_999L)
              .build();
      revised.sink.record(before);
      revised.sink.takeOff(before);
      revised.sink.record(record);
    }
    assertThat(sums(revised)).isEqualTo(sums(once));
  }

  @Test
  void aLineIsAsOldAsTheRecordThatItBeganWithInWhateverRun() throws IOException {
    Instant ended = Instant.parse("2026-11-28T10:00:00Z");
    UsageRecord record =
        Records.of("alice", "free", "qwen3").tokens(1, 2).cost(3, 4).build().toBuilder()
            .startedAt(ended.minusSeconds(5))
            .duration(Duration.ofSeconds(5))
            .build();
    Exposition replayed = Exposition.of(Mode.HYBRID);
    replayed.sink.replay(record);
    long now = System.currentTimeMillis();
    replayed.sink.record(record); // adds to the same lines
    replayed.record(Records.of("bob", "free", "qwen3").tokens(1, 2).cost(3, 4));
    Exposition next = Exposition.of(Mode.HYBRID);
    restore(next, saved(replayed));
    for (Exposition run : List.of(replayed, next)) {
      assertThat(created(run, "alice")).containsOnly(ended.toEpochMilli());
      assertThat(created(run, "bob")).allMatch(time -> time >= now);
    }
    assertThat(created(next, "bob")).isEqualTo(created(replayed, "bob"));
    next.record(Records.of("carol", "free", "qwen3").tokens(1, 2));
    assertThat(created(next, "carol")).allMatch(time -> time >= now);
  }

  /** When the lines of a user began. */
  private static Set<Long> created(Exposition exposition, String user) {
    Set<Long> created = new TreeSet<>();
    for (MetricSnapshot snapshot : exposition.registry.scrape()) {
      for (DataPointSnapshot point : snapshot.getDataPoints()) {
        assertThat(point.hasCreatedTimestamp() || snapshot instanceof GaugeSnapshot).isTrue();
        if (user.equals(point.getLabels().get("user"))) {
          created.add(point.getCreatedTimestampMillis());
        }
      }
    }
    assertThat(created).isNotEmpty();
    return created;
  }

  /** All but the histograms: how long exchanges took begins again with the process. */
  private static String counters(Exposition exposition) {
    return exposition
        .text()
        .lines()
        .filter(line -> !line.contains("_seconds") && !line.contains("_request_tokens"))
        .collect(Collectors.joining("\n"));
  }

  /** By metric and value of its closed labels; not where they were counted, nor what is 0. */
  private static Object sums(Exposition exposition) {
    return counters(exposition)
        .lines()
        .filter(line -> !line.startsWith("#") && !line.endsWith(" 0.0"))
        .filter(line -> !line.startsWith("semantic_router_series"))
        .filter(line -> !line.startsWith("semantic_router_overflow_requests"))
        .map(line -> line.replaceAll("(user|tier|model|decision|category)=\"[^\"]*\",?", ""))
        .collect(
            Collectors.groupingBy(
                line -> line.substring(0, line.lastIndexOf(' ')),
                Collectors.reducing(
                    BigDecimal.ZERO,
                    line -> new BigDecimal(line.substring(line.lastIndexOf(' ') + 1)),
                    (a, b) -> a.add(b).stripTrailingZeros())));
  }

  @Test
  void whatHasNoPlaceUnderAnotherConfigurationIsCounted() throws IOException {
    Exposition hybrid = Exposition.of(Mode.HYBRID, 10);
    hybrid.record(Records.of("alice", "free", "qwen3").tokens(1, 2).cost(3, 4));
    assertThat(restore(Exposition.of(Mode.STANDALONE, 10), saved(hybrid))).isPositive();
    Exposition smaller = Exposition.of(Mode.MAAS, 1);
    assertThat(restore(smaller, saved(hybrid))).as("the cost").isPositive();
    assertThat(smaller.total("semantic_router_requests_total", "")).isEqualTo(1);
  }

  @Test
  void whatIsNoStateOfASinkIsAnError() {
    assertThatThrownBy(() -> restore(Exposition.of(Mode.MAAS), new byte[] {1, 2, 3, 4}))
        .isInstanceOf(IOException.class);
  }
}
