// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.encodings;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.encodings.CodingsTest.Coding;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The decoders in a whole exchange, found as a gateway finds them: by being on the class path. */
class EncodedExchangeTest {
  private static final byte[] STREAM =
      """
      data: {"model":"qwen3","choices":[{"index":0,"delta":{"content":"Four."}}]}

      data: {"model":"qwen3","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}

      data: [DONE]

      """
          .getBytes(StandardCharsets.UTF_8);

  private final List<UsageRecord> records = new ArrayList<>();

  private DrivenExchange begun(Coding coding) {
    DrivenExchange exchange =
        DrivenExchange.of(
            Metering.builder(MaasConfig.from(Map.of()))
                .sink(records::add)
                .build()
                .begin("POST", "/v1/chat/completions", name -> null));
    exchange.respond(
        200,
        name ->
            switch (name) {
              case "content-type" -> "text/event-stream";
              case "content-encoding" -> coding.coding().name();
              default -> null;
            });
    return exchange;
  }

  @ParameterizedTest
  @EnumSource(Coding.class)
  void encodedStreamIsMeteredHoweverItIsCut(Coding coding) {
    byte[] body = coding.encode(STREAM);
    for (int size = 1; size <= body.length; size++) {
      DrivenExchange exchange = begun(coding);
      for (int i = 0; i < body.length; i += size) {
        exchange.response(body, i, Math.min(size, body.length - i));
      }
      exchange.end();
      UsageRecord record = records.remove(0);
      assertThat(record.measurement().status()).as("pieces of %d", size).isEqualTo(Status.COMPLETE);
      assertThat(record.measurement().usage()).isEqualTo(TokenUsage.of(7, 5));
    }
  }

  @ParameterizedTest
  @EnumSource(Coding.class)
  void encodedStreamThatIsDamagedFailsToBeMeasured(Coding coding) {
    byte[] body = coding.encode(STREAM);
    Arrays.fill(body, body.length / 2, body.length, (byte) 0xFF);
    DrivenExchange exchange = begun(coding);
    exchange.response(body, 0, body.length);
    exchange.end();
    assertThat(records.get(0).measurement().status()).isEqualTo(Status.FAILED);
    assertThat(records.get(0).measurement().reasons()).containsExactly(Reason.MALFORMED_ENCODING);
  }
}
