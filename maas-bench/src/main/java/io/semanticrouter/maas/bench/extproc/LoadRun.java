// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.semanticrouter.maas.bench.extproc.Figures.Timed;
import io.semanticrouter.maas.bench.extproc.Servers.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Servers beside each other in one run: per round and server, a new process, warmed up, then as
 * many exchanges as it takes, then a fixed number per second. The client is one JVM for all, and
 * warm before the first. Ends with an error when an exchange failed or was not recorded.
 */
@Command(
    name = "LoadRun",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = "Servers beside each other, in rounds.")
final class LoadRun implements Callable<Integer> {
  private static final List<Timed> PHASES =
      List.of(
          Timed.REQUEST_HEADERS,
          Timed.REQUEST_BODY,
          Timed.RESPONSE_HEADERS,
          Timed.CHUNK,
          Timed.LAST,
          Timed.ADDED);

  @Mixin private Servers servers = new Servers();

  @Option(names = "--variants", split = ",", description = "The servers.")
  private List<String> variants = List.of(Variant.NOOP, Variant.MAAS);

  @Option(names = "--rounds", description = "Rounds, a process for each server in each.")
  private int rounds = 3;

  @Option(names = "--warm", description = "Seconds before a server is measured.")
  private double warmSeconds = 6;

  @Option(names = "--seconds", description = "Seconds at full load.")
  private double seconds = 5;

  @Option(names = "--paced-seconds", description = "Seconds at the fixed rate.")
  private double pacedSeconds = 10;

  @Option(names = "--rate", description = "Exchanges per second at the fixed rate.")
  private int rate = 1000;

  @Option(names = "--streams", description = "Open exchanges on each connection.")
  private int streams = 64;

  @Option(names = "--connections", description = "Connections, a thread each.")
  private int connections = 1;

  @Option(names = "--pipelined", description = "Chunks do not wait for replies.")
  private boolean pipelined;

  private final List<Transcript> transcripts = Transcript.ofUsers();
  private final Map<Target, Map<Integer, Sample>> samples = new LinkedHashMap<>();
  private final Set<String> problems = new TreeSet<>();

  /** Runs; {@code --help} lists the options. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new LoadRun()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("bench-load");
    List<Target> targets = servers.targets(variants);
    System.out.printf("%d rounds, logs in %s%n", rounds, directory);
    warmClient(targets.get(0).with(Variant.NOOP), directory);
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < targets.size(); i++) {
        // Each round begins with another one, so that none always comes after the same.
        Target target = targets.get((i + round) % targets.size());
        try (ServerProcess server = servers.start(target, directory)) {
          Sample sample = sample(target, server);
          samples.computeIfAbsent(target, t -> new LinkedHashMap<>()).put(round, sample);
          System.out.printf(
              "round %d: %s: %,.0f messages/s, server %.2f cores, client %.2f; p99 added %.0f µs%n",
              round + 1,
              target.label(),
              sample.messages(),
              sample.serverCores(),
              sample.clientCores(),
              sample.addedP99());
        }
      }
    }
    print();
    return problems.isEmpty() ? 0 : 1;
  }

  private void warmClient(Target noop, Path directory) throws IOException, InterruptedException {
    try (ServerProcess server = servers.start(noop, directory);
        EnvoyClient client = new EnvoyClient(server.transport(), connections)) {
      client.run(closed(), warmSeconds);
      client.run(paced(), warmSeconds / 2);
    }
  }

  private Load closed() {
    return Load.closed(transcripts, streams).withPipelining(pipelined);
  }

  private Load paced() {
    return Load.paced(transcripts, Math.max(1, rate / connections)).withPipelining(pipelined);
  }

  private Sample sample(Target target, ServerProcess server)
      throws IOException, InterruptedException {
    try (EnvoyClient client = new EnvoyClient(server.transport(), connections)) {
      long begun = checked(target, client.run(closed(), warmSeconds * 2 / 3)).begun;
      begun += checked(target, client.run(paced(), warmSeconds / 3)).begun;
      Sample sample = Sample.take(server, client, closed(), seconds, paced(), pacedSeconds);
      begun += checked(target, sample.full()).begun + checked(target, sample.paced()).begun;
      if (sample.paced().begun < 0.99 * pacedSeconds * rate) {
        problems.add(target.label() + ": only " + sample.paced().begun + " exchanges in time");
      }
      conserved(target, server, begun);
      return sample;
    }
  }

  private Figures checked(Target target, Figures figures) {
    for (String failure : figures.failures) {
      problems.add(target.label() + ": " + failure);
    }
    int each = Transcript.CHUNKS + (servers.forced() ? 4 : 3);
    if (figures.replies != each * figures.ended) {
      problems.add(target.label() + ": not " + each + " messages in each exchange");
    }
    return figures;
  }

  /** Whether the server has recorded what began; a little later, as the end is on its way. */
  private void conserved(Target target, ServerProcess server, long begun)
      throws IOException, InterruptedException {
    if (!server.hasMetrics()) {
      return;
    }
    double recorded = 0;
    for (int i = 0; i < 50 && recorded != begun; i++) {
      TimeUnit.MILLISECONDS.sleep(100);
      recorded = server.metric("semantic_router_requests_total", "complete");
    }
    if (recorded != begun) {
      problems.add(target.label() + ": " + begun + " began, recorded complete: " + recorded);
    }
  }

  private void print() {
    System.out.printf(
        "%n%d streams on %d connection(s), chunks %s, usage %s, JVM %s%n%n",
        streams,
        connections,
        pipelined ? "pipelined" : "in lock step",
        servers.forced() ? "forced" : "not forced",
        servers.jvm());
    System.out.println(
        "| server | on | JDK | messages/s | exchanges/s | of noop | CPU µs/message | CPU µs/exchange |"
            + " cores server | client |");
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    samples.forEach(
        (target, all) ->
            System.out.printf(
                "| %s | %s | %s | %s | %s | %s | %s | %s |%n",
                target.label(),
                text(all, "%,.0f", Sample::messages),
                text(all, "%,.0f", Sample::exchanges),
                compared(target, (own, noop) -> own.messages() / noop.messages()).text("%.2f"),
                text(all, "%.2f", Sample::perMessage),
                text(all, "%.1f", Sample::perExchange),
                text(all, "%.2f", Sample::serverCores),
                text(all, "%.2f", Sample::clientCores)));
    System.out.printf(
        "%n%d exchanges per second; µs, p50 / p99 / p99.9, each the median of the rounds%n%n",
        rate);
    StringBuilder head = new StringBuilder("| server | on | JDK |");
    StringBuilder line = new StringBuilder("| --- | --- | --- |");
    for (Timed phase : PHASES) {
      head.append(' ').append(phase.label()).append(" |");
      line.append(" --- |");
    }
    System.out.println(head + " p99 over noop | CPU µs/exchange | late begin p99 |");
    System.out.println(line + " --- | --- | --- |");
    samples.forEach(this::printPaced);
    problems.forEach(problem -> System.out.println("FAILED: " + problem));
  }

  private void printPaced(Target target, Map<Integer, Sample> all) {
    StringBuilder row = new StringBuilder("| ").append(target.label()).append(" |");
    for (Timed phase : PHASES) {
      row.append(
          " %.0f / %.0f / %.0f |"
              .formatted(micros(all, phase, 50), micros(all, phase, 99), micros(all, phase, 99.9)));
    }
    System.out.printf(
        "%s %s | %s | %.0f |%n",
        row,
        compared(target, (own, noop) -> own.addedP99() - noop.addedP99()).text("%.0f"),
        text(all, "%.1f", Sample::pacedPerExchange),
        micros(all, Timed.LATE, 99));
  }

  /** With the noop of the same round, on the same transport and JDK. */
  private Summary compared(Target target, ToDoubleBiFunction<Sample, Sample> comparison) {
    Map<Integer, Sample> noops = samples.getOrDefault(target.with(Variant.NOOP), Map.of());
    List<Double> values = new ArrayList<>();
    samples
        .getOrDefault(target, Map.of())
        .forEach(
            (round, own) -> {
              Sample noop = noops.get(round);
              if (noop != null) {
                values.add(comparison.applyAsDouble(own, noop));
              }
            });
    return new Summary(values);
  }

  private static double micros(Map<Integer, Sample> all, Timed timed, double percentile) {
    return Summary.of(all.values(), s -> s.paced().micros(timed, percentile)).median();
  }

  private static String text(
      Map<Integer, Sample> all, String format, ToDoubleFunction<Sample> value) {
    return Summary.of(all.values(), value).text(format);
  }
}
