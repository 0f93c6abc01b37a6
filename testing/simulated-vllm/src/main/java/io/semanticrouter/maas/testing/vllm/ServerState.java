// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.time.Clock;
import java.util.List;
import java.util.function.Supplier;

/** What the endpoints of one server share. */
record ServerState(
    List<String> models,
    RoutingHeaders routingHeaders,
    Clock clock,
    Supplier<String> ids,
    StatsRecorder stats) {

  long created() {
    return clock.instant().getEpochSecond();
  }

  /**
   * Returns the model that serves a request. One that this server does not have is served by its
   * first model, as if a router had rewritten the request.
   */
  String served(String requested) {
    return models.contains(requested) ? requested : models.get(0);
  }
}
