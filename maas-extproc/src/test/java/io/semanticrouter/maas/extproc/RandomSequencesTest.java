// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.semanticrouter.maas.extproc.minienvoy.Direction;
import io.semanticrouter.maas.extproc.minienvoy.Ending;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.GrpcWire;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.MiniEnvoy;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.extproc.minienvoy.Wire;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random sequences of messages, legal and illegal. They go through real gRPC, in one process and on
 * one thread: that costs some 150 µs a sequence, all in all, and brings its threading and
 * cancellation rules along, which a call of our own making would only repeat as we understand them.
 * Messages cross it as bytes, so that the server's own parser reads them.
 *
 * <p>{@code -Dextproc.sequences=N} sets how many legal ones, and a third as many illegal ones come
 * along; {@code -Dmaas.seed=N} repeats a run.
 */
@Tag("slow")
class RandomSequencesTest {
  private static final String HEAD = "REQUEST_HEADERS";
  private static final String REFUSED = "IMMEDIATE_RESPONSE";

  private static final int SEQUENCES = Integer.getInteger("extproc.sequences", 100_000);
  private static final Ending[] ENDINGS = {Ending.RESET, Ending.ABORT, Ending.GRACEFUL};

  private final LongAdder records = new LongAdder();
  private final long seed = Long.getLong("maas.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final RandomTraffic traffic = new RandomTraffic(random);

  private String which(int sequence) {
    return "-Dmaas.seed=" + seed + ", sequence " + sequence;
  }

  private void announce(String what) {
    System.out.println("RandomSequencesTest " + what + ": -Dmaas.seed=" + seed);
  }

  @Test
  void legalSequenceIsAnsweredInKindAndRecordedOnceAndItsBodiesPassOn() {
    announce("legal");
    playLegal(SEQUENCES / 10 * 7, traffic -> traffic.filter());
  }

  @Test
  void legalSequenceOfFullDuplexBodiesIsGivenBackAndRecordedOnce() {
    announce("full duplex");
    playLegal(SEQUENCES / 10 * 3, traffic -> traffic.fullDuplex());
  }

  private void playLegal(int sequences, Function<RandomTraffic, Filter> filters) {
    long begun = 0;
    try (MeteredEnvoy metering = MeteredEnvoy.metering(record -> records.increment());
        MeteredEnvoy forcing = MeteredEnvoy.forcingUsage(record -> records.increment())) {
      for (int i = 0; i < sequences; i++) {
        boolean forces = random.nextBoolean();
        MeteredEnvoy envoy = forces ? forcing : metering;
        Filter filter = filters.apply(traffic);
        HttpExchange exchange = traffic.exchange();
        int events = random.nextInt(5) < 2 ? random.nextInt(exchange.length()) : exchange.length();
        Ending ending = ENDINGS[random.nextInt(ENDINGS.length)];
        Played played =
            MiniEnvoy.beside(envoy.channel(), filter)
                .lagging(random.nextBoolean() ? 0 : random.nextInt(6))
                .play(exchange, events, ending);
        begun += begun(played.sent());
        if (!played.violations().isEmpty()
            || played.immediate() != null
            || (played.unanswered() > 0 && !played.isCompletedByServer())
            || records.sum() != begun
            || envoy.processor().failures() != 0
            || envoy.processor().openStreams() != 0
            || !isPassedOn(played, exchange, events == exchange.length(), forces)) {
          throw new AssertionError(
              which(i)
                  + ": "
                  + records.sum()
                  + " records of "
                  + begun
                  + "\n"
                  + filter
                  + "\n"
                  + ending
                  + " after "
                  + events
                  + " of "
                  + exchange.events()
                  + "\n"
                  + played);
        }
      }
    }
    assertThat(records.sum()).isEqualTo(begun).isGreaterThan(sequences / 2);
  }

  private static boolean isPassedOn(
      Played played, HttpExchange exchange, boolean whole, boolean forces) {
    ByteString up = played.upstream().body();
    ByteString down = played.downstream().body();
    if (whole && !(played.upstream().complete() && played.downstream().complete())) {
      return false;
    }
    if (!forces) {
      return isPart(up, exchange.request(), whole) && isPart(down, exchange.response(), whole);
    }
    if (!whole
        || played.sent().isEmpty()
        || played.sent().get(0).getObservabilityMode()
        || !isAllShown(played, exchange)) {
      return true;
    }
    PassedOn expected = PassedOn.expected(played.sent());
    // Of what may be shown in part nothing is held back, so that usage can stay in it.
    boolean partly =
        played.sent().get(0).getProtocolConfig().getResponseBodyMode()
            == BodySendMode.BUFFERED_PARTIAL;
    return up.toString(StandardCharsets.ISO_8859_1).equals(expected.request())
        && (partly || down.toString(StandardCharsets.ISO_8859_1).equals(expected.response()));
  }

  private static boolean isPart(ByteString passed, HttpMessage message, boolean whole) {
    return whole ? passed.equals(message.body()) : message.body().startsWith(passed);
  }

  /** A chat of which the server has seen everything that it could edit. */
  private static boolean isAllShown(Played played, HttpExchange exchange) {
    return begun(played.sent()) == 1
        && path(played.sent().get(0)).endsWith("/chat/completions")
        && played.shown(Direction.REQUEST).equals(exchange.request().body())
        && played.shown(Direction.RESPONSE).equals(exchange.response().body());
  }

  static long begun(List<ProcessingRequest> messages) {
    long begun = 0;
    for (ProcessingRequest message : messages) {
      String path = path(message);
      if (path.endsWith("/chat/completions") || path.endsWith("/embeddings")) {
        begun++;
      }
    }
    return begun;
  }

  private static String path(ProcessingRequest message) {
    for (HeaderValue header : message.getRequestHeaders().getHeaders().getHeadersList()) {
      if (header.getKey().equals(":path")) {
        return header.getRawValue().toStringUtf8();
      }
    }
    return "";
  }

  @Test
  void illegalSequenceIsAnsweredInKindAndRecordedOncePerExchangeBegun() {
    announce("illegal");
    RandomNoise noise = new RandomNoise(random);
    try (MeteredEnvoy envoy = MeteredEnvoy.forcingUsage(record -> records.increment())) {
      for (int i = 0; i < SEQUENCES / 3; i++) {
        List<ProcessingRequest> sent = new ArrayList<>();
        for (int n = random.nextInt(12); n > 0; n--) {
          sent.add(noise.message());
        }
        // All, none, or now and then.
        int observed = random.nextInt(12);
        if (observed < 3) {
          sent.replaceAll(
              message ->
                  observed == 0 || (observed == 1 && random.nextBoolean())
                      ? Messages.observed(message)
                      : message);
        }
        playIllegal(envoy, sent, which(i));
      }
    }
  }

  private void playIllegal(MeteredEnvoy envoy, List<ProcessingRequest> sent, String which) {
    long before = records.sum();
    Wire wire = new GrpcWire(envoy.channel());
    sent.forEach(wire::send);
    List<String> replies = new ArrayList<>();
    boolean ended = take(wire, replies, which);
    switch (ENDINGS[random.nextInt(ENDINGS.length)]) {
      case GRACEFUL -> {
        wire.halfClose();
        assertThat(ended || take(wire, replies, which)).as(which).isTrue();
      }
      case RESET -> {
        wire.halfClose();
        wire.reset();
      }
      default -> wire.reset();
    }
    List<ProcessingRequest> read = sent.stream().map(RandomSequencesTest::parsed).toList();
    boolean mixed = read.stream().anyMatch(ProcessingRequest::getObservabilityMode);
    List<String> expected =
        read.stream()
            .filter(message -> !message.getObservabilityMode())
            .map(message -> message.getRequestCase().name())
            .filter(kind -> !kind.equals("REQUEST_NOT_SET"))
            .toList();
    long heads = begun(read);
    long recorded = records.sum() - before;
    boolean answered =
        (mixed || ended) ? isSubsequence(inKind(replies), expected) : isWhole(replies, expected);
    // What comes behind the server's own end of the stream begins nothing any more.
    boolean counted = ended ? recorded <= heads : recorded == heads;
    if (!answered || !counted || envoy.processor().openStreams() != 0) {
      throw new AssertionError(
          which + ": " + recorded + " records of " + heads + ", " + replies + " to " + read);
    }
  }

  /** A request can be refused, whose head is too large for the edits that it needs. */
  private static List<String> inKind(List<String> replies) {
    return replies.stream().map(kind -> kind.equals(REFUSED) ? HEAD : kind).toList();
  }

  /** One reply to each message, but none to those of a request that was refused. */
  private static boolean isWhole(List<String> replies, List<String> expected) {
    int at = 0;
    boolean refused = false;
    for (String kind : expected) {
      if (refused && !kind.equals(HEAD)) {
        continue;
      }
      String reply = at < replies.size() ? replies.get(at++) : "none";
      refused = kind.equals(HEAD) && reply.equals(REFUSED);
      if (!refused && !reply.equals(kind)) {
        return false;
      }
    }
    return at == replies.size();
  }

  /** Takes what has come; returns whether the server has ended the stream. */
  private static boolean take(Wire wire, List<String> replies, String which) {
    for (Wire.Arrival arrival = wire.next(Duration.ZERO);
        arrival != null;
        arrival = wire.next(Duration.ZERO)) {
      if (arrival.end() != null) {
        assertThat(arrival.end().isOk()).as("%s: %s", which, arrival.end()).isTrue();
        return true;
      }
      if (arrival.reply() != null) {
        replies.add(arrival.reply().getResponseCase().name());
      }
    }
    return false;
  }

  /**
   * As a parser of the protocol reads it: a number of a known field can be that field after all.
   */
  static ProcessingRequest parsed(ProcessingRequest message) {
    try {
      return ProcessingRequest.parseFrom(message.toByteString());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("the generator wrote what is no protobuf", e);
    }
  }

  private static boolean isSubsequence(List<String> part, List<String> whole) {
    int at = 0;
    for (String kind : whole) {
      if (at < part.size() && part.get(at).equals(kind)) {
        at++;
      }
    }
    return at == part.size();
  }
}
