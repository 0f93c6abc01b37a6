// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.CHAT;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.ENVOY_YAML;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.SSE;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertBilled;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertPassedOn;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.semanticrouter.maas.extproc.minienvoy.Direction;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What operators configure. The display names are those of Envoy's own integration tests. */
class ConfigScenariosTest {
  private static final HttpExchange EXCHANGE = HttpExchange.of(CHAT, SSE);

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

  @Test
  @DisplayName("ModeOverrideAllowed")
  void overrideThatIsAllowedShowsTheBodyOfTheResponse() {
    for (Filter filter :
        List.of(ENVOY_YAML, Filter.builder(Modes.HEADERS_ONLY).allowing(List.of()).build())) {
      RecordingSink records = new RecordingSink();
      try (MeteredEnvoy one = MeteredEnvoy.metering(records)) {
        Played played = one.play(filter, EXCHANGE);
        assertThat(played.shown(Direction.RESPONSE)).isEqualTo(SSE.body());
        assertThat(assertBilled(records).outcome()).isEqualTo(Outcome.COMPLETE);
      }
    }
  }

  @Test
  @DisplayName("ModeOverrideDisallowed")
  void overrideThatIsIgnoredLeavesARecordWithoutUsage() {
    List<ProcessingMode> others =
        List.of(Modes.of(BodySendMode.BUFFERED, BodySendMode.BUFFERED_PARTIAL));
    for (Filter filter :
        List.of(
            Filter.of(Modes.HEADERS_ONLY),
            Filter.builder(Modes.HEADERS_ONLY).allowing(others).build())) {
      int before = sink.records().size();
      Played played = passesOn(filter, EXCHANGE);
      assertThat(played.shown(Direction.RESPONSE).isEmpty()).isTrue();
      assertThat(sink.records()).hasSize(before + 1);
      assertThat(sink.records().get(before).measurement().usage()).isNull();
    }
  }

  @Test
  @DisplayName("ModeOverrideDisallowed, with bodies")
  void whatIsShownAgainstTheMetersWishIsAnsweredAndNotRecorded() {
    HttpExchange exchange =
        HttpExchange.of(
            HttpMessage.request("DELETE", "/other").body(End.LAST_CHUNK, "a"),
            SSE.trailers("t", "1"));
    Played played = passesOn(Filter.of(BodySendMode.STREAMED, BodySendMode.STREAMED), exchange);
    assertThat(played.shown(Direction.RESPONSE)).isEqualTo(SSE.body());
    assertThat(sink.records()).isEmpty();
  }

  @Test
  @DisplayName("RequestHeaderModeIgnoredInModeOverrideComparison")
  void allowListWithAnotherRequestHeaderModeAllowsTheOverrides() {
    List<ProcessingMode> allowed =
        MeteredEnvoy.ALLOWED.stream()
            .map(mode -> mode.toBuilder().setRequestHeaderMode(HeaderSendMode.SKIP).build())
            .toList();
    passesOn(Filter.builder(Modes.HEADERS_ONLY).allowing(allowed).build(), EXCHANGE);
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("ProtocolConfigurationEncodingTest")
  void exchangeIsBilledWhetherTheFilterStatesItsModesOrNot(boolean states) {
    Filter filter =
        Filter.builder(Modes.of(BodySendMode.STREAMED, BodySendMode.STREAMED))
            .protocolConfig(states)
            .build();
    assertThat(passesOn(filter, EXCHANGE).sent().get(0).hasProtocolConfig()).isEqualTo(states);
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  @DisplayName("SendAndReceiveDynamicMetadata")
  void metadataHasTheUsageInTheOneNamespaceOfTheMeter() {
    Filter filter =
        Filter.builder(Modes.HEADERS_ONLY)
            .allowing(MeteredEnvoy.ALLOWED)
            .receiving(Set.of("io.semanticrouter.maas"))
            .build();
    Struct metadata = passesOn(filter, EXCHANGE).metadata();
    assertThat(metadata.getFieldsMap()).containsOnlyKeys("io.semanticrouter.maas");
    Struct usage = metadata.getFieldsOrThrow("io.semanticrouter.maas").getStructValue();
    assertThat(usage.getFieldsOrThrow("prompt_tokens").getNumberValue()).isEqualTo(7);
    assertThat(usage.getFieldsOrThrow("completion_tokens").getNumberValue()).isEqualTo(5);
    assertThat(usage.getFieldsOrThrow("outcome").getStringValue()).isEqualTo("complete");
  }

  @Test
  @DisplayName("RequestResponseAttributes")
  void attributesBesideTheHeadersChangeNothing() {
    Struct attributes =
        Struct.newBuilder()
            .putFields("request.path", Value.newBuilder().setStringValue("/other").build())
            .build();
    Filter filter =
        Filter.builder(Modes.HEADERS_ONLY)
            .allowing(MeteredEnvoy.ALLOWED)
            .requestAttributes(attributes)
            .build();
    passesOn(filter, EXCHANGE);
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  @DisplayName("WebSocketExtProcCombo")
  void upgradedConnectionIsLetGo() {
    HttpExchange exchange =
        HttpExchange.interleaved(
            HttpMessage.request(
                    "GET", "/v1/realtime", "upgrade", "websocket", "connection", "upgrade")
                .body(End.NEVER, "one", "two"),
            HttpMessage.response(101, "upgrade", "websocket", "connection", "upgrade")
                .body(End.NEVER, "three", "four"),
            1);
    Played played = envoy.play(ENVOY_YAML, exchange);
    assertThat(played.sentKinds()).containsExactly("REQUEST_HEADERS");
    assertThat(played.downstream().body()).isEqualTo(exchange.response().body());
    assertThat(played.upstream().body()).isEqualTo(exchange.request().body());
    assertThat(sink.records()).isEmpty();
  }

  @Test
  @DisplayName("WebSocketExtProcCombo, on an LLM path")
  void upgradeOfAnLlmPathShowsNoBodyOfTheConnection() {
    HttpExchange exchange =
        HttpExchange.interleaved(
            HttpMessage.request("GET", "/v1/responses", "upgrade", "websocket")
                .body(End.NEVER, "one"),
            HttpMessage.response(101, "upgrade", "websocket").body(End.NEVER, "two"),
            1);
    Played played = envoy.play(ENVOY_YAML, exchange);
    assertThat(played.shown(Direction.RESPONSE).isEmpty()).isTrue();
    assertThat(played.downstream().body()).isEqualTo(exchange.response().body());
  }

  @Test
  @DisplayName("PerRouteOverride")
  void jsonIsBilledThroughEveryFilterThatShowsIt() {
    for (BodySendMode mode :
        List.of(BodySendMode.STREAMED, BodySendMode.BUFFERED, BodySendMode.BUFFERED_PARTIAL)) {
      RecordingSink records = new RecordingSink();
      try (MeteredEnvoy one = MeteredEnvoy.metering(records)) {
        HttpExchange exchange = HttpExchange.of(CHAT, JSON);
        assertPassedOn(one.play(Filter.of(BodySendMode.NONE, mode), exchange), exchange);
        assertThat(assertBilled(records).outcome()).isEqualTo(Outcome.COMPLETE);
      }
    }
  }
}
