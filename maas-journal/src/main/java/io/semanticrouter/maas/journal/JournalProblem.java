// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.nio.file.Path;

/**
 * What is not as a journal writes it, and where.
 *
 * @param kind what it is
 * @param file the file that has it
 * @param line its line there, from 1; 0 for the file as a whole
 * @param text what is wrong; never what the line says
 */
public record JournalProblem(Kind kind, Path file, long line, String text) {
  /** What it is. */
  public enum Kind {
    /** A line that is torn, changed, not of a journal, or of a newer version; it is left out. */
    UNREADABLE,
    /** Lines that were never written, or are gone. */
    GAP,
    /** A line that is there already; it is left out. */
    DOUBLE,
    /** A sealed segment that is gone, has changed, or is not in the manifest. */
    SEGMENT,
    /** A manifest that has changed. */
    MANIFEST
  }

  @Override
  public String toString() {
    return file + (line > 0 ? ":" + line : "") + ": " + text;
  }
}
