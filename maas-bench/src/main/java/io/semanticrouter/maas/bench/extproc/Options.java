// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A command line of {@code --name value} and {@code --flag}. */
final class Options {
  private final Map<String, String> stated = new TreeMap<>();

  Options(String[] args) {
    for (int i = 0; i < args.length; i++) {
      if (!args[i].startsWith("--")) {
        throw new IllegalArgumentException("Not an option: " + args[i]);
      }
      boolean value = i + 1 < args.length && !args[i + 1].startsWith("--");
      stated.put(args[i].substring(2), value ? args[++i] : "");
    }
  }

  String text(String name, String fallback) {
    String value = stated.remove(name);
    return value == null ? fallback : value;
  }

  int number(String name, int fallback) {
    @Nullable String value = stated.remove(name);
    return value == null ? fallback : Integer.parseInt(value);
  }

  boolean flag(String name) {
    return stated.remove(name) != null;
  }

  /** Values with commas between them. */
  List<String> list(String name, String fallback) {
    return List.of(text(name, fallback).split(",", -1));
  }

  /** Options for a JVM, with spaces between them. */
  List<String> jvm(String fallback) {
    String text = text("jvm", fallback).strip();
    return text.isEmpty() ? List.of() : List.of(text.split(" +", -1));
  }

  /** {@code LABEL=HOME,…}; else the JDK that this runs on, and that of JAVA25_HOME. */
  List<Jdk> jdks() {
    String java25 = System.getenv().getOrDefault("JAVA25_HOME", "");
    String fallback =
        Runtime.version().feature()
            + "="
            + System.getProperty("java.home")
            + (java25.isEmpty() ? "" : ",25=" + java25);
    List<Jdk> jdks = new ArrayList<>();
    for (String jdk : list("jdks", fallback)) {
      int equals = jdk.indexOf('=');
      Path java = Path.of(jdk.substring(equals + 1), "bin", "java");
      if (!Files.isExecutable(java)) {
        throw new IllegalArgumentException("No JDK: " + jdk);
      }
      jdks.add(new Jdk(Integer.parseInt(jdk.substring(0, equals)), java));
    }
    return jdks;
  }

  /**
   * A JDK.
   *
   * @param feature its feature version
   * @param java its command
   */
  record Jdk(int feature, Path java) {}

  /** Once all options have been asked for. */
  void rejectUnknown() {
    if (!stated.isEmpty()) {
      throw new IllegalArgumentException("Unknown options: " + stated.keySet());
    }
  }
}
