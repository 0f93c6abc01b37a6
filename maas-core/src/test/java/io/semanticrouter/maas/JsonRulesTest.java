// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Tokens.tokens;
import static io.semanticrouter.maas.Transcripts.complete;
import static io.semanticrouter.maas.Transcripts.failed;
import static io.semanticrouter.maas.Transcripts.none;
import static io.semanticrouter.maas.Transcripts.partial;
import static io.semanticrouter.maas.Wire.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.usage.Allocation;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import io.semanticrouter.maas.testkit.DrivenExchange;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read of a JSON document, and what is not: rules R8 to R16. */
class JsonRulesTest {
  private static final Wire CHAT = Wire.json(Wire.CHAT);
  private static final Wire CHAT_STREAM = Wire.events(Wire.CHAT);
  private static final Wire MESSAGES_STREAM = Wire.events(Wire.MESSAGES);
  private static final Wire RESPONSES_STREAM = Wire.events(Wire.RESPONSES);
  private static final String INPUT_OUTPUT = "{\"input_tokens\":12,\"output_tokens\":8}";

  // --- R8: exact paths -----------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r08UsageInWhatAPayerOrAModelFillsIsIgnored(Format format) {
    for (String planted :
        List.of(
            "{" + Format.PLANTED + "}",
            "[{" + Format.PLANTED + "}]",
            "{\"a\":[[{\"b\":{" + Format.PLANTED + "}}]]}")) {
      assertUsage(format, format.document("a", planted));
    }
  }

  @ParameterizedTest
  @EnumSource
  void r08UsageOfOtherFormatsAtTheTopIsIgnored(Format format) {
    String others =
        switch (format) {
          case GENERATE_CONTENT -> "\"usage\":{\"prompt_tokens\":1,\"input_tokens\":1}";
          default -> "\"usageMetadata\":{\"promptTokenCount\":1,\"totalTokenCount\":1}";
        };
    String document = format.document("a", "{}");
    assertUsage(format, "{" + others + "," + document.substring(1));
    assertUsage(format, document.substring(0, document.length() - 1) + "," + others + "}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"content_block_delta", "message_stop", "content_block_start", "ping", "x", ""})
  void r08MessageUsageCountsInAMessageStartOnly(String type) {
    String event =
        "data: {\"type\":\"" + type + "\",\"message\":{\"usage\":" + INPUT_OUTPUT + "}}\n\n";
    assertThat(MESSAGES_STREAM.measure(event).usage()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"response.created", "response.in_progress", "response.output_item.done", "x", ""})
  void r08ResponseUsageCountsInATerminalEventOnly(String type) {
    String event =
        "data: {\"type\":\"" + type + "\",\"response\":{\"usage\":" + INPUT_OUTPUT + "}}\n\n";
    assertThat(RESPONSES_STREAM.measure(event).usage()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"content-delta", "message-start", "tool-call-delta", "x", ""})
  void r08DeltaUsageCountsInAMessageEndOnly(String type) {
    String event =
        "data: {\"type\":\""
            + type
            + "\",\"delta\":{\"usage\":{\"billed_units\":"
            + INPUT_OUTPUT
            + "}}}\n\n";
    assertThat(Wire.events(Wire.COHERE_CHAT).measure(event).usage()).isNull();
  }

  @Test
  void r08UsageInAFrameOfAnotherTypeThanMetadataIsIgnored() {
    String usage = "{\"usage\":{\"inputTokens\":12,\"outputTokens\":8,\"totalTokens\":20}}";
    for (String type : List.of("contentBlockDelta", "messageStart", "messageStop", "Metadata")) {
      assertThat(Wire.frames(Wire.CONVERSE_STREAM).measure(EventFrames.encode(type + " " + usage)))
          .as(type)
          .isEqualTo(none(Reason.NO_USAGE));
    }
  }

  @Test
  void r08UsageBesideUsageOfChoicesWinsOverIt() {
    String choice =
        "\"choices\":[{\"index\":0,\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1},\"finish_reason\":\"stop\"}]";
    String groq = "\"x_groq\":{\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":2}}";
    String usage = "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}";
    for (List<String> order :
        List.of(
            List.of(choice, groq, usage),
            List.of(usage, groq, choice),
            List.of(groq, usage, choice))) {
      String document = "{" + String.join(",", order) + "}";
      assertThat(CHAT.measure(document)).as(document).isEqualTo(complete(tokens(12, 8)));
    }
    // x_groq comes before the choices, when there is no other.
    assertThat(CHAT.measure("{" + choice + "," + groq + "}")).isEqualTo(complete(tokens(2, 2)));
  }

  // --- R9: the type may come late ------------------------------------------------------------

  @Test
  void r09TypeBehindTheUsageDecidesAboutIt() {
    String message = "\"message\":{\"model\":\"m\",\"usage\":" + INPUT_OUTPUT + "}";
    assertThat(
            Objects.requireNonNull(
                    MESSAGES_STREAM
                        .measure("data: {" + message + ",\"type\":\"message_start\"}\n\n")
                        .usage())
                .prompt())
        .isEqualTo(12);
    assertThat(MESSAGES_STREAM.measure("data: {" + message + ",\"type\":\"x\"}\n\n").usage())
        .isNull();
    String response = "\"response\":{\"usage\":" + INPUT_OUTPUT + "}";
    assertThat(
            RESPONSES_STREAM.measure(
                "data: {" + response + ",\"type\":\"response.completed\"}\n\n"))
        .isEqualTo(complete(tokens(12, 8)));
    assertThat(
            RESPONSES_STREAM
                .measure("data: {" + response + ",\"type\":\"response.in_progress\"}\n\n")
                .usage())
        .isNull();
    String delta = "\"delta\":{\"usage\":{\"billed_units\":" + INPUT_OUTPUT + "}}";
    assertThat(
            Wire.events(Wire.COHERE_CHAT)
                .measure("data: {" + delta + ",\"type\":\"message-end\"}\n\n"))
        .isEqualTo(complete(tokens(12, 8)));
  }

  @Test
  void r09StopReasonBehindTheUsageMakesItFinal() {
    String start =
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":12}}}\n\n";
    String delta =
        "data: {\"usage\":{\"output_tokens\":8},\"delta\":{\"stop_reason\":%s},\"type\":\"message_delta\"}\n\n";
    assertThat(MESSAGES_STREAM.measure(start + delta.replace("%s", "\"end_turn\"")))
        .isEqualTo(complete(tokens(12, 8)));
    assertThat(MESSAGES_STREAM.measure(start + delta.replace("%s", "null")))
        .isEqualTo(partial(tokens(12, 8), Reason.NO_TERMINATOR));
  }

  // --- R10: keys -----------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void r10EscapedKeysAreKeysWhereverTheyAreCut(Format format) {
    String document =
        format
            .document("a", "{}")
            .replace("\"usage", "\"\\u0075s\\u0061ge")
            .replace("okens\"", "\\u006Fkens\"")
            .replace("prompt", "pr\\u006fmpt")
            .replace("input", "inpu\\u0074");
    byte[] body = utf8(document);
    UsageRecord whole = format.json().record(body, body.length, Wire.WHOLE, null);
    assertThat(whole.measurement().usage()).isEqualTo(format.usage());
    assertThat(whole.measurement().status()).isEqualTo(Status.COMPLETE);
    assertThat(Wire.facts(format.json().record(body, body.length, Wire.BYTES, null)))
        .isEqualTo(Wire.facts(whole));
    for (int seed = 0; seed < 50; seed++) {
      assertThat(Wire.facts(format.json().record(body, body.length, Wire.random(seed), null)))
          .as("seed %d", seed)
          .isEqualTo(Wire.facts(whole));
    }
  }

  @ParameterizedTest
  @EnumSource
  void r10WhiteSpaceAnywhereChangesNothing(Format format) {
    String document =
        format
            .document("a", "{}")
            .replace(":", " \t: \r\n")
            .replace(",", "\n , ")
            .replace("{", " {\r\n ")
            .replace("}", "\t } ")
            .replace("[", "[ ")
            .replace("]", " ]\n");
    assertUsage(format, document);
  }

  @Test
  void r10KeysInAnyOrderAreTheSame() {
    for (String usage :
        List.of(
            "{\"total_tokens\":20,\"completion_tokens\":8,\"prompt_tokens\":12}",
            "{\"completion_tokens_details\":{\"reasoning_tokens\":3},\"prompt_tokens\":12,\"total_tokens\":20,\"completion_tokens\":8}")) {
      TokenUsage u = Objects.requireNonNull(CHAT.measure("{\"usage\":" + usage + "}").usage());
      assertThat(List.of(u.prompt(), u.completion(), u.providerTotal()))
          .containsExactly(12L, 8L, 20L);
    }
  }

  // --- R11: duplicates -----------------------------------------------------------------------

  @Test
  void r11UsageStatedTwiceDifferentlyIsTheLastOneAndPartial() {
    String zero = "{\"prompt_tokens\":0,\"completion_tokens\":0}";
    String real = "{\"prompt_tokens\":12,\"completion_tokens\":8}";
    assertThat(CHAT.measure("{\"usage\":" + zero + ",\"usage\":" + real + "}"))
        .isEqualTo(partial(tokens(12, 8), Reason.DUPLICATE_KEY));
    assertThat(CHAT.measure("{\"usage\":" + real + ",\"usage\":" + zero + "}"))
        .isEqualTo(partial(tokens(0, 0), Reason.DUPLICATE_KEY));
    assertThat(CHAT.measure("{\"usage\":" + real + ",\"\\u0075sage\":" + zero + "}"))
        .isEqualTo(partial(tokens(0, 0), Reason.DUPLICATE_KEY));
  }

  @Test
  void r11UsageStatedTwiceAlikeIsBenign() {
    String real = "{\"prompt_tokens\":12,\"completion_tokens\":8}";
    assertThat(CHAT.measure("{\"usage\":" + real + ",\"usage\":" + real + "}"))
        .isEqualTo(complete(tokens(12, 8)));
  }

  @Test
  void r11CountStatedTwiceDifferentlyIsTheLastOneInEveryFormat() {
    assertThat(
            Wire.json(Wire.MESSAGES)
                .measure(
                    "{\"type\":\"message\",\"usage\":{\"input_tokens\":9,\"output_tokens\":8,\"input_tokens\":12}}"))
        .isEqualTo(partial(tokens(12, 8), Reason.DUPLICATE_KEY));
    assertThat(
            Wire.json(Wire.GEMINI)
                .measure(
                    "{\"usageMetadata\":{\"promptTokenCount\":12,\"candidatesTokenCount\":1,\"candidatesTokenCount\":8,\"totalTokenCount\":20}}"))
        .isEqualTo(partial(tokens(12, 8).total(20), Reason.DUPLICATE_KEY));
    assertThat(
            Wire.json(Wire.CONVERSE)
                .measure(
                    "{\"usage\":{\"inputTokens\":1,\"inputTokens\":12,\"outputTokens\":8,\"totalTokens\":20}}"))
        .isEqualTo(partial(tokens(12, 8).total(20), Reason.DUPLICATE_KEY));
  }

  // --- R12: numbers --------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({"0, 0", "-0, 0", "12.0, 12", "1.2e1, 12", "120E-1, 12", "100000000, 100000000"})
  void r12IntegralNumberIsExactInEverySpelling(String number, long value) {
    assertThat(
            Objects.requireNonNull(
                    CHAT.measure(
                            "{\"usage\":{\"prompt_tokens\":"
                                + number
                                + ",\"completion_tokens\":1}}")
                        .usage())
                .prompt())
        .isEqualTo(value);
    assertThat(
            Objects.requireNonNull(
                    Wire.json(Wire.COHERE_CHAT)
                        .measure(
                            "{\"usage\":{\"billed_units\":{\"input_tokens\":"
                                + number
                                + ",\"output_tokens\":1}}}")
                        .usage())
                .prompt())
        .isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-5",
        "-1",
        "1.5",
        "\"7\"",
        "true",
        "1e309",
        "9007199254740992",
        "9007199254740993",
        "18446744073709551615",
        "{}",
        "[1]"
      })
  void r12NumberThatIsNoCountIsUnknownNotZeroAndPartial(String number) {
    assertThat(
            CHAT.measure("{\"usage\":{\"prompt_tokens\":" + number + ",\"completion_tokens\":8}}"))
        .isEqualTo(partial(tokens(-1, 8), Reason.MALFORMED_USAGE));
    assertThat(
            Wire.json(Wire.GEMINI)
                .measure(
                    "{\"usageMetadata\":{\"promptTokenCount\":12,\"candidatesTokenCount\":"
                        + number
                        + "}}")
                .has(Reason.MALFORMED_USAGE))
        .isTrue();
    Measurement messages =
        Wire.json(Wire.MESSAGES)
            .measure(
                "{\"type\":\"message\",\"usage\":{\"input_tokens\":12,\"output_tokens\":"
                    + number
                    + "}}");
    assertThat(messages).isEqualTo(partial(tokens(12, -1), Reason.MALFORMED_USAGE));
    Measurement converse =
        Wire.json(Wire.CONVERSE)
            .measure("{\"usage\":{\"inputTokens\":12,\"outputTokens\":" + number + "}}");
    assertThat(converse).isEqualTo(partial(tokens(12, -1), Reason.MALFORMED_USAGE));
  }

  @ParameterizedTest
  @EnumSource
  void r12NumberThatIsNoCountNeverGivesMoreThanTheTruth(Format format) {
    for (String number : List.of("-5", "\"12\"", "12.5", "99999999999999999999")) {
      Measurement m =
          format.json().measure(format.document("a", "{}").replace(":12", ":" + number));
      assertThat(m.status()).as("%s: %s", number, m).isEqualTo(Status.PARTIAL);
      assertThat(m.has(Reason.MALFORMED_USAGE)).as("%s: %s", number, m).isTrue();
      TokenUsage usage = Objects.requireNonNull(m.usage());
      assertThat(usage.prompt()).as(number).isLessThanOrEqualTo(12);
      assertThat(usage.completion()).as(number).isLessThanOrEqualTo(8);
    }
  }

  @Test
  void r12UsageOfWhichNothingCanBeReadIsAFailure() {
    for (String usage :
        List.of("\"x\"", "[]", "7", "true", "{\"prompt_tokens\":-5}", "{\"total_tokens\":\"7\"}")) {
      assertThat(CHAT.measure("{\"usage\":" + usage + "}"))
          .as(usage)
          .isEqualTo(failed(Reason.MALFORMED_USAGE));
    }
    assertThat(Wire.json(Wire.GEMINI).measure("{\"usageMetadata\":[]}"))
        .isEqualTo(failed(Reason.MALFORMED_USAGE));
  }

  @ParameterizedTest
  @EnumSource
  void r12CountAboveTheSanityLimitIsQuarantined(Format format) {
    String document = format.document("a", "{}");
    assertThat(format.json().measure(document.replace(":12", ":100000001")))
        .isEqualTo(failed(Reason.QUARANTINED));
    assertThat(format.json().measure(document.replace(":8", ":9007199254740991")))
        .isEqualTo(failed(Reason.QUARANTINED));
  }

  @Test
  void r12SanityLimitIsThatOfTheConfiguration() {
    String usage = "{\"usage\":{\"prompt_tokens\":500,\"completion_tokens\":8}}";
    assertThat(CHAT.usageConfig("max_tokens_per_exchange", 499).measure(usage))
        .isEqualTo(failed(Reason.QUARANTINED));
    assertThat(CHAT.usageConfig("max_tokens_per_exchange", 500).measure(usage))
        .isEqualTo(complete(tokens(500, 8)));
    String beyond = "{\"usage\":{\"prompt_tokens\":1000000000000,\"completion_tokens\":8}}";
    assertThat(CHAT.usageConfig("max_tokens_per_exchange", 1_000_000_000_000L).measure(beyond))
        .isEqualTo(complete(tokens(1_000_000_000_000L, 8)));
  }

  // --- R13: null and zero --------------------------------------------------------------------

  @Test
  void r13NullIsAbsentAndBenign() {
    assertThat(CHAT.measure("{\"usage\":null}")).isEqualTo(none(Reason.NO_USAGE));
    assertThat(
            CHAT.measure(
                "{\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,\"total_tokens\":null,\"prompt_tokens_details\":null,\"completion_tokens_details\":{\"reasoning_tokens\":null}}}"))
        .isEqualTo(complete(tokens(12, 8)));
    assertThat(
            Wire.json(Wire.MESSAGES)
                .measure(
                    "{\"type\":\"message\",\"usage\":{\"input_tokens\":12,\"output_tokens\":8,\"cache_creation\":null,\"cache_read_input_tokens\":null,\"server_tool_use\":null,\"iterations\":null,\"output_tokens_details\":null}}"))
        .isEqualTo(complete(tokens(12, 8)));
    assertThat(
            Wire.json(Wire.RESPONSES)
                .measure(
                    "{\"object\":\"response\",\"usage\":{\"input_tokens\":12,\"input_tokens_details\":null,\"output_tokens\":8,\"output_tokens_details\":null,\"total_tokens\":20}}"))
        .isEqualTo(complete(tokens(12, 8).total(20)));
    assertThat(
            Wire.json(Wire.GEMINI)
                .measure(
                    "{\"usageMetadata\":{\"promptTokenCount\":12,\"candidatesTokenCount\":8,\"thoughtsTokenCount\":null,\"promptTokensDetails\":null,\"totalTokenCount\":20}}"))
        .isEqualTo(complete(tokens(12, 8).total(20)));
    assertThat(
            Wire.json(Wire.COHERE_CHAT)
                .measure(
                    "{\"usage\":{\"billed_units\":{\"input_tokens\":12,\"output_tokens\":8},\"tokens\":null}}"))
        .isEqualTo(complete(tokens(12, 8)));
  }

  @ParameterizedTest
  @EnumSource
  void r13ExplicitZeroIsACount(Format format) {
    String zero = format.document("a", "{}").replaceAll(":(12|8|20)\\b", ":0");
    Measurement m = format.json().measure(zero);
    // Beside an answer it is doubted, but it is what was stated.
    assertThat(m.status() == Status.COMPLETE || m.has(Reason.ZERO_USAGE)).as("%s", m).isTrue();
    TokenUsage usage = Objects.requireNonNull(m.usage());
    assertThat(List.of(usage.prompt(), usage.completion())).containsExactly(0L, 0L);
  }

  // --- R14: unknown fields, and the provider's own wording -----------------------------------

  @ParameterizedTest
  @EnumSource
  void r14UnknownFieldsInsideUsageArePassedOver(Format format) {
    for (String value :
        List.of(
            "0.0371",
            "-7",
            "\"x\"",
            "true",
            "null",
            "[1,{\"prompt_tokens\":3}]",
            "{\"prompt_tokens\":1,\"input_tokens\":1,\"inputTokens\":1,\"promptTokenCount\":1,\"usage\":{}}")) {
      String document =
          format
              .document("a", "{}")
              .replace("\"usage\":{", "\"usage\":{\"queue_time\":" + value + ",")
              .replace("\"usageMetadata\":{", "\"usageMetadata\":{\"queue_time\":" + value + ",");
      assertUsage(format, document);
    }
  }

  @ParameterizedTest
  @EnumSource
  void r14UsageIsKeptAsTheProviderWroteIt(Format format) {
    String document = format.document("a", "{}");
    String key = format == Format.GENERATE_CONTENT ? "\"usageMetadata\":" : "\"usage\":";
    int from = document.indexOf(key) + key.length();
    String raw = format.json().measure(document).rawUsage();
    assertThat(raw).isNotNull();
    assertThat(document.substring(from)).startsWith(Objects.requireNonNull(raw));
    assertThat(raw).startsWith("{").endsWith("}").contains("12").contains("8");
  }

  @Test
  void r14RawUsageIsTheLastOneAndCutOffAtTwoKibibytes() {
    String last = "{\"prompt_tokens\":12, \"completion_tokens\":8}";
    String stream =
        "data: {\"choices\":[{\"index\":0}],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":1}}\n\n"
            + "data: {\"choices\":[],\"usage\":"
            + last
            + "}\n\n";
    assertThat(CHAT_STREAM.measure(stream).rawUsage()).isEqualTo(last);
    String padding = "x".repeat(5000);
    Measurement m =
        CHAT.measure(
            "{\"usage\":{\"prompt_tokens\":12,\"note\":\""
                + padding
                + "\",\"completion_tokens\":8}}");
    assertThat(m).isEqualTo(complete(tokens(12, 8)));
    String raw = Objects.requireNonNull(m.rawUsage());
    assertThat(utf8(raw).length).isBetween(2000, 2048);
    assertThat(raw).startsWith("{\"prompt_tokens\":12,\"note\":\"xxx");
  }

  @Test
  void r14RawUsageIsCutOffBetweenCharacters() {
    for (String lead : List.of("", "x", "xx", "xxx")) {
      Measurement m =
          CHAT.measure(
              "{\"usage\":{\"note\":\""
                  + lead
                  + "\uD83C\uDF0D".repeat(2000)
                  + "\",\"prompt_tokens\":12,\"completion_tokens\":8}}");
      assertThat(m).isEqualTo(complete(tokens(12, 8)));
      String raw = Objects.requireNonNull(m.rawUsage());
      assertThat(raw).doesNotContain("\uFFFD").endsWith("\uD83C\uDF0D");
      assertThat(utf8(raw).length).isBetween(2000, 2048);
    }
  }

  // --- R15 and R16: depth and length ---------------------------------------------------------

  @Test
  void r15NestingAMillionDeepIsPassedOverInConstantMemory() {
    for (String[] pair : new String[][] {{"[", "]"}, {"{\"usage\":", "}"}, {"[{\"a\":", "}]"}}) {
      DrivenExchange exchange = Wire.json(Wire.RESPONSES).begin();
      feed(exchange, "{\"object\":\"response\",\"tools\":");
      byte[] open = utf8(pair[0].repeat(1000));
      byte[] close = utf8(pair[1].repeat(1000));
      long before = Allocation.ofThisThread();
      for (int i = 0; i < 1000; i++) {
        exchange.response(open, 0, open.length);
      }
      feed(exchange, "1");
      for (int i = 0; i < 1000; i++) {
        exchange.response(close, 0, close.length);
      }
      assertThat(Allocation.ofThisThread() - before).as("bytes allocated").isLessThan(8192);
      feed(exchange, ",\"usage\":{\"input_tokens\":12,\"output_tokens\":8}}");
      exchange.end();
      assertThat(Objects.requireNonNull(exchange.record()).measurement())
          .as(pair[0])
          .isEqualTo(complete(tokens(12, 8)));
    }
  }

  @Test
  @Tag("slow")
  void r16StringsAndNumbersOfAnyLengthArePassedOverInConstantMemory() {
    byte[] piece = utf8("AECAwQF0".repeat(8192));
    byte[] digits = utf8("7".repeat(65536));
    for (String open :
        List.of("{\"a\":\"", "{\"", "{\"usage\":{\"note\":\"", "{\"a\":", "{\"a\":[")) {
      boolean quoted = open.endsWith("\"");
      byte[] filler = quoted ? piece : digits;
      DrivenExchange exchange = CHAT.begin();
      feed(exchange, open);
      long before = Allocation.ofThisThread();
      for (int i = 0; i < 32 * 16; i++) {
        exchange.response(filler, 0, filler.length);
      }
      assertThat(Allocation.ofThisThread() - before).as("bytes allocated").isLessThan(8192);
      String close =
          switch (open) {
            case "{\"" -> "\":1,";
            case "{\"a\":[" -> "],";
            case "{\"a\":" -> ",";
            case "{\"usage\":{\"note\":\"" -> "\",\"prompt_tokens\":12,\"completion_tokens\":8}}";
            default -> "\",";
          };
      feed(exchange, close);
      if (close.endsWith(",")) {
        feed(exchange, "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}}");
      }
      exchange.end();
      assertThat(Objects.requireNonNull(exchange.record()).measurement())
          .as(open)
          .isEqualTo(complete(tokens(12, 8)));
    }
  }

  private static void feed(DrivenExchange exchange, String text) {
    byte[] bytes = utf8(text);
    exchange.response(bytes, 0, bytes.length);
  }

  private static void assertUsage(Format format, String document) {
    Measurement m = format.json().measure(document);
    assertThat(m.usage()).as("%s: %s", document, m).isEqualTo(format.usage());
    assertThat(m.status()).as("%s: %s", document, m).isEqualTo(Status.COMPLETE);
    assertThat(m.reasons()).as(document).isEqualTo(Set.of());
  }
}
