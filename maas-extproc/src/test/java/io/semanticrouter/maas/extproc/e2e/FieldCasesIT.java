// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.semanticrouter.maas.testing.FieldCase;
import io.semanticrouter.maas.testing.FieldCase.Answer;
import io.semanticrouter.maas.testing.FieldCase.Exchange;
import io.semanticrouter.maas.testing.FieldCase.Seen;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What has been reported in public, through the jar, a real Envoy and a backend of exact bytes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FieldCasesIT {
  private static final Path DIRECTORY = Project.WORK.resolve("field-cases");
  private static final String CONFIG =
      """
      maas_integration:
        enabled: true
        metrics: { internal_cost_calculation: true%s }
        usage:
          routes:
            "/llm/*": { operation: detect, backend: vllm, force_usage: true }
      pricing:
        currency: USD
        models:
          m: { prompt_per_1m: "1", cached_input_per_1m: "0.1", cache_write_per_1m: "1.25", completion_per_1m: "10" }
          sci: { prompt_per_1m: 3e-01, completion_per_1m: 9e-1 }
      """;

  private RawBackend backend;
  private ServerJar server;
  private Envoy envoy;

  static List<FieldCase> ofTraffic() {
    return FieldCase.all().stream().filter(c -> !c.data().has("config")).toList();
  }

  static List<FieldCase> ofConfiguration() {
    return FieldCase.all().stream().filter(c -> c.data().has("config")).toList();
  }

  @BeforeAll
  void start() throws Exception {
    Envoy.binary();
    backend = RawBackend.start();
    // Small enough for the case of invented models, large enough for a user of each case.
    server = ServerJar.start(DIRECTORY, Stack.PORTS + CONFIG.formatted(", max_series: 100"));
    envoy = Envoy.start(DIRECTORY, EnvoyConfig.patient(server.grpcPort(), backend.port()));
  }

  @AfterAll
  void stop() {
    if (envoy != null) {
      envoy.close();
    }
    if (server != null) {
      server.close();
    }
    if (backend != null) {
      backend.close();
    }
  }

  @ParameterizedTest
  @MethodSource("ofTraffic")
  void caseIsBilledAsIsRight(FieldCase fieldCase) throws Exception {
    JsonNode flood = fieldCase.data().path("flood");
    Scrape before = server.scrape();
    if (flood.isMissingNode()) {
      assertThat(fieldCase.problems(played(fieldCase, before))).isEmpty();
      return;
    }
    int size = flood.path("max_series").asInt();
    String config = Stack.PORTS + CONFIG.formatted(", max_series: " + size);
    Path directory = DIRECTORY.resolve("flood");
    try (ServerJar small = ServerJar.start(directory, config);
        Envoy front =
            Envoy.start(directory, EnvoyConfig.patient(small.grpcPort(), backend.port()))) {
      Exchange exchange = fieldCase.exchanges().get(0);
      for (int i = 0; i < flood.path("requests").asInt(); i++) {
        send(front, exchange, "invented", "flood", "\"m\"", "\"m" + i + "\"");
      }
      send(front, exchange, "m", fieldCase.user(), "", "");
      Waiting.until(
          Duration.ofSeconds(20),
          () ->
              assertThat(
                      small
                          .scrape()
                          .sum(
                              "semantic_router_tokens_total",
                              "user",
                              fieldCase.user(),
                              "model",
                              "m"))
                  .isEqualTo(25));
    }
  }

  @ParameterizedTest
  @MethodSource("ofConfiguration")
  void configurationIsTaken(FieldCase fieldCase) throws Exception {
    String config = Stack.PORTS + fieldCase.data().path("config").asText();
    try (ServerJar started = ServerJar.start(DIRECTORY.resolve("configuration"), config)) {
      assertThat(started.scrape().has("semantic_router_extproc_open_streams")).isTrue();
    }
  }

  private Seen played(FieldCase fieldCase, Scrape before) throws IOException {
    RawHttp answer = null;
    int at = 0;
    for (Exchange exchange : fieldCase.exchanges()) {
      answer = send(envoy, exchange, fieldCase.name() + at++, fieldCase.user(), "", "");
    }
    assertThat(answer).isNotNull();
    Waiting.until(
        Duration.ofSeconds(20),
        () -> assertThat(server.scrape().sum("semantic_router_extproc_open_streams")).isZero());
    return seen(fieldCase, before, server.scrape(), answer);
  }

  /** Plays one exchange; in the answer a text may stand for another. */
  private RawHttp send(
      Envoy front, Exchange exchange, String name, String user, String text, String replacement)
      throws IOException {
    backend.on(
        name, (request, in, out) -> write(out, exchange.answer(request.body()), text, replacement));
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    StringBuilder head =
        new StringBuilder(
            exchange.method() + " " + exchange.path() + " HTTP/1.1\r\nhost: test\r\n");
    List<String> headers = new ArrayList<>(exchange.headers());
    if (!headers.contains("content-type")) {
      headers.addAll(List.of("content-type", "application/json"));
    }
    headers.addAll(List.of("x-auth-request-user", user, RawBackend.CASE, name));
    for (int i = 0; i < headers.size(); i += 2) {
      head.append(headers.get(i)).append(": ").append(headers.get(i + 1)).append("\r\n");
    }
    byte[] body = RawBackend.bytes(exchange.body());
    if (body.length > 0) {
      head.append("content-length: ").append(body.length).append("\r\n");
    }
    request.writeBytes(RawBackend.bytes(head + "connection: close\r\n\r\n"));
    request.writeBytes(body);
    return RawHttp.send(front.port(EnvoyConfig.PATIENT), request.toByteArray());
  }

  private static void write(OutputStream out, Answer answer, String text, String replacement)
      throws IOException {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + answer.status() + " X\r\n");
    for (int i = 0; i < answer.headers().size(); i += 2) {
      head.append(answer.headers().get(i)).append(": ").append(answer.headers().get(i + 1));
      head.append("\r\n");
    }
    List<String> pieces = new ArrayList<>(answer.pieces());
    pieces.replaceAll(piece -> text.isEmpty() ? piece : piece.replace(text, replacement));
    if (answer.isChunked()) {
      out.write(RawBackend.bytes(head + "transfer-encoding: chunked\r\n\r\n"));
      for (String piece : pieces) {
        out.write(RawBackend.chunk(piece));
        out.flush();
      }
      out.write(RawBackend.bytes("0\r\n\r\n"));
    } else {
      String body = String.join("", pieces);
      out.write(RawBackend.bytes(head + "content-length: " + body.length() + "\r\n\r\n" + body));
    }
  }

  private static Seen seen(FieldCase fieldCase, Scrape before, Scrape after, RawHttp answer) {
    String user = fieldCase.data().at("/expect/label_user").asText(fieldCase.user());
    return new Seen(
        (long) after.sum("semantic_router_tokens_total", "user", user, "type", "prompt"),
        (long) after.sum("semantic_router_tokens_total", "user", user, "type", "completion"),
        byLabel(after, "semantic_router_requests_total", user, "outcome"),
        byLabel(after, "semantic_router_token_parts_total", user, "part"),
        byLabel(after, "semantic_router_units_total", user, "unit"),
        BigDecimal.valueOf(after.sum("semantic_router_cost_total", "user", user)),
        (long) after.sum("semantic_router_unpriced_requests_total", "user", user),
        // Reasons have no user.
        (long)
            (after.sum("semantic_router_measurement_reasons_total")
                - before.sum("semantic_router_measurement_reasons_total")),
        answer.status(),
        answer.body());
  }

  private static Map<String, Long> byLabel(
      Scrape scrape, String metric, String user, String label) {
    Map<String, Long> values = new HashMap<>();
    scrape
        .series()
        .forEach(
            (series, value) -> {
              if (series.name().equals(metric) && user.equals(series.labels().get("user"))) {
                values.merge(series.labels().get(label), value.longValue(), Long::sum);
              }
            });
    return values;
  }
}
