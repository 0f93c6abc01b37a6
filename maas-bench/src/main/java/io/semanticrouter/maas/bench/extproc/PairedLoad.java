// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.semanticrouter.maas.bench.Checks;
import io.semanticrouter.maas.bench.extproc.Servers.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The server beside the no-op, or beside another state of itself, both up and warm, driven in turn
 * in slices of seconds: what the machine does meanwhile hits both alike, which {@link LoadRun} with
 * its minute between the two cannot say.
 */
@Command(
    name = "PairedLoad",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = "Two servers in turn, seconds each.")
final class PairedLoad implements Callable<Integer> {
  @Mixin private Servers servers = new Servers();

  @Option(names = "--variant", description = "Which server.")
  private String variant = Variant.MAAS;

  @Option(names = "--beside", description = "And beside which.")
  private String beside = Variant.NOOP;

  @Option(names = "--slices", description = "Pairs of slices.")
  private int slices = 12;

  @Option(names = "--seconds", description = "Length of the halves of a slice.")
  private int seconds = 2;

  @Option(names = "--warm", description = "Seconds before the first slice.")
  private int warmSeconds = 25;

  @Option(names = "--streams", description = "Open exchanges.")
  private int streams = 64;

  @Option(names = "--rate", description = "Exchanges per second in the second half.")
  private int rate = 1000;

  private final List<Transcript> transcripts = Transcript.ofUsers();

  private record Pair(Sample other, Sample ours) {}

  /** Runs; {@code --help} lists the options. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new PairedLoad()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("bench-paired");
    System.out.printf(
        "%d pairs of slices of %d s, %d streams on 1 connection, JVM %s; median (lowest–highest)%n",
        slices, seconds, streams, servers.jvm());
    System.out.println(
        "| server | on | JDK | messages/s %1$s | ours | of %1$s | CPU µs/exchange %1$s | ours"
                .formatted(beside)
            + " | p99 added at %d/s, µs, %s | ours | over it |".formatted(rate, beside));
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (Target target : servers.targets(List.of(variant))) {
      print(target, measure(target, directory));
    }
    return 0;
  }

  private List<Pair> measure(Target target, Path directory)
      throws IOException, InterruptedException {
    List<Pair> pairs = new ArrayList<>();
    try (ServerProcess other = servers.start(target.with(beside), directory);
        ServerProcess ours = servers.start(target, directory);
        EnvoyClient toOther = new EnvoyClient(other.transport(), 1);
        EnvoyClient toOurs = new EnvoyClient(ours.transport(), 1)) {
      for (EnvoyClient client : List.of(toOther, toOurs)) {
        client.run(Load.closed(transcripts, streams), warmSeconds);
        client.run(Load.paced(transcripts, rate), warmSeconds / 5.0);
      }
      for (int i = 0; i < slices; i++) {
        // None is always the second.
        Sample before = i % 2 == 0 ? sample(other, toOther) : null;
        Sample own = sample(ours, toOurs);
        pairs.add(new Pair(before == null ? sample(other, toOther) : before, own));
      }
    }
    return pairs;
  }

  private Sample sample(ServerProcess server, EnvoyClient client) throws InterruptedException {
    Sample sample =
        Sample.take(
            server,
            client,
            Load.closed(transcripts, streams),
            seconds,
            Load.paced(transcripts, rate),
            seconds);
    for (Figures figures : List.of(sample.full(), sample.paced())) {
      Checks.that(figures.failures.isEmpty(), "no failures: " + figures.failures);
    }
    return sample;
  }

  private static void print(Target target, List<Pair> pairs) {
    System.out.printf(
        "| %s | %s | %s | %s | %s | %s | %s | %s | %s |%n",
        target.label(),
        text(pairs, "%,.0f", pair -> pair.other().messages()),
        text(pairs, "%,.0f", pair -> pair.ours().messages()),
        text(pairs, "%.2f", pair -> pair.ours().messages() / pair.other().messages()),
        text(pairs, "%.0f", pair -> pair.other().perExchange()),
        text(pairs, "%.0f", pair -> pair.ours().perExchange()),
        text(pairs, "%.0f", pair -> pair.other().addedP99()),
        text(pairs, "%.0f", pair -> pair.ours().addedP99()),
        text(pairs, "%.0f", pair -> pair.ours().addedP99() - pair.other().addedP99()));
  }

  private static String text(List<Pair> pairs, String format, ToDoubleFunction<Pair> figure) {
    return Summary.of(pairs, figure).text(format);
  }
}
