// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.extproc.minienvoy.Ending;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.MiniEnvoy;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Random legal exchanges, many at a time, over real sockets, where replies come when they come. */
class MiniEnvoyOverTcpTest {
  private static final int THREADS = 16;
  private static final int EXCHANGES_PER_THREAD = 150;

  private final LongAdder records = new LongAdder();
  private final MaasProcessor processor =
      new MaasProcessor(
          Metering.builder(
                  MaasConfig.from(
                      Map.of(
                          "maas_integration",
                          Map.of("enabled", true, "usage", Map.of("force_usage", false)))))
              .sink(record -> records.increment())
              .build());

  @SuppressWarnings("NullAway.Init") // by start
  private Server server;

  @SuppressWarnings("NullAway.Init") // by start
  private ManagedChannel channel;

  /** What one thread has seen: what the server has begun for sure, and what it may have begun. */
  private record Begun(long surely, long atMost) {
    Begun plus(Begun other) {
      return new Begun(surely + other.surely, atMost + other.atMost);
    }
  }

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .directExecutor()
            .addService(processor)
            .build()
            .start();
    channel =
        NettyChannelBuilder.forAddress(server.getListenSockets().get(0))
            .usePlaintext()
            .directExecutor()
            .build();
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow();
    server.shutdownNow();
    assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void exchangeBegunIsRecordedOnceWhenManyRunAndBreakOffAtATime() throws Exception {
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("MiniEnvoyOverTcpTest: -Dmaas.seed=" + seed);
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<Begun>> all = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        Random random = new Random(seed + i);
        all.add(threads.submit(() -> play(random)));
      }
      Begun begun = new Begun(0, 0);
      for (Future<Begun> one : all) {
        begun = begun.plus(one.get());
      }
      // With the last connection every stream ends, and with every stream its exchange.
      stop();
      assertThat(processor.openStreams()).isZero();
      assertThat(processor.failures()).isZero();
      assertThat(records.sum()).isBetween(begun.surely(), begun.atMost());
      assertThat(begun.surely()).isGreaterThan(THREADS * EXCHANGES_PER_THREAD / 2);
    } finally {
      threads.shutdownNow();
    }
  }

  private Begun play(Random random) {
    RandomTraffic traffic = new RandomTraffic(random);
    Begun begun = new Begun(0, 0);
    for (int i = 0; i < EXCHANGES_PER_THREAD; i++) {
      Filter filter = traffic.filter();
      HttpExchange exchange = traffic.exchange();
      boolean whole = random.nextInt(4) > 0;
      Ending ending = random.nextBoolean() ? Ending.RESET : Ending.GRACEFUL;
      Played played =
          MiniEnvoy.on(channel, filter)
              .play(
                  exchange, whole ? exchange.length() : random.nextInt(exchange.length()), ending);
      assertThat(played.violations()).as("%s", filter).isEmpty();
      if (whole) {
        MeteredEnvoy.assertPassedOn(played, exchange);
      }
      long sent = RandomSequencesTest.begun(played.sent());
      // A reset overtakes what is still on its way.
      boolean seen = !played.replies().isEmpty() || ending == Ending.GRACEFUL;
      begun = begun.plus(new Begun(seen ? sent : 0, sent));
    }
    return begun;
  }
}
