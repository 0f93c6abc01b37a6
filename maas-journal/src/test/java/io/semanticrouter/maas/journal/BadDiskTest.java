// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.UserNames;
import io.semanticrouter.maas.journal.JournalConfig.Durability;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk that is full, fails or stalls stops no traffic, and loses nothing without a count. */
class BadDiskTest {
  private static final int BACKLOG = 64 << 10;

  private final Path directory;

  /** What a power cut leaves. */
  private final Path after;

  private final FakeDisk disk = new FakeDisk();
  private final List<UsageRecord> given = new ArrayList<>();

  BadDiskTest(@TempDir(factory = InMemory.class) Path temporary) {
    directory = temporary.resolve("journal");
    after = temporary.resolve("after");
  }

  private UsageJournal open(Durability durability) throws IOException {
    JournalConfig config = JournalConfig.in(directory).withDurability(durability);
    return UsageJournal.open(config, "test 1", disk, InstantSource.system(), BACKLOG);
  }

  private void give(UsageJournal journal, int count) {
    for (int i = 0; i < count; i++) {
      UsageRecord record = Records.chat("run-" + given.size(), "alice", "granite");
      given.add(record);
      journal.record(record);
    }
  }

  private static void await(UsageJournal journal, Predicate<JournalStats> condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.test(journal.stats())) {
      assertThat(System.nanoTime()).as("%s", journal.stats()).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  private static long millis(Runnable action) {
    long from = System.nanoTime();
    action.run();
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from);
  }

  @ParameterizedTest
  @EnumSource(names = {"PROCESS", "POWER"})
  void aFullDiskLosesNothingWhenSpaceReturnsInTime(Durability durability) throws IOException {
    try (UsageJournal journal = open(durability)) {
      disk.hasRoomFor(3000); // ends in the middle of a line
      give(journal, 20);
      assertThat(journal.stats().late()).isPositive();
      await(journal, stats -> stats.failures() > 2);
      disk.hasRoomFor(Long.MAX_VALUE);
      await(journal, stats -> stats.waitingBytes() == 0);
      give(journal, 1);
      assertThat(journal.stats().lost()).isZero();
    }
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.problems()).isEmpty();
    assertThat(read.records()).isEqualTo(given);
  }

  @Test
  void whatDoesNotFitIntoMemoryIsAGapThatIsCounted() throws IOException {
    try (UsageJournal journal = open(Durability.PROCESS)) {
      disk.failsToWrite("Read-only file system");
      give(journal, 200);
      long lost = journal.stats().lost();
      assertThat(lost).isBetween(100L, 199L);
      disk.failsToWrite(null);
      await(journal, stats -> stats.waitingBytes() == 0);
      give(journal, 1);
      assertThat(journal.stats().lost()).isEqualTo(lost);
    }
    ReadJournal read = ReadJournal.of(directory);
    int kept = read.records().size() - 1;
    assertThat(read.records().subList(0, kept)).isEqualTo(given.subList(0, kept));
    assertThat(read.problems()).hasSize(1);
    assertThat(read.problems().get(0).kind()).isEqualTo(JournalProblem.Kind.GAP);
    assertThat(read.problems().get(0).text())
        .isEqualTo("lines %s to 200 are missing before it".formatted(kept + 1));
  }

  @Test
  void aDirectoryThatTakesNoNewSegmentDoesNotStopTheOldOne() throws Exception {
    JournalConfig config =
        new JournalConfig(
            directory,
            Durability.PROCESS,
            UserNames.plain(),
            1,
            Duration.ofDays(1),
            0,
            Duration.ZERO);
    try (UsageJournal journal =
        UsageJournal.open(config, "test 1", disk, InstantSource.system(), BACKLOG)) {
      disk.failsToCreate("Read-only file system");
      for (int i = 0; i < 5; i++) {
        give(journal, 1);
        TimeUnit.MILLISECONDS.sleep(150); // longer than lines gather
      }
      assertThat(journal.stats().failures()).as("it is not tried all the time").isEqualTo(1);
      assertThat(journal.stats().late()).isZero();
      assertThat(journal.stats().waitingBytes()).isZero();
    }
    assertThat(ReadJournal.of(directory).records()).isEqualTo(given);
  }

  @Test
  void aWriterThatFailsForEverLosesAllWithACount() throws IOException {
    UsageJournal journal = open(Durability.PROCESS);
    disk.failsToWrite("Input/output error");
    give(journal, 5);
    journal.close();
    assertThat(journal.stats().lost()).isEqualTo(5);
    assertThat(ReadJournal.of(directory).records()).isEmpty();
  }

  @Test
  void aDiskThatStallsDuringWritesHoldsUpOneExchangeOnly() throws Exception {
    try (UsageJournal journal = open(Durability.PROCESS)) {
      give(journal, 1);
      CountDownLatch stall = disk.stallsWrites();
      UsageRecord held = Records.chat("held", "alice", "granite");
      Thread first = new Thread(() -> journal.record(held));
      first.start();
      await(journal, stats -> stats.waitingBytes() > 0);
      given.add(held);
      assertThat(millis(() -> give(journal, 1))).as("waits a moment").isLessThan(5000);
      assertThat(millis(() -> give(journal, 30))).as("waits no more").isLessThan(2000);
      assertThat(journal.stats().late()).isEqualTo(31);
      stall.countDown();
      first.join();
      await(journal, stats -> stats.waitingBytes() == 0);
    }
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.problems()).isEmpty();
    assertThat(read.records()).isEqualTo(given);
  }

  @Test
  void aDiskThatStallsDuringSynchronisationHoldsUpNobody() throws Exception {
    try (UsageJournal journal = open(Durability.PROCESS)) {
      CountDownLatch stall = disk.stallsSync();
      give(journal, 1);
      TimeUnit.NANOSECONDS.sleep(2 * SegmentWriter.SYNC_BOUND_NANOS);
      disk.stallsWrites();
      assertThat(millis(() -> give(journal, 20))).isLessThan(2000);
      assertThat(journal.stats().waitingBytes()).as("nobody tried to write").isPositive();
      disk.stallsWrites().countDown();
      stall.countDown();
      await(journal, stats -> stats.waitingBytes() == 0);
      assertThat(journal.stats().lost()).isZero();
    }
    assertThat(ReadJournal.of(directory).records()).isEqualTo(given);
  }

  @Test
  void withDurabilityPowerNothingIsLostWithWhatWasNotSynchronised() throws Exception {
    try (UsageJournal journal = open(Durability.POWER)) {
      for (int i = 0; i < 50; i++) {
        give(journal, 1);
        assertThat(journal.stats().late()).isZero();
        cutPower();
        assertThat(ReadJournal.of(after).records()).isEqualTo(given);
      }
    }
  }

  /** What is left of the files. */
  private void cutPower() throws IOException {
    Files.createDirectories(after);
    for (Map.Entry<Path, Long> file : Map.copyOf(disk.safe).entrySet()) {
      if (Files.exists(file.getKey())) {
        byte[] bytes = Files.readAllBytes(file.getKey());
        int size = (int) Math.min(bytes.length, file.getValue());
        Files.write(after.resolve(file.getKey().getFileName()), Arrays.copyOf(bytes, size));
      }
    }
  }

  @Test
  void whatCouldNotBeSynchronisedIsWrittenAgain() throws Exception {
    try (UsageJournal journal = open(Durability.POWER)) {
      give(journal, 3);
      disk.failsToSync("Input/output error");
      Thread waiting = new Thread(() -> give(journal, 1));
      waiting.start();
      await(journal, stats -> stats.failures() > 0);
      disk.failsToSync(null);
      waiting.join();
      await(journal, stats -> disk.safe.size() > 1);
      give(journal, 2);
      cutPower();
      assertThat(ReadJournal.of(after).records()).isEqualTo(given);
    }
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.problems()).isEmpty();
    assertThat(read.records()).isEqualTo(given);
  }
}
