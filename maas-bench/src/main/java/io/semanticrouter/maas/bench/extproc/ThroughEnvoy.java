// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.semanticrouter.maas.bench.Checks;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Three real Envoys with the configuration of this repository before one simulated backend: without
 * a processor, with one that does nothing, and with the server. One client asks them in turn, each
 * over a connection that stays. Not thread-safe.
 */
final class ThroughEnvoy implements AutoCloseable {
  static final String PLAIN = "plain";
  static final String NOOP = "noop";
  static final String SERVER = "server";

  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();
  private static final String BODY =
      "{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]}";

  private static final int WARM_AT_ONCE = 30;

  private final Path directory;
  private final List<Process> processes = new ArrayList<>();
  private final Map<String, HttpRequest> requests = new LinkedHashMap<>();
  private final Map<String, Process> envoys = new LinkedHashMap<>();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private long serverPid;

  private ThroughEnvoy(Path directory) {
    this.directory = directory;
  }

  /**
   * Starts all processes, and waits until each answers.
   *
   * @param directory for their configurations and logs
   */
  static ThroughEnvoy start(Path directory) throws IOException, InterruptedException {
    ThroughEnvoy started = new ThroughEnvoy(directory);
    try {
      started.begin();
      return started;
    } catch (IOException | InterruptedException | RuntimeException e) {
      started.close();
      throw e;
    }
  }

  private void begin() throws IOException, InterruptedException {
    int backend = freePort();
    run(
        "backend",
        JAVA,
        "-jar",
        "testing/simulated-vllm/target/simulated-vllm.jar",
        "--port",
        backend + "");
    int noop = freePort();
    run(
        "noop",
        JAVA,
        "-cp",
        "maas-bench/target/benchmarks.jar",
        NoopServer.class.getName(),
        "--listen",
        noop + "");
    int grpc = freePort();
    Path config = directory.resolve("config.yaml");
    Files.writeString(
        config,
        "maas_integration: { enabled: true }\nserver: { grpc_address: 127.0.0.1, grpc_port: "
            + grpc
            + ", metrics_address: 127.0.0.1, metrics_port: "
            + freePort()
            + " }\n");
    serverPid =
        run(
                "server",
                JAVA,
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-jar",
                "maas-extproc/target/maas-extproc.jar",
                "--config",
                config.toString())
            .pid();
    String yaml =
        Files.readString(Path.of("config/envoy.yaml"))
            .replaceAll("(?s) +access_log:.*?(?=          http_filters:)", "");
    envoy(
        PLAIN,
        yaml.replaceAll(
            "(?s) +- name: envoy.filters.http.ext_proc.*?(?= +- name: envoy.filters.http.router)",
            "\n"),
        backend,
        noop);
    envoy(NOOP, yaml, backend, noop);
    envoy(SERVER, yaml, backend, grpc);
    for (HttpRequest request : requests.values()) {
      awaitAnswer(request);
    }
  }

  private void envoy(String name, String yaml, int backend, int processor) throws IOException {
    int port = freePort();
    Path file = directory.resolve(name + ".yaml");
    Files.writeString(
        file,
        yaml.replace("port_value: 8801", "port_value: " + port)
            .replace("port_value: 19000", "port_value: " + freePort())
            .replace("port_value: 50051", "port_value: " + processor)
            .replace("port_value: 8000", "port_value: " + backend));
    envoys.put(
        name,
        run(
            "envoy-" + name,
            "tools/envoy",
            "--disable-hot-restart",
            "--concurrency",
            "1",
            "-c",
            file.toString()));
    requests.put(
        name,
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/chat/completions"))
            .header("content-type", "application/json")
            .header("x-auth-request-user", "alice")
            .header("x-auth-request-tier", "premium")
            .POST(HttpRequest.BodyPublishers.ofString(BODY))
            .build());
  }

  private Process run(String name, String... command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name + ".log").toFile());
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  private void awaitAnswer(HttpRequest request) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    String problem = "none";
    while (System.nanoTime() < deadline) {
      try {
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() == 200) {
          return;
        }
        problem = "status " + answer.statusCode();
      } catch (IOException e) {
        problem = e.toString();
      }
      Thread.sleep(100);
    }
    throw new IOException(
        "No answer at " + request.uri() + " (" + problem + "); logs in " + directory);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Asks all three, many at once, until compilers have done most of their work. */
  void warm(int seconds) {
    List<HttpRequest> all = List.copyOf(requests.values());
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() < deadline) {
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (int i = 0; i < WARM_AT_ONCE; i++) {
        answers.add(http.sendAsync(all.get(i % all.size()), HttpResponse.BodyHandlers.ofString()));
      }
      answers.forEach(CompletableFuture::join);
    }
  }

  /** Asks the three in turn, each round beginning with the next one, for so long. */
  Waits ask(int seconds) throws IOException, InterruptedException {
    List<String> names = List.copyOf(requests.keySet());
    Map<String, List<Long>> nanos = new LinkedHashMap<>();
    names.forEach(name -> nanos.put(name, new ArrayList<>()));
    double server = ServerProcess.cpuSeconds(serverPid);
    Map<String, Double> before = envoyCpu();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    int round = 0;
    for (; System.nanoTime() < deadline; round++) {
      for (int i = 0; i < names.size(); i++) {
        String name = names.get((round + i) % names.size());
        long from = System.nanoTime();
        HttpResponse<String> answer =
            http.send(
                Objects.requireNonNull(requests.get(name)), HttpResponse.BodyHandlers.ofString());
        Objects.requireNonNull(nanos.get(name)).add(System.nanoTime() - from);
        Checks.that(answer.statusCode() == 200, "200 through " + name);
      }
    }
    Map<String, Double> envoy = envoyCpu();
    before.forEach((name, then) -> envoy.merge(name, -then, Double::sum));
    return new Waits(nanos, round, ServerProcess.cpuSeconds(serverPid) - server, envoy);
  }

  private Map<String, Double> envoyCpu() {
    Map<String, Double> cpu = new LinkedHashMap<>();
    envoys.forEach((name, process) -> cpu.put(name, ServerProcess.cpuSeconds(process.pid())));
    return cpu;
  }

  /** The resident set of the server. */
  long residentKiB() {
    return ServerProcess.residentKiB(serverPid);
  }

  @Override
  public void close() {
    for (int i = processes.size() - 1; i >= 0; i--) {
      processes.get(i).destroy();
    }
    for (Process process : processes) {
      try {
        if (!process.waitFor(5, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * How long the client waited.
   *
   * @param nanos by the name of the Envoy, a number for each round
   */
  record Waits(
      Map<String, List<Long>> nanos,
      int rounds,
      double serverCpuSeconds,
      Map<String, Double> envoyCpuSeconds) {
    List<String> names() {
      return List.copyOf(nanos.keySet());
    }

    double quantile(String name, double quantile) {
      return quantile(of(name).stream().mapToLong(Long::longValue).toArray(), quantile);
    }

    /** The median of what one takes longer than another in the same round. */
    double added(String name, String beside) {
      long[] differences = new long[rounds];
      for (int i = 0; i < rounds; i++) {
        differences[i] = of(name).get(i) - of(beside).get(i);
      }
      return quantile(differences, 0.5);
    }

    /** For each exchange. */
    double serverCpuNanos() {
      return serverCpuSeconds * 1e9 / rounds;
    }

    double envoyCpuNanos(String name) {
      return Objects.requireNonNull(envoyCpuSeconds.get(name)) * 1e9 / rounds;
    }

    private List<Long> of(String name) {
      return Objects.requireNonNull(nanos.get(name));
    }

    private static double quantile(long[] values, double quantile) {
      Arrays.sort(values);
      return values[(int) Math.min(values.length - 1, Math.floor(quantile * values.length))];
    }
  }
}
