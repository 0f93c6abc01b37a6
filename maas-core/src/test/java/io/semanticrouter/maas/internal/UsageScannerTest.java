// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.UsageScanner.Framing;
import java.nio.charset.StandardCharsets;
import java.util.Random;
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
  void json_body_gives_usage_from_depth_one_only() {
    UsageScanner scanner = scan(Framing.JSON, CHAT);
    assertThat(summary(scanner)).isEqualTo("qwen3 12+8=20 cached=4 final");
  }

  @Test
  void stream_gives_usage_of_the_last_chunk() {
    assertThat(summary(scan(Framing.SSE, STREAM))).isEqualTo("qwen3 12+8=20 cached=-1 final");
  }

  @Test
  void framing_is_detected_from_the_first_byte() {
    assertThat(summary(scan(Framing.DETECT, "\uFEFF \n" + CHAT)))
        .isEqualTo("qwen3 12+8=20 cached=4 final");
    assertThat(summary(scan(Framing.DETECT, STREAM))).isEqualTo("qwen3 12+8=20 cached=-1 final");
  }

  @Test
  void any_partition_gives_the_same_usage() {
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
