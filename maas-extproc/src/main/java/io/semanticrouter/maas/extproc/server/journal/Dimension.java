// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.record.UsageRecord;

/** What exchanges can be told apart by: a {@link Key}, or an attribute of the payer. */
interface Dimension {
  /** How it is named on the command line and in a report. */
  String label();

  /**
   * The value of an exchange; empty when it has none.
   *
   * @param model whose tokens are meant
   */
  String of(JournalLine line, UsageRecord record, String model, Key.Times times);

  /** An attribute of the payer: what the configuration names beside user and tier. */
  record Attribute(String label) implements Dimension {
    @Override
    public String of(JournalLine line, UsageRecord record, String model, Key.Times times) {
      return record.identity().attributes().getOrDefault(label, "");
    }
  }
}
