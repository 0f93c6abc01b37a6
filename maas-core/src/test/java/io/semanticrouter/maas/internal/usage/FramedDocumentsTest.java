// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static io.semanticrouter.maas.internal.framing.EventStreamFramingTest.event;
import static io.semanticrouter.maas.internal.framing.EventStreamFramingTest.message;
import static io.semanticrouter.maas.internal.usage.Bodies.concat;
import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.framing.Framing;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class FramedDocumentsTest {
  private static final String USAGE =
      "{\"usage\":{\"inputTokens\":12,\"outputTokens\":8,\"cacheReadInputTokens\":5}}";

  private static final String MESSAGE =
      "{\"type\":\"message\",\"usage\":{\"input_tokens\":12,\"output_tokens\":8,"
          + "\"cache_read_input_tokens\":5}}";

  /** A frame with this payload. */
  private static byte[] frame(String type, String payload) {
    return message(event(type), utf8(payload));
  }

  private static byte[] failure(String messageType, String eventType, String payload) {
    Map<String, Object> headers = new LinkedHashMap<>(event(eventType));
    headers.put(":message-type", messageType);
    return message(headers, utf8(payload));
  }

  private static byte[] chunk(String document) {
    String base64 = Base64.getEncoder().encodeToString(utf8(document));
    return frame("chunk", "{\"bytes\":\"" + base64 + "\",\"p\":\"abc\"}");
  }

  private static UsageScanner read(BodyFormat format, byte[]... frames) {
    byte[] body = concat(frames);
    UsageScanner whole = new UsageScanner(format, Framing.FRAMES);
    whole.feed(body, 0, body.length);
    whole.end();
    UsageScanner cut = new UsageScanner(format, Framing.FRAMES);
    Cuts.every(1, body, cut::feed);
    cut.end();
    assertThat(Bodies.facts(cut)).isEqualTo(Bodies.facts(whole));
    assertThat(cut.deltas()).isEqualTo(whole.deltas());
    return whole;
  }

  private static long prompt(UsageScanner scanner) {
    return Objects.requireNonNull(scanner.usage(false)).tokens.prompt();
  }

  @Test
  void typeOfAMetadataFrameSaysThatItsCountsAreThoseOfConverse() {
    UsageScanner scanner = read(BodyFormat.INVOKE, frame("metadata", USAGE));
    assertThat(prompt(scanner)).isEqualTo(17);
    assertThat(scanner.isFinal()).isTrue();
  }

  @Test
  void documentInBase64SaysItselfWhatItsCountsAre() {
    UsageScanner scanner = read(BodyFormat.INVOKE, chunk(MESSAGE));
    assertThat(prompt(scanner)).isEqualTo(17);
    assertThat(scanner.malformedJsonSeen()).isFalse();
    assertThat(scanner.errorSeen()).isFalse();
    assertThat(scanner.deltas()).isZero();
  }

  @Test
  void framesOfOtherTypesAreNotRead() {
    String payload = "{\"model\":\"m\"," + USAGE.substring(1);
    for (String type : List.of("messageStart", "messageStop", "contentBlockDelta", "chunks")) {
      UsageScanner scanner = read(BodyFormat.CONVERSE, frame(type, payload));
      assertThat(scanner.model()).as(type).isNull();
      assertThat(scanner.usageSeen()).as(type).isFalse();
    }
    UsageScanner metadata = read(BodyFormat.CONVERSE, frame("metadata", payload));
    assertThat(metadata.model()).isEqualTo("m");
    assertThat(metadata.usageSeen()).isTrue();
  }

  @Test
  void exceptionOfAnyKindIsAnErrorAndSaysNothingElse() {
    String payload = "{\"model\":\"m\"," + USAGE.substring(1);
    for (String messageType : List.of("exception", "error")) {
      for (String eventType : List.of("metadata", "chunk", "contentBlockDelta", "other")) {
        byte[] failure = failure(messageType, eventType, payload);
        UsageScanner scanner = read(BodyFormat.CONVERSE, failure);
        assertThat(scanner.errorSeen()).isTrue();
        assertThat(scanner.usageSeen()).isFalse();
        assertThat(scanner.model()).isNull();
        assertThat(scanner.deltas()).isZero();
        assertThat(scanner.malformedJsonSeen()).isFalse();
        UsageScanner behind = read(BodyFormat.CONVERSE, frame("metadata", USAGE), failure);
        assertThat(behind.errorSeen()).isTrue();
        assertThat(prompt(behind)).isEqualTo(17);
      }
    }
    assertThat(read(BodyFormat.CONVERSE, frame("metadata", USAGE)).errorSeen()).isFalse();
  }

  @Test
  void piecesOfAnAnswerAreCountedByTheTypeOfTheirFrames() {
    byte[] delta = frame("contentBlockDelta", "{\"delta\":{\"text\":\"a\"}}");
    byte[] start = frame("messageStart", "{\"role\":\"assistant\"}");
    byte[] stop = frame("messageStop", "{\"stopReason\":\"end_turn\"}");
    UsageScanner scanner =
        read(BodyFormat.CONVERSE, start, delta, delta, delta, stop, frame("metadata", USAGE));
    assertThat(scanner.deltas()).isEqualTo(3);
    assertThat(prompt(scanner)).isEqualTo(17);
  }

  @Test
  void bodyThatEndsWithinAFrameIsCut() {
    byte[] first = frame("metadata", USAGE);
    byte[] body = concat(first, chunk(MESSAGE));
    for (int length = 0; length <= body.length; length++) {
      UsageScanner scanner = new UsageScanner(BodyFormat.INVOKE, Framing.FRAMES);
      scanner.feed(body, 0, length);
      scanner.end();
      // What is cut off after the final usage takes nothing from it.
      boolean cut = length > 0 && length < first.length;
      assertThat(scanner.isTruncated()).as("%d bytes", length).isEqualTo(cut);
      assertThat(scanner.usageSeen()).as("%d bytes", length).isEqualTo(length >= first.length);
    }
  }

  @Test
  void payloadThatIsNotWhatItsFrameSaysIsMalformedWhateverFollows() {
    for (String payload :
        List.of(
            "{\"bytes\":\"!!!!\"}",
            "{\"bytes\":\"e\"}",
            "{\"bytes\":\"e30=\"",
            "{\"bytes\":\"e30=",
            "{",
            "")) {
      byte[] broken = frame("chunk", payload);
      assertThat(read(BodyFormat.INVOKE, broken).malformedJsonSeen()).as(payload).isTrue();
      UsageScanner between =
          read(BodyFormat.INVOKE, chunk("{}"), broken, chunk("{}"), chunk(MESSAGE));
      assertThat(between.malformedJsonSeen()).as(payload).isTrue();
      assertThat(prompt(between)).as(payload).isEqualTo(17);
    }
    assertThat(read(BodyFormat.INVOKE, frame("chunk", "{}")).malformedJsonSeen()).isFalse();
    assertThat(read(BodyFormat.INVOKE, chunk("")).malformedJsonSeen()).isFalse();
  }

  @Test
  void documentThatStopsEarlyDoesNotGoOnInTheNextFrame() {
    String half = USAGE.substring(0, USAGE.indexOf(":8"));
    UsageScanner converse =
        read(BodyFormat.CONVERSE, frame("metadata", half), frame("metadata", USAGE));
    assertThat(prompt(converse)).isEqualTo(17);
    assertThat(converse.malformedJsonSeen()).isTrue();
    String start = MESSAGE.substring(0, MESSAGE.indexOf(":8"));
    UsageScanner invoke = read(BodyFormat.INVOKE, chunk(start), chunk(MESSAGE));
    assertThat(prompt(invoke)).isEqualTo(17);
    assertThat(invoke.malformedJsonSeen()).isTrue();
    assertThat(read(BodyFormat.INVOKE, chunk(start), chunk(":8}}")).usageSeen()).isFalse();
  }

  @Test
  void wrongChecksumTakesBackWhatThePayloadSaid() {
    byte[] body = frame("metadata", USAGE);
    body[body.length - 1] ^= 1;
    UsageScanner scanner = read(BodyFormat.CONVERSE, body, frame("metadata", USAGE));
    assertThat(scanner.isCorrupt()).isTrue();
    assertThat(scanner.usageSeen()).isFalse();
    assertThat(read(BodyFormat.CONVERSE, frame("metadata", USAGE)).isCorrupt()).isFalse();
  }
}
