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
import java.util.ArrayList;
import java.util.List;
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

  /** Enough for what runs once in an exchange to be compiled too, and most of it twice. */
  private static final int EXCHANGES = 4800;

  private static final int ROUNDS = 4;

  /** Few, so that messages come one by one, as to a server that is not busy. */
  private static final int AT_ONCE = 4;

  /** How many different exchanges are sent, in turn. */
  private static final int KINDS = 480;

  /** However slow the machine is, it should start. */
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final WarmUpTraffic traffic;
  private final MaasProcessor processor;
  private int next;

  private WarmUp(MaasConfig config, ExtProcConfig extProc) {
    traffic = new WarmUpTraffic(config);
    Metering metering =
        Metering.builder(config)
            .sink(PrometheusSink.register(config, new PrometheusRegistry()))
            .build();
    processor = new MaasProcessor(metering, extProc);
  }

  /**
   * Runs it; a failure is no reason not to start.
   *
   * @param connections as many as there are threads, so that each of them gets one
   * @param listeners serve it, by the very threads and classes that serve afterwards: the compiler
   *     takes what it has not seen for impossible, and throws its work away when it comes
   * @param stopping asked again and again: true ends it, for what is to stop needs no warmth
   */
  static void run(
      MaasConfig config,
      ExtProcConfig extProc,
      int connections,
      GrpcListeners listeners,
      BooleanSupplier stopping) {
    long start = System.nanoTime();
    BooleanSupplier enough =
        () -> System.nanoTime() - start > LIMIT_NANOS || stopping.getAsBoolean();
    try {
      new WarmUp(config, extProc).run(connections, listeners, enough);
      LOG.debug("Warm after {} ms", (System.nanoTime() - start) / 1_000_000);
    } catch (IOException | RuntimeException e) {
      LOG.warn("The first exchanges will be slow, because the warm-up failed: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(int connections, GrpcListeners listeners, BooleanSupplier enough)
      throws IOException, InterruptedException {
    List<List<byte[]>> exchanges = traffic.exchanges(KINDS);
    Server server = listeners.listenOnLoopback(processor);
    try {
      for (int round = 0; round < ROUNDS; round++) {
        round(connections, server.getPort(), exchanges, enough);
      }
    } finally {
      server.shutdownNow();
      server.awaitTermination(1, TimeUnit.SECONDS);
    }
  }

  /**
   * With connections of its own: their end, too, is something that the compiler has to have seen.
   */
  private void round(
      int connections, int port, List<List<byte[]>> exchanges, BooleanSupplier enough)
      throws IOException {
    List<WarmUpClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < connections; i++) {
        clients.add(new WarmUpClient(port, LIMIT_NANOS));
      }
      for (WarmUpClient client : clients) {
        List<List<byte[]>> some = new ArrayList<>();
        for (int i = 0; i < EXCHANGES / ROUNDS / connections; i++) {
          some.add(exchanges.get(next++ % exchanges.size()));
        }
        client.run(some, AT_ONCE, enough);
      }
    } finally {
      for (WarmUpClient client : clients) {
        client.close();
      }
    }
  }
}
