// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.framing.Framing;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Events that begin and end alike say what they say when nothing of them is compared. */
class RepeatsTest {
  private static final String CHUNK =
      "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"";

  @Test
  void imagesBeforeTheTextCountInEachEvent() {
    UsageScanner scanner =
        read(BodyFormat.IMAGE, alike("{\"data\":[{}],\"text\":\"", "\"}", "a", "b", "c", "d"));
    assertThat(scanner.images()).isEqualTo(4);
  }

  @Test
  void costBeforeTheTextIsThatOfEachEvent() {
    // A usage without counts says nothing by itself, and the next choice takes its place.
    String begin = "{\"choices\":[{\"usage\":{\"cost\":0.5}},{\"delta\":{\"content\":\"";
    List<String> events = alike(begin, "\"}}]}", "a", "b");
    events.addAll(alike(begin, "\"}}],\"usage\":{\"prompt_tokens\":7}}", "c"));
    UsageScanner scanner = read(BodyFormat.OPENAI, events);
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(7);
    assertThat(scanner.providerCost()).isEqualByComparingTo("0.5");
  }

  @Test
  void usageOfAChoiceBeforeTheTextIsThatOfEachEvent() {
    String begin =
        "{\"choices\":[{\"index\":0,\"usage\":{\"prompt_tokens\":7}},{\"index\":1,\"text\":\"";
    List<String> events = alike(begin, "\"}}", "a", "b"); // which are malformed
    events.addAll(alike(begin, "\"}]}", "c"));
    assertThat(read(BodyFormat.OPENAI, events).stated(Slots.INPUT)).isEqualTo(7);
  }

  @Test
  void usageBeforeTheTextIsThatOfEachEvent() {
    List<String> events = alike("{\"usage\":{\"prompt_tokens\":7},\"text\":\"", "\"}]", "a", "b");
    events.addAll(alike("{\"usage\":{\"prompt_tokens\":7},\"text\":\"", "\"}", "c"));
    assertThat(read(BodyFormat.OPENAI, events).stated(Slots.INPUT)).isEqualTo(7);
  }

  @Test
  void usageBehindTheTextIsThatOfEachEvent() {
    List<String> events = alike(CHUNK, "\"}}],\"usage\":null}", "a", "b", "c");
    for (int tokens = 1; tokens < 4; tokens++) {
      String end = "\"}}],\"usage\":{\"prompt_tokens\":" + tokens + "}}";
      events.addAll(alike(CHUNK, end, "d", "e"));
      UsageScanner scanner = read(BodyFormat.OPENAI, events);
      assertThat(scanner.stated(Slots.INPUT)).isEqualTo(tokens);
      assertThat(scanner.deltas()).isEqualTo(events.size());
    }
  }

  @Test
  void usageThatComesAgainAfterAnotherOneIsStatedAgain() {
    String usage = "\"}}],\"usage\":{\"prompt_tokens\":7}}";
    String longer = "\"}}],\"pad\":\"" + "x".repeat(200) + "\",\"usage\":{\"prompt_tokens\":9}}";
    List<String> events = alike(CHUNK, usage, "a", "b", "c");
    events.addAll(alike(CHUNK, longer, "d"));
    assertThat(read(BodyFormat.OPENAI, events).stated(Slots.INPUT)).isEqualTo(9);
    events.addAll(alike(CHUNK, usage, "e"));
    assertThat(read(BodyFormat.OPENAI, events).stated(Slots.INPUT)).isEqualTo(7);
  }

  @Test
  void endThatIsLikeTheLastOneButForItsLastByteIsRead() {
    List<String> events = alike(CHUNK, "\"}}],\"usage\":null}", "a", "b", "c");
    events.addAll(alike(CHUNK, "\"}}],\"usage\":null]", "d"));
    assertThat(read(BodyFormat.OPENAI, events).malformedJsonSeen()).isTrue();
  }

  @Test
  void endThatIsCutOffIsMalformed() {
    String end = "\"}}],\"usage\":null}";
    for (int cut = 0; cut < end.length(); cut++) {
      List<String> events = alike(CHUNK, end, "a", "b", "c");
      events.addAll(alike(CHUNK, end.substring(0, cut), "d"));
      assertThat(read(BodyFormat.OPENAI, events).malformedJsonSeen()).as("cut at %d", cut).isTrue();
    }
  }

  @Test
  void endOfAnEventThatWasCutOffIsNoEnd() {
    List<String> events = alike(CHUNK, "\"}}", "a", "b", "c");
    events.addAll(alike(CHUNK, "\"}}],\"usage\":{\"prompt_tokens\":7}}", "d"));
    assertThat(read(BodyFormat.OPENAI, events).stated(Slots.INPUT)).isEqualTo(7);
  }

  @Test
  void eventThatEndsWithinWhatIsKnownIsMalformed() {
    for (int cut = 1; cut < CHUNK.length(); cut++) {
      List<String> events = alike(CHUNK, "\"}}]}", "a", "b", "c");
      events.add(CHUNK.substring(0, cut));
      UsageScanner scanner = read(BodyFormat.OPENAI, events);
      assertThat(scanner.malformedJsonSeen()).as("cut at %d", cut).isTrue();
    }
  }

  @Test
  void bytesBehindAnEndThatIsKnownAreFlagged() {
    List<String> events = alike(CHUNK, "\"}}]}", "a", "b", "c");
    events.addAll(alike(CHUNK, "\"}}]}x", "d"));
    assertThat(read(BodyFormat.OPENAI, events).malformedJsonSeen()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 14, 15, 16, 17, 100, 180, 190, 191, 192, 193, 255, 256, 257, 300, 1000})
  void beginningsAndEndsOfAnyLengthAreRead(int length) {
    String pad = "x".repeat(length);
    String end = "\"}}],\"pad\":\"" + pad + "\"}";
    String begin = "{\"pad\":\"" + pad + "\"," + CHUNK.substring(1);
    String usage = "\"}}],\"usage\":{\"prompt_tokens\":7}}";
    List<String> events = alike(CHUNK, end, "a", "b", "c");
    events.addAll(alike(begin, "\"}}]}", "d", "e", "f"));
    events.addAll(alike(begin, end, "g", "h", "i"));
    events.addAll(alike(begin, usage, "j", "k", "l"));
    UsageScanner scanner = read(BodyFormat.OPENAI, events);
    assertThat(scanner.deltas()).isEqualTo(12);
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(7);
  }

  @Test
  void textsThatBeginAlikeAreRead() {
    for (int length : new int[] {1, 15, 16, 31, 32, 33, 64, 200}) {
      String pad = "y".repeat(length);
      List<String> events = alike(CHUNK, "\"}}]}", "a", "b", pad + "a", pad + "b", pad + "\\\"c");
      events.addAll(alike(CHUNK, "\"}}],\"usage\":{\"prompt_tokens\":7}}", pad + "\\", pad + "d"));
      events.addAll(alike(CHUNK, "\"}}]}", "", "\\n", "\\\\", "e"));
      UsageScanner scanner = read(BodyFormat.OPENAI, events);
      assertThat(scanner.stated(Slots.INPUT)).isEqualTo(7);
    }
  }

  @Test
  void whatAnEventSaysBeforeItsTextIsNotSaidByOneThatDiffersThere() {
    String finished = CHUNK.replace("\"delta\"", "\"finish_reason\":\"stop\",\"delta\"");
    String failed = CHUNK.replace("\"choices\"", "\"error\":{},\"choices\"");
    String usage = "\"}}],\"usage\":{\"prompt_tokens\":7}}";
    List<String> events = alike(finished, "\"}}]}", "a", "b", "c");
    events.addAll(alike(CHUNK, usage, "a", "b", "c"));
    assertThat(read(BodyFormat.OPENAI, events).isFinal()).isFalse();
    events.addAll(alike(finished, usage, "a", "b", "c"));
    UsageScanner scanner = read(BodyFormat.OPENAI, events);
    assertThat(scanner.isFinal()).isTrue();
    assertThat(scanner.errorSeen()).isFalse();
    events.addAll(alike(failed, usage, "a", "b", "c"));
    assertThat(read(BodyFormat.OPENAI, events).errorSeen()).isTrue();
  }

  @Test
  void eventsThatDifferInANumberAreRead() {
    List<String> events = new ArrayList<>();
    for (int choice = 10; choice < 16; choice++) {
      events.add(
          "{\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\": "
              + choice
              + " }],\"usage\":{\"completion_tokens\":"
              + choice
              + "}}");
    }
    UsageScanner scanner = read(BodyFormat.OPENAI, events);
    assertThat(scanner.isOfSeveralChoices()).isTrue();
    assertThat(scanner.stated(Slots.OUTPUT)).isEqualTo(10 + 11 + 12 + 13 + 14 + 15);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"other values\":[[%s],\"x\"],\"usage\":{\"prompt_tokens\":7}}",
        "{\"other values\":[[%s,{}],[\"x\"]],\"usage\":{\"prompt_tokens\":7}}",
        "{\"other value\": \"x\", \"n\": %s, \"usage\":{\"prompt_tokens\":7}}",
        "{\"other value\": \"x\", \"n%s\": 1, \"usage\":{\"prompt_tokens\":7}}",
        "{\"other value\": \"x\" , \"n\": \"\\u00e%s\", \"usage\":{\"prompt_tokens\":7}}",
        "{\"choices\": [{\"t\": \"x\"}, {\"index\":%s, \"x\": \"y\"}], \"usage\":{\"prompt_tokens\":7}}",
        "{\"model\":\"a name of some length, %s\",\"usage\":{\"prompt_tokens\":7}}",
      })
  void eventsThatDifferWhereNoTextIsPassedOverAreRead(String event) {
    List<String> events = new ArrayList<>();
    for (int i = 1; i < 6; i++) {
      events.add(event.replace("%s", "" + i));
    }
    UsageScanner scanner = read(BodyFormat.OPENAI, events);
    assertThat(scanner.malformedJsonSeen()).isFalse();
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(7);
  }

  @Test
  void randomEventsOfFewPartsSayTheSame() {
    long seed = 20261124;
    Random random = new Random(seed);
    String[] begins = {
      CHUNK,
      CHUNK.replace("\"delta\"", "\"logprobs\":[{\"a\":[\"x\"]}],\"delta\""),
      CHUNK.replace(":0", ":1"),
      "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"text\":\"",
      "{\"other\":[[{\"deep\":[1,{\"text\":\"",
      "{\"data\":[{}],\"usage\":null,\"text\":\""
    };
    String[] texts = {"", "a", "b", "ab", "\\", "\\\"", "a\\\\", "{\"", "\u00e9", "}]}", "\n"};
    String[] ends = {
      "\"}}]}",
      "\"}}]} ",
      "\"}}",
      "\"}",
      "\"}]}]]}",
      "\"}}],\"usage\":{\"prompt_tokens\":7}}",
      "\"x"
    };
    for (int run = 0; run < 2000; run++) {
      String[] some = {
        begins[random.nextInt(begins.length)], begins[random.nextInt(begins.length)]
      };
      List<String> events = new ArrayList<>();
      for (int n = 2 + random.nextInt(9); n > 0; n--) {
        String end = ends[random.nextInt(random.nextBoolean() ? 2 : ends.length)];
        events.add(some[n % 2] + texts[random.nextInt(texts.length)] + end);
      }
      read(BodyFormat.DETECT, events);
    }
  }

  private static List<String> alike(String begin, String end, String... texts) {
    List<String> events = new ArrayList<>();
    for (String text : texts) {
      events.add(begin + text + end);
    }
    return events;
  }

  /** Reads the events, however they are cut, and once so that no two of them begin alike. */
  private static UsageScanner read(BodyFormat format, List<String> events) {
    StringBuilder alike = new StringBuilder();
    StringBuilder unlike = new StringBuilder();
    for (int i = 0; i < events.size(); i++) {
      String data = "data: " + events.get(i) + "\n\n";
      alike.append(data);
      unlike.append(data.replaceFirst("\\{", "{\"" + (char) ('A' + i) + "\":0,"));
    }
    String expected = said(read(format, unlike.toString(), Integer.MAX_VALUE));
    for (int size : new int[] {7, 64, 511, 1400}) {
      assertThat(said(read(format, alike.toString(), size)))
          .as("chunks of %d of %s", size, events)
          .isEqualTo(expected);
    }
    UsageScanner scanner = read(format, alike.toString(), Integer.MAX_VALUE);
    assertThat(said(scanner)).as("%s", events).isEqualTo(expected);
    return scanner;
  }

  private static UsageScanner read(BodyFormat format, String stream, int size) {
    byte[] body = utf8(stream);
    UsageScanner scanner = new UsageScanner(format, Framing.SSE);
    Cuts.every(Math.min(size, body.length), body, scanner::feed);
    scanner.end();
    return scanner;
  }

  private static String said(UsageScanner scanner) {
    return Bodies.facts(scanner)
        + (" deltas=" + scanner.deltas())
        + (" images=" + scanner.images())
        + (" cost=" + scanner.providerCost())
        + (" raw=" + scanner.rawUsage());
  }
}
