// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.engine.RoutingHeaders;
import io.semanticrouter.maas.internal.engine.UnknownSchemas;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.VsrResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who asks the router for its debug headers, and who gets them. */
class RouterDebugTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String DEBUG = "x-vsr-debug";

  private static DrivenExchange begin(Map<String, Object> config, String path, Headers request) {
    return DrivenExchange.of(
        Metering.builder(MaasConfig.from(Map.of("maas_integration", config)))
            .build()
            .begin("POST", path, request));
  }

  private static Map<String, Object> enabled(Map<String, Object> routing) {
    return Map.of("enabled", true, "routing", routing);
  }

  private static HeaderEdits answered(DrivenExchange exchange) {
    return exchange.respond(
        200, FakeHeaders.of(VsrResponse.UPSTREAM.headers(true).toArray(String[]::new)));
  }

  @Test
  void routerIsAskedAndTheClientDoesNotSeeTheAnswer() {
    for (Headers request : List.of(FakeHeaders.of("accept", "*"), Headers.EMPTY)) {
      DrivenExchange exchange = begin(enabled(Map.of()), CHAT, request);

      assertThat(exchange.editsUnseen().toSet()).isEqualTo(Map.of(DEBUG, "true"));
      assertThat(exchange.editsUnseen().toRemove()).isEmpty();
      HeaderEdits edits = answered(exchange);
      assertThat(edits.toRemove())
          .containsExactlyInAnyOrderElementsOf(VsrResponse.UPSTREAM.debugNames());
      assertThat(edits.toSet()).containsEntry("x-vsr-category", "math");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "TRUE", " True "})
  void clientThatAsksAsTheRouterWantsItGetsWhatItAskedFor(String value) {
    FakeHeaders request = FakeHeaders.of(DEBUG, value, "x-vsr-decision", "spoofed");
    for (Headers headers : List.of(request, request.unnamed())) {
      DrivenExchange exchange = begin(enabled(Map.of()), CHAT, headers);

      assertThat(exchange.editsUnseen().toSet()).isEmpty();
      assertThat(exchange.editsUnseen().toRemove()).containsExactly("x-vsr-decision");
      assertThat(answered(exchange).toRemove()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "yes", "", "false"})
  void clientThatSendsAnythingElseHasNotAsked(String value) {
    DrivenExchange exchange = begin(enabled(Map.of()), CHAT, FakeHeaders.of(DEBUG, value));

    assertThat(exchange.editsUnseen().toSet()).isEqualTo(Map.of(DEBUG, "true"));
    assertThat(exchange.editsUnseen().toRemove()).isEmpty();
    assertThat(answered(exchange).toRemove()).isNotEmpty();
  }

  @Test
  void clientThatAsksTwiceHasNotAskedInAWayThatCanBeTold() {
    FakeHeaders twice = FakeHeaders.of(DEBUG, "true", DEBUG, "true");
    DrivenExchange exchange = begin(enabled(Map.of()), CHAT, twice);

    assertThat(exchange.editsUnseen().toSet()).isEqualTo(Map.of(DEBUG, "true"));
    assertThat(answered(exchange).toRemove()).isNotEmpty();
  }

  @Test
  void switchedOffNobodyIsAskedNotEvenForAClientThatWantsIt() {
    Map<String, Object> off = enabled(Map.of("request_debug", false));
    assertThat(begin(off, CHAT, FakeHeaders.of("accept", "*")).editsUnseen())
        .isSameAs(HeaderEdits.EMPTY);

    DrivenExchange exchange = begin(off, CHAT, FakeHeaders.of(DEBUG, "true"));
    assertThat(exchange.editsUnseen().toSet()).isEmpty();
    assertThat(exchange.editsUnseen().toRemove()).containsExactly(DEBUG);
    // Nothing of ours made the router say it.
    assertThat(answered(exchange).toRemove()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"auto, true", "vsr, true", "seed, false"})
  void onlyARouterThatKeepsFactsBackIsAskedByDefault(String profile, boolean asked) {
    DrivenExchange exchange = begin(enabled(Map.of("profile", profile)), CHAT, Headers.EMPTY);

    assertThat(exchange.editsUnseen().sets(DEBUG)).isEqualTo(asked);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health", "/v1/tokenize", "/v1/messages/count_tokens"})
  void nobodyIsAskedWhereNothingIsGenerated(String path) {
    DrivenExchange exchange = begin(enabled(Map.of()), path, FakeHeaders.of(DEBUG, "true"));

    assertThat(exchange.editsUnseen().toSet()).isEmpty();
    assertThat(exchange.editsUnseen().toRemove()).containsExactly(DEBUG);
  }

  @Test
  void standaloneAsksNobodyAndRemovesNothing() {
    DrivenExchange exchange = begin(Map.of(), CHAT, FakeHeaders.of(DEBUG, "true"));

    assertThat(exchange.editsUnseen()).isSameAs(HeaderEdits.EMPTY);
    assertThat(answered(exchange)).isSameAs(HeaderEdits.EMPTY);
  }

  @Test
  void responseWithoutARouterIsLeftAlone() {
    for (Headers response :
        List.of(
            FakeHeaders.of("content-type", "application/json"),
            FakeHeaders.of("content-type", "application/json").unnamed())) {
      DrivenExchange exchange = begin(enabled(Map.of()), CHAT, Headers.EMPTY);
      assertThat(exchange.respond(200, response).isEmpty()).isTrue();
    }
  }

  @Test
  void moreDebugHeadersThanOneReplyCanEditAreRemovedAsFarAsItCan() {
    FakeHeaders response = FakeHeaders.of("x-vsr-response-path", "upstream");
    for (int i = 0; i < 200; i++) {
      response.add("x-vsr-matched-" + i, "1");
    }
    HeaderEdits edits = begin(enabled(Map.of()), CHAT, Headers.EMPTY).respond(200, response);

    assertThat(edits.toRemove()).hasSize(80);
    assertThat(edits.toSet().size() + edits.toRemove().size()).isLessThan(100);
  }

  @Test
  void namesOfOursStayWhenThePrefixMakesThemLookLikeDebugHeaders() {
    Map<String, Object> config =
        Map.of("enabled", true, "headers", Map.of("prefix", "x-vsr-selected-"));
    DrivenExchange exchange = begin(config, CHAT, Headers.EMPTY);
    HeaderEdits edits = answered(exchange);

    assertThat(edits.toRemove())
        .contains("x-vsr-selected-reasoning")
        .doesNotContain("x-vsr-selected-category");
  }

  @Test
  void headerThatBothProtocolsDifferIsNoDebugHeader() {
    RoutingHeaders headers =
        new RoutingHeaders(
            MaasConfig.defaults().headers(), MaasConfig.defaults().routing(), new UnknownSchemas());
    FakeHeaders differ =
        FakeHeaders.of("x-vsr-client-protocol", "anthropic", "x-vsr-upstream-protocol", "openai");
    FakeHeaders one = FakeHeaders.of("x-vsr-client-protocol", "openai");

    assertThat(headers.write(Routing.UNKNOWN, differ, true).toRemove()).isEmpty();
    assertThat(headers.write(Routing.UNKNOWN, one, true).toRemove()).isEmpty();
  }
}
