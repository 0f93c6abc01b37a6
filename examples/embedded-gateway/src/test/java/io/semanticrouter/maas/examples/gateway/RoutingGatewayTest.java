// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.PiiType;
import io.semanticrouter.maas.record.RouterReport.Result;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.router.RouterConfig;
import io.semanticrouter.maas.testing.vllm.RoutingHeaders;
import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The embedded router in a gateway of our own, before a backend that routes nothing. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RoutingGatewayTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String MESSAGES =
      "\"messages\": [{\"role\": \"user\", \"content\": \"What is 2+2?\"}]}";
  private static final String QUESTION = "{\"model\": \"gpt-4\", " + MESSAGES;
  private static final String ROUTED =
      "{\"model\": \"qwen3\", "
          + MESSAGES.replaceFirst("}$", "")
          + ",\"chat_template_kwargs\":{\"enable_thinking\":false}}";

  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  private final ConcurrentLinkedQueue<UsageRecord> records = new ConcurrentLinkedQueue<>();
  private SimulatedVllm vllm;
  private LocalServer gateway;

  @BeforeEach
  void start() throws IOException {
    vllm = SimulatedVllm.builder().model("qwen3").routingHeaders(RoutingHeaders.NONE).start();
    gateway = gateway(smallest(), URI.create(vllm.baseUrl()));
  }

  @AfterEach
  void stop() {
    gateway.close();
    vllm.close();
  }

  /** The first YAML below a heading of the guide. */
  private static String yamlBelow(String heading) throws IOException {
    String guide = Files.readString(Path.of("..", "..", "docs", "embedded-router.md"));
    Matcher yaml =
        Pattern.compile(
                "(?:^|\n)#+ " + Pattern.quote(heading) + "\n.*?```yaml\n(.*?)```", Pattern.DOTALL)
            .matcher(guide);
    assertThat(yaml.find()).as(heading).isTrue();
    return yaml.group(1);
  }

  private static String smallest() throws IOException {
    return yamlBelow("The embedded router");
  }

  private GatewayConfig read(String yaml) throws IOException {
    return GatewayConfig.read(Files.writeString(directory.resolve("config.yaml"), yaml));
  }

  private LocalServer gateway(String yaml, URI backend) throws IOException {
    return new LocalServer(
        0, "/", new EmbeddedGateway(read(yaml).engine().sink(records::add).build(), backend));
  }

  private void restart(String moreOfRouter) throws IOException {
    gateway.close();
    gateway = gateway(smallest() + moreOfRouter, URI.create(vllm.baseUrl()));
  }

  private HttpResponse<String> post(String body) throws Exception {
    return post(BodyPublishers.ofString(body));
  }

  private HttpResponse<String> post(BodyPublisher body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + CHAT))
            .timeout(Duration.ofSeconds(30))
            .header("content-type", "application/json")
            .header("x-auth-request-user", "testuser")
            .header("x-auth-request-tier", "free")
            .POST(body)
            .build();
    return HTTP.send(request, BodyHandlers.ofString());
  }

  private static BodyPublisher chunked(String body) {
    return BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body.getBytes(UTF_8)));
  }

  private UsageRecord last() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (records.isEmpty()) {
      assertThat(System.nanoTime()).as("a record in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
    return records.toArray(new UsageRecord[0])[records.size() - 1];
  }

  private long asked() {
    return vllm.stats().exchanges().values().stream().mapToLong(Long::longValue).sum();
  }

  private static Map<String, String> routing(HttpResponse<?> response) {
    Map<String, String> headers = new TreeMap<>();
    response
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              if (name.startsWith("x-vsr-")) {
                headers.put(name, String.join(",", values));
              }
            });
    return headers;
  }

  @Test
  void smallestConfigurationOfTheReadmeMakesTheSeedsVerificationTrue() throws Exception {
    HttpResponse<String> response = post(QUESTION);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("\"model\":\"qwen3\"");
    assertThat(routing(response))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "x-vsr-model-selected", "qwen3",
                "x-vsr-decision", "math",
                "x-vsr-category", "math",
                "x-vsr-reasoning-enabled", "off",
                "x-vsr-cache-hit", "false"));
    assertThat(last().router().result()).isEqualTo(Result.ROUTED);
    assertThat(last().identity().user()).isEqualTo("testuser");
    assertThat(last().model()).isEqualTo("qwen3");
    assertThat(last().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Signals and decisions", "Security", "Response cache"})
  void examplesOfTheGuideAreConfigurations(String heading) throws IOException {
    assertThat(read(yamlBelow(heading)).router())
        .usingRecursiveComparison()
        .ignoringFields("decider.signals") // trees that take minutes to compare
        .isNotEqualTo(RouterConfig.defaults());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void routedRequestReachesTheBackendWithItsNewLength(boolean stated) throws Exception {
    try (ServerSocket backend = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      gateway.close();
      gateway = gateway(smallest(), URI.create("http://127.0.0.1:" + backend.getLocalPort()));
      CompletableFuture<String> got = CompletableFuture.supplyAsync(() -> serveOnce(backend));
      post(stated ? BodyPublishers.ofString(QUESTION) : chunked(QUESTION));

      assertThat(got.get())
          .containsIgnoringCase("\r\ncontent-length: " + ROUTED.length() + "\r\n")
          .doesNotContainIgnoringCase("transfer-encoding")
          .endsWith("\r\n\r\n" + ROUTED);
    }
  }

  /** Reads one request of a stated length, answers it and tells what it was. */
  private static String serveOnce(ServerSocket backend) {
    try (Socket client = backend.accept()) {
      client.setSoTimeout(10_000);
      InputStream in = client.getInputStream();
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = in.read();
        assertThat(next).as(head.toString()).isNotNegative();
        head.append((char) next);
      }
      Matcher length =
          Pattern.compile("content-length: (\\d+)\r\n")
              .matcher(head.toString().toLowerCase(Locale.ROOT));
      int bytes = length.find() ? Integer.parseInt(length.group(1)) : 0;
      head.append(new String(in.readNBytes(bytes), UTF_8));
      client
          .getOutputStream()
          .write("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".getBytes(UTF_8));
      return head.toString();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void streamThatIsRoutedIsStillAskedForItsUsage() throws Exception {
    HttpResponse<String> response =
        post(QUESTION.replace("{\"model\"", "{\"stream\":true,\"model\""));

    assertThat(response.body()).contains("data: [DONE]").doesNotContain("usage");
    assertThat(last().forcedUsage()).isEqualTo(ForcedUsage.EDITED);
    assertThat(last().router().result()).isEqualTo(Result.ROUTED);
    assertThat(last().outcome()).isEqualTo(Outcome.COMPLETE);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void personalDataIsRefusedWithoutABackendWhereItIsToBeBlocked(boolean stated) throws Exception {
    restart("  security: { pii: { enabled: true, action: block } }\n");
    String mail = QUESTION.replace("What is 2+2?", "Mail bob@example.com");

    HttpResponse<String> response = post(stated ? BodyPublishers.ofString(mail) : chunked(mail));

    assertThat(response.statusCode()).isEqualTo(403);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    assertThat(response.headers().firstValueAsLong("content-length"))
        .hasValue(response.body().length());
    assertThat(response.body()).contains("\"pii_detected\"").doesNotContain("bob");
    assertThat(asked()).isZero();
    assertThat(records).hasSize(1);
    assertThat(last().router().result()).isEqualTo(Result.BLOCKED);
    assertThat(last().router().piiTypes()).containsExactly(PiiType.EMAIL);
    assertThat(last().outcome()).isEqualTo(Outcome.ERROR);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void sameQuestionIsAnsweredFromTheCache(boolean stream) throws Exception {
    restart("  response_cache: { enabled: true }\n");
    String question =
        QUESTION.replace("{\"model\"", "{\"temperature\":0,\"stream\":" + stream + ",\"model\"");

    HttpResponse<String> first = post(question);
    HttpResponse<String> second = post(question);

    assertThat(routing(first)).containsEntry("x-vsr-cache-hit", "false");
    assertThat(routing(second))
        .containsEntry("x-vsr-cache-hit", "true")
        .containsEntry("x-vsr-decision", "math");
    assertThat(second.body()).isNotEmpty().isEqualTo(first.body());
    assertThat(second.headers().firstValue("content-type"))
        .isEqualTo(first.headers().firstValue("content-type"));
    assertThat(second.headers().firstValueAsLong("content-length"))
        .hasValue(second.body().getBytes(UTF_8).length);
    assertThat(asked()).isEqualTo(1);
    assertThat(records).hasSize(2);
    assertThat(last().isCacheHit()).isTrue();
    assertThat(last().measurement().usage()).isEqualTo(records.element().measurement().usage());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void requestOverTheLimitPassesToItsLastByteAndIsNotRouted(boolean stated) throws Exception {
    restart("  max_body_bytes: 1024\n  security: { pii: { enabled: true, action: block } }\n");
    String large = QUESTION.replace("What is 2+2?", "bob@example.com" + " and".repeat(50_000));

    HttpResponse<String> response = post(stated ? BodyPublishers.ofString(large) : chunked(large));

    assertThat(response.statusCode()).as("nothing looked into it").isEqualTo(200);
    assertThat(routing(response)).isEmpty();
    assertThat(last().router().result()).isEqualTo(Result.TOO_LARGE);
    assertThat(last().outcome()).isEqualTo(Outcome.COMPLETE);
    assertThat(vllm.stats().promptTokens()).as("all of it arrived").isGreaterThan(50_000);
  }

  @Test
  void clientThatLeavesWhileItsRequestIsHeldIsSettled() throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      String head = "POST " + CHAT + " HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n{";
      client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
    }
    assertThat(last().measurement().has(Reason.NO_RESPONSE)).isTrue();
    assertThat(last().router().result()).isEqualTo(Result.UNSEEN);
    assertThat(asked()).isZero();
  }
}
