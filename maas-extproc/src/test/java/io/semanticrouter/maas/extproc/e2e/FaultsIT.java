// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * What happens to a running system while clients ask: each exchange has one record all the same.
 * {@link FailOpenIT} has servers that die and stand still, {@link RollingRestartIT} two of which
 * one leaves.
 */
class FaultsIT {
  private static final int CLIENTS = 4;

  /** Prices of a million tokens. */
  private static String priced(String prompt) {
    return """
        maas_integration:
          enabled: true
          metrics: { internal_cost_calculation: true }
        pricing:
          currency: EUR
          models: { qwen3: { prompt_per_1m: "%s", completion_per_1m: "0" } }
        """
        .formatted(prompt);
  }

  @Test
  void configurationsThatChangeUnderLoadLoseNoExchange() throws Exception {
    String name = "reloads";
    Path config = Project.WORK.resolve(name).resolve("config.yaml");
    try (Stack stack = Stack.start(name, priced("1000000"), Requests.backend());
        SteadyClients clients = new SteadyClients(stack.envoy.port(), CLIENTS)) {
      for (int round = 1; round <= 5; round++) {
        long before = clients.answers();
        Files.writeString(config, Stack.PORTS + priced("free"));
        stack.server.hangUp();
        awaitReloads(stack, "refused", round);
        Files.writeString(config, Stack.PORTS + priced(round % 2 == 0 ? "1000000" : "500000"));
        stack.server.hangUp();
        awaitReloads(stack, "applied", round);
        Waiting.until(
            Duration.ofSeconds(60), () -> assertThat(clients.answers()).isGreaterThan(before + 20));
      }
      clients.stop();
      stack.awaitRequests(clients.answers());
      assertThat(stack.envoy.stat("failure_mode_allowed")).isZero();
      assertThat(stack.delta("semantic_router_requests_total", "outcome", "complete"))
          .isEqualTo(clients.answers());
      assertThat(stack.delta("semantic_router_unpriced_requests_total")).isZero();

      double cost = stack.server.scrape().sum("semantic_router_cost_total");
      double prompt = stack.server.scrape().sum("semantic_router_tokens_total", "type", "prompt");
      assertThat(cost).as("both prices, and nothing else").isBetween(prompt / 2, prompt);
      RawHttp.post(stack.envoy.port(), Requests.CHAT, Requests.PLAIN);
      stack.awaitRequests(clients.answers() + 1);
      assertThat(stack.server.scrape().sum("semantic_router_cost_total") - cost)
          .as("the last price")
          .isEqualTo(
              (stack.server.scrape().sum("semantic_router_tokens_total", "type", "prompt") - prompt)
                  / 2);
    }
  }

  private static void awaitReloads(Stack stack, String result, int count) {
    Waiting.until(
        Duration.ofSeconds(60),
        () ->
            assertThat(
                    (long)
                        stack
                            .server
                            .scrape()
                            .sum("semantic_router_config_reloads_total", "result", result))
                .isEqualTo(count));
  }

  @Test
  void exchangesThatAreOpenWhenEnvoyDiesAreSettledAndTheNextEnvoyIsServed() throws Exception {
    String name = "envoy-restarted";
    try (Stack stack = Stack.start(name, Requests.MAAS, Requests.backend())) {
      RawHttp.post(stack.envoy.port(), Requests.CHAT, Requests.ASKED);
      stack.awaitRequests(1);
      ExecutorService client = Executors.newSingleThreadExecutor();
      try {
        Future<?> broken =
            client.submit(
                () ->
                    RawHttp.post(
                        stack.envoy.port(),
                        Requests.CHAT,
                        Requests.ASKED,
                        "x-sim-tokens",
                        "200",
                        "x-sim-chunk-delay-ms",
                        "100"));
        Waiting.until(
            Duration.ofSeconds(20),
            () ->
                assertThat(
                        stack.delta(
                            "semantic_router_extproc_messages_total", "phase", "response_body"))
                    .isGreaterThan(4));
        stack.envoy.kill();
        stack.awaitRequests(2);
        assertThat(broken).as("cut for the client as well").satisfies(FaultsIT::ends);
      } finally {
        client.shutdownNow();
      }
      assertThat(stack.delta("semantic_router_requests_total", "outcome", "estimated"))
          .isEqualTo(1);
      try (Envoy next =
          Envoy.start(
              Project.WORK.resolve(name + "-next"),
              Envoy.config(stack.server.grpcPort(), stack.backend.port()))) {
        assertThat(RawHttp.post(next.port(), Requests.CHAT, Requests.ASKED).status())
            .isEqualTo(200);
        stack.awaitRequests(3);
        assertThat(stack.delta("semantic_router_requests_total", "outcome", "complete"))
            .isEqualTo(2);
        assertThat(stack.server.scrape().sum("semantic_router_extproc_open_streams")).isZero();
      }
    }
  }

  private static void ends(Future<?> exchange) {
    Waiting.until(Duration.ofSeconds(20), () -> assertThat(exchange.isDone()).isTrue());
  }
}
