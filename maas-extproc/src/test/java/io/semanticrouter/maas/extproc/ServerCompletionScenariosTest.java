// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.CHAT;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.SSE;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertBilled;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertPassedOn;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Ending;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testkit.RecordingSink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Streams that only the server can end in time: in observability mode Envoy leaves them open for
 * seconds. The display names are those of Envoy's own integration tests.
 */
class ServerCompletionScenariosTest {
  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy = MeteredEnvoy.metering(sink);

  @AfterEach
  void close() {
    envoy.close();
  }

  /** Plays an exchange that is only observed, and waits for the server to end the stream. */
  private Played observe(ProcessingMode mode, HttpExchange exchange) {
    Filter filter = Filter.builder(mode).observing(true).build();
    Played played = envoy.play(filter, exchange, Ending.AWAIT_SERVER);
    assertThat(played.replies()).isEmpty();
    assertThat(played.isCompletedByServer()).isTrue();
    assertPassedOn(played, exchange);
    return played;
  }

  @Test
  @DisplayName("ObservabilityModeWithFullRequest, ObservabilityModeWithFullResponse")
  void exchangeThatIsObservedToItsEndIsBilledAndItsStreamEnded() {
    observe(
        Modes.of(BodySendMode.STREAMED, BodySendMode.STREAMED),
        HttpExchange.of(CHAT.trailers("a", "b"), SSE));
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  @DisplayName("ObservabilityModeWithBody")
  void lastChunkEndsTheStream() {
    observe(
        Modes.of(true, BodySendMode.NONE, false, true, BodySendMode.STREAMED, false),
        HttpExchange.of(CHAT, JSON));
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  @DisplayName("ObservabilityModeWithTrailer")
  void trailersEndTheStream() {
    observe(
        Modes.of(BodySendMode.NONE, BodySendMode.STREAMED),
        HttpExchange.of(CHAT, SSE.trailers("a", "b")));
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @Test
  @DisplayName("ObservabilityModeWithHeader")
  void headersThatEndTheResponseEndTheStream() {
    observe(
        Modes.of(BodySendMode.STREAMED, BodySendMode.STREAMED),
        HttpExchange.of(CHAT, HttpMessage.response(204)));
    assertThat(sink.single().outcome()).isEqualTo(Outcome.NONE);
  }

  @Test
  @DisplayName("ObservabilityMode, not metered")
  void streamOfARequestThatIsNotMeteredIsEnded() {
    observe(
        Modes.of(BodySendMode.STREAMED, BodySendMode.STREAMED),
        HttpExchange.of(HttpMessage.request("GET", "/healthz"), HttpMessage.response(200)));
    assertThat(sink.records()).isEmpty();
  }
}
