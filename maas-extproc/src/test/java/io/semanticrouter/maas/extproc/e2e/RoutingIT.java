// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One request of a client is one bill at most, whatever Envoy makes of it: tried again, redirected
 * inside, answered by a filter, or shown to two servers of ours.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RoutingIT {
  private static final String ANSWER =
      "{\"id\":\"1\",\"object\":\"chat.completion\",\"model\":\"qwen3\",\"choices\":[],"
          + "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":4,\"total_tokens\":11}}";
  private static final String JSON = "content-type: application/json";

  private final AtomicInteger attempts = new AtomicInteger();
  private final List<RawBackend.Request> seen = new CopyOnWriteArrayList<>();
  private RawBackend raw;
  private ServerJar second;
  private Stack stack;

  @BeforeAll
  void start() throws Exception {
    raw = RawBackend.start();
    raw.on(
        "flaky",
        (request, in, out) -> {
          seen.add(request);
          out.write(
              attempts.incrementAndGet() < 3
                  ? RawBackend.answer("503 Service Unavailable", "{\"error\":1}", JSON)
                  : RawBackend.answer("200 OK", ANSWER, JSON));
        });
    raw.on(
        "redirect",
        (request, in, out) -> {
          seen.add(request);
          out.write(
              request.head().get(0).contains("?again")
                  ? RawBackend.answer("200 OK", ANSWER, JSON)
                  : RawBackend.answer(
                      "307 Temporary Redirect",
                      "",
                      "location: http://test" + Requests.CHAT + "?again"));
        });
    second = ServerJar.start(Project.WORK.resolve("routing/second"), Stack.PORTS);
    int nobody = closedPort();
    stack =
        Stack.start(
            "routing",
            Requests.MAAS,
            Requests.backend(),
            envoy -> {
              envoy.cluster("raw", "backend", raw.port());
              envoy.cluster("nobody", "backend", nobody);
              envoy.cluster("second", "maas-extproc", second.grpcPort());
              listeners(envoy);
            });
  }

  private static void listeners(EnvoyConfig envoy) {
    envoy
        .listener("retry")
        .route(
            """
            cluster: raw
            retry_policy: { retry_on: 5xx, num_retries: 3 }
            """);
    envoy
        .listener("redirect")
        .route(
            """
            cluster: raw
            internal_redirect_policy: { redirect_response_codes: [ 307 ] }
            """);
    both(envoy, "limited", listener -> listener.after(LIMIT));
    both(envoy, "denied", listener -> listener.after(DENY));
    both(envoy, "fault", listener -> listener.after(FAULT));
    both(envoy, "unreachable", listener -> listener.route("cluster: nobody"));
    both(
        envoy,
        "direct",
        listener ->
            listener.firstRoute(
                """
                match: { prefix: / }
                direct_response: { status: 451, body: { inline_string: "no" } }
                """));
    envoy.listener("denied-before").before(DENY);
    String attributes = "response_attributes: [ request.path, request.method ]";
    envoy.listener("denied-before-attributes").before(DENY).extProc(attributes);
    envoy
        .listener("response-only")
        .extProc("allow_mode_override: false")
        .extProc("processing_mode: { request_header_mode: SKIP, response_body_mode: STREAMED }")
        .extProc(attributes);
    envoy.listener("two").secondExtProc("second");
    envoy
        .listener("two-swapped")
        .secondExtProc("maas-extproc")
        .extProc("grpc_service: { envoy_grpc: { cluster_name: second } }");
    envoy
        .listener("two-static")
        .bodies("STREAMED", "STREAMED")
        .extProc("allow_mode_override: false")
        .secondExtProc("second");
  }

  private static final String LIMIT =
      """
      name: envoy.filters.http.local_ratelimit
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
        stat_prefix: limit
        token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: 3600s }
        filter_enabled: { default_value: { numerator: 100 } }
        filter_enforced: { default_value: { numerator: 100 } }
      """;
  private static final String DENY =
      """
      name: envoy.filters.http.rbac
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
        rules: { action: ALLOW, policies: {} }
      """;
  private static final String FAULT =
      """
      name: envoy.filters.http.fault
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
        abort: { http_status: 418, percentage: { numerator: 100 } }
      """;

  /** With and without us. */
  private static void both(EnvoyConfig envoy, String name, Consumer<EnvoyConfig.Listener> change) {
    // What Envoy waits for a client to read before it closes.
    String quick = "delayed_close_timeout: 0.2s";
    change.accept(envoy.listener(name).http(quick));
    EnvoyConfig.Listener without = envoy.listener(name + "-without").http(quick);
    change.accept(without);
    without.withoutExtProc();
  }

  private static int closedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @AfterAll
  void stop() {
    if (stack != null) {
      stack.close();
    }
    if (second != null) {
      second.close();
    }
    raw.close();
  }

  @BeforeEach
  void mark() {
    stack.mark();
    attempts.set(0);
    seen.clear();
  }

  @AfterEach
  void nobodyMadeAMistake() {
    stack.assertNoMistakes();
    assertThat(second.scrape().sum("semantic_router_extproc_failures_total")).isZero();
  }

  private RawHttp post(String listener, String body, String... headers) throws IOException {
    return RawHttp.post(stack.envoy.port(listener), Requests.CHAT, body, headers);
  }

  /** Asks in one packet: who answers the head of a request and closes may reset the connection. */
  private RawHttp ask(String listener) throws IOException {
    return RawHttp.lines(
        stack.envoy.port(listener),
        "POST " + Requests.CHAT + " HTTP/1.1",
        "host: test",
        "connection: close",
        JSON,
        "content-length: " + Requests.PLAIN.length(),
        "",
        Requests.PLAIN);
  }

  private void assertTokens(long exchanges) {
    assertThat(stack.delta("semantic_router_tokens_total", "type", "prompt"))
        .isEqualTo(7 * exchanges);
    assertThat(stack.delta("semantic_router_tokens_total", "type", "completion"))
        .isEqualTo(4 * exchanges);
  }

  @Test
  void requestThatIsTriedThreeTimesIsBilledOnce() throws Exception {
    RawHttp answer = post("retry", Requests.STREAM, RawBackend.CASE, "flaky");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(ANSWER);
    assertThat(seen).extracting(RawBackend.Request::body).hasSize(3);
    assertThat(seen).extracting(RawBackend.Request::body).containsOnly(Requests.STREAM_EDITED);
    stack.assertOutcome("complete", 1);
    assertTokens(1);
  }

  @Test
  void requestThatIsRedirectedInsideIsBilledOnce() throws Exception {
    RawHttp answer = post("redirect", Requests.STREAM, RawBackend.CASE, "redirect");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(ANSWER);
    assertThat(seen).extracting(RawBackend.Request::body).hasSize(2);
    assertThat(seen).extracting(RawBackend.Request::body).containsOnly(Requests.STREAM_EDITED);
    // Two streams; the first one saw no response, and its request was told to begin anew.
    stack.awaitRequests(2);
    assertThat(stack.delta("semantic_router_requests_total", "outcome", "complete")).isEqualTo(1);
    assertThat(stack.delta("semantic_router_requests_total", "outcome", "none")).isEqualTo(1);
    assertTokens(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"limited", "denied", "fault", "unreachable", "direct"})
  void answerOfEnvoyItselfPassesAndBillsNothing(String listener) throws Exception {
    if (listener.equals("limited")) {
      // What the limit leaves.
      ask(listener);
      ask(listener + "-without");
      stack.awaitRequests(1);
      stack.mark();
    }
    RawHttp expected = ask(listener + "-without");
    RawHttp answer = ask(listener);

    assertThat(answer.status()).isEqualTo(expected.status()).isGreaterThanOrEqualTo(400);
    assertThat(answer.body()).isEqualTo(expected.body());
    assertThat(answer.header("content-length")).isEqualTo(expected.header("content-length"));
    // Until 1.37 such answers were not shown.
    stack.assertOutcome(Envoy.isAtLeast(37) ? "error" : "none", 1);
    assertTokens(0);
  }

  /** From 1.37 on we see the answer, but of the request only what Envoy was told to add to it. */
  @ParameterizedTest
  @ValueSource(strings = {"denied-before", "denied-before-attributes"})
  void requestThatAFilterBeforeUsAnswersBillsNothing(String listener) throws Exception {
    boolean isShown = Envoy.isAtLeast(37);
    boolean isKnown = isShown && listener.equals("denied-before-attributes");
    RawHttp answer = ask(listener);

    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.body()).isEqualTo("RBAC: access denied");
    stack.assertOutcome("error", isKnown ? 1 : 0);
    assertTokens(0);
    assertThat(stack.delta("semantic_router_extproc_unknown_requests_total"))
        .isEqualTo(isShown && !isKnown ? 1 : 0);
  }

  /**
   * Envoy adds them to the response: {@code request_attributes} are for a request that is shown.
   */
  @Test
  void requestOfWhichOnlyAttributesAreShownIsBilled() throws Exception {
    RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, Requests.ASKED);
    stack.mark();

    RawHttp answer = post("response-only", Requests.ASKED);

    assertThat(answer.body()).isEqualTo(expected.body());
    stack.assertMetered(1);
  }

  /** The second server is in Standalone mode: it changes nothing, and sees what the first left. */
  @ParameterizedTest
  @ValueSource(strings = {"two", "two-static", "two-swapped"})
  void eachOfTwoServersInAChainBillsOnce(String listener) throws Exception {
    String[] knobs = {"x-sim-tokens", "500", "x-sim-split-bytes", "1000"};
    for (String body : List.of(Requests.PLAIN, Requests.ASKED, Requests.STREAM)) {
      RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, body, knobs);
      for (int i = 0; i < 5; i++) {
        stack.mark();
        Scrape before = second.scrape();

        RawHttp answer = post(listener, body, knobs);

        if (losesBytes(listener) && !answer.body().equals(expected.body())) {
          assertBytesLost(answer, expected);
          continue;
        }
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(expected.body());
        assertThat(answer.cut()).isFalse();
        stack.assertMetered(1);
        // Who is before the first sees no usage that the client did not ask for.
        boolean shown = !listener.equals("two-swapped") || !body.equals(Requests.STREAM);
        awaitSecond(before, shown ? "complete" : "estimated");
        assertThat(tokens(second.scrape()) - tokens(before)).isEqualTo(shown ? 7 + 500 : 0);
      }
    }
  }

  /**
   * Whether this Envoy may lose bytes between two filters: before 1.39 of bodies in either
   * direction, and in 1.40 of requests whose body only the first filter wants to see.
   */
  private static boolean losesBytes(String listener) throws Exception {
    return !Envoy.isAtLeast(39) || (listener.equals("two") && Envoy.isAtLeast(40));
  }

  /** The end of the answer is gone, or that of the request, which the backend then refuses. */
  private void assertBytesLost(RawHttp answer, RawHttp expected) throws Exception {
    if (answer.status() == 200) {
      assertThat(Envoy.isAtLeast(39)).as("an Envoy that loses no bytes of answers").isFalse();
      assertThat(expected.body()).startsWith(answer.body());
    } else {
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains("is not valid JSON");
    }
    stack.awaitRequests(1);
    assertThat(stack.delta("semantic_router_tokens_total")).isLessThanOrEqualTo(reported());
  }

  private long reported() {
    var reported = stack.backend.stats().reported();
    return reported.promptTokens() + reported.completionTokens();
  }

  private void awaitSecond(Scrape before, String outcome) {
    Waiting.until(
        Duration.ofSeconds(20),
        () -> {
          Scrape now = second.scrape();
          for (String[] labels : new String[][] {{}, {"outcome", outcome}}) {
            assertThat(
                    now.sum("semantic_router_requests_total", labels)
                        - before.sum("semantic_router_requests_total", labels))
                .isEqualTo(1);
          }
        });
  }

  private static long tokens(Scrape scrape) {
    return (long) scrape.sum("semantic_router_tokens_total");
  }
}
