// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The jar as users run it: {@code java -jar maas-extproc.jar --config FILE}. */
final class ServerJar implements AutoCloseable {
  private static final Pattern READY =
      Pattern.compile("Ready: .* on (?:.*:(\\d+)|unix:[^ ]+), metrics on .*:(\\d+)");
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final ChildProcess process;
  private final int grpcPort;
  private final int metricsPort;

  private ServerJar(ChildProcess process, int grpcPort, int metricsPort) {
    this.process = process;
    this.grpcPort = grpcPort;
    this.metricsPort = metricsPort;
  }

  static ServerJar start(Path directory, String config, String... jvmOptions) throws IOException {
    Files.createDirectories(directory);
    Path file = Files.writeString(directory.resolve("config.yaml"), config);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(List.of(jvmOptions));
    command.add("-jar");
    command.add(Project.file("maas-extproc/target/maas-extproc.jar").toString());
    command.add("--config");
    command.add(file.toString());
    ChildProcess process = ChildProcess.start("server", directory, Map.of(), command);
    try {
      Matcher ready =
          process.await(
              "the ready line",
              () -> {
                Matcher matcher = READY.matcher(process.output());
                return matcher.find() ? matcher : null;
              });
      int grpcPort = ready.group(1) == null ? -1 : Integer.parseInt(ready.group(1));
      return new ServerJar(process, grpcPort, Integer.parseInt(ready.group(2)));
    } catch (RuntimeException | AssertionError e) {
      process.close();
      throw e;
    }
  }

  /** The TCP port of gRPC, or -1 when there is none. */
  int grpcPort() {
    return grpcPort;
  }

  int metricsPort() {
    return metricsPort;
  }

  String log() {
    return process.output();
  }

  Scrape scrape() {
    try {
      HttpResponse<String> response =
          HTTP.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metricsPort + "/metrics"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      return Scrape.parse(response.body());
    } catch (IOException e) {
      throw new AssertionError(process.output(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Holds it still, connections and all, until {@link #thaw}. */
  void freeze() throws IOException, InterruptedException {
    process.signal("STOP");
  }

  void thaw() throws IOException, InterruptedException {
    process.signal("CONT");
  }

  /** Asks it to read its configuration again. */
  void hangUp() throws IOException, InterruptedException {
    process.signal("HUP");
  }

  void kill() {
    process.kill();
  }

  int stop() {
    return process.stop();
  }

  @Override
  public void close() {
    process.close();
  }
}
