// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.record.Measurement.Status;
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

  private static Exchange begin(Metering metering, String path, String... headers) {
    return metering.begin("POST", path, FakeHeaders.of(headers));
  }

  /** What the backend gets, the request cut at random. */
  private static String request(Exchange exchange, String body) {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    byte[] bytes = body.getBytes(UTF_8);
    Random random = new Random(SEED);
    for (int from = 0; from < bytes.length; ) {
      int length = Math.min(bytes.length - from, random.nextInt(5));
      exchange.onRequestBody(bytes, from, length, sent::write);
      from += length;
    }
    exchange.endRequestBody(sent::write);
    return sent.toString(UTF_8);
  }

  /** What the client gets, the response cut at random. */
  private static String response(Exchange exchange, String type, String body) {
    exchange.onResponseHeaders(200, FakeHeaders.of("content-type", type, "content-length", "1"));
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    byte[] bytes = body.getBytes(UTF_8);
    Random random = new Random(SEED + 1);
    for (int from = 0; from < bytes.length; ) {
      int length = Math.min(bytes.length - from, random.nextInt(40));
      exchange.onResponseBody(bytes, from, length, received::write);
      from += length;
    }
    exchange.endResponseBody(received::write);
    exchange.end();
    return received.toString(UTF_8);
  }

  private static UsageRecord record(Exchange exchange) {
    return Objects.requireNonNull(exchange.record());
  }

  @Test
  void r29StreamIsAskedForItsUsageAndTheClientDoesNotSeeIt() {
    Exchange exchange = begin(metering(Map.of()), CHAT, "content-length", "27");
    assertThat(exchange.editsRequestBody()).isTrue();
    assertThat(exchange.requestEditsWithBody().toRemove()).contains("content-length");
    assertThat(exchange.requestEdits().toRemove()).doesNotContain("content-length");
    assertThat(request(exchange, ASKS))
        .isEqualTo("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
    assertThat(record(exchange).forcedUsage()).isEqualTo(ForcedUsage.EDITED);
    assertThat(record(exchange).measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(Objects.requireNonNull(record(exchange).measurement().usage()).completion())
        .isEqualTo(8);
  }

  @Test
  void r29ClientThatAsksItselfSeesWhatItAskedFor() {
    Exchange exchange = begin(metering(Map.of()), CHAT);
    String asks = "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}";
    assertThat(request(exchange, asks)).isEqualTo(asks);
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE))
        .isEqualTo(TEXT + USAGE + DONE);
    assertThat(record(exchange).forcedUsage()).isEqualTo(ForcedUsage.ALREADY);
  }

  @Test
  void r29ClientThatSaysNoIsMeteredAllTheSame() {
    Exchange exchange = begin(metering(Map.of()), CHAT);
    assertThat(
            request(exchange, "{\"stream\":true,\"stream_options\":{ \"include_usage\": false }}"))
        .isEqualTo("{\"stream\":true,\"stream_options\":{ \"include_usage\": true }}");
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
  }

  @Test
  void r29VllmStatesUsageInEveryChunkAndTheClientSeesTheLastOneOnly() {
    Metering vllm = metering(Map.of("backend", "vllm"));
    Exchange exchange = begin(vllm, CHAT);
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
    Exchange exchange = begin(metering(Map.of()), CHAT);
    assertThat(request(exchange, ASKS)).isNotEqualTo(ASKS);
    assertThat(response(exchange, "application/json", json)).isEqualTo(json);
    assertThat(exchange.editsResponseBody()).isFalse();
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
    Exchange exchange = begin(metering(Map.of()), CHAT);
    request(exchange, ASKS);
    assertThat(response(exchange, type, TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
    assertThat(record(exchange).measurement().status()).isEqualTo(Status.COMPLETE);
    Exchange oneLine = begin(metering(Map.of()), CHAT);
    request(oneLine, ASKS);
    String lines = (TEXT + USAGE).replace("\n\n", "\n");
    assertThat(response(oneLine, type, lines + DONE)).isEqualTo(TEXT.replace("\n\n", "\n") + DONE);
    Exchange plain = begin(metering(Map.of()), CHAT);
    request(plain, ASKS);
    String json = "{\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}";
    assertThat(response(plain, type, json)).isEqualTo(json);
    assertThat(record(plain).measurement().status()).isEqualTo(Status.COMPLETE);
  }

  @Test
  void r29StreamThatOutlivesItsSettlementIsFreedAllTheSame() {
    Exchange early = begin(metering(Map.of()), CHAT);
    request(early, ASKS);
    early.abort(AbortReason.IDLE_TIMEOUT);
    HeaderEdits edits =
        early.onResponseHeaders(
            200, FakeHeaders.of("content-type", "text/event-stream", "content-length", "1"));
    assertThat(edits.toRemove()).contains("content-length");
    assertThat(rest(early, TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
    Exchange midway = begin(metering(Map.of()), CHAT);
    request(midway, ASKS);
    midway.onResponseHeaders(200, FakeHeaders.of("content-type", "text/event-stream"));
    assertThat(rest(midway, TEXT)).isEqualTo(TEXT);
    midway.close();
    assertThat(rest(midway, USAGE + DONE)).isEqualTo(DONE);
  }

  private static String rest(Exchange exchange, String body) {
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    exchange.onResponseBody(body.getBytes(UTF_8), 0, body.length(), received::write);
    return received.toString(UTF_8);
  }

  @Test
  void r29LengthOfAResponseThatIsEditedIsNotStated() {
    Exchange exchange = begin(metering(Map.of()), CHAT);
    request(exchange, ASKS);
    FakeHeaders headers =
        FakeHeaders.of("content-type", "text/event-stream", "content-length", "5");
    assertThat(exchange.onResponseHeaders(200, headers).toRemove()).contains("content-length");
    Exchange plain = begin(metering(Map.of()), CHAT);
    request(plain, "{\"stream\":false}");
    assertThat(plain.onResponseHeaders(200, headers).toRemove()).doesNotContain("content-length");
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
    Exchange exchange = begin(metering(Map.of()), CHAT);
    assertThat(request(exchange, body)).isEqualTo(body);
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE))
        .isEqualTo(TEXT + USAGE + DONE);
    assertThat(record(exchange).forcedUsage()).isEqualTo(outcome);
  }

  @Test
  void r29BodyThatIsCompressedOrForeignPassesAndIsCounted() {
    Exchange encoded = begin(metering(Map.of()), CHAT, "content-encoding", "gzip");
    assertThat(request(encoded, "\u001f\u008b\b")).isEqualTo("\u001f\u008b\b");
    encoded.end();
    assertThat(record(encoded).forcedUsage()).isEqualTo(ForcedUsage.ENCODED);
    Exchange form = begin(metering(Map.of()), CHAT, "content-type", "multipart/form-data");
    assertThat(request(form, "--x\r\n")).isEqualTo("--x\r\n");
    form.end();
    assertThat(record(form).forcedUsage()).isEqualTo(ForcedUsage.NOT_JSON);
    Exchange unseen = begin(metering(Map.of()), CHAT);
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
    Exchange exchange = begin(metering(Map.of()), CHAT, name, value);
    assertThat(request(exchange, ASKS)).contains("include_usage");
    assertThat(response(exchange, "text/event-stream", TEXT + USAGE + DONE)).isEqualTo(TEXT + DONE);
    assertThat(record(exchange).forcedUsage()).isEqualTo(ForcedUsage.EDITED);
    assertThat(record(exchange).unmeasured()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/v1/responses", "/v1/messages", "/v1/embeddings", "/v2/chat", "/v1/models"})
  void r29ApiThatDoesNotKnowItIsLeftAlone(String path) {
    Exchange exchange = begin(metering(Map.of()), path, "content-length", "27");
    assertThat(exchange.editsRequestBody()).isFalse();
    assertThat(request(exchange, ASKS)).isEqualTo(ASKS);
  }

  @Test
  void r29SwitchAndRouteAndStandaloneModeAreObeyed() {
    Metering off = metering(Map.of("force_usage", false));
    assertThat(begin(off, CHAT, "content-length", "27").editsRequestBody()).isFalse();
    Metering routed = metering(Map.of("routes", Map.of("/quiet/*", Map.of("force_usage", false))));
    assertThat(begin(routed, "/quiet" + CHAT, "content-length", "27").editsRequestBody()).isFalse();
    assertThat(begin(routed, CHAT).editsRequestBody()).isTrue();
    Metering standalone = Metering.builder(MaasConfig.defaults()).build();
    Exchange watched = begin(standalone, CHAT, "content-length", "5");
    assertThat(watched.editsRequestBody()).isFalse();
    assertThat(watched.requestEdits()).isEqualTo(HeaderEdits.EMPTY);
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
    Exchange seen = begin(metering(Map.of()), "/v1/completions");
    request(seen, "{\"prompt\":[\"a\",\"b\"],\"n\":2,\"stream\":true}");
    response(seen, "text/event-stream", body);
    assertThat(Objects.requireNonNull(record(seen).measurement().usage()).prompt()).isEqualTo(17);
    Exchange unseen = begin(metering(Map.of()), "/v1/completions");
    response(unseen, "text/event-stream", body);
    assertThat(Objects.requireNonNull(record(unseen).measurement().usage()).prompt()).isEqualTo(10);
  }
}
