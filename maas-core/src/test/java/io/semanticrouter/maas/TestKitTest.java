// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.RecordingSink;
import io.semanticrouter.maas.testkit.TestClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A fake that lies makes every test above it worthless. */
class TestKitTest {

  @Test
  void headersOfOneNameInSeveralLinesAreCountedAndTheLastOneIsTaken() {
    FakeHeaders headers = FakeHeaders.of("X-User", "alice", "accept", "*/*", "x-user", "mallory");

    assertThat(headers.get("x-user")).isEqualTo("mallory");
    assertThat(headers.count("x-user")).isEqualTo(2);
    assertThat(headers.names()).containsExactly("x-user", "accept", "x-user");
    assertThat(headers.get("x-tier")).isNull();
    assertThat(headers.count("x-tier")).isZero();
  }

  @Test
  void headersWithoutAValueAreRefused() {
    assertThatThrownBy(() -> FakeHeaders.of("x-user")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void instantAndTickerAdvanceTogetherAcrossTheWrapOfTheTicker() {
    TestClock clock = new TestClock();
    long tick = clock.nanos();

    clock.advance(Duration.ofSeconds(3));

    assertThat(clock.instant()).isEqualTo(Instant.parse("2026-01-01T00:00:03Z"));
    assertThat(clock.nanos() - tick).isEqualTo(3_000_000_000L);
    assertThat(clock.nanos()).as("wrapped").isNegative();
    assertThatThrownBy(() -> clock.advance(Duration.ofNanos(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void singleFailsUnlessThereIsExactlyOneRecord() {
    RecordingSink sink = new RecordingSink();
    assertThatThrownBy(sink::single).isInstanceOf(AssertionError.class);

    sink.record(record("a"));
    assertThat(sink.single().id()).isEqualTo("a");

    sink.record(record("b"));
    assertThatThrownBy(sink::single).hasMessageContaining("got 2");
  }

  @Test
  void recordsOfManyThreadsAreAllKeptAndWaitedFor() throws InterruptedException {
    RecordingSink sink = new RecordingSink();
    Thread[] threads = new Thread[4];
    for (int t = 0; t < threads.length; t++) {
      threads[t] =
          new Thread(
              () -> {
                for (int i = 0; i < 500; i++) {
                  sink.record(record("r"));
                }
              });
      threads[t].start();
    }

    assertThat(sink.awaitCount(2000, Duration.ofSeconds(30))).hasSize(2000);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(sink.records()).hasSize(2000);
  }

  @Test
  void waitingForARecordThatNeverComesFailsAfterTheTimeout() {
    assertThatThrownBy(() -> new RecordingSink().awaitCount(1, Duration.ofMillis(5)))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("expected 1");
  }

  private static UsageRecord record(String id) {
    Measurement none =
        Measurement.of(Measurement.Status.NONE, Set.of(Measurement.Reason.NO_USAGE), null);
    return UsageRecord.builder(id, TestClock.START, Operation.CHAT, none).build();
  }
}
