// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.CHAT;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.ENVOY_YAML;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.JSON;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertBilled;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertPassedOn;

import com.google.protobuf.ByteString;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.testkit.RecordingSink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * More to edit than Envoy takes: beyond 100 edits in one reply it fails the exchange, even where it
 * fails open. By default it takes no more than 100 headers, but that can be raised.
 */
class EditLimitScenariosTest {
  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy = MeteredEnvoy.metering(sink);

  @AfterEach
  void close() {
    envoy.close();
  }

  @Test
  @DisplayName("HeaderMutationResultSizeFailWithRequest, more headers than edits")
  void moreHeadersToRemoveThanEnvoyTakesEditsDoNotFailTheExchange() {
    HttpMessage request = CHAT;
    for (int i = 0; i < 150; i++) {
      request = request.header("x-vsr-" + i, ByteString.copyFromUtf8("1"));
    }
    HttpExchange exchange = HttpExchange.of(request, JSON);
    assertPassedOn(envoy.play(ENVOY_YAML, exchange), exchange);
    assertBilled(sink);
  }

  /** Envoy adds headers of its own to as many as it takes; then even a removal fails. */
  @Test
  @DisplayName("HeaderMutationResultSizeFailWithRequest, where usage would be forced")
  void requestWithMoreHeadersThanEnvoyTakesIsNotEditedAtAll() {
    try (MeteredEnvoy forcing = MeteredEnvoy.forcingUsage(sink)) {
      HttpMessage request = CHAT;
      HttpMessage response = JSON.header("x-vsr-selected-model", ByteString.copyFromUtf8("q"));
      for (int i = 0; i < 150; i++) {
        request = request.header("x-other-" + i, ByteString.copyFromUtf8("1"));
        response =
            response.header("x-vsr-matched-" + i % 2 + "-" + i, ByteString.copyFromUtf8("1"));
      }
      HttpExchange exchange = HttpExchange.of(request, response);
      assertPassedOn(forcing.play(ENVOY_YAML, exchange), exchange);
      assertBilled(sink);
    }
  }
}
