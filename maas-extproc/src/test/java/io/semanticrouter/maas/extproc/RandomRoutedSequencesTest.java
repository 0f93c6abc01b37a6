// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.semanticrouter.maas.extproc.minienvoy.Ending;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.GrpcWire;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.MiniEnvoy;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.extproc.minienvoy.Wire;
import io.semanticrouter.maas.internal.edit.RequestSplice;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.testkit.FakeKeeper;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The random sequences of {@link RandomSequencesTest} with a router that routes, answers, keeps and
 * breaks at random. {@code -Dextproc.routed.sequences=N} sets how many legal ones, and a third as
 * many illegal ones come along; {@code -Dmaas.seed=N} repeats a run.
 */
class RandomRoutedSequencesTest {
  private static final int SEQUENCES = Integer.getInteger("extproc.routed.sequences", 20_000);
  private static final Ending[] ENDINGS = {Ending.RESET, Ending.ABORT, Ending.GRACEFUL};

  private final LongAdder records = new LongAdder();
  private final long seed = Long.getLong("maas.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final RandomTraffic traffic = new RandomTraffic(random);
  private final RandomRouter router = new RandomRouter(random);

  private String which(int sequence) {
    return "-Dmaas.seed=" + seed + ", sequence " + sequence;
  }

  private void announce(String what) {
    System.out.println("RandomRoutedSequencesTest " + what + ": -Dmaas.seed=" + seed);
  }

  @Test
  void legalSequenceIsRoutedOrAnsweredOrPassesOnAndIsRecordedOnce() {
    announce("legal");
    long begun = 0;
    long decided = 0;
    long answered = 0;
    long kept = 0;
    try (MeteredEnvoy routing = MeteredEnvoy.routingOnly(record -> records.increment(), router);
        MeteredEnvoy forcing = MeteredEnvoy.routing(record -> records.increment(), router)) {
      for (int i = 0; i < SEQUENCES; i++) {
        boolean forces = random.nextBoolean();
        MeteredEnvoy envoy = forces ? forcing : routing;
        Filter filter = random.nextInt(10) < 7 ? traffic.filter() : traffic.fullDuplex();
        HttpExchange exchange = traffic.exchange();
        boolean whole = random.nextInt(5) >= 2;
        int events = whole ? exchange.length() : random.nextInt(exchange.length());
        Ending ending = ENDINGS[random.nextInt(ENDINGS.length)];
        router.forget();
        Played played =
            MiniEnvoy.beside(envoy.channel(), filter)
                .lagging(random.nextBoolean() ? 0 : random.nextInt(6))
                .play(exchange, events, ending);
        begun += RandomSequencesTest.begun(played.sent());
        decided += router.decisions();
        answered += played.immediate() == null ? 0 : 1;
        kept += router.keepers().stream().filter(keeper -> keeper.body().length > 0).count();
        String wrong = wrong(filter, played, exchange, whole, forces, envoy);
        if (!wrong.isEmpty() || records.sum() != begun) {
          throw new AssertionError(
              String.join(
                  "\n",
                  which(i) + ": " + wrong + ", " + records.sum() + " records of " + begun,
                  filter.toString(),
                  ending + " after " + events + " of " + exchange.events(),
                  played.toString()));
        }
      }
    }
    assertThat(begun).isGreaterThan(SEQUENCES / 2);
    assertThat(decided).isGreaterThan(SEQUENCES / 10);
    assertThat(answered).isGreaterThan(SEQUENCES / 100);
    assertThat(kept).isGreaterThan(SEQUENCES / 100);
  }

  /** What does not hold; empty when all does. */
  private String wrong(
      Filter filter,
      Played played,
      HttpExchange exchange,
      boolean whole,
      boolean forces,
      MeteredEnvoy envoy) {
    if (!played.violations().isEmpty()) {
      return "the protocol is broken";
    }
    if (played.unanswered() > 0 && !played.isCompletedByServer()) {
      return "a message is not answered";
    }
    if (envoy.processor().failures() != 0 || envoy.processor().openStreams() != 0) {
      return "a failure, or a stream that is left over";
    }
    if (!router.keepers().stream().allMatch(FakeKeeper::isCalledInOrder)) {
      return "a keeper: " + router.keepers().stream().map(FakeKeeper::calls).toList();
    }
    if (played.immediate() != null) {
      return router.hasAnswered() ? "" : "an answer of nobody";
    }
    if (whole && !(played.upstream().complete() && played.downstream().complete())) {
      return "not passed on to the end";
    }
    if (!isLeftAlone(filter, played)
        && !isRequest(played.upstream().body(), exchange.request().body(), whole, forces)) {
      return "a request of other bytes";
    }
    ByteString down = played.downstream().body();
    ByteString response = exchange.response().body();
    if (!forces && !(whole ? down.equals(response) : response.startsWith(down))) {
      return "a response of other bytes";
    }
    boolean kept =
        router.keepers().stream()
            .filter(keeper -> isComplete(keeper.measurement()))
            .allMatch(keeper -> ByteString.copyFrom(keeper.body()).equals(down));
    return whole && !kept ? "what is kept is not what the client got" : "";
  }

  /**
   * Whether Envoy has ended the stream with the response while the request went on, as from 1.37
   * on: what the server still held of the request then is lost.
   */
  private static boolean isLeftAlone(Filter filter, Played played) {
    boolean shown = false;
    boolean ended = false;
    for (ProcessingRequest message : played.sent()) {
      shown |= message.hasRequestBody();
      ended |= message.getRequestBody().getEndOfStream() || message.hasRequestTrailers();
    }
    return filter.closesEarly() && shown && !ended;
  }

  private static boolean isComplete(@Nullable Measurement measurement) {
    return measurement != null && measurement.status() == Status.COMPLETE;
  }

  /** As it came or as the router made it, and in either case with usage asked for. */
  private boolean isRequest(ByteString up, ByteString original, boolean whole, boolean forces) {
    List<ByteString> allowed = new ArrayList<>(router.bodies());
    allowed.add(original);
    if (forces) {
      allowed.addAll(allowed.stream().map(RandomRoutedSequencesTest::asking).toList());
    }
    return allowed.stream().anyMatch(body -> whole ? up.equals(body) : body.startsWith(up));
  }

  private static ByteString asking(ByteString request) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RequestSplice splice = new RequestSplice((b, from, to) -> out.write(b, from, to - from), false);
    splice.feed(request.toByteArray(), 0, request.size());
    splice.end();
    return ByteString.copyFrom(out.toByteArray());
  }

  @Test
  void illegalSequenceCrashesNothingAndIsRecordedOncePerExchangeBegun() {
    announce("illegal");
    RandomNoise noise = new RandomNoise(random);
    try (MeteredEnvoy envoy = MeteredEnvoy.routing(record -> records.increment(), router)) {
      for (int i = 0; i < SEQUENCES / 3; i++) {
        List<ProcessingRequest> sent = new ArrayList<>();
        for (int n = random.nextInt(12); n > 0; n--) {
          ProcessingRequest message = noise.message();
          sent.add(random.nextInt(12) == 0 ? Messages.observed(message) : message);
        }
        router.forget();
        long before = records.sum();
        Wire wire = new GrpcWire(envoy.channel());
        sent.forEach(wire::send);
        boolean ended = hasEnded(wire, which(i));
        wire.halfClose();
        wire.reset();
        long heads = MeteredEnvoy.begun(sent.stream().map(RandomSequencesTest::parsed).toList());
        long recorded = records.sum() - before;
        // What comes behind the server's own end of the stream begins nothing any more.
        if (!(ended ? recorded <= heads : recorded == heads)
            || envoy.processor().failures() != 0
            || envoy.processor().openStreams() != 0
            || !router.keepers().stream().allMatch(FakeKeeper::isCalledInOrder)) {
          throw new AssertionError(
              which(i)
                  + ": "
                  + recorded
                  + " records of "
                  + heads
                  + ", "
                  + envoy.processor().failures()
                  + " failures, keepers "
                  + router.keepers().stream().map(FakeKeeper::calls).toList()
                  + ", of "
                  + sent);
        }
      }
    }
  }

  /** Takes all that has come; returns whether the server has ended the stream, and well. */
  private static boolean hasEnded(Wire wire, String which) {
    for (Wire.Arrival arrival = wire.next(Duration.ZERO);
        arrival != null;
        arrival = wire.next(Duration.ZERO)) {
      if (arrival.end() != null) {
        assertThat(arrival.end().isOk()).as("%s: %s", which, arrival.end()).isTrue();
        return true;
      }
    }
    return false;
  }
}
