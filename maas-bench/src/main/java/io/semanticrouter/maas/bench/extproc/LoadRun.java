// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.semanticrouter.maas.bench.extproc.Figures.Timed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;

/**
 * Servers beside each other in one run: per round and server, a new process, warmed up, then as
 * many exchanges as it takes, then a fixed number per second. The client is one JVM for all, and
 * warm before the first. Ends with an error when an exchange failed or was not recorded; figures
 * that miss a target are only told.
 */
final class LoadRun {
  private static final double RATIO_TARGET = 0.9;
  private static final double ADDED_TARGET_MICROS = 550;
  private static final List<Timed> PHASES =
      List.of(
          Timed.REQUEST_HEADERS,
          Timed.REQUEST_BODY,
          Timed.RESPONSE_HEADERS,
          Timed.CHUNK,
          Timed.LAST,
          Timed.ADDED);

  /** A server and where it runs. */
  private record Case(Variant variant, boolean uds, Options.Jdk jdk) {
    String label() {
      return variant.name() + " | " + (uds ? "uds" : "tcp") + " | " + jdk.feature();
    }

    boolean isBeside(Case other) {
      return uds == other.uds && jdk.equals(other.jdk);
    }
  }

  /** One server in one round. Rates are per second, CPU in cores or µs. */
  private record Sample(
      int round,
      double messages,
      double exchanges,
      double serverCores,
      double clientCores,
      double serverPerMessage,
      double serverPerExchange,
      double pacedPerExchange,
      Figures paced) {}

  private final int rounds;
  private final double warmSeconds;
  private final double seconds;
  private final double pacedSeconds;
  private final int rate;
  private final int streams;
  private final int connections;
  private final boolean pipelined;
  private final boolean forced;
  private final List<String> jvm;
  private final List<Transcript> transcripts;
  private final List<Case> cases = new ArrayList<>();
  private final Path directory;
  private final Map<Case, List<Sample>> samples = new LinkedHashMap<>();
  private final Map<Case, String> unable = new LinkedHashMap<>();
  private final Set<String> problems = new TreeSet<>();

  private LoadRun(Options options) throws IOException {
    rounds = options.number("rounds", 3);
    warmSeconds = options.number("warm", 6);
    seconds = options.number("seconds", 5);
    pacedSeconds = options.number("paced-seconds", 10);
    rate = options.number("rate", 1000);
    streams = options.number("streams", 64);
    connections = options.number("connections", 1);
    pipelined = options.flag("pipelined");
    forced = options.flag("force-usage");
    jvm = options.jvm("-Xmx256m");
    transcripts = Transcript.of(options.number("users", 100));
    List<Options.Jdk> jdks = options.jdks();
    List<String> variants = options.list("variants", "noop,noop-generated,maas");
    List<String> transports = options.list("transports", "tcp,uds");
    options.rejectUnknown();
    for (Options.Jdk jdk : jdks) {
      for (String transport : transports) {
        for (String variant : variants) {
          cases.add(new Case(new Variant(variant), transport.equals("uds"), jdk));
        }
      }
    }
    directory = Files.createTempDirectory("bench-load");
  }

  /** Runs; see the README for the options. */
  public static void main(String[] args) throws IOException, InterruptedException {
    LoadRun run = new LoadRun(new Options(args));
    run.measure();
    run.print();
    System.exit(run.problems.isEmpty() ? 0 : 1);
  }

  private void measure() throws IOException, InterruptedException {
    System.out.printf(
        "request headers %d B, request body %d B, response headers %d B, chunk %d B; %d rounds, logs"
            + " in %s%n",
        transcripts.get(0).requestHeaders().length,
        transcripts.get(0).requestBody().length,
        transcripts.get(0).responseHeaders().length,
        transcripts.get(0).chunk(1).length,
        rounds,
        directory);
    warmClient();
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < cases.size(); i++) {
        // Each round begins with another one, so that none is always behind the same.
        Case tested = cases.get((i + round) % cases.size());
        if (unable.containsKey(tested)) {
          continue;
        }
        try (ServerProcess server =
            tested.variant().start(tested.jdk(), jvm, tested.uds(), forced, directory)) {
          Sample sample = sample(round, tested, server);
          samples.computeIfAbsent(tested, c -> new ArrayList<>()).add(sample);
          System.out.printf(
              "round %d: %s: %,.0f messages/s, server %.2f cores, client %.2f; p99 added %.0f µs%n",
              round + 1,
              tested.label(),
              sample.messages(),
              sample.serverCores(),
              sample.clientCores(),
              sample.paced().micros(Timed.ADDED, 99));
        } catch (ServerProcess.DoesNotRun e) {
          unable.put(tested, e.getMessage());
          System.out.printf("%s does not run:%n%s%n", tested.label(), e.getMessage());
        }
      }
    }
  }

  private void warmClient() throws IOException, InterruptedException {
    Case first = cases.get(0);
    try (ServerProcess server =
            new Variant(Variant.NOOP).start(first.jdk(), jvm, first.uds(), forced, directory);
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

  private Sample sample(int round, Case tested, ServerProcess server)
      throws IOException, InterruptedException {
    try (EnvoyClient client = new EnvoyClient(server.transport(), connections)) {
      long begun = checked(tested, client.run(closed(), warmSeconds * 2 / 3)).begun;
      begun += checked(tested, client.run(paced(), warmSeconds / 3)).begun;

      client.begin(closed());
      TimeUnit.MILLISECONDS.sleep(300);
      Figures before = client.figures();
      double serverBefore = server.cpuSeconds();
      double clientBefore = ownCpuSeconds();
      long since = System.nanoTime();
      TimeUnit.NANOSECONDS.sleep((long) (seconds * 1e9));
      Figures after = client.figures();
      double took = (System.nanoTime() - since) / 1e9;
      double serverCpu = server.cpuSeconds() - serverBefore;
      double clientCpu = ownCpuSeconds() - clientBefore;
      long messages = after.replies - before.replies;
      long exchanges = after.ended - before.ended;
      begun += checked(tested, client.finish()).begun;

      double pacedBefore = server.cpuSeconds();
      Figures paced = checked(tested, client.run(paced(), pacedSeconds));
      double pacedCpu = server.cpuSeconds() - pacedBefore;
      begun += paced.begun;
      if (paced.begun < 0.99 * pacedSeconds * rate) {
        problems.add(tested.label() + ": only " + paced.begun + " exchanges in time");
      }
      conserved(tested, server, begun);
      return new Sample(
          round,
          messages / took,
          exchanges / took,
          serverCpu / took,
          clientCpu / took,
          serverCpu * 1e6 / messages,
          serverCpu * 1e6 / exchanges,
          pacedCpu * 1e6 / paced.ended,
          paced);
    }
  }

  private Figures checked(Case tested, Figures figures) {
    for (String failure : figures.failures) {
      problems.add(tested.label() + ": " + failure);
    }
    int each = Transcript.CHUNKS + (forced ? 4 : 3);
    if (figures.replies != each * figures.ended) {
      problems.add(tested.label() + ": not " + each + " messages in each exchange");
    }
    return figures;
  }

  /** Whether the server has recorded what began; a little later, as the end is on its way. */
  private void conserved(Case tested, ServerProcess server, long begun)
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
      problems.add(tested.label() + ": " + begun + " began, recorded complete: " + recorded);
    }
  }

  private static double ownCpuSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
  }

  private void print() {
    System.out.printf(
        "%n%d streams on %d connection(s), chunks %s, usage %s, JVM %s%n%n",
        streams,
        connections,
        pipelined ? "pipelined" : "in lock step",
        forced ? "forced" : "not forced",
        jvm);
    System.out.println(
        "| server | on | JDK | messages/s | exchanges/s | of noop | CPU µs/message | CPU µs/exchange |"
            + " cores server | client |");
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    samples.forEach(
        (tested, all) ->
            System.out.printf(
                "| %s | %s | %s | %s | %s | %s | %s | %s |%n",
                tested.label(),
                text(all, "%,.0f", Sample::messages),
                text(all, "%,.0f", Sample::exchanges),
                ratio(tested).text("%.2f"),
                text(all, "%.2f", Sample::serverPerMessage),
                text(all, "%.1f", Sample::serverPerExchange),
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
    System.out.println();
    samples.forEach(this::printTargets);
    unable.forEach((tested, why) -> System.out.printf("%s: did not run%n", tested.label()));
    problems.forEach(problem -> System.out.println("FAILED: " + problem));
  }

  private void printPaced(Case tested, List<Sample> all) {
    StringBuilder row = new StringBuilder("| ").append(tested.label()).append(" |");
    for (Timed phase : PHASES) {
      row.append(
          " %.0f / %.0f / %.0f |"
              .formatted(micros(all, phase, 50), micros(all, phase, 99), micros(all, phase, 99.9)));
    }
    System.out.printf(
        "%s %s | %s | %.0f |%n",
        row,
        overNoop(tested).text("%.0f"),
        text(all, "%.1f", Sample::pacedPerExchange),
        micros(all, Timed.LATE, 99));
  }

  private void printTargets(Case tested, List<Sample> all) {
    if (tested.variant().isNoop()) {
      return;
    }
    double ratio = ratio(tested).median();
    double added = micros(all, Timed.ADDED, 99);
    System.out.printf(
        "%s: %.2f of the noop's throughput (wanted %.1f): %s; p99 added %.0f µs (wanted < %.0f): %s%n",
        tested.label(),
        ratio,
        RATIO_TARGET,
        // Of NaN, where there is no noop to compare with, neither holds.
        ratio >= RATIO_TARGET ? "met" : "missed",
        added,
        ADDED_TARGET_MICROS,
        added < ADDED_TARGET_MICROS ? "met" : "missed");
  }

  private Summary ratio(Case tested) {
    return compared(tested, (own, noop) -> own.messages() / noop.messages());
  }

  private Summary overNoop(Case tested) {
    return compared(
        tested,
        (own, noop) -> own.paced().micros(Timed.ADDED, 99) - noop.paced().micros(Timed.ADDED, 99));
  }

  /** With the noop of the same round, on the same transport and JDK. */
  private Summary compared(Case tested, ToDoubleBiFunction<Sample, Sample> comparison) {
    List<Double> values = new ArrayList<>();
    samples.forEach(
        (other, noops) -> {
          if (other.variant().name().equals(Variant.NOOP) && other.isBeside(tested)) {
            for (Sample own : samples.getOrDefault(tested, List.of())) {
              for (Sample noop : noops) {
                if (noop.round() == own.round()) {
                  values.add(comparison.applyAsDouble(own, noop));
                }
              }
            }
          }
        });
    return new Summary(values);
  }

  private static double micros(List<Sample> all, Timed timed, double percentile) {
    return new Summary(all.stream().map(s -> s.paced().micros(timed, percentile)).toList())
        .median();
  }

  private static String text(List<Sample> all, String format, ToDoubleFunction<Sample> value) {
    return new Summary(all.stream().map(value::applyAsDouble).toList()).text(format);
  }
}
