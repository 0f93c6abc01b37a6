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
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bodies that a payer, a model or a broken backend could send to be billed less, more or never, in
 * every format. What of it belongs to one rule only is in the test of that rule; what is about
 * OpenAI's format only is in {@code UsageScannerAdversarialTest}.
 */
class AdversarialBodiesTest {
  private static final Wire CHAT = Wire.json(Wire.CHAT);
  private static final Wire CHAT_STREAM = Wire.events(Wire.CHAT);
  private static final String USAGE =
      "{\"prompt_tokens\":12,\"completion_tokens\":8,\"total_tokens\":20}";
  private static final String FINAL = "data: {\"choices\":[],\"usage\":" + USAGE + "}\n\n";
  private static final String TEXT =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n";
  private static final String DONE = "data: [DONE]\n\n";
  private static final Measurement TRUTH = complete(tokens(12, 8).total(20));

  /** The planted usage of every format, as a model would print it. */
  private static final String ESCAPED = escaped("{" + Format.PLANTED + "}");

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\"", "\\\"");
  }

  // --- what a model prints -------------------------------------------------------------------

  static List<String> texts() {
    return List.of(
        ESCAPED,
        escaped(ESCAPED),
        "}]}]}}," + ESCAPED + ",{[",
        "data: [DONE]",
        "\\n\\ndata: [DONE]\\n\\n",
        "\\r\\n\\r\\nevent: message_stop\\r\\ndata: " + ESCAPED + "\\r\\n\\r\\n",
        "\\u0022usage\\u0022:{\\u0022prompt_tokens\\u0022:1}",
        "\\\\\\\"usage\\\":{",
        "\\\\",
        "[DONE]",
        "🌍\\ud83c\\udf0d");
  }

  @ParameterizedTest
  @EnumSource
  void textOfTheModelThatLooksLikeUsageChangesNothing(Format format) {
    for (String text : texts()) {
      assertUsage(format, format.json().measure(format.document(text, "{}")), text);
      byte[] stream = concat(format.answer(text, text), format.delta(text));
      assertUsage(format, format.stream().measure(stream), text);
      byte[] unfinished = concat(format.open(), format.delta(text));
      assertThat(format.stream().measure(unfinished).status())
          .as(text)
          .isIn(Status.NONE, Status.PARTIAL);
    }
  }

  @ParameterizedTest
  @EnumSource
  void argumentsOfAToolThatAreUsageChangeNeitherUsageNorModel(Format format) {
    byte[] body = utf8(format.document("a", "{" + Format.PLANTED + "}"));
    UsageRecord record = format.json().record(body, body.length, Wire.BYTES, null);
    assertUsage(format, record.measurement(), "planted");
    assertThat(record.model()).isNotEqualTo("planted");
  }

  @ParameterizedTest
  @EnumSource
  void eventsOfOtherFormatsInsideAStreamChangeNothing(Format format) {
    for (Format other : Format.values()) {
      boolean alike = format.family().equals(other.family());
      if (alike || format.isFrames() || other.isFrames()) {
        continue;
      }
      String planted = new String(other.close(), UTF_8).replace(":12", ":1").replace(":8", ":1");
      byte[] stream =
          concat(format.open(), format.delta("a"), utf8(planted), format.close(), utf8(planted));
      assertThat(format.stream().measure(stream).usage())
          .as("%s in %s", other, format)
          .isEqualTo(format.usage());
    }
  }

  @Test
  void toolsMetadataAndSchemasThatAResponseEchoesChangeNothing() {
    String planted = "{" + Format.PLANTED + "}";
    for (String member :
        List.of("tools", "metadata", "instructions", "text", "prompt", "reasoning", "input")) {
      String body =
          "{\"object\":\"response\",\"%s\":%s,\"usage\":{\"input_tokens\":12,\"output_tokens\":8},\"%s2\":%s}"
              .formatted(member, planted, member, planted);
      assertThat(Wire.json(Wire.RESPONSES).measure(body)).isEqualTo(complete(tokens(12, 8)));
      assertThat(
              Wire.events(Wire.RESPONSES)
                  .measure("data: {\"response\":" + body + ",\"type\":\"response.completed\"}\n\n"))
          .isEqualTo(complete(tokens(12, 8)));
    }
  }

  @Test
  void usageInTransferParametersBehindTheRealOneIsIgnored() {
    for (String name :
        List.of("kv_transfer_params", "ec_transfer_params", "metrics", "obfuscation")) {
      String event =
          "data: {\"choices\":[],\"usage\":"
              + USAGE
              + ",\""
              + name
              + "\":{"
              + Format.PLANTED
              + "}}\n\n";
      assertThat(CHAT_STREAM.measure(TEXT + event + DONE)).as(name).isEqualTo(TRUTH);
    }
  }

  // --- keys and numbers ----------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void usageStatedTwiceIsTheLastOneAndNeverComplete(Format format) {
    String key = format == Format.GENERATE_CONTENT ? "usageMetadata" : "usage";
    String document = format.document("a", "{}");
    int from = document.indexOf('"' + key + "\":");
    // The object goes on to the brace behind its last number.
    int numbers = Math.max(document.indexOf(":20", from), document.indexOf(":8", from));
    int to = document.indexOf('}', numbers) + 1;
    if (format == Format.COHERE_CHAT) {
      to++;
    }
    String real = document.substring(from, to);
    String zero = real.replaceAll(":(12|8|20)\\b", ":0");
    Measurement first = format.json().measure(document.replace(real, zero + "," + real));
    assertThat(first.reasons()).as("%s", first).isEqualTo(Set.of(Reason.DUPLICATE_KEY));
    assertThat(first.usage()).isEqualTo(format.usage());
    assertThat(first.status()).isEqualTo(Status.PARTIAL);
    Measurement last = format.json().measure(document.replace(real, real + "," + zero));
    assertThat(last.reasons()).as("%s", last).contains(Reason.DUPLICATE_KEY);
    assertThat(Objects.requireNonNull(last.usage()).prompt()).isZero();
    assertThat(last.status()).isEqualTo(Status.PARTIAL);
  }

  @Test
  void usageBeforeAndBehindTheChoicesIsTheSame() {
    for (String choices :
        List.of("[]", "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]")) {
      assertThat(
              CHAT_STREAM.measure(
                  "data: {\"choices\":" + choices + ",\"usage\":" + USAGE + "}\n\n"))
          .isEqualTo(TRUTH);
      assertThat(
              CHAT_STREAM.measure(
                  "data: {\"usage\":" + USAGE + ",\"choices\":" + choices + "}\n\n"))
          .isEqualTo(TRUTH);
    }
  }

  @ParameterizedTest
  @EnumSource
  void hostileNumberNeverCreditsWrapsOrHidesAnything(Format format) {
    for (String number :
        List.of(
            "1e309",
            "-1e309",
            "-5",
            "-0.5",
            "\"7\"",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "1e-400",
            "0x10",
            "NaN",
            "Infinity",
            "1".repeat(400))) {
      for (String place : List.of(":12", ":8")) {
        Measurement m =
            format.json().measure(format.document("a", "{}").replace(place, ":" + number));
        assertThat(m.status()).as("%s: %s", number, m).isNotEqualTo(Status.COMPLETE);
        if (m.usage() != null) {
          for (long count : Tokens.counts(m.usage())) {
            assertThat(count).as("%s: %s", number, m).isBetween(-1L, 20L);
          }
        }
      }
    }
  }

  // --- the ends of streams -------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void finalEventCutAtEveryByteIsCompleteOnlyOnceItsUsageIsClosed(Format format) {
    byte[] before = concat(format.open(), format.delta("a"));
    byte[] last = format.close();
    String text = new String(last, UTF_8);
    int closed =
        format.isFrames()
            ? last.length
            : text.indexOf('}', Math.max(text.indexOf(":20"), text.indexOf(":8"))) + 1;
    byte[] body = concat(before, last);
    for (int length = 0; length <= last.length; length++) {
      for (AbortReason abort : AbortReason.values()) {
        Measurement m =
            format.stream().record(body, before.length + length, Wire.WHOLE, abort).measurement();
        if (length < closed) {
          assertThat(m.status()).as("%d: %s", length, m).isIn(Status.NONE, Status.PARTIAL);
          assertThat(m.has(abort.reason())).as("%d: %s", length, m).isTrue();
        }
        if (m.usage() != null) {
          assertThat(m.usage().prompt()).as("%d: %s", length, m).isIn(-1L, 12L);
          assertThat(m.usage().completion()).as("%d: %s", length, m).isIn(-1L, 1L, 8L);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"CONVERSE", "INVOKE"})
  void carriageReturnsMarksAndSplitCharactersChangeNothing(Format format) {
    String answer = new String(format.answer("é🌍\uFEFF", "[DONE]"), UTF_8);
    byte[] bom = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
    for (String lineEnd : List.of("\n", "\r\n", "\r")) {
      byte[] body = concat(bom, utf8(answer.replace("\n", lineEnd)));
      for (int cut = 0; cut <= body.length; cut++) {
        DrivenExchange exchange = format.stream().begin();
        exchange.response(body, 0, cut);
        exchange.response(body, cut, body.length - cut);
        exchange.end();
        Measurement m = Objects.requireNonNull(exchange.record()).measurement();
        if (!Objects.equals(m.usage(), format.usage()) || m.status() != Status.COMPLETE) {
          throw new AssertionError("cut at " + cut + ": " + m);
        }
      }
    }
  }

  @Test
  void doneThatIsMissingOrEarlyOrDoubleChangesNothing() {
    assertThat(CHAT_STREAM.measure(TEXT + FINAL)).isEqualTo(TRUTH);
    assertThat(CHAT_STREAM.measure(TEXT + DONE + FINAL + DONE)).isEqualTo(TRUTH);
    assertThat(CHAT_STREAM.measure(DONE + DONE + TEXT + FINAL)).isEqualTo(TRUTH);
    assertThat(CHAT_STREAM.measure(TEXT + DONE)).isEqualTo(none(Reason.NO_USAGE));
  }

  @Test
  void errorAfterThreeChunksIsNoUsageAndNoCompleteOne() {
    String error = "data: {\"error\":{\"message\":\"engine died\",\"code\":500}}\n\n";
    assertThat(CHAT_STREAM.measure(TEXT + TEXT + TEXT + error + DONE))
        .isEqualTo(none(Reason.IN_BAND_ERROR));
    String planted = "data: {\"error\":{\"message\":\"m\",\"usage\":" + USAGE + "}}\n\n";
    assertThat(CHAT_STREAM.measure(TEXT + planted)).isEqualTo(none(Reason.IN_BAND_ERROR));
  }

  @Test
  void responseThatFailedWithoutUsageHasNoneAndOneThatWasCutShortIsBilled() {
    String event = "data: {\"type\":\"response.%s\",\"response\":{\"object\":\"response\",%s}}\n\n";
    Wire wire = Wire.events(Wire.RESPONSES);
    assertThat(
            wire.measure(
                event.formatted(
                    "failed", "\"status\":\"failed\",\"error\":{\"code\":\"x\"},\"usage\":null")))
        .isEqualTo(none(Reason.IN_BAND_ERROR));
    assertThat(
            wire.measure(
                event.formatted(
                    "incomplete",
                    "\"incomplete_details\":{\"reason\":\"content_filter\"},\"error\":null,\"usage\":{\"input_tokens\":12,\"output_tokens\":8}")))
        .isEqualTo(complete(tokens(12, 8)));
  }

  @Test
  void deltaWithoutInputKeepsTheInputOfTheLastStart() {
    String start =
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":%d,\"output_tokens\":1}}}\n\n";
    byte[] delta = Format.MESSAGES.close();
    assertThat(
            Format.MESSAGES.stream()
                .measure(concat(utf8(start.formatted(17)), utf8(start.formatted(17)), delta)))
        .isEqualTo(complete(tokens(17, 8)));
    assertThat(
            Format.MESSAGES.stream()
                .measure(concat(utf8(start.formatted(900)), utf8(start.formatted(12)), delta)))
        .isEqualTo(complete(tokens(12, 8), Reason.LOWERED_COUNT));
  }

  // --- compressed and framed -----------------------------------------------------------------

  @Test
  void compressedStreamCutAtEveryByteIsNeverMoreThanTheTruth() {
    byte[] plain = Format.MESSAGES.answer("a", "b", "c");
    byte[] body =
        concat(gzip(Arrays.copyOf(plain, 100)), gzip(Arrays.copyOfRange(plain, 100, plain.length)));
    Wire wire = Format.MESSAGES.stream().with("content-encoding", "gzip");
    assertThat(wire.measure(body)).isEqualTo(complete(tokens(12, 8)));
    for (int length = 0; length < body.length; length++) {
      Measurement m =
          wire.record(body, length, Wire.WHOLE, AbortReason.TRANSPORT_ERROR).measurement();
      assertThat(m.status()).as("%d: %s", length, m).isNotEqualTo(Status.FAILED);
      if (m.usage() != null) {
        assertThat(m.usage().prompt()).as("%d: %s", length, m).isEqualTo(12);
        assertThat(m.usage().completion()).as("%d: %s", length, m).isIn(1L, 8L);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CONVERSE", "INVOKE"})
  void framesCutAnywhereAreCutAndFramesOutOfStepAreCorrupt(Format format) {
    byte[] body = format.answer("a");
    Measurement shifted = format.stream().measure(Arrays.copyOfRange(body, 1, body.length));
    assertThat(shifted).isEqualTo(failed(Reason.CORRUPT_FRAME));
    byte[] gap = concat(format.open(), new byte[] {0}, format.close());
    assertThat(format.stream().measure(gap)).isEqualTo(failed(Reason.CORRUPT_FRAME));
    for (int cut = 0; cut < body.length; cut++) {
      byte[] hole = concat(Arrays.copyOf(body, cut), format.close());
      Measurement m = format.stream().measure(hole);
      boolean between =
          cut == 0
              || cut == format.open().length
              || cut == format.open().length + format.delta("a").length;
      assertThat(m.status())
          .as("%d: %s", cut, m)
          .isNotEqualTo(between ? Status.FAILED : Status.COMPLETE);
    }
  }

  @Test
  void base64OfAnInvocationThatIsBrokenIsNeverComplete() {
    byte[] open = Format.INVOKE.open();
    for (String payload :
        List.of(
            "{\"bytes\":\"!!!!\"}",
            "{\"bytes\":\"eyJ0eXBlIjoi\"}",
            "{\"bytes\":12}",
            "{\"bytes\":null}",
            "{}",
            "[]",
            "")) {
      byte[] frame = EventFrames.event("chunk", utf8(payload));
      Measurement m = Format.INVOKE.stream().measure(concat(open, frame));
      assertThat(m.status()).as("%s: %s", payload, m).isNotEqualTo(Status.COMPLETE);
    }
    // Usage outside of the bytes is not the model's.
    byte[] beside =
        EventFrames.event(
            "chunk",
            utf8(
                "{\"usage\":{\"output_tokens\":99},\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"x\"}}"));
    assertThat(Format.INVOKE.stream().measure(concat(open, beside, Format.INVOKE.close())))
        .isEqualTo(complete(tokens(12, 8)));
  }

  @Test
  void base64OfAnInvocationIsReadAsJsonWritesIt() {
    String event = "{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"???>>>~~~\"}}";
    String base64 = Base64.getEncoder().encodeToString(utf8(event));
    assertThat(base64).contains("/").contains("+");
    String unpadded = "{\"a\":1}"; // its base64 ends in ==
    for (String bytes :
        List.of(
            base64,
            base64.replace("/", "\\/"),
            base64.replace("/", "\\u002f").replace("+", "\\u002B").replace("=", "\\u003d"),
            Base64.getEncoder().encodeToString(utf8(unpadded)))) {
      for (String payload :
          List.of(
              "{\"bytes\":\"" + bytes + "\",\"p\":\"abc\"}",
              "{\"p\":\"\\\"bytes\\\":\\\"e30=\\\"\", \"bytes\" : \"" + bytes + "\"}")) {
        byte[] frame = EventFrames.event("chunk", utf8(payload));
        byte[] body = concat(Format.INVOKE.open(), frame, Format.INVOKE.close());
        assertThat(Format.INVOKE.stream().measure(body))
            .as(payload)
            .isEqualTo(complete(tokens(12, 8)));
        assertThat(Format.INVOKE.stream().record(body, body.length, Wire.BYTES, null).measurement())
            .as(payload)
            .isEqualTo(complete(tokens(12, 8)));
      }
    }
    // And the usage itself in such a frame.
    String usage =
        "{\"type\":\"message_delta\",\"x\":\"???>>>\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":8}}";
    String escaped = Base64.getEncoder().encodeToString(utf8(usage)).replace("/", "\\/");
    byte[] last = EventFrames.event("chunk", utf8("{\"bytes\":\"" + escaped + "\"}"));
    assertThat(Format.INVOKE.stream().measure(concat(Format.INVOKE.open(), last)))
        .isEqualTo(complete(tokens(12, 8)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "123", "true", "\"usage\"", "[]", "[[]]", "{}", "[null]", ""})
  void bodyThatSaysNothingHasNoUsageInAnyFormat(String body) {
    for (Format format : Format.values()) {
      assertThat(format.json().measure(body)).as("%s", format).isEqualTo(none(Reason.NO_USAGE));
    }
    assertThat(CHAT.measure(body)).isEqualTo(none(Reason.NO_USAGE));
  }

  @Test
  void malformedEventCostsCertaintyButNotTheEventsBehindIt() {
    for (Format format : List.of(Format.CHAT, Format.RESPONSES, Format.GENERATE_CONTENT)) {
      byte[] broken = utf8("data: {\"usage\":{\"prompt_tokens\":5,}}\n\n");
      Measurement m = format.stream().measure(concat(broken, format.delta("a"), format.close()));
      assertThat(m.usage()).as("%s: %s", format, m).isEqualTo(format.usage());
    }
    assertThat(CHAT_STREAM.measure("data: {\"usage\":{\"prompt_tokens\":5]\n\n" + FINAL))
        .isEqualTo(partial(tokens(12, 8).total(20), Reason.MALFORMED_JSON));
  }

  private static void assertUsage(Format format, Measurement m, String description) {
    assertThat(m.usage()).as("%s: %s", description, m).isEqualTo(format.usage());
    assertThat(m.status()).as("%s: %s", description, m).isEqualTo(Status.COMPLETE);
    assertThat(m.reasons()).as(description).isEmpty();
  }
}
