// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.semanticrouter.maas.bench.Checks;
import io.semanticrouter.maas.bench.ExchangeBenchmark;
import io.semanticrouter.maas.bench.SinkBenchmark;
import io.semanticrouter.maas.bench.StepBenchmark;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * What the guide promises for each request, beside what is measured here in about a minute: its
 * steps in process, and what a client waits longer through a real Envoy, in turn with an Envoy
 * without a processor and one whose processor does nothing. Runs from the root of the repository.
 */
@Command(name = "Promise")
final class Promise implements Callable<Integer> {
  private static final double NANOS_PER_MILLI = 1e6;

  @Option(names = "--seconds", description = "How long to ask through Envoy.")
  private int seconds = 20;

  /** Prints the table; the exit status does not depend on the figures. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Promise()).execute(args));
  }

  @Override
  public Integer call() throws Exception {
    Map<String, Double> nanos = inProcess();
    say("Per request, MaaS mode; in process with 10,000 users", "measured", "promised", "");
    row("header extraction", nanos.getOrDefault("begin", Double.NaN), 0.1);
    row("metric recording", nanos.getOrDefault("record", Double.NaN), 0.15);
    row("header mutation", nanos.getOrDefault("edits", Double.NaN), 0.3);
    row("all of an exchange with a 2 KB answer", nanos.getOrDefault("exchange", Double.NaN), 0.55);
    Path directory = Files.createTempDirectory("promise");
    try (ThroughEnvoy envoys = ThroughEnvoy.start(directory)) {
      envoys.warm(seconds);
      ThroughEnvoy.Waits waits = envoys.ask(seconds);
      say("Through Envoy, " + waits.rounds() + " rounds in turn", "median", "p99", "");
      for (String name : waits.names()) {
        say(name, millis(waits.quantile(name, 0.5)), millis(waits.quantile(name, 0.99)), "");
      }
      say(
          "added by the server",
          millis(waits.added(ThroughEnvoy.SERVER, ThroughEnvoy.PLAIN)),
          "",
          "");
      row(
          "of that, more than a processor that does nothing",
          waits.added(ThroughEnvoy.SERVER, ThroughEnvoy.NOOP),
          0.55);
      say("CPU of the server", millis(waits.serverCpuNanos()), "", "");
      say(
          "CPU of its Envoy, and of the plain one",
          millis(waits.envoyCpuNanos(ThroughEnvoy.SERVER)),
          millis(waits.envoyCpuNanos(ThroughEnvoy.PLAIN)),
          "");
      say("resident set of the server", envoys.residentKiB() / 1024 + " MiB", "", "");
    }
    return 0;
  }

  /** By the method that measures it, in nanoseconds. */
  private static Map<String, Double> inProcess() throws Exception {
    Options options =
        new OptionsBuilder()
            .include(exactly(StepBenchmark.class, "begin"))
            .include(exactly(StepBenchmark.class, "edits"))
            .include(exactly(SinkBenchmark.class, "record"))
            .include(exactly(ExchangeBenchmark.class, "exchange"))
            .param("users", "10000")
            .param("mode", "MAAS")
            .forks(1)
            .warmupIterations(4)
            .warmupTime(TimeValue.seconds(1))
            .measurementIterations(5)
            .measurementTime(TimeValue.milliseconds(500))
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .build();
    Map<String, Double> nanos = new LinkedHashMap<>();
    for (RunResult run : new Runner(options).run()) {
      Result<?> result = run.getPrimaryResult();
      TimeUnit unit = run.getParams().getTimeUnit();
      nanos.put(result.getLabel(), result.getScore() * unit.toNanos(1));
    }
    Checks.that(nanos.size() == 4, "four rows: " + nanos.keySet());
    return nanos;
  }

  private static String exactly(Class<?> benchmark, String method) {
    return benchmark.getName().replace(".", "\\.") + "\\." + method + "$";
  }

  private static void row(String what, double nanos, double promisedMillis) {
    boolean held = nanos <= promisedMillis * NANOS_PER_MILLI;
    say(what, millis(nanos), promisedMillis + " ms", held ? "held" : "NOT HELD");
  }

  private static String millis(double nanos) {
    return String.format(Locale.ROOT, "%.4f ms", nanos / NANOS_PER_MILLI);
  }

  private static void say(String what, String first, String second, String verdict) {
    System.out.println(
        String.format(Locale.ROOT, "%-56s %12s %12s  %s", what, first, second, verdict).strip());
  }
}
