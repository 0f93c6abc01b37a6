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
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How streams begin and end. The display names are those of Envoy's own integration tests. */
class LifecycleScenariosTest {
  private static final HttpExchange EXCHANGE = HttpExchange.of(CHAT, SSE);

  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy = MeteredEnvoy.metering(sink);

  @AfterEach
  void close() {
    envoy.close();
  }

  @Test
  @DisplayName("GetAndCloseStream, ServerHalfClosesAfterHeaders")
  void requestThatIsNotMeteredIsLetGoAndNotRecorded() {
    HttpExchange exchange =
        HttpExchange.of(
            HttpMessage.request("GET", "/healthz"),
            HttpMessage.response(200).body(End.LAST_CHUNK, "fine"));
    Played played = envoy.play(ENVOY_YAML, exchange);
    assertThat(played.sentKinds()).containsExactly("REQUEST_HEADERS");
    assertPassedOn(played, exchange);
    assertThat(sink.records()).isEmpty();
  }

  @Test
  @DisplayName("GetAndCloseStreamOnResponse")
  void responseThatIsNotBillableIsLetGoWithItsHeaders() {
    HttpExchange exchange =
        HttpExchange.of(
            CHAT,
            HttpMessage.response(503, "content-type", "text/plain").body(End.LAST_CHUNK, "busy"));
    Played played = envoy.play(ENVOY_YAML, exchange);
    assertThat(played.shown(Direction.RESPONSE).isEmpty()).isTrue();
    assertPassedOn(played, exchange);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.ERROR);
  }

  @ParameterizedTest
  @EnumSource(
      value = Ending.class,
      names = {"RESET", "ABORT", "GRACEFUL"})
  @DisplayName("OnlyRequestHeadersResetOnServerMessage, OnlyRequestHeadersGracefulClose")
  void exchangeOfWhichOnlyTheRequestHeadersAreShownIsRecordedWithoutUsage(Ending ending) {
    Filter filter =
        Filter.of(Modes.of(true, BodySendMode.NONE, false, false, BodySendMode.NONE, false));
    Played played = envoy.play(filter, EXCHANGE, ending);
    assertThat(played.replyKinds()).containsExactly("REQUEST_HEADERS");
    assertPassedOn(played, EXCHANGE);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.NONE);
    assertThat(sink.single().measurement().has(Reason.NO_RESPONSE)).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Ending.class,
      names = {"RESET", "ABORT", "GRACEFUL"})
  @DisplayName("ServerWaitforEnvoyHalfCloseThenCloseStream")
  void exchangeThatWasSeenWholeIsCompleteHoweverTheStreamEnds(Ending ending) {
    Played played = envoy.play(ENVOY_YAML, EXCHANGE, ending);
    assertPassedOn(played, EXCHANGE);
    UsageRecord record = assertBilled(sink);
    assertThat(record.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(record.measurement().reasons()).isEmpty();
  }

  @Test
  @DisplayName("ext_proc_stream_close_optimization")
  void streamThatEnvoyClosesAsEarlyAsItCanIsBilledWhole() {
    Filter filter =
        Filter.builder(Modes.HEADERS_ONLY)
            .allowing(MeteredEnvoy.ALLOWED)
            .closingEarly(true)
            .build();
    for (HttpMessage response : List.of(SSE, JSON, JSON.trailers("grpc-status", "0"))) {
      RecordingSink records = new RecordingSink();
      try (MeteredEnvoy early = MeteredEnvoy.metering(records)) {
        HttpExchange exchange = HttpExchange.of(CHAT, response);
        assertPassedOn(early.play(filter, exchange), exchange);
        assertThat(assertBilled(records).outcome()).isEqualTo(Outcome.COMPLETE);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Ending.class,
      names = {"RESET", "ABORT", "GRACEFUL"})
  @DisplayName("ResponseMessageTimeoutDownstreamDisconnect")
  void clientThatLeavesAtAnyTimeIsBilledForWhatWasSeen(Ending ending) {
    Filter filter = Filter.of(BodySendMode.STREAMED, BodySendMode.STREAMED);
    for (int events = 0; events <= EXCHANGE.length(); events++) {
      int before = sink.records().size();
      Played played = envoy.play(filter, EXCHANGE, events, ending);
      assertThat(sink.records()).hasSize(before + Math.min(events, 1));
      if (events > 0) {
        UsageRecord record = sink.records().get(before);
        boolean usage = played.shown(Direction.RESPONSE).toStringUtf8().contains("usage");
        assertThat(record.measurement().usage() != null).as("after %d", events).isEqualTo(usage);
      }
    }
  }

  @Test
  @DisplayName("PerRouteDisable")
  void exchangeThatIsNotShownHasNoStreamAndNoRecord() {
    Filter off =
        Filter.of(Modes.of(false, BodySendMode.NONE, false, false, BodySendMode.NONE, false));
    Played played = envoy.play(off, EXCHANGE);
    assertThat(played.sent()).isEmpty();
    assertPassedOn(played, EXCHANGE);
    assertThat(sink.records()).isEmpty();
  }

  @Test
  @DisplayName("RetryOnDifferentHost, internal redirect")
  void secondStreamOfTheSameRequestIsBilledAndTheFirstIsNot() {
    // The first attempt ends before its response; the identity of the request is the same.
    envoy.play(ENVOY_YAML, EXCHANGE, CHAT.chunks().size() + 1, Ending.ABORT);
    envoy.play(ENVOY_YAML, EXCHANGE);
    assertThat(sink.records()).hasSize(2);
    assertThat(sink.records().get(0).measurement().usage()).isNull();
    assertThat(sink.records().get(1).outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(sink.records().get(0).id()).isNotEqualTo(sink.records().get(1).id());
  }

  @Test
  @DisplayName("skip_ext_proc_on_local_reply")
  void localReplyThatIsNotShownLeavesARecordWithoutUsage() {
    Played played = envoy.play(ENVOY_YAML, HttpExchange.unanswered(CHAT), Ending.RESET);
    assertThat(played.upstream().body()).isEqualTo(CHAT.body());
    assertThat(sink.single().measurement().has(Reason.NO_RESPONSE)).isTrue();
  }

  @Test
  @DisplayName("LocalReplyBeforeTheRequestHasEnded")
  void localReplyThatIsShownIsRecordedAsAnError() {
    HttpExchange exchange =
        HttpExchange.interleaved(
            CHAT,
            HttpMessage.response(429, "content-type", "text/plain").body(End.LAST_CHUNK, "slow"),
            1);
    assertPassedOn(envoy.play(ENVOY_YAML, exchange), exchange);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.ERROR);
    assertThat(sink.single().httpStatus()).isEqualTo(429);
  }
}
