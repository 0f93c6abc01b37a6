// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.framing.Framing;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UsageScannerTest {
  private static final String CHAT =
      """
      {"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"qwen3","choices":[{"index":0,\
      "message":{"role":"assistant","content":"say \\"usage\\":{\\"prompt_tokens\\":9}"},"finish_reason":"stop"}],\
      "usage":{"prompt_tokens":12,"total_tokens":20,"completion_tokens":8,"prompt_tokens_details":{"cached_tokens":4}},\
      "kv_transfer_params":{"usage":{"prompt_tokens":999}}}
      """;

  private static final String STREAM =
      """
      data: {"id":"c","object":"chat.completion.chunk","model":"qwen3","choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}

      data: {"id":"c","object":"chat.completion.chunk","model":"qwen3","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

      data: {"id":"c","object":"chat.completion.chunk","model":"qwen3","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":8,"total_tokens":20}}

      data: [DONE]

      """;

  @Test
  void jsonBodyGivesUsageFromDepthOneOnly() {
    UsageScanner scanner = scan(Framing.JSON, CHAT);
    assertThat(summary(scanner)).isEqualTo("qwen3 12+8=20 cached=4 final");
  }

  @Test
  void streamGivesUsageOfTheLastChunk() {
    assertThat(summary(scan(Framing.SSE, STREAM))).isEqualTo("qwen3 12+8=20 cached=-1 final");
  }

  @Test
  void framingIsDetectedFromTheFirstByte() {
    assertThat(summary(scan(Framing.DETECT, "\uFEFF \n" + CHAT)))
        .isEqualTo("qwen3 12+8=20 cached=4 final");
    assertThat(summary(scan(Framing.DETECT, STREAM))).isEqualTo("qwen3 12+8=20 cached=-1 final");
  }

  @Test
  void anyPartitionGivesTheSameUsage() {
    for (String body : new String[] {CHAT, STREAM, STREAM.replace("\n", "\r\n")}) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      String whole = summary(scan(Framing.DETECT, body));
      for (long seed = 0; seed < 500; seed++) {
        Random random = new Random(seed);
        int largest = 1 + random.nextInt(64);
        UsageScanner scanner = new UsageScanner(Framing.DETECT);
        for (int from = 0; from < bytes.length; ) {
          int to = Math.min(bytes.length, from + random.nextInt(largest + 1));
          scanner.feed(bytes, from, to);
          from = to;
        }
        scanner.end();
        assertThat(summary(scanner)).as("seed %d", seed).isEqualTo(whole);
      }
    }
  }

  @Test
  void malformedDocumentStatesNothing() {
    String usage = "{\"usage\":{\"prompt_tokens\":12}";
    for (String end : new String[] {",}", "]", ",\"a\"}", "x}"}) {
      for (String body : new String[] {usage + end, "data: " + usage + end + "\n\n"}) {
        UsageScanner scanner = scan(Framing.DETECT, body);
        assertThat(scanner.malformedJsonSeen()).as(body).isTrue();
        assertThat(scanner.usageSeen()).as(body).isFalse();
      }
    }
    assertThat(scan(Framing.JSON, usage).usageSeen()).as("cut off, not malformed").isTrue();
  }

  @Test
  void bodyThatEndsWithinItsFirstFewBytesIsNotAWholeOne() {
    for (int length = 1; length < 3; length++) {
      UsageScanner mark = new UsageScanner(Framing.JSON);
      mark.feed(new byte[] {(byte) 0xEF, (byte) 0xBB}, 0, length);
      mark.end();
      assertThat(mark.malformedJsonSeen()).isTrue();
    }
    for (int length = 0; length < 12; length++) {
      UsageScanner frames = new UsageScanner(BodyFormat.CONVERSE, Framing.FRAMES);
      frames.feed(new byte[12], 0, length);
      frames.end();
      assertThat(frames.isTruncated()).as("%d bytes", length).isEqualTo(length > 0);
    }
  }

  @Test
  void costIsAnyPlausibleNumberThatIsNotNegative() {
    assertThat(cost("\"cost\":0")).isEqualByComparingTo("0");
    assertThat(cost("\"cost\":1e-40")).isEqualByComparingTo("1e-40");
    assertThat(cost("\"cost\":1e40")).isEqualByComparingTo("1e40");
    assertThat(cost("\"cost\":1e-41")).isNull();
    assertThat(cost("\"cost\":1e41")).isNull();
    assertThat(cost("\"cost\":-0.1")).isNull();
    assertThat(cost("\"cost_in_usd_ticks\":0")).isEqualByComparingTo("0");
    assertThat(cost("\"cost_in_usd_ticks\":1,\"cost\":7")).isEqualByComparingTo("1e-10");
  }

  private static @Nullable BigDecimal cost(String cost) {
    return scan(Framing.JSON, "{\"usage\":{\"prompt_tokens\":1," + cost + "}}").providerCost();
  }

  @Test
  void usageIsKeptAsItIsWritten() {
    String usage = "{ \"prompt_tokens\": 1,\n\"x\":[\"}\"] }";
    assertThat(scan(Framing.JSON, "{\"usage\":" + usage + "}").rawUsage()).isEqualTo(usage);
    assertThat(scan(Framing.JSON, "{}").rawUsage()).isNull();
  }

  static UsageScanner scan(Framing framing, String body) {
    UsageScanner scanner = new UsageScanner(framing);
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    scanner.feed(bytes, 0, bytes.length);
    scanner.end();
    return scanner;
  }

  static String summary(UsageScanner s) {
    return s.model()
        + " "
        + Bodies.prompt(s)
        + "+"
        + Bodies.completion(s)
        + "="
        + Bodies.total(s)
        + " cached="
        + Bodies.cacheRead(s)
        + (s.isFinal() ? " final" : "")
        + (s.malformedJsonSeen() ? " malformedJson" : "")
        + (s.malformedUsageSeen() ? " malformedUsage" : "")
        + (s.duplicateSeen() ? " duplicate" : "")
        + (s.isTruncated() ? " truncated" : "")
        + (s.isUnterminated() ? " unterminated" : "")
        + (s.errorSeen() ? " error" : "");
  }
}
