// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.semanticrouter.maas.bench.extproc.Servers.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * As many exchanges as it takes, for long, with endings of every kind. Ends with an error when the
 * server has not recorded just as many exchanges as began, when its heap grows, or its threads.
 */
@Command(
    name = "Soak",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = "Every ending for long: exact records, flat heap and threads.")
final class Soak implements Callable<Integer> {
  private static final String RECORDED = "semantic_router_requests_total";

  /** Room for what is not of the exchanges: compiled code's metadata, caches of the JDK. */
  private static final double HEAP_GROWTH = 1.10;

  private static final long HEAP_SLACK_BYTES = 2 << 20;

  /** The JVM's own threads come and go: compilers, collectors. */
  private static final long THREAD_SLACK = 2;

  /** At one moment. */
  private record Sample(long begun, long heap, long threads, long residentKiB) {}

  @Mixin private Servers servers = new Servers();

  @Option(names = "--variant", description = "Which server.")
  private String variant = Variant.MAAS;

  @Option(names = "--seconds", description = "How long.")
  private int seconds = 600;

  @Option(names = "--warm", description = "Seconds before the first look.")
  private int warmSeconds = 60;

  @Option(names = "--intervals", description = "How often it looks.")
  private int intervals = 12;

  @Option(names = "--streams", description = "Open exchanges.")
  private int streams = 64;

  @Option(names = "--connections", description = "Connections, a thread each.")
  private int connections = 2;

  @Option(names = "--pipelined", description = "Chunks do not wait for replies.")
  private boolean pipelined;

  @Option(names = "--seed", description = "Of the endings.")
  private int seed = (int) (System.nanoTime() & 0xffff);

  /** Runs; {@code --help} lists the options. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Soak()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("bench-soak");
    Target target = servers.first(variant);
    System.out.printf(
        "%s, %d s, %d streams on %d connection(s), seed %d, logs in %s%n",
        target.label(), seconds, streams, connections, seed, directory);
    boolean passed;
    try (ServerProcess server = servers.start(target, directory);
        EnvoyClient client = new EnvoyClient(server.transport(), connections)) {
      Load load =
          Load.closed(Transcript.ofUsers(), Math.max(1, streams / connections))
              .withPipelining(pipelined)
              .withEndings(Ending::mixed, seed);
      client.begin(load);
      TimeUnit.SECONDS.sleep(warmSeconds);
      List<Sample> samples = new ArrayList<>();
      System.out.println("| after, s | exchanges | live heap, KiB | threads | resident, MiB |");
      System.out.println("| --- | --- | --- | --- | --- |");
      for (int i = 0; i <= intervals; i++) {
        if (i > 0) {
          TimeUnit.MILLISECONDS.sleep((seconds - warmSeconds) * 1000L / intervals);
        }
        Sample sample =
            new Sample(
                client.figures().begun,
                server.liveHeap(target.jdk().java()),
                server.threads(),
                server.residentKiB());
        samples.add(sample);
        System.out.printf(
            "| %d | %,d | %,d | %d | %d |%n",
            warmSeconds + i * (seconds - warmSeconds) / intervals,
            sample.begun(),
            sample.heap() / 1024,
            sample.threads(),
            sample.residentKiB() / 1024);
      }
      boolean flat = isFlat(samples);
      passed = conserved(server, client.finish()) && flat;
    }
    System.out.println(passed ? "passed" : "FAILED");
    return passed ? 0 : 1;
  }

  private static boolean conserved(ServerProcess server, Figures figures)
      throws IOException, InterruptedException {
    double recorded = 0;
    for (int i = 0; i < 100 && recorded != figures.begun; i++) {
      TimeUnit.MILLISECONDS.sleep(100);
      recorded = server.metric(RECORDED, "");
    }
    double complete = server.metric(RECORDED, "outcome=\"complete\"");
    System.out.printf(
        "%,d exchanges began, %,.0f recorded; %,d answered to their end marker, %,.0f recorded as"
            + " complete; %,d cancelled; %,d messages%n",
        figures.begun, recorded, figures.answered, complete, figures.cancelled, figures.replies);
    figures.failures.forEach(failure -> System.out.println("failure: " + failure));
    boolean exact = recorded == figures.begun && figures.failed == 0 && figures.open == 0;
    // More than answered: of those cancelled, some had their usage on the way.
    boolean measured = complete >= figures.answered;
    for (String defect :
        List.of(
            "semantic_router_metering_defects_total",
            "semantic_router_sink_failures_total",
            "semantic_router_extproc_failures_total")) {
      double count = server.metric(defect, "");
      exact &= count == 0;
      System.out.printf("%s %.0f%n", defect, count);
    }
    return exact && measured;
  }

  private static boolean isFlat(List<Sample> samples) {
    int third = Math.max(1, samples.size() / 3);
    List<Sample> first = samples.subList(0, third);
    List<Sample> last = samples.subList(samples.size() - third, samples.size());
    double heapBefore = median(first, Sample::heap);
    double heapAfter = median(last, Sample::heap);
    long threadsBefore = first.stream().mapToLong(Sample::threads).max().orElseThrow();
    long threadsAfter = last.stream().mapToLong(Sample::threads).max().orElseThrow();
    System.out.printf(
        "first and last third: live heap %,.0f and %,.0f KiB (median), threads %d and %d (most)%n",
        heapBefore / 1024, heapAfter / 1024, threadsBefore, threadsAfter);
    return heapAfter <= heapBefore * HEAP_GROWTH + HEAP_SLACK_BYTES
        && threadsAfter <= threadsBefore + THREAD_SLACK;
  }

  private static double median(List<Sample> samples, ToLongFunction<Sample> value) {
    return Summary.of(samples, value::applyAsLong).median();
  }
}
