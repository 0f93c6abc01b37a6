// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.engine.RoutingHeaders;
import io.semanticrouter.maas.record.Routing;
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

  private static Exchange begin(Map<String, Object> config, String path, Headers request) {
    return Metering.builder(MaasConfig.from(Map.of("maas_integration", config)))
        .build()
        .begin("POST", path, request);
  }

  private static Map<String, Object> enabled(Map<String, Object> routing) {
    return Map.of("enabled", true, "routing", routing);
  }

  private static HeaderEdits answered(Exchange exchange) {
    return exchange.onResponseHeaders(
        200, FakeHeaders.of(VsrResponse.UPSTREAM.headers(true).toArray(String[]::new)));
  }

  @Test
  void router_is_asked_and_the_client_does_not_see_the_answer() {
    for (Headers request : List.of(FakeHeaders.of("accept", "*"), Headers.EMPTY)) {
      Exchange exchange = begin(enabled(Map.of()), CHAT, request);

      assertThat(exchange.requestEdits().toSet()).isEqualTo(Map.of(DEBUG, "true"));
      assertThat(exchange.requestEdits().toRemove()).isEmpty();
      HeaderEdits edits = answered(exchange);
      assertThat(edits.toRemove())
          .containsExactlyInAnyOrderElementsOf(VsrResponse.UPSTREAM.debugNames());
      assertThat(edits.toSet()).containsEntry("x-vsr-category", "math");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "TRUE", " True "})
  void client_that_asks_as_the_router_wants_it_gets_what_it_asked_for(String value) {
    FakeHeaders request = FakeHeaders.of(DEBUG, value, "x-vsr-decision", "spoofed");
    for (Headers headers : List.of(request, request.unnamed())) {
      Exchange exchange = begin(enabled(Map.of()), CHAT, headers);

      assertThat(exchange.requestEdits().toSet()).isEmpty();
      assertThat(exchange.requestEdits().toRemove()).containsExactly("x-vsr-decision");
      assertThat(answered(exchange).toRemove()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "yes", "", "false"})
  void client_that_sends_anything_else_has_not_asked(String value) {
    Exchange exchange = begin(enabled(Map.of()), CHAT, FakeHeaders.of(DEBUG, value));

    assertThat(exchange.requestEdits().toSet()).isEqualTo(Map.of(DEBUG, "true"));
    assertThat(exchange.requestEdits().toRemove()).isEmpty();
    assertThat(answered(exchange).toRemove()).isNotEmpty();
  }

  @Test
  void client_that_asks_twice_has_not_asked_in_a_way_that_can_be_told() {
    FakeHeaders twice = FakeHeaders.of(DEBUG, "true", DEBUG, "true");
    Exchange exchange = begin(enabled(Map.of()), CHAT, twice);

    assertThat(exchange.requestEdits().toSet()).isEqualTo(Map.of(DEBUG, "true"));
    assertThat(answered(exchange).toRemove()).isNotEmpty();
  }

  @Test
  void switched_off_nobody_is_asked_not_even_for_a_client_that_wants_it() {
    Map<String, Object> off = enabled(Map.of("request_debug", false));
    assertThat(begin(off, CHAT, FakeHeaders.of("accept", "*")).requestEdits())
        .isSameAs(HeaderEdits.EMPTY);

    Exchange exchange = begin(off, CHAT, FakeHeaders.of(DEBUG, "true"));
    assertThat(exchange.requestEdits().toSet()).isEmpty();
    assertThat(exchange.requestEdits().toRemove()).containsExactly(DEBUG);
    // Nothing of ours made the router say it.
    assertThat(answered(exchange).toRemove()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"auto, true", "vsr, true", "seed, false"})
  void only_a_router_that_keeps_facts_back_is_asked_by_default(String profile, boolean asked) {
    Exchange exchange = begin(enabled(Map.of("profile", profile)), CHAT, Headers.EMPTY);

    assertThat(exchange.requestEdits().sets(DEBUG)).isEqualTo(asked);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health", "/v1/tokenize", "/v1/messages/count_tokens"})
  void nobody_is_asked_where_nothing_is_generated(String path) {
    Exchange exchange = begin(enabled(Map.of()), path, FakeHeaders.of(DEBUG, "true"));

    assertThat(exchange.requestEdits().toSet()).isEmpty();
    assertThat(exchange.requestEdits().toRemove()).containsExactly(DEBUG);
  }

  @Test
  void standalone_asks_nobody_and_removes_nothing() {
    Exchange exchange = begin(Map.of(), CHAT, FakeHeaders.of(DEBUG, "true"));

    assertThat(exchange.requestEdits()).isSameAs(HeaderEdits.EMPTY);
    assertThat(answered(exchange)).isSameAs(HeaderEdits.EMPTY);
  }

  @Test
  void response_without_a_router_is_left_alone() {
    for (Headers response :
        List.of(
            FakeHeaders.of("content-type", "application/json"),
            FakeHeaders.of("content-type", "application/json").unnamed())) {
      Exchange exchange = begin(enabled(Map.of()), CHAT, Headers.EMPTY);
      assertThat(exchange.onResponseHeaders(200, response).isEmpty()).isTrue();
    }
  }

  @Test
  void more_debug_headers_than_one_reply_can_edit_are_removed_as_far_as_it_can() {
    FakeHeaders response = FakeHeaders.of("x-vsr-response-path", "upstream");
    for (int i = 0; i < 200; i++) {
      response.add("x-vsr-matched-" + i, "1");
    }
    HeaderEdits edits =
        begin(enabled(Map.of()), CHAT, Headers.EMPTY).onResponseHeaders(200, response);

    assertThat(edits.toRemove()).hasSize(80);
    assertThat(edits.toSet().size() + edits.toRemove().size()).isLessThan(100);
  }

  @Test
  void names_of_ours_stay_when_the_prefix_makes_them_look_like_debug_headers() {
    Map<String, Object> config =
        Map.of("enabled", true, "headers", Map.of("prefix", "x-vsr-selected-"));
    Exchange exchange = begin(config, CHAT, Headers.EMPTY);
    HeaderEdits edits = answered(exchange);

    assertThat(edits.toRemove())
        .contains("x-vsr-selected-reasoning")
        .doesNotContain("x-vsr-selected-category");
  }

  @Test
  void header_that_both_protocols_differ_is_no_debug_header() {
    RoutingHeaders headers =
        new RoutingHeaders(MaasConfig.defaults().headers(), MaasConfig.defaults().routing());
    FakeHeaders differ =
        FakeHeaders.of("x-vsr-client-protocol", "anthropic", "x-vsr-upstream-protocol", "openai");
    FakeHeaders one = FakeHeaders.of("x-vsr-client-protocol", "openai");

    assertThat(headers.write(Routing.UNKNOWN, differ, true).toRemove()).isEmpty();
    assertThat(headers.write(Routing.UNKNOWN, one, true).toRemove()).isEmpty();
  }
}
