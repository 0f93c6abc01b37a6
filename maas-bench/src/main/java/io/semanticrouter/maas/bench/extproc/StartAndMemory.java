// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * From the start of the process to ready and to the first reply, and the resident set when idle and
 * with open streams: plain, with an archive of classes (AppCDS), and with an AOT cache (JDK 25),
 * with the default collector and the serial one.
 */
final class StartAndMemory {
  private static final List<String> COLLECTORS = List.of("", "-XX:+UseSerialGC");

  /** What is loaded beside the jar. */
  private enum Archive {
    PLAIN(17),
    /** Made by a training run, at its end. */
    APP_CDS(17),
    /** Made by the first run that finds none, without further ado. */
    AUTO_CDS(19),
    AOT_CACHE(25);

    private final int since;

    Archive(int since) {
      this.since = since;
    }

    /** The options for the training run; none when there is none. */
    List<String> training(Path file) {
      return switch (this) {
        case PLAIN -> List.of();
        case APP_CDS -> List.of("-XX:ArchiveClassesAtExit=" + file);
        case AUTO_CDS -> use(file);
        case AOT_CACHE -> List.of("-XX:AOTCacheOutput=" + file);
      };
    }

    List<String> use(Path file) {
      return switch (this) {
        case PLAIN -> List.of();
        case APP_CDS -> List.of("-XX:SharedArchiveFile=" + file);
        case AUTO_CDS -> List.of("-XX:+AutoCreateSharedArchive", "-XX:SharedArchiveFile=" + file);
        case AOT_CACHE -> List.of("-XX:AOTCache=" + file);
      };
    }
  }

  /** In ms and MiB. */
  private record Seen(
      List<Double> ready, List<Double> firstReply, List<Double> memory, List<String> trained) {}

  private final int starts;
  private final List<String> jvm;
  private final boolean forced;
  private final List<Integer> open = new ArrayList<>(List.of(0));
  private final Path directory;
  private final List<Transcript> transcripts = Transcript.of(100);
  private final Map<String, Seen> seen = new LinkedHashMap<>();

  private StartAndMemory(Options options) throws IOException {
    starts = options.number("starts", 5);
    jvm = options.jvm("-Xmx64m");
    forced = options.flag("force-usage");
    for (String streams : options.list("open", "1000,10000")) {
      open.add(Integer.parseInt(streams));
    }
    directory = Files.createTempDirectory("bench-start");
  }

  /** Runs; see the README for the options. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Options options = new Options(args);
    StartAndMemory run = new StartAndMemory(options);
    List<Options.Jdk> jdks = options.jdks();
    List<String> variants = options.list("variants", "noop-generated,maas");
    options.rejectUnknown();
    run.warmClient(jdks.get(0));
    for (Options.Jdk jdk : jdks) {
      for (String variant : variants) {
        for (String collector : COLLECTORS) {
          run.measure(jdk, new Variant(variant), collector);
        }
      }
    }
    run.print();
  }

  private void warmClient(Options.Jdk jdk) throws IOException, InterruptedException {
    try (ServerProcess server =
            new Variant(Variant.NOOP).start(jdk, List.of(), false, forced, directory);
        EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
      client.run(Load.closed(transcripts, 64), 3);
    }
  }

  private void measure(Options.Jdk jdk, Variant variant, String collector)
      throws IOException, InterruptedException {
    for (Archive archive : Archive.values()) {
      if (jdk.feature() < archive.since) {
        continue;
      }
      String name =
          variant.name()
              + " | "
              + jdk.feature()
              + " | "
              + (collector.isEmpty() ? "default" : collector.replace("-XX:+Use", ""))
              + " | "
              + archive.name().toLowerCase(Locale.ROOT).replace('_', ' ');
      Seen row =
          new Seen(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
      seen.put(name, row);
      List<String> options = new ArrayList<>(jvm);
      if (!collector.isEmpty()) {
        options.add(collector);
      }
      Path file = Files.createTempDirectory(directory, "archive").resolve("archive");
      if (archive != Archive.PLAIN && !train(jdk, variant, options, archive, file)) {
        row.trained().add("no archive was made");
        continue;
      }
      options.addAll(archive.use(file));
      for (int start = 0; start < starts; start++) {
        start(jdk, variant, options, row);
      }
      memory(jdk, variant, options, row);
      Files.deleteIfExists(file);
      System.out.println(name + ": " + row);
    }
  }

  /** A run that leaves an archive behind: ours as it trains itself, the no-op under load. */
  private boolean train(
      Options.Jdk jdk, Variant variant, List<String> options, Archive archive, Path file)
      throws IOException, InterruptedException {
    List<String> training = new ArrayList<>(options);
    training.addAll(archive.training(file));
    if (variant.isNoop()) {
      try (ServerProcess server = variant.start(jdk, training, false, forced, directory);
          EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
        client.run(Load.closed(transcripts, 16), 4);
      }
    } else {
      variant.train(jdk, training, forced, directory);
    }
    // The AOT cache is put together by another process behind the first.
    for (int i = 0; i < 300 && !Files.exists(file); i++) {
      TimeUnit.MILLISECONDS.sleep(100);
    }
    TimeUnit.SECONDS.sleep(1);
    return Files.exists(file);
  }

  private void start(Options.Jdk jdk, Variant variant, List<String> options, Seen row)
      throws IOException, InterruptedException {
    try (ServerProcess server = variant.start(jdk, options, false, forced, directory)) {
      long since = System.nanoTime();
      try (EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
        client.oneByOne(transcripts, 1);
        row.ready().add(server.startMillis());
        row.firstReply().add(server.startMillis() + (System.nanoTime() - since) / 1e6);
      }
    }
  }

  private void memory(Options.Jdk jdk, Variant variant, List<String> options, Seen row)
      throws IOException, InterruptedException {
    try (ServerProcess server = variant.start(jdk, options, false, forced, directory);
        EnvoyClient client = new EnvoyClient(server.transport(), 1)) {
      int held = 0;
      for (int streams : open) {
        client.hold(transcripts, streams - held);
        held = streams;
        TimeUnit.SECONDS.sleep(2);
        row.memory().add(server.residentKiB() / 1024.0);
      }
    } catch (IllegalStateException e) {
      row.trained().add(String.valueOf(e.getMessage()));
    }
  }

  private void print() {
    System.out.printf(
        "%n%d starts, JVM %s; resident set with %s open streams%n%n", starts, jvm, open);
    System.out.println(
        "| server | JDK | collector | archive | ready after, ms | one exchange done after, ms | MiB | |");
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
    seen.forEach(
        (name, row) -> {
          List<String> memory = new ArrayList<>();
          row.memory().forEach(mib -> memory.add(String.valueOf(Math.round(mib))));
          System.out.printf(
              "| %s | %s | %s | %s | %s |%n",
              name,
              new Summary(row.ready()).text("%.0f"),
              new Summary(row.firstReply()).text("%.0f"),
              String.join(" / ", memory),
              String.join("; ", row.trained()));
        });
  }
}
