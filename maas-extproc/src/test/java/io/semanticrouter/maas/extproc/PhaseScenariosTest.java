// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.CHAT;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.ENVOY_YAML;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.SSE;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertBilled;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertPassedOn;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Direction;
import io.semanticrouter.maas.extproc.minienvoy.Ending;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.MiniEnvoy;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testkit.RecordingSink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which phases are shown. The display names are those of Envoy's own integration tests. */
class PhaseScenariosTest {
  private static final Filter BUFFERED = Filter.of(BodySendMode.BUFFERED, BodySendMode.BUFFERED);
  private static final Filter STREAMED = Filter.of(BodySendMode.STREAMED, BodySendMode.STREAMED);

  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy = MeteredEnvoy.metering(sink);

  @AfterEach
  void close() {
    envoy.close();
  }

  private Played passesOn(Filter filter, HttpExchange exchange) {
    Played played = envoy.play(filter, exchange);
    assertPassedOn(played, exchange);
    return played;
  }

  private void complete() {
    assertThat(assertBilled(sink).measurement().status()).isEqualTo(Status.COMPLETE);
  }

  @Test
  @DisplayName("ProcessingModeResponseOnly")
  void responseOfAnUnknownRequestIsPassedOnAndNotRecorded() {
    Filter filter =
        Filter.of(Modes.of(false, BodySendMode.NONE, false, true, BodySendMode.STREAMED, true));
    Played played = passesOn(filter, HttpExchange.of(CHAT, JSON.trailers("a", "b")));
    assertThat(played.sentKinds().get(0)).isEqualTo("RESPONSE_HEADERS");
    assertThat(sink.records()).isEmpty();
  }

  @Test
  @DisplayName("GetBufferedButNoBodies, BufferBodyOverrideGetWithNoResponseBody")
  void exchangeWithoutBodiesIsRecordedWithoutUsage() {
    Played played =
        passesOn(
            BUFFERED,
            HttpExchange.of(
                HttpMessage.request("POST", "/v1/chat/completions"), HttpMessage.response(204)));
    assertThat(played.sentKinds()).containsExactly("REQUEST_HEADERS", "RESPONSE_HEADERS");
    assertThat(sink.single().outcome()).isEqualTo(Outcome.NONE);
    assertThat(sink.single().httpStatus()).isEqualTo(204);
  }

  @Test
  @DisplayName("BufferBodyOverridePostWithEmptyBody, BufferBodyOverrideGetWithEmptyResponseBody")
  void emptyBodiesAreRecordedWithoutUsage() {
    for (Filter filter : new Filter[] {BUFFERED, STREAMED, ENVOY_YAML}) {
      int before = sink.records().size();
      passesOn(
          filter,
          HttpExchange.of(
              MeteredEnvoy.chat(End.EMPTY_CHUNK),
              HttpMessage.response(200, "content-type", "application/json").body(End.EMPTY_CHUNK)));
      assertThat(sink.records()).hasSize(before + 1);
      assertThat(sink.records().get(before).measurement().usage()).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"BUFFERED", "STREAMED"})
  @DisplayName("BufferBodyOverrideGetRequestNoBody, BufferBodyOverrideGetRequestNoBodyStreaming")
  void requestWithoutABodyDoesNotKeepItsResponseFromBeingBilled(String mode) {
    BodySendMode body = BodySendMode.valueOf(mode);
    passesOn(
        Filter.of(body, body),
        HttpExchange.of(
            HttpMessage.request("POST", "/v1/chat/completions", MeteredEnvoy.USER, "alice"), JSON));
    complete();
  }

  @Test
  @DisplayName("SkipHeaderSendTrailerInBufferedMode")
  void responseWithoutItsHeadersIsRecordedWithoutUsage() {
    Filter filter =
        Filter.of(Modes.of(true, BodySendMode.NONE, false, false, BodySendMode.BUFFERED, true));
    passesOn(filter, HttpExchange.of(CHAT, JSON.trailers("a", "b")));
    assertThat(sink.single().measurement().usage()).isNull();
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"STREAMED", "BUFFERED", "BUFFERED_PARTIAL"})
  @DisplayName("NoTrailersOnResponseWithModeSendBodyTrailer")
  void responseThatCouldHaveTrailersAndHasNoneIsComplete(BodySendMode mode) {
    passesOn(Filter.of(BodySendMode.NONE, mode), HttpExchange.of(CHAT, JSON));
    complete();
  }

  @Test
  @DisplayName(
      "NoTrailersOnResponseWithModeSendHeaderTrailer, ClientNoTrailerProcessingModeSendTrailer")
  void trailersWithoutTheirBodyEndAnExchangeWithoutUsage() {
    Filter filter =
        Filter.of(Modes.of(true, BodySendMode.NONE, true, true, BodySendMode.NONE, true));
    for (HttpMessage response : new HttpMessage[] {JSON, JSON.trailers("a", "b")}) {
      int before = sink.records().size();
      passesOn(filter, HttpExchange.of(CHAT, response));
      assertThat(sink.records()).hasSize(before + 1);
      assertThat(sink.records().get(before).measurement().usage()).isNull();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"STREAMED", "BUFFERED", "BUFFERED_PARTIAL"})
  @DisplayName("SendBodyBufferedPartialWithTrailer")
  void trailersBehindABodyCompleteIt(BodySendMode mode) {
    passesOn(
        Filter.of(BodySendMode.NONE, mode),
        HttpExchange.of(CHAT, SSE.trailers("grpc-status", "0")));
    complete();
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"STREAMED", "BUFFERED"})
  @DisplayName("SendHeaderBodyNotSendTrailerTest")
  void trailersThatAreNotShownLeaveTheUsageThatWasSeen(BodySendMode mode) {
    Filter filter = Filter.of(Modes.of(true, BodySendMode.NONE, false, true, mode, false));
    Played played = passesOn(filter, HttpExchange.of(CHAT, SSE.trailers("a", "b")));
    assertThat(played.sent().get(played.sent().size() - 1).getResponseBody().getEndOfStream())
        .isFalse();
    assertBilled(sink);
  }

  @Test
  @DisplayName("SendHeaderBodyNotSendTrailerTest, BUFFERED")
  void bufferedBodyIsWholeAlsoWhereItsTrailersAreNotShown() {
    Filter filter =
        Filter.of(Modes.of(true, BodySendMode.NONE, false, true, BodySendMode.BUFFERED, false));
    HttpExchange exchange = HttpExchange.of(CHAT, JSON.trailers("a", "b"));
    passesOn(filter, exchange);
    complete();
    assertThat(sink.single().measurement().reasons()).isEmpty();
  }

  @Test
  @DisplayName("SendEmptyLastBodyChunk")
  void emptyLastChunkCompletesAnEventStream() {
    Played played = passesOn(ENVOY_YAML, HttpExchange.of(CHAT, SSE));
    assertThat(played.sent().get(played.sent().size() - 1).getResponseBody().getBody().isEmpty())
        .isTrue();
    complete();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 8, 20})
  @DisplayName("ResponseAllDataComesFast, ResponseSomeDataComesFast")
  void bodyThatOvertakesTheReplyToItsHeadersIsBilledAllTheSame(int lag) {
    HttpExchange exchange = HttpExchange.of(CHAT, SSE);
    Played played = MiniEnvoy.beside(envoy.channel(), ENVOY_YAML).lagging(lag).play(exchange);
    envoy.assertKept(played);
    assertPassedOn(played, exchange);
    complete();
  }

  @Test
  @DisplayName("DefaultOrderingAllCallbacksInterleaved")
  void directionsThatInterleaveInAnyWayAreBilled() {
    HttpMessage request = MeteredEnvoy.chat(End.EMPTY_CHUNK, "{\"a\"", ":", "[1,", "2]", "}");
    for (Filter filter : new Filter[] {STREAMED, BUFFERED, ENVOY_YAML}) {
      for (HttpMessage ends : new HttpMessage[] {request, request.trailers("t", "1")}) {
        for (int first = 1; first <= 8; first++) {
          RecordingSink records = new RecordingSink();
          try (MeteredEnvoy one = MeteredEnvoy.metering(records)) {
            HttpExchange exchange = HttpExchange.interleaved(ends, SSE, first);
            assertPassedOn(one.play(filter, exchange), exchange);
            assertThat(assertBilled(records).outcome()).isEqualTo(Outcome.COMPLETE);
          }
        }
      }
    }
  }

  @Test
  @DisplayName("Http10, HeadRequest")
  void headersThatEndTheResponseSettleItAtOnce() {
    Played played =
        envoy.play(
            ENVOY_YAML,
            HttpExchange.of(CHAT, HttpMessage.response(200, "content-type", "application/json")),
            Ending.GRACEFUL);
    assertThat(played.shown(Direction.RESPONSE).isEmpty()).isTrue();
    assertThat(sink.single().measurement().usage()).isNull();
  }
}
