// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The server and Envoy, with a journal on a file system that is full, or takes no new file. */
class JournalFaultsIT {
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** About 2 kB each in the journal. */
  private static final int EXCHANGES = 1500;

  private final Path volume = Files.createTempDirectory("journal-volume");
  private final Path journal = volume.resolve("journal");
  private int exchanges;

  JournalFaultsIT() throws IOException {}

  @BeforeEach
  void mount() throws Exception {
    Envoy.binary();
    assumeTrue(
        "root".equals(System.getProperty("user.name"))
            && run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", volume.toString()) == 0,
        "a file system can be mounted by root only");
  }

  @AfterEach
  void unmount() throws Exception {
    int unused = run("fsfreeze", "--unfreeze", journal.toString());
    unused = run("umount", journal.toString());
    unused = run("umount", volume.toString());
  }

  private static int run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor(10, TimeUnit.SECONDS) ? process.exitValue() : -1;
  }

  @Test
  void aFullDiskStopsNoTrafficAndLosesNothingWhenThereIsRoomInTime() throws Exception {
    Path directory = Project.WORK.resolve("journal-full");
    try (ServerJar server = ServerJar.start(directory.resolve("server"), config());
        SimulatedVllm backend = SimulatedVllm.builder().start();
        Envoy envoy = Envoy.start(directory, Envoy.config(server.grpcPort(), backend.port()))) {
      ask(envoy, 20);
      Path filler = volume.resolve("filler");
      fill(filler);
      ask(envoy, 300);
      Scrape full = server.scrape();
      assertThat(full.sum("semantic_router_journal_failures_total")).isPositive();
      assertThat(full.sum("semantic_router_journal_waiting_bytes")).isPositive();
      assertThat(full.sum("semantic_router_journal_late_lines_total")).isPositive();
      Files.delete(filler);
      expectAllIsWritten(server, envoy);
      assertThat(server.log().lines().filter(line -> line.contains("records wait in memory")))
          .hasSize(1);
      assertThat(server.log().lines().filter(line -> line.contains("is written again"))).hasSize(1);
      assertThat(server.stop()).isZero();
    }
    expectWhole();
  }

  @Test
  void aDirectoryThatTakesNoNewFileStopsNeitherTrafficNorTheJournal() throws Exception {
    Path directory = Project.WORK.resolve("journal-read-only");
    try (ServerJar server = ServerJar.start(directory.resolve("server"), config());
        SimulatedVllm backend = SimulatedVllm.builder().start();
        Envoy envoy = Envoy.start(directory, Envoy.config(server.grpcPort(), backend.port()))) {
      ask(envoy, 20);
      assertThat(run("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", journal.toString())).isZero();
      ask(envoy, EXCHANGES);
      TimeUnit.SECONDS.sleep(2);
      assertThat(server.log().lines().filter(line -> line.contains("ERROR")))
          .as("%s", server.log())
          .hasSize(1);
      assertThat(server.scrape().sum("semantic_router_journal_failures_total")).isPositive();
      assertThat(run("umount", journal.toString())).isZero();
      expectAllIsWritten(server, envoy);
      assertThat(server.stop()).isZero();
    }
    expectWhole();
  }

  @Test
  void aDiskThatStallsAndThenIsReadOnlyStopsNoTraffic() throws Exception {
    mountDisk();
    Path directory = Project.WORK.resolve("journal-stalled");
    try (ServerJar server = ServerJar.start(directory.resolve("server"), config());
        SimulatedVllm backend = SimulatedVllm.builder().start();
        Envoy envoy =
            Envoy.start(
                directory,
                Envoy.config(server.grpcPort(), backend.port())
                    .replace("message_timeout: 5s", "message_timeout: 1s"))) {
      ask(envoy, 20);
      assertThat(run("fsfreeze", "--freeze", journal.toString())).isZero();
      ask(envoy, 3); // the first one hangs, and with it the event loop of this connection
      assertThat(run("fsfreeze", "--unfreeze", journal.toString())).isZero();
      awaitWritten(server);
      ask(envoy, 20);
      Set<String> whole = users();
      assertThat(whole).hasSizeGreaterThanOrEqualTo(exchanges - passed(envoy));

      Files.writeString(Path.of("/sys/fs/ext4", device(), "trigger_fs_error"), "1");
      ask(envoy, 50);
      Scrape readOnly = server.scrape();
      assertThat(readOnly.sum("semantic_router_journal_failures_total")).isPositive();
      assertThat(readOnly.sum("semantic_router_journal_waiting_bytes")).isPositive();
      assertThat(readOnly.sum("semantic_router_requests_total"))
          .isGreaterThanOrEqualTo(exchanges - passed(envoy));
      assertThat(server.stop()).isZero();
      // A write, or a synchronisation, is the first that fails.
      assertThat(server.log()).contains("records wait in memory");
      assertThat(users()).isEqualTo(whole);
    }
  }

  /** Without the server, which took too long. */
  private static int passed(Envoy envoy) {
    return (int) envoy.stat("failure_mode_allowed");
  }

  /** A real file system, which can be frozen, and is read-only after an error. */
  private void mountDisk() throws Exception {
    Path image = volume.resolve("image");
    Files.createDirectories(journal);
    assumeTrue(
        run("truncate", "--size=7M", image.toString()) == 0
            && run("mkfs.ext4", "-q", image.toString()) == 0
            && run("mount", "-o", "loop,errors=remount-ro", image.toString(), journal.toString())
                == 0,
        "a disk can be made of a file");
  }

  private String device() throws IOException {
    for (String mount : Files.readAllLines(Path.of("/proc/mounts"))) {
      String[] fields = mount.split(" ", -1);
      if (fields[1].equals(journal.toString()) && fields[2].equals("ext4")) {
        return Path.of(fields[0]).getFileName().toString();
      }
    }
    throw new AssertionError("not mounted");
  }

  /** Leaves no byte. */
  private static void fill(Path file) throws IOException {
    try (var out = Files.newOutputStream(file)) {
      while (true) {
        out.write(new byte[4096]);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("space");
    }
  }

  private void ask(Envoy envoy, int count) throws IOException, InterruptedException {
    for (int i = 0; i < count; i++) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(envoy.url() + Requests.CHAT))
              .header("content-type", "application/json")
              .header("x-auth-request-user", "user-" + exchanges++)
              .POST(
                  HttpRequest.BodyPublishers.ofString(
                      "{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\",\"content\":\"2+2?\"}]}"))
              .build();
      assertThat(HTTP.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
    }
  }

  private static void expectAllIsWritten(ServerJar server, Envoy envoy) {
    awaitWritten(server);
    assertThat(envoy.stat("failure_mode_allowed")).isZero();
  }

  private static void awaitWritten(ServerJar server) {
    Waiting.until(
        Duration.ofSeconds(30),
        () ->
            assertThat(server.scrape().sum("semantic_router_journal_waiting_bytes"))
                .as("%s", server.log())
                .isZero());
    assertThat(server.scrape().sum("semantic_router_journal_lost_lines_total")).isZero();
  }

  /** A record of each exchange, and nothing that {@code verify} reports. */
  private void expectWhole() throws IOException {
    assertThat(users()).hasSize(exchanges);
  }

  /** Those of the exchanges that ended well, each of which has one record. */
  private Set<String> users() throws IOException {
    Set<String> users = new TreeSet<>();
    JournalReader.verify(
        journal,
        new JournalReader.Visitor() {
          @Override
          public void line(JournalLine line) {
            if (line.record().outcome() == Outcome.COMPLETE) {
              assertThat(users.add(line.record().identity().user())).isTrue();
            }
          }

          @Override
          public void problem(JournalProblem problem) {
            throw new AssertionError(problem.toString());
          }
        });
    return users;
  }

  private String config() {
    return """
    server:
      grpc_address: 127.0.0.1
      grpc_port: 0
      metrics_address: 127.0.0.1
      metrics_port: 0
    maas_integration:
      enabled: true
    journal:
      directory: %s
      segment_mb: 1
    """
        .formatted(journal);
  }
}
