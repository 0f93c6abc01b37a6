// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.testkit.DrivenExchange;
import io.semanticrouter.maas.testkit.FakeHeaders;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Streams on paths whose format only the body tells, and what they are asked for. */
class DetectedUsageForcingTest {
  private static final String STREAM = "{\"stream\":true,\"messages\":[]}";

  private static String sent(String path, String body, String forceUsage) {
    Map<String, Object> route =
        Map.of(
            "operation", "detect", "backend", "vllm", "force_usage", Boolean.valueOf(forceUsage));
    Metering metering =
        Metering.builder(
                MaasConfig.from(
                    Map.of(
                        "maas_integration",
                        Map.of(
                            "enabled", true, "usage", Map.of("routes", Map.of("/llm/*", route))))))
            .build();
    DrivenExchange exchange =
        DrivenExchange.of(
            metering.begin("POST", path, FakeHeaders.of("content-type", "application/json")));
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    if (exchange.wantsRequest()) {
      exchange.request(bytes, 0, bytes.length, sent::write);
      exchange.endRequest(sent::write);
    } else {
      sent.writeBytes(bytes);
    }
    exchange.close();
    return sent.toString(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource({
    // README's example, in spellings of its path.
    "/llm/anything, true, true",
    "/llm/v1/chat/completions, true, true",
    "/LLM/%61nything/, true, true",
    "//llm/x;y?z, true, true",
    "/llm/anything, false, false",
    // Other APIs refuse what they do not know.
    "/llm/v1/messages, true, false",
    "/llm/v1/responses, true, false",
    "/llm/models/g:streamGenerateContent, true, false",
    "/llm/publishers/anthropic/models/c:streamRawPredict, true, false",
    "/llm/api/chat, true, false",
    // vLLM's own, without any route; and nothing where no list and no route names a path.
    "/invocations, true, true",
    "/v1/invocations, true, true",
    "/endpoints/e/invocations, true, true",
    "/endpoints/e/invocations-response-stream, true, false",
    "/brand/new, true, false",
    "/v1/models/m:predict, true, false",
  })
  void streamIsAskedWhereItsPathMayBeOneOfOpenai(String path, String forceUsage, boolean asked) {
    String sent = sent(path, STREAM, forceUsage);
    assertThat(sent.contains("\"include_usage\":true")).as(sent).isEqualTo(asked);
    assertThat(sent).startsWith(STREAM.substring(0, STREAM.length() - 1));
  }

  @ParameterizedTest
  @CsvSource({"/llm/anything", "/invocations"})
  void requestThatAsksForNoStreamIsLeftAsItIs(String path) {
    String body = "{\"messages\":[],\"stream\":false}";
    assertThat(sent(path, body, "true")).isEqualTo(body);
  }
}
