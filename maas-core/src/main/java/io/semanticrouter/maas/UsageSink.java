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

  /**
   * A sink that hears of exchanges before they have ended: for those who may not lose one when the
   * process is killed. The calls of one exchange come one after the other, {@link #record} last.
   */
  interface WhileOpen extends UsageSink {
    /**
     * The response of an exchange has begun and is measured. Called again when another response
     * takes its place.
     *
     * @param record what is known by now; the measurement is {@link
     *     io.semanticrouter.maas.record.Measurement.Status#NONE} without a reason
     */
    void opened(UsageRecord record);

    /**
     * The final usage of an exchange is known, before the piece of the response that states it goes
     * on: from here on the client may have the whole answer. {@link #record} comes all the same,
     * and says more only when more has come.
     *
     * @param record what would be recorded if the exchange ended now
     */
    void stated(UsageRecord record);
  }
}
