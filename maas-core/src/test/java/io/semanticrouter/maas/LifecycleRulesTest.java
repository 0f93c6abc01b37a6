// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Tokens.tokens;
import static io.semanticrouter.maas.Transcripts.complete;
import static io.semanticrouter.maas.Transcripts.none;
import static io.semanticrouter.maas.Transcripts.partial;
import static io.semanticrouter.maas.Wire.concat;
import static io.semanticrouter.maas.Wire.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UnitUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When and how an exchange is settled: rules R26 to R33. */
class LifecycleRulesTest {
  private static final long SEED = Long.getLong("lifecycle.seed", 1);
  private static final List<Format> FORMATS = List.of(Format.values());
  private static final long UNKNOWN = TokenUsage.UNKNOWN;
  private static final Wire CHAT_STREAM = Wire.events(Wire.CHAT);
  private static final String TEXT =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n";
  private static final String FINAL =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}\n\n";

  /** Every way in which an exchange can end. */
  private static List<Consumer<DrivenExchange>> endings() {
    List<Consumer<DrivenExchange>> endings = new ArrayList<>();
    endings.add(DrivenExchange::end);
    endings.add(DrivenExchange::close);
    for (AbortReason reason : AbortReason.values()) {
      endings.add(exchange -> exchange.abort(reason));
    }
    return endings;
  }

  // --- R26: exactly once ---------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r26AnyTwoEndingsSettleOnceAndTheFirstOneCounts(Format format) {
    byte[] part = concat(format.open(), format.delta("a"));
    for (int first = 0; first < endings().size(); first++) {
      for (int second = 0; second < endings().size(); second++) {
        RecordingSink sink = new RecordingSink();
        DrivenExchange exchange = begin(sink, format.stream());
        exchange.response(part, 0, part.length);
        endings().get(first).accept(exchange);
        UsageRecord settled = sink.single();
        endings().get(second).accept(exchange);
        byte[] late = format.close();
        exchange.response(late, 0, late.length);
        assertThat(sink.records()).containsExactly(settled);
        assertThat(exchange.record()).isSameAs(settled);
        assertThat(settled.measurement().status()).isNotEqualTo(Status.COMPLETE);
      }
    }
  }

  @Test
  void r26EndingsThatRaceSettleOnce() throws Exception {
    Random random = new Random(SEED);
    RecordingSink sink = new RecordingSink();
    Wire wire = Format.MESSAGES.stream();
    Metering metering = Metering.builder(wire.config()).sink(sink).build();
    byte[] answer = Format.MESSAGES.answer("a");
    ExecutorService threads = Executors.newFixedThreadPool(2);
    int rounds = 0;
    try {
      CyclicBarrier barrier = new CyclicBarrier(2);
      for (int i = 0; i < 10; i++) {
        for (Consumer<DrivenExchange> first : endings()) {
          for (Consumer<DrivenExchange> second : endings()) {
            DrivenExchange exchange =
                DrivenExchange.of(metering.begin("POST", wire.path(), Headers.EMPTY));
            exchange.respond(200, wire.responseHeaders()::get);
            exchange.response(answer, 0, random.nextInt(answer.length + 1));
            List<Future<?>> racing = new ArrayList<>();
            for (Consumer<DrivenExchange> ending : List.of(first, second)) {
              racing.add(
                  threads.submit(
                      () -> {
                        barrier.await(10, TimeUnit.SECONDS);
                        ending.accept(exchange);
                        return null;
                      }));
            }
            for (Future<?> race : racing) {
              race.get(10, TimeUnit.SECONDS);
            }
            rounds++;
            assertThat(sink.records()).as("seed %d, round %d", SEED, rounds).hasSize(rounds);
          }
        }
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(metering.defects()).isZero();
  }

  // --- R27: final usage is known at once -----------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r27FinalUsageIsKnownWithItsEventAndNoAbortTakesItBack(Format format) {
    for (Consumer<DrivenExchange> ending : endings()) {
      DrivenExchange exchange = format.stream().begin();
      byte[] before = concat(format.open(), format.delta("a"), format.delta("b"));
      exchange.response(before, 0, before.length);
      assertThat(exchange.hasFinalUsage()).isFalse();
      byte[] last = format.close();
      exchange.response(last, 0, last.length);
      assertThat(exchange.hasFinalUsage()).isTrue();
      assertThat(exchange.soFar().usage()).isEqualTo(format.usage());
      ending.accept(exchange);
      assertThat(Objects.requireNonNull(exchange.record()).measurement())
          .isEqualTo(Measurement.of(Status.COMPLETE, Set.of(), format.usage()));
    }
  }

  @ParameterizedTest
  @EnumSource
  void r27CancelAtEveryEventIsCompleteOnlyBehindTheFinalOne(Format format) {
    List<byte[]> events =
        List.of(format.open(), format.delta("a"), format.delta("b"), format.delta("c"));
    byte[] sofar = new byte[0];
    for (byte[] event : events) {
      sofar = concat(sofar, event);
      Measurement m = format.stream().cancelled(sofar);
      assertThat(m.status()).as("%s", m).isIn(Status.PARTIAL, Status.NONE);
      assertThat(m.has(Reason.CANCELLED)).as("%s", m).isTrue();
    }
    Measurement m = format.stream().cancelled(concat(sofar, format.close()));
    assertThat(m).isEqualTo(Measurement.of(Status.COMPLETE, Set.of(), format.usage()));
  }

  // --- R28: disconnected before it -----------------------------------------------------------

  @Test
  void r28LastSnapshotIsWhatTheBackendStated() {
    String running =
        "data: {\"choices\":[{\"index\":0,\"delta\":{}}],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3}}\n\n";
    assertThat(CHAT_STREAM.cancelled(TEXT + running))
        .isEqualTo(partial(tokens(12, 3), Reason.CANCELLED));
    assertThat(CHAT_STREAM.cancelled(TEXT + TEXT)).isEqualTo(none(Reason.CANCELLED));
  }

  private static Wire estimating(Wire wire) {
    return wire.usageConfig("on_disconnect", "estimate", "bytes_per_token", 4);
  }

  @Test
  void r28EstimateCountsEventsAndTakesThePromptFromTheLengthOfTheRequest() {
    Wire wire = estimating(CHAT_STREAM).asking("content-length", "400");
    // 400 bytes / 4 = 100; three events with choices.
    assertThat(wire.cancelled(TEXT + TEXT + TEXT))
        .isEqualTo(
            Measurement.of(Status.ESTIMATED, Set.of(Reason.CANCELLED), tokens(100, 3).usage()));
  }

  @Test
  void r28EstimateWithoutTheLengthOfTheRequestLeavesThePromptUnknown() {
    assertThat(estimating(CHAT_STREAM).cancelled(TEXT + TEXT))
        .isEqualTo(
            Measurement.of(Status.ESTIMATED, Set.of(Reason.CANCELLED), tokens(UNKNOWN, 2).usage()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-400", "x", "", "4e2", "99999999999999999999", "0x190", "400, 400"})
  void r28EstimateTakesNoPromptFromALengthThatIsNone(String length) {
    Measurement m = estimating(CHAT_STREAM).asking("content-length", length).cancelled(TEXT + TEXT);
    assertThat(m)
        .isEqualTo(
            Measurement.of(Status.ESTIMATED, Set.of(Reason.CANCELLED), tokens(UNKNOWN, 2).usage()));
  }

  @Test
  void r28EstimateKeepsThePromptThatTheBackendStated() {
    String start =
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25}}}\n\n";
    byte[] body = concat(utf8(start), Format.MESSAGES.delta("a"), Format.MESSAGES.delta("b"));
    Wire wire = estimating(Format.MESSAGES.stream()).asking("content-length", "4000");
    assertThat(wire.cancelled(body))
        .isEqualTo(
            Measurement.of(Status.ESTIMATED, Set.of(Reason.CANCELLED), tokens(25, 2).usage()));
  }

  @Test
  void r28EstimateNeverReplacesWhatWasMeasured() {
    Wire wire = estimating(CHAT_STREAM).asking("content-length", "400");
    String running =
        "data: {\"choices\":[{\"index\":0,\"delta\":{}}],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":1}}\n\n";
    assertThat(wire.cancelled(TEXT + TEXT + running + TEXT))
        .isEqualTo(partial(tokens(12, 1), Reason.CANCELLED));
    assertThat(wire.cancelled(TEXT + FINAL)).isEqualTo(complete(tokens(12, 8)));
    assertThat(wire.measure(TEXT + TEXT)).isEqualTo(none(Reason.NO_USAGE));
  }

  @ParameterizedTest
  @EnumSource
  void r28EstimateWorksInEveryFormat(Format format) {
    byte[] body = concat(format.open(), format.delta("a"), format.delta("b"), format.delta("c"));
    Measurement m = estimating(format.stream()).asking("content-length", "48").cancelled(body);
    // The output of 1 in Anthropic's start is no running completion.
    assertThat(m)
        .isEqualTo(
            Measurement.of(Status.ESTIMATED, Set.of(Reason.CANCELLED), tokens(12, 3).usage()));
  }

  @Test
  void r28DropBillsNothingOfAStreamThatBrokeOff() {
    Wire wire = CHAT_STREAM.usageConfig("on_disconnect", "drop");
    String running =
        "data: {\"choices\":[{\"index\":0,\"delta\":{}}],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3}}\n\n";
    assertThat(wire.cancelled(running)).isEqualTo(none(Reason.DROPPED, Reason.CANCELLED));
    assertThat(wire.cancelled(TEXT + FINAL)).isEqualTo(complete(tokens(12, 8)));
    assertThat(wire.measure(TEXT + FINAL)).isEqualTo(complete(tokens(12, 8)));
  }

  // --- R30: errors ---------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r30RefusedRequestHasNoUsageWhateverTheBody(Format format) {
    for (int status : new int[] {400, 401, 403, 404, 429, 500, 502, 503, 529}) {
      DrivenExchange exchange =
          DrivenExchange.of(
              Metering.builder(MaasConfig.defaults())
                  .build()
                  .begin("POST", format.json().path(), Headers.EMPTY));
      exchange.respond(status, format.json().responseHeaders()::get);
      byte[] body = utf8(format.document("a", "{}"));
      exchange.response(body, 0, body.length);
      exchange.end();
      UsageRecord record = Objects.requireNonNull(exchange.record());
      assertThat(record.measurement()).isEqualTo(none(Reason.HTTP_ERROR));
      assertThat(record.outcome()).isEqualTo(Outcome.ERROR);
    }
  }

  @Test
  void r30ErrorInsideAStreamKeepsWhatWasSeenAndIsNeverComplete() {
    String error = "data: {\"error\":{\"message\":\"m\",\"code\":500}}\n\n";
    assertThat(CHAT_STREAM.measure(TEXT + TEXT + TEXT + error + "data: [DONE]\n\n"))
        .isEqualTo(none(Reason.IN_BAND_ERROR));
    assertThat(CHAT_STREAM.measure(TEXT + FINAL + error + "data: [DONE]\n\n"))
        .isEqualTo(partial(tokens(12, 8), Reason.IN_BAND_ERROR));
    String anthropic =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n";
    assertThat(
            Format.MESSAGES.stream()
                .measure(
                    concat(Format.MESSAGES.open(), Format.MESSAGES.delta("a"), utf8(anthropic))))
        .isEqualTo(partial(tokens(12, 1), Reason.IN_BAND_ERROR, Reason.NO_TERMINATOR));
  }

  @Test
  void r30ErrorEventOfTheResponsesApiHasNoErrorObject() {
    // ResponseErrorEvent: type, code, message, param, sequence_number.
    byte[] error =
        utf8(
            "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"m\",\"param\":null,\"sequence_number\":2}\n\n");
    assertThat(Format.RESPONSES.stream().measure(concat(Format.RESPONSES.open(), error)))
        .isEqualTo(none(Reason.IN_BAND_ERROR));
  }

  // --- R31: observe only ---------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r31BytesOfTheResponseAreNotChanged(Format format) {
    byte[] body = format.answer("a", "b");
    byte[] copy = body.clone();
    format.stream().record(body, body.length, Wire.random(SEED), null);
    assertThat(body).isEqualTo(copy);
  }

  @Test
  void r31GarbageNeverThrowsAndNeverCountsAsADefect() {
    Random random = new Random(SEED);
    Metering metering = Metering.builder(MaasConfig.defaults()).build();
    for (int i = 0; i < 3000; i++) {
      Format format = FORMATS.get(random.nextInt(FORMATS.size()));
      byte[] body = random.nextBoolean() ? format.answer("a") : utf8(format.document("a", "{}"));
      for (int n = 1 + random.nextInt(4); n > 0; n--) {
        body[random.nextInt(body.length)] = (byte) random.nextInt(256);
      }
      Wire wire =
          List.of(format.stream(), format.json(), format.json().without("content-type"))
              .get(random.nextInt(3));
      DrivenExchange exchange =
          DrivenExchange.of(metering.begin("POST", wire.path(), Headers.EMPTY));
      exchange.respond(200, wire.responseHeaders()::get);
      exchange.response(body, 0, random.nextInt(body.length + 1));
      exchange.end();
      assertThat(exchange.record()).as("seed %d, %d", SEED, i).isNotNull();
      assertThat(metering.defects()).as("seed %d, %d", SEED, i).isZero();
    }
  }

  // --- R32: retries --------------------------------------------------------------------------

  @Test
  void r32EveryExchangeHasAnIdOfItsOwnThatNoClientCanChoose() {
    RecordingSink sink = new RecordingSink();
    Metering metering = Metering.builder(MaasConfig.defaults()).sink(sink).build();
    Metering other = Metering.builder(MaasConfig.defaults()).sink(sink).build();
    Headers headers = FakeHeaders.of("x-request-id", "chosen", "idempotency-key", "chosen");
    for (int i = 0; i < 100; i++) {
      DrivenExchange.of(metering.begin("POST", Wire.CHAT, headers)).end();
      DrivenExchange.of(other.begin("POST", Wire.CHAT, headers)).end();
    }
    Set<String> ids = sink.records().stream().map(UsageRecord::id).collect(Collectors.toSet());
    assertThat(ids).hasSize(200).noneMatch(id -> id.contains("chosen"));
  }

  // --- R33: what is not metered, and what is by the piece ------------------------------------

  @ParameterizedTest
  @CsvSource({
    "POST, /v1/messages/count_tokens",
    "POST, /v1/responses/input_tokens",
    "POST, /v1beta/models/gemini-x:countTokens",
    "POST, /model/claude-b/count-tokens",
    "POST, /tokenize",
    "POST, /detokenize",
    "POST, /v1/batches",
    "POST, /v1/messages/batches",
    "POST, /v1/files",
    "GET, /v1/models",
    "GET, /v1/responses/resp_1",
    "GET, /v1/chat/completions/chatcmpl-1",
  })
  void r33RequestThatUsesNothingIsCountedButNotMetered(String method, String path) {
    for (Format format : Format.values()) {
      DrivenExchange exchange =
          DrivenExchange.of(
              Metering.builder(MaasConfig.defaults()).build().begin(method, path, Headers.EMPTY));
      exchange.respond(200, format.json().responseHeaders()::get);
      assertThat(exchange.wantsResponse()).isFalse();
      byte[] body = utf8(format.document("a", "{}"));
      exchange.response(body, 0, body.length);
      exchange.end();
      assertThat(Objects.requireNonNull(exchange.record()).measurement())
          .isEqualTo(none(Reason.NOT_METERED));
    }
  }

  @Test
  void r33PiecesAreMeteredWithoutTokens() {
    TokenUsage nothing = tokens(UNKNOWN, UNKNOWN).usage();
    Measurement seconds =
        Wire.json(Wire.TRANSCRIPTIONS)
            .measure("{\"text\":\"a\",\"usage\":{\"type\":\"duration\",\"seconds\":0}}");
    assertThat(seconds)
        .isEqualTo(
            Measurement.of(Status.COMPLETE, Set.of(), nothing)
                .withUnits(UnitUsage.builder().audioSeconds(0).build()));
    Measurement images =
        Wire.json(Wire.IMAGES).measure("{\"data\":[{\"data\":[{},{}]},{},{\"url\":\"\"}]}");
    assertThat(images.units()).isEqualTo(Transcripts.images(3));
    assertThat(images.status()).isEqualTo(Status.COMPLETE);
    String searches = "{\"results\":[],\"meta\":{\"billed_units\":{\"search_units\":3}}}";
    assertThat(Wire.json(Wire.RERANK).measure(searches).units())
        .isEqualTo(UnitUsage.builder().searchUnits(3).build());
    String several =
        "data: {\"type\":\"image_generation.completed\",\"usage\":{\"input_tokens\":5,\"output_tokens\":9}}\n\n";
    assertThat(Wire.events(Wire.IMAGES).measure(several + several).units())
        .isEqualTo(Transcripts.images(2));
  }

  private static DrivenExchange begin(RecordingSink sink, Wire wire) {
    DrivenExchange exchange =
        DrivenExchange.of(
            Metering.builder(wire.config())
                .sink(sink)
                .build()
                .begin("POST", wire.path(), wire.requestHeaders()::get));
    exchange.respond(200, wire.responseHeaders()::get);
    return exchange;
  }
}
