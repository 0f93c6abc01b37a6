// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.edit;

import static io.semanticrouter.maas.internal.edit.SplicedBodies.chunksOf;
import static io.semanticrouter.maas.internal.edit.SplicedBodies.strip;
import static io.semanticrouter.maas.internal.edit.UsageStrip.Mode.ALL;
import static io.semanticrouter.maas.internal.edit.UsageStrip.Mode.CONTINUOUS;
import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.semanticrouter.maas.internal.edit.SplicedBodies.Stripped;
import io.semanticrouter.maas.internal.edit.UsageStrip.Mode;
import io.semanticrouter.maas.internal.framing.Framing;
import io.semanticrouter.maas.internal.usage.Allocation;
import io.semanticrouter.maas.internal.usage.Bodies;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each rule of the filter by hand, byte by byte and in one chunk. */
class UsageStripTest {
  private static final String USAGE =
      "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":{\"x\":[1]}}";
  private static final String FINAL = "data: {\"id\":\"a\",\"choices\":[]," + USAGE + "}\n\n";
  private static final String WORD = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
  private static final String DONE = "data: [DONE]\n\n";

  @Test
  void aStreamOfAClientThatAskedForNothingIsAsIfNothingHadBeenAskedFor() {
    String word = "data: {\"id\":\"a\",\"choices\":[{\"index\":0}],\"usage\":null}\n\n";
    check(
        ALL,
        word + word + FINAL + DONE,
        word.replace(",\"usage\":null", "").repeat(2) + DONE,
        "dropped=1 cut=2 overflows=0");
  }

  @Test
  void aStreamOfAClientThatAskedForTheFinalUsageKeepsIt() {
    String word = "data: {\"choices\":[{\"index\":0}]," + USAGE + "}\n\n";
    check(
        CONTINUOUS,
        word + word + FINAL + DONE,
        word.replace("," + USAGE, "").repeat(2) + FINAL + DONE,
        "dropped=0 cut=2 overflows=0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // last, middle, first, only
        "{\"choices\":[1],\"usage\":null}|{\"choices\":[1]}",
        "{\"choices\":[1],\"usage\":null,\"x\":1}|{\"choices\":[1],\"x\":1}",
        "{\"usage\":null,\"choices\":[1]}|{\"choices\":[1]}",
        "{\"usage\":{\"a\":{\"usage\":1}},\"error\":1}|{\"error\":1}",
        "{\"usage\":null}|{}",
        // white space
        "{ \"choices\" : [ 1 ] , \"usage\" : null , \"x\" : 1 }|{ \"choices\" : [ 1 ]  , \"x\" : 1 }",
        "{ \"usage\" : {} , \"choices\" : [1] }|{  \"choices\" : [1] }",
        "{ \"usage\" : null }|{  }",
        // stated twice
        "{\"usage\":null,\"usage\":{},\"choices\":[1]}|{\"choices\":[1]}",
        "{\"usage\":null,\"usage\":null}|{}",
        "{\"usage\":null,\"choices\":[1],\"usage\":{}}|{\"choices\":[1]}",
        "{\"usage\":7,\"usage\":null}|{\"usage\":7}",
        "{\"usage\":null,\"usage\":7}|{\"usage\":7}",
        // escaped
        "{\"choices\":[1],\"\\u0075sag\\u0065\":null}|{\"choices\":[1]}",
        // neither an object nor null
        "{\"choices\":[1],\"usage\":\"\"}|{\"choices\":[1],\"usage\":\"\"}",
        "{\"choices\":[1],\"usage\":[]}|{\"choices\":[1],\"usage\":[]}",
        "{\"choices\":[1],\"usage\":nul}|{\"choices\":[1],\"usage\":nul}",
        // elsewhere
        "{\"choices\":[{\"usage\":{}}],\"x_groq\":{\"usage\":{}}}|{\"choices\":[{\"usage\":{}}],\"x_groq\":{\"usage\":{}}}",
        "{\"choices\":[{\"delta\":\",\\\"usage\\\":null\"}],\"Usage\":null,\"usages\":null}|{\"choices\":[{\"delta\":\",\\\"usage\\\":null\"}],\"Usage\":null,\"usages\":null}",
        // not the usage chunk
        "{\"choices\":[],\"usage\":null,\"prompt_filter_results\":[]}|{\"choices\":[],\"prompt_filter_results\":[]}",
        "{\"choices\":null,\"usage\":{},\"error\":{}}|{\"choices\":null,\"error\":{}}",
        "{\"error\":\"x\",\"usage\":{},\"choices\":[]}|{\"error\":\"x\",\"choices\":[]}",
        "{\"choices\":{},\"usage\":{}}|{\"choices\":{}}",
        "{\"choices\":[],\"choices\":[1],\"usage\":{}}|{\"choices\":[],\"choices\":[1]}",
        "{\"error\":{\"message\":\"usage\"}}|{\"error\":{\"message\":\"usage\"}}",
      })
  void aUsageMemberIsCutWithOneComma(String event, String expected) {
    check(ALL, "data: " + event + "\n\n" + DONE, "data: " + expected + "\n\n" + DONE, null);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"choices\":[],\"usage\":{}}",
        "{\"usage\":{},\"choices\":[]}",
        " { \"usage\" : { } , \"choices\" : [ ] } ",
        "{\"id\":\"x\",\"usage\":{\"a\":1},\"x_groq\":{\"usage\":{}},\"choices\":[],\"metrics\":{}}",
        "{\"choices\":[],\"usage\":{},\"obfuscation\":\"aaaa\"}",
        "{\"\\u0063hoices\":[],\"usage\":null,\"usage\":{},\"choices\":[]}",
      })
  void theUsageChunkIsDroppedWhateverElseItSays(String event) {
    check(ALL, WORD + "data: " + event + "\n\n" + DONE, WORD + DONE, "dropped=1 cut=0 overflows=0");
    check(ALL, "data:" + event + "\r\n\r\n" + DONE, DONE, null);
    check(ALL, "data:" + event + "\r\rdata: x\r\r", "data: x\r\r", null);
    check(ALL, "event: e\nid: 1\ndata: " + event + "\nretry: 5\n\n" + DONE, DONE, null);
    check(CONTINUOUS, "data: " + event + "\n\n", "data: " + event + "\n\n", null);
  }

  /** How servers and gateways spell the chunk that is there only because it was asked for. */
  private static final List<String> USAGE_CHUNKS =
      List.of(
          // OpenAI, Azure, vLLM, SGLang, TGI, llama.cpp, Ollama, LiteLLM
          "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],"
              + USAGE
              + "}",
          "{\"choices\":[],\"created\":1,\"id\":\"c\",\"object\":\"chat.completion.chunk\","
              + USAGE
              + ",\"timings\":{\"prompt_n\":1}}",
          "{\"id\":\"c\",\"choices\":[]," + USAGE + ",\"x_groq\":{\"id\":\"r\"," + USAGE + "}}",
          "{\"id\":\"c\",\"choices\":[],"
              + USAGE
              + ",\"service_tier\":\"default\",\"system_fingerprint\":null}",
          "{\"id\":\"c\",\"choices\":[]," + USAGE + ",\"obfuscation\":\"aa\"}",
          "{\"id\":\"c\",\"choices\":[]," + USAGE + ",\"error\":null}",
          "{" + USAGE + ",\"choices\":[]}",
          // MiniMax and gateways in Go
          "{\"id\":\"c\",\"choices\":null," + USAGE + "}",
          "{" + USAGE + ",\"choices\":null}",
          "{\"choices\" : null , " + USAGE + " }",
          // Fireworks, ROCm ATOM
          "{\"id\":\"c\",\"object\":\"chat.completion.chunk\"," + USAGE + "}",
          "{" + USAGE + "}",
          // written in any way
          " { \"choices\" : [ ] , \"usage\" : { } } ",
          "{\"choices\":[\t],\"usage\":{}}",
          "{\"\\u0063hoices\":[],\"us\\u0061ge\":{}}",
          "{\"choices\":null,\"choices\":[],\"usage\":null,\"usage\":{}}",
          "{\"choices\":[],\"usage\":{},\"text\":\"\\\"choices\\\":[1]\"}",
          "{\ndata: \"choices\": [],\ndata: \"usage\": {\ndata: }\ndata: }",
          "{\"choices\":[],\n: ping\nid: 7\ndata: \"usage\":{}}");

  @Test
  void theUsageChunkGoesHoweverItIsSpeltAndHoweverEventsAreDivided() {
    int spellings = 0;
    String word = WORD.substring(0, WORD.length() - 2);
    for (String chunk : USAGE_CHUNKS) {
      String usage = "data: " + chunk;
      String[][] streams = {
        {word + "\n\n" + usage + "\n\ndata: [DONE]\n\n", word + "\n\ndata: [DONE]\n\n"},
        {word + "\n" + usage + "\ndata: [DONE]\n\n", word + "\ndata: [DONE]\n\n"},
        {word + "\n" + usage + "\n\ndata: [DONE]\n\n", word + "\n\ndata: [DONE]\n\n"},
        {word + "\n\n" + usage + "\ndata: [DONE]\n\n", word + "\n\ndata: [DONE]\n\n"},
        {word + "\n" + usage + "\n" + word + "\n", word + "\n" + word + "\n"},
        {word + "\n" + usage + "\n" + usage + "\n\n" + word, word + "\n\n" + word},
        {word + "\n\n" + usage, word + "\n\n"},
        {word + "\n" + usage, word + "\n"},
        {usage + "\n" + usage + "\n\n" + word, word},
        {": c\nevent: e\n" + usage + "\nretry: 3\n\n" + word + "\n", ": c\n" + word + "\n"},
        {"event: e\n" + usage + "\n" + word + "\n\n", "event: e\n" + word + "\n\n"},
        {
          word + "\nid: 2\n" + usage + "\nid: 3\n" + word + "\n\n",
          word + "\nid: 2\nid: 3\n" + word + "\n\n"
        },
        {": c\n\ndata: : PROCESSING\n" + usage + "\n: c\n", ": c\n\ndata: : PROCESSING\n: c\n"},
        {"\uFEFF" + usage + "\n\n" + word + "\n\n", "\uFEFF" + word + "\n\n"},
      };
      for (String[] stream : streams) {
        for (String end : new String[] {"\n", "\r\n", "\r"}) {
          spellings++;
          everyCut(stream[0].replace("\n", end), stream[1].replace("\n", end));
        }
      }
    }
    assertThat(spellings).as("streams").isGreaterThan(750);
    // Blank data lines belong to the document in front of them.
    check(ALL, WORD + "data: {" + USAGE + "}\ndata:\ndata\n\n" + DONE, WORD + DONE, null);
  }

  private static void everyCut(String body, String expected) {
    byte[] bytes = utf8(body);
    for (int cut = 0; cut < bytes.length; cut += 1 + bytes.length / 40) {
      int[] piece = {0};
      int first = cut;
      assertThat(
              strip(bytes, ALL, UsageStrip.LIMIT, () -> piece[0]++ == 0 ? first : 1 << 30).text())
          .as("%s cut at %d", body, cut)
          .isEqualTo(expected);
    }
    check(ALL, body, expected, null);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]@}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}]@}",
        "{\"choices\":[{\"text\":\"a\",\"usage\":{}}]@}",
        "{\"choices\":[{}]@}",
        "{\"choices\":[null]@}",
        "{\"choices\":{}@}",
        "{\"choices\":\"\"@}",
        "{\"choices\":false@}",
        "{\"error\":{\"message\":\"x\"}@}",
        "{\"error\":\"x\",\"choices\":[]@}",
        "{\"choices\":null,\"error\":{\"code\":500}@}",
      })
  void whatSaysMoreThanUsageOnlyLosesThat(String event) {
    String with = event.replace("@", "," + USAGE);
    for (String end : new String[] {"\n\n", "\n", "\r\n\r\n", "\r"}) {
      everyCut("data: " + with + end + DONE, "data: " + event.replace("@", "") + end + DONE);
      everyCut(
          "data: " + event.replace("@}", ",\"usage\":null}") + end + DONE,
          "data: " + event.replace("@", "") + end + DONE);
    }
  }

  @Test
  void aBodyThatIsNoEventStreamPassesAtOnceWhateverItsLabel() {
    for (Framing label : Framing.values()) {
      for (String body :
          List.of(
              "{\"choices\":[]," + USAGE + "}",
              " \n{ \"choices\":null," + USAGE + "}\n{\"choices\":[]," + USAGE + "}\n",
              "[{\"choices\":[]," + USAGE + "}]")) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        UsageStrip strip =
            new UsageStrip((b, from, to) -> out.write(b, from, to - from), ALL, label);
        feed(strip, body);
        assertThat(out.toString(UTF_8)).as(label + body).isEqualTo(body);
        strip.end();
        assertThat(out.toString(UTF_8)).as(label + body).isEqualTo(body);
      }
    }
    for (Framing label : List.of(Framing.JSON, Framing.DETECT, Framing.FRAMES)) {
      String stream = ": c\nfoo: bar\n" + WORD + FINAL + DONE;
      byte[] bytes = utf8(stream);
      for (int size : new int[] {1, 3, 1000}) {
        assertThat(strip(bytes, ALL, label, UsageStrip.LIMIT, chunksOf(size)).text())
            .isEqualTo(": c\nfoo: bar\n" + WORD + DONE);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"choices\":[1],\"usage\":{}}|{\"choices\":[1]}",
        "{\"usage\":{},\"choices\":[1]}|{\"choices\":[1]}",
        "{\"a\":1,\"usage\":{},\"b\":2,\"choices\":[ 1]}|{\"a\":1,\"b\":2,\"choices\":[ 1]}",
        "{\"usage\":{},\"usage\":null,\"choices\":[],\"usage\":{},\"choices\":[1]}|{\"choices\":[],\"choices\":[1]}",
        "{\"usage\":{},\"choices\":[]}|{\"usage\":{},\"choices\":[]}",
        "{\"usage\":{}}|{\"usage\":{}}",
        "{\"choices\":null,\"usage\":{}}|{\"choices\":null,\"usage\":{}}",
      })
  void runningUsageIsCutOnlyBesideChoices(String event, String expected) {
    check(
        CONTINUOUS, "data: " + event + "\n\n" + FINAL, "data: " + expected + "\n\n" + FINAL, null);
  }

  @Test
  void commentsInFrontOfADroppedEventStayAndThoseBetweenItsLinesGo() {
    check(
        ALL,
        ": one\n\n: two\nid: 1\n: three\n" + FINAL + ": four\n",
        ": one\n\n: two\n: four\n",
        null);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whatIsNotJsonPasses(Mode mode) {
    for (String s :
        new String[] {
          "",
          "\n",
          "\r\n\r\n",
          ": ping\n\n",
          "event: ping\ndata\n\n",
          "data: \n\n",
          DONE,
          "data: [1]\n\n",
          " data: {\"choices\":[],\"usage\":{}}\n\n",
          "{\"choices\":[],\"usage\":{}}\n\n",
          "data:  x\n\n",
          "datax: {\"choices\":[],\"usage\":{}}\n\n",
          "data : {}\n\n",
          "\uFEFF\uFEFF" + FINAL
        }) {
      check(mode, s, s, "dropped=0 cut=0 overflows=0");
    }
  }

  @Test
  void aByteOrderMarkStays() {
    check(ALL, "\uFEFF" + FINAL + DONE, "\uFEFF" + DONE, null);
    check(ALL, "\uFEFF" + WORD, "\uFEFF" + WORD, null);
  }

  @Test
  void aPartOfAByteOrderMarkGoesWithTheLineThatItSpoils() {
    byte[] body = Bodies.concat(new byte[] {(byte) 0xEF, (byte) 0xBB}, utf8("x\n" + FINAL + WORD));
    for (int size : new int[] {1, 2, 3, 1000}) {
      assertThat(strip(body, ALL, 16 * 1024, chunksOf(size)).text()).isEqualTo(WORD);
    }
  }

  @Test
  void dataOnSeveralLinesIsOneObjectAndOnlyDataIsCut() {
    check(
        ALL,
        "data: {\ndata: \"choices\":\ndata: [], \"usage\"\r\ndata\r\ndata::{\n\n" + DONE,
        "data: {\ndata: \"choices\":\ndata: [], \"usage\"\r\ndata\r\ndata::{\n\n" + DONE,
        null);
    check(
        ALL,
        "data: {\ndata: \"choices\":\ndata: [], \"usage\"\r\ndata\r\ndata: :{}}\n\n" + DONE,
        DONE,
        null);
    check(
        ALL,
        "data: {\"choices\":[1]\ndata:,\nid: 7\n: c\r\ndata: \"usage\"\rdata\ndata::{\ndata:}\ndata: , \"x\":1}\n\n",
        "data: {\"choices\":[1]\ndata:\nid: 7\n: c\r\ndata: \rdata\ndata:\ndata:\ndata: , \"x\":1}\n\n",
        "dropped=0 cut=1 overflows=0");
    check(
        ALL,
        "data: {\ndata: \"usage\":null\ndata: ,\ndata: \"choices\":[1]}\n\n",
        "data: {\ndata: \ndata: \ndata: \"choices\":[1]}\n\n",
        null);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"choices\":[],\"usage\":{}} x",
        "{\"choices\":[],\"usage\":{}}{}",
        "{\"choices\":[],\"usage\":{},}",
        "{\"choices\":[],\"usage\":{]}",
        "{\"choices\":[],\"usage\":{}",
        "{\"choices\":[],\"usage\":{\"a\":\"",
        "{\"choices\":[1],\"usage\":{]}",
        "{\"choices\":[1],\"usage\":{",
        "{\"choices\":[1],\"usage\":nu\"",
        "{\"usage\":{} x,\"choices\":[1]}",
        "{\"usage\":{}]",
        "{\"a\" 1,\"usage\":null}",
        "{\"a\\q\":1,\"usage\":null}",
        "{\"a\\\ndata: n\":1,\"usage\":null}",
        "{\"a\\u00\ndata: 41\":1,\"usage\":null}",
        "{,\"usage\":null}",
      })
  void whatIsMalformedPassesAndTheNextEventIsReadAgain(String event) {
    check(
        ALL,
        "data: " + event + "\n\n" + FINAL + WORD,
        "data: " + event + "\n\n" + WORD,
        "dropped=1 cut=0 overflows=0");
  }

  @Test
  void whatWasCutInFrontOfAMalformedPlaceStaysCut() {
    check(
        ALL,
        "data: {\"choices\":[1],\"usage\":null,,\"usage\":null}\n\n",
        "data: {\"choices\":[1],,\"usage\":null}\n\n",
        null);
  }

  @Test
  void anEventCutOffPassesButAUsageChunkWithoutItsBlankLineIsDropped() {
    String event = FINAL.strip();
    check(ALL, WORD + event, WORD, null);
    check(ALL, WORD + event + "\r", WORD, null);
    check(ALL, WORD + event + "\r\n", WORD, null);
    check(ALL, WORD + event + "\nid", WORD, null);
    String cutOff = event.substring(0, event.length() - 1);
    check(ALL, WORD + cutOff, WORD + cutOff, null);
    String member = "data: {\"choices\":[1],\"usage\":nul";
    check(ALL, member, member, null);
    check(ALL, "data: {\"usage\":{}", "data: {\"usage\":{}", null);
  }

  @Test
  void anEventThatOutgrowsTheLimitPassesAndLaterEventsAreTreatedRight() {
    String large = "data: {\"id\":\"" + "x".repeat(500) + "\",\"choices\":[]," + USAGE + "}\n\n";
    check(
        ALL,
        300,
        large + FINAL + large + WORD,
        large + large + WORD,
        "dropped=1 cut=0 overflows=2");
    String late = "data: {\"id\":\"" + "x".repeat(500) + "\",\"choices\":[1]," + USAGE + "}\n\n";
    check(ALL, 300, late + FINAL, late, "dropped=1 cut=0 overflows=1");
    String usage = "data: {\"choices\":[1],\"usage\":{\"a\":\"" + "x".repeat(500) + "\"}}\n\n";
    check(ALL, 300, usage + FINAL, usage, "dropped=1 cut=0 overflows=1");
    String spaces =
        "data: {\"choices\":[1]" + " ".repeat(500) + "," + " ".repeat(500) + "\"usage\":{}}\n\n";
    check(ALL, 300, spaces + FINAL, spaces, "dropped=1 cut=0 overflows=1");
    String key = "data: {\"choices\":[1],\"" + "x".repeat(500) + "\":1,\"usage\":null}\n\n";
    check(ALL, 300, key, key.replace(",\"usage\":null", ""), "dropped=0 cut=1 overflows=0");
    String first = "data: {\"usage\":{},\"a\":\"" + "x".repeat(500) + "\",\"choices\":[1]}\n\n";
    check(CONTINUOUS, 300, first, first, "dropped=0 cut=0 overflows=1");
    String lines = "id: " + "x".repeat(500) + "\n" + FINAL;
    check(ALL, 300, lines, lines, "dropped=0 cut=0 overflows=1");
  }

  @Test
  void anEventAtTheLimitIsDroppedAndOneAboveItIsNot() {
    // Up to the blank line.
    int length = FINAL.length() - 1;
    check(ALL, length, FINAL, "", "dropped=1 cut=0 overflows=0");
    check(ALL, length - 1, FINAL, FINAL, "dropped=0 cut=0 overflows=1");
  }

  @Test
  void aLimitThatIsTooSmallIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new UsageStrip((b, f, t) -> {}, ALL, Framing.SSE, 15));
  }

  @Test
  void anEventGoesOnAsSoonAsItsChoicesHaveBegun() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    UsageStrip strip =
        new UsageStrip((b, from, to) -> out.write(b, from, to - from), ALL, Framing.SSE);
    feed(strip, "data: {\"id\":1,\"choices\":[");
    assertThat(out.toString(UTF_8)).isEmpty();
    feed(strip, "{\"index\"");
    assertThat(out.toString(UTF_8)).isEqualTo("data: {\"id\":1,\"choices\":[{\"index\"");
    out.reset();
    feed(strip, ":0}],\"us");
    assertThat(out.toString(UTF_8)).isEqualTo(":0}]");
    out.reset();
    feed(strip, "er\":{");
    assertThat(out.toString(UTF_8)).isEqualTo(",\"user\":{");
    out.reset();
    feed(strip, "},\"usage\":{\"a\":1}");
    assertThat(out.toString(UTF_8)).isEqualTo("}");
    out.reset();
    feed(strip, "}\n\n");
    assertThat(out.toString(UTF_8)).isEqualTo("}\n\n");
  }

  @Test
  void aLargeEventTakesNoMemory() {
    UsageStrip strip = new UsageStrip((b, from, to) -> {}, ALL, Framing.SSE);
    byte[] chunk = new byte[1400];
    Arrays.fill(chunk, (byte) 'A');
    feed(strip, WORD + "data: {\"id\":\"");
    for (int i = 0; i < 100; i++) {
      strip.feed(chunk, 0, chunk.length);
    }
    long before = Allocation.ofThisThread();
    for (int i = 0; i < 20_000; i++) {
      strip.feed(chunk, 0, chunk.length);
    }
    assertThat(Allocation.ofThisThread() - before).as("bytes for 28 MB").isLessThan(10_000);
    assertThat(strip.overflows()).isEqualTo(1);
  }

  @Test
  void aLongStreamTakesNoMemory() {
    UsageStrip strip = new UsageStrip((b, from, to) -> {}, ALL, Framing.SSE);
    byte[] chunk = utf8((WORD.replace("]}", "],\"usage\":null}") + FINAL).repeat(3) + "da");
    byte[] rest = utf8("ta: {\"choices\":[1],\"us" + "age\":{\"a\":1}}\n\n");
    for (int i = 0; i < 100; i++) {
      strip.feed(chunk, 0, chunk.length);
      strip.feed(rest, 0, 20);
      strip.feed(rest, 20, rest.length);
    }
    long before = Allocation.ofThisThread();
    for (int i = 0; i < 10_000; i++) {
      strip.feed(chunk, 0, chunk.length);
      strip.feed(rest, 0, 20);
      strip.feed(rest, 20, rest.length);
    }
    assertThat(Allocation.ofThisThread() - before).as("bytes allocated").isLessThan(10_000);
    assertThat(strip.droppedEvents()).isEqualTo(3 * 10_100);
    assertThat(strip.cutMembers()).isEqualTo(4 * 10_100);
  }

  private static void feed(UsageStrip strip, String text) {
    byte[] bytes = utf8(text);
    strip.feed(bytes, 0, bytes.length);
  }

  private static void check(Mode mode, String body, String expected, @Nullable String counts) {
    check(mode, UsageStrip.LIMIT, body, expected, counts);
  }

  private static void check(
      Mode mode, int limit, String body, String expected, @Nullable String counts) {
    byte[] bytes = utf8(body);
    Stripped once = strip(bytes, mode, limit, chunksOf(1 << 30));
    Stripped bytewise = strip(bytes, mode, limit, chunksOf(1));
    assertThat(once.text()).isEqualTo(expected);
    assertThat(bytewise.text()).isEqualTo(expected);
    assertThat(bytewise.counts()).isEqualTo(once.counts());
    if (counts != null) {
      assertThat(once.counts()).isEqualTo(counts);
    }
  }
}
