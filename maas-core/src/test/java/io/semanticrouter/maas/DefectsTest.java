// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.AnswerKeeper;
import io.semanticrouter.maas.spi.ContentCoding;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever is plugged in throws, wherever it is called: the exchange goes on, its bytes are what
 * they were, one record comes of it, and one defect is counted.
 */
class DefectsTest {
  private static final String REQUEST = "{\"model\":\"m\",\"messages\":[]}";
  private static final String ANSWER =
      "{\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[],"
          + "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,\"total_tokens\":20}}";

  /** Where something that is plugged in is called, and what becomes of the measurement then. */
  private static final Map<String, Outcome> PLACES =
      Map.ofEntries(
          Map.entry("request.get", Outcome.COMPLETE),
          Map.entry("request.count", Outcome.COMPLETE),
          Map.entry("request.names", Outcome.COMPLETE),
          Map.entry("request.mayHave", Outcome.COMPLETE),
          Map.entry("request.hasRoomFor", Outcome.COMPLETE),
          Map.entry("response.get", Outcome.FAILED),
          Map.entry("response.mayHave", Outcome.FAILED),
          Map.entry("response.hasRoomFor", Outcome.FAILED),
          Map.entry("coding.name", Outcome.COMPLETE),
          Map.entry("coding.newDecoder", Outcome.FAILED),
          Map.entry("decoder.setInput", Outcome.FAILED),
          Map.entry("decoder.decode", Outcome.FAILED),
          Map.entry("decoder.remaining", Outcome.FAILED),
          Map.entry("decoder.isFinished", Outcome.FAILED),
          Map.entry("decoder.close", Outcome.FAILED),
          Map.entry("router.routes", Outcome.COMPLETE),
          Map.entry("router.maxBodyBytes", Outcome.COMPLETE),
          Map.entry("router.maxHeldBytes", Outcome.COMPLETE),
          Map.entry("router.headers", Outcome.COMPLETE),
          Map.entry("router.route", Outcome.COMPLETE),
          Map.entry("keeper.begin", Outcome.COMPLETE),
          Map.entry("keeper.accept", Outcome.COMPLETE),
          Map.entry("keeper.end", Outcome.COMPLETE),
          Map.entry("clock.instant", Outcome.COMPLETE),
          Map.entry("clock.nanos", Outcome.COMPLETE));

  private static final List<Supplier<Throwable>> KINDS =
      List.of(
          IllegalStateException::new,
          NullPointerException::new,
          ArrayIndexOutOfBoundsException::new,
          IOException::new,
          TimeoutException::new,
          InterruptedException::new,
          Throwable::new,
          AssertionError::new,
          LinkageError::new,
          NoClassDefFoundError::new,
          UnsatisfiedLinkError::new,
          ExceptionInInitializerError::new,
          StackOverflowError::new,
          () -> new Error("any other") {});

  private static final List<Supplier<Throwable>> FATAL =
      List.of(OutOfMemoryError::new, InternalError::new, ThreadDeath::new);

  private final Trap trap = new Trap();
  private final RecordingSink sink = new RecordingSink();
  private final ByteArrayOutputStream toBackend = new ByteArrayOutputStream();
  private final ByteArrayOutputStream toClient = new ByteArrayOutputStream();
  private final Metering metering = metering();

  /** Throws at one place, once or each time. */
  private static final class Trap {
    private String place = "";
    private @Nullable Throwable thrown;
    private boolean once;
    private int sprung;

    void set(String at, Throwable e, boolean onlyOnce) {
      place = at;
      thrown = e;
      once = onlyOnce;
    }

    void at(String here) {
      if (here.equals(place) && (sprung == 0 || !once)) {
        sprung++;
        DefectsTest.<RuntimeException>sneak(Objects.requireNonNull(thrown));
      }
    }
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <E extends Throwable> void sneak(Throwable e) throws E {
    throw (E) e;
  }

  @AfterEach
  void forgetInterrupt() {
    Thread.interrupted();
  }

  private Metering metering() {
    MaasConfig config =
        MaasConfig.from(
            Map.of(
                "maas_integration",
                Map.of("enabled", true, "metrics", Map.of("internal_cost_calculation", true))));
    return Metering.builder(config)
        .clock(
            () -> {
              trap.at("clock.instant");
              return Instant.EPOCH;
            })
        .ticker(
            () -> {
              trap.at("clock.nanos");
              return 0;
            })
        .codings(List.of(new TrappedCoding()))
        .router(new TrappedRouter())
        .sink(record -> trap.at("sink"))
        .sink(sink)
        .build();
  }

  /** One exchange, as a gateway drives it. */
  private DrivenExchange drive() {
    Headers request =
        new TrappedHeaders(
            "request",
            FakeHeaders.of(
                "x-auth-request-user", "alice",
                "accept-encoding", "x-test, other",
                "content-type", "application/json"));
    Headers response =
        new TrappedHeaders(
            "response",
            FakeHeaders.of(
                "content-type", "application/json",
                "content-encoding", "x-test",
                "x-vsr-selected-model", "m"));
    byte[] asked = REQUEST.getBytes(UTF_8);
    byte[] answer = ANSWER.getBytes(UTF_8);
    DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", Wire.CHAT, request));
    for (int i = 0; i < asked.length; i++) {
      exchange.request(asked, i, 1, toBackend::write);
    }
    exchange.endRequest(toBackend::write);
    exchange.respond(200, response);
    for (int i = 0; i < answer.length; i++) {
      exchange.response(answer, i, 1, toClient::write);
      exchange.hasFinalUsage();
      exchange.soFar();
    }
    exchange.end(toClient::write);
    exchange.end();
    exchange.soFar();
    exchange.close();
    return exchange;
  }

  @Test
  void nothingThrownIsCompleteWithoutADefect() {
    drive();
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(sink.single().identity().user()).isEqualTo("alice");
    assertThat(metering.defects()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whateverIsThrownAnywhereTheExchangeGoesOn(boolean once) {
    PLACES.forEach(
        (place, outcome) -> {
          for (Supplier<Throwable> kind : KINDS) {
            DefectsTest fresh = new DefectsTest();
            Throwable e = kind.get();
            String row = place + " throws " + e.getClass();
            fresh.trap.set(place, e, once);
            DrivenExchange exchange = fresh.drive();
            assertThat(fresh.trap.sprung).as(row).isPositive();
            assertThat(fresh.toBackend.toString(UTF_8)).as(row).isEqualTo(REQUEST);
            assertThat(fresh.toClient.toString(UTF_8)).as(row).isEqualTo(ANSWER);
            UsageRecord record = fresh.sink.single();
            assertThat(exchange.record()).as(row).isSameAs(record);
            if (outcome == Outcome.FAILED) {
              assertThat(record.measurement().reasons())
                  .as(row)
                  .isEqualTo(Set.of(Reason.INTERNAL_ERROR));
            }
            if (once) {
              assertThat(record.outcome()).as(row).isEqualTo(outcome);
              assertThat(fresh.metering.defects()).as(row).isEqualTo(1);
            } else {
              assertThat(fresh.metering.defects()).as(row).isPositive();
            }
            assertThat(Thread.interrupted()).as(row).isEqualTo(e instanceof InterruptedException);
          }
        });
  }

  @Test
  void whatASinkThrowsCostsTheOtherSinksNothing() {
    for (Supplier<Throwable> kind : KINDS) {
      DefectsTest fresh = new DefectsTest();
      Throwable e = kind.get();
      fresh.trap.set("sink", e, true);
      fresh.drive();
      assertThat(fresh.sink.single().outcome()).as("%s", e).isEqualTo(Outcome.COMPLETE);
      assertThat(fresh.metering.sinkFailures()).as("%s", e).isEqualTo(1);
      assertThat(fresh.metering.defects()).as("%s", e).isZero();
    }
  }

  @Test
  void whatEndsTheJvmOrTheThreadGoesOnAndIsNeverTakenForAnAnswerWithoutUsage() {
    for (String place : PLACES.keySet()) {
      for (Supplier<Throwable> kind : FATAL) {
        DefectsTest fresh = new DefectsTest();
        Throwable e = kind.get();
        fresh.trap.set(place, e, true);
        assertThatThrownBy(fresh::drive).as(place).isSameAs(e);
        assertThat(fresh.metering.defects()).as(place).isPositive();
      }
    }
    DefectsTest fresh = new DefectsTest();
    Error e = new OutOfMemoryError();
    fresh.trap.set("sink", e, true);
    assertThatThrownBy(fresh::drive).isSameAs(e);
  }

  @Test
  void exchangeOfWhichTheDecoderRanOutOfMemoryIsFailed() {
    trap.set("decoder.decode", new OutOfMemoryError(), true);
    DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", Wire.CHAT, Headers.EMPTY));
    exchange.respond(
        200, FakeHeaders.of("content-type", "application/json", "content-encoding", "x-test"));
    byte[] answer = ANSWER.getBytes(UTF_8);
    assertThatThrownBy(() -> exchange.response(answer, 0, answer.length))
        .isInstanceOf(OutOfMemoryError.class);
    exchange.abort(AbortReason.CANCELLED);
    assertThat(sink.single().measurement().reasons()).isEqualTo(Set.of(Reason.INTERNAL_ERROR));
  }

  private final class TrappedHeaders implements Headers {
    private final String place;
    private final FakeHeaders headers;

    TrappedHeaders(String place, FakeHeaders headers) {
      this.place = place;
      this.headers = headers;
    }

    @Override
    public @Nullable String get(String lowerCaseName) {
      trap.at(place + ".get");
      return headers.get(lowerCaseName);
    }

    @Override
    public int count(String lowerCaseName) {
      trap.at(place + ".count");
      return headers.count(lowerCaseName);
    }

    @Override
    public Iterable<String> names() {
      trap.at(place + ".names");
      return headers.names();
    }

    @Override
    public boolean mayHave(String lowerCasePrefix) {
      trap.at(place + ".mayHave");
      return true;
    }

    @Override
    public boolean hasRoomFor(int lines, int bytes) {
      trap.at(place + ".hasRoomFor");
      return true;
    }
  }

  /** A coding that changes nothing. */
  private final class TrappedCoding implements ContentCoding {
    @Override
    public String name() {
      trap.at("coding.name");
      return "x-test";
    }

    @Override
    public Decoder newDecoder(int maxWindowBytes) {
      trap.at("coding.newDecoder");
      return new Decoder() {
        private byte[] input = {};
        private int from;
        private int to;

        @Override
        public void setInput(byte[] b, int first, int last) {
          trap.at("decoder.setInput");
          input = b;
          from = first;
          to = last;
        }

        @Override
        public int decode(byte[] out, int first, int last) {
          trap.at("decoder.decode");
          int length = Math.min(to - from, last - first);
          System.arraycopy(input, from, out, first, length);
          from += length;
          return length;
        }

        @Override
        public int remaining() {
          trap.at("decoder.remaining");
          return to - from;
        }

        @Override
        public boolean isFinished() {
          trap.at("decoder.isFinished");
          return true;
        }

        @Override
        public void close() {
          trap.at("decoder.close");
        }
      };
    }
  }

  private final class TrappedRouter implements RequestRouter {
    @Override
    public boolean routes(Operation operation) {
      trap.at("router.routes");
      return true;
    }

    @Override
    public int maxBodyBytes() {
      trap.at("router.maxBodyBytes");
      return 1000;
    }

    @Override
    public long maxHeldBytes() {
      trap.at("router.maxHeldBytes");
      return 1_000_000;
    }

    @Override
    public List<String> headers() {
      trap.at("router.headers");
      return new ArrayList<>(List.of("content-type"));
    }

    @Override
    public RoutedRequest route(RoutableRequest request) {
      trap.at("router.route");
      return RoutedRequest.unchanged(Routing.UNKNOWN, RouterReport.of(RouterReport.Result.ROUTED))
          .withKeeper(new TrappedKeeper());
    }
  }

  private final class TrappedKeeper implements AnswerKeeper {
    @Override
    public boolean begin(int status, Headers headers) {
      trap.at("keeper.begin");
      return true;
    }

    @Override
    public void accept(byte[] bytes, int offset, int length) {
      trap.at("keeper.accept");
    }

    @Override
    public void end(Measurement measurement, String model) {
      trap.at("keeper.end");
    }

    @Override
    public void abandon() {
      trap.at("keeper.abandon");
    }
  }
}
