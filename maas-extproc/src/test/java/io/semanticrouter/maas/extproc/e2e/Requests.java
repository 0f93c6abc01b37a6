// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import io.semanticrouter.maas.testing.vllm.SimulatedVllm;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;

/** The requests that the tests of Envoy's configurations send, and who answers them. */
final class Requests {
  static final String CHAT = "/v1/chat/completions";
  static final String PLAIN = chat("\"stream\":false");
  static final String STREAM = chat("\"stream\":true");
  static final String ASKED = chat("\"stream\":true,\"stream_options\":{\"include_usage\":true}");

  /** {@link #STREAM} as the backend gets it where usage is asked for on the way. */
  static final String STREAM_EDITED =
      STREAM.substring(0, STREAM.length() - 1) + ",\"stream_options\":{\"include_usage\":true}}";

  static final String MAAS = "maas_integration:\n  enabled: true\n";

  private Requests() {}

  private static String chat(String member) {
    return "{\"model\":\"gpt-4\","
        + member
        + ",\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]}";
  }

  /** A backend that gives the same answer to the same request, byte for byte. */
  static SimulatedVllm.Builder backend() {
    return SimulatedVllm.builder()
        .model("qwen3")
        .clock(Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC))
        .ids(() -> "1");
  }
}
