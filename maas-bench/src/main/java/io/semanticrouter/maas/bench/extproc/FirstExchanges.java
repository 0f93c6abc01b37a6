// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The first exchanges of a server that has just said that it is ready, one after the other: how
 * long their request headers take, seen by a client that is warm. The connection is there before;
 * it is not timed.
 */
final class FirstExchanges {
  private static final double TARGET_MICROS = 350;

  /** How often the client connects before it measures. */
  private static final int CONNECTIONS = 60;

  private FirstExchanges() {}

  /** Times, in µs, and starts, in ms. */
  private record Seen(List<Double> first, List<Double> all, List<Double> starts) {}

  /** Runs; see the README for the options. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Options options = new Options(args);
    int starts = options.number("starts", 7);
    int exchanges = options.number("exchanges", 10);
    int warmSeconds = options.number("warm", 30);
    boolean forced = options.flag("force-usage");
    boolean uds = options.flag("uds");
    List<String> jvm = options.jvm("-Xmx256m");
    List<Options.Jdk> jdks = options.jdks();
    List<String> variants = options.list("variants", "noop,noop-generated,maas");
    options.rejectUnknown();
    Path directory = Files.createTempDirectory("bench-first");
    List<Transcript> transcripts = Transcript.of(100);
    warmClient(jdks.get(0), uds, forced, warmSeconds, directory, transcripts);

    Map<String, Seen> seen = new LinkedHashMap<>();
    for (int start = 0; start < starts; start++) {
      for (Options.Jdk jdk : jdks) {
        for (String variant : variants) {
          Seen row =
              seen.computeIfAbsent(
                  variant + " | " + jdk.feature(),
                  name -> new Seen(new ArrayList<>(), new ArrayList<>(), new ArrayList<>()));
          try (ServerProcess server = new Variant(variant).start(jdk, jvm, uds, forced, directory);
              EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
            List<Long> times = client.oneByOne(transcripts, exchanges);
            row.starts().add(server.startMillis());
            row.first().add(times.get(0) / 1000.0);
            times.forEach(nanos -> row.all().add(nanos / 1000.0));
          }
        }
      }
    }
    System.out.printf("%n%d starts, JVM %s%n%n", starts, jvm);
    System.out.printf(
        "| server | JDK | ready after, ms | first exchange, µs | exchanges 1–%d, µs | |%n",
        exchanges);
    System.out.println("| --- | --- | --- | --- | --- | --- |");
    seen.forEach(
        (name, row) -> {
          Summary all = new Summary(row.all());
          System.out.printf(
              "| %s | %s | %s | %s | %s |%n",
              name,
              new Summary(row.starts()).text("%.0f"),
              new Summary(row.first()).text("%.0f"),
              all.text("%.0f"),
              all.median() <= TARGET_MICROS ? "met" : "missed");
        });
  }

  private static void warmClient(
      Options.Jdk jdk,
      boolean uds,
      boolean forced,
      int seconds,
      Path directory,
      List<Transcript> transcripts)
      throws IOException, InterruptedException {
    try (ServerProcess server =
        new Variant(Variant.NOOP).start(jdk, List.of(), uds, forced, directory)) {
      try (EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
        client.run(Load.closed(transcripts, 64), seconds);
        client.run(Load.closed(transcripts, 1), seconds / 3.0);
      }
      // And what connecting takes, which is not reached again otherwise.
      Summary last = new Summary(List.of());
      for (int i = 0; i < CONNECTIONS; i++) {
        try (EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
          List<Long> times = client.oneByOne(transcripts, 10);
          last = new Summary(times.stream().map(nanos -> nanos / 1000.0).toList());
        }
      }
      System.out.printf("floor, a warm noop behind a new connection: %s µs%n", last.text("%.0f"));
    }
  }
}
