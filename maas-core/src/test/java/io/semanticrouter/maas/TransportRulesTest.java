// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Tokens.tokens;
import static io.semanticrouter.maas.Transcripts.complete;
import static io.semanticrouter.maas.Transcripts.failed;
import static io.semanticrouter.maas.Transcripts.none;
import static io.semanticrouter.maas.Transcripts.partial;
import static io.semanticrouter.maas.Wire.concat;
import static io.semanticrouter.maas.Wire.gzip;
import static io.semanticrouter.maas.Wire.utf8;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.IntSupplier;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/** How bytes become documents: rules R1 to R7. */
class TransportRulesTest {
  private static final long SEED = Long.getLong("transport.seed", 1);
  private static final Wire JSON = Wire.json(Wire.CHAT);
  private static final Wire EVENTS = Wire.events(Wire.CHAT);
  private static final Wire FRAMES = Wire.frames(Wire.CONVERSE_STREAM);
  private static final String USAGE =
      "{\"prompt_tokens\":12,\"completion_tokens\":8,\"total_tokens\":20}";
  private static final String DOCUMENT = "{\"choices\":[],\"usage\":" + USAGE + "}";
  private static final String FINAL = "data: " + DOCUMENT + "\n\n";
  private static final String TEXT =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n";
  private static final String RUNNING =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}],\"usage\":"
          + USAGE
          + "}\n\n";
  private static final String DONE = "data: [DONE]\n\n";
  private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final Measurement TRUTH = complete(tokens(12, 8).total(20));

  // --- R1: split-invariance ------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r01EmptyPiecesBetweenAllBytesChangeNothing(Format format) {
    int[] next = {0};
    IntSupplier everyOtherEmpty = () -> next[0]++ % 2;
    byte[] answer = format.answer("a", "🌍");
    Measurement m =
        format.stream().record(answer, answer.length, everyOtherEmpty, null).measurement();
    assertThat(m.usage()).isEqualTo(format.usage());
    assertThat(m.status()).isEqualTo(Status.COMPLETE);
  }

  @ParameterizedTest
  @EnumSource
  void r01EveryCutInTwoGivesTheSameRecord(Format format) {
    byte[] answer = format.answer("\\u00e9\\\\ ü \\\"", "[DONE]");
    UsageRecord whole = format.stream().record(answer, answer.length, Wire.WHOLE, null);
    assertThat(whole.measurement().usage()).isEqualTo(format.usage());
    for (int cut = 0; cut <= answer.length; cut++) {
      int first = cut;
      int[] piece = {0};
      IntSupplier halves = () -> piece[0]++ == 0 ? first : Integer.MAX_VALUE;
      assertThat(Wire.facts(format.stream().record(answer, answer.length, halves, null)))
          .as("cut at %d", cut)
          .isEqualTo(Wire.facts(whole));
    }
  }

  // --- R2: bytes, not characters -------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r02BytesThatAreNoTextInsideStringsStopNothing(Format format) {
    byte[][] strange = {
      {0},
      {(byte) 0xFF, (byte) 0xFE},
      {(byte) 0xC3},
      {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
      {(byte) 0xF0, (byte) 0x9F, (byte) 0x8C}
    };
    byte[] document = utf8(format.document("@@", "{\"@@\":\"@@\"}"));
    for (byte[] bytes : strange) {
      byte[] body = replaced(document, bytes);
      Measurement m = format.json().record(body, body.length, Wire.BYTES, null).measurement();
      assertThat(m.usage()).as(Arrays.toString(bytes)).isEqualTo(format.usage());
      assertThat(m.status()).as(Arrays.toString(bytes)).isEqualTo(Status.COMPLETE);
    }
    Measurement lone = format.json().measure(format.document("\\ud83c \\udf0d\\ud83c", "{}"));
    assertThat(lone.usage()).isEqualTo(format.usage());
  }

  private static byte[] replaced(byte[] document, byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < document.length; i++) {
      if (document[i] == '@') {
        out.writeBytes(bytes);
        i++;
      } else {
        out.write(document[i]);
      }
    }
    return out.toByteArray();
  }

  // --- R3: server-sent events ----------------------------------------------------------------

  @Test
  void r03LineFeedsCarriageReturnsBothAndMixedEndLines() {
    String stream = ": c\nevent: message\nid: 1\n" + TEXT + FINAL + DONE;
    assertThat(EVENTS.measure(stream.replace("\n", "\r\n"))).isEqualTo(TRUTH);
    assertThat(EVENTS.measure(stream.replace('\n', '\r'))).isEqualTo(TRUTH);
    assertThat(EVENTS.measure(stream.replace("\n\n", "\r\n\n"))).isEqualTo(TRUTH);
    assertThat(EVENTS.measure(stream.replace("\n\n", "\n\r"))).isEqualTo(TRUTH);
    assertThat(EVENTS.measure(stream.replace("\n\n", "\r\r\n"))).isEqualTo(TRUTH);
    Random random = new Random(SEED);
    for (int i = 0; i < 200; i++) {
      StringBuilder mixed = new StringBuilder();
      for (int at = 0; at < stream.length(); at++) {
        char c = stream.charAt(at);
        // CR LF is one line end, so a lone CR must not come before a lone LF.
        mixed.append(c != '\n' ? "" + c : mixed.toString().endsWith("\r") ? "\r" : lineEnd(random));
      }
      assertThat(EVENTS.measure(mixed.toString())).as("seed %d, %d", SEED, i).isEqualTo(TRUTH);
    }
  }

  private static String lineEnd(Random random) {
    return List.of("\n", "\r\n", "\r").get(random.nextInt(3));
  }

  @Test
  void r03CrlfSplitAcrossPiecesIsOneLineEnd() {
    byte[] body = utf8((TEXT + FINAL + DONE).replace("\n", "\r\n"));
    for (int cut = 1; cut < body.length; cut++) {
      if (body[cut] == '\n') {
        int first = cut;
        int[] piece = {0};
        IntSupplier halves = () -> piece[0]++ == 0 ? first : Integer.MAX_VALUE;
        assertThat(EVENTS.record(body, body.length, halves, null).measurement())
            .as("cut at %d", cut)
            .isEqualTo(TRUTH);
      }
    }
  }

  @Test
  void r03ByteOrderMarkIsTakenOffOnceAndOnlyWhole() {
    for (IntSupplier chunks : List.of(Wire.WHOLE, Wire.BYTES)) {
      for (Wire wire : List.of(EVENTS, EVENTS.without("content-type"))) {
        assertThat(measure(wire, chunks, BOM, utf8(FINAL))).isEqualTo(TRUTH);
        assertThat(measure(wire, chunks, BOM, utf8(TEXT + FINAL))).isEqualTo(TRUTH);
      }
      assertThat(measure(EVENTS, chunks, BOM, BOM, utf8(FINAL))).isEqualTo(none(Reason.NO_USAGE));
      assertThat(measure(JSON, chunks, BOM, utf8(DOCUMENT))).isEqualTo(TRUTH);
      for (int part = 1; part < 3; part++) {
        byte[] partial = Arrays.copyOf(BOM, part);
        assertThat(measure(EVENTS, chunks, partial, utf8(FINAL))).isEqualTo(none(Reason.NO_USAGE));
        assertThat(measure(JSON, chunks, partial, utf8(DOCUMENT)))
            .isEqualTo(failed(Reason.MALFORMED_JSON));
      }
    }
  }

  private static Measurement measure(Wire wire, IntSupplier chunks, byte[]... parts) {
    byte[] body = concat(parts);
    return wire.record(body, body.length, chunks, null).measurement();
  }

  @Test
  void r03OneSpaceBehindTheColonBelongsToTheField() {
    assertThat(EVENTS.measure("data:" + DOCUMENT + "\n\n")).isEqualTo(TRUTH);
    assertThat(EVENTS.measure("data: " + DOCUMENT + "\n\n")).isEqualTo(TRUTH);
    assertThat(EVENTS.measure("data:  \t" + DOCUMENT + " \n\n")).isEqualTo(TRUTH);
    // Inside a text, the second space counts: this key is not "usage".
    String split = "data: {\"usa\ndata:%sge\":" + USAGE + "}\n\n";
    assertThat(EVENTS.measure(split.replace("%s", "")).usage()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        " data: ",
        "\tdata: ",
        ":data: ",
        "dat: ",
        "datas: ",
        "Data: ",
        "DATA: ",
        "data : ",
        "event: ",
        "id: ",
        "x"
      })
  void r03LineOfAnotherFieldIsNoData(String field) {
    assertThat(EVENTS.measure(field + DOCUMENT + "\n\n")).isEqualTo(none(Reason.NO_USAGE));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ":\n",
        ": c\n",
        "event: x\n",
        "id\n",
        "id: 1\n",
        "retry: 7\n",
        "foo\n",
        "foo: {}\n"
      })
  void r03OtherLinesNeitherEndNorChangeAnEvent(String line) {
    assertThat(EVENTS.measure(line + FINAL)).isEqualTo(TRUTH);
    assertThat(EVENTS.measure(line + "\n" + FINAL)).isEqualTo(TRUTH);
    assertThat(EVENTS.measure("data: " + DOCUMENT + "\n" + line + "\n")).isEqualTo(TRUTH);
    String inside = "data: {\"choices\":[],\n" + line + "data: \"usage\":" + USAGE + "}\n\n";
    assertThat(EVENTS.measure(inside)).isEqualTo(TRUTH);
  }

  @Test
  void r03EventNameIsOnlyAHint() {
    for (String name : List.of("message", "error", "ping", "done", "message_start")) {
      assertThat(EVENTS.measure("event: " + name + "\n" + FINAL)).as(name).isEqualTo(TRUTH);
    }
    byte[] unnamed = Format.MESSAGES.answer("a");
    assertThat(Format.MESSAGES.stream().measure(unnamed)).isEqualTo(complete(tokens(12, 8)));
  }

  @Test
  void r03DataOnSeveralLinesIsJoinedByLineFeeds() {
    String event =
        "data: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":12,\ndata:\ndata\n: c\ndata:\"completion_tokens\":8,\"total_tokens\":20\ndata: }}\n\n";
    assertThat(EVENTS.measure(event)).isEqualTo(TRUTH);
    assertThat(EVENTS.measure(event.replace("\n", "\r\n"))).isEqualTo(TRUTH);
    // A line feed in the middle of a number ends it.
    Measurement broken = EVENTS.measure(event.replace(":12", ":1\ndata: 2"));
    assertThat(broken.status()).isNotEqualTo(Status.COMPLETE);
  }

  @Test
  void r03EventWithoutDataIsNothing() {
    assertThat(EVENTS.measure("\n\n\ndata\n\ndata:\n\ndata: \n\nevent: x\n\n" + FINAL))
        .isEqualTo(TRUTH);
    assertThat(EVENTS.measure("data\n\ndata:\n\nevent: x\n\n")).isEqualTo(none(Reason.NO_USAGE));
  }

  // --- R4: no blank line at the end ----------------------------------------------------------

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"CONVERSE", "INVOKE"})
  void r04LastEventWithoutABlankLineIsReadAndFlagged(Format format) {
    String answer = new String(format.answer("a"), UTF_8);
    for (String end : List.of("", "\n", "\r\n", "\r")) {
      Measurement m = format.stream().measure(answer.strip() + end);
      assertThat(m)
          .as(format + end)
          .isEqualTo(
              Measurement.of(
                  Status.COMPLETE, java.util.Set.of(Reason.UNTERMINATED_FINAL), format.usage()));
    }
  }

  @Test
  void r04CountsOfAUsageThatWasNotClosedAreNotUsed() {
    assertThat(
            EVENTS.measure(
                "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8"))
        .isEqualTo(none(Reason.TRUNCATED));
    assertThat(
            EVENTS
                .measure(
                    RUNNING
                        + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":9")
                .usage())
        .isEqualTo(TRUTH.usage());
    assertThat(EVENTS.measure("data: {\"choices\":[],\"usage\":" + USAGE))
        .isEqualTo(partial(tokens(12, 8).total(20), Reason.TRUNCATED, Reason.UNTERMINATED_FINAL));
  }

  // --- R5: the end marker --------------------------------------------------------------------

  @Test
  void r05DoneIsTerminalOnlyAsTheWholeData() {
    Measurement running = partial(tokens(12, 8).total(20), Reason.NO_TERMINATOR);
    for (String marker :
        List.of(
            "data: [DONE] really",
            "data: x [DONE]",
            "data: [DONE",
            "data: [DONE]]",
            "data: [done]",
            "data: \"[DONE]\"",
            "event: [DONE]",
            ": [DONE]",
            "data: [DO\ndata: NE]",
            "data: x\ndata: [DONE]",
            "[DONE]",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"data: [DONE]\"}}]}")) {
      Measurement m = EVENTS.measure(RUNNING + marker + "\n\n");
      assertThat(m.usage()).as(marker).isEqualTo(running.usage());
      assertThat(m.status()).as(marker).isEqualTo(Status.PARTIAL);
      assertThat(m.has(Reason.NO_TERMINATOR)).as(marker).isTrue();
    }
    for (String marker : List.of("data: [DONE]", "data:[DONE]", "data:   [DONE] \t")) {
      assertThat(EVENTS.measure(RUNNING + marker + "\n\n")).as(marker).isEqualTo(TRUTH);
    }
  }

  @Test
  void r05BytesBehindDoneAreReadAndTakeNothingBack() {
    assertThat(EVENTS.measure(TEXT + DONE + FINAL)).isEqualTo(TRUTH);
    assertThat(EVENTS.measure(FINAL + DONE + TEXT + DONE + ": c\n\n")).isEqualTo(TRUTH);
    byte[] anthropic = concat(Format.MESSAGES.answer("a"), utf8(DONE + DONE));
    assertThat(Format.MESSAGES.stream().measure(anthropic)).isEqualTo(complete(tokens(12, 8)));
  }

  // --- R6: other framings --------------------------------------------------------------------

  @Test
  void r06DocumentsOneAfterTheOtherAreAllRead() {
    String first =
        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":null}],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":1}}";
    for (String between : List.of("", "\n", "\r\n", " \n\n ")) {
      String body = first + between + DOCUMENT + between;
      assertThat(JSON.measure(body)).isEqualTo(TRUTH);
      assertThat(JSON.with("content-type", "application/x-ndjson").measure(body)).isEqualTo(TRUTH);
      assertThat(JSON.without("content-type").measure(body)).isEqualTo(TRUTH);
    }
  }

  @Test
  void r06RootArrayIsReadElementByElement() {
    String running =
        "{\"candidates\":[{}],\"usageMetadata\":{\"promptTokenCount\":12,\"candidatesTokenCount\":1,\"totalTokenCount\":13}}";
    String last =
        "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":12,\"candidatesTokenCount\":8,\"totalTokenCount\":20}}";
    Wire gemini = Wire.json(Wire.GEMINI_STREAM);
    assertThat(gemini.measure("[" + running + "," + last + "]")).isEqualTo(TRUTH);
    assertThat(gemini.measure(" [ " + running + "\n,\r\n" + last + " ] \n")).isEqualTo(TRUTH);
    DrivenExchange exchange = gemini.begin();
    byte[] beginning = utf8("[" + running);
    exchange.response(beginning, 0, beginning.length);
    assertThat(Objects.requireNonNull(exchange.soFar().usage()).completion()).isEqualTo(1);
    assertThat(exchange.hasFinalUsage()).isFalse();
    // Broken off between two elements: as far as it came.
    assertThat(gemini.measure("[" + running + ",").status()).isEqualTo(Status.PARTIAL);
    assertThat(gemini.measure("[]")).isEqualTo(none(Reason.NO_USAGE));
  }

  @Test
  void r06ArrayThatBreaksOffBehindItsFinalElementIsComplete() {
    // As an event stream is: the client had all it wanted and hung up before the bracket.
    String last =
        "[{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":12,\"candidatesTokenCount\":8,\"totalTokenCount\":20}}";
    for (String rest : List.of("", "\n", ",", "\n]")) {
      assertThat(Wire.json(Wire.GEMINI_STREAM).cancelled(last + rest)).as(rest).isEqualTo(TRUTH);
    }
  }

  @Test
  void r06ArrayThatIsClosedIsFinalWithoutAFinishReason() {
    String only =
        "[{\"candidates\":[{}],\"usageMetadata\":{\"promptTokenCount\":12,\"candidatesTokenCount\":8,\"totalTokenCount\":20}}%s";
    Wire gemini = Wire.json(Wire.GEMINI_STREAM);
    assertThat(gemini.measure(only.replace("%s", "]"))).isEqualTo(TRUTH);
    assertThat(gemini.cancelled(only.replace("%s", "]"))).isEqualTo(TRUTH);
    assertThat(gemini.cancelled(only.replace("%s", "")).status()).isEqualTo(Status.PARTIAL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data: {}\n\n",
        "event: x\ndata: {}\n\n",
        ": c\n\n",
        "id: 1\n\n",
        "retry: 1\n\n",
        "\n\n",
        "\r\n"
      })
  void r06StreamWithoutAContentTypeIsToldByItsFirstByte(String beginning) {
    assertThat(EVENTS.without("content-type").measure(beginning + FINAL)).isEqualTo(TRUTH);
  }

  @Test
  void r06ContentTypeIsToldInAnyCaseAndWithParameters() {
    for (String type :
        List.of(
            "Application/Vnd.Amazon.EventStream", " application/vnd.amazon.eventstream ; x=y")) {
      assertThat(FRAMES.with("content-type", type).measure(Format.CONVERSE.answer("a")))
          .as(type)
          .isEqualTo(TRUTH);
    }
    assertThat(EVENTS.with("content-type", "TEXT/Event-Stream;charset=UTF-8").measure(FINAL))
        .isEqualTo(TRUTH);
    assertThat(JSON.with("content-type", "application/JSON;charset=UTF-8").measure(DOCUMENT))
        .isEqualTo(TRUTH);
  }

  @Test
  void r06AnyFlippedBitOfAnEventStreamIsAFailureNotAGuess() {
    byte[] body = Format.CONVERSE.answer("a");
    assertThat(FRAMES.measure(body)).isEqualTo(TRUTH);
    for (int i = 0; i < body.length; i++) {
      byte[] flipped = body.clone();
      flipped[i] ^= (byte) (1 << (i % 8));
      assertThat(
              FRAMES
                  .record(flipped, body.length, i % 2 == 0 ? Wire.WHOLE : Wire.BYTES, null)
                  .measurement())
          .as("bit %d of byte %d", i % 8, i)
          .isEqualTo(failed(Reason.CORRUPT_FRAME));
    }
  }

  @Test
  void r06ImpossibleLengthsOfAFrameAreAFailureEvenWithTheRightChecksum() {
    int[][] lengths = {
      {0, 0}, {15, 0}, {16, 1}, {100, 85}, {100, -1}, {-1, 0}, {(16 << 20) + 1, 0}, {1 << 30, 0}
    };
    for (int[] length : lengths) {
      ByteBuffer prelude = ByteBuffer.allocate(200).putInt(length[0]).putInt(length[1]);
      prelude.putInt(EventFrames.checksum(prelude.array(), 8));
      assertThat(FRAMES.measure(concat(Format.CONVERSE.answer("a"), prelude.array())))
          .as(Arrays.toString(length))
          .isEqualTo(failed(Reason.CORRUPT_FRAME));
    }
  }

  @Test
  void r06FrameOfFifteenMebibytesIsPassedOver() {
    byte[] big = utf8("{\"delta\":{\"text\":\"" + "x".repeat(15 << 20) + "\"}}");
    byte[] body = concat(EventFrames.event("contentBlockDelta", big), Format.CONVERSE.answer("a"));
    assertThat(FRAMES.measure(body)).isEqualTo(TRUTH);
  }

  @Test
  void r06HeadersOfEveryTypeAndOfTheLargestSizeArePassedOver() {
    byte[] headers =
        concat(
            header("yes", 0),
            header("no", 1),
            header("byte", 2, 1),
            header("short", 3, 1, 2),
            header("int", 4, 1, 2, 3, 4),
            header("long", 5, 1, 2, 3, 4, 5, 6, 7, 8),
            header("bytes", 6, 0, 3, 7, 7, 7),
            header("time", 8, 1, 2, 3, 4, 5, 6, 7, 8),
            header("uuid", 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
            EventFrames.headers("n".repeat(255), "v".repeat(65535)),
            EventFrames.headers(":event-type", "metadata", ":message-type", "event"));
    byte[] metadata =
        utf8("{\"usage\":{\"inputTokens\":12,\"outputTokens\":8,\"totalTokens\":20}}");
    byte[] body = EventFrames.frame(headers, metadata);
    assertThat(FRAMES.measure(body)).isEqualTo(TRUTH);
    assertThat(FRAMES.record(body, body.length, Wire.BYTES, null).measurement()).isEqualTo(TRUTH);
  }

  private static byte[] header(String name, int type, int... value) {
    byte[] bytes = new byte[value.length];
    for (int i = 0; i < value.length; i++) {
      bytes[i] = (byte) value[i];
    }
    return concat(new byte[] {(byte) name.length()}, utf8(name), new byte[] {(byte) type}, bytes);
  }

  @Test
  void r06FrameWithoutPayloadOrWithoutHeadersIsPassedOver() {
    byte[] initial =
        EventFrames.frame(
            EventFrames.headers(":message-type", "event", ":event-type", "initial-response"),
            new byte[0]);
    byte[] bare = EventFrames.frame(new byte[0], new byte[0]);
    assertThat(FRAMES.measure(concat(initial, bare, Format.CONVERSE.answer("a")))).isEqualTo(TRUTH);
  }

  @Test
  void r06ErrorFrameIsAnErrorInTheStream() {
    byte[] error =
        EventFrames.frame(
            EventFrames.headers(
                ":message-type", "error", ":error-code", "InternalFailure", ":error-message", "no"),
            new byte[0]);
    assertThat(FRAMES.measure(concat(Format.CONVERSE.delta("a"), error)))
        .isEqualTo(none(Reason.IN_BAND_ERROR));
    assertThat(FRAMES.measure(concat(Format.CONVERSE.answer("a"), error)))
        .isEqualTo(partial(tokens(12, 8).total(20), Reason.IN_BAND_ERROR));
  }

  // --- R7: encodings -------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r07GzipIsInflatedInAnyPartition(Format format) {
    byte[] body = gzip(format.answer("a", "b"));
    Wire wire = format.stream().with("content-encoding", "gzip");
    for (int i = 0; i < 100; i++) {
      Measurement m = wire.record(body, body.length, Wire.random(SEED + i), null).measurement();
      assertThat(m.usage()).as("seed %d: %s", SEED + i, m).isEqualTo(format.usage());
      assertThat(m.status()).as("seed %d", SEED + i).isEqualTo(Status.COMPLETE);
    }
    Measurement spelled = format.stream().with("content-encoding", " GZip ").measure(body);
    assertThat(spelled.usage()).isEqualTo(format.usage());
  }

  @Test
  void r07EventThatWasFlushedIsSeenBeforeTheEnd() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out, 512, true)) {
      gzip.write(utf8(TEXT + FINAL));
      gzip.flush();
      byte[] flushed = out.toByteArray();
      DrivenExchange exchange = EVENTS.with("content-encoding", "gzip").begin();
      exchange.response(flushed, 0, flushed.length);
      assertThat(exchange.hasFinalUsage()).isTrue();
      exchange.abort(AbortReason.CANCELLED);
      assertThat(Objects.requireNonNull(exchange.record()).measurement()).isEqualTo(TRUTH);
    }
  }

  @Test
  void r07SeveralGzipMembersAreOneBodyWhereverTheyAreSplit() {
    byte[] plain = utf8(TEXT + FINAL + DONE);
    for (int at = 0; at <= plain.length; at += 7) {
      byte[] body =
          concat(gzip(Arrays.copyOf(plain, at)), gzip(Arrays.copyOfRange(plain, at, plain.length)));
      Wire wire = EVENTS.with("content-encoding", "gzip");
      assertThat(wire.measure(body)).as("member of %d", at).isEqualTo(TRUTH);
      assertThat(wire.record(body, body.length, Wire.BYTES, null).measurement())
          .as("member of %d", at)
          .isEqualTo(TRUTH);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"br", "zstd", "compress", "x", "gzip, br"})
  void r07EncodingThatIsNotDecodedHereIsAFailure(String encoding) {
    assertThat(EVENTS.with("content-encoding", encoding).measure(FINAL))
        .isEqualTo(failed(Reason.CONTENT_ENCODING));
  }

  @Test
  void r07BodyThatIsNotGzipIsAFailure() {
    Wire wire = EVENTS.with("content-encoding", "gzip");
    assertThat(wire.measure(TEXT + FINAL)).isEqualTo(failed(Reason.MALFORMED_ENCODING));
    byte[] body = gzip(utf8(TEXT + FINAL + DONE));
    for (int i : new int[] {0, 1, 2, 12, 20, body.length / 2, body.length - 8, body.length - 1}) {
      byte[] broken = body.clone();
      broken[i] ^= 0x55;
      Measurement m = wire.measure(broken);
      assertThat(m.status())
          .as("byte %d of %d: %s", i, body.length, m)
          .isNotEqualTo(Status.COMPLETE);
    }
  }

  @Test
  void r07GzipThatIsCutOffIsACutNotAFailure() {
    byte[] body = gzip(utf8(TEXT + RUNNING + FINAL));
    Wire wire = EVENTS.with("content-encoding", "gzip");
    for (int length = 0; length < body.length; length++) {
      Measurement ended = wire.record(body, length, Wire.WHOLE, null).measurement();
      assertThat(ended.status()).as("%d: %s", length, ended).isNotEqualTo(Status.FAILED);
      Measurement cut = wire.record(body, length, Wire.WHOLE, AbortReason.CANCELLED).measurement();
      assertThat(cut.status()).as("%d: %s", length, cut).isNotEqualTo(Status.FAILED);
    }
  }

  @Test
  @Tag("slow")
  void r07GzipBombIsAFailure() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(utf8("{\"a\":\""));
      byte[] mebibyte = new byte[1 << 20];
      Arrays.fill(mebibyte, (byte) 'x');
      for (int i = 0; i < 256; i++) {
        gzip.write(mebibyte);
      }
      gzip.write(utf8("\",\"usage\":" + USAGE + "}"));
    }
    assertThat(JSON.with("content-encoding", "gzip").measure(out.toByteArray()))
        .isEqualTo(failed(Reason.INFLATE_LIMIT));
  }
}
