// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** R29: requests are made to ask for usage, and responses given back as if they had not been. */
class ForcedUsageTest {
  private static final long SEED = Long.getLong("forced.seed", 20_261_124L);
  private static final String CHAT = "/v1/chat/completions";
  private static final String TEXT =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
  private static final String USAGE =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}\n\n";
  private static final String DONE = "data: [DONE]\n\n";
  private static final String ASKS = "{\"model\":\"m\",\"stream\":true}";

  private static Metering metering(Map<String, Object> usage) {
    return Metering.builder(
            MaasConfig.from(Map.of("maas_integration", Map.of("enabled", true, "usage", usage))))
        .build();
  }

  private static DrivenExchange begin(Metering metering, String path, String... headers) {
    return DrivenExchange.of(metering.begin("POST", path, FakeHeaders.of(headers)));
  }

  /** What the backend gets, the request cut at random. */
  private static String request(DrivenExchange exchange, String body) {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    byte[] bytes = body.getBytes(UTF_8);
    Random random = new Random(SEED);
    for (int from = 0; from < bytes.length; ) {
      int length = Math.min(bytes.length - from, random.nextInt(5));
      exchange.request(bytes, from, length, sent::write);
      from += length;
    }
    exchange.endRequest(sent::write);
    return sent.toString(UTF_8);
  }

  /** What the client gets, the response cut at random. */
  private static String response(DrivenExchange exchange, String type, String body) {
    exchange.respond(200, FakeHeaders.of("content-type", type, "content-length", "1"));
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    byte[] bytes = body.getBytes(UTF_8);
    Random random = new Random(SEED + 1);
    for (int from = 0; from < bytes.length; ) {
      int length = Math.min(bytes.length - from, random.nextInt(40));
      exchange.response(bytes, from, length, received::write);
      from += length;
    }
    exchange.end(received::write);
    exchange.end();
    return received.toString(UTF_8);
  }

  private static UsageRecord record(DrivenExchange exchange) {
    return Objects.requireNonNull(exchange.record());
  }

  @Test
  void r29StreamIsAskedForItsUsageAndTheClientDoesNotSeeIt() {
    DrivenExchange exchange = begin(metering(Map.of()), CHAT, "content-length", "27");
    assertThat(exchange.wantsRequest()).isTrue();
    assertThat(exchange.edits().toRemove()).contains("content-length");
    assertThat(request(exchange, ASKS))
        .isEqualTo("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
    assertThat(record(exchange).forcedUsage()).isEqualTo(ForcedUsage.EDITED);
    assertThat(record(exchange).measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(Objects.requireNonNull(record(exchange).measurement().usage()).completion())
        .isEqualTo(8);
  }

  @Test
  void r29StreamThatGoesOnUnseenKeepsItsLengthAndIsNotAsked() {
    DrivenExchange exchange = begin(metering(Map.of()), CHAT, "content-length", "27");
    assertThat(exchange.editsUnseen().toRemove()).doesNotContain("content-length");
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE))
        .isEqualTo(TEXT + USAGE + DONE);
    assertThat(record(exchange).forcedUsage()).isEqualTo(ForcedUsage.UNSEEN);
  }

  @Test
  void r29ClientThatAsksItselfSeesWhatItAskedFor() {
    DrivenExchange exchange = begin(metering(Map.of()), CHAT);
    String asks = "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}";
    assertThat(request(exchange, asks)).isEqualTo(asks);
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE))
        .isEqualTo(TEXT + USAGE + DONE);
    assertThat(record(exchange).forcedUsage()).isEqualTo(ForcedUsage.ALREADY);
  }

  @Test
  void r29ClientThatSaysNoIsMeteredAllTheSame() {
    DrivenExchange exchange = begin(metering(Map.of()), CHAT);
    assertThat(
            request(exchange, "{\"stream\":true,\"stream_options\":{ \"include_usage\": false }}"))
        .isEqualTo("{\"stream\":true,\"stream_options\":{ \"include_usage\": true }}");
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
  }

  @Test
  void r29VllmStatesUsageInEveryChunkAndTheClientSeesTheLastOneOnly() {
    Metering vllm = metering(Map.of("backend", "vllm"));
    DrivenExchange exchange = begin(vllm, CHAT);
    assertThat(request(exchange, "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}"))
        .isEqualTo(
            "{\"stream\":true,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}}");
    String running =
        TEXT.replace("]}", "],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":1}}");
    assertThat(response(exchange, "text/event-stream", running + USAGE + DONE))
        .isEqualTo(TEXT + USAGE + DONE);
  }

  @Test
  void r29AnswerThatIsNoStreamPassesAsItIs() {
    String json = "{\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}";
    DrivenExchange exchange = begin(metering(Map.of()), CHAT);
    assertThat(request(exchange, ASKS)).isNotEqualTo(ASKS);
    assertThat(response(exchange, "application/json", json)).isEqualTo(json);
    assertThat(exchange.editsResponse()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/event-stream",
        "text/event-stream, text/event-stream",
        "TEXT/Event-Stream ; charset=utf-8",
        "application/json",
        "application/json; charset=utf-8",
        "application/x-ndjson",
        "text/plain",
        "application/octet-stream",
        "application/stream",
        "json",
        "",
        " "
      })
  void r29StreamIsFreedOfWhatWasAskedForWhateverItsLabel(String type) {
    DrivenExchange exchange = begin(metering(Map.of()), CHAT);
    request(exchange, ASKS);
    assertThat(response(exchange, type, TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
    assertThat(record(exchange).measurement().status()).isEqualTo(Status.COMPLETE);
    DrivenExchange oneLine = begin(metering(Map.of()), CHAT);
    request(oneLine, ASKS);
    String lines = (TEXT + USAGE).replace("\n\n", "\n");
    assertThat(response(oneLine, type, lines + DONE)).isEqualTo(TEXT.replace("\n\n", "\n") + DONE);
    DrivenExchange plain = begin(metering(Map.of()), CHAT);
    request(plain, ASKS);
    String json = "{\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}";
    assertThat(response(plain, type, json)).isEqualTo(json);
    assertThat(record(plain).measurement().status()).isEqualTo(Status.COMPLETE);
  }

  @Test
  void r29StreamThatOutlivesItsSettlementIsFreedAllTheSame() {
    DrivenExchange early = begin(metering(Map.of()), CHAT);
    request(early, ASKS);
    early.abort(AbortReason.IDLE_TIMEOUT);
    HeaderEdits edits =
        early.respond(
            200, FakeHeaders.of("content-type", "text/event-stream", "content-length", "1"));
    assertThat(edits.toRemove()).contains("content-length");
    assertThat(rest(early, TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
    DrivenExchange midway = begin(metering(Map.of()), CHAT);
    request(midway, ASKS);
    midway.respond(200, FakeHeaders.of("content-type", "text/event-stream"));
    assertThat(rest(midway, TEXT)).isEqualTo(TEXT);
    midway.close();
    assertThat(rest(midway, USAGE + DONE)).isEqualTo(DONE);
  }

  private static String rest(DrivenExchange exchange, String body) {
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    exchange.response(body.getBytes(UTF_8), 0, body.length(), received::write);
    return received.toString(UTF_8);
  }

  @Test
  void r29LengthOfAResponseThatIsEditedIsNotStated() {
    DrivenExchange exchange = begin(metering(Map.of()), CHAT);
    request(exchange, ASKS);
    FakeHeaders headers =
        FakeHeaders.of("content-type", "text/event-stream", "content-length", "5");
    assertThat(exchange.respond(200, headers).toRemove()).contains("content-length");
    DrivenExchange plain = begin(metering(Map.of()), CHAT);
    request(plain, "{\"stream\":false}");
    assertThat(plain.respond(200, headers).toRemove()).doesNotContain("content-length");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"model\":\"m\"} | NOT_STREAMING",
        "[1,2] | NOT_JSON",
        "{\"stream\":true,} | MALFORMED",
      })
  void r29RequestThatCannotBeEditedPassesAsItIsAndIsCounted(String body, ForcedUsage outcome) {
    DrivenExchange exchange = begin(metering(Map.of()), CHAT);
    assertThat(request(exchange, body)).isEqualTo(body);
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE))
        .isEqualTo(TEXT + USAGE + DONE);
    assertThat(record(exchange).forcedUsage()).isEqualTo(outcome);
  }

  @Test
  void r29BodyThatIsCompressedOrForeignPassesAndIsCounted() {
    DrivenExchange encoded = begin(metering(Map.of()), CHAT, "content-encoding", "gzip");
    assertThat(request(encoded, "\u001f\u008b\b")).isEqualTo("\u001f\u008b\b");
    encoded.end();
    assertThat(record(encoded).forcedUsage()).isEqualTo(ForcedUsage.ENCODED);
    DrivenExchange form = begin(metering(Map.of()), CHAT, "content-type", "multipart/form-data");
    assertThat(request(form, "--x\r\n")).isEqualTo("--x\r\n");
    form.end();
    assertThat(record(form).forcedUsage()).isEqualTo(ForcedUsage.NOT_JSON);
    DrivenExchange unseen = begin(metering(Map.of()), CHAT);
    unseen.end();
    assertThat(record(unseen).forcedUsage()).isEqualTo(ForcedUsage.UNSEEN);
  }

  /** Most servers read a request as JSON whatever its head says of it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "content-type | text/plain",
        "content-type | text/json",
        "content-type | application/vnd.api+json",
        "content-type | application/json; charset=utf-16",
        "content-type | application/x-www-form-urlencoded",
        "content-type | multipart/form-data; boundary=x",
        "content-type | application/octet-stream",
        "content-type | APPLICATION/JSON",
        "content-type | json",
        "content-encoding | gzip",
        "content-encoding | br",
        "content-encoding | identity",
        "content-encoding | foo",
        "content-encoding | gzip, identity",
        "content-encoding | aws-chunked",
      })
  void r29BodyIsWhatItsBytesAreNotWhatItsHeadSays(String name, String value) {
    DrivenExchange exchange = begin(metering(Map.of()), CHAT, name, value);
    assertThat(request(exchange, ASKS)).contains("include_usage");
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
    assertThat(record(exchange).forcedUsage()).isEqualTo(ForcedUsage.EDITED);
    assertThat(record(exchange).unmeasured()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/v1/responses", "/v1/messages", "/v1/embeddings", "/v2/chat", "/v1/models"})
  void r29ApiThatDoesNotKnowItIsLeftAlone(String path) {
    DrivenExchange exchange = begin(metering(Map.of()), path, "content-length", "27");
    assertThat(exchange.wantsRequest()).isFalse();
    assertThat(request(exchange, ASKS)).isEqualTo(ASKS);
  }

  @Test
  void r29SwitchAndRouteAndStandaloneModeAreObeyed() {
    Metering off = metering(Map.of("force_usage", false));
    assertThat(begin(off, CHAT, "content-length", "27").wantsRequest()).isFalse();
    Metering routed = metering(Map.of("routes", Map.of("/quiet/*", Map.of("force_usage", false))));
    assertThat(begin(routed, "/quiet" + CHAT, "content-length", "27").wantsRequest()).isFalse();
    assertThat(begin(routed, CHAT).wantsRequest()).isTrue();
    Metering standalone = Metering.builder(MaasConfig.defaults()).build();
    DrivenExchange watched = begin(standalone, CHAT, "content-length", "5");
    assertThat(watched.wantsRequest()).isFalse();
    assertThat(watched.editsUnseen()).isEqualTo(HeaderEdits.EMPTY);
    watched.end();
    assertThat(record(watched).forcedUsage()).isEqualTo(ForcedUsage.OFF);
  }

  @Test
  void r19PromptsOfABatchAddUpWhenTheRequestWasSeen() {
    String running =
        "data: {\"choices\":[{\"index\":%d,\"text\":\"a\"}],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":1}}\n\n";
    String body =
        running.formatted(0, 10)
            + running.formatted(1, 10)
            + running.formatted(2, 7)
            + running.formatted(3, 7);
    DrivenExchange seen = begin(metering(Map.of()), "/v1/completions");
    request(seen, "{\"prompt\":[\"a\",\"b\"],\"n\":2,\"stream\":true}");
    response(seen, "text/event-stream", body);
    assertThat(Objects.requireNonNull(record(seen).measurement().usage()).prompt()).isEqualTo(17);
    DrivenExchange unseen = begin(metering(Map.of()), "/v1/completions");
    response(unseen, "text/event-stream", body);
    assertThat(Objects.requireNonNull(record(unseen).measurement().usage()).prompt()).isEqualTo(10);
  }
}
