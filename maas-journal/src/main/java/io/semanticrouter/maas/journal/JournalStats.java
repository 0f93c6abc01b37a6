// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

/**
 * What a journal has done since it was opened.
 *
 * @param lines lines that it was given
 * @param lost lines that are in no file and never will be: there is a gap for each
 * @param late lines that were not yet as safe as the durability says when the exchange went on
 * @param crashed exchanges that were open when an earlier run was killed; each has a record now
 * @param repairedBytes bytes of a torn line at the end of an earlier run, which were cut off
 * @param failures writes, synchronisations, new segments and sealings that failed; each but the
 *     last is tried again
 * @param waitingBytes bytes that are not in a file at this moment
 */
public record JournalStats(
    long lines,
    long lost,
    long late,
    long crashed,
    long repairedBytes,
    long failures,
    long waitingBytes) {}
