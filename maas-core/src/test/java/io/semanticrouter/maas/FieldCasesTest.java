// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testing.FieldCase;
import io.semanticrouter.maas.testing.FieldCase.Answer;
import io.semanticrouter.maas.testing.FieldCase.Seen;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What has been reported in public, through the core as a gateway uses it. */
class FieldCasesTest {
  private static final Map<String, Object> CONFIG =
      Map.of(
          "maas_integration",
          Map.of(
              "enabled",
              true,
              "metrics",
              Map.of("internal_cost_calculation", true),
              "usage",
              Map.of(
                  "routes",
                  Map.of(
                      "/llm/*",
                      Map.of("operation", "detect", "backend", "vllm", "force_usage", true)))),
          "pricing",
          Map.of(
              "models",
              Map.of(
                  "m",
                  Map.of(
                      "prompt_per_1m",
                      "1",
                      "cached_input_per_1m",
                      "0.1",
                      "cache_write_per_1m",
                      "1.25",
                      "completion_per_1m",
                      "10"),
                  "sci",
                  Map.of("prompt_per_1m", "3e-01", "completion_per_1m", "9e-1"))));

  static List<FieldCase> played() {
    return FieldCase.all().stream().filter(c -> !c.exchanges().isEmpty()).toList();
  }

  @ParameterizedTest
  @MethodSource("played")
  void caseIsBilledAsIsRight(FieldCase fieldCase) {
    RecordingSink sink = new RecordingSink();
    Metering metering = Metering.builder(MaasConfig.from(CONFIG)).sink(sink).build();
    int status = 0;
    String body = "";
    for (FieldCase.Exchange played : fieldCase.exchanges()) {
      FakeHeaders request = headers(played.headers());
      if (request.get("content-type") == null) {
        request.add("content-type", "application/json");
      }
      request.add("x-auth-request-user", fieldCase.user());
      try (DrivenExchange exchange =
          DrivenExchange.of(metering.begin(played.method(), played.path(), request))) {
        Answer answer = played.answer(sent(exchange, played.body()));
        status = answer.status();
        body = received(exchange, answer);
        exchange.end();
      }
    }
    assertThat(metering.defects()).isZero();
    assertThat(fieldCase.problems(seen(sink.records(), status, body))).isEmpty();
  }

  /** What the backend gets. */
  private static String sent(DrivenExchange exchange, String body) {
    if (!exchange.wantsRequest()) {
      return body;
    }
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    byte[] bytes = body.getBytes(UTF_8);
    exchange.request(bytes, 0, bytes.length, sent::write);
    exchange.endRequest(sent::write);
    return sent.toString(UTF_8);
  }

  /** What the client gets. */
  private static String received(DrivenExchange exchange, Answer answer) {
    exchange.respond(answer.status(), headers(answer.headers()));
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    for (String piece : answer.pieces()) {
      byte[] bytes = piece.getBytes(UTF_8);
      if (exchange.editsResponse()) {
        exchange.response(bytes, 0, bytes.length, received::write);
      } else {
        if (exchange.wantsResponse()) {
          exchange.response(bytes, 0, bytes.length);
        }
        received.writeBytes(bytes);
      }
    }
    if (exchange.editsResponse()) {
      exchange.end(received::write);
    }
    return received.toString(UTF_8);
  }

  private static FakeHeaders headers(List<String> namesAndValues) {
    return FakeHeaders.of(namesAndValues.toArray(String[]::new));
  }

  private static Seen seen(List<UsageRecord> records, int status, String body) {
    long prompt = 0;
    long completion = 0;
    long unpriced = 0;
    long reasons = 0;
    BigDecimal cost = BigDecimal.ZERO;
    Map<String, Long> outcomes = new HashMap<>();
    Map<String, Long> parts = new HashMap<>();
    Map<String, Long> units = new HashMap<>();
    for (UsageRecord record : records) {
      Measurement measurement = record.measurement();
      outcomes.merge(record.outcome().label(), 1L, Long::sum);
      reasons += measurement.reasons().size();
      unpriced += record.unpriced() ? 1 : 0;
      cost = record.cost() == null ? cost : cost.add(record.cost().amount());
      merge(units, "audio_second", measurement.units().audioSeconds());
      List<TokenUsage> lines = new ArrayList<>();
      if (measurement.status() != Measurement.Status.ESTIMATED && measurement.usage() != null) {
        lines.add(measurement.usage());
        measurement.otherLines().forEach(line -> lines.add(line.usage()));
      }
      for (TokenUsage usage : lines) {
        prompt += Math.max(0, usage.prompt());
        completion += Math.max(0, usage.completion());
        merge(parts, "cache_write", usage.part(TokenPart.CACHE_WRITE));
        merge(parts, "reasoning", usage.part(TokenPart.REASONING));
      }
    }
    return new Seen(
        prompt, completion, outcomes, parts, units, cost, unpriced, reasons, status, body);
  }

  private static void merge(Map<String, Long> into, String name, long count) {
    if (count > 0) {
      into.merge(name, count, Long::sum);
    }
  }
}
