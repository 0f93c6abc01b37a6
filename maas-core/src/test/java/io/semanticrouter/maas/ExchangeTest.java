// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExchangeTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final MaasConfig STANDALONE = Wire.measuring(Map.of());
  private static final MaasConfig MAAS =
      MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true)));

  private static final byte[] JSON =
      utf8(
          "{\"model\":\"m\",\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,\"total_tokens\":20}}");
  private static final byte[] RUNNING =
      utf8(
          "data: {\"choices\":[{\"index\":0,\"delta\":{}}],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3}}\n\n");
  private static final byte[] FINAL =
      utf8("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}\n\n");

  private final List<UsageRecord> records = new ArrayList<>();

  // --- exactly once --------------------------------------------------------------------------

  private enum Ending {
    END(null),
    CANCEL(AbortReason.CANCELLED),
    DRAIN(AbortReason.DRAIN),
    CLOSE(AbortReason.ABANDONED);

    private final @Nullable AbortReason reason;

    Ending(@Nullable AbortReason reason) {
      this.reason = reason;
    }

    void apply(DrivenExchange exchange) {
      if (this == END) {
        exchange.end();
      } else if (this == CLOSE) {
        exchange.close();
      } else {
        exchange.abort(Objects.requireNonNull(reason));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void firstEndingSettlesAndAnySecondOneChangesNothing(Ending first) {
    for (Ending second : Ending.values()) {
      records.clear();
      DrivenExchange exchange = begin(STANDALONE);
      exchange.respond(200, headers("content-type", "text/event-stream"));
      exchange.watch(ByteBuffer.wrap(RUNNING));
      assertThat(exchange.record()).isNull();
      first.apply(exchange);
      UsageRecord settled = exchange.record();
      second.apply(exchange);
      exchange.watch(ByteBuffer.wrap(FINAL));
      assertThat(exchange.respond(500, headers())).isEqualTo(HeaderEdits.EMPTY);
      assertThat(exchange.wantsResponse()).isFalse();
      Reason reason = first.reason == null ? Reason.NO_TERMINATOR : first.reason.reason();
      assertThat(records).as("%s, %s", first, second).containsExactly(settled);
      assertThat(exchange.record()).isSameAs(settled);
      assertThat(only().httpStatus()).isEqualTo(200);
      assertThat(only().measurement())
          .isEqualTo(Measurement.of(Status.PARTIAL, Set.of(reason), usage(12, 3)));
    }
  }

  @Test
  void threadsThatRaceToEndAnExchangeSettleItOnce() throws Exception {
    int rounds = 2_000;
    long seed = 42;
    Random random = new Random(seed);
    AtomicInteger delivered = new AtomicInteger();
    Metering metering =
        Metering.builder(STANDALONE).sink(record -> delivered.incrementAndGet()).build();
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      CyclicBarrier barrier = new CyclicBarrier(3);
      for (int round = 1; round <= rounds; round++) {
        DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", CHAT, Headers.EMPTY));
        if (random.nextBoolean()) {
          exchange.respond(200, headers("content-type", "application/json"));
          exchange.watch(ByteBuffer.wrap(JSON));
        }
        List<Future<?>> endings = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          Ending ending = Ending.values()[random.nextInt(Ending.values().length)];
          endings.add(
              threads.submit(
                  () -> {
                    barrier.await(10, TimeUnit.SECONDS);
                    ending.apply(exchange);
                    return null;
                  }));
        }
        for (Future<?> ending : endings) {
          ending.get(10, TimeUnit.SECONDS);
        }
        assertThat(delivered.get()).as("seed %d, round %d", seed, round).isEqualTo(round);
        assertThat(exchange.record()).as("seed %d, round %d", seed, round).isNotNull();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(metering.defects()).isZero();
  }

  // --- where it ends -------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void endingBeforeHeadersIsNoResponse(Ending ending) {
    ending.apply(begin(STANDALONE));
    AbortReason reason = ending.reason == null ? AbortReason.ABANDONED : ending.reason;
    Set<Reason> reasons = EnumSet.of(Reason.NO_RESPONSE, reason.reason());
    assertThat(only().measurement()).isEqualTo(Measurement.of(Status.NONE, reasons, null));
    assertThat(only().httpStatus()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void endingBehindHeadersHasNoUsage(Ending ending) {
    DrivenExchange exchange = begin(STANDALONE);
    exchange.respond(200, headers("content-type", "text/event-stream"));
    assertThat(exchange.wantsResponse()).isTrue();
    assertThat(exchange.soFar().usage()).isNull();
    ending.apply(exchange);
    Reason reason = ending.reason == null ? Reason.NO_USAGE : ending.reason.reason();
    assertThat(only().measurement()).isEqualTo(Measurement.of(Status.NONE, Set.of(reason), null));
  }

  @Test
  void allThatIsKnownSoFarIsWhatEachSaysAlone() {
    DrivenExchange exchange = begin(STANDALONE);
    assertSoFar(exchange);
    exchange.respond(200, headers("content-type", "text/event-stream"));
    assertSoFar(exchange);
    exchange.watch(ByteBuffer.wrap(FINAL));
    assertSoFar(exchange);
    assertThat(exchange.soFar().usage()).isEqualTo(usage(12, 8));
    exchange.end();
    assertSoFar(exchange);
    assertThat(exchange.soFar().model()).isEqualTo(only().model());
    assertThat(exchange.soFar().cost()).isEqualTo(only().cost());
  }

  private static void assertSoFar(DrivenExchange exchange) {
    assertThat(exchange.soFar())
        .isEqualTo(
            new Exchange.SoFar(
                exchange.soFar().model(), exchange.soFar().usage(), exchange.soFar().cost()));
  }

  @ParameterizedTest
  @EnumSource
  void endingBehindTheFinalUsageIsComplete(Ending ending) {
    DrivenExchange exchange = begin(STANDALONE);
    exchange.respond(200, headers("content-type", "text/event-stream"));
    exchange.watch(ByteBuffer.wrap(RUNNING));
    assertThat(exchange.hasFinalUsage()).isFalse();
    assertThat(exchange.soFar().usage()).isEqualTo(usage(12, 3));
    exchange.watch(ByteBuffer.wrap(FINAL));
    assertThat(exchange.hasFinalUsage()).isTrue();
    ending.apply(exchange);
    assertThat(only().measurement())
        .isEqualTo(Measurement.of(Status.COMPLETE, Set.of(), usage(12, 8)));
    assertThat(only().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  void recordCarriesTheTimeOfTheClockAndAnIdOfItsOwn() {
    long[] nanos = {100};
    Metering metering =
        Metering.builder(STANDALONE)
            .sink(records::add)
            .clock(() -> Instant.EPOCH)
            .ticker(() -> nanos[0])
            .instanceId("gateway")
            .build();
    DrivenExchange first = DrivenExchange.of(metering.begin("POST", CHAT + "?x=1", Headers.EMPTY));
    nanos[0] = 350;
    first.end();
    DrivenExchange second = DrivenExchange.of(metering.begin("POST", CHAT, Headers.EMPTY));
    nanos[0] = 0;
    second.end();
    assertThat(records).extracting(UsageRecord::id).containsExactly("gateway-1", "gateway-2");
    assertThat(records)
        .extracting(UsageRecord::duration)
        .containsExactly(Duration.ofNanos(250), Duration.ZERO);
    assertThat(records).extracting(UsageRecord::startedAt).containsOnly(Instant.EPOCH);
  }

  // --- what the headers decide ---------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {100, 301, 304, 400, 401, 429, 500, 503})
  void statusThatIsNoSuccessIsAnHttpErrorWhateverTheBody(int status) {
    UsageRecord record = respond(status, JSON, "content-type", "application/json");
    assertThat(record.measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.HTTP_ERROR), null));
    assertThat(record.outcome()).isEqualTo(Outcome.ERROR);
    assertThat(record.httpStatus()).isEqualTo(status);
  }

  @Test
  void emptySuccessHasNoUsage() {
    assertThat(respond(204, new byte[0]).measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.NO_USAGE), null));
    assertThat(respond(200, new byte[0], "content-type", "application/json").measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.NO_USAGE), null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"HEAD", "GET", "OPTIONS", "DELETE", "get"})
  void methodThatOnlyReadsIsNotMetered(String method) {
    DrivenExchange exchange =
        DrivenExchange.of(metering(STANDALONE).begin(method, CHAT, Headers.EMPTY));
    assertThat(exchange.isMetered()).isFalse();
    assertThat(exchange.respond(200, headers())).isEqualTo(HeaderEdits.EMPTY);
    assertThat(exchange.wantsResponse()).isFalse();
    exchange.watch(ByteBuffer.wrap(JSON));
    exchange.end();
    assertThat(exchange.record()).isNull();
    assertThat(records).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"text/html", "image/png", "audio/mpeg", " Application/PDF;x", "multipart/mixed"})
  void contentTypeOfMediaIsNotRead(String type) {
    assertThat(respond(200, JSON, "content-type", type).measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.CONTENT_TYPE), null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "APPLICATION/JSON; charset=utf-8",
        "application/problem+json",
        "text/plain; charset=utf-8",
        "application/octet-stream",
        "text/event-stream",
        "json",
        ";",
        " ",
        ""
      })
  void contentTypeOfJsonOrThatSaysNothingIsRead(String type) {
    assertThat(respond(200, JSON, "content-type", type).measurement().status())
        .isEqualTo(Status.COMPLETE);
    assertThat(respond(200, FINAL).measurement().status()).isEqualTo(Status.COMPLETE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"br", "zstd", "gzip, br", "gzip, gzip", "x"})
  void encodedBodyThatCannotBeDecodedIsAFailureNotAGuess(String encoding) {
    DrivenExchange exchange = begin(STANDALONE);
    exchange.respond(
        200, headers("content-type", "application/json", "content-encoding", encoding));
    assertThat(exchange.wantsResponse()).isFalse();
    exchange.watch(ByteBuffer.wrap(JSON));
    exchange.end();
    assertThat(only().measurement())
        .isEqualTo(Measurement.of(Status.FAILED, Set.of(Reason.CONTENT_ENCODING), null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"identity", " Identity ", "", " "})
  void encodingIdentityIsNone(String encoding) {
    assertThat(
            respond(200, JSON, "content-type", "application/json", "content-encoding", encoding)
                .measurement()
                .status())
        .isEqualTo(Status.COMPLETE);
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /v1/messages/count_tokens",
    "POST, /v1/responses/input_tokens",
    "POST, /v1beta/models/gemini-x:countTokens?key=k",
    "POST, /tokenize",
    "POST, /v1/batches/",
    "GET, /v1/models",
    "GET, /v1/models/qwen3",
    "GET, /v1/responses/resp_1",
    "GET, /v1/responses/resp_1/input_items",
    "GET, /v1/chat/completions/chatcmpl-1",
  })
  void requestThatUsesNoBillableTokensIsCountedAndNotRead(String method, String path) {
    DrivenExchange exchange =
        DrivenExchange.of(metering(STANDALONE).begin(method, path, Headers.EMPTY));
    exchange.respond(200, headers("content-type", "application/json"));
    assertThat(exchange.wantsResponse()).isFalse();
    exchange.end();
    assertThat(only().measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.NOT_METERED), null));
    assertThat(only().outcome()).isEqualTo(Outcome.NOT_METERED);
  }

  // --- do no harm ----------------------------------------------------------------------------

  /** As a library in another language can: it throws what Java would have to declare. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void sneak(Throwable e) throws E {
    throw (E) e;
  }

  private static Headers throwing(Throwable e) {
    return name -> {
      ExchangeTest.<RuntimeException>sneak(e);
      return null;
    };
  }

  @Test
  void requestHeadersThatThrowGiveTheFallbackIdentity() {
    for (Throwable e : List.of(new IllegalStateException("secret"), new IOException("secret"))) {
      records.clear();
      Metering metering = metering(MAAS);
      DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", CHAT, throwing(e)));
      exchange.end();
      assertThat(metering.defects()).isPositive();
      assertThat(CapturedLog.MESSAGES).noneMatch(message -> message.contains("secret"));
      assertThat(only().identity().user()).isEqualTo("unknown");
      assertThat(exchange.editsUnseen()).isEqualTo(HeaderEdits.EMPTY);
    }
  }

  @Test
  void headerNamesThatThrowLeaveTheIdentityAsItWasRead() {
    Metering metering = metering(MAAS);
    Headers headers =
        new Headers() {
          @Override
          public @Nullable String get(String name) {
            return name.startsWith("x-auth-request-") ? "alice" : null;
          }

          @Override
          public Iterable<String> names() {
            throw new IllegalStateException();
          }
        };
    DrivenExchange.of(metering.begin("POST", CHAT, headers)).end();
    assertThat(metering.defects()).isEqualTo(1);
    assertThat(only().identity().user()).isEqualTo("alice");
  }

  @Test
  void responseHeadersThatThrowMakeTheExchangeFailedNotTheResponse() {
    for (Throwable e : List.of(new IllegalStateException("secret"), new IOException("secret"))) {
      records.clear();
      Metering metering = metering(MAAS);
      DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", CHAT, Headers.EMPTY));
      assertThat(exchange.respond(200, throwing(e))).isEqualTo(HeaderEdits.EMPTY);
      assertThat(exchange.wantsResponse()).isFalse();
      exchange.watch(ByteBuffer.wrap(JSON));
      exchange.end();
      assertThat(metering.defects()).isEqualTo(1);
      assertThat(only().measurement())
          .isEqualTo(Measurement.of(Status.FAILED, Set.of(Reason.INTERNAL_ERROR), null));
    }
  }

  @Test
  void sinkThatThrowsIsCountedAndTheOtherSinksGetTheRecord() {
    for (Throwable e :
        List.of(
            new IllegalStateException(),
            new IOException(),
            new NoClassDefFoundError(),
            new AssertionError(),
            new StackOverflowError())) {
      records.clear();
      Metering metering =
          Metering.builder(STANDALONE)
              .sink(record -> ExchangeTest.<RuntimeException>sneak(e))
              .sink(records::add)
              .build();
      DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", CHAT, Headers.EMPTY));
      assertThatCode(exchange::end).as("%s", e).doesNotThrowAnyException();
      assertThat(metering.sinkFailures()).isEqualTo(1);
      assertThat(records).hasSize(1);
      assertThat(exchange.record()).isSameAs(only());
    }
  }

  @Test
  void arrayBoundsThatAreWrongMakeTheExchangeFailedNotTheResponse() {
    Metering metering = metering(STANDALONE);
    DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", CHAT, Headers.EMPTY));
    exchange.respond(200, headers("content-type", "application/json"));
    exchange.response(JSON, 0, JSON.length + 1);
    exchange.end();
    assertThat(only().measurement().reasons()).isEqualTo(Set.of(Reason.INTERNAL_ERROR));
    assertThat(metering.defects()).isEqualTo(1);
  }

  // --- modes and buffers ---------------------------------------------------------------------

  @Test
  void standaloneChangesNothingAndKnowsNobody() {
    Headers all =
        headers("x-auth-request-user", "alice", "x-vsr-decision", "d", "x-vsr-debug", "1");
    DrivenExchange exchange = DrivenExchange.of(metering(STANDALONE).begin("POST", CHAT, all));
    assertThat(exchange.editsUnseen()).isSameAs(HeaderEdits.EMPTY);
    assertThat(exchange.identity()).isEqualTo(Identity.ANONYMOUS);
    assertThat(exchange.respond(200, all)).isSameAs(HeaderEdits.EMPTY);
    exchange.end();
    assertThat(only().routing().routingDecision()).isEqualTo("d");
  }

  @Test
  void integratedModeReadsTheIdentityAndStripsWhatOnlyARouterMaySay() {
    Headers all =
        headers("x-auth-request-user", "alice", "x-vsr-decision", "d", "x-vsr-debug", "1");
    DrivenExchange exchange = DrivenExchange.of(metering(MAAS).begin("POST", CHAT, all));
    assertThat(exchange.editsUnseen().toRemove()).containsExactly("x-vsr-decision");
    assertThat(exchange.editsUnseen().toSet()).isEqualTo(Map.of("x-vsr-debug", "true"));
    assertThat(exchange.identity())
        .isEqualTo(
            Identity.of("alice", "free")
                .withSources(Identity.Source.HEADER, Identity.Source.ABSENT));
    exchange.respond(
        200, headers("x-vsr-selected-model", "big", "content-type", "application/json"));
    exchange.watch(ByteBuffer.wrap(JSON));
    exchange.end();
    assertThat(only().model()).isEqualTo("big");
    assertThat(only().routing().responseModel()).isEqualTo("m");
  }

  @Test
  void modelNameOfInvalidUtf8StaysWithin256Bytes() {
    byte[] name = new byte[300];
    java.util.Arrays.fill(name, (byte) 0xFF);
    byte[] body = new byte[name.length + 12];
    System.arraycopy(utf8("{\"model\":\""), 0, body, 0, 10);
    System.arraycopy(name, 0, body, 10, name.length);
    System.arraycopy(utf8("\"}"), 0, body, 10 + name.length, 2);
    UsageRecord record = respond(200, body, "content-type", "application/json");
    assertThat(utf8(record.model()).length).isBetween(250, 256);
    assertThat(
            respond(
                    200,
                    utf8("{\"model\":\"a\\u0007\\u009fb\"}"),
                    "content-type",
                    "application/json")
                .model())
        .isEqualTo("a__b");
  }

  @Test
  void everyKindOfBufferIsReadAndLeftAsItWas() {
    byte[] padded = new byte[JSON.length + 20];
    System.arraycopy(JSON, 0, padded, 7, JSON.length);
    ByteBuffer direct = ByteBuffer.allocateDirect(padded.length).put(padded);
    byte[] big =
        utf8(
            "{\"a\":\""
                + "x".repeat(5000)
                + "\","
                + new String(JSON, StandardCharsets.UTF_8).substring(1));
    ByteBuffer bigDirect = ByteBuffer.allocateDirect(big.length).put(big).flip();
    for (ByteBuffer buffer :
        List.of(
            ByteBuffer.wrap(padded, 7, JSON.length),
            ByteBuffer.wrap(padded, 7, JSON.length).slice(),
            ByteBuffer.wrap(padded, 7, JSON.length).asReadOnlyBuffer(),
            direct.limit(7 + JSON.length).position(7),
            direct.slice(),
            bigDirect,
            bigDirect.asReadOnlyBuffer())) {
      records.clear();
      int position = buffer.position();
      int limit = buffer.limit();
      DrivenExchange exchange = begin(STANDALONE);
      exchange.respond(200, headers("content-type", "application/json"));
      exchange.watch(ByteBuffer.allocate(0));
      exchange.watch(buffer);
      exchange.watch(ByteBuffer.allocateDirect(0));
      exchange.end();
      assertThat(Objects.requireNonNull(only().measurement().usage()).prompt()).isEqualTo(12);
      assertThat(buffer.position()).isEqualTo(position);
      assertThat(buffer.limit()).isEqualTo(limit);
    }
  }

  // --- helpers -------------------------------------------------------------------------------

  private Metering metering(MaasConfig config) {
    return Metering.builder(config).sink(records::add).build();
  }

  private DrivenExchange begin(MaasConfig config) {
    return DrivenExchange.of(metering(config).begin("POST", CHAT, Headers.EMPTY));
  }

  private UsageRecord respond(int status, byte[] body, String... headers) {
    records.clear();
    DrivenExchange exchange = begin(STANDALONE);
    exchange.respond(status, headers(headers));
    exchange.watch(ByteBuffer.wrap(body));
    exchange.end();
    return only();
  }

  private UsageRecord only() {
    assertThat(records).hasSize(1);
    return records.get(0);
  }

  private static Headers headers(String... namesAndValues) {
    return name -> {
      String value = null;
      for (int i = 0; i < namesAndValues.length; i += 2) {
        value = namesAndValues[i].equals(name) ? namesAndValues[i + 1] : value;
      }
      return value;
    };
  }

  private static TokenUsage usage(long prompt, long completion) {
    return TokenUsage.of(prompt, completion);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
