// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Tokens.tokens;
import static io.semanticrouter.maas.Transcripts.complete;
import static io.semanticrouter.maas.Transcripts.failed;
import static io.semanticrouter.maas.Transcripts.none;
import static io.semanticrouter.maas.Transcripts.partial;
import static io.semanticrouter.maas.Wire.concat;
import static io.semanticrouter.maas.Wire.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/** How what was read becomes one usage: rules R17 to R25. */
class MergeRulesTest {
  private static final long UNKNOWN = TokenUsage.UNKNOWN;
  private static final Wire CHAT = Wire.json(Wire.CHAT);
  private static final Wire CHAT_STREAM = Wire.events(Wire.CHAT);
  private static final Wire MESSAGES = Wire.json(Wire.MESSAGES);
  private static final Wire MESSAGES_STREAM = Wire.events(Wire.MESSAGES);
  private static final String DONE = "data: [DONE]\n\n";

  // --- R17: the format comes from the path ---------------------------------------------------

  @Test
  void r17SameNamesMeanWhatThePathSays() {
    String usage =
        "\"usage\":{\"input_tokens\":100,\"input_tokens_details\":{\"cached_tokens\":60},\"cache_read_input_tokens\":60,\"output_tokens\":8}}";
    // Anthropic's input leaves the cache out, that of the Responses API contains it.
    assertThat(MESSAGES.measure("{\"type\":\"message\"," + usage))
        .isEqualTo(complete(tokens(160, 8).cacheRead(60)));
    assertThat(Wire.json(Wire.RESPONSES).measure("{\"object\":\"response\"," + usage))
        .isEqualTo(complete(tokens(100, 8).cacheRead(60)));
  }

  private static Wire detecting(Wire wire) {
    Map<String, Object> route = Map.of("operation", "detect");
    return new Wire("/llm", Map.of(), wire.responseHeaders(), wire.config())
        .usageConfig("routes", Map.of("/llm", route));
  }

  @ParameterizedTest
  @EnumSource
  void r17FormatIsToldByTheBodyWhenThePathDoesNot(Format format) {
    Measurement document = detecting(format.json()).measure(format.document("a", "{}"));
    assertThat(document.usage()).isEqualTo(format.usage());
    assertThat(document.status()).isEqualTo(Status.COMPLETE);
    Measurement stream = detecting(format.stream()).measure(format.answer("a", "b"));
    assertThat(stream.usage()).isEqualTo(format.usage());
    assertThat(stream.status()).isEqualTo(Status.COMPLETE);
  }

  @ParameterizedTest
  @ValueSource(strings = {":rawPredict", ":streamRawPredict"})
  void r17ModelOfAnotherVendorOnVertexIsToldByItsBody(String verb) {
    Format format = Format.MESSAGES;
    String path = "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x" + verb;
    assertThat(Wire.json(path).measure(format.document("a", "{}")))
        .isEqualTo(complete(tokens(12, 8)));
    assertThat(Wire.events(path).measure(format.answer("a"))).isEqualTo(complete(tokens(12, 8)));
  }

  @Test
  void r17FirstStrongMarkerOfABodyStands() {
    byte[] planted =
        utf8(
            "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n");
    byte[] body = concat(Format.CHAT.delta("a"), planted, Format.CHAT.close());
    assertThat(detecting(CHAT_STREAM).measure(body)).isEqualTo(complete(tokens(12, 8).total(20)));
  }

  @Test
  void r17PingAndTrafficTypeAreNoMarkers() {
    byte[] ping = utf8("event: ping\ndata: {\"type\":\"ping\"}\n\n");
    byte[] traffic = utf8("data: {\"usageMetadata\":{\"trafficType\":\"ON_DEMAND\"}}\n\n");
    for (Format format : List.of(Format.CHAT, Format.MESSAGES, Format.RESPONSES)) {
      Measurement m = detecting(format.stream()).measure(concat(ping, traffic, format.answer("a")));
      assertThat(m.usage()).as("%s: %s", format, m).isEqualTo(format.usage());
    }
  }

  @Test
  void r17UsageThatNothingTellsTheFormatOfIsAFailureNotAGuess() {
    assertThat(detecting(CHAT).measure("{\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}"))
        .isEqualTo(failed(Reason.UNKNOWN_DIALECT));
    assertThat(detecting(CHAT).measure("{\"answer\":42}")).isEqualTo(none(Reason.NO_USAGE));
  }

  @Test
  void r17RouteOfTheConfigurationPinsTheFormat() {
    Map<String, Object> route = Map.of("operation", "messages");
    Wire wire =
        new Wire("/llm/claude", Map.of(), CHAT.responseHeaders(), CHAT.config())
            .usageConfig("routes", Map.of("/llm/*", route));
    assertThat(wire.measure(Format.MESSAGES.document("a", "{}")))
        .isEqualTo(complete(tokens(12, 8)));
  }

  @Test
  void r17InvocationIsReadAsWhatItsBodyIsAndHeadersFillIn() {
    Wire invoke =
        Wire.json(Wire.INVOKE)
            .with("x-amzn-bedrock-input-token-count", "15")
            .with("x-amzn-bedrock-output-token-count", "7")
            .with("x-amzn-bedrock-cache-read-input-token-count", "300")
            .with("x-amzn-bedrock-cache-write-input-token-count", "20");
    // 335 = 15 + 300 + 20: Bedrock's input leaves the cache out.
    assertThat(invoke.measure("{\"generation\":\"a\"}"))
        .isEqualTo(complete(tokens(335, 7).cacheRead(300).cacheWrite(20)));
    assertThat(invoke.measure(Format.MESSAGES.document("a", "{}")))
        .isEqualTo(complete(tokens(12, 8)));
    assertThat(invoke.measure(Format.CHAT.document("a", "{}")))
        .isEqualTo(complete(tokens(12, 8).total(20)));
  }

  @Test
  void r17InvocationHeadersThatAreNoCountsAreMalformed() {
    for (String value : List.of("-5", "x", "1.5", "99999999999999999999")) {
      Measurement m =
          Wire.json(Wire.INVOKE)
              .with("x-amzn-bedrock-input-token-count", value)
              .with("x-amzn-bedrock-output-token-count", "7")
              .measure("{\"generation\":\"a\"}");
      assertThat(m.status()).as(value).isNotEqualTo(Status.COMPLETE);
      assertThat(m.usage() == null || m.usage().prompt() <= 0).as("%s: %s", value, m).isTrue();
    }
  }

  @Test
  void r17MetricsOfBedrockCountOnlyWhenTheModelStatesNothing() {
    String metrics =
        "\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":15,\"outputTokenCount\":7,\"cacheReadInputTokenCount\":300,\"cacheWriteInputTokenCount\":20}";
    Wire invoke = Wire.frames(Wire.INVOKE_STREAM);
    assertThat(invoke.measure(EventFrames.encode("chunk {\"generation\":\"a\"," + metrics + "}")))
        .isEqualTo(complete(tokens(335, 7).cacheRead(300).cacheWrite(20)));
    byte[] native8 = Format.INVOKE.answer("a");
    byte[] stop = EventFrames.encode("chunk {\"type\":\"message_stop\"," + metrics + "}");
    assertThat(invoke.measure(concat(native8, stop))).isEqualTo(complete(tokens(12, 8)));
  }

  // --- R18: per field, by presence, the last one wins ----------------------------------------

  @Test
  void r18LaterCountOverridesAlsoWithZeroAndAlsoWithLess() {
    String start =
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1000,\"cache_read_input_tokens\":7,\"output_tokens\":5}}}\n\n";
    String delta =
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":%s}\n\n";
    assertThat(
            MESSAGES_STREAM.measure(
                start
                    + delta.replace(
                        "%s",
                        "{\"input_tokens\":0,\"cache_read_input_tokens\":990,\"output_tokens\":3}")))
        .isEqualTo(complete(tokens(990, 3).cacheRead(990), Reason.LOWERED_COUNT));
    // What is absent stays: 1007 = 1000 + 7.
    assertThat(
            MESSAGES_STREAM.measure(
                start + delta.replace("%s", "{\"input_tokens\":null,\"output_tokens\":9,\"x\":1}")))
        .isEqualTo(complete(tokens(1007, 9).cacheRead(7)));
  }

  @Test
  void r18RunningUsageIsNeitherAddedUpNorMaximised() {
    String running =
        "data: {\"choices\":[{\"index\":0,\"delta\":{}}],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":%d}}\n\n";
    String last =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":4}}\n\n";
    assertThat(CHAT_STREAM.measure(running.formatted(3) + running.formatted(9) + last + DONE))
        .isEqualTo(complete(tokens(12, 4), Reason.LOWERED_COUNT));
  }

  @Test
  void r18UsageIsJudgedOnceAtTheEnd() {
    // The first total alone would leave 90 unattributed; the whole says what they are.
    String first =
        "data: {\"usageMetadata\":{\"promptTokenCount\":10,\"totalTokenCount\":100}}\n\n";
    String last =
        "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"candidatesTokenCount\":30,\"thoughtsTokenCount\":60,\"totalTokenCount\":100}}\n\n";
    assertThat(Wire.events(Wire.GEMINI_STREAM).measure(first + last))
        .isEqualTo(complete(tokens(10, 90).reasoning(60).total(100)));
  }

  // --- R19: parallel choices -----------------------------------------------------------------

  private static String choice(int index, int completion, String finish) {
    return "data: {\"choices\":[{\"index\":"
        + index
        + ",\"delta\":{\"content\":\"a\"},\"finish_reason\":"
        + finish
        + "}],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":"
        + completion
        + "}}\n\n";
  }

  @Test
  void r19ChoicesWithoutASumAreAddedUpFromTheLastOfEach() {
    String body =
        choice(0, 1, "null")
            + choice(1, 1, "null")
            + choice(1, 2, "null")
            + choice(0, 2, "null")
            + choice(1, 9, "\"stop\"")
            + choice(0, 4, "\"stop\"");
    assertThat(CHAT_STREAM.measure(body + DONE))
        .isEqualTo(partial(tokens(12, 13), Reason.MULTIPLE_CHOICES));
    assertThat(CHAT_STREAM.cancelled(body))
        .isEqualTo(partial(tokens(12, 13), Reason.MULTIPLE_CHOICES, Reason.CANCELLED));
  }

  @Test
  void r19ChoicesThatBreakOffSayWhy() {
    String body = choice(0, 1, "null") + choice(1, 1, "null") + choice(1, 2, "null");
    assertThat(CHAT_STREAM.measure(body))
        .isEqualTo(partial(tokens(12, 3), Reason.MULTIPLE_CHOICES, Reason.NO_TERMINATOR));
  }

  @Test
  void r19SumThatTheBackendStatesReplacesTheChoices() {
    String sum =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":14}}\n\n";
    assertThat(
            CHAT_STREAM.measure(choice(0, 4, "\"stop\"") + choice(1, 9, "\"stop\"") + sum + DONE))
        .isEqualTo(complete(tokens(12, 14)));
  }

  @Test
  void r19MoreChoicesThanThereIsRoomForAreALowerBound() {
    StringBuilder body = new StringBuilder();
    for (int index = 0; index < 200; index++) {
      body.append(choice(index, 1, "\"stop\""));
    }
    assertThat(CHAT_STREAM.measure(body + DONE))
        .isEqualTo(partial(tokens(12, 128), Reason.MULTIPLE_CHOICES, Reason.TOO_MANY_PARTS));
    String sum =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":200}}\n\n";
    assertThat(CHAT_STREAM.measure(body + sum + DONE)).isEqualTo(complete(tokens(12, 200)));
  }

  @Test
  void r19OneChoiceIsNoReasonToDoubt() {
    assertThat(CHAT_STREAM.measure(choice(0, 1, "null") + choice(0, 4, "\"stop\"") + DONE))
        .isEqualTo(complete(tokens(12, 4)));
    assertThat(CHAT_STREAM.measure(choice(0, 1, "null") + choice(0, 4, "null")))
        .isEqualTo(partial(tokens(12, 4), Reason.NO_TERMINATOR));
  }

  @Test
  void r19UsageInsideChoicesIsAddedUpPerChoice() {
    String event =
        "data: {\"choices\":[{\"index\":%d,\"delta\":{},\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":%d}}]}\n\n";
    assertThat(CHAT_STREAM.measure(event.formatted(0, 4) + event.formatted(1, 9) + DONE))
        .isEqualTo(partial(tokens(12, 13), Reason.MULTIPLE_CHOICES));
  }

  // --- R20: zero after nonzero ---------------------------------------------------------------

  @Test
  void r20AllZeroUsageAfterARealOneDoesNotReplaceIt() {
    String real =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,\"total_tokens\":20}}\n\n";
    String zero =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}}\n\n";
    assertThat(CHAT_STREAM.measure(real + zero + DONE))
        .isEqualTo(complete(tokens(12, 8).total(20), Reason.ZERO_AFTER_NONZERO));
    assertThat(CHAT_STREAM.measure(zero + real + DONE))
        .isEqualTo(complete(tokens(12, 8).total(20)));
    assertThat(CHAT_STREAM.measure(zero + DONE)).isEqualTo(complete(tokens(0, 0).total(0)));
  }

  @Test
  void r20DeltaThatStatesNoMoreThanAZeroOutputIsTaken() {
    // All-zero are snapshots of a whole request; this one states a single count, its last value.
    String start =
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":12,\"output_tokens\":5}}}\n\n";
    String delta =
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"},\"usage\":{\"output_tokens\":0}}\n\n";
    assertThat(MESSAGES_STREAM.measure(start + delta)).isEqualTo(complete(tokens(12, 0)));
  }

  @Test
  void r20AllZeroUsageOfAnotherResponseAddsNothing() {
    String event =
        "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"%s\",\"usage\":{\"input_tokens\":%d,\"output_tokens\":%d}}}\n\n";
    Wire responses = Wire.events(Wire.RESPONSES);
    assertThat(responses.measure(event.formatted("a", 12, 8) + event.formatted("b", 0, 0)))
        .isEqualTo(complete(tokens(12, 8), Reason.SEVERAL_RESPONSES));
    assertThat(responses.measure(event.formatted("a", 12, 8) + event.formatted("a", 0, 0)))
        .isEqualTo(complete(tokens(12, 8), Reason.ZERO_AFTER_NONZERO));
  }

  // --- R21: Anthropic's cache lifetimes and iterations ---------------------------------------

  private static Measurement lifetimes(String total, String split) {
    return MESSAGES.measure(
        "{\"type\":\"message\",\"usage\":{\"input_tokens\":10,"
            + total
            + "\"cache_creation\":{"
            + split
            + "},\"output_tokens\":8}}");
  }

  @Test
  void r21LifetimesAreKeptAsFarAsTheyFitIntoTheTotal() {
    String total = "\"cache_creation_input_tokens\":600,";
    assertThat(
            lifetimes(total, "\"ephemeral_5m_input_tokens\":200,\"ephemeral_1h_input_tokens\":400"))
        .isEqualTo(complete(tokens(610, 8).cacheWrite(600, 200, 400)));
    assertThat(
            lifetimes(total, "\"ephemeral_5m_input_tokens\":200,\"ephemeral_1h_input_tokens\":0"))
        .isEqualTo(complete(tokens(610, 8).cacheWrite(600, 200, 0), Reason.UNKNOWN_TTL));
    assertThat(
            lifetimes(total, "\"ephemeral_5m_input_tokens\":500,\"ephemeral_1h_input_tokens\":400"))
        .isEqualTo(complete(tokens(610, 8).cacheWrite(600), Reason.UNKNOWN_TTL));
    assertThat(lifetimes("", "\"ephemeral_5m_input_tokens\":200,\"ephemeral_1h_input_tokens\":400"))
        .isEqualTo(complete(tokens(610, 8).cacheWrite(600, 200, 400)));
  }

  private static Measurement iterations(String top, String... iterations) {
    return MESSAGES.measure(
        "{\"type\":\"message\",\"model\":\"m\",\"usage\":{"
            + top
            + ",\"iterations\":["
            + String.join(",", iterations)
            + "]}}");
  }

  private static String iteration(String type, int input, int output, int write, int read) {
    return "{\"type\":\""
        + type
        + "\",\"input_tokens\":"
        + input
        + ",\"output_tokens\":"
        + output
        + ",\"cache_creation_input_tokens\":"
        + write
        + ",\"cache_read_input_tokens\":"
        + read
        + "}";
  }

  private static String advisor(String model, int input, int output) {
    return iteration("advisor_message", input, output, 0, 0)
        .replace("{", "{\"model\":\"" + model + "\",");
  }

  private static final String TOP =
      "\"input_tokens\":5,\"output_tokens\":7,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":55096";

  @Test
  void r21CompactionIsAddedInAllFourCounts() {
    // 110297 = 100 + 55096 written by the compaction + 5 + 55096 read by the message.
    assertThat(
            iterations(
                TOP,
                iteration("compaction", 100, 10, 55096, 0),
                iteration("message", 5, 7, 0, 55096)))
        .isEqualTo(complete(tokens(110297, 17).cacheRead(55096).cacheWrite(55096)));
  }

  @Test
  void r21IterationsOfMessagesOnlyAreTheTopLevelAgain() {
    assertThat(
            iterations(
                "\"input_tokens\":30,\"output_tokens\":11,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0",
                iteration("message", 10, 5, 0, 0),
                iteration("message", 20, 6, 0, 0)))
        .isEqualTo(complete(tokens(30, 11).cacheRead(0).cacheWrite(0)));
    String top = "\"input_tokens\":30,\"output_tokens\":11";
    assertThat(iterations(top)).isEqualTo(complete(tokens(30, 11)));
  }

  @Test
  void r21AdvisorsHaveALineForEachModel() {
    Tokens small = tokens(3, 4).cacheRead(0).cacheWrite(0);
    Tokens large = tokens(600, 60).cacheRead(0).cacheWrite(0);
    Measurement m =
        iterations(
            TOP,
            advisor("big", 100, 10),
            iteration("message", 5, 7, 0, 55096),
            advisor("small", 3, 4),
            advisor("big", 500, 50));
    assertThat(m.withOtherLines(List.of()))
        .isEqualTo(complete(tokens(55101, 7).cacheRead(55096).cacheWrite(0)));
    assertThat(m.otherLines())
        .containsExactlyInAnyOrder(
            new UsageLine("big", large.usage()), new UsageLine("small", small.usage()));
  }

  @Test
  void r21AnyFallbackMeansTheTopLevelAndWhatWasCompacted() {
    assertThat(
            iterations(
                TOP,
                iteration("message", 900, 90, 0, 0),
                iteration("fallback_message", 5, 7, 0, 55096)))
        .isEqualTo(complete(tokens(55101, 7).cacheRead(55096).cacheWrite(0)));
    assertThat(
            iterations(
                TOP,
                iteration("fallback_message", 5, 7, 0, 55096),
                iteration("compaction", 900, 90, 0, 0)))
        .isEqualTo(complete(tokens(56001, 97).cacheRead(55096).cacheWrite(0)));
  }

  @Test
  void r21MoreModelsThanThereIsRoomForAreFlagged() {
    List<String> many = new ArrayList<>();
    many.add(iteration("message", 5, 7, 0, 55096));
    for (int i = 0; i < 1000; i++) {
      many.add(advisor("m" + i, 1, 1));
    }
    Measurement m = iterations(TOP, many.toArray(String[]::new));
    assertThat(m.status()).isEqualTo(Status.PARTIAL);
    assertThat(m.has(Reason.TOO_MANY_PARTS)).isTrue();
    assertThat(m.otherLines().size()).isBetween(1, 100);
    assertThat(Objects.requireNonNull(m.usage()).prompt()).isEqualTo(55101);
  }

  // --- R22: one source of cached tokens ------------------------------------------------------

  @Test
  void r22CachedTokensComeFromTheFirstSourceThereIsAndAreNoSum() {
    List<String> sources =
        List.of(
            "\"prompt_tokens_details\":{\"cached_tokens\":1}",
            "\"cached_tokens\":2",
            "\"num_cached_tokens\":3",
            "\"prompt_cache_hit_tokens\":4",
            "\"cache_read_input_tokens\":5");
    for (int first = 0; first < sources.size(); first++) {
      for (boolean reversed : new boolean[] {false, true}) {
        List<String> present = new ArrayList<>(sources.subList(first, sources.size()));
        if (reversed) {
          java.util.Collections.reverse(present);
        }
        assertThat(
                CHAT.measure(
                    "{\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,"
                        + String.join(",", present)
                        + "}}"))
            .as("%s", present)
            .isEqualTo(complete(tokens(12, 8).cacheRead(first + 1)));
      }
    }
  }

  @Test
  void r22ZeroOfTheFirstSourceIsAnAnswer() {
    assertThat(
            CHAT.measure(
                "{\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,\"prompt_tokens_details\":{\"cached_tokens\":0},\"prompt_cache_hit_tokens\":4}}"))
        .isEqualTo(complete(tokens(12, 8).cacheRead(0)));
  }

  @Test
  void r22WrittenTokensComeFromTheFirstSourceThereIs() {
    List<String> sources =
        List.of(
            "\"cache_write_tokens\":1",
            "\"created_cache_tokens\":2",
            "\"cache_creation_input_tokens\":3");
    for (int first = 0; first < sources.size(); first++) {
      assertThat(
              CHAT.measure(
                  "{\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,\"prompt_tokens_details\":{"
                      + String.join(",", sources.subList(first, sources.size()))
                      + "}}}"))
          .isEqualTo(complete(tokens(12, 8).cacheWrite(first + 1)));
    }
  }

  // --- R23 and R24: reconciliation -----------------------------------------------------------

  private static Measurement chat(String usage) {
    return CHAT.measure("{\"usage\":{" + usage + "}}");
  }

  private static String parts(int prompt, int completion, int total, int reasoning) {
    return "\"prompt_tokens\":"
        + prompt
        + ",\"completion_tokens\":"
        + completion
        + ",\"total_tokens\":"
        + total
        + ",\"completion_tokens_details\":{\"reasoning_tokens\":"
        + reasoning
        + "}";
  }

  @Test
  void r23ReasoningIsAddedOnlyWhenTheTotalSaysSo() {
    assertThat(chat(parts(12, 50, 62, 40)))
        .isEqualTo(complete(tokens(12, 50).reasoning(40).total(62)));
    assertThat(chat(parts(12, 50, 102, 40)))
        .isEqualTo(complete(tokens(12, 90).reasoning(40).total(102), Reason.EXCLUSIVE_PART));
    assertThat(chat(parts(12, 50, 62, 0)))
        .isEqualTo(complete(tokens(12, 50).reasoning(0).total(62)));
  }

  @Test
  void r23TotalAboveItsPartsLeavesUnattributedCompletion() {
    assertThat(chat("\"prompt_tokens\":12,\"completion_tokens\":50,\"total_tokens\":70"))
        .isEqualTo(complete(tokens(12, 58).unattributed(8).total(70), Reason.RESIDUAL));
    // 102 would be exclusive; 103 is something else.
    assertThat(chat(parts(12, 50, 103, 40)))
        .isEqualTo(
            complete(tokens(12, 91).reasoning(40).unattributed(41).total(103), Reason.RESIDUAL));
  }

  @Test
  void r23TotalBelowItsPartsIsFlaggedAndThePartsStand() {
    assertThat(chat("\"prompt_tokens\":12,\"completion_tokens\":50,\"total_tokens\":60"))
        .isEqualTo(complete(tokens(12, 50).total(60), Reason.TOTAL_MISMATCH));
  }

  @Test
  void r23TotalAloneIsPartialAndBillsNothing() {
    assertThat(chat("\"total_tokens\":60"))
        .isEqualTo(partial(tokens(UNKNOWN, UNKNOWN).total(60), Reason.TOTAL_ONLY));
  }

  @Test
  void r23CompletionThatIsAbsentIsZeroOnlyWhenTheTotalSaysSo() {
    assertThat(chat("\"prompt_tokens\":12,\"total_tokens\":12"))
        .isEqualTo(complete(tokens(12, 0).total(12)));
    Measurement missing = chat("\"prompt_tokens\":12");
    assertThat(missing).isEqualTo(partial(tokens(12, UNKNOWN), Reason.MISSING_FIELD));
    assertThat(chat("\"completion_tokens\":8"))
        .isEqualTo(partial(tokens(UNKNOWN, 8), Reason.MISSING_FIELD));
  }

  @Test
  void r23CandidatesThatAreAbsentAreWhatTheTotalLeaves() {
    Wire gemini = Wire.json(Wire.GEMINI);
    assertThat(
            gemini.measure(
                "{\"usageMetadata\":{\"promptTokenCount\":10,\"thoughtsTokenCount\":50,\"totalTokenCount\":60}}"))
        .isEqualTo(complete(tokens(10, 50).reasoning(50).total(60)));
    assertThat(
            gemini.measure(
                "{\"usageMetadata\":{\"promptTokenCount\":10,\"thoughtsTokenCount\":50,\"totalTokenCount\":67}}"))
        .isEqualTo(
            complete(tokens(10, 57).reasoning(50).unattributed(7).total(67), Reason.RESIDUAL));
  }

  @Test
  void r23TotalOfConverseMayOrMayNotContainTheCache() {
    Wire converse = Wire.json(Wire.CONVERSE);
    String usage =
        "{\"usage\":{\"inputTokens\":15,\"outputTokens\":7,\"cacheReadInputTokens\":300,\"cacheWriteInputTokens\":20,\"totalTokens\":%d}}";
    for (int total : new int[] {22, 342}) {
      assertThat(converse.measure(usage.formatted(total)))
          .isEqualTo(complete(tokens(335, 7).cacheRead(300).cacheWrite(20).total(total)));
    }
  }

  @Test
  void r24CachedBeyondThePromptIsTakenAsOutsideOfIt() {
    Measurement m =
        chat(
            "\"prompt_tokens\":5,\"completion_tokens\":8,\"prompt_tokens_details\":{\"cached_tokens\":100}");
    assertThat(m).isEqualTo(complete(tokens(105, 8).cacheRead(100), Reason.EXCLUSIVE_PART));
    // The total counts them too: nothing is left that could be unattributed.
    assertThat(
            chat(
                "\"prompt_tokens\":5,\"completion_tokens\":8,\"total_tokens\":113,\"prompt_tokens_details\":{\"cached_tokens\":100}"))
        .isEqualTo(complete(tokens(105, 8).cacheRead(100).total(113), Reason.EXCLUSIVE_PART));
  }

  @Test
  void r24ReasoningBeyondTheCompletionIsTakenAsOutsideOfIt() {
    assertThat(
            chat(
                "\"prompt_tokens\":5,\"completion_tokens\":8,\"completion_tokens_details\":{\"reasoning_tokens\":100}"))
        .isEqualTo(complete(tokens(5, 108).reasoning(100), Reason.EXCLUSIVE_PART));
    // Once, also when the total says it as well.
    assertThat(chat(parts(5, 8, 113, 100)))
        .isEqualTo(complete(tokens(5, 108).reasoning(100).total(113), Reason.EXCLUSIVE_PART));
  }

  @Test
  void r24CachedOrReasoningAsMuchAsTheWholeIsAPart() {
    assertThat(
            chat(
                "\"prompt_tokens\":5,\"completion_tokens\":8,\"prompt_tokens_details\":{\"cached_tokens\":5},\"completion_tokens_details\":{\"reasoning_tokens\":8}"))
        .isEqualTo(complete(tokens(5, 8).cacheRead(5).reasoning(8)));
  }

  @Test
  void r24NoCountIsEverNegativeForAnyMixOfSmallNumbers() {
    long seed = Long.getLong("merge.seed", 1);
    java.util.Random random = new java.util.Random(seed);
    for (int i = 0; i < 2000; i++) {
      String usage =
          "\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d,\"cached_tokens\":%d,\"prompt_tokens_details\":{\"cache_write_tokens\":%d},\"reasoning_tokens\":%d"
              .formatted(
                  random.nextInt(9),
                  random.nextInt(9),
                  random.nextInt(30),
                  random.nextInt(9),
                  random.nextInt(9),
                  random.nextInt(9));
      TokenUsage u = Objects.requireNonNull(chat(usage).usage());
      for (long count : Tokens.counts(u)) {
        assertThat(count).as("seed %d, %s: %s", seed, usage, u).isGreaterThanOrEqualTo(-1);
      }
      assertThat(u.prompt()).as(usage).isGreaterThanOrEqualTo(u.part(TokenPart.CACHE_READ));
      assertThat(u.completion()).as(usage).isGreaterThanOrEqualTo(u.part(TokenPart.REASONING));
      assertThat(u.completion()).as(usage).isGreaterThanOrEqualTo(u.part(TokenPart.UNATTRIBUTED));
    }
  }

  @Test
  void r23CostOfTheProviderIsExactAndAsItWroteIt() {
    String usage = "\"prompt_tokens\":12,\"completion_tokens\":8,";
    for (String cost : List.of("0.000172125", "1.72125e-4", "0.00017212500", "1.72125E-04")) {
      assertThat(chat(usage + "\"cost\":" + cost).providerCost())
          .as(cost)
          .isEqualTo(new BigDecimal("0.000172125"));
    }
    assertThat(chat(usage + "\"cost_in_usd_ticks\":1721250").providerCost())
        .isEqualTo(new BigDecimal("0.000172125"));
    for (String none : List.of("null", "\"free\"", "{}", "[]", "true", "-1")) {
      Measurement m = chat(usage + "\"cost\":" + none);
      assertThat(m.providerCost()).as(none).isNull();
      assertThat(m).as(none).isEqualTo(complete(tokens(12, 8)));
    }
  }

  @Test
  void r23CostThatNoDecimalCanBeWrittenOutForIsNone() {
    // Written out it would have a billion digits.
    for (String cost : List.of("1e999999999", "1e-999999999", "1e2147483648", "9".repeat(2000))) {
      Measurement m = chat("\"prompt_tokens\":12,\"completion_tokens\":8,\"cost\":" + cost);
      assertThat(m.usage()).as(cost).isEqualTo(tokens(12, 8).usage());
      BigDecimal stated = m.providerCost();
      assertThat(stated == null || Math.abs(stated.precision() - stated.scale()) < 100)
          .as(cost)
          .isTrue();
      assertThat(stated == null || Math.abs(stated.scale()) < 100).as(cost).isTrue();
    }
  }

  // --- R25: the model ------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"COHERE_CHAT", "CONVERSE"})
  void r25ModelIsReadWhereEachFormatStatesIt(Format format) {
    byte[] stream = format.answer("a");
    assertThat(format.stream().record(stream, stream.length, Wire.BYTES, null).model())
        .isEqualTo("m");
    byte[] document = utf8(format.document("a", "{" + Format.PLANTED + "}"));
    assertThat(format.json().record(document, document.length, Wire.BYTES, null).model())
        .isEqualTo("m");
  }

  @Test
  void r25ModelIsCutAt256BytesAndSanitised() {
    byte[] body =
        utf8(
            "{\"type\":\"message\",\"model\":\"a\\u0007"
                + "🌍".repeat(100)
                + "\",\"usage\":{\"input_tokens\":12,\"output_tokens\":8}}");
    String model = Wire.json(Wire.MESSAGES).record(body, body.length, Wire.BYTES, null).model();
    assertThat(model).startsWith("a_🌍").matches("a_(🌍)+");
    assertThat(utf8(model).length).isBetween(250, 256);
  }

  @Test
  void r25SelectedModelAndModelOfTheResponseAreKeptApart() {
    byte[] body = utf8(Format.GENERATE_CONTENT.document("a", "{}"));
    UsageRecord record =
        Format.GENERATE_CONTENT
            .json()
            .with("x-vsr-selected-model", "selected")
            .record(body, body.length, Wire.WHOLE, null);
    assertThat(record.model()).isEqualTo("selected");
    assertThat(record.routing().responseModel()).isEqualTo("m");
  }
}
