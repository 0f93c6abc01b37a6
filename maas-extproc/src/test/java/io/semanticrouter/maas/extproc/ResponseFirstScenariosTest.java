// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.CHAT;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertBilled;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertPassedOn;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Streams of which the request is not shown but told in attributes. The display names are those of
 * Envoy's own integration tests.
 */
class ResponseFirstScenariosTest {
  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy =
      MeteredEnvoy.metering(
          sink,
          Map.of(
              "trust", List.of(Map.of("by", "attributes", "user", "filter_state['auth.user']"))));

  @AfterEach
  void close() {
    envoy.close();
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }

  @Test
  @DisplayName("RequestAttributesInResponseOnlyProcessing")
  void exchangeWhoseRequestIsToldInAttributesIsBilled() {
    Struct attributes =
        Struct.newBuilder()
            .putFields("request.method", text("POST"))
            .putFields("request.path", text("/v1/chat/completions"))
            .putFields("filter_state['auth.user']", text("alice"))
            .build();
    Filter filter =
        Filter.builder(Modes.of(false, BodySendMode.NONE, false, true, BodySendMode.STREAMED, true))
            .requestAttributes(attributes)
            .build();
    HttpExchange exchange = HttpExchange.of(CHAT, JSON);
    Played played = envoy.play(filter, exchange);
    assertPassedOn(played, exchange);
    assertThat(played.sentKinds()).doesNotContain("REQUEST_HEADERS");
    assertThat(assertBilled(sink).outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(sink.single().identity().user()).isEqualTo("alice");
  }
}
