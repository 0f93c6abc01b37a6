// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.CHAT;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.SSE;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.STREAM_REQUEST;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertBilled;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertPassedOn;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.chat;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Ending;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.MiniEnvoy;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bodies that only the server has: it gives them back piece by piece. The display names are those
 * of Envoy's own integration tests.
 */
class FullDuplexScenariosTest {
  private static final BodySendMode DUPLEX = BodySendMode.FULL_DUPLEX_STREAMED;
  private static final Filter RESPONSE = Filter.of(BodySendMode.NONE, DUPLEX);
  private static final Filter BOTH = Filter.of(DUPLEX, DUPLEX);

  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy = MeteredEnvoy.metering(sink);
  private final MeteredEnvoy forcing = MeteredEnvoy.forcingUsage(sink);

  @AfterEach
  void close() {
    envoy.close();
    forcing.close();
  }

  private void billed(Filter filter, HttpExchange exchange) {
    assertPassedOn(envoy.play(filter, exchange), exchange);
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  @DisplayName("DuplexStreamedInBothDirection")
  void bothBodiesAreGivenBack() {
    billed(BOTH, HttpExchange.of(CHAT, SSE));
  }

  @Test
  @DisplayName("DuplexStreamedInBothDirection, with trailers")
  void trailersEndBodiesThatAreGivenBack() {
    billed(BOTH, HttpExchange.of(CHAT.trailers("a", "b"), SSE.trailers("c", "d")));
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"NONE", "STREAMED", "BUFFERED", "BUFFERED_PARTIAL"})
  @DisplayName("ServerWaitForBodyBeforeSendsHeaderRespDuplexStreamed")
  void eachDirectionHasItsOwnMode(BodySendMode other) {
    billed(Filter.of(other, DUPLEX), HttpExchange.of(CHAT, JSON));
    HttpExchange exchange = HttpExchange.of(CHAT, JSON);
    assertPassedOn(envoy.play(Filter.of(DUPLEX, other), exchange), exchange);
    assertThat(sink.records()).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {(64 << 10) - 1, 64 << 10, (64 << 10) + 1, 1 << 20})
  @DisplayName("LargeBodyTestDuplexStreamed")
  void chunkThatIsTooLargeForOneReplyComesBackInPieces(int bytes) {
    HttpMessage response =
        JSON.body(
            End.LAST_CHUNK,
            List.of(
                ByteString.copyFromUtf8(Messages.JSON_ANSWER.replace("Four.", "x".repeat(bytes)))));
    billed(RESPONSE, HttpExchange.of(CHAT, response));
  }

  @Test
  @DisplayName("LargeBodyTestDuplexStreamed, in chunks")
  void largeBodyComesBackWhole() {
    billed(RESPONSE, HttpExchange.of(CHAT, StreamScenariosTest.large(4 << 20)));
  }

  @Test
  @DisplayName("KeepContentLengthDuplexStreamed")
  void bodyOfARequestThatIsNotMeteredIsGivenBackToo() {
    HttpExchange exchange =
        HttpExchange.of(
            HttpMessage.request("DELETE", "/other").body(End.EMPTY_CHUNK, "one", "two"), SSE);
    assertPassedOn(envoy.play(BOTH, exchange), exchange);
    assertThat(sink.records()).isEmpty();
  }

  @Test
  @DisplayName("GetAndFailStreamDuplexStreamed")
  void bodyOfAnErrorIsGivenBack() {
    HttpExchange exchange =
        HttpExchange.of(
            CHAT, HttpMessage.response(500, "content-type", "text/plain").body(End.NEVER, "no"));
    Played played = envoy.play(RESPONSE, exchange);
    assertThat(played.downstream().body().toStringUtf8()).isEqualTo("no");
    assertThat(sink.single().outcome()).isEqualTo(Outcome.ERROR);
  }

  @Test
  @DisplayName("ProcessingModeResponseOnly, FULL_DUPLEX_STREAMED")
  void bodyOfAnUnknownRequestIsGivenBack() {
    Filter filter = Filter.of(Modes.of(false, BodySendMode.NONE, false, true, DUPLEX, true));
    HttpExchange exchange = HttpExchange.of(CHAT, SSE);
    assertPassedOn(envoy.play(filter, exchange), exchange);
    assertThat(sink.records()).isEmpty();
    Filter bodies = Filter.of(Modes.of(false, DUPLEX, true, false, DUPLEX, true));
    assertPassedOn(envoy.play(bodies, exchange), exchange);
    assertThat(sink.records()).isEmpty();
  }

  @Test
  @DisplayName("SendEmptyLastBodyChunk, FULL_DUPLEX_STREAMED")
  void emptyBodyIsEndedOnce() {
    HttpExchange exchange =
        HttpExchange.of(
            chat(End.EMPTY_CHUNK),
            HttpMessage.response(200, "content-type", "application/json").body(End.EMPTY_CHUNK));
    assertPassedOn(envoy.play(BOTH, exchange), exchange);
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  @DisplayName("DuplexStreamedInBothDirection, with edits")
  void forcedUsageEditsWhatIsGivenBack() {
    for (HttpMessage request :
        List.of(
            chat(End.LAST_CHUNK, STREAM_REQUEST),
            chat(End.EMPTY_CHUNK, "{\"model\":\"m\",\"str", "eam\":true", "}"),
            chat(End.LAST_CHUNK, STREAM_REQUEST).trailers("a", "b"))) {
      RecordingSink records = new RecordingSink();
      try (MeteredEnvoy one = MeteredEnvoy.forcingUsage(records)) {
        Played played = one.play(BOTH, HttpExchange.of(request, SSE));
        assertThat(played.upstream().body().toStringUtf8())
            .isEqualTo(
                "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
        assertThat(played.downstream().body().toStringUtf8())
            .isEqualTo(
                Messages.SSE_ANSWER.get(0)
                    + Messages.SSE_ANSWER.get(1)
                    + Messages.SSE_ANSWER.get(3));
        assertThat(played.downstream().complete()).isTrue();
        assertThat(assertBilled(records).outcome()).isEqualTo(Outcome.COMPLETE);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 8})
  @DisplayName("ServerSendOutOfOrderResponseDuplexStreamed")
  void repliesThatAreLateChangeNothing(int lag) {
    HttpExchange exchange = HttpExchange.interleaved(CHAT, SSE, 2);
    Played played = MiniEnvoy.beside(envoy.channel(), BOTH).lagging(lag).play(exchange);
    envoy.assertKept(played);
    assertPassedOn(played, exchange);
    assertBilled(sink);
  }

  @ParameterizedTest
  @EnumSource(
      value = Ending.class,
      names = {"RESET", "ABORT", "GRACEFUL"})
  @DisplayName("FullDuplexFailOpen, client leaves")
  void clientThatLeavesAtAnyTimeIsRecordedOnce(Ending ending) {
    HttpExchange exchange = HttpExchange.of(CHAT, SSE);
    for (int events = 1; events <= exchange.length(); events++) {
      envoy.play(BOTH, exchange, events, ending);
      assertThat(sink.records()).hasSize(events);
    }
  }

  @Test
  @DisplayName("ext_proc_stream_close_optimization, FULL_DUPLEX_STREAMED")
  void streamThatEnvoyClosesAsEarlyAsItCanIsBilledWhole() {
    billed(
        Filter.builder(Modes.of(DUPLEX, DUPLEX)).closingEarly(true).build(),
        HttpExchange.of(CHAT, SSE));
  }
}
