// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.semanticrouter.maas.bench.Checks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Option;

/** The options that every run has: how the servers are started. */
final class Servers {
  private final Map<Integer, Path> stated = new TreeMap<>();

  @Option(
      names = "--transports",
      split = ",",
      description = "tcp, uds or both; start and soak take the first.")
  private List<String> transports = List.of("tcp", "uds");

  @Option(names = "--jvm", description = "Options of the servers' JVM, in quotes.")
  private String jvm = "-Xmx256m";

  @Option(
      names = "--force-usage",
      description = "The servers ask for request bodies; ours edits them.")
  private boolean forced;

  @Option(
      names = "--jdks",
      split = ",",
      description =
          "VERSION=HOME, several with commas (default: the JDK that this runs on, and"
              + " JAVA25_HOME); soak takes the first.")
  void jdks(Map<Integer, Path> homes) {
    stated.putAll(homes);
  }

  /** A server of that kind, in a place of its own in the directory. */
  ServerProcess start(Target target, Path directory) throws IOException {
    return new Variant(target.variant()).start(target, jvm(), forced, directory);
  }

  /** Every combination of the variants, the transports and the JDKs. */
  List<Target> targets(List<String> variants) {
    List<Target> targets = new ArrayList<>();
    for (Jdk jdk : jdks()) {
      for (String transport : transports) {
        for (String variant : variants) {
          targets.add(new Target(variant, transport.equals("uds"), jdk));
        }
      }
    }
    return targets;
  }

  /** The variant on the first transport and the first JDK. */
  Target first(String variant) {
    return targets(List.of(variant)).get(0);
  }

  boolean forced() {
    return forced;
  }

  List<String> jvm() {
    return jvm.isBlank() ? List.of() : List.of(jvm.strip().split(" +", -1));
  }

  /** In the order of their versions; else the JDK that this runs on, and that of JAVA25_HOME. */
  List<Jdk> jdks() {
    Map<Integer, Path> homes = new TreeMap<>(stated);
    if (homes.isEmpty()) {
      homes.put(Runtime.version().feature(), Path.of(System.getProperty("java.home")));
      String java25 = System.getenv().getOrDefault("JAVA25_HOME", "");
      if (!java25.isEmpty()) {
        homes.putIfAbsent(25, Path.of(java25));
      }
    }
    List<Jdk> jdks = new ArrayList<>();
    homes.forEach(
        (feature, home) -> {
          Path java = home.resolve("bin/java");
          Checks.that(Files.isExecutable(java), "a JDK in " + home);
          jdks.add(new Jdk(feature, java));
        });
    return jdks;
  }

  /**
   * A JDK.
   *
   * @param feature its feature version
   * @param java its command
   */
  record Jdk(int feature, Path java) {}

  /**
   * A server and where it runs.
   *
   * @param variant the name of a {@link Variant}
   * @param uds whether it listens on a Unix domain socket
   */
  record Target(String variant, boolean uds, Jdk jdk) {
    String label() {
      return variant + " | " + (uds ? "uds" : "tcp") + " | " + jdk.feature();
    }

    /** The same place, and another server. */
    Target with(String other) {
      return new Target(other, uds, jdk);
    }
  }
}
