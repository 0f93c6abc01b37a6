// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.internal.engine.UnlistedRequests;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.ForcedUsage;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths that no list names: what is stated there is billed, the rest is counted. */
class UnlistedRequestsTest {
  private static final String PATH = "/brand/new/endpoint";
  private static final String CHAT =
      "{\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}],"
          + "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":5,\"total_tokens\":25}}";

  private final RecordingSink sink = new RecordingSink();

  private Metering metering(String... usage) {
    Map<String, Object> section =
        usage.length == 0 ? Map.of() : Map.of(usage[0], (Object) usage[1]);
    return Metering.builder(
            MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true, "usage", section))))
        .sink(sink)
        .build();
  }

  private static final FakeHeaders REQUEST =
      FakeHeaders.of("x-auth-request-user", "alice", "x-auth-request-tier", "gold");

  private DrivenExchange exchange(
      Metering metering, String method, String path, int status, String type, String body) {
    DrivenExchange exchange = DrivenExchange.of(metering.begin(method, path, REQUEST));
    FakeHeaders headers = FakeHeaders.of("x-vsr-selected-model", "m");
    exchange.respond(status, type.isEmpty() ? headers : headers.add("content-type", type));
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.response(bytes, 0, bytes.length);
    exchange.end();
    return exchange;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "application/json; charset=utf-8",
        "Application/Problem+JSON",
        "application/x-ndjson",
        "application/jsonl",
        "",
      })
  void answerThatStatesUsageIsBilledOnceToWhoeverAsked(String type) {
    Metering metering = metering();
    DrivenExchange exchange = exchange(metering, "POST", PATH, 200, type, CHAT);
    UsageRecord record = sink.single();
    assertThat(exchange.record()).isSameAs(record);
    assertThat(record.operation()).isEqualTo(Operation.DETECT);
    assertThat(record.identity().user()).isEqualTo("alice");
    assertThat(record.model()).isEqualTo("m");
    assertThat(record.forcedUsage()).isEqualTo(ForcedUsage.OFF);
    assertThat(record.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(Objects.requireNonNull(record.measurement().usage()).prompt()).isEqualTo(20);
    assertThat(metering.unlistedRequests()).isEqualTo(1);
    exchange.close();
    assertThat(sink.records()).hasSize(1);
  }

  /** What the API references show, on a path that nobody has listed. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"model\":\"m\",\"message\":{\"content\":\"x\"},\"done\":true,\"prompt_eval_count\":20,\"eval_count\":5}",
        "{\"text\":\"x\",\"meta_info\":{\"prompt_tokens\":20,\"completion_tokens\":5}}",
        "[{\"text\":\"x\",\"meta_info\":{\"prompt_tokens\":20,\"completion_tokens\":5}}]",
        "{\"content\":\"x\",\"stop\":true,\"tokens_evaluated\":20,\"tokens_predicted\":5}",
        "{\"type\":\"message\",\"usage\":{\"input_tokens\":20,\"output_tokens\":5}}",
        "{\"object\":\"response\",\"usage\":{\"input_tokens\":20,\"output_tokens\":5,\"total_tokens\":25}}",
        "{\"candidates\":[{}],\"usageMetadata\":{\"promptTokenCount\":20,\"candidatesTokenCount\":5}}",
        "{\"stopReason\":\"end_turn\",\"usage\":{\"inputTokens\":20,\"outputTokens\":5}}",
        "{\"text\":\"x\",\"meta\":{\"billed_units\":{\"input_tokens\":20,\"output_tokens\":5}}}",
        // Mistral's conversations, OpenAI's runs, Replicate's predictions.
        "{\"object\":\"conversation.response\",\"conversation_id\":\"c\",\"outputs\":[],"
            + "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":5,\"total_tokens\":25}}",
        "{\"id\":\"r\",\"object\":\"thread.run\",\"status\":\"completed\","
            + "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":5,\"total_tokens\":25}}",
        "{\"status\":\"succeeded\",\"metrics\":{\"predict_time\":0.5,\"input_token_count\":20,\"output_token_count\":5}}",
        "{\"results\":[{\"generated_token_count\":5,\"input_token_count\":20,\"stop_reason\":\"eos_token\"}]}",
      })
  void usageIsFoundInEveryKnownPlace(String body) {
    exchange(metering(), "POST", PATH, 200, "application/json", body);
    TokenUsage usage = Objects.requireNonNull(sink.single().measurement().usage());
    assertThat(List.of(usage.prompt(), usage.completion())).containsExactly(20L, 5L);
    assertThat(sink.single().measurement().status()).isEqualTo(Status.COMPLETE);
  }

  @Test
  void streamThatStatesUsageIsBilled() {
    String stream =
        "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0}]}\n\n"
            + "data:"
            + " {\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":5}}\n\n"
            + "data: [DONE]\n\n";
    exchange(metering(), "POST", PATH, 200, "text/event-stream", stream);
    assertThat(sink.single().measurement().status()).isEqualTo(Status.COMPLETE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "[1,2]",
        "\"x\"",
        "{\"user\":\"x\",\"items\":[{\"usage\":{\"prompt_tokens\":1}}]}",
        "{\"usage\":\"see the documentation\"}",
        "{\"usage\":{\"disk\":5}}",
        "{\"usage\":null}",
        "{\"results\":[{\"id\":1}],\"metadata\":{\"x\":1},\"stats\":{\"a\":1},\"metrics\":{\"cpu\":2}}",
        "{\"details\":\"x\",\"done\":true,\"stop\":1}",
        "{not json",
        "",
      })
  void answerThatStatesNoneIsCountedAndMakesNoRecord(String body) {
    Metering metering = metering();
    DrivenExchange exchange = exchange(metering, "POST", PATH, 200, "application/json", body);
    assertThat(exchange.record()).isNull();
    assertThat(exchange.isOpen()).isFalse();
    assertThat(sink.records()).isEmpty();
    assertThat(metering.unlistedRequests()).isEqualTo(1);
    assertThat(metering.defects()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "POST, 200, text/html",
    "POST, 200, image/png",
    "POST, 200, application/octet-stream",
    "POST, 404, application/json",
    "POST, 500, application/json",
    "POST, 302, application/json",
    "GET, 200, application/json",
    "HEAD, 200, application/json",
    "DELETE, 200, application/json",
    "OPTIONS, 204, application/json",
  })
  void anythingElseIsNeitherLookedAtNorCounted(String method, int status, String type) {
    Metering metering = metering();
    DrivenExchange exchange = DrivenExchange.of(metering.begin(method, PATH, REQUEST));
    exchange.respond(status, FakeHeaders.of("content-type", type));
    assertThat(exchange.wantsResponse()).isFalse();
    exchange.end();
    assertThat(sink.records()).isEmpty();
    assertThat(metering.unlistedRequests()).isZero();
  }

  @Test
  void countLooksAtNoBody() {
    Metering metering = metering("unlisted", "count");
    DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", PATH, REQUEST));
    exchange.respond(200, FakeHeaders.of("content-type", "application/json"));
    assertThat(exchange.wantsResponse()).isFalse();
    exchange.end();
    assertThat(sink.records()).isEmpty();
    assertThat(metering.unlistedRequests()).isEqualTo(1);
  }

  @Test
  void requestAndAnswerAreLeftAsTheyAre() {
    DrivenExchange exchange =
        DrivenExchange.of(
            metering()
                .begin(
                    "POST",
                    PATH,
                    FakeHeaders.of("content-type", "application/json", "content-length", "9")));
    assertThat(exchange.editsUnseen()).isEqualTo(HeaderEdits.EMPTY);
    assertThat(exchange.wantsRequest()).isFalse();
    HeaderEdits edits =
        exchange.respond(
            200, FakeHeaders.of("content-type", "application/json", "x-vsr-selected-model", "m"));
    assertThat(edits).isEqualTo(HeaderEdits.EMPTY);
    assertThat(exchange.editsResponse()).isFalse();
    exchange.close();
  }

  /** A coding that cannot be read here would be another way not to pay. */
  @Test
  void answerComesInACodingThatCanBeRead() {
    FakeHeaders request = FakeHeaders.of("accept-encoding", "br, gzip");
    assertThat(DrivenExchange.of(metering().begin("POST", PATH, request)).editsUnseen())
        .isNotEqualTo(HeaderEdits.EMPTY);
    assertThat(
            DrivenExchange.of(metering("unlisted", "count").begin("POST", PATH, request))
                .editsUnseen())
        .isEqualTo(HeaderEdits.EMPTY);
    assertThat(DrivenExchange.of(metering().begin("GET", PATH, request)).editsUnseen())
        .isEqualTo(HeaderEdits.EMPTY);
  }

  /** What claims to cost nothing has to be spelt as its API spells it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/%74okenize",
        "/v1//tokenize",
        "/x/../v1/tokenize",
        "/v1/tokenize;x",
        "/v1%2Ftokenize",
        "/v1/chat/completions;/tokenize",
        "/v1/chat/completions/%2e/tokenize",
        "/v1\\tokenize"
      })
  void freePathThatIsNotSpeltPlainlyIsLookedAt(String path) {
    exchange(metering(), "POST", path, 200, "application/json", CHAT);
    assertThat(sink.single().operation()).isEqualTo(Operation.DETECT);
    assertThat(sink.single().measurement().status()).isEqualTo(Status.COMPLETE);
  }

  @Test
  void routeNamesAPath() {
    Metering metering =
        Metering.builder(
                MaasConfig.from(
                    Map.of(
                        "maas_integration",
                        Map.of(
                            "usage",
                            Map.of(
                                "routes",
                                Map.of("/brand/*", Map.of("operation", "not-metered")))))))
            .sink(sink)
            .build();
    exchange(metering, "POST", PATH, 200, "application/json", CHAT);
    assertThat(sink.single().operation()).isEqualTo(Operation.NOT_METERED);
    assertThat(metering.unlistedRequests()).isZero();
  }

  @Test
  void standaloneMetersThemToo() {
    Metering metering = Metering.builder(MaasConfig.defaults()).sink(sink).build();
    exchange(metering, "POST", PATH, 200, "application/json", CHAT);
    assertThat(sink.single().measurement().status()).isEqualTo(Status.COMPLETE);
  }

  @Test
  void clientThatLeavesBeforeAnyUsageMakesNoRecord() {
    Metering metering = metering();
    DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", PATH, REQUEST));
    exchange.abort(AbortReason.CANCELLED);
    assertThat(exchange.record()).isNull();
    assertThat(exchange.isOpen()).isFalse();
    assertThat(sink.records()).isEmpty();
  }

  /** Only what is stated makes an answer one of a model; its length does not. */
  @Test
  void answerThatStatesNoneIsNeverEstimated() {
    Metering metering = metering("on_disconnect", "estimate");
    DrivenExchange exchange = DrivenExchange.of(metering.begin("POST", PATH, REQUEST));
    exchange.respond(200, FakeHeaders.of("content-type", "text/event-stream"));
    byte[] half = "data: {\"choices\":[{\"index\":0}]}\n\n".getBytes(StandardCharsets.UTF_8);
    exchange.response(half, 0, half.length);
    exchange.abort(AbortReason.CANCELLED);
    assertThat(exchange.record()).isNull();
    exchange(
        metering,
        "POST",
        PATH,
        200,
        "application/json",
        "{\"answer\":\"" + "x".repeat(999) + "\"}");
    assertThat(sink.records()).isEmpty();
    assertThat(metering.unlistedRequests()).isEqualTo(2);
  }

  @Test
  void usageOfAnUnknownKindIsNotLost() {
    exchange(metering(), "POST", PATH, 200, "application/json", "{\"usage\":{\"input_tokens\":5}}");
    assertThat(sink.single().measurement().has(Measurement.Reason.UNKNOWN_DIALECT)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "/, /",
    "/api/v1/run, /api/v1/run",
    "/v1beta/things, /v1beta/things",
    "/v1/conversations/conv_0123456789abcdef, /v1/conversations/*",
    "/a/b/c/d/e/f, /a/b/c/...",
    "/hooks/T024BE7LD/B0/XXXXXXXXXXXXXXXX, /hooks/*/*/...",
    "/bot123456:ABC-DEF/sendMessage, /*/*",
    "/users/alice@example.com, /users/*",
    "/reset/correct-horse-battery-staple, /reset/*",
    "/k/aaaaaaaaaaaaaaaaa, /k/*",
    "/123, /*",
    "/café, /*",
    "no/slash, /no/slash",
    "'', /",
  })
  void logShowsNoIdsAndNoKeys(String path, String shape) {
    assertThat(UnlistedRequests.shape(path)).isEqualTo(shape);
  }

  @Test
  void logIsWrittenOnceInTenMinutes() {
    UnlistedRequests unlisted = new UnlistedRequests();
    CapturedLog.MESSAGES.clear();
    for (int i = 0; i < 100; i++) {
      unlisted.add("/a/b" + (char) ('a' + i % 26), i);
    }
    assertThat(logged()).hasSize(1);
    unlisted.add("/later", 600_000_000_001L);
    assertThat(logged()).hasSize(2);
    assertThat(logged().get(1)).contains("100 requests", "/a/bb").doesNotContain("/later");
    assertThat(unlisted.count()).isEqualTo(101);
  }

  @ParameterizedTest
  @CsvSource({"9, 9", "10, 10", "11, 10"})
  void logNamesTenPathsAtMost(int paths, int named) {
    UnlistedRequests unlisted = new UnlistedRequests();
    CapturedLog.MESSAGES.clear();
    unlisted.add("/first", 0);
    for (int i = 0; i < paths; i++) {
      unlisted.add("/a/" + (char) ('a' + i), 1);
    }
    unlisted.add("/later", 600_000_000_000L);
    assertThat(logged().get(1).split("/a/", -1)).hasSize(named + 1);
  }

  private static List<String> logged() {
    return CapturedLog.MESSAGES.stream().filter(m -> m.startsWith("No list of endpoints")).toList();
  }
}
