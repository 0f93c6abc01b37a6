// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.spi.RequestRouter;
import io.semanticrouter.maas.spi.RoutedRequest;
import io.semanticrouter.maas.testkit.FakeBackend.Answer;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a gateway has to keep that meters with {@code maas-core}. A test of the gateway extends this
 * class, starts the gateway in {@link #start}, and proves with that what the embedding
 * documentation asks for: who pays, what the backend and the client get, and that each exchange
 * becomes one record. Everything goes over HTTP/1.1 on the loopback interface.
 *
 * <pre>{@code
 * class MyGatewayTest extends GatewayContract {
 *   @Override
 *   protected Gateway start(Metering metering, URI backend) {
 *     MyGateway gateway = new MyGateway(metering, backend);
 *     return Gateway.of(gateway.uri(), gateway::stop);
 *   }
 * }
 * }</pre>
 */
@Timeout(60)
public abstract class GatewayContract {
  private static final String CHAT = "/v1/chat/completions";
  private static final String JSON = "application/json";
  private static final String EVENTS = "text/event-stream";
  private static final String ASKS =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"ä\"}]}";
  private static final String STREAMS = "{\"model\":\"m\",\"stream\":true,\"messages\":[]}";
  private static final String TEXT =
      "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hä\"}}]}\n\n";
  private static final String USAGE =
      "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":12,"
          + "\"completion_tokens\":8,\"total_tokens\":20}}\n\n";
  private static final String DONE = "data: [DONE]\n\n";
  private static final String ANSWER =
      "{\"id\":\"c\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{\"index\":0,"
          + "\"message\":{\"role\":\"assistant\",\"content\":\"ä\"}}],\"usage\":{\"prompt_tokens\":12,"
          + "\"completion_tokens\":8,\"total_tokens\":20}}";
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final RecordingSink sink = new RecordingSink();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private @Nullable FakeBackend backend;
  private @Nullable Gateway gateway;

  /** A gateway that runs. */
  public interface Gateway extends Closeable {
    /** Where clients reach it, without a path: {@code http://127.0.0.1:8801}. */
    URI uri();

    /** From how to reach it and how to stop it. */
    static Gateway of(URI uri, Closeable stop) {
      return new Gateway() {
        @Override
        public URI uri() {
          return uri;
        }

        @Override
        public void close() throws IOException {
          stop.close();
        }
      };
    }
  }

  /**
   * Starts the gateway.
   *
   * @param metering what it meters with
   * @param backend where all requests go: {@code http://127.0.0.1:8000}
   */
  protected abstract Gateway start(Metering metering, URI backend) throws Exception;

  @AfterEach
  final void stop() throws Exception {
    if (gateway != null) {
      gateway.close();
    }
    if (backend != null) {
      backend.close();
    }
  }

  // --- the stage -----------------------------------------------------------------------------

  private FakeBackend given(
      Map<String, ?> integration, Function<FakeBackend.Request, Answer> answers) throws Exception {
    return given(integration, null, answers);
  }

  private FakeBackend given(
      Map<String, ?> integration,
      @Nullable RequestRouter router,
      Function<FakeBackend.Request, Answer> answers)
      throws Exception {
    FakeBackend started = FakeBackend.start(answers);
    backend = started;
    Metering.Builder metering =
        Metering.builder(MaasConfig.from(Map.of("maas_integration", integration))).sink(sink);
    if (router != null) {
      metering.router(router);
    }
    gateway = start(metering.build(), started.uri());
    return started;
  }

  private static Map<String, ?> enabled() {
    return Map.of("enabled", true);
  }

  private HttpRequest.Builder request(String path) {
    if (gateway == null) {
      throw new IllegalStateException("not started");
    }
    return HttpRequest.newBuilder(URI.create(gateway.uri() + path))
        .timeout(PATIENCE)
        .header("content-type", JSON);
  }

  private HttpResponse<byte[]> post(String body, String... headers) throws Exception {
    HttpRequest.Builder request = request(CHAT).POST(BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofByteArray());
  }

  private UsageRecord record() {
    return sink.awaitCount(1, PATIENCE).get(0);
  }

  private static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), UTF_8);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }

  private static byte[][] pieces(String text, int size) {
    byte[] all = utf8(text);
    List<byte[]> pieces = new ArrayList<>();
    for (int from = 0; from < all.length; from += size) {
      pieces.add(Arrays.copyOfRange(all, from, Math.min(all.length, from + size)));
    }
    return pieces.toArray(new byte[0][]);
  }

  private void assertBilled(UsageRecord record, long prompt, long completion) {
    assertThat(record.outcome()).isEqualTo(Outcome.COMPLETE);
    TokenUsage usage = Objects.requireNonNull(record.measurement().usage());
    assertThat(usage.prompt()).isEqualTo(prompt);
    assertThat(usage.completion()).isEqualTo(completion);
  }

  // --- who pays ------------------------------------------------------------------------------

  @Test
  void theUserOfTheIdentityHeadersPays() throws Exception {
    given(enabled(), r -> Answer.of(200, JSON, utf8(ANSWER)));
    HttpResponse<byte[]> response =
        post(ASKS, "x-auth-request-user", "alice", "x-auth-request-tier", "gold");
    assertThat(text(response)).isEqualTo(ANSWER);
    assertThat(record().identity().user()).isEqualTo("alice");
    assertThat(record().identity().tier()).isEqualTo("gold");
    assertBilled(record(), 12, 8);
  }

  @Test
  void ofTwoLinesOfAnIdentityHeaderNoneIsBelieved() throws Exception {
    given(enabled(), r -> Answer.of(200, JSON, utf8(ANSWER)));
    post(ASKS, "x-auth-request-user", "mallory", "x-auth-request-user", "alice");
    assertThat(record().identity().user()).isEqualTo("unknown");
  }

  @Test
  void aRequestOfNobodyIsBilledToTheFallback() throws Exception {
    given(enabled(), r -> Answer.of(200, JSON, utf8(ANSWER)));
    post(ASKS);
    assertThat(record().identity().user()).isEqualTo("unknown");
    assertThat(record().identity().userSource().isFallback()).isTrue();
    assertBilled(record(), 12, 8);
  }

  @Test
  void aRequestOfNobodyIsRefusedWhereTheConfigurationSaysSo() throws Exception {
    FakeBackend asked =
        given(
            Map.of("enabled", true, "authentication", Map.of("unusable", "refuse")),
            r -> Answer.of(200, JSON, utf8(ANSWER)));
    HttpResponse<byte[]> response = post(ASKS);
    assertThat(response.statusCode()).isEqualTo(403);
    assertThat(text(response)).startsWith("{");
    assertThat(asked.requests()).isEmpty();
    assertThat(record().outcome()).isEqualTo(Outcome.ERROR);
  }

  @Test
  void aClientThatPosesAsARouterDoesNotReachTheBackend() throws Exception {
    FakeBackend asked = given(enabled(), r -> Answer.of(200, JSON, utf8(ANSWER)));
    post(ASKS, "X-Vsr-Skip-Processing", "true", "x-vsr-selected-model", "cheap");
    assertBilled(record(), 12, 8);
    assertThat(asked.requests().get(0).values("x-vsr-skip-processing")).isEmpty();
    assertThat(asked.requests().get(0).values("x-vsr-selected-model")).isEmpty();
  }

  // --- what goes on --------------------------------------------------------------------------

  @Test
  void anAnswerIsMeteredAndGoesOnHoweverItIsCut() throws Exception {
    FakeBackend asked = given(enabled(), r -> Answer.of(200, JSON, utf8(ANSWER)));
    for (int size : new int[] {1, 7, 1_000}) {
      asked.answer(r -> Answer.of(200, JSON, pieces(ANSWER, size)));
      assertThat(text(post(ASKS))).as("pieces of %d", size).isEqualTo(ANSWER);
    }
    for (UsageRecord record : sink.awaitCount(3, PATIENCE)) {
      assertBilled(record, 12, 8);
    }
  }

  @Test
  void anAnswerOfAStatedLengthArrivesWhole() throws Exception {
    given(
        enabled(),
        r -> Answer.of(200, JSON, utf8(ANSWER)).with("content-length", "" + utf8(ANSWER).length));
    assertThat(text(post(ASKS))).isEqualTo(ANSWER);
    assertBilled(record(), 12, 8);
  }

  @Test
  void aRequestThatComesInPiecesReachesTheBackendWhole() throws Exception {
    FakeBackend asked = given(enabled(), r -> Answer.of(200, JSON, utf8(ANSWER)));
    HttpRequest request =
        request(CHAT).POST(BodyPublishers.ofByteArrays(List.of(pieces(ASKS, 3)))).build();
    assertThat(client.send(request, BodyHandlers.ofString()).body()).isEqualTo(ANSWER);
    assertThat(asked.requests().get(0).text()).isEqualTo(ASKS);
    assertBilled(record(), 12, 8);
  }

  @Test
  void aStreamIsAskedForItsUsageAndTheClientDoesNotSeeIt() throws Exception {
    FakeBackend asked =
        given(
            enabled(),
            r ->
                r.text().contains("include_usage")
                    ? Answer.of(200, EVENTS, pieces(TEXT + TEXT + USAGE + DONE, 11))
                    : Answer.of(200, EVENTS, utf8(TEXT + TEXT + DONE)));
    assertThat(text(post(STREAMS))).isEqualTo(TEXT + TEXT + DONE);
    assertThat(asked.requests().get(0).text())
        .isEqualTo(STREAMS.replace("]}", "],\"stream_options\":{\"include_usage\":true}}"));
    assertBilled(record(), 12, 8);
  }

  @Test
  void aClientThatAsksForTheUsageSeesIt() throws Exception {
    given(enabled(), r -> Answer.of(200, EVENTS, utf8(TEXT + USAGE + DONE)));
    String asks = STREAMS.replace("true,", "true,\"stream_options\":{\"include_usage\":true},");
    assertThat(text(post(asks))).isEqualTo(TEXT + USAGE + DONE);
    assertBilled(record(), 12, 8);
  }

  @Test
  void anEventReachesTheClientBeforeTheNextOneIsThere() throws Exception {
    CountDownLatch seen = new CountDownLatch(1);
    FakeBackend.Piece rest =
        () -> {
          if (!seen.await(10, TimeUnit.SECONDS)) {
            throw new InterruptedException("the first event was not seen"); // cuts the answer off
          }
          return utf8(USAGE + DONE);
        };
    given(
        enabled(),
        r ->
            new Answer(
                200, List.of("content-type", EVENTS), List.of(() -> utf8(TEXT), rest), false));
    HttpResponse<InputStream> response = stream();
    try (InputStream in = response.body()) {
      assertThat(new String(in.readNBytes(utf8(TEXT).length), UTF_8)).isEqualTo(TEXT);
      seen.countDown();
      assertThat(new String(in.readAllBytes(), UTF_8)).isEqualTo(DONE);
    }
    assertBilled(record(), 12, 8);
  }

  @Test
  void aClientThatDoesNotReadHoldsTheBackendBack() throws Exception {
    byte[] event = utf8(TEXT.replace("hä", "x".repeat(60_000)));
    int events = 2_000;
    List<FakeBackend.Piece> all = new ArrayList<>();
    for (int i = 0; i < events; i++) {
      all.add(() -> event);
    }
    all.add(() -> utf8(USAGE + DONE));
    FakeBackend asked =
        given(enabled(), r -> new Answer(200, List.of("content-type", EVENTS), all, false));
    HttpResponse<InputStream> response = stream();
    long sent = -1;
    while (sent != asked.sentBytes()) { // until it moves no more
      sent = asked.sentBytes();
      Thread.sleep(700);
    }
    assertThat(sent).isLessThan((long) event.length * events / 2);
    try (InputStream in = response.body()) {
      long length = 0;
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        length += n;
      }
      assertThat(length).isEqualTo((long) event.length * events + DONE.length());
    }
    assertBilled(record(), 12, 8);
  }

  private HttpResponse<InputStream> stream() throws IOException, InterruptedException {
    HttpRequest request = request(CHAT).POST(BodyPublishers.ofString(STREAMS)).build();
    return client.send(request, BodyHandlers.ofInputStream());
  }

  @Test
  void whatIsNoOperationGoesOnAndLeavesNoRecord() throws Exception {
    FakeBackend asked = given(enabled(), r -> Answer.of(200, "text/plain", utf8("fine")));
    HttpRequest request = request("/health?a=%20b").GET().build();
    assertThat(client.send(request, BodyHandlers.ofString()).body()).isEqualTo("fine");
    assertThat(asked.requests().get(0).target()).isEqualTo("/health?a=%20b");
    asked.answer(r -> Answer.of(200, JSON, utf8(ANSWER)));
    post(ASKS);
    assertBilled(sink.awaitCount(1, PATIENCE).get(0), 12, 8);
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void standaloneChangesNoByteOfRequestAndAnswer() throws Exception {
    FakeBackend asked =
        given(
            Map.of("enabled", false),
            r ->
                Answer.of(200, EVENTS, utf8(TEXT + USAGE + DONE))
                    .with("x-vsr-selected-model", "m2"));
    HttpResponse<byte[]> response = post(STREAMS, "x-vsr-debug", "true");
    assertThat(text(response)).isEqualTo(TEXT + USAGE + DONE);
    assertThat(response.headers().firstValue("x-vsr-selected-model")).hasValue("m2");
    assertThat(asked.requests().get(0).text()).isEqualTo(STREAMS);
    assertThat(asked.requests().get(0).values("x-vsr-debug")).containsExactly("true");
    assertThat(asked.requests().get(0).values("content-length"))
        .isSubsetOf("" + utf8(STREAMS).length);
  }

  // --- how it ends ---------------------------------------------------------------------------

  @Test
  void aClientThatLeavesIsBilledForWhatItGot() throws Exception {
    given(
        enabled(),
        r ->
            new Answer(
                200,
                List.of("content-type", EVENTS),
                List.of(
                    () -> utf8(TEXT),
                    slow(TEXT),
                    slow(TEXT),
                    slow(TEXT),
                    slow(TEXT + USAGE + DONE)),
                false));
    try (InputStream in = stream().body()) {
      in.readNBytes(utf8(TEXT).length);
    }
    assertAborted(record());
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void aBackendThatBreaksOffIsNoWholeAnswer() throws Exception {
    List<FakeBackend.Piece> pieces = List.of(() -> utf8(TEXT), slow(TEXT), slow(""));
    given(enabled(), r -> new Answer(200, List.of("content-type", EVENTS), pieces, true));
    Throwable broken = null;
    try (InputStream in = stream().body()) {
      in.readAllBytes();
    } catch (IOException e) {
      broken = e;
    }
    assertThat(broken).as("the client sees that the answer is not whole").isNotNull();
    assertAborted(record());
  }

  private static FakeBackend.Piece slow(String text) {
    return () -> {
      Thread.sleep(500);
      return utf8(text);
    };
  }

  private static void assertAborted(UsageRecord record) {
    assertThat(record.measurement().usage()).as("what was delivered is billed").isNotNull();
    assertThat(Arrays.stream(AbortReason.values()).map(AbortReason::reason))
        .as("one of them says why")
        .containsAnyElementsOf(record.measurement().reasons());
  }

  @Test
  void anErrorOfTheBackendGoesOnAndCostsNothing() throws Exception {
    String error = "{\"error\":{\"message\":\"slow down\"}}";
    given(enabled(), r -> Answer.of(429, JSON, utf8(error)).with("retry-after", "7"));
    HttpResponse<byte[]> response = post(ASKS);
    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(response.headers().firstValue("retry-after")).hasValue("7");
    assertThat(text(response)).isEqualTo(error);
    assertThat(record().outcome()).isEqualTo(Outcome.ERROR);
    assertThat(record().httpStatus()).isEqualTo(429);
    assertThat(record().measurement().usage()).isNull();
  }

  @Test
  void aBackendThatIsNotThereIsAnErrorAndOneRecord() throws Exception {
    FakeBackend gone = given(enabled(), r -> Answer.of(200, JSON, utf8(ANSWER)));
    gone.close();
    assertThat(post(ASKS).statusCode()).isBetween(500, 599);
    assertThat(record().measurement().usage()).isNull();
    assertThat(sink.records()).hasSize(1);
  }

  @Test
  void theRecordIsThereWhenTheClientHasSeenTheEnd() throws Exception {
    given(enabled(), r -> Answer.of(200, EVENTS, utf8(TEXT + USAGE + DONE)));
    for (int i = 1; i <= 10; i++) {
      post(STREAMS);
      assertThat(sink.records()).as("after %d exchanges", i).hasSize(i);
    }
  }

  @Test
  void anAnswerOfTheRouterReachesTheClientAndNoBackend() throws Exception {
    byte[] cached = utf8("{\"model\":\"m\",\"choices\":[],\"cached\":true}");
    Measurement measured =
        Measurement.of(Measurement.Status.COMPLETE, Set.of(), TokenUsage.of(3, 4));
    FakeRouter router =
        new FakeRouter(
            10_000,
            request ->
                RoutedRequest.answered(
                    Routing.UNKNOWN,
                    RouterReport.of(RouterReport.Result.CACHED),
                    new RoutedRequest.Answer(200, JSON, cached, measured)));
    FakeBackend asked = given(enabled(), router, r -> Answer.of(200, JSON, utf8(ANSWER)));
    HttpResponse<byte[]> response = post(ASKS);
    assertThat(response.body()).isEqualTo(cached);
    assertThat(router.bodies()).containsExactly(ASKS);
    assertThat(asked.requests()).isEmpty();
    assertBilled(record(), 3, 4);
  }

  @Test
  void aBodyThatTheRouterEditsReachesTheBackend() throws Exception {
    byte[] edited = utf8("{\"model\":\"a-much-longer-name-than-before\",\"messages\":[]}");
    FakeRouter router =
        new FakeRouter(
            10_000,
            request ->
                RoutedRequest.edited(
                    Routing.UNKNOWN, RouterReport.of(RouterReport.Result.DEFAULT), edited));
    FakeBackend asked = given(enabled(), router, r -> Answer.of(200, JSON, utf8(ANSWER)));
    assertThat(text(post(ASKS))).isEqualTo(ANSWER);
    assertThat(asked.requests().get(0).body()).isEqualTo(edited);
    assertBilled(record(), 12, 8);
  }

  @Test
  void exchangesAtOnceDoNotMix() throws Exception {
    given(
        enabled(),
        r -> {
          long prompt = Long.parseLong(r.values("x-auth-request-user").get(0).substring(1));
          String answer =
              USAGE.replace(":12,", ":" + prompt + ",").replace(":20}", ":" + (prompt + 8) + "}");
          return Answer.of(200, EVENTS, pieces(TEXT + answer + DONE, 50));
        });
    int clients = 16;
    int each = 5;
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int c = 1; c <= clients; c++) {
        String user = "u" + 100 * c;
        all.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < each; i++) {
                    assertThat(text(post(STREAMS, "x-auth-request-user", user)))
                        .isEqualTo(TEXT + DONE);
                  }
                  return null;
                }));
      }
      for (Future<?> one : all) {
        one.get(50, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
    List<UsageRecord> records = sink.awaitCount(clients * each, PATIENCE);
    assertThat(records).hasSize(clients * each);
    assertThat(records.stream().map(UsageRecord::id).distinct()).hasSize(clients * each);
    for (UsageRecord record : records) {
      assertBilled(record, Long.parseLong(record.identity().user().substring(1)), 8);
    }
  }
}
