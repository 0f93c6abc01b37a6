// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.journal.UsageJournal;
import io.semanticrouter.maas.metrics.PrometheusSink;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counters that go on after a kill. */
class RestoredCountersTest {
  private static final MaasConfig HYBRID =
      config(Map.of("internal_cost_calculation", true, "identity_labels", List.of("cost_center")));

  private final Path directory;
  private final Path work;
  private final Random random;

  /** Counts what the process counted that was killed. */
  private final PrometheusRegistry expected = new PrometheusRegistry();

  private final PrometheusSink counting = PrometheusSink.register(HYBRID, expected);
  private long count;

  RestoredCountersTest(@TempDir Path temporary) {
    directory = temporary.resolve("journal");
    work = temporary;
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("-Dmaas.seed=" + seed);
    random = new Random(seed);
  }

  /** With an attribute of the payer, and keys of the section {@code metrics}. */
  private static MaasConfig config(Map<String, Object> metrics) {
    Map<String, Object> authentication =
        Map.of("attributes", Map.of("cost_center", "x-cost-center"));
    return MaasConfig.from(
        Map.of(
            MaasConfig.SECTION,
            Map.of("enabled", true, "authentication", authentication, "metrics", metrics)));
  }

  private JournalConfig config(Path of, String keys) throws Exception {
    Path file =
        Files.writeString(
            work.resolve("config.yaml"),
            "journal: { directory: %s, restore_counters: true, segment_mb: 1%s }"
                .formatted(of, keys));
    return Objects.requireNonNull(ConfigFile.read(file, "info").server().journal());
  }

  private static RestoredCounters of(Path directory) {
    return new RestoredCounters(
        directory, () -> PrometheusSink.register(HYBRID, new PrometheusRegistry()));
  }

  /** Exchanges as they come: some are stated first, and some of those end otherwise. */
  private void give(UsageJournal journal, int exchanges) {
    for (int i = 0; i < exchanges; i++) {
      UsageRecord record = record(Status.COMPLETE);
      if (random.nextBoolean()) {
        journal.opened(record);
      }
      if (random.nextBoolean()) {
        journal.stated(record);
        if (random.nextBoolean()) {
          record = record.toBuilder().abortReason(AbortReason.CANCELLED).build();
        } else if (random.nextBoolean()) {
          record = record.toBuilder().measurement(measurement(Status.PARTIAL)).cost(null).build();
        }
      }
      journal.record(record);
      counting.record(record);
    }
  }

  private UsageRecord record(Status status) {
    return UsageRecord.builder("run-" + ++count, Instant.now(), Operation.CHAT, measurement(status))
        .identity(
            Identity.of("user" + random.nextInt(20), "tier" + random.nextInt(2))
                .withAttributes(Map.of("cost_center", "c" + random.nextInt(3))))
        .routing(Routing.builder().selectedModel("m" + random.nextInt(5)).build())
        .cost(new Cost("USD", random.nextInt(2), random.nextInt(1_000_000)))
        .httpStatus(200)
        .build();
  }

  private Measurement measurement(Status status) {
    boolean known = status != Status.NONE;
    return Measurement.of(
        status,
        known ? Set.of() : Set.of(Reason.CRASH),
        known ? TokenUsage.of(random.nextInt(1000), random.nextInt(1000)) : null);
  }

  private static String text(PrometheusRegistry registry) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    PrometheusTextFormatWriter.create().write(text, registry.scrape(), EscapingScheme.DEFAULT);
    // A count that was taken off again leaves its line. Histograms begin anew.
    return text.toString(StandardCharsets.UTF_8)
        .lines()
        .filter(line -> !line.startsWith("#") && !line.endsWith(" 0.0"))
        .filter(line -> !line.matches("\\w+_(seconds|request_tokens)_(bucket|count|sum)\\b.*"))
        .toList()
        .toString();
  }

  private static String restored(Path directory) throws IOException {
    PrometheusRegistry registry = new PrometheusRegistry();
    of(directory).restore(PrometheusSink.register(HYBRID, registry));
    return text(registry);
  }

  /** What is on disk at this moment, as a kill would leave it. */
  private Path killed(String name) throws IOException {
    Path copy = Files.createDirectories(work.resolve(name));
    for (Path file : files()) {
      if (!file.getFileName().toString().equals("lock")) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  private long sealed() throws IOException {
    return files().stream().filter(file -> file.toString().endsWith(".gz")).count();
  }

  private long plain() throws IOException {
    return files().stream().filter(file -> file.toString().endsWith(".jsonl")).count()
        - 1; // the manifest
  }

  private void awaitSealed(long segments) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (sealed() < segments || files().stream().anyMatch(f -> f.toString().contains("unfin"))) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  @Test
  void aKillLosesNothingOfTheTotals() throws Exception {
    try (UsageJournal journal = UsageJournal.open(config(directory, ""), "test 1")) {
      journal.whenSealed(of(directory)::takeSealed);
      for (int round = 1; round <= 4; round++) {
        give(journal, 1000);
        Path killed = killed("killed-" + round);
        assertThat(restored(killed)).as("round %s", round).isEqualTo(text(expected));
      }
      awaitSealed(2);
    }
    assertThat(Files.exists(directory.resolve("counters"))).isTrue();
    assertThat(restored(directory)).isEqualTo(text(expected));
  }

  @Test
  void whatWasOpenAtTheKillIsCountedOnce() throws Exception {
    UsageJournal journal = UsageJournal.open(config(directory, ""), "test 1");
    give(journal, 10);
    journal.opened(record(Status.COMPLETE));
    Path killed = killed("killed");
    journal.close();
    UsageJournal.open(config(killed, ""), "test 1").close();
    PrometheusRegistry registry = new PrometheusRegistry();
    of(killed).restore(PrometheusSink.register(HYBRID, registry));
    counting.record(record(Status.NONE)); // of the exchange that was open
    assertThat(text(registry)).contains("outcome=\"none\"");
    UsageJournal.open(config(killed, ""), "test 1").close();
    assertThat(restored(killed)).isEqualTo(text(registry));
  }

  @Test
  void whatWasRemovedBecauseOfItsSizeIsStillCounted() throws Exception {
    try (UsageJournal journal = UsageJournal.open(config(directory, ""), "test 1")) {
      journal.whenSealed(of(directory)::takeSealed);
      give(journal, 4000);
      awaitSealed(1);
    }
    // The run after it seals the last one of this.
    try (UsageJournal journal = UsageJournal.open(config(directory, ""), "test 1")) {
      journal.whenSealed(of(directory)::takeSealed);
      while (plain() > 1) { // its own, which has no line
        TimeUnit.MILLISECONDS.sleep(20);
      }
    }
    for (Path file : files()) {
      if (file.toString().endsWith(".gz")) {
        Files.delete(file);
      }
    }
    assertThat(restored(directory)).isEqualTo(text(expected));
  }

  @Test
  void aDamagedFileIsMadeAnewFromTheSegments() throws Exception {
    try (UsageJournal journal = UsageJournal.open(config(directory, ""), "test 1")) {
      journal.whenSealed(of(directory)::takeSealed);
      give(journal, 3000);
      awaitSealed(1);
    }
    Path file = directory.resolve("counters");
    byte[] bytes = Files.readAllBytes(file);
    bytes[random.nextInt(bytes.length)] ^= 1;
    Files.write(file, bytes);
    assertThat(restored(directory)).isEqualTo(text(expected));
  }

  @Test
  void modelsThatAReloadAddsHaveTheirNames() throws Exception {
    ConfigFile first = file("m0");
    ConfigFile next = file("m0: { prompt_per_1m: 1, completion_per_1m: 1 }, added");
    UsageJournal journal =
        UsageJournal.open(Objects.requireNonNull(first.server().journal()), "test 1");
    try (MaasServer server =
        new MaasServer(first.metering(), first.router(), first.server(), journal)) {
      server.use(next.metering());
      journal.record(
          record(Status.NONE).toBuilder()
              .routing(Routing.builder().selectedModel("added").build())
              .build());
      give(journal, 3000);
      awaitSealed(1);
    }
    PrometheusRegistry registry = new PrometheusRegistry();
    new RestoredCounters(
            directory, () -> PrometheusSink.register(next.metering(), new PrometheusRegistry()))
        .restore(PrometheusSink.register(next.metering(), registry));
    assertThat(text(registry)).contains("model=\"added\"").doesNotContain("model=\"unknown\"");
  }

  /** The live counters have plain names to hash, the journal has the hashes. */
  @Test
  void hashesOfTheJournalAreThoseOfTheMetrics() throws Exception {
    Path key = Files.write(work.resolve("key"), new byte[32]);
    String users = "users: hmac, hmac_key_file: " + key;
    ConfigFile file =
        ConfigFile.read(
            Files.writeString(
                work.resolve("hashed.yaml"),
                """
                maas_integration: { enabled: true, metrics: { %s } }
                journal: { directory: %s, restore_counters: true, segment_mb: 1, %s }
                """
                    .formatted(users, directory, users)),
            "info");
    PrometheusRegistry live = new PrometheusRegistry();
    PrometheusSink sink = PrometheusSink.register(file.metering(), live);
    for (int run = 0; run < 2; run++) {
      PrometheusRegistry restored = new PrometheusRegistry();
      UsageJournal journal =
          UsageJournal.open(Objects.requireNonNull(file.server().journal()), "test 1");
      RestoredCounters counters =
          new RestoredCounters(
              directory, () -> PrometheusSink.register(file.metering(), new PrometheusRegistry()));
      journal.whenSealed(counters::takeSealed);
      PrometheusSink next = PrometheusSink.register(file.metering(), restored);
      counters.restore(next);
      assertThat(text(restored)).isEqualTo(text(live));
      for (int i = 0; i < 3000; i++) {
        UsageRecord record = record(Status.COMPLETE);
        journal.record(record);
        sink.record(record);
        next.record(record);
      }
      assertThat(text(restored)).isEqualTo(text(live)).contains("user=\"hmac:");
      awaitSealed(run + 1);
      journal.close();
    }
    assertThat(Files.readString(directory.resolve("counters"), StandardCharsets.ISO_8859_1))
        .contains("hmac:")
        .doesNotContain("user1");
  }

  /** Names that are no longer to be shown are in the file, and in no series. */
  @Test
  void aSinkThatShowsUsersOtherwiseReadsTheWholeJournal() throws Exception {
    try (UsageJournal journal = UsageJournal.open(config(directory, ""), "test 1")) {
      journal.whenSealed(of(directory)::takeSealed);
      give(journal, 3000);
      awaitSealed(1);
    }
    assertThat(directory.resolve("counters")).exists();
    MaasConfig none = config(Map.of("users", "none", "identity_labels", List.of("cost_center")));
    PrometheusRegistry fresh = new PrometheusRegistry();
    PrometheusSink sink = PrometheusSink.register(none, fresh);
    RestoredCounters counters =
        new RestoredCounters(directory, () -> sink.another(none, new PrometheusRegistry()));
    counters.restore(sink);
    assertThat(text(fresh)).doesNotContain("user").contains("tier=\"tier1\"");
    counters.takeSealed();
    PrometheusRegistry again = new PrometheusRegistry();
    counters.restore(PrometheusSink.register(none, again));
    assertThat(text(again)).isEqualTo(text(fresh));
  }

  private ConfigFile file(String models) throws Exception {
    Path file =
        Files.writeString(
            work.resolve("server.yaml"),
            """
            journal: { directory: %s, restore_counters: true, segment_mb: 1 }
            pricing: { models: { %s: { prompt_per_1m: 1, completion_per_1m: 1 } } }
            """
                .formatted(directory, models));
    return ConfigFile.read(file, "info");
  }
}
