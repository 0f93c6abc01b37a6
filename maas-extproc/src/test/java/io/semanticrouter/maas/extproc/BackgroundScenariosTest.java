// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static io.semanticrouter.maas.extproc.MeteredEnvoy.ENVOY_YAML;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.USER;
import static io.semanticrouter.maas.extproc.MeteredEnvoy.assertPassedOn;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.Played;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Outcome;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.RecordingSink;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Responses that go on after their POST, and are polled through Envoy. */
class BackgroundScenariosTest {
  private static final HttpMessage POST =
      HttpMessage.request(
              "POST", "/v1/responses", "content-type", "application/json", USER, "alice")
          .body(End.LAST_CHUNK, "{\"model\":\"m\",\"background\":true,\"input\":\"hi\"}");

  private final RecordingSink sink = new RecordingSink();
  private final MeteredEnvoy envoy = MeteredEnvoy.metering(sink);

  @AfterEach
  void close() {
    envoy.close();
  }

  static Stream<Filter> filters() {
    return Stream.of(
        ENVOY_YAML,
        Filter.of(BodySendMode.STREAMED, BodySendMode.STREAMED),
        Filter.of(BodySendMode.BUFFERED, BodySendMode.BUFFERED),
        Filter.of(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.FULL_DUPLEX_STREAMED));
  }

  private static HttpMessage answer(String status, String usage) {
    String begin = "{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"" + status;
    return HttpMessage.response(200, "content-type", "application/json")
        .body(End.LAST_CHUNK, begin, "\",\"model\":\"m\",\"output\":[],\"usage\":" + usage + "}");
  }

  private Played play(Filter filter, HttpMessage request, HttpMessage answer) {
    HttpExchange exchange = HttpExchange.of(request, answer);
    Played played = envoy.play(filter, exchange);
    assertPassedOn(played, exchange);
    return played;
  }

  private Played poll(Filter filter, String status, String usage) {
    return play(
        filter,
        HttpMessage.request("GET", "/v1/responses/resp_1", USER, "bob"),
        answer(status, usage));
  }

  @ParameterizedTest
  @MethodSource("filters")
  void pollingIsBilledOnceToTheUserOfThePost(Filter filter) {
    String usage = "{\"input_tokens\":100,\"output_tokens\":2000,\"total_tokens\":2100}";
    play(filter, POST, answer("queued", "null"));
    poll(filter, "in_progress", "null");
    poll(filter, "completed", usage);
    poll(filter, "completed", usage);

    List<UsageRecord> records = sink.records();
    assertThat(records)
        .extracting(UsageRecord::outcome)
        .containsExactly(Outcome.NONE, Outcome.NOT_METERED, Outcome.COMPLETE, Outcome.NOT_METERED);
    UsageRecord billed = records.get(2);
    assertThat(billed.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(billed.measurement().usage())
        .extracting(TokenUsage::prompt, TokenUsage::completion)
        .containsExactly(100L, 2000L);
    assertThat(billed.identity().user()).isEqualTo("alice");
  }

  @Test
  void aPollIsShownWithoutItsBodyWhileNoResponseIsAwaited() {
    assertThat(poll(ENVOY_YAML, "completed", "null").sentKinds())
        .containsExactly("REQUEST_HEADERS", "RESPONSE_HEADERS");
    play(ENVOY_YAML, POST, answer("queued", "null"));
    assertThat(poll(ENVOY_YAML, "in_progress", "null").sentKinds()).contains("RESPONSE_BODY");
  }
}
