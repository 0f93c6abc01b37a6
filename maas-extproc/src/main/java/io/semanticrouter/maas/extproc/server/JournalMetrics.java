// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.journal.JournalStats;
import io.semanticrouter.maas.journal.UsageJournal;
import java.util.function.ToLongFunction;

/** The metrics of the journal. */
final class JournalMetrics {
  private JournalMetrics() {}

  static void register(PrometheusRegistry registry, UsageJournal journal) {
    counter(registry, journal, "lines", "Lines for the journal", JournalStats::lines);
    counter(
        registry,
        journal,
        "lost_lines",
        "Lines that are in no file and never will be: each is a gap that verify reports",
        JournalStats::lost);
    counter(
        registry,
        journal,
        "late_lines",
        "Lines that were not as safe as the durability says when their exchange went on",
        JournalStats::late);
    counter(
        registry,
        journal,
        "crashed_exchanges",
        "Exchanges that were open when an earlier run was killed; each has a record now",
        JournalStats::crashed);
    counter(
        registry,
        journal,
        "failures",
        "Writes, synchronisations and sealings of the journal that failed, and are tried again",
        JournalStats::failures);
    GaugeWithCallback.builder()
        .name("semantic_router_journal_waiting_bytes")
        .help("Bytes for the journal that are not in a file.")
        .callback(callback -> callback.call((double) journal.stats().waitingBytes()))
        .register(registry);
  }

  private static void counter(
      PrometheusRegistry registry,
      UsageJournal journal,
      String name,
      String help,
      ToLongFunction<JournalStats> value) {
    CounterWithCallback.builder()
        .name("semantic_router_journal_" + name)
        .help(help)
        .callback(callback -> callback.call((double) value.applyAsLong(journal.stats())))
        .register(registry);
  }
}
