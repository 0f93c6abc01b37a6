// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static io.semanticrouter.maas.extproc.Messages.JSON_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.SSE_ANSWER;
import static io.semanticrouter.maas.extproc.Messages.body;
import static io.semanticrouter.maas.extproc.Messages.chat;
import static io.semanticrouter.maas.extproc.Messages.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.extproc.FakeCollector;
import io.semanticrouter.maas.extproc.FakeCollector.Push;
import io.semanticrouter.maas.extproc.FakeEnvoy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a collector gets, and what becomes of the server when it gets nothing. */
@Timeout(120)
@Tag("slow")
class OtlpPushTest {
  private static final String REQUESTS = "semantic_router_requests_total";
  private static final String PUSHES = "semantic_router_otlp_pushes_total";

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private static RunningServer start(String endpoint, Map<String, ?> more) throws Exception {
    Map<String, Object> otlp = new HashMap<>(more);
    otlp.put("endpoint", endpoint);
    return RunningServer.start(Map.of("otlp", otlp));
  }

  /** An answer in one piece, a stream and an error, all metered when this returns. */
  private static void exchanges(RunningServer server) throws Exception {
    double before = server.sum(REQUESTS, "");
    try (FakeEnvoy envoy = FakeEnvoy.on(server.channel())) {
      envoy
          .open()
          .send(chat("x-auth-request-user", "alice"))
          .send(response(200, "application/json"), body(JSON_ANSWER, true))
          .halfClose();
      FakeEnvoy.Stream stream = envoy.open().send(chat("x-auth-request-user", "bob"));
      stream.send(response(200, "text/event-stream"));
      for (int i = 0; i < SSE_ANSWER.size(); i++) {
        stream.send(body(SSE_ANSWER.get(i), i == SSE_ANSWER.size() - 1));
      }
      stream.halfClose();
      envoy
          .open()
          .send(chat("x-auth-request-user", "bob"))
          .send(response(503, "text/plain"), body("no", true))
          .halfClose();
      assertThat(server.awaitSum(REQUESTS, "", before + 3)).isEqualTo(before + 3);
    }
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  @Test
  void lastPushOfAStopHasWhatTheMetricsHave() throws Exception {
    Path headers =
        Files.writeString(directory.resolve("headers"), "authorization: Bearer abc\nx-scope: 7\n");
    try (FakeCollector collector = FakeCollector.start();
        RunningServer server =
            start(
                collector.url(),
                Map.of("interval_seconds", 3600, "headers_file", headers.toString()))) {
      exchanges(server);
      exchanges(server);
      double prompt = server.sum("semantic_router_tokens_total", "type=\"prompt\"");
      double completion = server.sum("semantic_router_tokens_total", "type=\"completion\"");
      double seconds = server.sum("semantic_router_request_duration_seconds_sum", "");
      assertThat(collector.pushes()).isZero();

      server.server.close();

      Push push = Objects.requireNonNull(collector.last());
      assertThat(collector.pushes()).isEqualTo(1);
      assertThat(push.path()).isEqualTo("/v1/metrics");
      assertThat(push.headers().getFirst("authorization")).isEqualTo("Bearer abc");
      assertThat(push.headers().getFirst("x-scope")).isEqualTo("7");
      assertThat(push.resource())
          .containsEntry("service.name", "maas-extproc")
          .containsEntry("service.version", "(development)")
          .containsKey("service.instance.id");
      assertThat(push.names())
          .containsExactly(
              "gen_ai.client.token.usage",
              "gen_ai.server.request.duration",
              "gen_ai.server.time_per_output_token",
              "gen_ai.server.time_to_first_token");
      assertThat(push.sum("gen_ai.client.token.usage", "gen_ai.token.type", "input"))
          .isEqualTo(prompt)
          .isEqualTo(4 * 7);
      assertThat(push.sum("gen_ai.client.token.usage", "gen_ai.token.type", "output"))
          .isEqualTo(completion)
          .isEqualTo(4 * 5);
      assertThat(
              push.count(
                  "gen_ai.client.token.usage",
                  "gen_ai.operation.name",
                  "chat",
                  "gen_ai.provider.name",
                  "openai",
                  "gen_ai.response.model",
                  "qwen3"))
          .isEqualTo(8);
      assertThat(push.count("gen_ai.server.request.duration")).isEqualTo(6);
      assertThat(push.count("gen_ai.server.request.duration", "error.type", "503")).isEqualTo(2);
      assertThat(push.sum("gen_ai.server.request.duration")).isCloseTo(seconds, within(6e-6));
      assertThat(push.count("gen_ai.server.time_to_first_token")).isEqualTo(2);
    }
  }

  @Test
  void headersAreReadAgainForEachPush() throws Exception {
    Path headers = Files.writeString(directory.resolve("headers"), "x-token: one\n");
    try (FakeCollector collector = FakeCollector.start();
        RunningServer server =
            start(
                collector.url() + "/otlp/v1/metrics",
                Map.of("interval_seconds", 1, "headers_file", headers.toString()))) {
      exchanges(server);
      await(() -> collector.last() != null);
      assertThat(Objects.requireNonNull(collector.last()).path()).isEqualTo("/otlp/v1/metrics");
      for (String written : List.of("x-token: two\n", "not a header\n")) {
        Files.writeString(headers, written);
        await(() -> "two".equals(token(collector)));
        int seen = collector.pushes();
        await(() -> collector.pushes() > seen + 1);
        assertThat(token(collector)).isEqualTo("two");
      }
      assertThat(server.sum(PUSHES, "sent")).isPositive();
      assertThat(server.sum(PUSHES, "failed")).isZero();
    }
  }

  private static String token(FakeCollector collector) {
    return Objects.requireNonNull(collector.last()).headers().getFirst("x-token");
  }

  @ParameterizedTest
  @ValueSource(ints = {503, 400})
  void pushThatIsRefusedIsCountedAndTheNextOneHasAll(int status) throws Exception {
    try (FakeCollector collector = FakeCollector.start();
        RunningServer server = start(collector.url(), Map.of("interval_seconds", 1))) {
      collector.answers(status);
      exchanges(server);
      assertThat(server.awaitSum(PUSHES, "failed", 2)).isGreaterThanOrEqualTo(2);
      assertThat(server.sum(PUSHES, "sent")).isZero();
      exchanges(server);
      collector.answers(200);
      assertThat(server.awaitSum(PUSHES, "sent", 1)).isPositive();
      server.server.close();
      Push push = Objects.requireNonNull(collector.last());
      assertThat(push.sum("gen_ai.client.token.usage")).isEqualTo(4 * 12);
      assertThat(push.names()).allMatch(name -> name.startsWith("gen_ai."));
    }
  }

  @Test
  void collectorThatIsAwayHoldsUpNeitherTrafficNorTheStop() throws Exception {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    try (RunningServer server = start("http://127.0.0.1:" + free, Map.of("interval_seconds", 1))) {
      exchanges(server);
      assertThat(server.awaitSum(PUSHES, "failed", 1)).isPositive();
      exchanges(server);
      assertStops(server);
    }
  }

  @Test
  void collectorThatNeverAnswersHoldsUpNeitherTrafficNorTheStop() throws Exception {
    try (FakeCollector collector = FakeCollector.start()) {
      collector.answers(0);
      try (RunningServer server = start(collector.url(), Map.of("interval_seconds", 1))) {
        exchanges(server);
        await(() -> collector.pushes() > 0);
        exchanges(server);
        assertStops(server);
      }
    }
  }

  /** Within far more than the 3 s of the last push, and less than it takes without a bound. */
  private static void assertStops(RunningServer server) {
    long start = System.nanoTime();
    server.server.close();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
  }

  @Test
  void filesThatCannotBeUsedAreNamedAndNothingOfThemIs() throws Exception {
    Path wrong = Files.writeString(directory.resolve("headers"), "secret-without-a-name\n");
    assertThatThrownBy(
            () -> start("http://127.0.0.1:1", Map.of("headers_file", wrong.toString())).close())
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("server.otlp.headers_file: must hold lines like `name: value`")
        .hasMessageContaining(wrong.toString())
        .hasMessageNotContaining("secret");
    Path missing = directory.resolve("missing.pem");
    assertThatThrownBy(() -> start("https://127.0.0.1:1", Map.of("ca", missing.toString())).close())
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("server.otlp.ca: cannot be read: " + missing);
    for (String text : List.of("", "secret")) {
      Path empty = Files.writeString(directory.resolve("empty.pem"), text);
      assertThatThrownBy(() -> start("https://127.0.0.1:1", Map.of("ca", empty.toString())).close())
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("server.otlp.ca: " + empty + " holds no certificate in PEM format");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "http://collector:4318, 'http://collector:4318/v1/metrics, every 60 s'",
    "https://collector/, 'https://collector/v1/metrics, every 60 s'",
    "https://collector/otlp, 'https://collector/otlp, every 60 s'"
  })
  void endpointWithoutAPathHasThatOfMetrics(String endpoint, String expected) {
    assertThat(RunningServer.config(Map.of("otlp", Map.of("endpoint", endpoint))).otlp())
        .hasToString(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "collector:4318",
        "grpc://collector:4317",
        "http://",
        "http://u:p@c/",
        "http://c:4318?tenant=7",
        "http://c:4318/v1/metrics?key=7",
        ":"
      })
  void endpointThatIsNoAddressIsAnError(String endpoint) {
    List<ConfigError> errors = new ArrayList<>();
    OtlpConfig.from(
        ConfigSection.root(Map.of("otlp", Map.of("endpoint", endpoint, "interval", 5)), errors));
    assertThat(errors)
        .extracting(ConfigError::path)
        .containsExactlyInAnyOrder("otlp.endpoint", "otlp.interval");
  }

  @Test
  void withoutAnEndpointNothingIsPushed() {
    assertThat(RunningServer.config(Map.of("otlp", Map.of("interval_seconds", 5))).otlp()).isNull();
  }
}
