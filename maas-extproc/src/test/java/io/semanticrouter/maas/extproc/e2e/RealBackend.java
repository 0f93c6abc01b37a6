// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/**
 * A server of src/test/backends, which reads requests with the libraries that real ones use, and
 * notes what it generates. Where it cannot be had, tests are skipped with the reason, or fail with
 * it when REQUIRE_BACKENDS=1.
 */
final class RealBackend implements AutoCloseable {
  /** The request header under which the backend notes what it has generated. */
  static final String NOTE = "x-attack";

  enum Kind {
    /** FastAPI and pydantic, as vLLM. */
    PYTHON,
    /** {@code net/http} and {@code encoding/json}. */
    GO
  }

  /** What a backend has generated for one spelling of a request. */
  record Generated(int times, int prompt, int completion) {
    static final Generated NOTHING = new Generated(0, 0, 0);
  }

  private static final Pattern READY = Pattern.compile("READY (\\d+) (\\d+)");

  private final ChildProcess process;
  private final int port;
  private final int ledgerPort;

  private RealBackend(ChildProcess process, int port, int ledgerPort) {
    this.process = process;
    this.port = port;
    this.ledgerPort = ledgerPort;
  }

  static RealBackend start(Kind kind, Path directory) throws IOException, InterruptedException {
    String tool = tool(kind);
    ChildProcess process =
        kind == Kind.GO
            ? ChildProcess.start("go", directory, Map.of(), List.of(tool))
            : ChildProcess.start(
                "python",
                directory,
                Map.of("PYTHONPATH", tool, "PYTHONDONTWRITEBYTECODE", "1"),
                List.of(
                    "python3",
                    Project.file("maas-extproc/src/test/backends/server.py").toString()));
    try {
      Matcher ready =
          process.await(
              "the ports",
              () -> {
                Matcher matcher = READY.matcher(process.output());
                return matcher.find() ? matcher : null;
              });
      return new RealBackend(
          process, Integer.parseInt(ready.group(1)), Integer.parseInt(ready.group(2)));
    } catch (RuntimeException | AssertionError e) {
      process.close();
      throw e;
    }
  }

  /** What tools/backends says of it: the packages for Python, the server in Go. */
  static String tool(Kind kind) throws IOException, InterruptedException {
    String name = kind == Kind.GO ? "go" : "python";
    Process which =
        new ProcessBuilder(Project.file("tools/backends").toString(), name)
            .redirectErrorStream(true)
            .start();
    String output =
        new String(which.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (!which.waitFor(10, TimeUnit.MINUTES) || which.exitValue() != 0) {
      String required = System.getenv("REQUIRE_BACKENDS");
      // Go is no part of a machine that builds Java.
      if ("1".equals(required) && !output.endsWith("go is missing")) {
        fail("REQUIRE_BACKENDS=1, but " + output);
      }
      Assumptions.abort(output);
    }
    return output.lines().reduce("", (first, last) -> last);
  }

  int port() {
    return port;
  }

  /** All that was generated so far, by the {@link #NOTE} of the request. */
  JsonNode ledger() throws IOException, InterruptedException {
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ledgerPort)).build(),
                HttpResponse.BodyHandlers.ofString());
    return new ObjectMapper().readTree(response.body());
  }

  static Generated generated(JsonNode ledger, String note) {
    JsonNode entry = ledger.get(note);
    return entry == null
        ? Generated.NOTHING
        : new Generated(entry.get(0).asInt(), entry.get(1).asInt(), entry.get(2).asInt());
  }

  @Override
  public void close() {
    process.close();
  }
}
