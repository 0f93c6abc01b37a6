// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.CHAT;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.ENVOY_YAML;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.SSE;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertBilled;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertPassedOn;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Direction;
import io.semanticrouter.maas.extproc.minienvoy.Ending;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How bodies are shown. The display names are those of Envoy's own integration tests. */
class StreamScenariosTest {
  private static final HttpExchange EXCHANGE = HttpExchange.of(CHAT, SSE);

  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy = MeteredEnvoy.metering(sink);

  @AfterEach
  void close() {
    envoy.close();
  }

  private Played billed(Filter filter, HttpExchange exchange) {
    Played played = envoy.play(filter, exchange);
    assertPassedOn(played, exchange);
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
    return played;
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"NONE", "STREAMED", "BUFFERED", "BUFFERED_PARTIAL"})
  @DisplayName("PostAndProcessStreamedRequestBody, PostAndProcessBufferedRequestBody")
  void requestBodyInAnyModeDoesNotMatterToTheBill(BodySendMode mode) {
    Played played = billed(Filter.of(mode, BodySendMode.STREAMED), EXCHANGE);
    assertThat(played.shown(Direction.REQUEST))
        .isEqualTo(mode == BodySendMode.NONE ? ByteString.EMPTY : CHAT.body());
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"STREAMED", "BUFFERED", "BUFFERED_PARTIAL"})
  @DisplayName("GetAndProcessBufferedResponseBody, GetAndProcessStreamedResponseBody")
  void responseBodyInAnyModeIsBilled(BodySendMode mode) {
    billed(Filter.of(BodySendMode.NONE, mode), EXCHANGE);
  }

  @Test
  @DisplayName("PostAndProcessStreamedRequestBodyPartially")
  void bodyBeyondTheLimitOfABufferIsPassedOnAndRecordedOnce() {
    Filter filter =
        Filter.builder(Modes.of(BodySendMode.BUFFERED_PARTIAL, BodySendMode.BUFFERED_PARTIAL))
            .bufferLimit(100)
            .build();
    Played played = envoy.play(filter, EXCHANGE);
    assertPassedOn(played, EXCHANGE);
    assertThat(played.shown(Direction.RESPONSE).size()).isBetween(100, SSE.body().size() - 1);
    assertThat(sink.records()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("SendBodyBeforeHeaderRespStreamed")
  void bodyThatDoesNotWaitForTheReplyToItsHeadersIsBilled(boolean protocolConfig) {
    Filter filter =
        Filter.builder(Modes.of(BodySendMode.STREAMED, BodySendMode.STREAMED))
            .sendingBodyEarly(true)
            .protocolConfig(protocolConfig)
            .build();
    billed(filter, EXCHANGE);
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"STREAMED", "BUFFERED"})
  @DisplayName("LargeBodyTest")
  void largeBodyIsPassedOnAndItsUsageFound(BodySendMode mode) {
    billed(Filter.of(BodySendMode.NONE, mode), HttpExchange.of(CHAT, large(4 << 20)));
  }

  /** An answer of about so many bytes, in pieces as Envoy reads them. */
  static HttpMessage large(int bytes) {
    String text = Messages.JSON_ANSWER.replace("Four.", "x".repeat(bytes));
    ByteString body = ByteString.copyFromUtf8(text);
    List<ByteString> chunks = new ArrayList<>();
    for (int at = 0; at < body.size(); at += 16 << 10) {
      chunks.add(body.substring(at, Math.min(body.size(), at + (16 << 10))));
    }
    return HttpMessage.response(200, "content-type", "application/json")
        .body(End.EMPTY_CHUNK, chunks);
  }

  @Test
  @DisplayName("GetAndProcessStreamedResponseBody, byte by byte")
  void bodyOfSingleBytesIsBilled() {
    List<ByteString> bytes = new ArrayList<>();
    SSE.body().forEach(b -> bytes.add(ByteString.copyFrom(new byte[] {b})));
    billed(ENVOY_YAML, HttpExchange.of(CHAT, SSE.body(End.EMPTY_CHUNK, bytes)));
  }

  @ParameterizedTest
  @EnumSource(
      value = Ending.class,
      names = {"RESET", "ABORT", "GRACEFUL"})
  @DisplayName("PostAndProcessStreamedRequestBodyObservabilityMode")
  void exchangeThatIsOnlyObservedIsBilledWithoutAReply(Ending ending) {
    Filter filter =
        Filter.builder(Modes.of(BodySendMode.STREAMED, BodySendMode.STREAMED))
            .observing(true)
            .build();
    Played played = envoy.play(filter, EXCHANGE, ending);
    assertThat(played.replies()).isEmpty();
    assertPassedOn(played, EXCHANGE);
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  @DisplayName("TwoExtProcFiltersInRequestProcessing")
  void exchangesOfTwoFiltersInOneChainAreTwoStreams() {
    envoy.play(ENVOY_YAML, HttpExchange.of(CHAT, JSON));
    envoy.play(Filter.of(BodySendMode.NONE, BodySendMode.BUFFERED), HttpExchange.of(CHAT, JSON));
    assertThat(sink.records()).hasSize(2);
    assertThat(sink.records()).allMatch(record -> record.outcome() == Outcome.COMPLETE);
  }
}
