// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.requestBody;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.STREAM_REQUEST;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.chat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.testkit.FakeKeeper;
import io.semanticrouter.maas.testkit.FakeRouter;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages that come when the router has decided already, or while it cannot decide. */
class RoutedStreamTest {
  private static final String CACHED = "{\"model\":\"m\",\"messages\":[\"known\"]}";

  private final RecordingSink sink = new RecordingSink();
  private final FakeKeeper keeper = new FakeKeeper();
  private final MeteredEnvoy metered =
      MeteredEnvoy.routing(sink, new FakeRouter(1000, this::route));
  private final FakeEnvoy envoy = FakeEnvoy.on(metered.channel());

  @AfterEach
  void close() {
    metered.close();
  }

  private RoutedRequest route(RoutableRequest request) {
    return FakeRouter.text(request).contains("known")
        ? RoutedRequest.answered(
            Routing.UNKNOWN,
            RouterReport.of(Result.CACHED),
            new RoutedRequest.Answer(
                200,
                "application/json",
                "{}".getBytes(UTF_8),
                Measurement.of(Status.COMPLETE, Set.of(), TokenUsage.of(7, 5))))
        : RoutedRequest.unchanged(Routing.UNKNOWN, RouterReport.of(Result.DEFAULT))
            .withKeeper(keeper);
  }

  private static ProcessingRequest head(BodySendMode mode, String... headers) {
    return Messages.chat(headers).toBuilder()
        .setProtocolConfig(
            ProtocolConfiguration.newBuilder().setRequestBodyMode(mode).setResponseBodyMode(mode))
        .build();
  }

  private static String echoed(FakeEnvoy.Stream stream) {
    StringBuilder body = new StringBuilder();
    stream
        .replies()
        .forEach(
            reply ->
                body.append(
                    reply
                        .getRequestBody()
                        .getResponse()
                        .getBodyMutation()
                        .getStreamedResponse()
                        .getBody()
                        .toStringUtf8()));
    return body.toString();
  }

  /** Envoy has sent it before it saw the answer; two answers in one frame crash some versions. */
  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"STREAMED", "FULL_DUPLEX_STREAMED"})
  void whatComesBehindALocalAnswerIsNotAnsweredAgain(BodySendMode mode) {
    FakeEnvoy.Stream stream = envoy.open();
    stream.send(
        head(mode, "content-length", String.valueOf(CACHED.length())), requestBody(CACHED, false));
    assertThat(stream.replyKinds()).containsExactly("REQUEST_HEADERS", "IMMEDIATE_RESPONSE");
    stream.send(
        requestBody("", true),
        Messages.requestTrailers(),
        Messages.response(200, "application/json"),
        Messages.body(JSON_ANSWER, true),
        Messages.trailers());
    assertThat(stream.replyKinds()).containsExactly("REQUEST_HEADERS", "IMMEDIATE_RESPONSE");
    stream.halfClose();
    assertThat(sink.single().router().result()).isEqualTo(Result.CACHED);
    assertThat(metered.processor().stats().ends(ExtProcStats.End.LOCAL_ANSWER)).isEqualTo(1);
    assertThat(metered.processor().failures()).isZero();
  }

  @Test
  void nextRequestBehindALocalAnswerIsAnsweredAndRecorded() {
    FakeEnvoy.Stream stream = envoy.open();
    stream.send(head(BodySendMode.STREAMED), requestBody(CACHED, true));
    stream.send(Messages.chat(), requestBody("{\"a\":1}", true));
    assertThat(stream.replyKinds())
        .containsExactly(
            "REQUEST_HEADERS", "IMMEDIATE_RESPONSE", "REQUEST_HEADERS", "REQUEST_BODY");
    stream.cancel();
    assertThat(sink.records()).hasSize(2);
  }

  @Test
  void requestOfAClientThatIsSilentForTooLongGoesOnAsFarAsItIs() {
    FakeEnvoy.Stream stream = envoy.open();
    stream.send(
        head(BodySendMode.FULL_DUPLEX_STREAMED), requestBody(CACHED.substring(0, 9), false));
    assertThat(echoed(stream)).isEmpty();
    metered.processor().settleIdle();
    metered.processor().settleIdle();
    assertThat(echoed(stream)).isEqualTo(CACHED.substring(0, 9));
    stream.send(requestBody(CACHED.substring(9), true));
    assertThat(echoed(stream)).isEqualTo(CACHED);
    assertThat(sink.single().router().result()).isEqualTo(Result.UNSEEN);
    stream.cancel();
    assertThat(metered.processor().failures()).isZero();
  }

  /** The rest has gone on unseen; who got it from the cache would get it cut off. */
  @Test
  void answerOfWhichOnlyAPartMayHaveBeenShownIsNotKept() {
    Filter filter =
        Filter.builder(Modes.of(BodySendMode.BUFFERED, BodySendMode.BUFFERED_PARTIAL))
            .bufferLimit(JSON_ANSWER.length())
            .build();
    metered.play(
        filter,
        HttpExchange.of(
            MeteredEnvoy.CHAT,
            HttpMessage.response(200, "content-type", "application/json")
                .body(End.EMPTY_CHUNK, JSON_ANSWER, "\n")
                .trailers("a", "b")));
    assertThat(sink.single().measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(keeper.calls()).isEqualTo("begin accept abandon");
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"STREAMED", "BUFFERED", "BUFFERED_PARTIAL", "FULL_DUPLEX_STREAMED"})
  void answerThatWasShownToItsEndIsKept(BodySendMode mode) {
    metered.play(
        Filter.of(mode, mode),
        HttpExchange.of(chat(End.LAST_CHUNK, "{\"messages\":[]}"), MeteredEnvoy.JSON));
    assertThat(new String(keeper.body(), UTF_8)).isEqualTo(JSON_ANSWER);
    assertThat(keeper.calls()).endsWith("end");
  }

  /** No override is honoured then, so that its pieces come as they are. */
  @Test
  void usageIsForcedInARequestInPiecesThatCannotBeRoutedBesideAFullDuplexResponse() {
    Filter filter = Filter.of(BodySendMode.STREAMED, BodySendMode.FULL_DUPLEX_STREAMED);
    Played played =
        metered.play(
            filter,
            HttpExchange.of(
                chat(End.LAST_CHUNK, STREAM_REQUEST.substring(0, 9), STREAM_REQUEST.substring(9)),
                MeteredEnvoy.SSE));
    assertThat(played.upstream().body().toStringUtf8()).contains("include_usage");
    assertThat(sink.single().router().result()).isEqualTo(Result.UNSEEN);
  }
}
