// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file system of one megabyte, where one can be mounted. */
class FullFileSystemTest {
  private final Path directory;

  FullFileSystemTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @BeforeEach
  void mount() throws Exception {
    assumeTrue(
        "root".equals(System.getProperty("user.name"))
            && run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory.toString()) == 0,
        "a file system can be mounted by root only");
  }

  @AfterEach
  void unmount() throws Exception {
    int unused = run("umount", directory.toString());
  }

  private static int run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return process.waitFor(10, TimeUnit.SECONDS) ? process.exitValue() : -1;
  }

  @Test
  void whatWaitsIsWrittenWhenThereIsRoomAgain() throws Exception {
    Path filler = directory.resolve("filler");
    Files.write(filler, new byte[900 << 10]);
    List<UsageRecord> given = new ArrayList<>();
    Path journalDirectory = directory.resolve("journal");
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(journalDirectory), "test 1")) {
      while (given.size() < 300) {
        UsageRecord record = Records.chat("run-" + given.size(), "alice", "granite");
        given.add(record);
        journal.record(record);
      }
      assertThat(journal.stats().failures()).isPositive();
      assertThat(journal.stats().waitingBytes()).isPositive();
      Files.delete(filler);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (journal.stats().waitingBytes() > 0) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.onSpinWait();
      }
      assertThat(journal.stats().lost()).isZero();
    }
    ReadJournal read = ReadJournal.of(journalDirectory);
    assertThat(read.problems()).isEmpty();
    assertThat(read.records()).isEqualTo(given);
  }
}
