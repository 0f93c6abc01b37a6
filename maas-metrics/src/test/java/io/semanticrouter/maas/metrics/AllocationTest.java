// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A combination that has been seen before costs no garbage. */
@Tag("slow") // those run with the second compiler, without which it is not true
class AllocationTest {
  private static final int EXCHANGES = 100_000;

  @ParameterizedTest
  @ValueSource(strings = {"plain", "hmac", "none"})
  void nothingPerExchange(String users, @TempDir Path directory) throws IOException {
    Exposition hybrid = Exposition.of(Mode.HYBRID, UserLabelsTest.keys(users, directory));
    UsageRecord record =
        Records.of("alice", "premium", "qwen3")
            .routed("d", "math", true)
            .cacheHit(false)
            .security(true, true)
            .tokens(1_500, 320)
            .parts(1_024, 5, 128)
            .cost(0, 492_000_000_000_000L)
            .build();
    record(hybrid, record);
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    // Until it is compiled, it allocates; on a busy machine that takes more than one round.
    long allocated = Long.MAX_VALUE;
    for (int round = 0; round < 20 && allocated >= EXCHANGES; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      record(hybrid, record);
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    }

    // Less than a byte per exchange: what reading the measure itself costs.
    assertThat(allocated).isLessThan(EXCHANGES);
  }

  private static void record(Exposition exposition, UsageRecord record) {
    for (int i = 0; i < EXCHANGES; i++) {
      exposition.sink.record(record);
    }
  }
}
