// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * Two servers are replaced one after the other, as a rolling update does it, behind an Envoy with
 * the cluster of the gateways: each exchange is metered once.
 */
class RollingRestartIT {
  private static final int CLIENTS = 8;
  private static final String RECORDS = "semantic_router_requests_total";

  @Test
  void exchangesOfARollingUpdateAreAllMetered() throws Exception {
    Envoy.binary();
    Path directory = Project.WORK.resolve("rolling");
    int[] ports = {freePort(), freePort()};
    ServerJar[] servers = new ServerJar[2];
    ExecutorService stops = Executors.newSingleThreadExecutor();
    double records = 0;
    try (SimulatedVllm backend = Requests.backend().start()) {
      for (int i = 0; i < 2; i++) {
        servers[i] = ServerJar.start(directory.resolve("old-" + i), config(ports[i]));
      }
      ObjectNode cluster = IstioFilter.cluster(ports);
      // A second instead of five, and the servers wait as much less; a busy machine may take longer
      // to connect and to answer than a client should have to wait.
      ((ObjectNode) cluster.at("/health_checks/0"))
          .put("interval", "1s")
          .put("no_traffic_interval", "1s")
          .put("timeout", "30s");
      cluster.put("connect_timeout", "30s");
      String envoyConfig =
          IstioFilter.in(Envoy.config(1, backend.port()), cluster)
              .toString()
              .replace("\"message_timeout\":\"5s\"", "\"message_timeout\":\"60s\"");
      try (Envoy envoy = Envoy.start(directory, envoyConfig);
          SteadyClients clients = new SteadyClients(envoy.port(), CLIENTS)) {
        for (int i = 0; i < 2; i++) {
          awaitMore(servers[i]);
          ServerJar old = servers[i];
          Future<Integer> status = stops.submit(old::stop);
          // It lingers to be scraped once more; then its port is free.
          records += lastScrape(old, status);
          assertThat(status.get()).isZero();
          servers[i] = ServerJar.start(directory.resolve("new-" + i), config(ports[i]));
        }
        awaitMore(servers[0]);
        awaitMore(servers[1]);
        clients.stop();
        assertThat(envoy.stat("failure_mode_allowed")).isZero();
        assertThat(envoy.stat("streams_failed")).isZero();
        double before = records;
        Waiting.until(
            Duration.ofSeconds(20),
            () ->
                assertThat(
                        before
                            + servers[0].scrape().sum(RECORDS)
                            + servers[1].scrape().sum(RECORDS))
                    .isEqualTo((double) clients.answers()));
      }
    } finally {
      stops.shutdownNow();
      for (ServerJar server : servers) {
        if (server != null) {
          server.close();
        }
      }
    }
  }

  private static void awaitMore(ServerJar server) {
    double before = server.scrape().sum(RECORDS);
    Waiting.until(
        Duration.ofSeconds(60),
        () -> assertThat(server.scrape().sum(RECORDS)).isGreaterThan(before + 50));
  }

  /** What a server that stops had counted when it could be asked for the last time. */
  private static double lastScrape(ServerJar server, Future<Integer> status)
      throws InterruptedException {
    double records = 0;
    while (!status.isDone()) {
      try {
        records = Math.max(records, server.scrape().sum(RECORDS));
      } catch (AssertionError e) {
        // It has stopped between the question and the answer.
        continue;
      }
      Thread.sleep(50);
    }
    return records;
  }

  private static String config(int port) {
    return """
        server:
          grpc_address: 127.0.0.1
          grpc_port: %d
          metrics_address: 127.0.0.1
          metrics_port: 0
          shutdown_delay_seconds: 3
          metrics_linger_seconds: 2
        maas_integration:
          enabled: true
        """
        .formatted(port);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
