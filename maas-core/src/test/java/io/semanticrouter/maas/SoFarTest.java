// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Transcripts.Transcript;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Asking what an exchange has come to so far changes nothing of what it comes to. */
class SoFarTest {
  private static final long SEED = Long.getLong("maas.seed", 1);

  static Stream<Transcript> transcripts() {
    return Transcripts.all().stream();
  }

  @ParameterizedTest
  @MethodSource("transcripts")
  void askingAfterEachPieceGivesTheSameRecord(Transcript transcript) {
    byte[] body = transcript.body();
    for (int length : List.of(body.length, body.length / 2, body.length * 9 / 10)) {
      for (AbortReason abort : new @Nullable AbortReason[] {null, AbortReason.CANCELLED}) {
        assertSame(transcript.wire(), body, length, abort, 7);
      }
    }
  }

  @Test
  void askingAfterEachPieceOfEventsInAnyOrderGivesTheSameRecord() {
    Random random = new Random(SEED);
    List<String> events = new ArrayList<>();
    for (String usage :
        List.of(
            "{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13}",
            "{\"prompt_tokens\":7,\"completion_tokens\":2}",
            "{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}",
            "{\"total_tokens\":50}")) {
      events.add("{\"choices\":[],\"usage\":" + usage + "}");
      for (int choice = 0; choice < 3; choice++) {
        String head = "{\"choices\":[{\"index\":" + choice + ",\"delta\":{\"content\":\"a\"}";
        events.add(head + "}],\"usage\":" + usage + "}");
        events.add(head + ",\"usage\":" + usage + "}]}");
      }
    }
    List<String> messages = new ArrayList<>();
    for (String usage :
        List.of(
            "{\"input_tokens\":5,\"output_tokens\":1}",
            "{\"output_tokens\":9}",
            "{\"input_tokens\":6,\"output_tokens\":8,\"iterations\":["
                + "{\"type\":\"message\",\"input_tokens\":30,\"output_tokens\":3},"
                + "{\"type\":\"advisor_message\",\"model\":\"x\",\"input_tokens\":1,"
                + "\"output_tokens\":2}]}",
            "{\"input_tokens\":0,\"output_tokens\":0}")) {
      messages.add("{\"type\":\"message_start\",\"message\":{\"usage\":" + usage + "}}");
      messages.add("{\"type\":\"message_delta\",\"delta\":{},\"usage\":" + usage + "}");
      messages.add(
          "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":"
              + usage
              + "}");
    }
    for (int round = 0; round < 3000; round++) {
      boolean chat = round % 2 == 0;
      List<String> some = chat ? events : messages;
      StringBuilder body = new StringBuilder();
      for (int i = random.nextInt(6); i >= 0; i--) {
        body.append("data: ").append(some.get(random.nextInt(some.size()))).append("\n\n");
      }
      if (random.nextBoolean()) {
        body.append("data: [DONE]\n\n");
      }
      byte[] bytes = Wire.utf8(body.toString());
      Wire wire = Wire.events(chat ? Wire.CHAT : Wire.MESSAGES);
      int length = random.nextBoolean() ? bytes.length : random.nextInt(bytes.length + 1);
      assertSame(wire, bytes, length, random.nextBoolean() ? null : AbortReason.CANCELLED, 40);
    }
  }

  private static void assertSame(
      Wire wire, byte[] body, int length, @Nullable AbortReason abort, int piece) {
    String never = record(wire, body, length, abort, piece, false);
    String always = record(wire, body, length, abort, piece, true);
    assertThat(always).as("seed %d: %s", SEED, new String(body, 0, length, UTF_8)).isEqualTo(never);
  }

  private static String record(
      Wire wire, byte[] body, int length, @Nullable AbortReason abort, int piece, boolean asks) {
    DrivenExchange exchange = wire.begin();
    for (int from = 0; from < length; from += piece) {
      exchange.response(body, from, Math.min(piece, length - from));
      if (asks) {
        exchange.soFar();
        exchange.soFar().usage();
        exchange.soFar().cost();
        exchange.soFar().model();
        exchange.hasFinalUsage();
      }
    }
    if (abort == null) {
      exchange.end();
    } else {
      exchange.abort(abort);
    }
    return Wire.facts(Objects.requireNonNull(exchange.record()));
  }
}
