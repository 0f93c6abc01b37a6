// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.STREAM_REQUEST;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.testkit.RecordingSink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Bodies that end in the middle of what is being edited, with trailers behind them. Where the end
 * can be known in time, nothing of them may be held back: a BUFFERED request is whole by its mode,
 * and a piece of a FULL_DUPLEX_STREAMED body can still go in front of the reply to the trailers.
 */
class TruncatedBodyScenariosTest {
  private final MeteredEnvoy envoy = MeteredEnvoy.forcingUsage(new RecordingSink());

  @AfterEach
  void close() {
    envoy.close();
  }

  private static Filter filter(BodySendMode mode) {
    return Filter.of(mode, mode);
  }

  @ParameterizedTest
  @EnumSource(
      value = BodySendMode.class,
      names = {"BUFFERED", "FULL_DUPLEX_STREAMED"})
  void requestThatEndsInsideTheEditGoesOnWhole(BodySendMode mode) {
    String request = "{\"stream\":true,\"stream_options\":{\"include_usage\":fals";
    Played played =
        envoy.play(
            filter(mode), HttpExchange.of(chat(End.LAST_CHUNK, request).trailers("a", "b"), JSON));
    assertThat(played.upstream().body().toStringUtf8()).isEqualTo(request);
  }

  @Test
  void responseThatEndsInsideItsUsageGoesOnWhole() {
    HttpMessage response =
        HttpMessage.response(200, "content-type", "text/event-stream")
            .body(
                End.LAST_CHUNK,
                Messages.SSE_ANSWER.get(0),
                "data: {\"choices\":[],\"usage\":{\"prompt_tok")
            .trailers("a", "b");
    Played played =
        envoy.play(
            filter(BodySendMode.FULL_DUPLEX_STREAMED),
            HttpExchange.of(chat(End.LAST_CHUNK, STREAM_REQUEST), response));
    assertThat(played.downstream().body()).isEqualTo(response.body());
  }
}
