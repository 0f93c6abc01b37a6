// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import io.semanticrouter.maas.record.UsageRecord;

/**
 * Receives one {@link UsageRecord} per exchange, on the thread that settled it, possibly from many
 * threads at once. Must neither block nor throw; a sink that throws all the same is counted in
 * {@link Metering#sinkFailures()} and the exchange goes on.
 */
@FunctionalInterface
public interface UsageSink {
  /** Takes the record of a settled exchange. */
  void record(UsageRecord record);
}
