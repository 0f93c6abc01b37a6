// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * The server is killed again and again under load, and no client has a whole answer of which the
 * journal knows nothing, but for those that Envoy let pass without the server; the counters of the
 * last run are the sums of the journal. {@code -Djournal.kills=30} kills it more often.
 */
class JournalCrashIT {
  private static final int KILLS = Integer.getInteger("journal.kills", 4);

  @Test
  void noClientHasAWholeAnswerThatTheJournalDoesNotKnow() throws Exception {
    Envoy.binary();
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("-Dmaas.seed=" + seed);
    Random random = new Random(seed);
    Path directory = Project.WORK.resolve("journal-crash");
    Path journal = Files.createTempDirectory("journal-crash");
    String config = config(freePort(), journal);
    ServerJar server = ServerJar.start(directory.resolve("server"), config);
    try (SimulatedVllm backend = SimulatedVllm.builder().start();
        Envoy envoy = Envoy.start(directory, Envoy.config(server.grpcPort(), backend.port()));
        PayingClients clients = new PayingClients(envoy.url())) {
      long failedOpen = 0;
      for (int kill = 1; kill <= KILLS; kill++) {
        // Up, and seen by Envoy: from here on exchanges are metered.
        awaitMetering(server);
        long from = System.nanoTime();
        TimeUnit.MILLISECONDS.sleep(random.nextInt(300, 2000));
        long killed = System.nanoTime();
        long openBefore = envoy.stat("failure_mode_allowed");
        server.kill();
        clients.wasUp(from, killed);
        assertThat(openBefore).as("nothing passed while the server was up").isEqualTo(failedOpen);
        server = ServerJar.start(directory.resolve("server"), config);
        awaitMetering(server);
        failedOpen = awaitQuiet(envoy);
      }
      clients.stop();
      Scrape restored = awaitSettled(server);
      assertThat(server.stop()).isZero();
      clients.check(journal, envoy.stat("failure_mode_allowed"), restored);
    } finally {
      server.close();
    }
  }

  /**
   * A server that does not answer for longer than Envoy waits: what it was shown it has, once, and
   * it goes on where it stood.
   */
  @Test
  void aServerThatStandsStillForTenSecondsLosesNothingThatItWasShown() throws Exception {
    Envoy.binary();
    Path directory = Project.WORK.resolve("journal-frozen");
    Path journal = Files.createTempDirectory("journal-frozen");
    try (ServerJar server =
            ServerJar.start(directory.resolve("server"), config(freePort(), journal));
        SimulatedVllm backend = SimulatedVllm.builder().start();
        Envoy envoy = Envoy.start(directory, Envoy.config(server.grpcPort(), backend.port()));
        PayingClients clients = new PayingClients(envoy.url())) {
      awaitMetering(server);
      long from = System.nanoTime();
      TimeUnit.MILLISECONDS.sleep(1500);
      long frozen = System.nanoTime();
      assertThat(envoy.stat("failure_mode_allowed")).isZero();
      server.freeze();
      clients.wasUp(from, frozen);
      TimeUnit.SECONDS.sleep(10);
      server.thaw();
      assertThat(awaitQuiet(envoy)).as("what passed without the server").isPositive();
      from = System.nanoTime();
      TimeUnit.MILLISECONDS.sleep(1500);
      clients.wasUp(from, System.nanoTime());
      clients.stop();
      Scrape metrics = awaitSettled(server);
      assertThat(server.stop()).isZero();
      clients.check(journal, envoy.stat("failure_mode_allowed"), metrics);
    }
  }

  private static void awaitMetering(ServerJar server) {
    Waiting.until(
        Duration.ofSeconds(60),
        () -> assertThat(server.scrape().sum("semantic_router_requests_total")).isGreaterThan(3));
  }

  private static Scrape awaitSettled(ServerJar server) {
    Waiting.until(
        Duration.ofSeconds(60),
        () -> assertThat(server.scrape().sum("semantic_router_extproc_open_streams")).isZero());
    return server.scrape();
  }

  /** What passed without the server, once no more does. */
  private static long awaitQuiet(Envoy envoy) throws InterruptedException {
    long last = -1;
    long now = envoy.stat("failure_mode_allowed");
    while (now != last) {
      TimeUnit.MILLISECONDS.sleep(300);
      last = now;
      now = envoy.stat("failure_mode_allowed");
    }
    return now;
  }

  private static String config(int grpcPort, Path journal) {
    return """
        server:
          grpc_address: 127.0.0.1
          grpc_port: %d
          metrics_address: 127.0.0.1
          metrics_port: 0
        maas_integration:
          enabled: true
        journal:
          directory: %s
          restore_counters: true
        """
        .formatted(grpcPort, journal);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
