// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import io.semanticrouter.maas.record.UsageRecord;

/** A group of metrics that is exported or not as a whole. Thread-safe, never blocks. */
interface SeriesMetrics {
  /**
   * Counts one exchange.
   *
   * @param series the exchange's combination of user, tier and model
   * @param sign 1, or -1 to take off what was counted of it before
   */
  void record(Series series, UsageRecord record, int sign);
}
