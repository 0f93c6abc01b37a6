// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.extproc.server.journal.ReportCommand;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.journal.UsageJournal;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/**
 * The SQL of docs/journal.md, run by the engines themselves, adds up to what {@code report} says.
 * Skipped where {@code tools/backends} cannot have them, unless REQUIRE_BACKENDS=1.
 */
class JournalSqlIT {
  private static final int EXCHANGES = 4000;
  private static final String[] HARD_NAMES = {"bob", "o'neil", "üser \"q\"", "a\tb", "back\\slash"};

  private final Path directory;
  private final Random random;

  JournalSqlIT(@TempDir Path temporary) {
    directory = temporary.resolve("journal");
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("-Dmaas.seed=" + seed);
    random = new Random(seed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"duckdb", "clickhouse"})
  void engineAddsUpToWhatAReportSays(String engine) throws Exception {
    write();
    List<String> rows = run(engine);
    assertThat(rows).hasSizeGreaterThan(20).containsExactlyInAnyOrderElementsOf(report());
  }

  /** Sealed segments and one that is not, with revisions of all kinds. */
  private void write() throws Exception {
    Map<String, ?> section = Map.of("directory", directory.toString(), "segment_mb", 1);
    JournalConfig config =
        Objects.requireNonNull(
            JournalConfig.from(
                ConfigSection.root(Map.of(JournalConfig.SECTION, section), new ArrayList<>())));
    try (UsageJournal journal = UsageJournal.open(config, "test 1")) {
      for (int i = 0; i < EXCHANGES; i++) {
        UsageRecord record = record(journal.instanceId() + '-' + i);
        journal.opened(record);
        if (random.nextInt(4) == 0) {
          journal.stated(record);
          // Also to another day.
          record = record.toBuilder().duration(Duration.ofHours(random.nextInt(30))).build();
          record = random.nextBoolean() ? record : changed(record);
        }
        journal.record(record);
      }
    }
    // The next start seals what this one has left.
    try (UsageJournal journal = UsageJournal.open(config, "test 1")) {
      Waiting.until(Duration.ofSeconds(30), () -> assertThat(unsealed()).isEqualTo(1));
      journal.opened(record(journal.instanceId() + "-open"));
    }
  }

  private long unsealed() {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(f -> f.getFileName().toString().matches("usage-.*\\.jsonl")).count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private UsageRecord record(String id) {
    Instant started = Instant.parse("2026-11-01T00:00:00Z").plusSeconds(random.nextInt(250_000));
    Measurement measurement = measurement();
    UsageRecord.Builder record =
        UsageRecord.builder(id, started, Operation.CHAT, measurement)
            .duration(Duration.ofMillis(random.nextInt(100_000)))
            .identity(
                Identity.of(HARD_NAMES[random.nextInt(HARD_NAMES.length)], "premium")
                    .withAttributes(Map.of("cost_center", "47")))
            .routing(Routing.builder().selectedModel("m" + random.nextInt(3)).build())
            .httpStatus(200);
    return measurement.usage() == null || random.nextBoolean()
        ? record.build()
        : record.cost(new Cost("USD", random.nextInt(3), random.nextLong(1L << 59))).build();
  }

  private Measurement measurement() {
    return switch (random.nextInt(8)) {
      case 0 -> Measurement.of(Status.NONE, Set.of(Reason.NO_USAGE), null);
      case 1 -> Measurement.of(Status.ESTIMATED, Set.of(), tokens());
      default -> Measurement.of(Status.COMPLETE, Set.of(), tokens());
    };
  }

  private TokenUsage tokens() {
    return TokenUsage.of(random.nextLong(1L << 40), random.nextLong(1L << 20));
  }

  private UsageRecord changed(UsageRecord record) {
    return record.toBuilder().measurement(measurement()).cost(null).build();
  }

  private List<String> run(String engine) throws IOException, InterruptedException {
    Path output = directory.resolveSibling("output");
    Path errors = directory.resolveSibling("errors");
    Process process =
        new ProcessBuilder(
                Project.file("tools/journal-sql").toString(), engine, directory.toString())
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    String problem = Files.readString(errors);
    if (process.exitValue() == 3) {
      if ("1".equals(System.getenv("REQUIRE_BACKENDS"))) {
        fail("REQUIRE_BACKENDS=1, but " + problem);
      }
      Assumptions.abort(problem);
    }
    assertThat(process.exitValue()).as(problem).isZero();
    // ClickHouse escapes what would be a separator.
    return Files.readString(output, StandardCharsets.UTF_8)
        .replace("a\\tb", "a b")
        .replace("a\tb", "a b")
        .replace("\\\\", "\\")
        .replace("\\'", "'")
        .lines()
        .toList();
  }

  private List<String> report() throws IOException {
    StringWriter out = new StringWriter();
    int status =
        new CommandLine(new ReportCommand())
            .setOut(new PrintWriter(out))
            .execute(
                "--journal",
                directory.toString(),
                "--by",
                "day,user,model,outcome",
                "--format",
                "json");
    assertThat(status).isZero();
    ObjectMapper json =
        new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    List<String> rows = new ArrayList<>();
    for (JsonNode row : json.readTree(out.toString()).path("rows")) {
      String cost = sum(row, "_usd").stripTrailingZeros().toPlainString();
      rows.add(
          String.join(
              "\t",
              row.path("day").asText(),
              row.path("user").asText().replace('\t', ' '),
              row.path("model").asText(),
              row.path("outcome").asText(),
              row.path("exchanges").asText(),
              sum(row, "_prompt").toPlainString(),
              sum(row, "_completion").toPlainString(),
              cost));
    }
    return rows;
  }

  /** Of all certainties: a row has one outcome, and so one of them. */
  private static BigDecimal sum(JsonNode row, String column) {
    BigDecimal sum = BigDecimal.ZERO;
    for (String certainty : List.of("measured", "partial", "estimated")) {
      sum = sum.add(new BigDecimal(row.path(certainty + column).asText("0")));
    }
    return sum;
  }
}
