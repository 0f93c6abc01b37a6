// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeRouter;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a record says beside user, model and usage. */
class RecordFactsTest {
  private static final BodySink NOWHERE = (bytes, offset, length) -> {};
  private static final Instant START = Instant.parse("2026-11-30T01:23:45.123456Z");
  private static final byte[] STREAM =
      Wire.utf8("{\"stream\":true,\"model\":\"auto\",\"messages\":[]}");
  private static final byte[] DOCUMENT =
      Wire.utf8("{\"model\":\"qwen3\",\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}");

  private final List<UsageRecord> records = new ArrayList<>();
  private long nanos = 1_000_000;

  private Metering.Builder builder() {
    return Metering.builder(Wire.measuring(Map.of("enabled", true)))
        .clock(InstantSource.fixed(START))
        .ticker(() -> nanos)
        .sink(records::add);
  }

  private static DrivenExchange begin(Metering metering, String path, Headers headers) {
    return DrivenExchange.of(metering.begin("POST", path, headers));
  }

  private UsageRecord answered(DrivenExchange exchange) {
    exchange.respond(200, Map.of("content-type", "application/json")::get);
    exchange.response(DOCUMENT, 0, DOCUMENT.length);
    exchange.end();
    return records.get(records.size() - 1);
  }

  @Test
  void requestIdIsWhatTheHeaderSays() {
    Headers headers = Map.of("x-request-id", "5c1e0f6a-0000")::get;
    assertThat(answered(begin(builder().build(), Wire.CHAT, headers)).requestId())
        .isEqualTo("5c1e0f6a-0000");
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "a\nb", "\uFFFD"})
  void requestIdThatIsNoTextIsNone(String value) {
    Headers headers = name -> name.equals("x-request-id") ? value : null;
    assertThat(answered(begin(builder().build(), Wire.CHAT, headers)).requestId()).isNull();
  }

  @Test
  void requestIdThatIsTooLongIsNone() {
    Headers headers = Map.of("x-request-id", "x".repeat(257))::get;
    assertThat(answered(begin(builder().build(), Wire.CHAT, headers)).requestId()).isNull();
  }

  @Test
  void requestedModelIsTheOneOfTheBody() {
    DrivenExchange exchange = begin(builder().build(), Wire.CHAT, Headers.EMPTY);
    exchange.request(STREAM, 0, STREAM.length, NOWHERE);
    exchange.endRequest(NOWHERE);
    Routing routing = answered(exchange).routing();
    assertThat(routing)
        .hasToString("Routing[requestedModel=auto, responseModel=qwen3]")
        .matches(facts -> !facts.isKnown());
  }

  @Test
  void requestedModelIsTheOneOfThePathWhereBodiesNameNone() {
    assertThat(answered(begin(builder().build(), Wire.INVOKE, Headers.EMPTY)).routing())
        .extracting(Routing::requestedModel)
        .isEqualTo("claude-b");
  }

  @Test
  void requestedModelIsTheOneBeforeTheRouterChoseAnother() {
    Metering metering =
        builder()
            .router(
                new FakeRouter(
                    1024,
                    request ->
                        RoutedRequest.edited(
                            Routing.builder()
                                .requestedModel("au\nto")
                                .selectedModel("maths")
                                .build(),
                            RouterReport.of(Result.ROUTED),
                            Wire.utf8("{\"stream\":true,\"model\":\"maths\",\"messages\":[]}"))))
            .build();
    DrivenExchange exchange =
        begin(metering, Wire.CHAT, Map.of("content-type", "application/json")::get);
    exchange.request(STREAM, 0, STREAM.length, NOWHERE);
    exchange.endRequest(NOWHERE);
    assertThat(answered(exchange).routing())
        .hasToString("Routing[requestedModel=au_to, selectedModel=maths, responseModel=qwen3]");
  }

  @Test
  void requestedModelOfABodyThatNobodySawIsNotKnown() {
    assertThat(answered(begin(builder().build(), Wire.CHAT, Headers.EMPTY)).routing())
        .extracting(Routing::requestedModel)
        .isNull();
  }

  @Test
  void firstByteIsThatOfTheBodyThatTheClientGets() {
    DrivenExchange exchange = begin(builder().build(), Wire.CHAT, Headers.EMPTY);
    exchange.respond(503, name -> null);
    nanos += 1_000;
    exchange.response(DOCUMENT, 0, 1);
    exchange.respond(200, Map.of("content-type", "application/json")::get);
    nanos += 2_000;
    exchange.response(DOCUMENT, 0, 0);
    nanos += 4_000;
    exchange.response(DOCUMENT, 0, 3);
    nanos += 8_000;
    exchange.response(DOCUMENT, 3, DOCUMENT.length - 3);
    exchange.end();
    UsageRecord record = records.get(0);
    assertThat(record.startedAt()).isEqualTo(START);
    assertThat(record.timeToFirstByte()).isEqualTo(Duration.ofNanos(7_000));
    assertThat(record.duration()).isEqualTo(Duration.ofNanos(15_000));
    assertThat(record.streamed()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"text/event-stream", "text/plain", "application/json"})
  void answerOfEventsIsAStreamWhateverItIsCalled(String label) {
    DrivenExchange exchange = begin(builder().build(), Wire.CHAT, Headers.EMPTY);
    exchange.respond(200, Map.of("content-type", label)::get);
    byte[] event = Wire.utf8("data: {\"model\":\"m\"}\n\ndata: [DONE]\n\n");
    exchange.response(event, 0, event.length);
    exchange.end();
    assertThat(records.get(0).streamed()).isTrue();
  }

  @Test
  void exchangeWithoutABodyHasNoFirstByte() {
    DrivenExchange exchange = begin(builder().build(), Wire.CHAT, Headers.EMPTY);
    exchange.respond(200, Map.of("content-type", "application/json")::get);
    exchange.end();
    assertThat(records.get(0).timeToFirstByte()).isNull();
  }

  @Test
  void whatEndedAnExchangeIsSaidAlsoWhenItsUsageIsKnown() {
    DrivenExchange exchange = begin(builder().build(), Wire.CHAT, Headers.EMPTY);
    exchange.respond(200, Map.of("content-type", "application/json")::get);
    exchange.response(DOCUMENT, 0, DOCUMENT.length);
    exchange.abort(AbortReason.IDLE_TIMEOUT);
    assertThat(records.get(0).abortReason()).isEqualTo(AbortReason.IDLE_TIMEOUT);
    assertThat(answered(begin(builder().build(), Wire.CHAT, Headers.EMPTY)).abortReason()).isNull();
  }
}
