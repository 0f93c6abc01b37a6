// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * The server beside the no-op, or beside another state of itself, both up and warm, driven in turn
 * in slices of seconds: what the machine does meanwhile hits both alike, which {@link LoadRun} with
 * its minute between the two cannot say.
 */
final class PairedLoad {
  private final int slices;
  private final int warmSeconds;
  private final int seconds;
  private final List<String> jvm;
  private final List<Transcript> transcripts;
  private final int streams;
  private final int rate;
  private final Path directory;

  /** What a slice gave: per second, and in µs. */
  private record Slice(double messages, double cpuPerExchange, double addedP99) {}

  private record Pair(Slice other, Slice ours) {}

  private PairedLoad(Options options) throws IOException {
    slices = options.number("slices", 12);
    warmSeconds = options.number("warm", 25);
    seconds = options.number("seconds", 2);
    jvm = options.jvm("-Xmx256m");
    transcripts = Transcript.of(options.number("users", 100));
    streams = options.number("streams", 64);
    rate = options.number("rate", 1000);
    directory = Files.createTempDirectory("bench-paired");
  }

  /** Runs; see the README for the options. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Options options = new Options(args);
    PairedLoad run = new PairedLoad(options);
    List<Options.Jdk> jdks = options.jdks();
    List<String> transports = options.list("transports", "tcp,uds");
    String variant = options.text("variant", "maas");
    String beside = options.text("beside", Variant.NOOP);
    options.rejectUnknown();
    System.out.printf(
        "%d pairs of slices of %d s, %d streams on 1 connection, JVM %s; median (lowest–highest)%n",
        run.slices, run.seconds, run.streams, run.jvm);
    System.out.println(
        "| server | on | JDK | messages/s %1$s | ours | of %1$s | CPU µs/exchange %1$s | ours"
                .formatted(beside)
            + " | p99 added at %d/s, µs, %s | ours | over it |".formatted(run.rate, beside));
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (Options.Jdk jdk : jdks) {
      for (String transport : transports) {
        run.print(
            variant, transport, jdk, run.measure(beside, variant, transport.equals("uds"), jdk));
      }
    }
  }

  private List<Pair> measure(String beside, String variant, boolean uds, Options.Jdk jdk)
      throws IOException, InterruptedException {
    List<Pair> pairs = new ArrayList<>();
    try (ServerProcess other = new Variant(beside).start(jdk, jvm, uds, false, directory);
        ServerProcess ours = new Variant(variant).start(jdk, jvm, uds, false, directory);
        EnvoyClient toOther = new EnvoyClient(other.transport(), 1);
        EnvoyClient toOurs = new EnvoyClient(ours.transport(), 1)) {
      for (EnvoyClient client : List.of(toOther, toOurs)) {
        client.run(Load.closed(transcripts, streams), warmSeconds);
        client.run(Load.paced(transcripts, rate), warmSeconds / 5.0);
      }
      for (int i = 0; i < slices; i++) {
        // None is always the second.
        Slice before = i % 2 == 0 ? slice(other, toOther) : null;
        Slice own = slice(ours, toOurs);
        pairs.add(new Pair(before == null ? slice(other, toOther) : before, own));
      }
    }
    return pairs;
  }

  private Slice slice(ServerProcess server, EnvoyClient client) throws InterruptedException {
    client.begin(Load.closed(transcripts, streams));
    TimeUnit.MILLISECONDS.sleep(300);
    Figures before = client.figures();
    double cpuBefore = server.cpuSeconds();
    long since = System.nanoTime();
    TimeUnit.SECONDS.sleep(seconds);
    Figures after = client.figures();
    double took = (System.nanoTime() - since) / 1e9;
    double cpu = server.cpuSeconds() - cpuBefore;
    unfailed(client.finish());
    Figures paced = unfailed(client.run(Load.paced(transcripts, rate), seconds));
    return new Slice(
        (after.replies - before.replies) / took,
        cpu * 1e6 / (after.ended - before.ended),
        paced.micros(Figures.Timed.ADDED, 99));
  }

  private static Figures unfailed(Figures figures) {
    if (!figures.failures.isEmpty()) {
      throw new IllegalStateException(String.join("; ", figures.failures));
    }
    return figures;
  }

  private void print(String variant, String transport, Options.Jdk jdk, List<Pair> pairs) {
    System.out.printf(
        "| %s | %s | %d | %s | %s | %s | %s | %s | %s | %s | %s |%n",
        variant,
        transport,
        jdk.feature(),
        text(pairs, "%,.0f", pair -> pair.other().messages()),
        text(pairs, "%,.0f", pair -> pair.ours().messages()),
        text(pairs, "%.2f", pair -> pair.ours().messages() / pair.other().messages()),
        text(pairs, "%.0f", pair -> pair.other().cpuPerExchange()),
        text(pairs, "%.0f", pair -> pair.ours().cpuPerExchange()),
        text(pairs, "%.0f", pair -> pair.other().addedP99()),
        text(pairs, "%.0f", pair -> pair.ours().addedP99()),
        text(pairs, "%.0f", pair -> pair.ours().addedP99() - pair.other().addedP99()));
  }

  private static String text(List<Pair> pairs, String format, ToDoubleFunction<Pair> figure) {
    return new Summary(pairs.stream().map(figure::applyAsDouble).toList()).text(format);
  }
}
