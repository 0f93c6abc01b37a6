// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.concurrent.atomic.LongAdder;

/** All that was metered, in three numbers: they can be had when there is no memory for more. */
final class Totals implements UsageSink {
  private final LongAdder exchanges = new LongAdder();
  private final LongAdder prompt = new LongAdder();
  private final LongAdder completion = new LongAdder();

  @Override
  public void record(UsageRecord record) {
    exchanges.increment();
    TokenUsage usage = record.measurement().usage();
    if (usage != null) {
      // What is not known is negative.
      prompt.add(Math.max(0, usage.prompt()));
      completion.add(Math.max(0, usage.completion()));
    }
  }

  @Override
  public String toString() {
    return "exchanges: "
        + exchanges.sum()
        + ", prompt tokens: "
        + prompt.sum()
        + ", completion tokens: "
        + completion.sum();
  }
}
