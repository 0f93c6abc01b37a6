// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.semanticrouter.maas.extproc.Certificates.Identity;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/**
 * A real Envoy with the project's config/envoy.yaml; only addresses and ports are changed, so that
 * tests can run beside anything. Where no Envoy can be had, tests are skipped with the reason, or
 * fail with it when REQUIRE_ENVOY=1.
 */
final class Envoy implements AutoCloseable {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Pattern VERSION = Pattern.compile("version: [0-9a-f]+/1\\.(\\d+)\\.");

  private final ChildProcess process;
  private final String admin;
  private final Map<String, Integer> ports;

  private Envoy(ChildProcess process, String admin, Map<String, Integer> ports) {
    this.process = process;
    this.admin = admin;
    this.ports = ports;
  }

  static Path binary() throws IOException, InterruptedException {
    Process which =
        new ProcessBuilder(Project.file("tools/envoy").toString(), "--which")
            .redirectErrorStream(true)
            .start();
    String output =
        new String(which.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (!which.waitFor(10, TimeUnit.MINUTES) || which.exitValue() != 0) {
      if ("1".equals(System.getenv("REQUIRE_ENVOY"))) {
        fail("REQUIRE_ENVOY=1, but " + output);
      }
      Assumptions.abort(output);
    }
    return Path.of(output.lines().reduce("", (first, last) -> last));
  }

  /** Whether this is Envoy 1.{@code minor} or newer. */
  static boolean isAtLeast(int minor) throws IOException, InterruptedException {
    String output = run("--version").output();
    Matcher version = VERSION.matcher(output);
    if (!version.find()) {
      throw new AssertionError("no version in " + output);
    }
    return Integer.parseInt(version.group(1)) >= minor;
  }

  /** What Envoy says of a configuration that it need not run. */
  static Result validate(Path config) throws IOException, InterruptedException {
    return run("--mode", "validate", "-c", config.toString());
  }

  record Result(int status, String output) {}

  private static Result run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(arguments));
    command.add(0, binary().toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), output);
  }

  static String config(int serverPort, int backendPort) throws IOException {
    return Files.readString(Project.file("config/envoy.yaml"))
        .replace("port_value: 8801", "port_value: 0")
        .replace("port_value: 19000", "port_value: 0")
        .replace("port_value: 50051", "port_value: " + serverPort)
        .replace("port_value: 8000", "port_value: " + backendPort)
        .replace("address: 0.0.0.0", "address: 127.0.0.1");
  }

  /** The shipped cluster with mutual TLS, with files that exist. */
  static String clusterWithFiles(Identity identity, Path authority) throws IOException {
    return Files.readString(Project.file("deploy/envoy/cluster-mtls.yaml"))
        .replace("/etc/envoy/tls/tls.crt", identity.certificate().toString())
        .replace("/etc/envoy/tls/tls.key", identity.privateKey().toString())
        .replace("/etc/envoy/tls/ca.crt", authority.toString());
  }

  /** A configuration with the cluster of another one in the place of its own. */
  static String withCluster(String config, String cluster) throws IOException {
    YAMLMapper yaml = new YAMLMapper();
    JsonNode root = yaml.readTree(config);
    ArrayNode clusters = (ArrayNode) root.at("/static_resources/clusters");
    JsonNode other = yaml.readTree(cluster).at("/static_resources/clusters/0");
    for (int i = 0; i < clusters.size(); i++) {
      if (clusters.get(i).get("name").equals(other.get("name"))) {
        clusters.set(i, other);
        return yaml.writeValueAsString(root);
      }
    }
    throw new AssertionError("no cluster " + other.get("name"));
  }

  static Envoy start(Path directory, String config) throws IOException, InterruptedException {
    Path binary = binary();
    Files.createDirectories(directory);
    Path file = Files.writeString(directory.resolve("envoy.yaml"), config);
    Path adminAddress = directory.resolve("envoy-admin.txt");
    Files.deleteIfExists(adminAddress);
    ChildProcess process =
        ChildProcess.start(
            "envoy",
            directory,
            Map.of(),
            List.of(
                binary.toString(),
                "-c",
                file.toString(),
                // Hot restart would tie several Envoys of one machine together.
                "--disable-hot-restart",
                "--concurrency",
                "2",
                "--log-level",
                "warning",
                "--file-flush-interval-msec",
                "50",
                "--admin-address-path",
                adminAddress.toString()));
    try {
      String admin =
          process.await(
              "the admin address",
              () -> {
                String address = read(adminAddress);
                return address.isEmpty() ? null : "http://" + address;
              });
      process.await("readiness", () -> get(admin + "/ready").startsWith("LIVE") ? true : null);
      Map<String, Integer> ports =
          process.await("the listeners", () -> ports(get(admin + "/listeners?format=json")));
      return new Envoy(process, admin, ports);
    } catch (RuntimeException | AssertionError e) {
      process.close();
      throw e;
    }
  }

  /** The address of the admin port, with its scheme. */
  String admin() {
    return admin;
  }

  String url() {
    return "http://127.0.0.1:" + port();
  }

  /** The port of the shipped listener. */
  int port() {
    return port("llm");
  }

  int port(String listener) {
    return ports.get(listener);
  }

  /** One of the counters of the ext_proc filters, those of all listeners together. */
  long stat(String name) {
    return sum("ext_proc", "." + name + ":");
  }

  /** One of the counters of the first ext_proc filter of a listener. */
  long stat(String listener, String name) {
    return sum("ext_proc", "http." + listener + ".ext_proc.maas." + name + ":");
  }

  /** How many requests to a cluster are under way. */
  long active(String cluster) {
    return sum("upstream_rq_active", "cluster." + cluster + ".upstream_rq_active:");
  }

  private long sum(String filter, String name) {
    return get(admin + "/stats?filter=" + filter)
        .lines()
        .filter(line -> line.contains(name))
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
        .sum();
  }

  /** The lines of the access log so far. */
  List<JsonNode> accessLog() {
    ObjectMapper json = new ObjectMapper();
    return process
        .output()
        .lines()
        .filter(line -> line.startsWith("{"))
        .map(
            line -> {
              try {
                return json.readTree(line);
              } catch (IOException e) {
                throw new AssertionError(line, e);
              }
            })
        .toList();
  }

  void kill() {
    process.kill();
  }

  @Override
  public void close() {
    process.close();
  }

  /** The ports by the names of their listeners; null until all of them are known. */
  private static Map<String, Integer> ports(String listeners) {
    try {
      Map<String, Integer> ports = new HashMap<>();
      for (JsonNode listener : new ObjectMapper().readTree(listeners).at("/listener_statuses")) {
        int port = listener.at("/local_address/socket_address/port_value").asInt();
        if (port == 0) {
          return null;
        }
        ports.put(listener.get("name").asText(), port);
      }
      return ports.isEmpty() ? null : ports;
    } catch (IOException e) {
      return null;
    }
  }

  private static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file).strip() : "";
    } catch (IOException e) {
      return "";
    }
  }

  private static String get(String url) {
    try {
      return HTTP.send(
              HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
