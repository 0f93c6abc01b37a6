// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.semanticrouter.maas.bench.Checks;
import io.semanticrouter.maas.bench.Traffic;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A server to measure, by its name: {@code noop} (messages as bytes), {@code noop-generated},
 * {@code noop-small-reads} (answers after each read, like the packaged server), or {@code maas},
 * the packaged server with everything metered; {@code maas+KEY=VALUE+…} sets keys of its
 * configuration, with dots between the sections; {@code maas@JAR} is the server of another jar, of
 * an earlier state for example.
 */
record Variant(String name) {
  static final String NOOP = "noop";
  private static final String GENERATED = "noop-generated";
  private static final String SMALL_READS = "noop-small-reads";
  static final Path MAAS_JAR = Path.of("maas-extproc/target/maas-extproc.jar");

  /** With Envoy's base mode, no request bodies; the whole of the metering else. */
  static final String FORCE_USAGE = "maas_integration.usage.force_usage";

  /** With {@code uds}, where the server listens on a Unix domain socket. */
  private static final String SOCKET = "server.grpc_socket";

  boolean isNoop() {
    return name.startsWith(NOOP);
  }

  /**
   * Starts it.
   *
   * @param jvm options for the JVM
   * @param directory for its configuration, log and socket
   */
  ServerProcess start(
      Options.Jdk jdk, List<String> jvm, boolean uds, boolean forced, Path directory)
      throws IOException {
    Path place = Files.createTempDirectory(directory, "server");
    Path socket = place.resolve("ext-proc.sock");
    List<String> command = new ArrayList<>();
    command.addAll(pinned());
    command.add(jdk.java().toString());
    command.addAll(jvm);
    if (isNoop()) {
      command.addAll(List.of("-cp", ownJar().toString(), NoopServer.class.getName()));
      command.addAll(List.of("--codec", name.equals(GENERATED) ? "generated" : "bytes"));
      if (name.equals(SMALL_READS)) {
        command.addAll(List.of("--read-bytes", "8192"));
      }
      command.addAll(List.of("--listen", uds ? "unix:" + socket : "0"));
      if (forced) {
        command.add("--force-usage");
      }
    } else {
      command.addAll(ours(place, uds, forced, socket));
    }
    return ServerProcess.start(command, place.resolve("log"), uds ? "unix:" + socket : "");
  }

  /** Lets the packaged server train, with options that say what for. */
  void train(Options.Jdk jdk, List<String> jvm, boolean forced, Path directory)
      throws IOException, InterruptedException {
    Path place = Files.createTempDirectory(directory, "training");
    List<String> command = new ArrayList<>();
    command.add(jdk.java().toString());
    command.addAll(jvm);
    command.addAll(ours(place, false, forced, place));
    command.add("--train");
    Process training =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(place.resolve("log").toFile())
            .start();
    Checks.that(training.waitFor() == 0, "a training that succeeds, see " + place);
  }

  private List<String> ours(Path place, boolean uds, boolean forced, Path socket)
      throws IOException {
    Path config = Files.writeString(place.resolve("config.yaml"), config(uds, forced, socket));
    String kind = name.split("\\+", 2)[0];
    int at = kind.indexOf('@');
    String jar = at < 0 ? MAAS_JAR.toString() : kind.substring(at + 1);
    return List.of("-jar", jar, "--config", config.toString());
  }

  /** With SERVER_CPUS, the server runs on these processors only, as taskset writes them. */
  private static List<String> pinned() {
    String processors = System.getenv().getOrDefault("SERVER_CPUS", "");
    return processors.isEmpty() ? List.of() : List.of("taskset", "-c", processors);
  }

  private static Path ownJar() {
    try {
      return Path.of(Variant.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private String config(boolean uds, boolean forced, Path socket) {
    Map<String, Object> root = new TreeMap<>();
    set(root, "maas_integration.enabled", "true");
    set(root, "maas_integration.metrics.internal_cost_calculation", "true");
    set(root, FORCE_USAGE, Boolean.toString(forced));
    set(root, "server.grpc_address", "127.0.0.1");
    set(root, "server.grpc_port", "0");
    set(root, "server.metrics_address", "127.0.0.1");
    set(root, "server.metrics_port", "0");
    set(root, "server.drain_timeout_seconds", "1");
    for (String model : Traffic.MODELS) {
      // Not with dots: a name of a model has some of its own.
      section(section(root, "pricing"), "models")
          .put(model, "{\"prompt_per_1m\": \"0.20\", \"completion_per_1m\": \"0.60\"}");
    }
    if (uds) {
      set(root, SOCKET, "\"" + socket + "\"");
    }
    String[] stated = name.split("\\+", -1);
    for (int i = 1; i < stated.length; i++) {
      int equals = stated[i].indexOf('=');
      set(root, stated[i].substring(0, equals), stated[i].substring(equals + 1));
    }
    StringBuilder yaml = new StringBuilder();
    write(root, yaml);
    return yaml.append('\n').toString();
  }

  private static void set(Map<String, Object> root, String key, String value) {
    Map<String, Object> section = root;
    String[] names = key.split("\\.", -1);
    for (int i = 0; i < names.length - 1; i++) {
      section = section(section, names[i]);
    }
    section.put(names[names.length - 1], value);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> section(Map<String, Object> parent, String name) {
    return (Map<String, Object>) parent.computeIfAbsent(name, n -> new TreeMap<String, Object>());
  }

  /** YAML in flow style, which is JSON. */
  private static void write(Object value, StringBuilder yaml) {
    if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        yaml.append(separator).append('"').append(entry.getKey()).append("\": ");
        write(entry.getValue(), yaml);
        separator = ", ";
      }
      yaml.append('}');
    } else {
      yaml.append(value);
    }
  }
}
