// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A process under test, its output in a file, stopped on close whatever happened. */
final class ChildProcess implements AutoCloseable {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

  private final String name;
  private final Process process;
  private final Path output;

  private ChildProcess(String name, Process process, Path output) {
    this.name = name;
    this.process = process;
    this.output = output;
  }

  static ChildProcess start(
      String name, Path directory, Map<String, String> environment, List<String> command)
      throws IOException {
    Files.createDirectories(directory);
    Path output = directory.resolve(name + ".log");
    Files.deleteIfExists(output);
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().remove("CONFIG_FILE");
    builder.environment().remove("LOG_FORMAT");
    builder.environment().remove("LOG_LEVEL");
    builder.environment().putAll(environment);
    return new ChildProcess(name, builder.start(), output);
  }

  String output() {
    try {
      return Files.exists(output) ? Files.readString(output, StandardCharsets.UTF_8) : "";
    } catch (IOException e) {
      return "(unreadable: " + e + ")";
    }
  }

  /** Waits until the supplier gives something else than null; fails early if the process ends. */
  <T> T await(String what, Supplier<T> condition) {
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    while (System.nanoTime() < deadline) {
      T result = condition.get();
      if (result != null) {
        return result;
      }
      if (!process.isAlive()) {
        break;
      }
      Waiting.pause();
    }
    throw new AssertionError(name + ": " + what + " did not come\n" + output());
  }

  /** Sends it a signal that Java has no name for, such as STOP or CONT. */
  void signal(String name) throws IOException, InterruptedException {
    Process kill =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).inheritIO().start();
    if (kill.waitFor() != 0) {
      throw new AssertionError("kill -" + name + " " + process.pid());
    }
  }

  void kill() {
    process.destroyForcibly();
    ended(10);
  }

  /** Asks it to stop (SIGTERM) and gives its exit status. */
  int stop() {
    process.destroy();
    if (!ended(30)) {
      process.destroyForcibly();
      throw new AssertionError(name + " did not stop\n" + output());
    }
    return process.exitValue();
  }

  private boolean ended(int seconds) {
    try {
      return process.waitFor(seconds, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public void close() {
    process.destroy();
    if (!ended(10)) {
      kill();
    }
  }
}
