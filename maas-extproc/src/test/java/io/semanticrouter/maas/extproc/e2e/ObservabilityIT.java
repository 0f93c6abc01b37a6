// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An Envoy that only lets us look on: it waits for no reply. It keeps a stream open for a while
 * after the exchange, here for a minute, unless we end it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ObservabilityIT {
  private static final String LISTENER = "observed";

  private Stack stack;

  @BeforeAll
  void start() throws Exception {
    stack =
        Stack.start(
            "observability",
            Requests.MAAS,
            Requests.backend(),
            envoy ->
                envoy
                    .listener(LISTENER)
                    .bodies("NONE", "STREAMED")
                    .extProc(
                        """
                        observability_mode: true
                        deferred_close_timeout: 60s
                        allow_mode_override: false
                        """));
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
  }

  private RawHttp post(String body, String... knobs) throws IOException {
    return RawHttp.post(stack.envoy.port(LISTENER), Requests.CHAT, body, knobs);
  }

  private void assertSame(String body, String... knobs) throws IOException {
    RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, body, knobs);
    stack.mark();
    RawHttp actual = post(body, knobs);
    assertThat(actual.status()).isEqualTo(expected.status());
    assertThat(actual.body()).isEqualTo(expected.body());
    assertThat(actual.cut()).isFalse();
  }

  private void assertStreamsEnded() {
    Waiting.until(
        Duration.ofSeconds(20),
        () -> assertThat(stack.envoy.active("maas-extproc")).as("open streams").isZero());
  }

  @ParameterizedTest
  @CsvSource({"4, 100000", "200, 1000", "2000, 64"})
  void answersPassAndAreMeteredAndTheirStreamsEnd(String tokens, String split) throws Exception {
    for (String body : new String[] {Requests.PLAIN, Requests.ASKED}) {
      assertSame(body, "x-sim-tokens", tokens, "x-sim-split-bytes", split);
      stack.assertMetered(1);
    }
    assertStreamsEnded();
  }

  @Test
  void streamThatAsksForNoUsageIsLeftAloneAndEstimated() throws Exception {
    assertSame(Requests.STREAM);
    stack.assertOutcome("estimated", 1);
    assertStreamsEnded();
  }

  @Test
  void refusedRequestIsAnErrorAndItsStreamEnds() throws Exception {
    assertSame(Requests.STREAM, "x-sim-status", "429");
    stack.assertOutcome("error", 1);
    assertStreamsEnded();
  }

  @Test
  void streamOfWhatBelongsToNoApiEnds() throws Exception {
    RawHttp echo = RawHttp.post(stack.envoy.port(LISTENER), "/echo", Requests.PLAIN);
    assertThat(echo.body()).contains("\"body_bytes\":" + Requests.PLAIN.length());
    stack.awaitRequests(0);
    assertStreamsEnded();
  }
}
