// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.semanticrouter.maas.bench.Checks;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server under test: a process that says when it is ready, its output in a file. */
final class ServerProcess implements AutoCloseable {
  private static final Pattern READY = Pattern.compile("Ready: ");
  private static final Pattern GRPC_PORT = Pattern.compile("on [^ ]*?:(\\d+)");
  private static final Pattern METRICS_PORT = Pattern.compile("metrics on [^ ]*?:(\\d+)");
  private static final long TICKS_PER_SECOND = 100;

  private final Process process;
  private final String target;
  private final String ready;
  private final double startMillis;

  private ServerProcess(Process process, String target, String ready, double startMillis) {
    this.process = process;
    this.target = target;
    this.ready = ready;
    this.startMillis = startMillis;
  }

  /**
   * Starts a server and waits until it is ready.
   *
   * @param socket {@code unix:PATH} where it is told to listen there, else empty
   * @throws DoesNotRun when it ends instead
   */
  static ServerProcess start(List<String> command, Path log, String socket) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("CONFIG_FILE");
    builder.environment().remove("LOG_LEVEL");
    long begin = System.nanoTime();
    Process process = builder.start();
    CompletableFuture<String> ready = new CompletableFuture<>();
    CompletableFuture<Long> readyAt = new CompletableFuture<>();
    Thread reader = new Thread(() -> read(process, log, ready, readyAt), "output");
    reader.setDaemon(true);
    reader.start();
    try {
      String line = ready.get(60, TimeUnit.SECONDS);
      String target = socket;
      if (socket.isEmpty()) {
        Matcher port = GRPC_PORT.matcher(line);
        Checks.that(port.find(), "a port in: " + line);
        target = "127.0.0.1:" + port.group(1);
      }
      return new ServerProcess(process, target, line, (readyAt.get() - begin) / 1e6);
    } catch (ExecutionException | TimeoutException e) {
      process.destroyForcibly();
      throw new DoesNotRun(Files.readString(log), e);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static void read(
      Process process, Path log, CompletableFuture<String> ready, CompletableFuture<Long> at) {
    try (BufferedReader reader =
            new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        Writer writer = Files.newBufferedWriter(log)) {
      String line = reader.readLine();
      while (line != null) {
        if (!ready.isDone() && READY.matcher(line).find()) {
          at.complete(System.nanoTime());
          ready.complete(line);
        }
        writer.write(line + "\n");
        writer.flush();
        line = reader.readLine();
      }
    } catch (IOException e) {
      ready.completeExceptionally(e);
    }
    ready.completeExceptionally(new IOException("ended"));
  }

  /** A server that does not come up. */
  static final class DoesNotRun extends IOException {
    private static final long serialVersionUID = 1;

    DoesNotRun(String output, Exception cause) {
      super(output, cause);
    }
  }

  Transport transport() {
    return Transport.of(target);
  }

  long pid() {
    return process.pid();
  }

  /** From the start of the process to its ready line. */
  double startMillis() {
    return startMillis;
  }

  /** What the process has used of the processors, in steps of 10 ms. */
  double cpuSeconds() {
    return cpuSeconds(pid());
  }

  /** The same of any process. */
  static double cpuSeconds(long pid) {
    String stat = proc(pid, "stat");
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (double) (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
  }

  long residentKiB() {
    return residentKiB(pid());
  }

  static long residentKiB(long pid) {
    return status(pid, "VmRSS");
  }

  long threads() {
    return status(pid(), "Threads");
  }

  private static long status(long pid, String key) {
    for (String line : proc(pid, "status").split("\n", -1)) {
      if (line.startsWith(key + ":")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IllegalStateException("No " + key);
  }

  private static String proc(long pid, String file) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), file));
    } catch (IOException e) {
      throw new IllegalStateException("The server has ended", e);
    }
  }

  /** Live heap in bytes, after a full collection. */
  long liveHeap(Path java) throws IOException, InterruptedException {
    String histogram = jcmd(java, "GC.class_histogram");
    Matcher total = Pattern.compile("(?m)^Total +\\d+ +(\\d+)").matcher(histogram);
    Checks.that(total.find(), "a total in the histogram of " + pid());
    return Long.parseLong(total.group(1));
  }

  /** What the command of that JDK says about the process. */
  String jcmd(Path java, String... command) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>();
    line.add(java.resolveSibling("jcmd").toString());
    line.add(Long.toString(pid()));
    line.addAll(List.of(command));
    Process jcmd = new ProcessBuilder(line).redirectErrorStream(true).start();
    String output = new String(jcmd.getInputStream().readAllBytes(), UTF_8);
    jcmd.waitFor(60, TimeUnit.SECONDS);
    return output;
  }

  boolean hasMetrics() {
    return METRICS_PORT.matcher(ready).find();
  }

  /** The sum of all series of that name whose labels contain the text. */
  double metric(String name, String label) throws IOException, InterruptedException {
    Matcher port = METRICS_PORT.matcher(ready);
    Checks.that(port.find(), "a metrics port in: " + ready);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port.group(1) + "/metrics"))
            .build();
    String text =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
    double sum = 0;
    for (String line : text.split("\n", -1)) {
      int space = line.lastIndexOf(' ');
      if (space > 0
          && (line.startsWith(name + "{") || line.startsWith(name + " "))
          && line.substring(0, space).contains(label)) {
        sum += Double.parseDouble(line.substring(space + 1));
      }
    }
    return sum;
  }

  /** Asks the process to end, and makes it. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(40, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
