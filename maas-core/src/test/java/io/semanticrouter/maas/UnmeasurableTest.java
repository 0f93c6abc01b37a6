// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.Unmeasured;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is billed where the backend's usage is not known, and what is refused instead. */
class UnmeasurableTest {
  private static final long SEED = Long.getLong("unmeasurable.seed", 20_261_129L);
  private static final String CHAT = "/v1/chat/completions";
  private static final String SPEECH = "/v1/audio/speech";
  private static final String TRANSCRIPTION = "/v1/audio/transcriptions";
  private static final String IMAGES = "/v1/images/generations";
  private static final String EVENTS = "text/event-stream";
  private static final String JSON = "application/json";
  private static final String STREAM = "{\"model\":\"m\",\"stream\":true}";
  private static final String TEXT =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
  private static final String DONE = "data: [DONE]\n\n";
  private static final long UNKNOWN = TokenUsage.UNKNOWN;

  private static Metering metering(String... usage) {
    Map<String, Object> section = new HashMap<>();
    for (int i = 0; i < usage.length; i += 2) {
      section.put(usage[i], usage[i + 1]);
    }
    return Metering.builder(
            MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true, "usage", section))))
        .build();
  }

  /** A request of 400 bytes, and its answer. */
  private static DrivenExchange answered(
      Metering metering, String path, @Nullable String type, String body, String... headers) {
    DrivenExchange exchange =
        DrivenExchange.of(
            metering.begin(
                "POST", path, FakeHeaders.of("content-length", "400", "content-type", JSON)));
    FakeHeaders response = FakeHeaders.of(headers);
    if (type != null) {
      response.add("content-type", type);
    }
    exchange.respond(200, response);
    byte[] bytes = body.getBytes(UTF_8);
    exchange.response(bytes, 0, bytes.length);
    return exchange;
  }

  private static UsageRecord ended(DrivenExchange exchange) {
    exchange.end();
    return record(exchange);
  }

  private static UsageRecord record(DrivenExchange exchange) {
    return Objects.requireNonNull(exchange.record());
  }

  private static Measurement estimated(long prompt, long completion, Reason... reasons) {
    return Measurement.of(Status.ESTIMATED, Set.of(reasons), TokenUsage.of(prompt, completion));
  }

  // --- answers without usage -----------------------------------------------------------------

  @Test
  void streamWithoutUsageIsEstimatedByDefaultFromItsRequestAndItsEvents() {
    UsageRecord record = ended(answered(metering(), CHAT, EVENTS, TEXT + TEXT + TEXT + DONE));
    assertThat(record.measurement()).isEqualTo(estimated(100, 3, Reason.NO_USAGE));
    assertThat(record.outcome()).isEqualTo(Outcome.ESTIMATED);
    assertThat(record.unmeasured()).isEqualTo(Unmeasured.UNSEEN);
  }

  /** Bytes of the answer by four, where it has no events. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/chat/completions | application/json | {\"choices\":[{}],\"x\":\"0123\"} | 100 | 1 | NO_USAGE",
        "/v1/chat/completions | application/json | {\"answer\":\"01234567\"} | 100 | 6 | NO_USAGE",
        "/v1/chat/completions | application/json | {\"answer\":\"0123 | 100 | 4 | TRUNCATED",
        "/v1/chat/completions | application/json | not json | 100 | 2 | MALFORMED_JSON",
        "/v1/chat/completions | text/plain | 12345678 | 100 | 2 | CONTENT_TYPE",
        "/v1/chat/completions | text/html | 123456789 | 100 | 3 | CONTENT_TYPE",
        "/v1/completions | application/octet-stream | 1234 | 100 | 1 | CONTENT_TYPE",
        "/v1/audio/transcriptions | text/plain | So it is. | 100 | 3 | CONTENT_TYPE",
        "/v1/audio/translations | text/vtt | WEBVTT 00 | 100 | 3 | CONTENT_TYPE",
        "/v1/audio/transcriptions | application/x-subrip | 1 00:00 | 100 | 2 | CONTENT_TYPE",
        "/v1/messages | text/plain | 1234 | 100 | 1 | CONTENT_TYPE",
        "/v1/responses | application/json | {\"id\":1} | 100 | 2 | NO_USAGE",
        "/v2/chat | application/json | {\"id\":1} | 100 | 2 | NO_USAGE",
        "/v1/embeddings | application/json | {\"data\":[[0.1,0.2,0.3]]} | 100 | 0 | NO_USAGE",
        "/v1/rerank | application/json | {\"results\":[]} | 100 | 0 | NO_USAGE",
        "/v1/embeddings | application/octet-stream | 0123456789 | 100 | 0 | CONTENT_TYPE",
        "/v1/audio/speech | audio/mpeg | 0123456789 | 100 | -1 | CONTENT_TYPE",
        "/v1/audio/speech | audio/wav | 0123456789 | 100 | -1 | CONTENT_TYPE",
        "/v1/images/generations | application/json | {\"created\":1} | 100 | -1 | NO_USAGE",
        "/v1/images/generations | image/png | 0123456789 | 100 | -1 | CONTENT_TYPE",
      })
  void answerWithoutUsageIsEstimated(
      String path, String type, String body, long prompt, long completion, Reason reason) {
    UsageRecord record = ended(answered(metering(), path, type, body));
    assertThat(record.measurement()).isEqualTo(estimated(prompt, completion, reason));
    assertThat(record.unmeasured()).isNotNull();
    UsageRecord passed = ended(answered(metering("unmeasurable", "pass"), path, type, body));
    assertThat(passed.measurement().usage()).as("pass").isNull();
    assertThat(passed.unmeasured()).as("counted").isEqualTo(record.unmeasured());
  }

  @ParameterizedTest
  @ValueSource(strings = {"br", "zstd", "gzip, br", "x"})
  void answerWhoseCodingCannotBeTakenOffIsEstimated(String coding) {
    UsageRecord record =
        ended(answered(metering(), CHAT, JSON, "12345678", "content-encoding", coding));
    assertThat(record.measurement()).isEqualTo(estimated(100, 2, Reason.CONTENT_ENCODING));
    assertThat(record.unmeasured()).isEqualTo(Unmeasured.UNSEEN);
  }

  @Test
  void imagesByThePieceStayMeasured() {
    UsageRecord record = ended(answered(metering(), IMAGES, JSON, "{\"data\":[{\"url\":\"x\"}]}"));
    assertThat(record.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(record.unmeasured()).isNull();
  }

  @Test
  void recordingOfManyBytesIsNoPromptOfAsMany() {
    DrivenExchange exchange =
        DrivenExchange.of(
            metering()
                .begin(
                    "POST",
                    TRANSCRIPTION,
                    FakeHeaders.of(
                        "content-length",
                        "9600000",
                        "content-type",
                        "multipart/form-data; boundary=b")));
    exchange.respond(200, FakeHeaders.of("content-type", "text/plain"));
    exchange.response("So it is".getBytes(UTF_8), 0, 8);
    assertThat(ended(exchange).measurement()).isEqualTo(estimated(UNKNOWN, 2, Reason.CONTENT_TYPE));
  }

  @Test
  void whatCostsNoTokensIsNeverEstimated() {
    Metering metering = metering();
    DrivenExchange counted =
        answered(metering, "/v1/messages/count_tokens", JSON, "{\"input_tokens\":7}");
    assertThat(ended(counted).measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.NOT_METERED), null));
    DrivenExchange refused =
        DrivenExchange.of(metering.begin("POST", CHAT, FakeHeaders.of("content-length", "400")));
    refused.respond(429, FakeHeaders.of("content-type", JSON));
    assertThat(ended(refused).measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.HTTP_ERROR), null));
    assertThat(record(refused).unmeasured()).isNull();
    DrivenExchange error =
        answered(metering, CHAT, EVENTS, "data: {\"error\":{\"message\":\"x\"}}\n\n");
    assertThat(ended(error).measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.IN_BAND_ERROR), null));
    DrivenExchange silent =
        DrivenExchange.of(metering.begin("POST", CHAT, FakeHeaders.of("content-length", "400")));
    silent.end();
    assertThat(record(silent).measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.NO_RESPONSE, Reason.ABANDONED), null));
  }

  @Test
  void whatWasDeliveredBeforeAnErrorIsEstimated() {
    String body = TEXT + TEXT + "data: {\"error\":{\"message\":\"x\"}}\n\n";
    assertThat(ended(answered(metering(), CHAT, EVENTS, body)).measurement())
        .isEqualTo(estimated(100, 2, Reason.IN_BAND_ERROR));
  }

  @Test
  void usageThatWasStatedAndCannotBeReadStaysAFailure() {
    String body =
        "{\"choices\":[{}],\"usage\":{\"prompt_tokens\":\"x\",\"completion_tokens\":\"y\"}}";
    Measurement m = ended(answered(metering(), CHAT, JSON, body)).measurement();
    assertThat(m).isEqualTo(Measurement.of(Status.FAILED, Set.of(Reason.MALFORMED_USAGE), null));
  }

  @Test
  void lengthOfARequestWithoutOneIsThatOfItsBytes() {
    for (String path : List.of(CHAT, "/v1/responses", "/v1/messages")) {
      DrivenExchange exchange =
          DrivenExchange.of(metering().begin("POST", path, FakeHeaders.of("content-type", JSON)));
      assertThat(exchange.wantsRequest()).isTrue();
      byte[] body = "{\"model\":\"m\",\"input\":\"01234567890123\"}".getBytes(UTF_8);
      exchange.request(body, 0, 10, (b, from, length) -> {});
      exchange.request(body, 10, body.length - 10, (b, from, length) -> {});
      exchange.endRequest((b, from, length) -> {});
      exchange.respond(200, FakeHeaders.of("content-type", EVENTS));
      byte[] text = TEXT.getBytes(UTF_8);
      exchange.response(text, 0, text.length);
      assertThat(Objects.requireNonNull(ended(exchange).measurement().usage()).prompt())
          .as(path)
          .isEqualTo((body.length + 3) / 4);
    }
  }

  // --- hanging up ----------------------------------------------------------------------------

  /** Half of the clients have a first usage by then, where the backend states it as it goes. */
  @ParameterizedTest
  @CsvSource({"generic, false", "generic, true", "vllm, true"})
  void hundredClientsThatLeaveInTheMiddleOfAStreamAreBilled(String backend, boolean running) {
    List<UsageRecord> records = new ArrayList<>();
    Random random = new Random(SEED);
    Metering metering = metering("backend", backend);
    for (int i = 0; i < 100; i++) {
      DrivenExchange exchange =
          DrivenExchange.of(metering.begin("POST", CHAT, FakeHeaders.of("content-length", "27")));
      ByteArrayOutputStream sent = new ByteArrayOutputStream();
      exchange.request(STREAM.getBytes(UTF_8), 0, STREAM.length(), sent::write);
      exchange.endRequest(sent::write);
      exchange.respond(200, FakeHeaders.of("content-type", EVENTS));
      int events = 1 + random.nextInt(20);
      for (int event = 1; event <= events; event++) {
        String usage = ",\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":" + event + "}}\n\n";
        byte[] chunk = (running ? TEXT.replace("}\n\n", usage) : TEXT).getBytes(UTF_8);
        exchange.response(chunk, 0, chunk.length, (b, from, length) -> {});
      }
      exchange.abort(AbortReason.CANCELLED);
      UsageRecord record = record(exchange);
      records.add(record);
      TokenUsage usage = Objects.requireNonNull(record.measurement().usage());
      assertThat(usage.prompt()).as("seed %d", SEED).isEqualTo(running ? 9 : 7);
      assertThat(usage.completion()).as("seed %d", SEED).isEqualTo(events);
    }
    assertThat(records)
        .hasSize(100)
        .allMatch(
            record ->
                record.measurement().status() == (running ? Status.PARTIAL : Status.ESTIMATED));
  }

  @Test
  void estimateIsNeverBelowWhatWasStatedLastAndKeepsItsParts() {
    String start =
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":"
            + "{\"input_tokens\":5,\"cache_read_input_tokens\":20,\"output_tokens\":7}}}\n\n";
    String delta =
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{}}\n\n";
    DrivenExchange exchange = answered(metering(), "/v1/messages", EVENTS, start + delta);
    exchange.abort(AbortReason.CANCELLED);
    TokenUsage usage = Objects.requireNonNull(record(exchange).measurement().usage());
    assertThat(record(exchange).measurement().status()).isEqualTo(Status.ESTIMATED);
    assertThat(usage.prompt()).isEqualTo(25);
    assertThat(usage.part(TokenPart.CACHE_READ)).isEqualTo(20);
    assertThat(usage.completion()).isEqualTo(7);
  }

  @Test
  void clientThatLeavesBeforeTheFirstTokenPaysItsPrompt() {
    DrivenExchange exchange = answered(metering(), CHAT, EVENTS, "");
    exchange.abort(AbortReason.CANCELLED);
    assertThat(record(exchange).measurement()).isEqualTo(estimated(100, 0, Reason.CANCELLED));
  }

  @Test
  void documentThatBreaksOffIsEstimatedFromWhatCameOfIt() {
    DrivenExchange exchange = answered(metering(), CHAT, JSON, "{\"id\":\"0123456789");
    exchange.abort(AbortReason.CANCELLED);
    assertThat(record(exchange).measurement()).isEqualTo(estimated(100, 5, Reason.CANCELLED));
  }

  @ParameterizedTest
  @CsvSource({"last-snapshot, NONE", "drop, NONE", "estimate, ESTIMATED"})
  void whatAStreamCostsThatBreaksOffIsForItsOwnPolicyToSay(String policy, Status status) {
    Metering metering = metering("on_disconnect", policy);
    DrivenExchange exchange = answered(metering, CHAT, EVENTS, TEXT);
    exchange.abort(AbortReason.CANCELLED);
    assertThat(record(exchange).measurement().status()).isEqualTo(status);
    assertThat(ended(answered(metering, CHAT, EVENTS, TEXT)).measurement().status())
        .isEqualTo(Status.ESTIMATED);
  }

  // --- refusing ------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1,2] | NOT_JSON",
        "stream=true | NOT_JSON",
        "{\"stream\":true,} | MALFORMED",
        "{\"stream\":true | MALFORMED",
      })
  void bodyThatCannotBeMadeToAskIsRefusedInTheShapeOfTheApi(String body, Unmeasured reason) {
    DrivenExchange exchange =
        DrivenExchange.of(metering("unmeasurable", "refuse").begin("POST", CHAT, FakeHeaders.of()));
    byte[] bytes = body.getBytes(UTF_8);
    exchange.request(bytes, 0, bytes.length, (b, from, length) -> {});
    exchange.endRequest((b, from, length) -> {});
    LocalAnswer answer = Objects.requireNonNull(exchange.answer());
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.headers().toSet()).containsEntry("content-type", "application/json");
    assertThat(new String(answer.body(), UTF_8))
        .startsWith("{\"error\":{\"message\":\"The usage of this request")
        .endsWith(
            "\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"unmeasurable_request\"}}");
    assertThat(record(exchange).unmeasured()).isEqualTo(reason);
    assertThat(record(exchange).measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.UNMEASURABLE), null));
    assertThat(record(exchange).outcome()).isEqualTo(Outcome.NOT_GENERATED);
    assertThat(record(exchange).httpStatus()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"stream\":true}",
        "{\"stream\":\"yes\"}",
        "{\"stream\":false}",
        "{}",
        "{\"Stream\":true}",
        "",
      })
  void whatCanBeMeasuredIsNotRefused(String body) {
    DrivenExchange exchange =
        DrivenExchange.of(metering("unmeasurable", "refuse").begin("POST", CHAT, FakeHeaders.of()));
    byte[] bytes = body.getBytes(UTF_8);
    exchange.request(bytes, 0, bytes.length, (b, from, length) -> {});
    exchange.endRequest((b, from, length) -> {});
    assertThat(exchange.answer()).isNull();
    assertThat(exchange.record()).isNull();
  }

  @Test
  void whatTurnsOutInTheAnswerIsEstimatedWhereRequestsAreRefused() {
    Metering metering = metering("unmeasurable", "refuse");
    assertThat(ended(answered(metering, SPEECH, "audio/mpeg", "x")).measurement())
        .isEqualTo(estimated(100, UNKNOWN, Reason.CONTENT_TYPE));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/chat/completions | {\"error\":{\"message\":",
        "/v1/completions | {\"error\":{\"message\":",
      })
  void headWithoutRoomIsRefusedWith431(String path, String beginning) {
    DrivenExchange exchange =
        DrivenExchange.of(
            metering("unmeasurable", "refuse").begin("POST", path, full("content-length", "27")));
    LocalAnswer answer = Objects.requireNonNull(exchange.refuse());
    assertThat(answer.status()).isEqualTo(431);
    assertThat(new String(answer.body(), UTF_8)).startsWith(beginning);
    assertThat(record(exchange).unmeasured()).isEqualTo(Unmeasured.NO_ROOM);
    assertThat(record(exchange).forcedUsage()).isEqualTo(ForcedUsage.NO_ROOM);
  }

  // --- room in the head ----------------------------------------------------------------------

  /** A head that the gateway takes no change of, unless a line goes. */
  private static Headers full(String... namesAndValues) {
    return limited(FakeHeaders.of(namesAndValues), -2);
  }

  private static Headers limited(FakeHeaders headers, int room) {
    return new Headers() {
      @Override
      public @Nullable String get(String name) {
        return headers.get(name);
      }

      @Override
      public int count(String name) {
        return headers.count(name);
      }

      @Override
      public Iterable<String> names() {
        return headers.names();
      }

      @Override
      public boolean hasRoomFor(int lines, int bytes) {
        return lines <= room;
      }
    };
  }

  /**
   * The length goes, so that one line too many is none; a coding that is replaced counts nothing.
   */
  @ParameterizedTest
  @CsvSource({"0, true, UNSEEN", "-1, true, UNSEEN", "-2, false, NO_ROOM"})
  void requestIsEditedAsFarAsThereIsRoom(int room, boolean edited, ForcedUsage forced) {
    FakeHeaders head = FakeHeaders.of("content-length", "27", "accept-encoding", "br");
    DrivenExchange exchange =
        DrivenExchange.of(metering().begin("POST", CHAT, limited(head, room)));
    assertThat(exchange.wantsRequest()).isEqualTo(edited);
    assertThat(exchange.edits().isEmpty()).isEqualTo(!edited);
    exchange.respond(200, FakeHeaders.of("content-type", EVENTS));
    exchange.response(TEXT.getBytes(UTF_8), 0, TEXT.length());
    UsageRecord record = ended(exchange);
    assertThat(record.forcedUsage()).isEqualTo(forced);
    assertThat(record.measurement()).isEqualTo(estimated(7, 1, Reason.NO_USAGE));
  }

  @Test
  void requestWithoutAnythingToEditInItsHeadIsAskedAllTheSame() {
    DrivenExchange exchange =
        DrivenExchange.of(metering().begin("POST", CHAT, full("accept-encoding", "identity")));
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    exchange.request(STREAM.getBytes(UTF_8), 0, STREAM.length(), sent::write);
    exchange.endRequest(sent::write);
    assertThat(exchange.edits()).isEqualTo(HeaderEdits.EMPTY);
    assertThat(sent.toString(UTF_8)).contains("include_usage");
  }

  @Test
  void headersThatSteerARouterDoNotPassWhereThereIsNoRoomToRemoveThem() {
    DrivenExchange exchange =
        DrivenExchange.of(metering().begin("POST", CHAT, full("x-vsr-skip-processing", "true")));
    assertThat(Objects.requireNonNull(exchange.refuse()).status()).isEqualTo(431);
    assertThat(record(exchange).unmeasured()).isNotNull();
  }

  @ParameterizedTest
  @CsvSource({"0, true", "-1, true", "-2, false"})
  void responseIsEditedAsFarAsThereIsRoom(int room, boolean stripped) {
    DrivenExchange exchange = DrivenExchange.of(metering().begin("POST", CHAT, FakeHeaders.of()));
    exchange.request(STREAM.getBytes(UTF_8), 0, STREAM.length(), (b, from, length) -> {});
    exchange.endRequest((b, from, length) -> {});
    FakeHeaders head = FakeHeaders.of("content-type", EVENTS, "content-length", "400");
    HeaderEdits edits = exchange.respond(200, limited(head, room));
    assertThat(edits.toRemove().contains("content-length")).isEqualTo(stripped);
    assertThat(exchange.editsResponse()).isEqualTo(stripped);
  }
}
