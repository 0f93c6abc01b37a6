// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitRequest;
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitResponse;
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitResponse.Code;
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitServiceGrpc;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pieces of Envoy configuration in deploy/envoy, put into the one that we ship. */
class EnvoySnippetsIT {
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final String HYBRID =
      Stack.PORTS
          + """
          maas_integration:
            enabled: true
            metrics:
              internal_cost_calculation: true
          pricing:
            currency: USD
            models:
              qwen3: { prompt_per_1m: "0.20", completion_per_1m: "0.60" }
          """;

  /** A rate limit service with a budget; what is taken from it is a number of hits. */
  private static final class Budget extends RateLimitServiceGrpc.RateLimitServiceImplBase {
    final List<RateLimitRequest> asked = new CopyOnWriteArrayList<>();
    private final long budget;
    private long taken;

    Budget(long budget) {
      this.budget = budget;
    }

    @Override
    public synchronized void shouldRateLimit(
        RateLimitRequest request, StreamObserver<RateLimitResponse> responses) {
      asked.add(request);
      Code code = taken < budget ? Code.OK : Code.OVER_LIMIT;
      taken += hits(request);
      responses.onNext(RateLimitResponse.newBuilder().setOverallCode(code).build());
      responses.onCompleted();
    }

    static long hits(RateLimitRequest request) {
      return request.getDescriptorsList().stream()
          .mapToLong(descriptor -> descriptor.getHitsAddend().getValue())
          .sum();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"access-log.yaml", "rate-limit.yaml", "otel-access-log.yaml"})
  void eachPieceIsValidInTheShippedConfiguration(String snippet) throws Exception {
    Path directory = Files.createDirectories(Project.WORK.resolve("snippet-" + snippet));
    Path config = Files.writeString(directory.resolve("envoy.yaml"), with(snippet, 1, 2, 3));
    Envoy.Result result = Envoy.validate(config);
    assertThat(result.status()).as(result.output()).isZero();
    assertThat(result.output()).contains("OK").doesNotContain("deprecated");
  }

  @Test
  void accessLogHasUserTokensAndExactCostOfEachExchange() throws Exception {
    Path directory = Project.WORK.resolve("snippet-access-log");
    try (SimulatedVllm backend = SimulatedVllm.builder().model("qwen3").start();
        ServerJar server = ServerJar.start(directory, HYBRID);
        Envoy envoy =
            Envoy.start(directory, with("access-log.yaml", server.grpcPort(), backend.port(), 1))) {
      assertThat(chat(envoy)).contains("200");
      Waiting.until(
          Duration.ofSeconds(10),
          () -> {
            assertThat(envoy.accessLog()).hasSize(1);
            JsonNode line = envoy.accessLog().get(0);
            long prompt = backend.stats().reported().promptTokens();
            long completion = backend.stats().reported().completionTokens();
            assertThat(line.get("user").asText()).isEqualTo("alice");
            assertThat(line.get("tier").asText()).isEqualTo("premium");
            assertThat(line.get("model").asText()).isEqualTo("qwen3");
            assertThat(line.get("outcome").asText()).isEqualTo("complete");
            assertThat(line.get("prompt_tokens").asLong()).isEqualTo(prompt);
            assertThat(line.get("completion_tokens").asLong()).isEqualTo(completion);
            assertThat(line.get("total_tokens").asLong()).isEqualTo(prompt + completion);
            // In 10^-8: 0.20 and 0.60 a million are 20 and 60 of them a token.
            assertThat(new BigDecimal(line.get("cost").asText()))
                .isEqualByComparingTo(BigDecimal.valueOf(20 * prompt + 60 * completion, 8));
            assertThat(line.get("currency").asText()).isEqualTo("USD");
            assertThat(line.get("cost_micros").asLong())
                .isEqualTo((20 * prompt + 60 * completion + 50) / 100);
          });
    }
  }

  @Test
  void rateLimitTakesTheTokensOfEachExchangeAndRefusesWhenTheyAreUsedUp() throws Exception {
    Path directory = Project.WORK.resolve("snippet-rate-limit");
    Budget budget = new Budget(1);
    Server limits =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(budget)
            .build()
            .start();
    try (SimulatedVllm backend = SimulatedVllm.builder().model("qwen3").start();
        ServerJar server = ServerJar.start(directory, HYBRID);
        Envoy envoy =
            Envoy.start(
                directory,
                with("rate-limit.yaml", server.grpcPort(), backend.port(), limits.getPort()))) {
      assertThat(chat(envoy)).contains("200");
      Waiting.until(Duration.ofSeconds(10), () -> assertThat(budget.asked).hasSize(2));
      var reported = backend.stats().reported();
      assertThat(Budget.hits(budget.asked.get(0))).isZero();
      assertThat(Budget.hits(budget.asked.get(1)))
          .isEqualTo(reported.promptTokens() + reported.completionTokens());
      assertThat(budget.asked.get(1).getDescriptors(0).getEntries(0).getValue()).isEqualTo("alice");
      assertThat(chat(envoy)).contains("429");
    } finally {
      limits.shutdownNow();
    }
  }

  /** The status line of the answer to a chat. */
  private static String chat(Envoy envoy) throws IOException {
    String question =
        "{\"model\":\"qwen3\",\"messages\":[{\"role\":\"user\",\"content\":\"Two?\"}]}";
    return RawHttp.post(
            envoy.port(),
            "/v1/chat/completions",
            question,
            "x-auth-request-user",
            "alice",
            "x-auth-request-tier",
            "premium")
        .head()
        .get(0);
  }

  private static String with(String snippet, int serverPort, int backendPort, int port)
      throws IOException {
    JsonNode pieces =
        YAML.readTree(
            Files.readString(Project.file("deploy/envoy/" + snippet))
                // The service is in this JVM, and has just started.
                .replace("timeout: 0.25s", "timeout: 5s")
                .replace("port_value: 8081", "port_value: " + port)
                .replace("port_value: 4317", "port_value: " + port));
    JsonNode config = YAML.readTree(Envoy.config(serverPort, backendPort));
    ObjectNode manager =
        (ObjectNode)
            config.at("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config");
    if (pieces.has("access_log")) {
      manager.set("access_log", pieces.get("access_log"));
    }
    if (pieces.has("http_filters")) {
      ((ArrayNode) manager.get("http_filters")).insert(0, pieces.at("/http_filters/0"));
    }
    String perFilter = "typed_per_filter_config";
    if (pieces.has(perFilter)) {
      ((ObjectNode) manager.at("/route_config/virtual_hosts/0/routes/0"))
          .set(perFilter, pieces.get(perFilter));
    }
    if (pieces.has("clusters")) {
      ((ArrayNode) config.at("/static_resources/clusters"))
          .addAll((ArrayNode) pieces.get("clusters"));
    }
    return YAML.writeValueAsString(config);
  }
}
