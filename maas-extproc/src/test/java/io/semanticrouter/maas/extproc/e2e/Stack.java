// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** Backend, server and Envoy, wired together, and the books of all three. */
final class Stack implements AutoCloseable {
  static final String PORTS =
      """
      server:
        grpc_address: 127.0.0.1
        grpc_port: 0
        metrics_address: 127.0.0.1
        metrics_port: 0
      """;

  final SimulatedVllm backend;
  final ServerJar server;
  final Envoy envoy;
  private Scrape before;

  private Stack(SimulatedVllm backend, ServerJar server, Envoy envoy) {
    this.backend = backend;
    this.server = server;
    this.envoy = envoy;
    this.before = server.scrape();
  }

  static Stack start(String name, String config) throws IOException, InterruptedException {
    return start(name, config, SimulatedVllm.builder().model("qwen3"));
  }

  static Stack start(
      String name, String config, SimulatedVllm.Builder simulator, String... serverJvmOptions)
      throws IOException, InterruptedException {
    return start(name, config, simulator, unchanged -> {}, serverJvmOptions);
  }

  /**
   * Starts a stack.
   *
   * @param change what differs from the shipped Envoy configuration
   */
  static Stack start(
      String name,
      String config,
      SimulatedVllm.Builder simulator,
      Consumer<EnvoyConfig> change,
      String... serverJvmOptions)
      throws IOException, InterruptedException {
    Envoy.binary();
    Path directory = Project.WORK.resolve(name);
    SimulatedVllm backend = simulator.start();
    ServerJar server = null;
    try {
      server = ServerJar.start(directory, PORTS + config, serverJvmOptions);
      EnvoyConfig envoyConfig = EnvoyConfig.shipped(server.grpcPort(), backend.port());
      change.accept(envoyConfig);
      Envoy envoy = Envoy.start(directory, envoyConfig.text());
      return new Stack(backend, server, envoy);
    } catch (IOException | RuntimeException | AssertionError e) {
      if (server != null) {
        server.close();
      }
      backend.close();
      throw e;
    }
  }

  OpenAIClient client(String user, String tier) {
    return OpenAIOkHttpClient.builder()
        .baseUrl(envoy.url() + "/v1")
        .apiKey("none")
        .maxRetries(0)
        .timeout(Duration.ofSeconds(60))
        .putHeader("x-auth-request-user", user)
        .putHeader("x-auth-request-tier", tier)
        .build();
  }

  AnthropicClient anthropic(String user, String tier) {
    return AnthropicOkHttpClient.builder()
        .baseUrl(envoy.url())
        .apiKey("none")
        .maxRetries(0)
        .timeout(Duration.ofSeconds(60))
        .putHeader("x-auth-request-user", user)
        .putHeader("x-auth-request-tier", tier)
        .build();
  }

  /** From here on, {@link #delta} and {@link #awaitRequests} count anew. */
  void mark() {
    backend.resetStats();
    before = server.scrape();
  }

  /** How much a metric has grown since the mark. */
  long delta(String metric, String... labels) {
    return delta(before, server.scrape(), metric, labels);
  }

  private static long delta(Scrape from, Scrape to, String metric, String... labels) {
    return (long) (to.sum(metric, labels) - from.sum(metric, labels));
  }

  /** Waits until exactly so many exchanges are counted, no more and no less. */
  void awaitRequests(long exchanges) {
    settled(exchanges);
  }

  /** A scrape behind the one that shows the exchanges: only that one shows all of them for sure. */
  private Scrape settled(long exchanges) {
    Waiting.until(
        Duration.ofSeconds(20),
        () -> assertThat(delta("semantic_router_requests_total")).isEqualTo(exchanges));
    return server.scrape();
  }

  /** Waits until exactly so many exchanges are counted, and asserts that all ended like this. */
  void assertOutcome(String outcome, long exchanges) {
    assertOutcome(settled(exchanges), outcome, exchanges);
  }

  private void assertOutcome(Scrape now, String outcome, long exchanges) {
    assertThat(delta(before, now, "semantic_router_requests_total", "outcome", outcome))
        .as("exchanges with the outcome %s of %s", outcome, outcomes(now))
        .isEqualTo(exchanges);
  }

  private List<String> outcomes(Scrape now) {
    return now.series().keySet().stream()
        .filter(series -> series.name().equals("semantic_router_requests_total"))
        .map(series -> series.labels().get("outcome"))
        .filter(
            outcome -> delta(before, now, "semantic_router_requests_total", "outcome", outcome) > 0)
        .toList();
  }

  /** Asserts that so many exchanges are complete, with the tokens that the backend stated. */
  void assertMetered(long exchanges) {
    Scrape now = settled(exchanges);
    assertOutcome(now, "complete", exchanges);
    assertTokensAsReported(now);
  }

  /** Asserts that so many exchanges ended like this, and that no token of them was measured. */
  void assertUnmetered(String outcome, long exchanges) {
    Scrape now = settled(exchanges);
    assertOutcome(now, outcome, exchanges);
    assertThat(delta(before, now, "semantic_router_tokens_total")).isZero();
  }

  /** Asserts that the tokens metered are those of the whole answers that stated their usage. */
  void assertTokensAsReported() {
    assertTokensAsReported(server.scrape());
  }

  private void assertTokensAsReported(Scrape now) {
    var reported = backend.stats().reported();
    assertThat(delta(before, now, "semantic_router_tokens_total", "type", "prompt"))
        .as("prompt tokens")
        .isEqualTo(reported.promptTokens());
    assertThat(delta(before, now, "semantic_router_tokens_total", "type", "completion"))
        .as("completion tokens")
        .isEqualTo(reported.completionTokens());
  }

  /** Asserts that neither the server nor Envoy has seen the other do anything wrong. */
  void assertNoMistakes() {
    Scrape scrape = server.scrape();
    assertThat(scrape.sum("semantic_router_metering_defects_total")).isZero();
    assertThat(scrape.sum("semantic_router_sink_failures_total")).isZero();
    assertThat(scrape.sum("semantic_router_extproc_failures_total")).isZero();
    assertThat(envoy.stat("spurious_msgs_received")).isZero();
    assertThat(envoy.stat("rejected_header_mutations")).isZero();
    assertThat(envoy.stat("failure_mode_allowed")).isZero();
    assertThat(envoy.stat("message_timeouts")).isZero();
    assertThat(envoy.stat("streams_failed")).isZero();
  }

  @Override
  public void close() {
    envoy.close();
    server.close();
    backend.close();
  }
}
