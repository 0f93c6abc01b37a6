// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The mini-Envoy itself: what it shows, what it passes on, and that it sees what is wrong. */
class MiniEnvoyTest {
  private static final HttpMessage REQUEST =
      HttpMessage.request("POST", "/", "content-length", "6").body(End.LAST_CHUNK, "abc", "def");
  private static final HttpMessage RESPONSE =
      HttpMessage.response(200, "content-length", "6").body(End.EMPTY_CHUNK, "ghi", "jkl");
  private static final HttpExchange EXCHANGE = HttpExchange.of(REQUEST, RESPONSE);
  private static final Filter STREAMED = Filter.of(BodySendMode.STREAMED, BodySendMode.STREAMED);
  private static final Filter DUPLEX =
      Filter.of(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.FULL_DUPLEX_STREAMED);

  private static Function<ProcessingRequest, List<ProcessingResponse>> good(Filter filter) {
    return message -> List.of(MiniEnvoy.unchanged(filter, message));
  }

  /** A good server but for the replies to messages of one kind. */
  private static Played played(
      Filter filter,
      ProcessingRequest.RequestCase kind,
      Function<ProcessingResponse, List<ProcessingResponse>> wrong) {
    return MiniEnvoy.beside(
            message -> {
              ProcessingResponse reply = MiniEnvoy.unchanged(filter, message);
              return message.getRequestCase() == kind ? wrong.apply(reply) : List.of(reply);
            },
            filter)
        .play(EXCHANGE);
  }

  private static Played played(
      ProcessingRequest.RequestCase kind,
      Function<ProcessingResponse, List<ProcessingResponse>> wrong) {
    return played(STREAMED, kind, wrong);
  }

  private static void assertPassedOn(Played played) {
    assertThat(played.upstream().body()).isEqualTo(REQUEST.body());
    assertThat(played.downstream().body()).isEqualTo(RESPONSE.body());
    assertThat(played.upstream().complete()).isTrue();
    assertThat(played.downstream().complete()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(value = BodySendMode.class, names = "UNRECOGNIZED", mode = EnumSource.Mode.EXCLUDE)
  void goodServerIsFoundGoodInEveryModeAndAtEveryLag(BodySendMode mode) {
    Filter filter = Filter.of(mode, mode);
    for (HttpMessage request : List.of(REQUEST, REQUEST.trailers("t", "1"))) {
      for (int lag = 0; lag < 8; lag++) {
        for (int first = 1; first < 5; first++) {
          HttpExchange exchange =
              HttpExchange.interleaved(request, RESPONSE.trailers("t", "2"), first);
          Played played = MiniEnvoy.beside(good(filter), filter).lagging(lag).play(exchange);
          assertThat(played.violations()).isEmpty();
          assertPassedOn(played);
          assertThat(played.unanswered()).isZero();
          assertThat(played.shown(Direction.REQUEST).isEmpty())
              .isEqualTo(mode == BodySendMode.NONE);
        }
      }
    }
  }

  @Test
  void messagesOfAScriptAreThoseOfEachMode() {
    assertThat(kinds(Filter.of(Modes.HEADERS_ONLY)))
        .containsExactly("REQUEST_HEADERS", "RESPONSE_HEADERS");
    assertThat(kinds(STREAMED))
        .containsExactly(
            "REQUEST_HEADERS",
            "REQUEST_BODY",
            "REQUEST_BODY",
            "RESPONSE_HEADERS",
            "RESPONSE_BODY",
            "RESPONSE_BODY",
            "RESPONSE_BODY");
    assertThat(kinds(Filter.of(BodySendMode.BUFFERED, BodySendMode.BUFFERED_PARTIAL)))
        .containsExactly("REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY");
    assertThat(kinds(DUPLEX)).hasSize(7);
    assertThat(
            kinds(
                Filter.of(
                    Modes.of(false, BodySendMode.NONE, false, false, BodySendMode.NONE, false))))
        .isEmpty();
  }

  private static List<String> kinds(Filter filter) {
    return MiniEnvoy.script(filter, EXCHANGE).stream()
        .map(message -> message.getRequestCase().name())
        .toList();
  }

  @Test
  void firstMessageStatesTheModesAndNoOtherDoes() {
    List<ProcessingRequest> messages = MiniEnvoy.script(DUPLEX, EXCHANGE);
    assertThat(messages.get(0).getProtocolConfig().getResponseBodyMode())
        .isEqualTo(BodySendMode.FULL_DUPLEX_STREAMED);
    assertThat(messages.stream().filter(ProcessingRequest::hasProtocolConfig)).hasSize(1);
    Filter old = Filter.builder(STREAMED.mode()).protocolConfig(false).build();
    assertThat(MiniEnvoy.script(old, EXCHANGE)).noneMatch(ProcessingRequest::hasProtocolConfig);
  }

  @Test
  void chunksThatComeBeforeTheReplyToTheHeadersAreShownAsOne() {
    Played played = MiniEnvoy.beside(good(STREAMED), STREAMED).lagging(4).play(EXCHANGE);
    assertThat(played.sentKinds().subList(0, 2))
        .containsExactly("REQUEST_HEADERS", "RESPONSE_HEADERS");
    assertThat(played.sent().get(2).getRequestBody().getBody().toStringUtf8()).isEqualTo("abcdef");
    assertThat(played.sent().get(2).getRequestBody().getEndOfStream()).isTrue();
    assertPassedOn(played);
  }

  @Test
  void bufferedBodyBeforeTrailersHasNoEndOfStream() {
    Filter filter = Filter.of(BodySendMode.NONE, BodySendMode.BUFFERED);
    List<ProcessingRequest> messages =
        MiniEnvoy.script(filter, HttpExchange.of(REQUEST, RESPONSE.trailers("a", "b")));
    ProcessingRequest body = messages.get(messages.size() - 2);
    assertThat(body.getResponseBody().getBody()).isEqualTo(RESPONSE.body());
    assertThat(body.getResponseBody().getEndOfStream()).isFalse();
    assertThat(messages.get(messages.size() - 1).hasResponseTrailers()).isTrue();
  }

  @Test
  void whatIsBeyondThePartialBufferIsNotShown() {
    Filter filter =
        Filter.builder(Modes.of(BodySendMode.NONE, BodySendMode.BUFFERED_PARTIAL))
            .bufferLimit(2)
            .build();
    Played played = MiniEnvoy.beside(good(filter), filter).play(EXCHANGE);
    assertThat(played.shown(Direction.RESPONSE).toStringUtf8()).isEqualTo("ghi");
    assertPassedOn(played);
  }

  @Test
  void overrideIsMergedAndComparedWithoutTheRequestHeaderMode() {
    ProcessingMode wanted =
        ProcessingMode.newBuilder().setResponseBodyMode(BodySendMode.STREAMED).build();
    ProcessingMode allowed =
        Modes.of(false, BodySendMode.NONE, false, true, BodySendMode.STREAMED, false);
    for (boolean inList : new boolean[] {true, false}) {
      Filter filter =
          Filter.builder(Modes.HEADERS_ONLY)
              .allowing(List.of(inList ? allowed : Modes.HEADERS_ONLY))
              .build();
      Played played =
          played(
              filter,
              ProcessingRequest.RequestCase.RESPONSE_HEADERS,
              reply -> List.of(reply.toBuilder().setModeOverride(wanted).build()));
      assertThat(played.violations()).isEmpty();
      assertThat(played.shown(Direction.RESPONSE))
          .isEqualTo(inList ? RESPONSE.body() : ByteString.EMPTY);
      assertPassedOn(played);
    }
  }

  @Test
  void streamEndsWithTheLastReplyWhereEnvoyClosesEarly() {
    List<String> ends = new ArrayList<>();
    Filter filter = Filter.builder(STREAMED.mode()).closingEarly(true).build();
    MiniEnvoy.beside(
            message -> {
              ends.add(message.getRequestCase().name());
              return List.of(MiniEnvoy.unchanged(filter, message));
            },
            filter)
        .play(HttpExchange.of(REQUEST, HttpMessage.response(204)));
    assertThat(ends).endsWith("RESPONSE_HEADERS");
  }

  @Test
  void wrongRepliesAreSpurious() {
    for (ProcessingRequest.RequestCase kind :
        List.of(
            ProcessingRequest.RequestCase.REQUEST_HEADERS,
            ProcessingRequest.RequestCase.RESPONSE_HEADERS,
            ProcessingRequest.RequestCase.REQUEST_BODY,
            ProcessingRequest.RequestCase.RESPONSE_BODY)) {
      for (Filter filter : List.of(STREAMED, DUPLEX)) {
        assertSpurious(
            played(filter, kind, reply -> List.of(ProcessingResponse.getDefaultInstance())));
        assertSpurious(
            played(
                filter,
                kind,
                reply ->
                    List.of(
                        ProcessingResponse.newBuilder()
                            .setResponseTrailers(
                                io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse
                                    .getDefaultInstance())
                            .build())));
      }
      assertSpurious(played(kind, reply -> List.of(reply, reply)));
      assertThat(played(kind, reply -> List.of()).violations()).isNotEmpty();
    }
  }

  private static void assertSpurious(Played played) {
    assertThat(played.violations()).isNotEmpty();
    assertThat(played.violations().get(0)).startsWith("spurious");
  }

  @Test
  void headerEditsThatEnvoyRefusesAreViolations() {
    assertThat(edited("x-a", "ok", false)).isEmpty();
    assertThat(edited("x-a", "line\r\nbreak", false)).hasSize(1);
    assertThat(edited("x-a", "nul\0", false)).hasSize(1);
    assertThat(edited("X-A", "upper", false)).hasSize(1);
    assertThat(edited("", "nameless", false)).hasSize(1);
    assertThat(edited(":method", "GET", false)).hasSize(1);
    assertThat(edited("x-envoy-retry", "1", false)).hasSize(1);
    assertThat(edited("x-a", "in value", true)).hasSize(1);
    HeaderMutation.Builder many = HeaderMutation.newBuilder();
    for (int i = 0; i <= 100; i++) {
      many.addRemoveHeaders("x-" + i);
    }
    assertThat(edited(many)).hasSize(1);
    assertThat(edited(HeaderMutation.newBuilder().addRemoveHeaders("host"))).hasSize(1);
    assertThat(edited(HeaderMutation.newBuilder().addRemoveHeaders(":path"))).hasSize(1);
    assertThat(edited("x-a", "x".repeat(61 << 10), false)).hasSize(1);
  }

  private static List<String> edited(String name, String value, boolean inValue) {
    HeaderValue.Builder header = HeaderValue.newBuilder().setKey(name);
    if (inValue) {
      header.setValue(value);
    } else {
      header.setRawValue(ByteString.copyFromUtf8(value));
    }
    return edited(
        HeaderMutation.newBuilder()
            .addSetHeaders(HeaderValueOption.newBuilder().setHeader(header)));
  }

  private static List<String> edited(HeaderMutation.Builder mutation) {
    CommonResponse common = CommonResponse.newBuilder().setHeaderMutation(mutation).build();
    return played(
            ProcessingRequest.RequestCase.RESPONSE_HEADERS,
            reply ->
                List.of(
                    ProcessingResponse.newBuilder()
                        .setResponseHeaders(HeadersResponse.newBuilder().setResponse(common))
                        .build()))
        .violations();
  }

  @Test
  void bodyEditsOfTheWrongModeAreViolations() {
    BodyMutation streamed =
        BodyMutation.newBuilder()
            .setStreamedResponse(StreamedBodyResponse.getDefaultInstance())
            .build();
    BodyMutation plain = BodyMutation.newBuilder().setBody(ByteString.copyFromUtf8("!")).build();
    assertSpurious(played(ProcessingRequest.RequestCase.RESPONSE_BODY, with(streamed)));
    assertSpurious(played(DUPLEX, ProcessingRequest.RequestCase.RESPONSE_BODY, with(plain)));
    assertThat(
            played(DUPLEX, ProcessingRequest.RequestCase.RESPONSE_BODY, with(streamed))
                .violations())
        .containsExactly("never ends the RESPONSE body");
    Played edited = played(ProcessingRequest.RequestCase.REQUEST_BODY, with(plain));
    assertThat(edited.violations()).isEmpty();
    assertThat(edited.upstream().body().toStringUtf8()).isEqualTo("!!");
    // Where the headers keep their content-length, the body has to keep its length.
    Filter buffered = Filter.of(BodySendMode.BUFFERED, BodySendMode.NONE);
    assertThat(
            played(buffered, ProcessingRequest.RequestCase.REQUEST_BODY, with(plain)).violations())
        .containsExactly("a content-length other than the 1 bytes passed on");
  }

  private static Function<ProcessingResponse, List<ProcessingResponse>> with(
      BodyMutation mutation) {
    BodyResponse body =
        BodyResponse.newBuilder()
            .setResponse(CommonResponse.newBuilder().setBodyMutation(mutation))
            .build();
    return reply ->
        List.of(
            reply.hasRequestBody()
                ? ProcessingResponse.newBuilder().setRequestBody(body).build()
                : ProcessingResponse.newBuilder().setResponseBody(body).build());
  }

  @Test
  void piecesOfFullDuplexBodiesHaveALimitAndOneEnd() {
    ByteString big = ByteString.copyFrom(new byte[(64 << 10) + 1]);
    Function<ProcessingResponse, List<ProcessingResponse>> twice =
        reply -> {
          ProcessingResponse end =
              with(BodyMutation.newBuilder()
                      .setStreamedResponse(
                          StreamedBodyResponse.newBuilder().setBody(big).setEndOfStream(true))
                      .build())
                  .apply(reply)
                  .get(0);
          return List.of(end, end);
        };
    assertThat(played(DUPLEX, ProcessingRequest.RequestCase.RESPONSE_BODY, twice).violations())
        .contains(
            "a piece of 65537 bytes",
            "ends a body that has not ended",
            "RESPONSE_BODY behind the end of the body");
  }

  @Test
  void metadataWithoutAKnownNamespaceIsAViolation() {
    Value text = Value.newBuilder().setStringValue("x").build();
    Struct inside = Struct.newBuilder().putFields("a", text).build();
    Value struct = Value.newBuilder().setStructValue(inside).build();
    Filter filter = Filter.builder(STREAMED.mode()).receiving(Set.of("known")).build();
    assertThat(metadata(filter, "known", text)).hasSize(1);
    assertThat(metadata(filter, "other", struct)).hasSize(1);
    assertThat(metadata(filter, "known", struct)).isEmpty();
    assertThat(metadata(STREAMED, "other", struct)).isEmpty();
  }

  private static List<String> metadata(Filter filter, String namespace, Value value) {
    Struct metadata = Struct.newBuilder().putFields(namespace, value).build();
    return played(
            filter,
            ProcessingRequest.RequestCase.RESPONSE_HEADERS,
            reply -> List.of(reply.toBuilder().setDynamicMetadata(metadata).build()))
        .violations();
  }

  @Test
  void replyWhereNobodyListensIsAViolation() {
    Filter filter = Filter.builder(STREAMED.mode()).observing(true).build();
    Played played = MiniEnvoy.beside(good(STREAMED), filter).play(EXCHANGE);
    assertThat(played.violations()).hasSize(played.sent().size());
    assertPassedOn(played);
    assertThat(MiniEnvoy.beside(message -> List.of(), filter).play(EXCHANGE).violations())
        .isEmpty();
    assertThat(
            MiniEnvoy.beside(message -> List.of(), filter)
                .play(EXCHANGE, Ending.AWAIT_SERVER)
                .violations())
        .containsExactly("the server does not end the stream");
  }

  @Test
  void overrideOutsideOfHeadersAndMoreTimeAreViolations() {
    assertThat(
            played(
                    ProcessingRequest.RequestCase.RESPONSE_BODY,
                    reply -> List.of(reply.toBuilder().setModeOverride(Modes.HEADERS_ONLY).build()))
                .violations())
        .containsOnly("mode_override in a reply of kind RESPONSE_BODY");
    assertThat(
            played(
                    ProcessingRequest.RequestCase.REQUEST_HEADERS,
                    reply ->
                        List.of(
                            reply.toBuilder()
                                .setOverrideMessageTimeout(
                                    com.google.protobuf.Duration.getDefaultInstance())
                                .build()))
                .violations())
        .contains("asks for more time instead of replying");
  }

  @Test
  void localReplyOfTheServerEndsTheStream() {
    Played played =
        played(
            ProcessingRequest.RequestCase.REQUEST_HEADERS,
            reply ->
                List.of(
                    ProcessingResponse.newBuilder()
                        .setImmediateResponse(ImmediateResponse.getDefaultInstance())
                        .build()));
    assertThat(played.immediate()).isNotNull();
    assertThat(played.sent()).hasSize(1);
    assertThat(played.violations()).isEmpty();
  }

  @Test
  void filterThatEnvoyRefusesIsRefused() {
    assertThatThrownBy(
            () ->
                Filter.of(
                    Modes.of(
                        true,
                        BodySendMode.FULL_DUPLEX_STREAMED,
                        false,
                        true,
                        BodySendMode.NONE,
                        true)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                Filter.builder(Modes.of(BodySendMode.BUFFERED, BodySendMode.NONE))
                    .observing(true)
                    .build())
        .isInstanceOf(IllegalArgumentException.class);
  }
}
