// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * A real Prometheus, and its promtool. Where none can be had, tests are skipped with the reason, or
 * fail with it when REQUIRE_PROMETHEUS=1.
 */
final class Prometheus implements AutoCloseable {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final ChildProcess process;
  private final String url;

  private Prometheus(ChildProcess process, String url) {
    this.process = process;
    this.url = url;
  }

  /** What a tool printed, both outputs together, and its exit status. */
  record Result(int status, String output) {}

  /** Where prometheus and promtool are. */
  static Path home() throws IOException, InterruptedException {
    Process which =
        new ProcessBuilder(Project.file("tools/prometheus").toString(), "--which")
            .redirectErrorStream(true)
            .start();
    String output =
        new String(which.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (!which.waitFor(10, TimeUnit.MINUTES) || which.exitValue() != 0) {
      if ("1".equals(System.getenv("REQUIRE_PROMETHEUS"))) {
        fail("REQUIRE_PROMETHEUS=1, but " + output);
      }
      Assumptions.abort(output);
    }
    return Path.of(output.lines().reduce("", (first, last) -> last));
  }

  static Result promtool(String input, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(arguments));
    command.add(0, home().resolve("promtool").toString());
    Path output = Files.createTempFile("promtool", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().close();
    int status = process.waitFor();
    String text = Files.readString(output);
    Files.delete(output);
    return new Result(status, text);
  }

  /** Starts one that scrapes every second. */
  static Prometheus start(Path directory, Path config) throws IOException, InterruptedException {
    Path binary = home().resolve("prometheus");
    Files.createDirectories(directory);
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    ChildProcess process =
        ChildProcess.start(
            "prometheus",
            directory,
            Map.of(),
            List.of(
                binary.toString(),
                "--config.file=" + config,
                "--storage.tsdb.path=" + Files.createTempDirectory(directory, "tsdb"),
                "--web.listen-address=127.0.0.1:" + port));
    Prometheus prometheus = new Prometheus(process, "http://127.0.0.1:" + port);
    try {
      process.await("readiness", () -> prometheus.isReady() ? true : null);
    } catch (AssertionError e) {
      process.close();
      throw e;
    }
    return prometheus;
  }

  String url() {
    return url;
  }

  private boolean isReady() {
    try {
      return get("/-/ready").statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** The vector or the scalar that an expression has now. */
  JsonNode query(String expression) {
    try {
      HttpResponse<String> response =
          get("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
      JsonNode answer = new ObjectMapper().readTree(response.body());
      if (!answer.path("status").asText().equals("success")) {
        throw new AssertionError(expression + ": " + response.body());
      }
      return answer.at("/data/result");
    } catch (IOException e) {
      throw new AssertionError(process.output(), e);
    }
  }

  /** The value of an expression that has one; NaN when it has none. */
  double value(String expression) {
    JsonNode result = query(expression);
    return result.size() == 1 ? Double.parseDouble(result.at("/0/value/1").asText()) : Double.NaN;
  }

  private HttpResponse<String> get(String path) throws IOException {
    try {
      return HTTP.send(
          HttpRequest.newBuilder(URI.create(url + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  @Override
  public void close() {
    process.close();
  }
}
