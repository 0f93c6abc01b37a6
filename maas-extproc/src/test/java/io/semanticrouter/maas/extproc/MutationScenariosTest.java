// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.CHAT;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.ENVOY_YAML;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.SSE;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.STREAM_REQUEST;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertBilled;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertPassedOn;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.chat;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.MiniEnvoy;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is changed. The display names are those of Envoy's own integration tests. */
class MutationScenariosTest {
  private static final String EDITED =
      "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}";

  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy = MeteredEnvoy.metering(sink);
  private final MeteredEnvoy forcing = MeteredEnvoy.forcingUsage(sink);

  @AfterEach
  void close() {
    envoy.close();
    forcing.close();
  }

  /** The event stream as a client gets it that has not asked for usage. */
  private static String withoutUsage() {
    return Messages.SSE_ANSWER.get(0) + Messages.SSE_ANSWER.get(1) + Messages.SSE_ANSWER.get(3);
  }

  @Test
  @DisplayName("GetAndSetHeadersNonUtf8WithValueInBytes")
  void bytesThatAreNoUtf8InHeadersHarmNothing() {
    ByteString noise = ByteString.copyFrom(new byte[] {'a', (byte) 0xFF, (byte) 0xC0, 'b'});
    HttpExchange exchange =
        HttpExchange.of(
            CHAT.header(MeteredEnvoy.USER, noise).header("x-noise", noise),
            JSON.header("x-vsr-selected-model", noise).header("x-noise", noise));
    assertPassedOn(envoy.play(ENVOY_YAML, exchange), exchange);
    assertThat(sink.single().outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(sink.single().identity().userSource()).isNotEqualTo(Identity.Source.HEADER);
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"NONE", "STREAMED", "BUFFERED", "BUFFERED_PARTIAL"})
  @DisplayName(
      "RemoveRequestContentLengthInStreamedMode, ...InBufferedMode, ...InBufferedPartialMode")
  void forcedUsageLeavesNoContentLengthThatIsWrong(BodySendMode mode) {
    Filter filter =
        Filter.builder(Modes.of(mode, BodySendMode.STREAMED))
            .allowing(MeteredEnvoy.ALLOWED)
            .build();
    Played played =
        forcing.play(filter, HttpExchange.of(chat(End.LAST_CHUNK, STREAM_REQUEST), SSE));
    assertThat(played.upstream().body().toStringUtf8()).isEqualTo(EDITED);
    assertThat(played.upstream().header("content-length")).isNull();
    assertThat(played.downstream().body().toStringUtf8()).isEqualTo(withoutUsage());
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  @DisplayName("RemoveResponseContentLengthAfterBodyProcessing")
  void strippedResponseLosesItsContentLength() {
    HttpMessage response =
        SSE.header("content-length", ByteString.copyFromUtf8("" + SSE.body().size()));
    Played played =
        forcing.play(ENVOY_YAML, HttpExchange.of(chat(End.LAST_CHUNK, STREAM_REQUEST), response));
    assertThat(played.downstream().header("content-length")).isNull();
    assertThat(played.downstream().body().toStringUtf8()).isEqualTo(withoutUsage());
  }

  @Test
  @DisplayName("RemoveResponseContentLength")
  void responseThatIsOnlyMeteredKeepsItsContentLength() {
    HttpMessage response =
        JSON.header("content-length", ByteString.copyFromUtf8("" + JSON.body().size()));
    Played played = envoy.play(ENVOY_YAML, HttpExchange.of(CHAT, response));
    assertThat(played.downstream().header("content-length")).isEqualTo("" + JSON.body().size());
  }

  @Test
  @DisplayName("MismatchedContentLengthAndBodyLength")
  void refusedOverrideOfForcedUsageLeavesBothBodiesAsTheyCame() {
    Filter filter =
        Filter.builder(ENVOY_YAML.mode()).allowing(List.of(MeteredEnvoy.ALLOWED.get(3))).build();
    HttpExchange exchange = HttpExchange.of(chat(End.LAST_CHUNK, STREAM_REQUEST), SSE);
    assertPassedOn(forcing.play(filter, exchange), exchange);
    assertThat(sink.records()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 6, 9})
  @DisplayName("SendBodyBeforeHeaderRespStreamed, with edits")
  void forcedUsageDoesNotDependOnWhenRepliesArrive(int lag) {
    HttpMessage request = chat(End.EMPTY_CHUNK, "{\"model\":\"m\",", "\"stream\":t", "rue}");
    Played played =
        MiniEnvoy.beside(forcing.channel(), ENVOY_YAML)
            .lagging(lag)
            .play(HttpExchange.of(request, SSE));
    forcing.assertKept(played);
    // Whether the response came before the request was seen decides; never half of it.
    boolean asked = played.upstream().body().toStringUtf8().equals(EDITED);
    assertThat(played.upstream().body().toStringUtf8()).isEqualTo(asked ? EDITED : STREAM_REQUEST);
    assertThat(played.downstream().body().toStringUtf8())
        .isEqualTo(asked ? withoutUsage() : SSE.body().toStringUtf8());
    assertBilled(sink);
  }

  @Test
  @DisplayName("SetHeaderMutationFail, RemoveHeaderMutationFail")
  void headersThatOnlyARouterMaySendAreRemovedAndNoOthers() {
    HttpMessage request =
        CHAT.header("x-vsr-selected-model", ByteString.copyFromUtf8("free"))
            .header("x-envoy-retry-on", ByteString.copyFromUtf8("5xx"));
    Played played = envoy.play(ENVOY_YAML, HttpExchange.of(request, JSON));
    assertThat(played.upstream().header("x-vsr-selected-model")).isNull();
    // The router behind us is asked for all that it knows.
    assertThat(played.upstream().header("x-vsr-debug")).isEqualTo("true");
    assertThat(played.upstream().headers()).hasSize(request.headers().getHeadersCount() - 1 + 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 90})
  @DisplayName("HeaderMutationResultSizeFailWithResponse, HeaderMutationResultSizeFailWithRequest")
  void anyNumberOfHeadersThatEnvoyTakesIsEditedWithinItsLimits(int headers) {
    HttpMessage request = CHAT;
    HttpMessage response = JSON;
    for (int i = 0; i < headers; i++) {
      request = request.header("x-vsr-" + i, ByteString.copyFromUtf8("x".repeat(300)));
      response = response.header("x-other-" + i, ByteString.copyFromUtf8("x".repeat(300)));
    }
    HttpExchange exchange = HttpExchange.of(request, response);
    Played played = envoy.play(ENVOY_YAML, exchange);
    assertPassedOn(played, exchange);
    assertThat(played.upstream().header("x-vsr-debug")).isEqualTo("true");
    assertThat(played.upstream().headers()).hasSize(CHAT.headers().getHeadersCount() + 1);
    assertBilled(sink);
  }

  /** One more in either direction would be too many: Envoy then fails the exchange. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("HeaderMutationResultSizeFailWithRequest, HeaderMutationResultSizeFailWithResponse")
  void headersThatFillEnvoysLimitsGetNoneAdded(boolean lines) {
    HttpMessage request = CHAT;
    HttpMessage response = JSON.header("x-vsr-selected-model", ByteString.copyFromUtf8("qwen3"));
    if (lines) {
      request = filled(request, 100 - request.headers().getHeadersCount(), 1);
      response = filled(response, 100 - response.headers().getHeadersCount(), 1);
    } else {
      request = filled(request, 1, (60 << 10) - 500);
      response = filled(response, 1, (60 << 10) - 200);
    }
    HttpExchange exchange = HttpExchange.of(request, response);
    Played played = envoy.play(ENVOY_YAML, exchange);
    assertPassedOn(played, exchange);
    assertBilled(sink);
    assertThat(played.upstream().header("x-vsr-debug")).isEqualTo(lines ? null : "true");
    assertThat(played.downstream().header("x-vsr-model-selected")).isNull();
  }

  private static HttpMessage filled(HttpMessage message, int lines, int bytes) {
    HttpMessage more = message;
    for (int i = 0; i < lines; i++) {
      more = more.header("x-other-" + i, ByteString.copyFromUtf8("x".repeat(bytes)));
    }
    return more;
  }

  @Test
  @DisplayName("GetAndIncorrectlyModifyHeaderOnBody")
  void routingFactsBecomeHeadersOfTheResponseAndOfNothingElse() {
    HttpMessage response = JSON.header("x-vsr-selected-model", ByteString.copyFromUtf8("qwen3"));
    Played played = envoy.play(ENVOY_YAML, HttpExchange.of(CHAT, response.trailers("t", "1")));
    assertThat(played.downstream().header("x-vsr-model-selected")).isEqualTo("qwen3");
    assertThat(played.downstream().trailers()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nb: c", "nul\0", "\u007f", "\u0001"})
  @DisplayName("GetAndRespondImmediatelyWithInvalidCharacter")
  void valueThatEnvoyWouldRefuseIsNeverSet(String hostile) {
    HttpMessage response = JSON.header("x-vsr-selected-model", ByteString.copyFromUtf8(hostile));
    HttpExchange exchange = HttpExchange.of(CHAT, response);
    assertPassedOn(envoy.play(ENVOY_YAML, exchange), exchange);
    assertBilled(sink);
  }
}
