// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * BUFFERED_PARTIAL with bodies that are larger than Envoy's buffer: what is in the buffer is shown
 * in one message, and the rest passes by. So nothing may be held back until more comes.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PartialBodyIT {
  private static final String LISTENER = "partial";
  private static final int LARGE = 3 << 20;

  private Stack stack;

  @BeforeAll
  void start() throws Exception {
    stack =
        Stack.start(
            "partial",
            Requests.MAAS,
            Requests.backend(),
            envoy ->
                envoy
                    .listener(LISTENER)
                    .bodies("BUFFERED_PARTIAL", "BUFFERED_PARTIAL")
                    .extProc("allow_mode_override: false"));
  }

  @AfterAll
  void stop() {
    if (stack != null) {
      stack.close();
    }
  }

  @BeforeEach
  void mark() {
    stack.mark();
  }

  @AfterEach
  void nobodyMadeAMistake() {
    stack.assertNoMistakes();
  }

  /** As isEqualTo, but that a failure says where, and not megabytes. */
  private static void assertSameBytes(String actual, String expected) {
    int at = Arrays.mismatch(actual.toCharArray(), expected.toCharArray());
    assertThat(at < 0 ? "" : around(actual, at)).isEqualTo(at < 0 ? "" : around(expected, at));
  }

  private static String around(String text, int at) {
    return "at " + at + ": " + text.substring(at - 50, Math.min(at + 150, text.length()));
  }

  private static String withoutUsage(String events) {
    return events
        .replace(",\"usage\":null", "")
        .replaceAll("data: [^\\n]*\"usage\":\\{[^\\n]*\\n\\n", "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"stream\":true,\"messages\":[MESSAGE]",
        "\"messages\":[MESSAGE],\"stream\":true",
        "\"stream_options\":{\"include_usage\":false},\"messages\":[MESSAGE],\"stream\":true",
        "\"stream\":true,\"messages\":[MESSAGE],\"stream_options\":{\"include_usage\":false}",
      })
  void requestReachesTheBackendWhole(String members) throws Exception {
    String content = "What is 2+2?" + "A".repeat(LARGE);
    String body =
        "{\"model\":\"gpt-4\","
            + members.replace("MESSAGE", "{\"role\":\"user\",\"content\":\"" + content + "\"}")
            + "}";
    RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, body);
    stack.mark();

    RawHttp answer = RawHttp.post(stack.envoy.port(LISTENER), Requests.CHAT, body);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(withoutUsage(answer.body())).isEqualTo(withoutUsage(expected.body()));
    stack.awaitRequests(1);
    stack.assertTokensAsReported();
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 101, 1000, 4099})
  void responseReachesTheClientWhole(int split) throws Exception {
    String[] knobs = {"x-sim-tokens", "20000", "x-sim-split-bytes", Integer.toString(split)};
    for (String body : List.of(Requests.ASKED, Requests.STREAM)) {
      RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, body, knobs);
      stack.mark();

      RawHttp answer = RawHttp.post(stack.envoy.port(LISTENER), Requests.CHAT, body, knobs);

      assertThat(answer.cut()).isFalse();
      if (body.equals(Requests.ASKED)) {
        assertThat(answer.body()).isEqualTo(expected.body());
      } else {
        // The request is shown, and usage asked for; the usage is beyond what is shown.
        assertSameBytes(withoutUsage(answer.body()), expected.body());
      }
      stack.assertUnmetered("estimated", 1);
    }
  }

  @Test
  void smallBodiesAreMetered() throws Exception {
    RawHttp expected = RawHttp.post(stack.backend.port(), Requests.CHAT, Requests.STREAM);
    stack.mark();

    RawHttp answer = RawHttp.post(stack.envoy.port(LISTENER), Requests.CHAT, Requests.STREAM);

    assertThat(answer.body()).isEqualTo(expected.body());
    stack.assertMetered(1);
  }
}
