// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.framing.Framing;
import org.junit.jupiter.api.Test;

/** What the events of a stream come to together. */
class StatedUsageTest {
  private static UsageScanner read(BodyFormat format, String... events) {
    UsageScanner scanner = new UsageScanner(format, Framing.SSE);
    feed(scanner, events);
    return scanner;
  }

  private static void feed(UsageScanner scanner, String... events) {
    for (String event : events) {
      byte[] b = utf8("data: " + event + "\n\n");
      scanner.feed(b, 0, b.length);
    }
  }

  private static String choice(int index, String counts) {
    return "{\"choices\":[{\"index\":" + index + "}],\"usage\":{" + counts + "}}";
  }

  private static String within(int index, String counts) {
    return "{\"choices\":[{\"index\":" + index + ",\"usage\":{" + counts + "}}]}";
  }

  @Test
  void textOfTheUsageIsThatOfTheOneTakenWhateverComesLater() {
    String usage = "{\"prompt_tokens\":3,\"completion_tokens\":5}";
    UsageScanner scanner =
        read(
            BodyFormat.OPENAI,
            "{\"id\":\"c\",\"usage\":" + usage + "}",
            "{\"id\":\"c\",\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0}}");
    assertThat(scanner.zeroAfterNonzeroSeen()).isTrue();
    assertThat(scanner.stated(Slots.OUTPUT)).isEqualTo(5);
    assertThat(scanner.rawUsage()).isEqualTo(usage);
    feed(scanner, "{\"usage\":{\"prompt_tokens\":4}}");
    assertThat(scanner.rawUsage()).isEqualTo("{\"prompt_tokens\":4}");
  }

  @Test
  void totalsOfZeroBesideTurnsTakeNothingBackWhenTheyAreRepeated() {
    String event =
        "{\"type\":\"message_delta\",\"usage\":{\"iterations\":[{\"type\":\"compaction\","
            + "\"input_tokens\":1,\"model\":\"b\"}],\"input_tokens\":0}}";
    UsageScanner scanner = read(BodyFormat.ANTHROPIC, event, event);
    assertThat(scanner.zeroAfterNonzeroSeen()).isFalse();
    feed(scanner, "{\"type\":\"message_delta\",\"usage\":{\"input_tokens\":3}}", event);
    assertThat(scanner.zeroAfterNonzeroSeen()).isTrue();
  }

  @Test
  void idIsTheOneThatIsStatedLastWhateverTheOneBeforeBeginsWith() {
    UsageScanner scanner = read(BodyFormat.OPENAI, "{\"id\":\"ab\",\"choices\":[]}");
    long ab = scanner.responseId();
    feed(scanner, "{\"id\":\"abc\",\"choices\":[]}");
    long abc = scanner.responseId();
    assertThat(abc).isNotEqualTo(ab);
    feed(scanner, "{\"id\":\"abc\",\"choices\":[]}");
    assertThat(scanner.responseId()).isEqualTo(abc);
    feed(scanner, "{\"id\":\"ab\",\"choices\":[]}");
    assertThat(scanner.responseId()).isEqualTo(ab);
    feed(scanner, "{\"id\":\"\\u0061b\",\"choices\":[]}");
    assertThat(scanner.responseId()).as("spelt with an escape").isEqualTo(ab);
    String tooLong = "x".repeat(65);
    feed(scanner, "{\"id\":\"" + tooLong + "\",\"choices\":[]}", "{\"id\":\"ab\"}");
    assertThat(scanner.responseId()).isEqualTo(ab);
  }

  @Test
  void valueWithinAChoiceThatIsNoCountIsFlagged() {
    UsageScanner scanner =
        read(BodyFormat.OPENAI, within(0, "\"prompt_tokens\":-1,\"completion_tokens\":5"));
    assertThat(scanner.malformedUsageSeen()).isTrue();
    feed(scanner, within(0, "\"prompt_tokens\":1,\"completion_tokens\":6"));
    assertThat(scanner.malformedUsageSeen()).as("whatever comes later").isTrue();
    assertThat(scanner.duplicateSeen()).isFalse();
    assertThat(scanner.stated(Slots.OUTPUT)).isEqualTo(6);
  }

  @Test
  void countWithinAChoiceThatIsStatedTwiceIsFlagged() {
    UsageScanner scanner =
        read(BodyFormat.OPENAI, within(0, "\"prompt_tokens\":1,\"prompt_tokens\":2"));
    assertThat(scanner.duplicateSeen()).isTrue();
    feed(scanner, within(0, "\"prompt_tokens\":2"));
    assertThat(scanner.duplicateSeen()).as("whatever comes later").isTrue();
    assertThat(scanner.malformedUsageSeen()).isFalse();
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(2);
  }

  @Test
  void promptsOfSeveralChoicesAddUpOrTheLargestCounts() {
    String[] events = {
      choice(0, "\"prompt_tokens\":10,\"completion_tokens\":1"),
      choice(1, "\"prompt_tokens\":7,\"completion_tokens\":2")
    };
    UsageScanner one = read(BodyFormat.OPENAI, events);
    assertThat(one.stated(Slots.INPUT)).isEqualTo(10);
    assertThat(one.stated(Slots.OUTPUT)).isEqualTo(3);
    UsageScanner several = new UsageScanner(BodyFormat.OPENAI, Framing.SSE);
    several.choicesPerPrompt(1);
    feed(several, events);
    assertThat(several.stated(Slots.INPUT)).isEqualTo(17);
  }

  @Test
  void choiceBeyondTheLimitDoesNotCountInPlaceOfTheOthers() {
    UsageScanner scanner =
        read(
            BodyFormat.OPENAI,
            choice(1, "\"prompt_tokens\":3,\"completion_tokens\":0"),
            choice(ChoiceUsage.MAX_CHOICES, "\"prompt_tokens\":3,\"completion_tokens\":9"));
    assertThat(scanner.stated(Slots.OUTPUT)).isZero();
    assertThat(scanner.hasTooManyParts()).isTrue();
  }

  @Test
  void reasonToFinishEndsACandidateOfAnyTypeAndWhatHasNoType() {
    String usage = "\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":5}}";
    String candidate = "\"candidates\":[{\"finishReason\":\"STOP\"}],";
    String feedback = "\"promptFeedback\":{\"blockReason\":\"SAFETY\"},";
    String type = "{\"type\":\"unheard of\",";
    assertThat(read(BodyFormat.GEMINI, "{" + candidate + usage).isFinal()).isTrue();
    assertThat(read(BodyFormat.GEMINI, type + candidate + usage).isFinal()).isTrue();
    assertThat(read(BodyFormat.GEMINI, "{" + feedback + usage).isFinal()).isTrue();
    assertThat(read(BodyFormat.GEMINI, type + feedback + usage).isFinal()).isFalse();
    assertThat(read(BodyFormat.GEMINI, "{\"candidates\":[{}]," + usage).isFinal()).isFalse();
    assertThat(read(BodyFormat.GEMINI, "{" + usage).isFinal()).isFalse();
  }

  @Test
  void turnsOfAnEventThatIsMalformedAreNotThoseOfTheNext() {
    String usage = "{\"type\":\"message\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2";
    String turns = ",\"iterations\":[{\"type\":\"compaction\",\"input_tokens\":100}]";
    UsageScanner scanner = read(BodyFormat.ANTHROPIC, usage + turns + "}]", usage + "}}");
    assertThat(scanner.malformedJsonSeen()).isTrue();
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(1);
    assertThat(read(BodyFormat.ANTHROPIC, usage + turns + "}}").stated(Slots.INPUT)).isEqualTo(100);
  }

  @Test
  void usageThatIsCutOffIsNotClosedByOneBeforeIt() {
    byte[] body = utf8("{\"usage\":{\"prompt_tokens\":5},\"usage\":{\"prompt_tokens\":1,\"compl");
    UsageScanner scanner = new UsageScanner(BodyFormat.OPENAI, Framing.JSON);
    scanner.feed(body, 0, body.length);
    scanner.end();
    assertThat(scanner.isTruncated()).isTrue();
    assertThat(scanner.usageSeen()).isFalse();
  }

  @Test
  void outputIsRunningOnceItIsStated() {
    assertThat(read(BodyFormat.OPENAI).hasRunningOutput()).isFalse();
    UsageScanner scanner = read(BodyFormat.OPENAI, choice(0, "\"prompt_tokens\":3"));
    assertThat(scanner.hasRunningOutput()).isFalse();
    feed(scanner, choice(0, "\"prompt_tokens\":3,\"completion_tokens\":0"));
    assertThat(scanner.hasRunningOutput()).isTrue();
    UsageScanner cohere =
        read(
            BodyFormat.COHERE,
            "{\"type\":\"message-end\",\"delta\":{\"usage\":{\"billed_units\":{\"output_tokens\":8}}}}");
    assertThat(cohere.hasRunningOutput()).isTrue();
  }

  @Test
  void outputOfAMessageIsNoRunningOneBeforeItsEnd() {
    UsageScanner scanner =
        read(
            BodyFormat.ANTHROPIC,
            "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}");
    assertThat(scanner.usageSeen()).isTrue();
    assertThat(scanner.hasRunningOutput()).isFalse();
    feed(
        scanner,
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":8}}");
    assertThat(scanner.hasRunningOutput()).isTrue();
  }
}
