// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The response cache of the packaged jar behind a real Envoy: what it gives out, to whom, and how
 * that is counted. Each test has users of its own, because answers stay.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmbeddedCacheIT {
  private Stack stack;

  @BeforeAll
  void start() throws Exception {
    String large =
        RoutedRequests.CONFIG.replace(
            "response_cache: { enabled: true }",
            "response_cache: { enabled: true, max_entry_bytes: 8388608 }");
    stack = Stack.start("embedded-cache", large, RoutedRequests.backend());
  }

  @AfterAll
  void stop() {
    if (stack != null) {
      stack.close();
    }
  }

  @BeforeEach
  void mark() {
    stack.mark();
  }

  @AfterEach
  void nobodyMadeAMistake() {
    stack.assertNoMistakes();
    assertThat(stack.server.log()).doesNotContain("ERROR");
  }

  private static String[] identity(String user) {
    return new String[] {"x-auth-request-user", user, "x-auth-request-tier", "free"};
  }

  private long backendRequests() {
    return stack.backend.stats().exchanges().values().stream().mapToLong(Long::longValue).sum();
  }

  private void assertRouted(String result, long requests) {
    assertThat(stack.delta("semantic_router_routed_requests_total", "result", result))
        .isEqualTo(requests);
    assertThat(stack.delta("semantic_router_routed_requests_total")).isEqualTo(requests);
  }

  private static String cacheable(boolean stream) {
    return RoutedRequests.chat("\"temperature\": 0, \"stream\": " + stream + ", ", "What is 2+2?");
  }

  @ParameterizedTest
  @CsvSource({"false, application/json", "true, text/event-stream"})
  void sameRequestOfTheSameUserIsAnsweredWithoutTheBackend(boolean stream, String type)
      throws Exception {
    String[] ana = identity("ana-" + stream);
    String body = cacheable(stream);
    RawHttp first = RawHttp.post(stack.envoy.port(), Requests.CHAT, body, ana);
    assertThat(first.header("x-vsr-cache-hit")).isEqualTo("false");
    stack.assertMetered(1);
    var used = stack.backend.stats();
    stack.mark();

    try (RawConnection client = RawConnection.open(stack.envoy.port())) {
      for (int i = 0; i < 3; i++) {
        RawHttp answer = client.post(Requests.CHAT, body, ana);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(first.body());
        assertThat(answer.head())
            .filteredOn(line -> line.toLowerCase(Locale.ROOT).startsWith("x-vsr-"))
            .containsExactlyInAnyOrder(
                "x-vsr-model-selected: qwen3",
                "x-vsr-decision: math",
                "x-vsr-category: math",
                "x-vsr-reasoning-enabled: off",
                "x-vsr-cache-hit: true");
        assertThat(answer.header("content-type")).isEqualTo(first.header("content-type"));
        assertThat(answer.header("content-type")).startsWith(type);
        assertThat(answer.header("content-length"))
            .isEqualTo(Integer.toString(first.body().length()));
        assertThat(answer.header("transfer-encoding")).isNull();
        assertThat(answer.header("connection")).isNull();
      }
    }
    // Who is asked is part of the question.
    String[] sameHost = {ana[0], ana[1], ana[2], ana[3], "host", "test"};
    Http2 http2 = Http2.post(stack.envoy.port(), Requests.CHAT, body, sameHost);
    assertThat(http2.status()).isEqualTo(200);
    assertThat(http2.body()).isEqualTo(first.body());
    assertThat(http2.headers().values("x-vsr-cache-hit")).containsExactly("true");
    assertThat(http2.headers().values("content-length"))
        .containsExactly(Integer.toString(first.body().length()));
    assertThat(http2.headers().get("content-type")).startsWith(type);

    stack.assertOutcome("complete", 4);
    assertThat(backendRequests()).as("requests at the backend").isZero();
    assertRouted("cached", 4);
    assertThat(stack.delta("semantic_router_tokens_total")).isZero();
    String[] series = {"user", "ana-" + stream, "tier", "free", "model", "qwen3"};
    assertThat(stack.delta("semantic_router_cache_requests_total", "result", "hit")).isEqualTo(4);
    assertThat(stack.delta("semantic_router_cache_tokens_total", series))
        .isEqualTo(4 * (used.promptTokens() + used.completionTokens()))
        .isPositive();
    assertThat(stack.server.scrape().sum("semantic_router_response_cache_bytes")).isPositive();
  }

  @Test
  void nobodyElseIsAnsweredFromWhatAUserWasTold() throws Exception {
    String body = cacheable(false);
    RawHttp.post(stack.envoy.port(), Requests.CHAT, body, identity("owner"));
    RawHttp.post(stack.envoy.port(), Requests.CHAT, body, identity("owner"));
    stack.awaitRequests(2);
    assertThat(backendRequests()).isEqualTo(1);

    String[] other = {"x-auth-request-user", "owner", "x-auth-request-tier", "premium"};
    for (String[] asking : new String[][] {identity("stranger"), other, {}, {}}) {
      stack.mark();
      RawHttp answer = RawHttp.post(stack.envoy.port(), Requests.CHAT, body, asking);
      assertThat(answer.header("x-vsr-cache-hit")).isEqualTo("false");
      stack.assertMetered(1);
      assertThat(backendRequests()).isEqualTo(1);
    }
  }

  /** What is held here must not be given out as if it were whole. */
  @Test
  void answerThatBreaksOffAndErrorAreNotGivenAgain() throws Exception {
    String body = cacheable(true);
    for (String[] knob :
        new String[][] {{"x-sim-status", "503"}, {"x-sim-abort-after-events", "2"}}) {
      String user = "unlucky-" + knob[0];
      for (int i = 0; i < 2; i++) {
        stack.mark();
        List<String> headers = new ArrayList<>(List.of(identity(user)));
        headers.addAll(List.of(knob));
        RawHttp.post(stack.envoy.port(), Requests.CHAT, body, headers.toArray(String[]::new));
        stack.awaitRequests(1);
        assertThat(backendRequests()).isEqualTo(1);
        assertRouted("routed", 1);
      }
    }
  }

  /** Longer than a message of Envoy's to us can be, and than its buffer. */
  @ParameterizedTest
  @ValueSource(ints = {1_000, 20_000})
  void longAnswerIsGivenAgainWhole(int tokens) throws Exception {
    String user = "reader-" + tokens;
    String[] headers = {
      "x-auth-request-user", user, "x-sim-tokens", Integer.toString(tokens),
    };
    RawHttp first = RawHttp.post(stack.envoy.port(), Requests.CHAT, cacheable(true), headers);
    assertThat(first.body()).hasSizeGreaterThan(150 * tokens);
    stack.awaitRequests(1);
    stack.mark();

    RawHttp again = RawHttp.post(stack.envoy.port(), Requests.CHAT, cacheable(true), headers);
    assertThat(again.header("x-vsr-cache-hit")).isEqualTo("true");
    assertThat(again.body().equals(first.body()))
        .as("the same %d bytes", first.body().length())
        .isTrue();
    String[] sameHost = {headers[0], user, "host", "test"};
    Http2 http2 = Http2.post(stack.envoy.port(), Requests.CHAT, cacheable(true), sameHost);
    assertThat(http2.body().equals(first.body())).isTrue();
    assertRouted("cached", 2);
    assertThat(backendRequests()).isZero();
  }
}
