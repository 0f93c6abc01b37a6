// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** All that is in a journal, and all that is wrong with it. */
record ReadJournal(List<JournalLine> lines, List<JournalProblem> problems) {
  static ReadJournal of(Path directory) throws IOException {
    ReadJournal read = new ReadJournal(new ArrayList<>(), new ArrayList<>());
    JournalReader.verify(
        directory,
        new JournalReader.Visitor() {
          @Override
          public void line(JournalLine line) {
            read.lines.add(line);
          }

          @Override
          public void problem(JournalProblem problem) {
            read.problems.add(problem);
          }
        });
    return read;
  }

  /** Without the lines of what was open. */
  List<UsageRecord> records() {
    return lines.stream()
        .filter(line -> line.kind() == JournalLine.Kind.USAGE)
        .map(JournalLine::record)
        .toList();
  }

  List<JournalProblem.Kind> kinds() {
    return problems.stream().map(JournalProblem::kind).toList();
  }
}
