// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;

/**
 * As many exchanges as it takes, for long, with endings of every kind. Ends with an error when the
 * server has not recorded just as many exchanges as began, when its heap grows, or its threads.
 */
final class Soak {
  private static final String RECORDED = "semantic_router_requests_total";

  /** Room for what is not of the exchanges: compiled code's metadata, caches of the JDK. */
  private static final double HEAP_GROWTH = 1.10;

  private static final long HEAP_SLACK_BYTES = 2 << 20;

  /** The JVM's own threads come and go: compilers, collectors. */
  private static final long THREAD_SLACK = 2;

  /** At one moment. */
  private record Sample(long begun, long heap, long threads, long residentKiB) {}

  private Soak() {}

  /** Runs; see the README for the options. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Options options = new Options(args);
    int seconds = options.number("seconds", 600);
    int intervals = options.number("intervals", 12);
    int warmSeconds = options.number("warm", Math.min(60, seconds / 5));
    int streams = options.number("streams", 64);
    int connections = options.number("connections", 2);
    int seed = options.number("seed", (int) (System.nanoTime() & 0xffff));
    boolean pipelined = options.flag("pipelined");
    boolean forced = options.flag("force-usage");
    boolean uds = options.flag("uds");
    List<String> jvm = options.jvm("-Xmx256m");
    Options.Jdk jdk = options.jdks().get(0);
    Variant variant = new Variant(options.text("variant", "maas"));
    options.rejectUnknown();
    Path directory = Files.createTempDirectory("bench-soak");
    System.out.printf(
        "%s on JDK %d, %d s, %d streams on %d connection(s), seed %d, logs in %s%n",
        variant.name(), jdk.feature(), seconds, streams, connections, seed, directory);
    boolean passed;
    try (ServerProcess server = variant.start(jdk, jvm, uds, forced, directory);
        EnvoyClient client = new EnvoyClient(server.transport(), connections)) {
      Load load =
          Load.closed(Transcript.of(100), Math.max(1, streams / connections))
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
                server.liveHeap(jdk.java()),
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
    System.exit(passed ? 0 : 1);
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
    return new Summary(samples.stream().map(s -> (double) value.applyAsLong(s)).toList()).median();
  }
}
