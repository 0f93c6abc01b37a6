// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import io.semanticrouter.maas.record.UsageRecord;
import org.jspecify.annotations.Nullable;

/**
 * One line of a journal.
 *
 * @param kind what it says
 * @param writer the journal that wrote it: a directory has one
 * @param epoch the run of the writer, later ones have higher numbers
 * @param sequence its number among all lines of the writer, from 1 without a gap
 * @param revision 1, and more when it replaces an earlier line about the exchange
 * @param program name and version of the program that wrote it
 * @param record the exchange, its times in microseconds; without {@link
 *     io.semanticrouter.maas.record.Measurement#rawUsage}, which is not written
 * @param replaced what the earlier line says, null when there is none: who adds lines up takes it
 *     off again
 */
public record JournalLine(
    Kind kind,
    String writer,
    long epoch,
    long sequence,
    int revision,
    String program,
    UsageRecord record,
    @Nullable UsageRecord replaced) {

  /** What a line says. */
  public enum Kind {
    /** The response of an exchange has begun; what it used is in a later line. */
    OPEN,
    /** What an exchange used. */
    USAGE
  }
}
