// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.semanticrouter.maas.MaasConfig;
import io.semanticrouter.maas.Measurement.Status;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.UsageRecord;
import io.semanticrouter.maas.extproc.MaasProcessor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the warm-up sends is what an ExtProc server understands. */
@Timeout(60)
class WarmUpClientTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** One of eight kinds is metered by nothing, and one has failed; see WarmUpTraffic. */
  private static final int EXCHANGES = 8 * 40;

  private final MaasConfig config =
      MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true)));
  private final WarmUpTraffic traffic = new WarmUpTraffic(config);
  private final Queue<UsageRecord> records = new ConcurrentLinkedQueue<>();
  private final MaasProcessor processor =
      new MaasProcessor(Metering.builder(config).sink(records::add).build());

  @SuppressWarnings("NullAway.Init") // by start
  private Server server;

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .directExecutor()
            .addService(processor)
            .build()
            .start();
  }

  @AfterEach
  void stop() throws Exception {
    server.shutdownNow();
    assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void eachExchangeIsHandledToItsEndAndMeteredHoweverItEnds() throws Exception {
    try (WarmUpClient client = new WarmUpClient(server.getPort(), PATIENCE)) {
      assertThat(client.run(EXCHANGES, traffic::next, 4, () -> false)).isEqualTo(EXCHANGES);
    }
    // A reset may still be on its way.
    while (processor.openStreams() > 0) {
      Thread.sleep(1);
    }
    assertThat(processor.failures()).isZero();
    assertThat(records).hasSize(EXCHANGES * 7 / 8);
    assertThat(records)
        .filteredOn(record -> record.httpStatus() == 200)
        .hasSize(EXCHANGES * 6 / 8)
        .allMatch(record -> record.measurement().status() == Status.COMPLETE);
  }

  /** A compiler that has seen one of both only for a while would take the other for impossible. */
  @Test
  void knownAndNewUsersComeHoweverLongItRuns() throws Exception {
    Set<String> known = new HashSet<>(users(1000));
    assertThat(users(1000)).anyMatch(known::contains).anyMatch(user -> !known.contains(user));
  }

  private List<String> users(int exchanges) throws IOException {
    records.clear();
    try (WarmUpClient client = new WarmUpClient(server.getPort(), PATIENCE)) {
      assertThat(client.run(exchanges, traffic::next, 4, () -> false)).isEqualTo(exchanges);
    }
    return records.stream().map(record -> record.identity().user()).toList();
  }

  @Test
  void stopsWhenItIsEnough() throws Exception {
    try (WarmUpClient client = new WarmUpClient(server.getPort(), PATIENCE)) {
      assertThat(client.run(EXCHANGES, traffic::next, 4, () -> records.size() >= 10))
          .isPositive()
          .isLessThan(EXCHANGES);
    }
  }

  @Test
  void serverThatGoesAwayIsAnError() throws Exception {
    try (WarmUpClient client = new WarmUpClient(server.getPort(), PATIENCE)) {
      server.shutdownNow();
      assertThatThrownBy(() -> client.run(EXCHANGES, traffic::next, 4, () -> false))
          .isInstanceOf(IOException.class);
    }
  }
}
