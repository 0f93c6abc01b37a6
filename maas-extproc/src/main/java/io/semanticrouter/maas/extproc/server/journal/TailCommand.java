// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows records as they come. */
@Command(
    name = "tail",
    mixinStandardHelpOptions = true,
    description = "Shows the last records of a journal, and others as they come.")
public final class TailCommand implements Callable<Integer>, JournalReader.Visitor {
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Option(
      names = "--journal",
      paramLabel = "DIRECTORY",
      required = true,
      description = "Directory of a journal.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Path directory;

  @Option(names = "-n", paramLabel = "COUNT", description = "How many at first (default: 10).")
  private int count = 10;

  @Option(names = "--no-follow", description = "Does not wait for others.")
  private boolean once;

  private final ArrayDeque<String> last = new ArrayDeque<>();

  @Override
  public Integer call() {
    try {
      JournalReader.follow(directory, this, !once);
      flush();
      return 0;
    } catch (IOException e) {
      spec.commandLine().getErr().println("tail: cannot be done: " + e);
      return JournalCommand.CANNOT_RUN;
    }
  }

  @Override
  public boolean takes(JournalLine.Kind kind) {
    return kind == JournalLine.Kind.USAGE;
  }

  @Override
  public void line(JournalLine line) {
    if (last.size() >= Math.max(1, count)) {
      last.removeFirst();
    }
    last.addLast(text(line));
  }

  @Override
  public void problem(JournalProblem problem) {
    spec.commandLine().getErr().println("tail: " + problem);
  }

  /** All that is there has been read. */
  @Override
  public void progress(long bytes, long of) {
    flush();
    count = Integer.MAX_VALUE;
  }

  private void flush() {
    PrintWriter out = spec.commandLine().getOut();
    last.forEach(out::println);
    last.clear();
    out.flush();
  }

  /** One line for people. */
  static String text(JournalLine line) {
    UsageRecord record = line.record();
    Measurement measurement = record.measurement();
    TokenUsage usage = measurement.usage();
    Cost cost = record.cost();
    return Table.printable(
        Key.end(record)
            + " "
            + record.id()
            + (line.revision() > 1 ? " revision " + line.revision() : "")
            + " "
            + (record.identity().user().isEmpty() ? "-" : record.identity().user())
            + " "
            + record.model()
            + " "
            + record.operation().label()
            + " "
            + record.httpStatus()
            + " "
            + record.outcome().label()
            + (measurement.reasons().isEmpty() ? "" : " " + measurement.reasons())
            + (usage == null ? "" : " " + usage.prompt() + "+" + usage.completion() + " tokens")
            + (cost == null
                ? ""
                : " "
                    + cost.amount().stripTrailingZeros().toPlainString()
                    + " "
                    + cost.currency()));
  }
}
