// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.ALLOWED;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.ENVOY_YAML;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.chat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.spi.RoutableRequest;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.testkit.FakeRouter;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The embedded router behind every configuration of the filter: it routes, or all bytes go on. */
class RoutedRequestScenariosTest {
  private static final String HEAD = "{\"model\":\"gpt-4\",";
  private static final String TAIL = "\"messages\":[]}";
  private static final String ROUTED = "{\"model\":\"qwen3\",\"messages\":[]}";
  private static final Routing MATH =
      Routing.builder()
          .selectedModel("qwen3")
          .routingDecision("math")
          .category("math")
          .reasoning(false)
          .cacheHit(false)
          .systemPromptInjected(false)
          .build();

  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy =
      MeteredEnvoy.routing(sink, new FakeRouter(1000, RoutedRequestScenariosTest::route));

  @AfterEach
  void close() {
    envoy.close();
  }

  private static RoutedRequest route(RoutableRequest request) {
    String body = FakeRouter.text(request);
    if (body.contains("forbidden")) {
      return RoutedRequest.answered(
          MATH,
          RouterReport.of(Result.BLOCKED),
          new RoutedRequest.Answer(
              403,
              "application/json",
              "{\"error\":{}}".getBytes(UTF_8),
              Measurement.of(Status.NONE, EnumSet.of(Reason.HTTP_ERROR, Reason.BLOCKED), null)));
    }
    return RoutedRequest.edited(
        MATH, RouterReport.of(Result.ROUTED), body.replace("gpt-4", "qwen3").getBytes(UTF_8));
  }

  private Result result() {
    return sink.single().router().result();
  }

  private static List<Filter> routingFilters() {
    return List.of(
        ENVOY_YAML,
        Filter.builder(Modes.HEADERS_ONLY).allowing(List.of()).build(),
        Filter.of(BodySendMode.BUFFERED, BodySendMode.NONE),
        Filter.of(BodySendMode.BUFFERED, BodySendMode.BUFFERED),
        Filter.of(BodySendMode.BUFFERED_PARTIAL, BodySendMode.STREAMED),
        Filter.builder(Modes.of(BodySendMode.STREAMED, BodySendMode.STREAMED))
            .allowing(ALLOWED)
            .build(),
        Filter.of(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.FULL_DUPLEX_STREAMED));
  }

  @ParameterizedTest
  @MethodSource("routingFilters")
  void requestInPiecesIsRoutedWhereAllOfItCanBeHeldBack(Filter filter) {
    HttpExchange exchange = HttpExchange.of(chat(End.LAST_CHUNK, HEAD, TAIL), JSON);
    Played played = envoy.play(filter, exchange);
    assertThat(played.upstream().body().toStringUtf8()).isEqualTo(ROUTED);
    assertThat(played.upstream().complete()).isTrue();
    assertThat(played.downstream().body()).isEqualTo(exchange.response().body());
    assertThat(result()).isEqualTo(Result.ROUTED);
    assertThat(sink.single().model()).isEqualTo("qwen3");
    assertThat(played.downstream().header("x-vsr-model-selected")).isEqualTo("qwen3");
    assertThat(played.downstream().header("x-vsr-decision")).isEqualTo("math");
    if (filter.mode().getResponseBodyMode() != BodySendMode.NONE || filter.allowsOverride()) {
      assertThat(sink.single().measurement().status()).isEqualTo(Status.COMPLETE);
    }
  }

  @Test
  void streamedRequestOfOnePieceIsRoutedAndOneOfSeveralGoesOnAsItIs() {
    Filter filter = Filter.of(BodySendMode.STREAMED, BodySendMode.STREAMED);
    Played whole = envoy.play(filter, HttpExchange.of(chat(End.LAST_CHUNK, HEAD + TAIL), JSON));
    assertThat(whole.upstream().body().toStringUtf8()).isEqualTo(ROUTED);
    Played stated = envoy.play(filter, HttpExchange.of(chat(End.EMPTY_CHUNK, HEAD + TAIL), JSON));
    assertThat(stated.upstream().body().toStringUtf8()).isEqualTo(ROUTED);
    Played cut = envoy.play(filter, HttpExchange.of(chat(End.LAST_CHUNK, HEAD, TAIL), JSON));
    assertThat(cut.upstream().body().toStringUtf8()).isEqualTo(HEAD + TAIL);
    assertThat(sink.records().stream().map(record -> record.router().result()))
        .containsExactly(Result.ROUTED, Result.ROUTED, Result.UNSEEN);
  }

  @Test
  void requestThatIsNotShownIsCountedAsSuch() {
    Played played =
        envoy.play(
            Filter.of(BodySendMode.NONE, BodySendMode.STREAMED),
            HttpExchange.of(chat(End.LAST_CHUNK, HEAD, TAIL), JSON));
    assertThat(played.upstream().body().toStringUtf8()).isEqualTo(HEAD + TAIL);
    assertThat(result()).isEqualTo(Result.UNSEEN);
  }

  @Test
  void requestBeyondTheBufferOfEnvoyGoesOnWholeAndUnrouted() {
    Filter filter =
        Filter.builder(Modes.HEADERS_ONLY).allowing(ALLOWED).bufferLimit(HEAD.length()).build();
    Played played = envoy.play(filter, HttpExchange.of(chat(End.LAST_CHUNK, HEAD, TAIL), JSON));
    assertThat(played.upstream().body().toStringUtf8()).isEqualTo(HEAD + TAIL);
    assertThat(result()).isEqualTo(Result.UNSEEN);
  }

  @ParameterizedTest
  @MethodSource("routingFilters")
  void requestWithTrailersGoesOnToItsLastByte(Filter filter) {
    HttpMessage request = chat(End.LAST_CHUNK, HEAD, TAIL).trailers("a", "b");
    Played played = envoy.play(filter, HttpExchange.of(request, JSON));
    assertThat(played.upstream().body().toStringUtf8()).isIn(ROUTED, HEAD + TAIL);
    assertThat(played.upstream().complete()).isTrue();
    assertThat(result())
        .isEqualTo(
            played.upstream().body().toStringUtf8().equals(ROUTED) ? Result.ROUTED : Result.UNSEEN);
  }

  @Test
  void requestThatIsOnlyObservedIsNotRouted() {
    Filter filter =
        Filter.builder(Modes.of(BodySendMode.STREAMED, BodySendMode.STREAMED))
            .observing(true)
            .build();
    Played played = envoy.play(filter, HttpExchange.of(chat(End.LAST_CHUNK, HEAD, TAIL), JSON));
    assertThat(played.upstream().body().toStringUtf8()).isEqualTo(HEAD + TAIL);
    assertThat(result()).isEqualTo(Result.UNSEEN);
  }

  @ParameterizedTest
  @MethodSource("routingFilters")
  void refusedRequestGetsTheAnswerOfTheRouterAndItsRecord(Filter filter) {
    HttpMessage request = chat(End.LAST_CHUNK, "{\"model\":\"gpt-4\",", "\"x\":\"forbidden\"}");
    Played played = envoy.play(filter, HttpExchange.of(request, JSON));
    ImmediateResponse answer = Objects.requireNonNull(played.immediate());
    assertThat(answer.getStatus().getCodeValue()).isEqualTo(403);
    assertThat(answer.getBody().toStringUtf8()).isEqualTo("{\"error\":{}}");
    assertThat(
            answer.getHeaders().getSetHeadersList().stream()
                .map(option -> option.getHeader().getKey()))
        .contains("content-type", "x-vsr-decision");
    assertThat(result()).isEqualTo(Result.BLOCKED);
    assertThat(played.metadata().getFieldsMap()).containsKey("io.semanticrouter.maas");
    assertThat(envoy.processor().stats().ends(ExtProcStats.End.LOCAL_ANSWER)).isEqualTo(1);
  }
}
