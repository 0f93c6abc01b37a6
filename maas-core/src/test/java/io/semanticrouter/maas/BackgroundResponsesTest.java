// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.internal.engine.PendingResponses;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a response uses that goes on after its POST is billed once, as its POST would have been. */
class BackgroundResponsesTest {
  private static final String JSON = "application/json";
  private static final String SSE = "text/event-stream";
  private static final String USAGE =
      "{\"input_tokens\":100,\"output_tokens\":2000,\"total_tokens\":2100}";

  private final RecordingSink sink = new RecordingSink();
  private final AtomicLong nanos = new AtomicLong();
  private final Metering metering = metering("estimate");

  private Metering metering(String onDisconnect) {
    Map<String, Object> usage =
        Map.of(
            "on_disconnect",
            onDisconnect,
            "routes",
            Map.of("/any/*", Map.of("operation", "detect")));
    return Metering.builder(
            MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true, "usage", usage))))
        .sink(sink)
        .ticker(nanos::get)
        .build();
  }

  private static String response(String id, String status, String usage) {
    return "{\"id\":\""
        + id
        + "\",\"object\":\"response\",\"status\":\""
        + status
        + "\",\"background\":true,\"model\":\"m-2025\",\"output\":[],\"usage\":"
        + usage
        + "}";
  }

  private static String event(String type, String response) {
    return "event: "
        + type
        + "\ndata: {\"type\":\""
        + type
        + "\",\"response\":"
        + response
        + "}\n\n";
  }

  private static String stream(String id, String status) {
    String type = status.equals("completed") ? "response.completed" : "response." + status;
    return event("response.created", response(id, "queued", "null"))
        + "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n"
        + event(type, response(id, status, USAGE));
  }

  private static String interaction(String id, String status, String usage) {
    return "{\"id\":\""
        + id
        + "\",\"object\":\"interaction\",\"status\":\""
        + status
        + "\",\"model\":\"gemini\""
        + usage
        + "}";
  }

  private UsageRecord play(String user, String method, String path, String type, String body) {
    return play(metering, user, method, path, type, body, null);
  }

  private static UsageRecord play(
      Metering metering,
      String user,
      String method,
      String path,
      String type,
      String body,
      @Nullable AbortReason abort) {
    FakeHeaders request =
        FakeHeaders.of("content-type", JSON, "x-auth-request-user", user, "content-length", "40");
    try (DrivenExchange exchange = DrivenExchange.of(metering.begin(method, path, request))) {
      exchange.respond(200, FakeHeaders.of("content-type", type));
      if (exchange.wantsResponse()) {
        byte[] bytes = body.getBytes(UTF_8);
        int half = bytes.length / 2;
        exchange.response(bytes, 0, half);
        exchange.response(bytes, half, bytes.length - half);
      }
      if (abort == null) {
        exchange.end();
      } else {
        exchange.abort(abort);
      }
      return Objects.requireNonNull(exchange.record());
    }
  }

  private UsageRecord post(String user, String id) {
    return play(user, "POST", "/v1/responses", JSON, response(id, "queued", "null"));
  }

  private UsageRecord poll(String user, String id, String status, String usage) {
    return play(user, "GET", "/v1/responses/" + id, JSON, response(id, status, usage));
  }

  private static void assertFree(UsageRecord record) {
    assertThat(record.outcome()).isEqualTo(Outcome.NOT_METERED);
    assertThat(record.measurement().usage()).isNull();
  }

  private static void assertBilled(UsageRecord record, String user) {
    assertThat(record.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(record.measurement().usage())
        .extracting(TokenUsage::prompt, TokenUsage::completion)
        .containsExactly(100L, 2000L);
    assertThat(record.identity().user()).isEqualTo(user);
  }

  /** Method, path, content type and body of the answer that ends a response of id resp_1. */
  static Stream<Arguments> endings() {
    List<Arguments> endings = new ArrayList<>();
    for (String status : List.of("completed", "incomplete", "failed", "cancelled")) {
      String json = response("resp_1", status, USAGE);
      for (String path :
          List.of(
              "/v1/responses/resp_1",
              "/v1/responses/resp_1/",
              "/v1/responses/resp%5F1",
              "/v1//responses/resp_1?include[]=reasoning.encrypted_content",
              "/V1/Responses/resp_1",
              "/openai/responses/resp_1?api-version=2025-04-01-preview",
              "/openai/v1/responses/resp_1",
              "/api/v1/responses/resp_1")) {
        endings.add(Arguments.of("GET", path, JSON, json));
      }
      endings.add(
          Arguments.of("GET", "/v1/responses/resp_1?stream=true", SSE, stream("resp_1", status)));
      endings.add(
          Arguments.of(
              "GET",
              "/v1/responses/resp_1?stream=true&starting_after=7",
              SSE,
              event("response." + status, response("resp_1", status, USAGE))));
      endings.add(Arguments.of("POST", "/v1/responses/resp_1/cancel", JSON, json));
      endings.add(Arguments.of("POST", "/v1/responses/resp%5F1/cancel", JSON, json));
      endings.add(Arguments.of("POST", "/any/v1/responses/resp_1/cancel", JSON, json));
    }
    return endings.stream();
  }

  @ParameterizedTest
  @MethodSource("endings")
  void theFirstAnswerThatStatesUsageIsBilledToTheUserOfThePost(
      String method, String path, String type, String body) {
    UsageRecord posted = post("alice", "resp_1");
    assertThat(posted.measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.BACKGROUND), null));
    assertFree(poll("bob", "resp_1", "queued", "null"));
    assertFree(poll("alice", "resp_1", "in_progress", "null"));

    UsageRecord billed = play("bob", method, path, type, body);

    assertBilled(billed, "alice");
    assertThat(billed.operation()).isEqualTo(Operation.RESPONSES);
    assertThat(billed.model()).isEqualTo("m-2025");
    assertFree(play("bob", method, path, type, body));
    assertFree(poll("alice", "resp_1", "completed", USAGE));
    assertThat(metering.defects()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void pollingIsBilledOnceHoweverOftenItIsDone(int polls) {
    post("alice", "resp_1");
    for (int i = 0; i < polls; i++) {
      UsageRecord polled = poll("alice", "resp_1", "completed", USAGE);
      if (i == 0) {
        assertBilled(polled, "alice");
      } else {
        assertFree(polled);
        assertThat(polled.measurement().reasons()).containsExactly(Reason.NOT_METERED);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "{\"input_tokens\":0,\"output_tokens\":0,\"total_tokens\":0}"})
  void aResponseThatIsNotDoneIsNotBilled(String usage) {
    UsageRecord posted =
        play("alice", "POST", "/v1/responses", JSON, response("resp_1", "in_progress", usage));

    assertThat(posted.measurement().reasons()).containsExactly(Reason.BACKGROUND);
    assertFree(poll("alice", "resp_1", "in_progress", usage));
    assertFree(poll("alice", "resp_1", "in_progress", USAGE));
    assertBilled(poll("alice", "resp_1", "completed", USAGE), "alice");
  }

  @Test
  void twoResponsesAreBilledEachToItsOwnUser() {
    post("alice", "resp_1");
    post("bob", "resp_2");

    assertBilled(poll("alice", "resp_2", "completed", USAGE), "bob");
    assertBilled(poll("bob", "resp_1", "completed", USAGE), "alice");
  }

  @Test
  void pollsAtTheSameTimeBillOnce() throws InterruptedException {
    for (int round = 0; round < 50; round++) {
      String id = "resp_" + round;
      post("alice", id);
      CountDownLatch start = new CountDownLatch(1);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Thread thread =
            new Thread(
                () -> {
                  try {
                    start.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  poll("alice", id, "completed", USAGE);
                });
        thread.start();
        threads.add(thread);
      }
      start.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(completion()).isEqualTo(50 * 2000L);
  }

  private long completion() {
    return sink.records().stream()
        .map(record -> record.measurement().usage())
        .filter(Objects::nonNull)
        .mapToLong(TokenUsage::completion)
        .sum();
  }

  @Test
  void aStreamThatBrokeOffIsBilledByThePollAndItsEstimateIsNamed() {
    String begun =
        event("response.created", response("resp_1", "in_progress", "null"))
            + "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n";
    UsageRecord posted =
        play(metering, "alice", "POST", "/v1/responses", SSE, begun, AbortReason.CANCELLED);
    assertThat(posted.measurement().status()).isEqualTo(Status.ESTIMATED);

    UsageRecord polled = poll("alice", "resp_1", "completed", USAGE);

    assertBilled(polled, "alice");
    assertThat(polled.measurement().reasons()).containsExactly(Reason.REPLACES_ESTIMATE);
    assertFree(poll("alice", "resp_1", "completed", USAGE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"drop", "last-snapshot"})
  void aStreamThatBrokeOffUnbilledIsBilledByThePoll(String policy) {
    Metering other = metering(policy);
    String begun = event("response.created", response("resp_1", "queued", "null"));
    play(other, "alice", "POST", "/v1/responses", SSE, begun, AbortReason.CANCELLED);

    String body = response("resp_1", "completed", USAGE);
    UsageRecord polled = play(other, "alice", "GET", "/v1/responses/resp_1", JSON, body, null);

    assertBilled(polled, "alice");
    assertThat(polled.measurement().reasons()).isEmpty();
  }

  @Test
  void aPostCutInItsJsonIsBilledByThePoll() {
    String cut = "{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"queued\",\"outp";
    play(metering, "alice", "POST", "/v1/responses", JSON, cut, AbortReason.CANCELLED);

    assertBilled(poll("alice", "resp_1", "completed", USAGE), "alice");
  }

  @Test
  void aPollThatBreaksOffBeforeTheUsageLeavesItToTheNext() {
    post("alice", "resp_1");
    String begun =
        event("response.created", response("resp_1", "in_progress", "null"))
            + "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n";
    String path = "/v1/responses/resp_1";

    assertFree(play(metering, "bob", "GET", path, SSE, begun, AbortReason.CANCELLED));
    assertBilled(play("bob", "GET", path, SSE, stream("resp_1", "completed")), "alice");
  }

  @Test
  void aPollCutBehindTheUsageIsBilled() {
    post("alice", "resp_1");
    String body = response("resp_1", "completed", USAGE);
    String cut = body.substring(0, body.length() - 1);

    UsageRecord polled =
        play(metering, "bob", "GET", "/v1/responses/resp_1", JSON, cut, AbortReason.CANCELLED);

    assertThat(polled.measurement().status()).isEqualTo(Status.PARTIAL);
    assertThat(polled.identity().user()).isEqualTo("alice");
    assertFree(poll("bob", "resp_1", "completed", USAGE));
  }

  @Test
  void anInteractionInTheBackgroundIsBilledOnce() {
    String usage =
        ",\"usage\":{\"total_input_tokens\":100,\"total_output_tokens\":2000,\"total_tokens\":2100}";
    String path = "/v1beta/interactions/v1_a";
    UsageRecord posted =
        play("alice", "POST", "/v1beta/interactions", JSON, interaction("v1_a", "in_progress", ""));
    assertThat(posted.measurement().reasons()).containsExactly(Reason.BACKGROUND);
    assertFree(play("bob", "GET", path, JSON, interaction("v1_a", "in_progress", "")));
    String stream =
        "data: {\"event_type\":\"interaction.start\",\"interaction\":"
            + interaction("v1_a", "in_progress", "")
            + "}\n\ndata: {\"event_type\":\"interaction.complete\",\"interaction\":"
            + interaction("v1_a", "completed", usage)
            + "}\n\n";

    UsageRecord polled = play("bob", "GET", path + "?stream=true", SSE, stream);

    assertBilled(polled, "alice");
    assertThat(polled.operation()).isEqualTo(Operation.INTERACTIONS);
    assertFree(play("bob", "GET", path, JSON, interaction("v1_a", "completed", usage)));
  }

  @Test
  void nothingIsReadOfStoredResponsesWhileNoneIsAwaited() {
    assertThat(wantsBody()).isFalse();
    post("alice", "resp_1");
    assertThat(wantsBody()).isTrue();
    poll("alice", "resp_1", "completed", USAGE);
    assertThat(wantsBody()).isFalse();
  }

  private boolean wantsBody() {
    try (DrivenExchange exchange =
        DrivenExchange.of(metering.begin("GET", "/v1/responses/resp_9", Headers.EMPTY))) {
      exchange.respond(200, FakeHeaders.of("content-type", JSON));
      return exchange.wantsResponse();
    }
  }

  @Test
  void codingsThatCannotBeReadAreNotAskedForWhileAResponseIsAwaited() {
    Headers request = FakeHeaders.of("accept-encoding", "br, gzip");
    try (DrivenExchange before =
        DrivenExchange.of(metering.begin("GET", "/v1/responses/resp_1", request))) {
      assertThat(before.editsUnseen().sets("accept-encoding")).isFalse();
    }
    post("alice", "resp_1");
    try (DrivenExchange polling =
        DrivenExchange.of(metering.begin("GET", "/v1/responses/resp_1", request))) {
      assertThat(polling.editsUnseen().sets("accept-encoding")).isTrue();
    }
  }

  @Test
  void aResponseThatThePostBilledIsNotBilledAgain() {
    UsageRecord posted = play("alice", "POST", "/v1/responses", SSE, stream("resp_1", "completed"));
    assertBilled(posted, "alice");
    post("alice", "resp_2");

    UsageRecord polled = poll("alice", "resp_1", "completed", USAGE);

    assertThat(polled.measurement().reasons()).containsExactly(Reason.NOT_METERED);
  }

  @Test
  void aResponseOfAnotherReplicaIsNamedAndNotBilled() {
    post("alice", "resp_1");

    UsageRecord polled = poll("bob", "resp_2", "completed", USAGE);

    assertFree(polled);
    assertThat(polled.measurement().reasons())
        .containsExactly(Reason.NOT_METERED, Reason.UNKNOWN_RESPONSE);
    assertThat(polled.identity().user()).isEqualTo("bob");
  }

  @Test
  void theOldestResponsesAreForgottenWhenThereAreTooMany() {
    for (int i = 0; i <= PendingResponses.MAX_RESPONSES; i++) {
      post("alice", "resp_" + i);
    }

    assertFree(poll("alice", "resp_0", "completed", USAGE));
    assertBilled(poll("alice", "resp_1", "completed", USAGE), "alice");
    String last = "resp_" + PendingResponses.MAX_RESPONSES;
    assertBilled(poll("alice", last, "completed", USAGE), "alice");
  }

  @Test
  void aResponseIsForgottenAfterADay() {
    post("alice", "resp_1");
    nanos.addAndGet(PendingResponses.MAX_NANOS - 1);
    post("alice", "resp_2");
    assertBilled(poll("alice", "resp_1", "completed", USAGE), "alice");
    nanos.addAndGet(PendingResponses.MAX_NANOS - 1);
    assertThat(wantsBody()).isTrue();
    nanos.addAndGet(1);
    assertFree(poll("alice", "resp_2", "completed", USAGE));
    assertThat(wantsBody()).isFalse();
  }

  @Test
  @Tag("slow")
  void inAnyOrderOfPollsTheBillIsTheUsageOnce() {
    Random random = new Random(13);
    for (int round = 0; round < 300; round++) {
      int responses = 1 + random.nextInt(4);
      int[] progress = new int[responses];
      long before = completion();
      int done = 0;
      for (int i = 0; i < responses; i++) {
        post("user" + i, "r" + round + "_" + i);
      }
      boolean[] polled = new boolean[responses];
      for (int step = 0; step < 30; step++) {
        int i = random.nextInt(responses);
        String id = "r" + round + "_" + i;
        progress[i] = Math.min(2, progress[i] + random.nextInt(2));
        boolean ended = progress[i] == 2;
        String user = "user" + random.nextInt(4);
        String status = List.of("queued", "in_progress", "completed").get(progress[i]);
        String usage = ended ? USAGE : "null";
        String json = response(id, status, usage);
        String path = "/v1/responses/" + id;
        UsageRecord record =
            switch (random.nextInt(3)) {
              case 0 -> play(user, "GET", path, JSON, json);
              case 1 ->
                  play(
                      user,
                      "GET",
                      path + "?stream=true",
                      SSE,
                      ended
                          ? stream(id, "completed")
                          : event("response.in_progress", response(id, status, "null")));
              default -> play(user, "POST", path + "/cancel", JSON, json);
            };
        if (ended && !polled[i]) {
          polled[i] = true;
          done++;
          assertBilled(record, "user" + i);
        } else {
          assertFree(record);
        }
      }
      assertThat(completion() - before).isEqualTo(done * 2000L);
    }
  }
}
