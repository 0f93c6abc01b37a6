// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.semanticrouter.maas.bench.Traffic;
import io.semanticrouter.maas.bench.extproc.Servers.Target;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A server to measure, by its name: {@code noop}, {@code noop-small-reads} (answers after each
 * read, like the packaged server), or {@code maas}, the packaged server with everything metered;
 * {@code maas+KEY=VALUE+…} sets keys of its configuration, with dots between the sections; {@code
 * maas@JAR} is the server of another jar, of an earlier state for example.
 */
record Variant(String name) {
  static final String NOOP = "noop";
  static final String MAAS = "maas";
  private static final String SMALL_READS = "noop-small-reads";
  private static final String MAAS_JAR = "maas-extproc/target/maas-extproc.jar";
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * Starts it.
   *
   * @param jvm options for the JVM
   * @param directory for its configuration, log and socket
   */
  ServerProcess start(Target target, List<String> jvm, boolean forced, Path directory)
      throws IOException {
    Path place = Files.createTempDirectory(directory, "server");
    String socket = target.uds() ? place.resolve("ext-proc.sock").toString() : "";
    List<String> command = new ArrayList<>(pinned());
    command.add(target.jdk().java().toString());
    command.addAll(jvm);
    if (name.startsWith(NOOP)) {
      command.addAll(List.of("-cp", ownJar().toString(), NoopServer.class.getName()));
      command.addAll(List.of("--listen", target.uds() ? "unix:" + socket : "0"));
      if (name.equals(SMALL_READS)) {
        command.addAll(List.of("--read-bytes", "8192"));
      }
      if (forced) {
        command.add("--force-usage");
      }
    } else {
      String kind = name.split("\\+", 2)[0];
      int at = kind.indexOf('@');
      Path config = Files.writeString(place.resolve("config.yaml"), config(forced, socket));
      command.addAll(
          List.of(
              "-jar", at < 0 ? MAAS_JAR : kind.substring(at + 1), "--config", config.toString()));
    }
    return ServerProcess.start(command, place.resolve("log"), target.uds() ? "unix:" + socket : "");
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

  /** JSON, which is YAML too. */
  private String config(boolean forced, String socket) throws IOException {
    ObjectNode root = JSON.createObjectNode();
    set(root, "maas_integration.enabled", "true");
    set(root, "maas_integration.metrics.internal_cost_calculation", "true");
    set(root, "maas_integration.usage.force_usage", Boolean.toString(forced));
    set(root, "server.grpc_address", "127.0.0.1");
    set(root, "server.grpc_port", "0");
    set(root, "server.metrics_address", "127.0.0.1");
    set(root, "server.metrics_port", "0");
    set(root, "server.drain_timeout_seconds", "1");
    ObjectNode models = root.withObject("/pricing/models");
    for (String model : Traffic.MODELS) {
      models.putObject(model).put("prompt_per_1m", "0.20").put("completion_per_1m", "0.60");
    }
    if (!socket.isEmpty()) {
      root.withObject("/server").put("grpc_socket", socket);
    }
    String[] stated = name.split("\\+", -1);
    for (int i = 1; i < stated.length; i++) {
      int equals = stated[i].indexOf('=');
      set(root, stated[i].substring(0, equals), stated[i].substring(equals + 1));
    }
    return JSON.writeValueAsString(root);
  }

  /** A value of JSON; what is none is a text. */
  private static void set(ObjectNode root, String key, String value) {
    int dot = key.lastIndexOf('.');
    ObjectNode section = root.withObject("/" + key.substring(0, dot).replace('.', '/'));
    String last = key.substring(dot + 1);
    try {
      section.set(last, JSON.readTree(value));
    } catch (JsonProcessingException e) {
      section.put(last, value);
    }
  }
}
