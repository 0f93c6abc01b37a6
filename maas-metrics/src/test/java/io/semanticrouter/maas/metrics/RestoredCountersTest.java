// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
    if (leftOut != PrometheusSink.OTHER) {
      assertThat(in.read()).as("bytes after the end").isEqualTo(-1);
    }
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
  void nothingIsAddedToASinkWithOtherLabelsOrOtherUsers(@TempDir Path directory)
      throws IOException {
    Path key = Files.writeString(directory.resolve("key"), "the key of a test");
    Path other = Files.writeString(directory.resolve("other"), "another key of it");
    List<Supplier<Exposition>> forms =
        List.of(
            () -> Exposition.of(Mode.STANDALONE),
            () -> Exposition.of(Mode.HYBRID),
            () -> hybrid(Map.of("identity_labels", List.of("team"))),
            () -> Exposition.of(Mode.HYBRID, Map.of("users", "none")),
            () -> hybrid(Map.of("users", "none", "identity_labels", List.of("team"))),
            () -> Exposition.of(Mode.HYBRID, hmac(key)),
            () -> Exposition.of(Mode.HYBRID, hmac(other)));
    for (Supplier<Exposition> form : forms) {
      Exposition before = form.get();
      before.record(Records.of("alice@example.com", "gold", "qwen3").tokens(1, 2).cost(3, 4));
      byte[] saved = saved(before);
      for (Supplier<Exposition> next : forms) {
        Exposition after = next.get();
        long leftOut = restore(after, saved);
        assertThat(after.total("semantic_router_requests_total", ""))
            .isEqualTo(next == form ? 1 : 0);
        assertThat(leftOut).isEqualTo(next == form ? 0 : PrometheusSink.OTHER);
      }
    }
  }

  /** With an attribute of the payer, and keys of the section {@code metrics}. */
  private static Exposition hybrid(Map<String, Object> keys) {
    Map<String, Object> metrics = new HashMap<>(keys);
    metrics.put("internal_cost_calculation", true);
    Map<String, Object> authentication = Map.of("attributes", Map.of("team", "x-team"));
    return new Exposition(
        MaasConfig.from(
            Map.of(
                MaasConfig.SECTION,
                Map.of("enabled", true, "authentication", authentication, "metrics", metrics))));
  }

  private static Map<String, Object> hmac(Path key) {
    return Map.of("users", "hmac", "hmac_key_file", key.toString());
  }

  @Test
  void histogramsHaveNothingOfAnEarlierRun() {
    Exposition live = Exposition.of(Mode.HYBRID);
    Exposition replayed = Exposition.of(Mode.HYBRID);
    for (UsageRecord record : ConservationTest.randomRecords(new Random(7))) {
      live.sink.record(record);
      replayed.sink.replay(record);
    }
    assertThat(live.text()).contains("_bucket{");
    assertThat(replayed.text()).doesNotContain("_bucket{");
    assertThat(counters(replayed)).isEqualTo(counters(live));
  }

  @Test
  void whatHasNoPlaceUnderAnotherConfigurationIsCounted() throws IOException {
    Exposition hybrid = Exposition.of(Mode.HYBRID, 10);
    hybrid.record(Records.of("alice", "free", "qwen3").tokens(1, 2).cost(3, 4));
    Exposition smaller = Exposition.of(Mode.MAAS, 1);
    assertThat(restore(smaller, saved(hybrid))).as("the cost").isPositive();
    assertThat(smaller.total("semantic_router_requests_total", "")).isEqualTo(1);
  }

  @Test
  void whatAnotherVersionHasSavedIsNotAdded() throws IOException {
    assertThat(restore(Exposition.of(Mode.MAAS), new byte[] {1, 2, 3, 4}))
        .isEqualTo(PrometheusSink.OTHER);
  }
}
