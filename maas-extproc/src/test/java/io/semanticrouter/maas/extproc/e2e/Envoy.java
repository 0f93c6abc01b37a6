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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * A real Envoy with the project's config/envoy.yaml; only addresses and ports are changed, so that
 * tests can run beside anything. Where no Envoy can be had, tests are skipped with the reason, or
 * fail with it when REQUIRE_ENVOY=1.
 */
final class Envoy implements AutoCloseable {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final ChildProcess process;
  private final String admin;
  private final int port;

  private Envoy(ChildProcess process, String admin, int port) {
    this.process = process;
    this.admin = admin;
    this.port = port;
  }

  static Path binary() throws IOException, InterruptedException {
    Process which =
        new ProcessBuilder(Project.file("tools/envoy").toString(), "--which")
            .redirectErrorStream(true)
            .start();
    String output =
        new String(which.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
            .strip();
    if (!which.waitFor(10, TimeUnit.MINUTES) || which.exitValue() != 0) {
      if ("1".equals(System.getenv("REQUIRE_ENVOY"))) {
        fail("REQUIRE_ENVOY=1, but " + output);
      }
      Assumptions.abort(output);
    }
    return Path.of(output.lines().reduce("", (first, last) -> last));
  }

  static String config(int routerPort, int backendPort) throws IOException {
    return Files.readString(Project.file("config/envoy.yaml"))
        .replace("port_value: 8801", "port_value: 0")
        .replace("port_value: 19000", "port_value: 0")
        .replace("port_value: 50051", "port_value: " + routerPort)
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
      int port =
          process.await("the listener", () -> listenerPort(get(admin + "/listeners?format=json")));
      return new Envoy(process, admin, port);
    } catch (RuntimeException | AssertionError e) {
      process.close();
      throw e;
    }
  }

  String url() {
    return "http://127.0.0.1:" + port;
  }

  int port() {
    return port;
  }

  /** One of the counters of the ext_proc filter. */
  long stat(String name) {
    String stats = get(admin + "/stats?filter=ext_proc");
    return stats
        .lines()
        .filter(line -> line.contains("." + name + ":"))
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

  @Override
  public void close() {
    process.close();
  }

  private static Integer listenerPort(String listeners) {
    try {
      JsonNode port =
          new ObjectMapper()
              .readTree(listeners)
              .at("/listener_statuses/0/local_address/socket_address/port_value");
      return port.isInt() ? port.intValue() : null;
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
