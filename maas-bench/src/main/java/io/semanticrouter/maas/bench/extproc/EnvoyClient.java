// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.semanticrouter.maas.bench.Checks;
import io.semanticrouter.maas.bench.extproc.Figures.Timed;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Predicate;

/** Connections that act like Envoys, each with a thread of its own. Used by one thread. */
final class EnvoyClient implements AutoCloseable {
  private static final int MOST_OPEN = 50_000;

  private final List<Connection> connections = new ArrayList<>();

  EnvoyClient(Transport transport, int connections) {
    for (int i = 0; i < connections; i++) {
      this.connections.add(new Connection(transport));
    }
  }

  /** Begins what the load says, on each connection. */
  void begin(Load load) {
    connections.forEach(c -> c.loop.execute(() -> c.begin(load)));
  }

  /** What has been seen since the load began. */
  Figures figures() throws InterruptedException {
    return ask(Connection::copy);
  }

  /** Lets no further exchange begin, and waits for those that are open, for 10 seconds at most. */
  Figures finish() throws InterruptedException {
    connections.forEach(c -> c.loop.execute(c::stop));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    Figures figures = figures();
    while (figures.open > 0 && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(5);
      figures = figures();
    }
    if (figures.open > 0) {
      figures.failure(figures.open + " exchanges did not end");
    }
    return figures;
  }

  /** The load for so long, to its end. */
  Figures run(Load load, double seconds) throws InterruptedException {
    begin(load);
    TimeUnit.NANOSECONDS.sleep((long) (seconds * 1e9));
    return finish();
  }

  /** So many exchanges one after the other: how long their request headers took, in ns. */
  List<Long> oneByOne(List<Transcript> transcripts, int exchanges) throws InterruptedException {
    begin(Load.closed(transcripts, 1).withLimit(exchanges));
    await(figures -> figures.ended >= exchanges);
    return finish().first();
  }

  /** Begins so many exchanges on each connection and leaves them in the middle of their bodies. */
  void hold(List<Transcript> transcripts, int exchanges) throws InterruptedException {
    begin(
        Load.closed(transcripts, Math.min(exchanges, 50))
            .withLimit(exchanges)
            .withEndings(random -> Ending.OPEN, 1));
    await(figures -> figures.held >= exchanges * connections.size());
  }

  /** Waits for something, for a minute at most; throws when an exchange fails. */
  void await(Predicate<Figures> condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    Figures figures = figures();
    while (!condition.test(figures)) {
      Checks.that(figures.failed == 0, "no failures: " + figures.failures);
      Checks.that(System.nanoTime() < deadline, "done within a minute");
      TimeUnit.MILLISECONDS.sleep(2);
      figures = figures();
    }
  }

  private Figures ask(Function<Connection, Figures> question) throws InterruptedException {
    Figures sum = new Figures();
    for (Connection connection : connections) {
      sum.add(ask(connection.loop, () -> question.apply(connection)));
    }
    return sum;
  }

  private static <T> T ask(EventLoop loop, Callable<T> question) throws InterruptedException {
    try {
      return loop.submit(question).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Ends the connections and whatever is open on them. */
  @Override
  public void close() {
    for (Connection connection : connections) {
      connection.loop.execute(connection::stop);
      connection.channel.shutdownNow();
    }
    for (Connection connection : connections) {
      try {
        connection.channel.awaitTermination(10, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      Future<?> unused = connection.loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  /** One connection; its state belongs to its thread. */
  private static final class Connection {
    private final EventLoopGroup loops = Transport.loops(1, "envoy");
    private final EventLoop loop = loops.next();
    private final ManagedChannel channel;
    private final Wire.Reply reply = new Wire.Reply();
    private Figures figures = new Figures();
    private Load load = Load.closed(List.of(), 0);
    private Random random = new Random(0);
    private long begun;
    private long pacedSince;
    private boolean stopped = true;

    Connection(Transport transport) {
      channel = transport.channel(loops);
      channel.getState(true);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (channel.getState(true) != ConnectivityState.READY) {
        Checks.that(System.nanoTime() < deadline, "the server takes a connection");
        LockSupport.parkNanos(1_000_000);
      }
    }

    void begin(Load next) {
      figures = new Figures();
      load = next;
      random = new Random(next.seed());
      begun = 0;
      stopped = false;
      for (int i = 0; i < next.streams(); i++) {
        beginExchange();
      }
      if (next.perSecond() > 0) {
        pacedSince = System.nanoTime();
        pace();
      }
    }

    private void pace() {
      if (stopped) {
        return;
      }
      long now = System.nanoTime();
      long due = due();
      while (due <= now) {
        figures.time(Timed.LATE, now - due);
        if (figures.open < MOST_OPEN) {
          beginExchange();
        } else {
          begun++;
          figures.failure("more than " + MOST_OPEN + " exchanges open");
        }
        due = due();
      }
      Future<?> unused = loop.schedule(this::pace, due - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    private long due() {
      return pacedSince + begun * 1_000_000_000L / load.perSecond();
    }

    private void beginExchange() {
      if (stopped || begun >= load.limit()) {
        return;
      }
      Transcript transcript = load.transcripts().get((int) (begun % load.transcripts().size()));
      Ending ending = load.ending().apply(random);
      // Not behind the first message: nobody could say whether the server has seen it.
      int cancelAfter = ending == Ending.CANCEL ? 2 + random.nextInt(Transcript.CHUNKS) : 0;
      begun++;
      new EnvoyStream(
              channel.newCall(Wire.PROCESS, CallOptions.DEFAULT),
              transcript,
              load,
              ending,
              cancelAfter,
              loop,
              figures,
              reply,
              this::ended)
          .begin();
    }

    private void ended() {
      if (load.streams() > 0) {
        beginExchange();
      }
    }

    void stop() {
      stopped = true;
    }

    Figures copy() {
      Figures copy = new Figures();
      copy.add(figures);
      return copy;
    }
  }
}
