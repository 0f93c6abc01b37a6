// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * What all subcommands have: the directories, and the report of what cannot be read. Exit status: 0
 * when all could be read, 1 when nothing could, {@value #NOT_WHOLE} when something is missing.
 */
abstract class JournalCommand implements Callable<Integer>, JournalReader.Visitor {
  static final int CANNOT_RUN = 1;
  static final int NOT_WHOLE = 4;

  private static final int SHOWN_PROBLEMS = 20;

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Option(
      names = "--journal",
      paramLabel = "DIRECTORY",
      required = true,
      description = "Directory of a journal; several are read one after the other.")
  private List<Path> directories = new ArrayList<>();

  private long problems;

  /** Before the first line. */
  void begin() throws IOException {}

  /** After the last line; whether it found what it was asked for. */
  abstract boolean end(PrintWriter out) throws IOException;

  /** Reads a directory. */
  void read(Path directory) throws IOException {
    JournalReader.read(directory, this);
  }

  /** Whether there is one directory. */
  boolean isOne() {
    return directories.size() == 1;
  }

  @Override
  public final Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try {
      begin();
      for (Path directory : directories) {
        beginDirectory(directory);
        read(directory);
      }
      boolean found = end(out);
      out.flush();
      if (problems > SHOWN_PROBLEMS) {
        err().println(spec.name() + ": " + problems + " problems in all");
      }
      return problems > 0 || !found ? NOT_WHOLE : 0;
    } catch (IOException | UncheckedIOException | ArithmeticException e) {
      err().println(spec.name() + ": cannot be done: " + e);
      return CANNOT_RUN;
    } catch (OutOfMemoryError e) {
      err().println(spec.name() + ": cannot be done: too many rows for this memory (-Xmx)");
      return CANNOT_RUN;
    }
  }

  void beginDirectory(Path directory) {}

  @Override
  public void problem(JournalProblem problem) {
    if (++problems <= SHOWN_PROBLEMS) {
      err().println(spec.name() + ": " + problem);
    }
  }

  long problems() {
    return problems;
  }

  /** What to throw where an option means nothing: one line, the usage, and the exit status 2. */
  ParameterException wrong(String problem) {
    return new ParameterException(spec.commandLine(), problem);
  }

  PrintWriter out() {
    return spec.commandLine().getOut();
  }

  PrintWriter err() {
    return spec.commandLine().getErr();
  }

  @Override
  public void progress(long bytes, long of) {
    if (of > 0 && Ansi.AUTO.enabled()) {
      err().print("\r" + spec.name() + ": " + 100 * bytes / of + " %" + (bytes == of ? "\r" : ""));
      err().flush();
    }
  }

  @Override
  public abstract void line(JournalLine line);
}
