// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.grpc.Server;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.MaasConfig;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.extproc.ExtProcConfig;
import io.semanticrouter.maas.extproc.MaasProcessor;
import io.semanticrouter.maas.metrics.PrometheusSink;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs made-up exchanges through a metering of their own, and the threads of the server, before it
 * is ready. A JVM that has just started takes milliseconds for what soon takes microseconds;
 * without this the first users would wait for that. Nothing of it is counted anywhere.
 */
final class WarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

  /** Each is twice as long as the one before; the last of them is for machines that are fast. */
  private static final int ROUNDS = 8;

  /** Short, so that the compiler sees early what begins and ends with a connection. */
  private static final int EXCHANGES_OF_FIRST_ROUND = 128;

  /** Few, so that messages come one by one, as to a server that is not busy. */
  private static final int AT_ONCE = 4;

  /** How often a thread wakes for nothing, as those of a quiet server do each second. */
  private static final Duration IDLE = Duration.ofMillis(10);

  /** How long the server may be silent before the warm-up has failed. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final WarmUpTraffic traffic;
  private final MaasProcessor processor;

  private WarmUp(MaasConfig config, ExtProcConfig extProc) {
    traffic = new WarmUpTraffic(config);
    // The sinks of the server, of which one keeps silent: another number of them, or another class,
    // would be news for the compiler afterwards.
    Metering metering =
        Metering.builder(config)
            .sink(PrometheusSink.register(config, new PrometheusRegistry()))
            .sink(new DebugLog(false))
            .build();
    processor = new MaasProcessor(metering, extProc);
  }

  /**
   * Runs it; a failure is no reason not to start.
   *
   * @param server says for how long at most, and for how many threads: each gets a connection
   * @param listeners serve it, by the very threads and classes that serve afterwards: the compiler
   *     takes what it has not seen for impossible, and throws its work away when it comes
   * @param stopping asked again and again: true ends it, for what is to stop needs no warmth
   */
  static void run(
      MaasConfig config, ServerConfig server, GrpcListeners listeners, BooleanSupplier stopping) {
    long start = System.nanoTime();
    long limit = server.warmUp().toNanos();
    BooleanSupplier enough = () -> System.nanoTime() - start > limit || stopping.getAsBoolean();
    try {
      new WarmUp(config, server.extProc()).run(server.grpc().threads(), listeners, enough);
      LOG.debug("Warm after {} ms", (System.nanoTime() - start) / 1_000_000);
    } catch (IOException | RuntimeException e) {
      LOG.warn("The first exchanges will be slow, because the warm-up failed: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(int connections, GrpcListeners listeners, BooleanSupplier enough)
      throws IOException, InterruptedException {
    for (int round = 0; round < ROUNDS && !enough.getAsBoolean(); round++) {
      Server server = listeners.listenOnLoopback(processor);
      List<Future<?>> wakeUps = round % 2 == 0 ? List.of() : listeners.wakeEvery(IDLE);
      try {
        round(connections, EXCHANGES_OF_FIRST_ROUND << round, server.getPort(), enough);
      } finally {
        wakeUps.forEach(wakeUp -> wakeUp.cancel(false));
        server.shutdownNow();
        server.awaitTermination(1, TimeUnit.SECONDS);
      }
    }
  }

  /**
   * With connections and a listener of its own: their begin and end, too, is something that the
   * compiler has to have seen.
   */
  private void round(int connections, int exchanges, int port, BooleanSupplier enough)
      throws IOException {
    List<WarmUpClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < connections; i++) {
        clients.add(new WarmUpClient(port, PATIENCE));
      }
      for (WarmUpClient client : clients) {
        client.run(exchanges / connections, traffic::next, AT_ONCE, enough);
      }
    } finally {
      for (WarmUpClient client : clients) {
        client.close();
      }
    }
  }
}
