// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import org.jspecify.annotations.Nullable;

/** A benchmark of the wrong thing is worse than none: what is measured is checked first. */
public final class Checks {
  private Checks() {}

  /** Throws, with what should have been true, when it is not. */
  public static void that(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException("Not true: " + what);
    }
  }

  /** The whole usage of the traffic has been found, and it has a price if it should. */
  static void isBilled(@Nullable UsageRecord record) {
    that(record != null, "there is a record");
    if (record != null) {
      Measurement measurement = record.measurement();
      that(measurement.status() == Measurement.Status.COMPLETE, "complete: " + measurement);
      TokenUsage usage = measurement.usage();
      that(
          usage != null
              && usage.prompt() == Traffic.PROMPT_TOKENS
              && usage.completion() == Traffic.COMPLETION_TOKENS,
          "the usage is that of the traffic: " + usage);
      that(!record.unpriced(), "priced, where prices are wanted");
    }
  }
}
