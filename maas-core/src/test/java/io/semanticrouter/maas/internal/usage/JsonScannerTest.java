// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.framing.Framing;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read in one go, and byte by byte where chunks cut it, has to be the same. */
class JsonScannerTest {
  private static final String USAGE = "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8}";

  // --- cuts ----------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"id\":\"c\",\"n\":1,\"t\":true,\"choices\":[{\"index\":0,\"x\":\"y\"},{\"index\":1}],\"usage\":{\"prompt_tokens\":120}}",
        "{\"model\":\"m\",\"model\":\"n\",\"object\":\"list\",\"object\":\"\",\"error\":null,\"usage\":{\"prompt_tokens\":0}}",
        "{\"usage\":{\"prompt_tokens\":12,\"prompt_tokens\":null,\"prompt_tokens_details\":{\"cached_tokens\":3},\"prompt_tokens_details\":null}}",
        "{\"usage\":{\"cost\":0.25,\"prompt_tokens\":7,\"a\":{\"b\":[1,\"}\"]},\"c\":[],\"d\":{}},\"choices\":[],\"e\":-1.5e3}",
        "{\"choices\":[{},[],1,\"x\",null,{\"finish_reason\":\"stop\"}],\"error\":\"\",\"usage\":{}}",
        "{\"type\":\"message\",\"type\":7,\"usage\":{\"input_tokens\":5}}",
        "{\"data\":[{\"a\":1},{\"b\":{}}],\"usage\":{\"input_tokens\":5,\"iterations\":[{\"type\":\"compaction\",\"input_tokens\":1}]}}",
        "{\"usage\":{\"prompt_tokens\":9007199254740991,\"completion_tokens\":9007199254740992,\"total_tokens\":007}}",
        "{\"a\":1,\"usage\":{\"prompt_tokens\":1},\"b\":falsey,\"c\":nul}",
        "{\"usage\":{\"prompt_tokens\":1}}{\"usage\":{\"prompt_tokens\":2}} {\"usage\":{\"prompt_tokens\":3}}",
      })
  void documentSaysTheSameWhereverItIsCut(String document) {
    byte[] body = utf8(document);
    UsageScanner whole = new UsageScanner(BodyFormat.DETECT, Framing.JSON);
    whole.feed(body, 0, body.length);
    whole.end();
    String expected = said(whole);
    for (int size = 1; size < body.length; size++) {
      UsageScanner scanner = new UsageScanner(BodyFormat.DETECT, Framing.JSON);
      Cuts.every(size, body, (b, from, to) -> feedAlone(scanner, b, from, to));
      scanner.end();
      assertThat(said(scanner)).as("chunks of %d", size).isEqualTo(expected);
    }
    for (int cut = 0; cut <= body.length; cut++) {
      UsageScanner alone = new UsageScanner(BodyFormat.DETECT, Framing.JSON);
      Cuts.at(cut, body, (b, from, to) -> feedAlone(alone, b, from, to));
      alone.end();
      assertThat(said(alone)).as("cut at %d", cut).isEqualTo(expected);
      UsageScanner goingOn = new UsageScanner(BodyFormat.DETECT, Framing.JSON);
      Cuts.at(cut, body, goingOn::feed);
      goingOn.end();
      assertThat(said(goingOn)).as("cut at %d", cut).isEqualTo(expected);
    }
  }

  @Test
  void bytesBesideAChunkAreNotLookedAt() {
    byte[] body =
        utf8("{\"a\":\"b\",\"c\":1,\"choices\":[{\"index\":1}]," + USAGE + ",\"d\":null}");
    String expected = said(scan(BodyFormat.OPENAI, body));
    for (char beside : "\",:{}[]0n \\\n".toCharArray()) {
      for (int cut = 0; cut <= body.length; cut++) {
        UsageScanner scanner = new UsageScanner(BodyFormat.OPENAI, Framing.JSON);
        Cuts.at(
            cut,
            body,
            (b, from, to) -> {
              byte[] between = new byte[to - from + 16];
              Arrays.fill(between, (byte) beside);
              System.arraycopy(b, from, between, 8, to - from);
              scanner.feed(between, 8, 8 + to - from);
            });
        scanner.end();
        assertThat(said(scanner)).as("%s beside a cut at %d", beside, cut).isEqualTo(expected);
      }
    }
  }

  // --- what is like JSON -----------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":x,%s}",
        "{\"a\":NaN,%s}",
        "{\"a\":undefined,%s}",
        "{\"a\":,%s}",
        "{\"a\":}",
        "{\"a\":1\",%s}",
        "{\"a\":1:,%s}",
        "{\"a\":1{,%s}",
        "{\"a\":1[,%s}",
        "{\"a\":1],%s}",
        "{\"a\":{}\",%s}",
        "{\"a\":\"b\"c,%s}",
        "{\"a\\:1,%s}",
        "{\"usage\\:{\"prompt_tokens\":12}}",
        "{\"a\",%s}",
        "{\"a\"x:1,%s}",
        "{%s,}",
        "{%s]",
        "{%s}x",
        "{%s}x\":1}",
        "{\"choices\":[{\"a\":1},\"index\":2],%s}",
        "{\"choices\":[{\"a\":1}, \"index\":2}],%s}",
        "{\"choices\":[ \"index\":2}],%s}",
        "{\"choices\":[,\"index\":2}],%s}",
        "{\"choices\":[{\"a\":1},],%s}",
        "{\"choices\":[{\"a\":1]},%s}",
        "{\"choices\":[{\"a\":1},{\"b\":2}},%s}",
      })
  void documentThatIsNearlyJsonIsMalformed(String document) {
    byte[] body = utf8(document.replace("%s", USAGE));
    assertThat(scan(BodyFormat.OPENAI, body).malformedJsonSeen()).isTrue();
    for (int size = 1; size < 9; size++) {
      UsageScanner scanner = new UsageScanner(Framing.JSON);
      Cuts.every(size, body, scanner::feed);
      scanner.end();
      assertThat(scanner.malformedJsonSeen()).as("chunks of %d", size).isTrue();
    }
    byte[] stream = utf8("data: " + document.replace("%s", USAGE) + "\n\n");
    UsageScanner events = new UsageScanner(Framing.SSE);
    events.feed(stream, 0, stream.length);
    events.end();
    assertThat(events.malformedJsonSeen()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a:\" :1,%s}", "{\":\":1,%s}", "{\"\":1,%s}", "{\"a\" : 1 , %s }"})
  void keyWithAColonOrNothingInItIsAKey(String document) {
    UsageScanner scanner = scan(BodyFormat.OPENAI, utf8(document.replace("%s", USAGE)));
    assertThat(scanner.malformedJsonSeen()).isFalse();
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(12);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "\"x\"", "true", "{\"b\":1}", "[1]"})
  void valueThatALineEndCutsFromTheRestDoesNotGoOnBehindIt(String value) {
    for (String lineEnd : new String[] {"\n", "\r", "\r\n"}) {
      byte[] stream = utf8("data: {\"a\":" + value + lineEnd + "," + USAGE + "}\n\n");
      UsageScanner scanner = new UsageScanner(Framing.SSE);
      scanner.feed(stream, 0, stream.length);
      scanner.end();
      assertThat(scanner.malformedJsonSeen()).isTrue();
      assertThat(scanner.usageSeen()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"nall", "nutl", "nulk", "nul", "nulll", "Null", "none", "n", "-", "/", "."})
  void wordThatIsNearlyNullOrANumberIsNoCount(String word) {
    for (String rest : new String[] {",\"completion_tokens\":8}}", "}}", " }}", "}, \"a\":1}"}) {
      byte[] body = utf8("{\"usage\":{\"prompt_tokens\":" + word + rest);
      UsageScanner scanner = scan(BodyFormat.OPENAI, body);
      boolean json = word.charAt(0) == 'n' || word.charAt(0) == '-';
      assertThat(scanner.malformedUsageSeen()).as(rest).isEqualTo(json);
      assertThat(scanner.malformedJsonSeen()).as(rest).isEqualTo(!json);
    }
    UsageScanner nothing = scan(BodyFormat.OPENAI, utf8("{\"usage\":{\"prompt_tokens\":null}}"));
    assertThat(nothing.malformedUsageSeen()).isFalse();
  }

  // --- words and numbers -----------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "'\"message\"', 7",
    "'\"\"', 7",
    "null, 7",
    "'\"\\u006dessage\"', 7",
    "'\"other\"', -1",
    "7, -1",
    "true, -1",
    "{}, -1",
    "'[\"message\"]', -1",
  })
  void typeIsAWordOrNoneOrAnother(String type, long tokens) {
    for (String document :
        new String[] {
          "{\"type\":%s,\"usage\":{\"input_tokens\":7}}",
          "{ \"type\" : %s , \"usage\" : { \"input_tokens\" : 7 } }"
        }) {
      UsageScanner scanner = scan(BodyFormat.ANTHROPIC, utf8(document.replace("%s", type)));
      assertThat(scanner.stated(Slots.INPUT)).as(document).isEqualTo(tokens);
    }
  }

  @Test
  void numberOfThirtyTwoBytesIsReadAndOneOfMoreIsNot() {
    String count = "12e" + "0".repeat(29);
    String cost = "0.5" + "0".repeat(29);
    String usage = "{\"usage\":{\"completion_tokens\":8,\"prompt_tokens\":%s,\"cost\":%s}}";
    UsageScanner scanner =
        scan(BodyFormat.OPENAI, utf8(usage.replaceFirst("%s", count).replaceFirst("%s", cost)));
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(12);
    assertThat(scanner.providerCost()).isEqualByComparingTo("0.5");
    scanner =
        scan(
            BodyFormat.OPENAI,
            utf8(usage.replaceFirst("%s", count + "0").replaceFirst("%s", cost + "0")));
    assertThat(scanner.stated(Slots.INPUT)).isEqualTo(UsageScanner.ABSENT);
    assertThat(scanner.malformedUsageSeen()).isTrue();
    assertThat(scanner.providerCost()).isNull();
  }

  // --- the scanner by itself -------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "'{\"a\":1}', 7",
    "'{\"a\":1}  ', 7",
    "'{\"a\":1}{\"b\":2}', 7",
    "'{\"a\":1]', 7",
    "'{\"a\":1]x', 7",
    "'{\"a\": 1\"x', 7",
    "'{\"a\": 1:x', 7",
    "'{\"choices\": 7{x', 13",
  })
  void readingEndsAtTheEndOfADocumentAndWhereItIsMalformed(String text, int end) {
    byte[] body = utf8("<<" + text);
    for (int cut = 2; cut <= body.length; cut++) {
      JsonScanner scanner =
          new JsonScanner(BodyFormat.OPENAI.schema, new EventFacts(), false, null);
      int first = scanner.feed(body, 2, cut);
      int read = first < cut ? first : scanner.feed(body, cut, body.length);
      assertThat(scanner.isComplete() || scanner.isMalformed()).isTrue();
      // A malformed byte may be read or not; nothing behind it is.
      int spare = scanner.isComplete() ? 0 : 1;
      assertThat(read - 2).as("cut at %d", cut).isBetween(end - spare, end);
      assertThat(scanner.feed(body, 2, body.length)).isEqualTo(2);
    }
  }

  @Test
  void textThatIsHandedOnComesUnescapedAndWholeWhereverItIsCut() {
    byte[] body =
        utf8(
            "{\"a\":\"no\",\"bytes\":\"ab\\/c\\u0064\\\\\\\"\\n\\ud83c\\udf0d\\u0041z\",\"b\":\"no\"}");
    for (int cut = 0; cut <= body.length; cut++) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      JsonScanner scanner =
          new JsonScanner(
              BodyFormat.PAYLOAD_PART,
              new EventFacts(),
              false,
              (b, from, to) -> out.write(b, from, to - from));
      Cuts.at(cut, body, scanner::feed);
      assertThat(scanner.isComplete()).isTrue();
      assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("ab/cd\\\"\n\uFFFD\uFFFDAz");
    }
  }

  @Test
  void textThatNobodyTakesIsPassedOver() {
    byte[] body = utf8("{\"bytes\":\"ab\\/c\\u0064\"}");
    for (int size = 1; size <= body.length; size++) {
      JsonScanner scanner = new JsonScanner(BodyFormat.PAYLOAD_PART, new EventFacts(), false, null);
      Cuts.every(size, body, scanner::feed);
      assertThat(scanner.isComplete()).isTrue();
    }
  }

  private static void feedAlone(UsageScanner scanner, byte[] b, int from, int to) {
    byte[] alone = Arrays.copyOfRange(b, from, to);
    scanner.feed(alone, 0, alone.length);
  }

  private static UsageScanner scan(BodyFormat format, byte[] body) {
    UsageScanner scanner = new UsageScanner(format, Framing.JSON);
    scanner.feed(body, 0, body.length);
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
