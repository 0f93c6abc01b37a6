// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.edit;

import static io.semanticrouter.maas.internal.edit.SplicedBodies.chunksOf;
import static io.semanticrouter.maas.internal.edit.SplicedBodies.splice;
import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.edit.RequestSplice.Flag;
import io.semanticrouter.maas.internal.edit.RequestSplice.Outcome;
import io.semanticrouter.maas.internal.edit.SplicedBodies.Spliced;
import io.semanticrouter.maas.internal.usage.Allocation;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each rule of the edit by hand, byte by byte and in one chunk. */
class RequestSpliceTest {
  private static final String OPTIONS = "\"stream_options\":{\"include_usage\":true}";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // nothing was asked for: added behind everything else
        "{\"stream\":true}|{\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
        "{\"stream\": true , \"x\" : [ 1 ] } |{\"stream\": true , \"x\" : [ 1 ]"
            + " ,\"stream_options\":{\"include_usage\":true}} ",
        "{\"stream\":false,\"stream\":true}|{\"stream\":false,\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
        // an object is edited in place, wherever it stands
        "{\"stream\":true,\"stream_options\":{}}|{\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
        "{\"stream_options\":{ },\"stream\":true}|{\"stream_options\":{"
            + " \"include_usage\":true},\"stream\":true}",
        "{\"stream_options\":{\"a\":{}},\"stream\":true}|{\"stream_options\":{\"a\":{},\"include_usage\":true},\"stream\":true}",
        "{\"stream_options\":{\"include_usage\": false"
            + " },\"stream\":true}|{\"stream_options\":{\"include_usage\": true },\"stream\":true}",
        "{\"stream_options\":{\"include_usage\":null},\"stream\":true}|{\"stream_options\":{\"include_usage\":true},\"stream\":true}",
        // escaped keys are the same keys
        "{\"str\\u0065am\":true,\"stream\\u005foptions\":{\"include\\u005Fusage\":false}}|{\"str\\u0065am\":true,\"stream\\u005foptions\":{\"include\\u005Fusage\":true}}",
        // stated twice: every one
        "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"stream_options\":{\"include_usage\":false,\"include_usage\":null}}|{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"stream_options\":{\"include_usage\":true,\"include_usage\":true}}",
        // null, of a stream that is known to be one
        "{\"stream\":true,\"stream_options\": null }|{\"stream\":true,\"stream_options\":"
            + " {\"include_usage\":true} }",
      })
  void usageIsAskedForWhenAStreamDoesNot(String body, String expected) {
    Spliced spliced = check(body, false, expected, Outcome.EDITED);
    assertThat(spliced.splice().strip()).isEqualTo(UsageStrip.Mode.ALL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
        "{\"stream_options\":{\"x\":null,\"include_usage\": true},\"stream\":true}",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":false}}",
      })
  void nothingIsEditedWhenTheClientAsksItself(String body) {
    Spliced spliced = check(body, false, body, Outcome.ALREADY);
    assertThat(spliced.splice().strip()).isNull();
    assertThat(spliced.splice().includeUsage()).isEqualTo(Flag.TRUE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        " { } ",
        "{\"model\":\"m\"}",
        "{\"stream\":false}",
        "{\"stream\":null}",
        "{\"stream\":true,\"stream\":false}",
        "{\"stream_options\":null}",
        "{\"stream_options\":null,\"stream\":false}",
        "{\"stream\":false,\"stream_options\":null}",
        "{\"stream\":false,\"stream_options\":{}}",
        "{\"stream\":null,\"stream_options\":{\"include_usage\":false}}",
        "{\"messages\":[{\"stream\":true}],\"x\":\"\\\"stream\\\":true\"}",
      })
  void nothingIsEditedWhenNoStreamIsAskedFor(String body) {
    check(body, false, body, Outcome.NOT_STREAMING);
  }

  @Test
  void optionsInFrontOfAStreamThatTurnsOutNotToBeOneHaveBeenEdited() {
    String body = "{\"stream_options\":{\"include_usage\":false},\"stream\":false}";
    check(body, false, body.replaceFirst("false", "true"), Outcome.NOT_STREAMING);
  }

  /** Values that pydantic takes for true, and what readers that test for truth take for it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "1",
        "1.0",
        "1e0",
        "10e-1",
        "0.1e1",
        "1.00",
        "100000000000000000000e-20",
        "\"true\"",
        "\"True\"",
        "\"TRUE\"",
        "\"tRuE\"",
        "\"t\"",
        "\"T\"",
        "\"yes\"",
        "\"YES\"",
        "\"y\"",
        "\"Y\"",
        "\"on\"",
        "\"oN\"",
        "\"1\"",
        "\"tru\\u0065\"",
        "\"\\u0031\"",
        "2",
        "-1",
        "0.5",
        "NaN",
        "Infinity",
        "-Infinity",
        "\"maybe\"",
        "\"\"",
        "[]",
        "{}",
        "\"1.0\"",
        "{\"a\":[1]}",
        "1.00000000000000000000000000000000000000000000",
      })
  void aStreamIsOneInEverySpellingThatAServerTakesForTrue(String value) {
    for (String key : new String[] {"stream", "str\\u0065am"}) {
      String body = "{\"" + key + "\":" + value + ",\"x\":1}";
      String asked = body.substring(0, body.length() - 1) + "," + OPTIONS + "}";
      assertThat(check(body, false, asked, Outcome.EDITED).splice().strip())
          .isEqualTo(UsageStrip.Mode.ALL);
    }
    // Go and .NET do not mind the case of keys; others do not know that key, nor the one we add.
    for (String key : new String[] {"Stream", "STREAM", "ſtream", "\\u017Ftream", "\\u0053tream"}) {
      String body = "{\"" + key + "\":" + value + ",\"x\":1}";
      String asked =
          body.substring(0, body.length() - 1) + ",\"Stream_Options\":{\"include_usage\":true}}";
      check(body, false, asked, Outcome.EDITED);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "false",
        "null",
        "0",
        "0.0",
        "-0",
        "-0.0",
        "0e9",
        "\"false\"",
        "\"FALSE\"",
        "\"f\"",
        "\"no\"",
        "\"No\"",
        "\"n\"",
        "\"off\"",
        "\"OFF\"",
        "\"0\"",
      })
  void noStreamIsNoneInEverySpellingThatAServerTakesForFalse(String value) {
    for (String key : new String[] {"stream", "Stream", "ſtream", "str\\u0065am"}) {
      String body = "{\"" + key + "\":" + value + "}";
      check(body, false, body, Outcome.NOT_STREAMING);
      body = "{\"stream_options\":null,\"" + key + "\":" + value + "}";
      check(body, false, body, Outcome.NOT_STREAMING);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1",
        "1.0",
        "\"true\"",
        "\"TRUE\"",
        "\"yes\"",
        "\"y\"",
        "\"on\"",
        "\"t\"",
        "\"1\"",
        "1e0",
      })
  void usageIsAskedForByTheClientInEverySpellingOfTrue(String value) {
    String body = "{\"stream\":true,\"stream_options\":{\"include_usage\":" + value + "}}";
    assertThat(check(body, false, body, Outcome.ALREADY).splice().strip()).isNull();
  }

  /** Typed readers refuse the value that stays; others take the last one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"false\"",
        "\"no\"",
        "0",
        "0.0",
        "\"off\"",
        "\"\"",
        "2",
        "{\"a\":false}",
        "[]",
        "falsehood",
      })
  void aSwitchThatIsNotOnIsStatedAgain(String value) {
    String body = "{\"stream\":true,\"stream_options\":{\"include_usage\":" + value + "}}";
    check(
        body,
        false,
        body.substring(0, body.length() - 2) + ",\"include_usage\":true}}",
        Outcome.EDITED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"stream_options\":[]",
        "\"stream_options\":[{\"include_usage\":false}]",
        "\"stream_options\":\"x\"",
        "\"stream_options\":true",
        "\"stream_options\":nullnull",
        "\"stream_options\":{\"include_usage\":true},\"stream_options\":[]",
        "\"stream_options\":{\"include_usage\":true},\"stream_options\":0",
        "\"stream\":false,\"stream_options\":{\"include_usage\":false},\"stream\":true",
        "\"stream\":false,\"stream_options\":null,\"stream_options\":null,\"stream\":true",
      })
  void optionsThatDoNotAskAreStatedAgain(String members) {
    check(
        "{\"stream\":true," + members + "}",
        false,
        "{\"stream\":true," + members + "," + OPTIONS + "}",
        Outcome.EDITED);
  }

  /** What readers of exact keys see has to ask, and what readers of any case see. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{`stream`:true,`Stream_Options`:{`include_usage`:false}}|{`stream`:true,`Stream_Options`:{`include_usage`:true},`stream_options`:{`include_usage`:true}}",
        "{`stream`:true,`stream_options`:{`include_usage`:true},`STREAM_OPTIONS`:null}|{`stream`:true,`stream_options`:{`include_usage`:true},`STREAM_OPTIONS`:null,`Stream_Options`:{`include_usage`:true}}",
        "{`stream`:true,`stream_options`:{`Include_Usage`:false}}|{`stream`:true,`stream_options`:{`Include_Usage`:true,`include_usage`:true}}",
        "{`stream`:true,`stream_options`:{`include_usage`:true,`INCLUDE_USAGE`:false}}|{`stream`:true,`stream_options`:{`include_usage`:true,`INCLUDE_USAGE`:true}}",
        "{`stream`:true,`stream_options`:{`include_uſage`:null}}|{`stream`:true,`stream_options`:{`include_uſage`:true,`include_usage`:true}}",
        "{`stream`:false,`Stream`:true}|{`stream`:false,`Stream`:true,`Stream_Options`:{`include_usage`:true}}",
        "{`Stream`:true,`stream`:null}|{`Stream`:true,`stream`:null,`Stream_Options`:{`include_usage`:true}}",
        "{`stream`:false,`Stream`:true,`stream_options`:{}}|{`stream`:false,`Stream`:true,`stream_options`:{},`Stream_Options`:{`include_usage`:true}}",
        "{`Stream`:false,`stream`:true}|{`Stream`:false,`stream`:true,`stream_options`:{`include_usage`:true}}",
        "{`stream`:true,`Stream`:false}|{`stream`:true,`Stream`:false,`stream_options`:{`include_usage`:true}}",
        "{`STREAM_OPTIONS`:{`INCLUDE_USAGE`:false},`STREAM`:true}|{`STREAM_OPTIONS`:{`INCLUDE_USAGE`:true,`include_usage`:true},`STREAM`:true}",
        "{`stream_options`:null,`Stream_Options`:null,`stream`:true}|{`stream_options`:null,`Stream_Options`:null,`stream`:true,`stream_options`:{`include_usage`:true}}",
      })
  void keysInAnotherCaseAreReadAsThoseReadThemWhoDoNotMind(String body, String expected) {
    check(body.replace('`', '"'), false, expected.replace('`', '"'), Outcome.EDITED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{`Stream`:true,`stream`:false}",
        "{`Stream`:false,`stream`:false}",
        "{`Streams`:true}",
        "{`sttream`:true}",
        "{`xstream`:true}",
        "{`ſſtream`:true}",
        "{`strea`:true}",
        "{`\u212atream`:true}",
      })
  void otherKeysAreNoStream(String body) {
    String json = body.replace('`', '"');
    check(json, false, json, Outcome.NOT_STREAMING);
  }

  @Test
  void aClientThatAsksInAnySpellingKeepsTheUsage() {
    for (String options :
        new String[] {
          "\"stream_options\":{\"Include_Usage\":true}",
          "\"stream_options\":{\"include_usage\":2}",
          "\"Stream_Options\":{\"include_usage\":true}",
          "\"stream_options\":{\"include_usage\":false,\"include_usage\":true}",
          "\"stream_options\":{\"include_usage\":true},\"stream_options\":{}",
        }) {
      String body = "{\"stream\":true," + options + "}";
      assertThat(splice(utf8(body), false, chunksOf(7)).splice().strip()).as(body).isNull();
    }
  }

  @Test
  void nullOptionsWaitForTheStream() {
    String rest = ",\"messages\":[\"" + "x".repeat(60_000) + "\"],\"stream\":true}";
    Spliced spliced =
        check("{\"stream_options\":null" + rest, false, "{" + OPTIONS + rest, Outcome.EDITED);
    assertThat(spliced.splice().strip()).isEqualTo(UsageStrip.Mode.ALL);
    check(
        "{\"stream_options\": null ,\"stream\":1}",
        false,
        "{" + OPTIONS.replace(":{\"i", ": {\"i") + " ,\"stream\":1}",
        Outcome.EDITED);
    String malformed = "{\"stream_options\":null,\"a\":x}";
    check(malformed, false, malformed, Outcome.MALFORMED);
    String cut = "{\"stream_options\":null,\"a\":";
    check(cut, false, cut, Outcome.MALFORMED);
  }

  @Test
  void nullOptionsDoNotWaitForEver() {
    String body =
        "{\"stream_options\":null,\"messages\":[\""
            + "x".repeat(RequestSplice.MAX_HELD)
            + "\"],\"stream\":true}";
    Spliced spliced = splice(utf8(body), false, chunksOf(1000));
    assertThat(spliced.text()).isEqualTo(body);
    assertThat(spliced.splice().outcome()).isEqualTo(Outcome.UNSAFE);
  }

  @ParameterizedTest
  @CsvSource({"-1, EDITED", "0, EDITED", "1, UNSAFE"})
  void nullOptionsWaitForSoManyBytes(int more, Outcome outcome) {
    // Held is what comes from the null on, until a chunk says that it is a stream.
    String held = "null,\"a\":\"\",\"stream\":true";
    String text = "x".repeat(RequestSplice.MAX_HELD - held.length() + more);
    byte[] body = utf8("{\"stream_options\":" + held.replace("\"\"", '"' + text + '"') + "}");
    Spliced spliced = splice(body, false, chunksOf(body.length - 1));
    assertThat(spliced.splice().outcome()).isEqualTo(outcome);
  }

  @Test
  void aModelThatIsNotAskedGetsNoOptionsThatItsClientHasNotSent() {
    for (String body :
        new String[] {
          "{\"model\":\"m\",\"stream\":true}",
          "{\"model\":\"m\",\"stream\":true,\"stream_options\":null}",
          "{\"model\":\"m\",\"stream_options\":null,\"stream\":true}",
          "{\"Stream\":true,\"model\":\"m\"}",
        }) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      RequestSplice splice =
          new RequestSplice(
              (b, from, to) -> out.write(b, from, to - from), false, model -> !"m".equals(model));
      splice.feed(utf8(body), 0, body.length());
      splice.end();
      assertThat(out.toString(UTF_8)).isEqualTo(body);
      assertThat(splice.outcome()).as(body).isEqualTo(Outcome.NOT_ASKED);
    }
  }

  @Test
  void notANumberAndInfinityAreValuesAsInPython() {
    String body = "{\"temperature\":NaN,\"x\":-Infinity,\"y\":Infinity,\"stream\":true";
    check(body + "}", false, body + "," + OPTIONS + "}", Outcome.EDITED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"stream\":true}|{\"stream\":true,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}}|ALL",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}|{\"stream\":true,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}}|CONTINUOUS",
        "{\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":false,\"include_usage\":true}}|{\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":true,\"include_usage\":true}}|CONTINUOUS",
        "{\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":true}}|{\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":true,\"include_usage\":true}}|ALL",
        "{\"stream\":true,\"stream_options\":{}}|{\"stream\":true,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}}|ALL",
      })
  void runningUsageIsAskedForTooWhereItIsWanted(
      String body, String expected, UsageStrip.Mode strip) {
    Spliced spliced = check(body, true, expected, Outcome.EDITED);
    assertThat(spliced.splice().strip()).isEqualTo(strip);
  }

  @Test
  void nothingIsStrippedFromWhatTheClientAskedForItself() {
    String body =
        "{\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":true,\"include_usage\":true}}";
    assertThat(check(body, true, body, Outcome.ALREADY).splice().strip()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "[]",
        "[{\"stream\":true}]",
        "null",
        "\"{\"",
        "\uFEFF",
        "x{\"stream\":true}",
        "--b\r\n"
      })
  void whatIsNoObjectPasses(String body) {
    check(body, true, body, Outcome.NOT_JSON);
  }

  @Test
  void aPartOfAByteOrderMarkIsNoJson() {
    byte[] body = {(byte) 0xEF, (byte) 0xBB, '{', '}'};
    Spliced spliced = splice(body, false, chunksOf(1));
    assertThat(spliced.out()).isEqualTo(body);
    assertThat(spliced.splice().outcome()).isEqualTo(Outcome.NOT_JSON);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"stream\":true",
        "{\"stream\":true,",
        "{\"stream\":true,}",
        "{\"stream\":true \"x\":1}",
        "{\"stream\":true]",
        "{stream:true}",
        "{\"stream\" true}",
        "{\"stream\":true,\"a\":[}}",
        "{\"stream\":true,\"a\\x\":1}",
        "{\"stream\":true,\"a\\u00g0\":1}",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":fals",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":false",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":false\"}}",
      })
  void fromAMalformedPlaceOnEverythingPasses(String body) {
    check(body, true, body, Outcome.MALFORMED);
  }

  @Test
  void whatWasEditedInFrontOfAMalformedPlaceStays() {
    check(
        "{\"stream\":true,\"stream_options\":{\"include_usage\":false},,}",
        false,
        "{\"stream\":true,\"stream_options\":{\"include_usage\":true},,}",
        Outcome.MALFORMED);
  }

  @Test
  void bytesAroundTheObjectPass() {
    check(
        "\uFEFF\r\n\t{\"stream\":true}\n{\"stream\":true}garbage",
        false,
        "\uFEFF\r\n\t{\"stream\":true," + OPTIONS + "}\n{\"stream\":true}garbage",
        Outcome.EDITED);
  }

  @Test
  void factsAreReadOnTheWay() {
    Spliced spliced =
        splice(
            utf8(
                "{\"n\":3,\"model\":\"a\\u00e9\\\"\",\"stream\":true,"
                    + "\"stream_options\":{\"include_usage\":false,\"continuous_usage_stats\":true}}"),
            false,
            chunksOf(1));
    RequestSplice splice = spliced.splice();
    assertThat(splice.n()).isEqualTo(3);
    assertThat(splice.model()).isEqualTo("aé\"");
    assertThat(splice.stream()).isEqualTo(Flag.TRUE);
    assertThat(splice.includeUsage()).isEqualTo(Flag.FALSE);
    assertThat(splice.continuousUsageStats()).isEqualTo(Flag.TRUE);
    assertThat(splice.duplicateSeen()).isFalse();
  }

  @Test
  void factsThatAreNotThereOrNotWhatTheyShouldBeAreAbsent() {
    RequestSplice splice = splice(utf8("{\"n\":\"3\",\"model\":7}"), false, chunksOf(1)).splice();
    assertThat(splice.n()).isEqualTo(RequestSplice.ABSENT);
    assertThat(splice.model()).isNull();
    assertThat(splice.stream()).isEqualTo(Flag.ABSENT);
    assertThat(splice(utf8("{\"n\":-1}"), false, chunksOf(9)).splice().n())
        .isEqualTo(RequestSplice.ABSENT);
  }

  @Test
  void ofWhatIsStatedTwiceTheLastCountsAndItIsTold() {
    RequestSplice splice =
        splice(
                utf8(
                    "{\"n\":1,\"n\":2,\"stream\":true,\"stream_options\":{\"include_usage\":true},"
                        + "\"stream_options\":{}}"),
                false,
                chunksOf(1))
            .splice();
    assertThat(splice.n()).isEqualTo(2);
    assertThat(splice.includeUsage()).isEqualTo(Flag.ABSENT);
    assertThat(splice.duplicateSeen()).isTrue();
  }

  @Test
  void lookAlikesElsewhereAreLeftAlone() {
    String decoys =
        "\"tools\":[{\"stream_options\":{\"include_usage\":false}}],\"include_usage\":false,"
            + "\"metadata\":{\"stream_options\":null,\"include_usage\":false},"
            + "\"x\":\"\\\"stream_options\\\":{\\\"include_usage\\\":false}\"";
    check(
        "{" + decoys + ",\"stream\":true}",
        false,
        "{" + decoys + ",\"stream\":true," + OPTIONS + "}",
        Outcome.EDITED);
  }

  @Test
  void nestingIsOfNoImportance() {
    String deep = "[{\"a\":".repeat(100_000) + "1" + "}]".repeat(100_000);
    check(
        "{\"stream\":true,\"x\":" + deep + "}",
        false,
        "{\"stream\":true,\"x\":" + deep + "," + OPTIONS + "}",
        Outcome.EDITED);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1400, 65536})
  @Tag("slow")
  void aLargeBodyTakesNoMemory(int size) {
    byte[] head = utf8("{\"stream\":true,\"messages\":[{\"content\":\"data:image/png;base64,");
    byte[] chunk = new byte[size];
    Arrays.fill(chunk, (byte) 'A');
    byte[] tail = utf8("\"}],\"stream_options\":{\"include_usage\":false}}");
    long[] passed = new long[1];
    RequestSplice splice = new RequestSplice((b, from, to) -> passed[0] += to - from, true);
    splice.feed(head, 0, head.length);
    splice.feed(chunk, 0, chunk.length);
    long before = Allocation.ofThisThread();
    long fed = head.length + (long) size;
    for (; fed < 20_000_000; fed += size) {
      splice.feed(chunk, 0, chunk.length);
    }
    long allocated = Allocation.ofThisThread() - before;
    splice.feed(tail, 0, tail.length);
    splice.end();
    assertThat(allocated).as("bytes allocated for 20 MB").isLessThan(10_000);
    assertThat(splice.outcome()).isEqualTo(Outcome.EDITED);
    assertThat(passed[0])
        .isEqualTo(fed + tail.length - 1 + ",\"continuous_usage_stats\":true".length());
  }

  private static Spliced check(String body, boolean continuous, String expected, Outcome outcome) {
    byte[] bytes = utf8(body);
    Spliced once = splice(bytes, continuous, chunksOf(1 << 30));
    Spliced bytewise = splice(bytes, continuous, chunksOf(1));
    assertThat(once.text()).isEqualTo(expected);
    assertThat(bytewise.text()).isEqualTo(expected);
    assertThat(once.splice().outcome()).isEqualTo(outcome);
    assertThat(SplicedBodies.facts(bytewise.splice()))
        .isEqualTo(SplicedBodies.facts(once.splice()));
    assertThat(once.splice().isChanged()).isEqualTo(!expected.equals(body));
    return once;
  }
}
