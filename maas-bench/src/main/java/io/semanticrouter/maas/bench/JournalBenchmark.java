// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.journal.UsageJournal;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the end of an exchange waits for, by the durability of the journal. It writes to {@code
 * java.io.tmpdir}, some hundred megabytes each second.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class JournalBenchmark {
  /** When a record is safe, or off without a journal. */
  @Param({"off", "none", "process", "power"})
  String durability = "off";

  private UsageSink sink = record -> {};
  private @Nullable UsageJournal journal;
  private @Nullable Path directory;
  private UsageRecord[] records = {};
  private int next;

  /** Makes the records and opens the journal. */
  @Setup(Level.Trial)
  public void open() throws IOException {
    records = new UsageRecord[1024];
    for (int i = 0; i < records.length; i++) {
      records[i] = record(i);
    }
    if (!durability.equals("off")) {
      directory = Files.createTempDirectory("journal-benchmark");
      Map<String, ?> section =
          Map.of("directory", directory.toString(), "durability", durability, "segment_mb", 1024);
      JournalConfig config =
          JournalConfig.from(
              ConfigSection.root(Map.of(JournalConfig.SECTION, section), new ArrayList<>()));
      journal = UsageJournal.open(Objects.requireNonNull(config), "benchmark");
      sink = journal;
    }
  }

  /** Takes the files away. */
  @TearDown(Level.Trial)
  public void close() throws IOException {
    if (journal != null && directory != null) {
      journal.close();
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
  }

  /** The end of one exchange. */
  @Benchmark
  public void record() {
    sink.record(records[next]);
    next = (next + 1) % records.length;
  }

  /** The same, with the line of its beginning. */
  @Benchmark
  public void openAndRecord() {
    if (journal != null) {
      journal.opened(records[next]);
    }
    record();
  }

  private static UsageRecord record(int i) {
    TokenUsage tokens =
        TokenUsage.builder(1500 + i, 320)
            .part(TokenPart.CACHE_READ, 1024)
            .part(TokenPart.REASONING, 64)
            .providerTotal(1820 + i)
            .build();
    return UsageRecord.builder(
            "5f0c2a71e9d4-1796003226-" + i,
            Instant.parse("2026-11-30T01:23:45.123456Z").plusSeconds(i),
            Operation.CHAT,
            io.semanticrouter.maas.record.Measurement.of(Status.COMPLETE, Set.of(), tokens))
        .duration(Duration.ofMillis(1500))
        .identity(
            Identity.of("user-" + i, "premium")
                .withSources(Identity.Source.HEADER, Identity.Source.HEADER))
        .routing(
            Routing.builder()
                .selectedModel("qwen3")
                .responseModel("qwen3-8b")
                .routingDecision("math")
                .category("math")
                .reasoning(true)
                .cacheHit(false)
                .build())
        .httpStatus(200)
        .build();
  }
}
