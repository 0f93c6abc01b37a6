// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.semanticrouter.maas.bench.extproc.Servers.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * From the start of the process to ready, the request headers of the first exchanges after that,
 * one after the other, and the resident set with open streams. The client is warm, and connects
 * before the first exchange.
 */
@Command(
    name = "Start",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = "Start to ready, the first exchanges, the resident set.")
final class Start implements Callable<Integer> {
  /** How often the client connects before it measures. */
  private static final int CONNECTIONS = 60;

  @Mixin private Servers servers = new Servers();

  @Option(names = "--variants", split = ",", description = "The servers.")
  private List<String> variants = List.of(Variant.NOOP, Variant.MAAS);

  @Option(names = "--starts", description = "Starts of each.")
  private int starts = 5;

  @Option(names = "--exchanges", description = "Exchanges after each start.")
  private int exchanges = 10;

  @Option(names = "--warm", description = "Seconds for the client.")
  private int warmSeconds = 20;

  @Option(names = "--open", split = ",", description = "Open streams for the resident set.")
  private List<Integer> open = List.of(0, 1000, 10_000);

  private final List<Transcript> transcripts = Transcript.ofUsers();

  /** Times in ms and µs, and memory in MiB. */
  private record Seen(
      List<Double> ready, List<Double> first, List<Double> all, List<Long> resident) {}

  /** Runs; {@code --help} lists the options. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Start()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("bench-start");
    warmClient(servers.first(Variant.NOOP), directory);
    List<Target> targets = new ArrayList<>();
    for (Servers.Jdk jdk : servers.jdks()) {
      variants.forEach(v -> targets.add(new Target(v, servers.first(v).uds(), jdk)));
    }
    Map<Target, Seen> seen = new LinkedHashMap<>();
    for (int start = 0; start < starts; start++) {
      for (Target target : targets) {
        Seen row =
            seen.computeIfAbsent(
                target,
                t ->
                    new Seen(
                        new ArrayList<>(),
                        new ArrayList<>(),
                        new ArrayList<>(),
                        new ArrayList<>()));
        start(target, directory, row, start == starts - 1);
      }
    }
    System.out.printf("%n%d starts, JVM %s%n%n", starts, servers.jvm());
    System.out.printf(
        "| server | on | JDK | ready after, ms | first exchange, µs | exchanges 1–%d, µs | resident"
            + " MiB with %s open streams |%n",
        exchanges, open);
    System.out.println("| --- | --- | --- | --- | --- | --- | --- |");
    seen.forEach(
        (target, row) ->
            System.out.printf(
                "| %s | %s | %s | %s | %s |%n",
                target.label(),
                new Summary(row.ready()).text("%.0f"),
                new Summary(row.first()).text("%.0f"),
                new Summary(row.all()).text("%.0f"),
                row.resident().stream().map(String::valueOf).collect(Collectors.joining(" / "))));
    return 0;
  }

  private void start(Target target, Path directory, Seen row, boolean withMemory)
      throws IOException, InterruptedException {
    try (ServerProcess server = servers.start(target, directory);
        EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
      List<Long> times = client.oneByOne(transcripts, exchanges);
      row.ready().add(server.startMillis());
      row.first().add(times.get(0) / 1000.0);
      times.forEach(nanos -> row.all().add(nanos / 1000.0));
      int held = 0;
      for (int streams : withMemory ? open : List.<Integer>of()) {
        client.hold(transcripts, streams - held);
        held = streams;
        TimeUnit.SECONDS.sleep(2);
        row.resident().add(server.residentKiB() / 1024);
      }
    }
  }

  private void warmClient(Target noop, Path directory) throws IOException, InterruptedException {
    try (ServerProcess server = servers.start(noop, directory)) {
      try (EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
        client.run(Load.closed(transcripts, 64), warmSeconds);
        client.run(Load.closed(transcripts, 1), warmSeconds / 3.0);
      }
      // And what connecting takes, which is not reached again otherwise.
      Summary last = new Summary(List.of());
      for (int i = 0; i < CONNECTIONS; i++) {
        try (EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
          last = Summary.of(client.oneByOne(transcripts, 10), nanos -> nanos / 1000.0);
        }
      }
      System.out.printf("floor, a warm noop after a new connection: %s µs%n", last.text("%.0f"));
    }
  }
}
