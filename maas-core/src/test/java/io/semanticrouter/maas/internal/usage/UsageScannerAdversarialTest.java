// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static io.semanticrouter.maas.internal.usage.Bodies.concat;
import static io.semanticrouter.maas.internal.usage.Bodies.facts;
import static io.semanticrouter.maas.internal.usage.Bodies.measureJson;
import static io.semanticrouter.maas.internal.usage.Bodies.measureStream;
import static io.semanticrouter.maas.internal.usage.Bodies.scan;
import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.framing.Framing;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenUsage;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies that a payer, a model or a broken backend could send to be billed less, more or never. */
class UsageScannerAdversarialTest {
  private static final String USAGE =
      "{\"prompt_tokens\":12,\"completion_tokens\":8,\"total_tokens\":20}";
  private static final String FAKE =
      "{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}";
  private static final String FINAL_EVENT = "data: {\"choices\":[],\"usage\":" + USAGE + "}\n\n";
  private static final String TEXT_EVENT =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n";
  private static final String DONE = "data: [DONE]\n\n";

  private static final String TRUTH =
      "null prompt=12 completion=8 total=20 cacheRead=-1 cacheWrite=-1 reasoning=-1 seen final";
  private static final String NOTHING =
      "null prompt=-1 completion=-1 total=-1 cacheRead=-1 cacheWrite=-1 reasoning=-1";

  // --- what is skipped is not judged, wherever it is cut -----------------------------------------

  @ParameterizedTest
  @ValueSource(strings = {"\\q", "\\u12", "\\ud83c\\udf0"})
  void escapeThatIsNoneInATextThatIsSkippedIsTheSameWhereverItIsCut(String escape) {
    byte[] body = utf8("{\"text\":\"" + escape + "\",\"usage\":" + USAGE + "}");
    for (int size = 1; size <= body.length; size++) {
      assertThat(facts(scan(Framing.JSON, body, size))).as("chunks of %d", size).isEqualTo(TRUTH);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", ":7", "}", "{}", "]x", "]["})
  void elementsBehindWhatCannotBeToldApartAreNotReadWhereverItIsCut(String garbage) {
    String one = "{\"usageMetadata\":{\"promptTokenCount\":1,\"candidatesTokenCount\":1}}";
    byte[] body = utf8("[" + one + garbage + "," + one.replace('1', '2') + "]");
    for (int size = 1; size <= body.length; size++) {
      UsageScanner scanner = new UsageScanner(BodyFormat.GEMINI, Framing.JSON);
      Cuts.every(size, body, scanner::feed);
      scanner.end();
      assertThat(scanner.malformedJsonSeen()).isTrue();
      assertThat(scanner.isTruncated()).isFalse();
      assertThat(scanner.stated(Slots.INPUT)).as("chunks of %d", size).isEqualTo(1);
    }
  }

  // --- look-alikes ---------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"content\":\"\\\"usage\\\":{\\\"prompt_tokens\\\":1,\\\"total_tokens\\\":1}\"",
        "\"content\":\"{\\\\\\\"usage\\\\\\\":{\\\\\\\"prompt_tokens\\\\\\\":1}}\"",
        "\"content\":\"}],\\\"usage\\\":{\\\"prompt_tokens\\\":1},\\\"x\\\":[{\"",
        "\"content\":\"data: [DONE]\"",
        "\"content\":\"\\n\\ndata: [DONE]\\n\\ndata: {\\\"usage\\\":{\\\"prompt_tokens\\\":1}}\\n\\n\"",
        "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}",
        "\"tool_calls\":[{\"function\":{\"arguments\":{\"usage\":{\"prompt_tokens\":1}}}}]",
        "\"metadata\":{\"usage\":{\"prompt_tokens\":1},\"choices\":[],\"error\":{\"code\":1}}",
      })
  void usageLookAlikeInsideAMessageChangesNothing(String member) {
    String choices =
        "\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{" + member + "}}]";
    assertThat(facts(scan(Framing.JSON, "{" + choices + ",\"usage\":" + USAGE + "}")))
        .isEqualTo(TRUTH);
    assertThat(facts(scan(Framing.JSON, "{\"usage\":" + USAGE + "," + choices + "}")))
        .isEqualTo(TRUTH);
    String event = "data: {" + choices + "}\n\n";
    assertThat(facts(scan(Framing.SSE, event + FINAL_EVENT + DONE))).isEqualTo(TRUTH);
    assertThat(facts(scan(Framing.SSE, FINAL_EVENT + event + DONE))).isEqualTo(TRUTH);
    assertThat(facts(scan(Framing.SSE, event + "\n"))).isEqualTo(NOTHING);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kv_transfer_params",
        "metadata",
        "tools",
        "x_groq",
        "Usage",
        "usage ",
        "usag",
        "usagee",
        "usage\\u0000",
        "\\ud83dusage",
        "",
      })
  void usageUnderAnotherNameIsIgnoredBeforeAndBehindTheRealOne(String name) {
    String planted = "\"" + name + "\":{\"usage\":" + FAKE + ",\"prompt_tokens\":1}";
    assertThat(facts(scan(Framing.JSON, "{" + planted + ",\"usage\":" + USAGE + "}")))
        .isEqualTo(TRUTH);
    assertThat(facts(scan(Framing.JSON, "{\"usage\":" + USAGE + "," + planted + "}")))
        .isEqualTo(TRUTH);
  }

  @Test
  void literalThatALineEndCutsOffIsTheSameInAnyChunks() {
    byte[] body = utf8("data: {\"choices\":[],\"usage\":nul\n\ndata: [DONE]\n\n");
    for (int cut = 0; cut <= body.length; cut++) {
      UsageScanner scanner = new UsageScanner(Framing.SSE);
      scanner.feed(body, 0, cut);
      scanner.feed(body, cut, body.length);
      scanner.end();
      assertThat(scanner.malformedJsonSeen()).as("cut at %d", cut).isTrue();
      assertThat(scanner.malformedUsageSeen()).as("cut at %d", cut).isFalse();
    }
  }

  @Test
  void toolSchemaWithAPropertyNamedUsageIsIgnored() {
    String tools =
        "\"tools\":[{\"parameters\":{\"properties\":{\"usage\":{\"prompt_tokens\":{\"type\":\"integer\"}}}}}]";
    assertThat(facts(scan(Framing.JSON, "{" + tools + ",\"usage\":" + USAGE + "," + tools + "}")))
        .isEqualTo(TRUTH);
  }

  @Test
  void textOfADoneMarkerInAStringDoesNotMakeRunningUsageFinal() {
    String running =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"data: [DONE]\"}}],\"usage\":"
            + USAGE
            + "}\n\n";
    assertThat(scan(Framing.SSE, running).isFinal()).isFalse();
    assertThat(scan(Framing.SSE, running + "data: \"[DONE]\"\n\n").isFinal()).isFalse();
    assertThat(scan(Framing.SSE, running + "event: [DONE]\n\n").isFinal()).isFalse();
    assertThat(scan(Framing.SSE, running + "data: [DONE] really\n\n").isFinal()).isFalse();
    assertThat(scan(Framing.SSE, running + "data: [DO\ndata: NE]\n\n").isFinal()).isFalse();
    assertThat(scan(Framing.SSE, running + "data: x\ndata: [DONE]\n\n").isFinal()).isFalse();
    assertThat(scan(Framing.SSE, running + "data:   [DONE] \t\n\n").isFinal()).isTrue();
    assertThat(scan(Framing.SSE, running + "data:[DONE]\ndata:\n\n").isFinal()).isTrue();
  }

  // --- keys ----------------------------------------------------------------------------------

  @Test
  void escapedKeysAreKeysWhereverTheEscapeIsCut() {
    String usage = "{\"prompt\\u005Ftokens\":12,\"completion_token\\u0073\":8,\"total_tokens\":20}";
    byte[] body = utf8("{\"choices\":[],\"\\u0075s\\u0061ge\":" + usage + "}");
    for (int size = 1; size <= body.length; size++) {
      assertThat(facts(scan(Framing.JSON, body, size))).as("chunks of %d", size).isEqualTo(TRUTH);
    }
    for (int cut = 0; cut <= body.length; cut++) {
      UsageScanner scanner = new UsageScanner(Framing.JSON);
      scanner.feed(body, 0, cut);
      scanner.feed(body, cut, body.length);
      scanner.end();
      assertThat(facts(scanner)).as("cut at %d", cut).isEqualTo(TRUTH);
    }
  }

  @Test
  void duplicateUsageIsTakenFromTheLastOneAndFlagged() {
    assertDuplicate("\"usage\":" + FAKE + ",\"usage\":" + USAGE, 12, 8);
    assertDuplicate("\"usage\":" + USAGE + ",\"usage\":" + FAKE, 1, 1);
    assertDuplicate(
        "\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0},\"usage\":" + USAGE, 12, 8);
    assertDuplicate("\"usage\":" + USAGE + ",\"\\u0075sage\":{\"prompt_tokens\":0}", 0, -1);
  }

  @Test
  void duplicateCountIsTakenFromTheLastOneAndFlagged() {
    assertDuplicate(
        "\"usage\":{\"prompt_tokens\":5,\"prompt_tokens\":12,\"completion_tokens\":8}", 12, 8);
    assertDuplicate(
        "\"usage\":{\"prompt_tokens\":12,\"prompt_tokens\":0,\"completion_tokens\":8}", 0, 8);
  }

  @Test
  void duplicateThatTakesTheFirstBackIsFlagged() {
    assertDuplicate(
        "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,\"completion_tokens\":null}",
        12,
        -1);
    Measurement nothing = measureJson("{\"usage\":" + USAGE + ",\"usage\":null}");
    assertThat(nothing.status()).isNotEqualTo(Status.COMPLETE);
    assertThat(scan(Framing.JSON, "{\"usage\":" + USAGE + ",\"usage\":null}").duplicateSeen())
        .isTrue();
    String details =
        "{\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":12},\"prompt_tokens_details\":%s}}";
    for (String second : new String[] {"{}", "null", "{\"cached_tokens\":0}"}) {
      UsageScanner scanner = scan(Framing.JSON, details.replace("%s", second));
      assertThat(scanner.duplicateSeen()).as(second).isTrue();
      assertThat(Bodies.cacheRead(scanner)).as(second).isLessThan(12);
    }
  }

  @Test
  void duplicateWithTheSameValueIsBenign() {
    assertThat(facts(scan(Framing.JSON, "{\"usage\":" + USAGE + ",\"usage\":" + USAGE + "}")))
        .isEqualTo(TRUTH);
  }

  private static void assertDuplicate(String members, long prompt, long completion) {
    Measurement m = measureJson("{" + members + "}");
    assertThat(m.status()).as(members).isEqualTo(Status.PARTIAL);
    assertThat(m.has(Reason.DUPLICATE_KEY)).as("%s: %s", members, m).isTrue();
    TokenUsage usage = Objects.requireNonNull(m.usage());
    assertThat(usage.prompt()).as(members).isEqualTo(prompt);
    assertThat(usage.completion()).as(members).isEqualTo(completion);
  }

  // --- numbers -------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0, 0",
    "-0.0, 0",
    "12.0, 12",
    "12.000, 12",
    "1.2e1, 12",
    "1.2E+1, 12",
    "120e-1, 12",
    "0e999999, 0",
    "0.0e-999999, 0",
    "99999999, 99999999",
  })
  void integralNumberInRangeIsExact(String number, long value) {
    assertThat(count(number)).isEqualTo(value);
    Measurement m =
        measureJson("{\"usage\":{\"prompt_tokens\":" + number + ",\"completion_tokens\":1}}");
    assertThat(m.status()).isEqualTo(Status.COMPLETE);
  }

  @ParameterizedTest
  @CsvSource({"100000001, 100000001", "9007199254740991, 9007199254740991"})
  void numberThatNoExchangeCanUseIsReadExactlyAndQuarantined(String number, long value) {
    assertThat(count(number)).isEqualTo(value);
    Measurement m =
        measureJson("{\"usage\":{\"prompt_tokens\":" + number + ",\"completion_tokens\":1}}");
    assertThat(m).isEqualTo(Measurement.of(Status.FAILED, Set.of(Reason.QUARANTINED), null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1e309",
        "1e-400",
        "-5",
        "-1e0",
        "\"7\"",
        "9007199254740992",
        "9007199254740993",
        "18446744073709551615",
        "99999999999999999999999999999999999999999999999999",
        "1.5",
        "1.25e1",
        "007",
        "01",
        "1.",
        "1e",
        "1e+",
        "--1",
        "-",
        "1-1",
        "0x10",
        "true",
        "false",
        "nul",
        "{}",
        "[7]",
        "\"\"",
      })
  void numberThatIsNoCountIsUnknownAndFlaggedNotZero(String number) {
    UsageScanner scanner = scan(Framing.JSON, body(number));
    assertThat(Bodies.prompt(scanner)).isEqualTo(UsageScanner.ABSENT);
    assertThat(Bodies.completion(scanner)).isEqualTo(8);
    assertThat(scanner.malformedUsageSeen()).isTrue();
    Measurement m = measureJson(body(number));
    assertThat(m.status()).isEqualTo(Status.PARTIAL);
    assertThat(m.has(Reason.MALFORMED_USAGE)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"NaN", "Infinity", "+1", ".5", "", "'7'", "undefined"})
  void numberThatIsNoJsonIsNeverComplete(String number) {
    assertThat(measureJson(body(number)).status()).isEqualTo(Status.FAILED);
  }

  @Test
  void numberOfFourHundredDigitsIsFlaggedAndTheRestIsRead() {
    for (String digits : new String[] {"9".repeat(400), "0".repeat(400), "1" + "0".repeat(399)}) {
      byte[] body = utf8(body(digits));
      for (int size : new int[] {1, 31, 32, 33, 400, body.length}) {
        UsageScanner scanner = scan(Framing.JSON, body, size);
        assertThat(Bodies.prompt(scanner)).isEqualTo(UsageScanner.ABSENT);
        assertThat(Bodies.completion(scanner)).isEqualTo(8);
        assertThat(scanner.malformedUsageSeen()).isTrue();
      }
    }
  }

  private static String body(String prompt) {
    return "{\"usage\":{\"prompt_tokens\":" + prompt + ",\"completion_tokens\":8}}";
  }

  private static long count(String number) {
    return Bodies.prompt(scan(Framing.JSON, body(number)));
  }

  // --- shapes of usage -----------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(strings = {"\"x\"", "\"\"", "[]", "[" + FAKE + "]", "7", "true", "false"})
  void usageThatIsNoObjectIsMalformed(String usage) {
    for (String body :
        new String[] {"{\"usage\":" + usage + "}", "{\"usage\":" + usage + ",\"choices\":[]}"}) {
      Measurement m = measureJson(body);
      assertThat(m.status()).as(body).isEqualTo(Status.FAILED);
      assertThat(m.reasons()).as(body).isEqualTo(Set.of(Reason.MALFORMED_USAGE));
      assertThat(measureStream("data: " + body + "\n\n")).as(body).isEqualTo(m);
    }
  }

  @Test
  void usageNullOrAbsentIsBenign() {
    for (String body : new String[] {"{\"usage\":null}", "{}", "{\"usage\":{}}", " {\"a\":1} "}) {
      assertThat(measureJson(body))
          .as(body)
          .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.NO_USAGE), null));
    }
    assertThat(facts(scan(Framing.SSE, "data: {\"usage\":null}\n\n" + FINAL_EVENT)))
        .isEqualTo(TRUTH);
    assertThat(facts(scan(Framing.SSE, FINAL_EVENT + "data: {\"usage\":null}\n\n")))
        .isEqualTo(TRUTH);
  }

  @Test
  void detailsNullAreBenignAndDetailsOfAnotherKindAreFlagged() {
    String usage =
        "{\"usage\":{\"prompt_tokens\":12,\"prompt_tokens_details\":%s,\"completion_tokens\":8}}";
    assertThat(measureJson(usage.replace("%s", "null")).status()).isEqualTo(Status.COMPLETE);
    assertThat(measureJson(usage.replace("%s", "{\"cached_tokens\":null}")).status())
        .isEqualTo(Status.COMPLETE);
    for (String details : new String[] {"7", "\"x\"", "[]", "true"}) {
      Measurement m = measureJson(usage.replace("%s", details));
      assertThat(m.reasons()).as(details).isEqualTo(Set.of(Reason.MALFORMED_USAGE));
      assertThat(Objects.requireNonNull(m.usage()).completion()).isEqualTo(8);
    }
  }

  @Test
  void turnsOfAUsageThatDoesNotCountTakeNothingBack() {
    String usage =
        "{\"iterations\":[{\"type\":\"compaction\",\"input_tokens\":5}],\"input_tokens\":1}";
    byte[] body = utf8("{\"usage\":" + usage + ",\"message\":{\"usage\":{\"iterations\":null}}}");
    UsageScanner scanner = new UsageScanner(BodyFormat.ANTHROPIC, Framing.JSON);
    scanner.feed(body, 0, body.length);
    scanner.end();
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"0\"", "{}", "[1]", "true", "-1"})
  void indexOfAChoiceThatIsNoNumberCostsNothing(String index) {
    String choices = "{\"choices\":[{\"index\":" + index + "}],\"usage\":" + USAGE + "}";
    assertThat(facts(scan(Framing.JSON, choices))).isEqualTo(TRUTH);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"iterations\":[{\"type\":\"compaction\",\"input_tokens\":\"7\"},{}]",
        "\"iterations\":[{\"type\":\"compaction\",\"cache_creation\":7}]",
        "\"iterations\":[7]",
        "\"iterations\":7"
      })
  void turnWhoseCountIsNoneIsFlagged(String iterations) {
    byte[] body = utf8("{\"type\":\"message\",\"usage\":{\"input_tokens\":1," + iterations + "}}");
    UsageScanner scanner = new UsageScanner(BodyFormat.ANTHROPIC, Framing.JSON);
    scanner.feed(body, 0, body.length);
    scanner.end();
    assertThat(scanner.malformedUsageSeen()).isTrue();
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.00123",
        "1e309",
        "-7",
        "\"x\"",
        "\"\\\"}\"",
        "true",
        "null",
        "[1,[2,{\"prompt_tokens\":3}]]",
        "{\"prompt_tokens\":1,\"usage\":{\"prompt_tokens\":2}}",
        "[]",
        "{}",
      })
  void unknownFieldInsideUsageDoesNotTouchTheRest(String value) {
    String usage =
        "{\"a\":%s,\"prompt_tokens\":12,\"b\":%s,\"completion_tokens\":8,\"total_tokens\":20,\"c\":%s}";
    String body = "{\"usage\":" + usage.replace("%s", value) + "}";
    assertThat(facts(scan(Framing.JSON, body))).isEqualTo(TRUTH);
  }

  @Test
  void explicitZeroIsACount() {
    Measurement m =
        measureJson("{\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}}");
    assertThat(m.status()).isEqualTo(Status.COMPLETE);
    assertThat(Objects.requireNonNull(m.usage()).prompt()).isZero();
  }

  @Test
  void allZeroUsageBehindARealOneIsNotTaken() {
    String zero =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}}\n\n";
    assertThat(facts(scan(Framing.SSE, FINAL_EVENT + zero + DONE)))
        .isEqualTo(TRUTH + " zeroAfterNonzero");
    assertThat(measureStream(FINAL_EVENT + zero + DONE).status()).isEqualTo(Status.COMPLETE);
    assertThat(facts(scan(Framing.SSE, zero + FINAL_EVENT + DONE))).isEqualTo(TRUTH);
  }

  @Test
  void emptyFinishReasonIsNone() {
    String running =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":%s}],\"usage\":"
            + USAGE
            + "}\n\n";
    assertThat(scan(Framing.SSE, String.format(running, "\"\"")).isFinal()).isFalse();
    assertThat(scan(Framing.SSE, String.format(running, "null")).isFinal()).isFalse();
    assertThat(scan(Framing.SSE, String.format(running, "\"stop\"")).isFinal()).isTrue();
    assertThat(scan(Framing.SSE, String.format(running, "\"\\u0073\"")).isFinal()).isTrue();
  }

  @Test
  void emptyErrorIsNone() {
    assertThat(scan(Framing.JSON, "{\"error\":\"\",\"usage\":" + USAGE + "}").errorSeen())
        .isFalse();
    assertThat(scan(Framing.JSON, "{\"error\":null,\"usage\":" + USAGE + "}").errorSeen())
        .isFalse();
    assertThat(scan(Framing.JSON, "{\"error\":\"no\"}").errorSeen()).isTrue();
    assertThat(scan(Framing.JSON, "{\"error\":{}}").errorSeen()).isTrue();
  }

  // --- order and ends ------------------------------------------------------------------------

  @Test
  void usageBeforeAndBehindChoicesIsTheSame() {
    String choice = "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]";
    for (String choices : new String[] {"[]", choice}) {
      assertThat(
              facts(
                  scan(
                      Framing.SSE,
                      "data: {\"choices\":" + choices + ",\"usage\":" + USAGE + "}\n\n")))
          .isEqualTo(TRUTH);
      assertThat(
              facts(
                  scan(
                      Framing.SSE,
                      "data: {\"usage\":" + USAGE + ",\"choices\":" + choices + "}\n\n")))
          .isEqualTo(TRUTH);
    }
  }

  @Test
  void runningUsageOfOneOfSeveralChoicesIsNeverComplete() {
    String event =
        "data: {\"choices\":[{\"index\":%d,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":"
            + USAGE
            + "}\n\n";
    Measurement m = measureStream(String.format(event, 0) + String.format(event, 1) + DONE);
    assertThat(m.status()).isEqualTo(Status.PARTIAL);
    assertThat(m.reasons()).isEqualTo(Set.of(Reason.MULTIPLE_CHOICES));
  }

  @Test
  void bytesBehindDoneAreReadAndTakeNothingBack() {
    assertThat(facts(scan(Framing.SSE, FINAL_EVENT + DONE + TEXT_EVENT + "data: x\n\n")))
        .isEqualTo(TRUTH);
    assertThat(facts(scan(Framing.SSE, TEXT_EVENT + DONE + FINAL_EVENT + DONE))).isEqualTo(TRUTH);
  }

  @Test
  void streamWithoutDoneIsCompleteWhenItsUsageIsFinal() {
    assertThat(measureStream(TEXT_EVENT + FINAL_EVENT).status()).isEqualTo(Status.COMPLETE);
    String running =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"usage\":"
            + USAGE
            + "}\n\n";
    assertThat(measureStream(running))
        .extracting(Measurement::status, Measurement::reasons)
        .containsExactly(Status.PARTIAL, Set.of(Reason.NO_TERMINATOR));
  }

  @Test
  void errorInTheStreamKeepsWhatWasSeenAndIsNeverComplete() {
    String error = "data: {\"error\":{\"message\":\"m\",\"usage\":" + FAKE + "}}\n\n";
    assertThat(measureStream(TEXT_EVENT + error + DONE))
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.IN_BAND_ERROR), null));
    Measurement m = measureStream(FINAL_EVENT + error + DONE);
    assertThat(m.status()).isEqualTo(Status.PARTIAL);
    assertThat(Objects.requireNonNull(m.usage()).prompt()).isEqualTo(12);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\n\r\n\t ", "\uFEFF", "\uFEFF\n"})
  void emptyBodyHasNoUsage(String body) {
    Measurement none = Measurement.of(Status.NONE, Set.of(Reason.NO_USAGE), null);
    assertThat(measureJson(body)).isEqualTo(none);
    assertThat(measureStream(body)).isEqualTo(none);
    assertThat(facts(scan(Framing.DETECT, body))).isEqualTo(NOTHING);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"null", "123", "true", "\"usage\"", "[]", "[" + "{\"usage\":{}}]", "123\n"})
  void bodyThatIsNoObjectHasNoUsage(String body) {
    assertThat(measureJson(body))
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.NO_USAGE), null));
  }

  @Test
  void concatenatedDocumentsAreReadOneAfterTheOther() {
    String first = "{\"usage\":" + FAKE + ",\"choices\":[{\"index\":0}]}";
    String last = "{\"usage\":" + USAGE + ",\"choices\":[]}";
    for (String between : new String[] {"", "\n", "\r\n", " \n\n "}) {
      assertThat(facts(scan(Framing.JSON, first + between + last + between))).isEqualTo(TRUTH);
    }
  }

  @Test
  void linesOfRunningUsageThatStopAreNotComplete() {
    String line =
        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":null}],\"usage\":"
            + FAKE
            + "}\n";
    assertThat(scan(Framing.JSON, line + line).isFinal()).isFalse();
    assertThat(scan(Framing.JSON, line).isFinal()).as("one document is the whole body").isTrue();
    String finish = line.replace("null", "\"stop\"");
    assertThat(scan(Framing.JSON, line + finish).isFinal()).isTrue();
  }

  @Test
  void garbageBehindADocumentIsFlagged() {
    assertThat(measureJson("{\"usage\":" + USAGE + "}x").reasons())
        .isEqualTo(Set.of(Reason.MALFORMED_JSON));
    assertThat(measureStream("data: {\"usage\":" + USAGE + "}{}\n\n").reasons())
        .isEqualTo(Set.of(Reason.MALFORMED_JSON));
  }

  // --- lines of the event stream -------------------------------------------------------------

  @Test
  void carriageReturnsAloneAndMixedLineEndsAreLineEnds() {
    String stream = ": c\nevent: message\nid: 1\n" + TEXT_EVENT + FINAL_EVENT + DONE;
    assertThat(facts(scan(Framing.SSE, stream.replace('\n', '\r')))).isEqualTo(TRUTH);
    byte[] crlf = utf8(stream.replace("\n", "\r\n"));
    for (int cut = 0; cut <= crlf.length; cut++) {
      UsageScanner scanner = new UsageScanner(Framing.SSE);
      scanner.feed(crlf, 0, cut);
      scanner.feed(crlf, cut, crlf.length);
      scanner.end();
      assertThat(facts(scanner)).as("cut at %d", cut).isEqualTo(TRUTH);
    }
    assertThat(facts(scan(Framing.SSE, stream.replace("\n\n", "\r\n\n")))).isEqualTo(TRUTH);
    assertThat(facts(scan(Framing.SSE, stream.replace("\n\n", "\n\r")))).isEqualTo(TRUTH);
  }

  @Test
  void byteOrderMarkIsTakenOffOnceAndOnlyWhole() {
    byte[] bom = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
    byte[] event = utf8(FINAL_EVENT);
    byte[] json = utf8("{\"usage\":" + USAGE + "}");
    for (int size = 1; size <= 4; size++) {
      assertThat(facts(scan(Framing.SSE, concat(bom, event), size))).isEqualTo(TRUTH);
      assertThat(facts(scan(Framing.JSON, concat(bom, json), size))).isEqualTo(TRUTH);
      assertThat(facts(scan(Framing.DETECT, concat(bom, event), size))).isEqualTo(TRUTH);
      assertThat(facts(scan(Framing.DETECT, concat(bom, json), size))).isEqualTo(TRUTH);
      assertThat(scan(Framing.SSE, concat(bom, bom, event), size).usageSeen()).isFalse();
      assertThat(scan(Framing.JSON, concat(bom, bom, json), size).malformedJsonSeen()).isTrue();
      for (int part = 1; part < 3; part++) {
        byte[] partial = java.util.Arrays.copyOf(bom, part);
        assertThat(scan(Framing.SSE, concat(partial, event), size).usageSeen()).isFalse();
        assertThat(scan(Framing.JSON, concat(partial, json), size).malformedJsonSeen()).isTrue();
      }
    }
  }

  @Test
  void onlyLinesOfTheFieldDataAreData() {
    String usage = "{\"usage\":" + USAGE + "}\n\n";
    assertThat(facts(scan(Framing.SSE, "data:" + usage))).isEqualTo(TRUTH);
    assertThat(facts(scan(Framing.SSE, "data:  " + usage))).isEqualTo(TRUTH);
    for (String other :
        new String[] {
          " data: ", ":data: ", "dat: ", "datas: ", "Data: ", "data : ", "event: ", "id: ",
          "\tdata:"
        }) {
      assertThat(scan(Framing.SSE, other + usage).usageSeen()).as(other).isFalse();
    }
    for (String line :
        new String[] {":\n", ": c\n", "event: x\n", "retry: 7\n", "foo\n", "data\n", "data:\n"}) {
      assertThat(facts(scan(Framing.SSE, line + "data: " + usage))).as(line).isEqualTo(TRUTH);
      assertThat(facts(scan(Framing.SSE, line + "\ndata: " + usage))).as(line).isEqualTo(TRUTH);
    }
  }

  @Test
  void eventDataOnSeveralLinesIsJoinedByLineFeeds() {
    String event =
        "data: {\"usage\":\ndata: {\"prompt_tokens\":12,\ndata:\ndata\n: comment\ndata:\"completion_tokens\":8,\"total_tokens\":20\ndata: }}\n\n";
    assertThat(facts(scan(Framing.SSE, event))).isEqualTo(TRUTH);
    assertThat(facts(scan(Framing.SSE, event.replace("\n", "\r\n")))).isEqualTo(TRUTH);
    assertThat(scan(Framing.SSE, event.replace("12", "1\ndata: 2")).malformedJsonSeen()).isTrue();
    assertThat(Bodies.prompt(scan(Framing.SSE, event.replace("prompt", "pro\ndata: mpt"))))
        .isEqualTo(-1);
  }

  @Test
  void valueThatALineEndCutsOffSaysNothingWhereverItIsCut() {
    byte[] body = utf8("data: {\"error\":f\n");
    for (int size = 1; size <= body.length; size++) {
      UsageScanner scanner = scan(Framing.SSE, body, size);
      assertThat(scanner.errorSeen()).as("chunks of %d", size).isFalse();
      assertThat(scanner.isTruncated()).isTrue();
    }
  }

  @Test
  void lineFeedBetweenDataLinesTakesAnEscapeWithIt() {
    String followed = "data: {\"object\":\"\\\ndata: n\",\"usage\":" + USAGE + "}\n\n";
    assertThat(scan(Framing.SSE, followed).malformedJsonSeen()).isTrue();
    String unicode = "data: {\"object\":\"\\u00\ndata: 75\",\"usage\":" + USAGE + "}\n\n";
    assertThat(scan(Framing.SSE, unicode).malformedJsonSeen()).isTrue();
    // In a skipped string the escape is not judged, but it ends: the next quote closes the string.
    String skipped = "data: {\"a\":[\"\\\ndata: \"],\"usage\":" + USAGE + "}\n\n";
    assertThat(facts(scan(Framing.SSE, skipped))).isEqualTo(TRUTH);
  }

  @Test
  void eventThatNoBlankLineEndsIsRead() {
    assertThat(facts(scan(Framing.SSE, FINAL_EVENT.strip()))).isEqualTo(TRUTH + " unterminated");
    assertThat(measureStream(FINAL_EVENT.strip()))
        .extracting(Measurement::status, Measurement::reasons)
        .containsExactly(Status.COMPLETE, Set.of(Reason.UNTERMINATED_FINAL));
  }

  @Test
  void malformedEventCostsCertaintyButNotTheEventsBehindIt() {
    for (String broken :
        new String[] {
          "{\"usage\":" + FAKE + ",}",
          "{\"usage\":" + FAKE + "]",
          "{\"usage\":{\"prompt_tokens\":5",
          "{,}",
          "{\"a\" 1}",
          "{\"a\":1 2}",
          "{a:1}",
          "{\"choices\":[,]}",
          "{\"choices\":[1,]}",
          "{\"choices\":[}",
          "{\"x\":[}}",
        }) {
      Measurement m = measureStream("data: " + broken + "\n\n" + FINAL_EVENT + DONE);
      assertThat(m.reasons()).as(broken).isEqualTo(Set.of(Reason.MALFORMED_JSON));
      assertThat(Objects.requireNonNull(m.usage()).prompt()).as(broken).isEqualTo(12);
    }
  }

  // --- bytes ---------------------------------------------------------------------------------

  @Test
  void fourByteCharacterMayBeCutAtEachOffset() {
    byte[] json =
        utf8("{\"model\":\"m🌍x\",\"choices\":[\"🌍\"],\"🌍\":1,\"usage\":" + USAGE + "}");
    for (int cut = 0; cut <= json.length; cut++) {
      UsageScanner scanner = new UsageScanner(Framing.JSON);
      scanner.feed(json, 0, cut);
      scanner.feed(json, cut, json.length);
      scanner.end();
      assertThat(facts(scanner)).as("cut at %d", cut).isEqualTo(TRUTH.replace("null", "m🌍x"));
    }
  }

  @Test
  void nulAndInvalidUtf8InStringsStopNothing() {
    byte[][] strange = {
      {0},
      {(byte) 0xFF},
      {(byte) 0xC3},
      {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
      {(byte) 0x80, 0, 1}
    };
    for (byte[] bytes : strange) {
      byte[] json =
          concat(
              utf8("{\"a\":\""),
              bytes,
              utf8("\",\"b\":[\""),
              bytes,
              utf8("\"],\"c"),
              bytes,
              utf8("\":1,\"choices\":[{\"delta\":{\"content\":\""),
              bytes,
              utf8("\"},\"finish_reason\":\"stop\"}],\"usage\":" + USAGE + "}"));
      assertThat(facts(scan(Framing.JSON, json))).isEqualTo(TRUTH);
      assertThat(facts(scan(Framing.SSE, concat(utf8("data: "), json, utf8("\n\n")))))
          .isEqualTo(TRUTH);
    }
  }

  @Test
  void modelNameIsCutAt256BytesBetweenCharacters() {
    assertThat(model("x".repeat(256) + "y")).isEqualTo("x".repeat(256));
    assertThat(model("x".repeat(254) + "🌍")).isEqualTo("x".repeat(254));
    assertThat(model("x".repeat(252) + "🌍tail")).isEqualTo("x".repeat(252) + "🌍");
    assertThat(model("\\ud83c\\udf0d \\ud83c \\n\\/")).isEqualTo("🌍 \uFFFD \n/");
    assertThat(model("x".repeat(255) + "\\ud83c\\udf0d")).isEqualTo("x".repeat(255));
  }

  private static String model(String json) {
    return String.valueOf(scan(Framing.JSON, "{\"model\":\"" + json + "\"}").model());
  }

  // --- size ----------------------------------------------------------------------------------

  @Test
  @Tag("slow")
  void eventOfFortyMegabytesIsReadWithoutKeepingIt() {
    byte[] megabyte = "x\\\"y{[é".repeat(131_072).getBytes(StandardCharsets.UTF_8);
    for (String open :
        new String[] {"{\"choices\":[{\"delta\":{\"content\":\"", "{\"a\":\"", "{\""}) {
      UsageScanner scanner = new UsageScanner(Framing.SSE);
      feed(scanner, "data: " + open);
      long before = Allocation.ofThisThread();
      for (int i = 0; i < 40; i++) {
        scanner.feed(megabyte, 0, megabyte.length);
      }
      assertThat(Allocation.ofThisThread() - before).as("bytes allocated").isLessThan(4096);
      feed(
          scanner, open.equals("{\"") ? "\":1}\n\n" : open.length() < 8 ? "\"}\n\n" : "\"}}]}\n\n");
      feed(scanner, FINAL_EVENT);
      scanner.end();
      assertThat(facts(scanner)).as(open).isEqualTo(TRUTH);
    }
  }

  @Test
  void nestingAMillionDeepIsSkippedWithoutRecursion() {
    int depth = 1_000_000;
    for (String[] pair : new String[][] {{"[", "]"}, {"{\"a\":", "}"}, {"[{\"usage\":", "}]"}}) {
      UsageScanner scanner = new UsageScanner(Framing.JSON);
      feed(scanner, "{\"deep\":");
      byte[] open = utf8(pair[0].repeat(1000));
      byte[] close = utf8(pair[1].repeat(1000));
      long before = Allocation.ofThisThread();
      for (int i = 0; i < depth / 1000; i++) {
        scanner.feed(open, 0, open.length);
      }
      feed(scanner, "1");
      for (int i = 0; i < depth / 1000; i++) {
        scanner.feed(close, 0, close.length);
      }
      assertThat(Allocation.ofThisThread() - before).as("bytes allocated").isLessThan(4096);
      feed(scanner, ",\"usage\":" + USAGE + "}");
      scanner.end();
      assertThat(facts(scanner)).as(pair[0]).isEqualTo(TRUTH);
    }
  }

  @Test
  void tenThousandEventsWithoutUsageAllocateNothing() {
    byte[] events =
        utf8((TEXT_EVENT + TEXT_EVENT.replace("}]}", "}],\"usage\":null}")).repeat(1000));
    UsageScanner scanner = new UsageScanner(Framing.SSE);
    for (int i = 0; i < 20; i++) {
      scanner.feed(events, 0, events.length);
    }
    long allocated =
        Allocation.leastOf(
            () -> {
              for (int i = 0; i < 5; i++) {
                for (int from = 0; from < events.length; from += 1400) {
                  scanner.feed(events, from, Math.min(events.length, from + 1400));
                }
              }
            });
    assertThat(allocated).as("bytes for 10,000 events").isLessThan(1024);
  }

  @Test
  void tenThousandEventsWithRunningUsageAllocateNothing() {
    byte[] events = utf8(FINAL_EVENT.repeat(1000));
    UsageScanner scanner = new UsageScanner(Framing.SSE);
    for (int i = 0; i < 20; i++) {
      scanner.feed(events, 0, events.length);
    }
    long allocated =
        Allocation.leastOf(
            () -> {
              for (int i = 0; i < 10; i++) {
                scanner.feed(events, 0, events.length);
              }
            });
    assertThat(allocated).as("bytes for 10,000 events").isLessThan(1024);
  }

  private static void feed(UsageScanner scanner, String text) {
    byte[] bytes = utf8(text);
    scanner.feed(bytes, 0, bytes.length);
  }
}
