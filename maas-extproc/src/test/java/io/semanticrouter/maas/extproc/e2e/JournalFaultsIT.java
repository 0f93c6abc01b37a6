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
    int unused = run("umount", journal.toString());
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
    Waiting.until(
        Duration.ofSeconds(30),
        () ->
            assertThat(server.scrape().sum("semantic_router_journal_waiting_bytes"))
                .as("%s", server.log())
                .isZero());
    assertThat(server.scrape().sum("semantic_router_journal_lost_lines_total")).isZero();
    assertThat(envoy.stat("failure_mode_allowed")).isZero();
  }

  /** A record of each exchange, and nothing that {@code verify} reports. */
  private void expectWhole() throws IOException {
    Set<String> users = new TreeSet<>();
    JournalReader.verify(
        journal,
        new JournalReader.Visitor() {
          @Override
          public void line(JournalLine line) {
            if (line.kind() == JournalLine.Kind.USAGE) {
              assertThat(users.add(line.record().identity().user())).isTrue();
              assertThat(line.record().outcome()).isEqualTo(Outcome.COMPLETE);
            }
          }

          @Override
          public void problem(JournalProblem problem) {
            throw new AssertionError(problem.toString());
          }
        });
    assertThat(users).hasSize(exchanges);
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
