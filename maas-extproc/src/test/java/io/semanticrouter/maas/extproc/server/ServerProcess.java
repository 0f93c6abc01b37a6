// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The server as a process of its own, with its output in files so that none can block it. */
record ServerProcess(Process process, Path outFile, Path errFile) {
  private static final Pattern READY =
      Pattern.compile("Ready: ExtProc and health on (.*), metrics on .*:(\\d+)");

  static ServerProcess start(
      Path directory, List<String> jvmOptions, Map<String, String> environment, String... arguments)
      throws IOException {
    Path out = Files.createTempFile(directory, "out", ".txt");
    return start(directory, jvmOptions, environment, out, arguments);
  }

  /**
   * Starts it.
   *
   * @param out the file that its output goes to
   */
  static ServerProcess start(
      Path directory,
      List<String> jvmOptions,
      Map<String, String> environment,
      Path out,
      String... arguments)
      throws IOException {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // What the manifest of the jar says, for newer JDKs.
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", classPath));
    command.addAll(jvmOptions);
    command.add(Main.class.getName());
    command.addAll(List.of(arguments));
    Path err = Files.createTempFile(directory, "err", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().keySet().removeAll(List.of("CONFIG_FILE", "LOG_FORMAT", "LOG_LEVEL"));
    builder.environment().putAll(environment);
    return new ServerProcess(builder.start(), out, err);
  }

  int exitStatus() throws InterruptedException {
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended").isTrue();
    return process.exitValue();
  }

  String out() throws IOException {
    return Files.readString(outFile, StandardCharsets.UTF_8);
  }

  String err() throws IOException {
    return Files.readString(errFile, StandardCharsets.UTF_8);
  }

  List<String> errLines() throws IOException {
    return err().lines().toList();
  }

  /** Waits for something in the output. */
  Matcher await(Pattern pattern) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (System.nanoTime() < deadline && !process.waitFor(5, TimeUnit.MILLISECONDS)) {
      Matcher matcher = pattern.matcher(out());
      if (matcher.find()) {
        return matcher;
      }
    }
    throw new AssertionError(pattern + " did not come: " + out() + err());
  }

  /** Waits for the server to be ready and returns where gRPC is. */
  String awaitReady() throws Exception {
    return await(READY).group(1);
  }

  /** Waits for the server to be ready and returns its gRPC port. */
  int ready() throws Exception {
    String where = awaitReady();
    assertThat(where).startsWith("127.0.0.1:");
    return Integer.parseInt(where.substring(where.indexOf(':') + 1));
  }

  /** Waits for the server to be ready and returns the port of its metrics. */
  int awaitMetricsPort() throws Exception {
    return Integer.parseInt(await(READY).group(2));
  }

  /** Asks it to stop (SIGTERM). */
  void terminate() {
    process.destroy();
  }

  /** Ends it (SIGKILL). */
  void kill() {
    process.destroyForcibly();
  }
}
