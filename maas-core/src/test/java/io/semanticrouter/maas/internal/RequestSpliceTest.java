// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

import static io.semanticrouter.maas.internal.Bodies.utf8;
import static io.semanticrouter.maas.internal.SplicedBodies.chunksOf;
import static io.semanticrouter.maas.internal.SplicedBodies.splice;
import static io.semanticrouter.maas.internal.SplicedBodies.whole;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.RequestSplice.Flag;
import io.semanticrouter.maas.internal.RequestSplice.Outcome;
import io.semanticrouter.maas.internal.SplicedBodies.Spliced;
import java.util.Arrays;
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
        "{\"stream\": true , \"x\" : [ 1 ] } |{\"stream\": true , \"x\" : [ 1 ] ,\"stream_options\":{\"include_usage\":true}} ",
        "{\"stream\":false,\"stream\":true}|{\"stream\":false,\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
        // an object is edited in place, wherever it stands
        "{\"stream\":true,\"stream_options\":{}}|{\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
        "{\"stream_options\":{ },\"stream\":true}|{\"stream_options\":{ \"include_usage\":true},\"stream\":true}",
        "{\"stream_options\":{\"a\":{}},\"stream\":true}|{\"stream_options\":{\"a\":{},\"include_usage\":true},\"stream\":true}",
        "{\"stream_options\":{\"include_usage\": false },\"stream\":true}|{\"stream_options\":{\"include_usage\": true },\"stream\":true}",
        "{\"stream_options\":{\"include_usage\":null},\"stream\":true}|{\"stream_options\":{\"include_usage\":true},\"stream\":true}",
        // escaped keys are the same keys
        "{\"str\\u0065am\":true,\"stream\\u005foptions\":{\"include\\u005Fusage\":false}}|{\"str\\u0065am\":true,\"stream\\u005foptions\":{\"include\\u005Fusage\":true}}",
        // stated twice: every one
        "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"stream_options\":{\"include_usage\":false,\"include_usage\":null}}|{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"stream_options\":{\"include_usage\":true,\"include_usage\":true}}",
        // null, of a stream that is known to be one
        "{\"stream\":true,\"stream_options\": null }|{\"stream\":true,\"stream_options\": {\"include_usage\":true} }",
      })
  void usage_is_asked_for_when_a_stream_does_not(String body, String expected) {
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
  void nothing_is_edited_when_the_client_asks_itself(String body) {
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
  void nothing_is_edited_when_no_stream_is_asked_for(String body) {
    check(body, false, body, Outcome.NOT_STREAMING);
  }

  @Test
  void options_in_front_of_a_stream_that_turns_out_not_to_be_one_have_been_edited() {
    String body = "{\"stream_options\":{\"include_usage\":false},\"stream\":false}";
    check(body, false, body.replaceFirst("false", "true"), Outcome.NOT_STREAMING);
    assertThat(whole(utf8(body), false).text()).isEqualTo(body);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"stream\":true,\"stream_options\":{\"include_usage\":\"false\"}}",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":0}}",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":{\"a\":false}}}",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":[]}}",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":falsehood}}",
        "{\"stream\":true,\"stream_options\":[]}",
        "{\"stream\":true,\"stream_options\":[{\"include_usage\":false}]}",
        "{\"stream\":true,\"stream_options\":\"x\"}",
        "{\"stream\":true,\"stream_options\":nullnull}",
        "{\"stream_options\":null,\"stream\":true}",
        "{\"stream\":false,\"stream_options\":{\"include_usage\":false},\"stream\":true}",
        "{\"stream\":\"true\"}",
        "{\"stream\":1,\"stream_options\":{}}",
      })
  void nothing_is_edited_and_it_is_told_when_that_were_a_guess(String body) {
    check(body, false, body, Outcome.UNSAFE);
  }

  @Test
  void null_options_in_front_of_the_stream_are_replaced_in_a_whole_body() {
    Spliced spliced = whole(utf8("{\"stream_options\":null,\"stream\":true}"), false);
    assertThat(spliced.text()).isEqualTo("{" + OPTIONS + ",\"stream\":true}");
    assertThat(spliced.splice().outcome()).isEqualTo(Outcome.EDITED);
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
  void running_usage_is_asked_for_too_where_it_is_wanted(
      String body, String expected, UsageStrip.Mode strip) {
    Spliced spliced = check(body, true, expected, Outcome.EDITED);
    assertThat(spliced.splice().strip()).isEqualTo(strip);
  }

  @Test
  void nothing_is_stripped_from_what_the_client_asked_for_itself() {
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
  void what_is_no_object_passes(String body) {
    check(body, true, body, Outcome.NOT_JSON);
  }

  @Test
  void a_part_of_a_byte_order_mark_is_no_json() {
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
  void from_a_malformed_place_on_everything_passes(String body) {
    check(body, true, body, Outcome.MALFORMED);
  }

  @Test
  void what_was_edited_in_front_of_a_malformed_place_stays() {
    check(
        "{\"stream\":true,\"stream_options\":{\"include_usage\":false},,}",
        false,
        "{\"stream\":true,\"stream_options\":{\"include_usage\":true},,}",
        Outcome.MALFORMED);
  }

  @Test
  void bytes_around_the_object_pass() {
    check(
        "\uFEFF\r\n\t{\"stream\":true}\n{\"stream\":true}garbage",
        false,
        "\uFEFF\r\n\t{\"stream\":true," + OPTIONS + "}\n{\"stream\":true}garbage",
        Outcome.EDITED);
  }

  @Test
  void facts_are_read_on_the_way() {
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
  void facts_that_are_not_there_or_not_what_they_should_be_are_absent() {
    RequestSplice splice = splice(utf8("{\"n\":\"3\",\"model\":7}"), false, chunksOf(1)).splice();
    assertThat(splice.n()).isEqualTo(RequestSplice.ABSENT);
    assertThat(splice.model()).isNull();
    assertThat(splice.stream()).isEqualTo(Flag.ABSENT);
    assertThat(splice(utf8("{\"n\":-1}"), false, chunksOf(9)).splice().n())
        .isEqualTo(RequestSplice.ABSENT);
  }

  @Test
  void of_what_is_stated_twice_the_last_counts_and_it_is_told() {
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
    assertThat(splice.strip()).isEqualTo(UsageStrip.Mode.ALL);
    assertThat(splice.duplicateSeen()).isTrue();
  }

  @Test
  void look_alikes_elsewhere_are_left_alone() {
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
  void nesting_is_of_no_importance() {
    String deep = "[{\"a\":".repeat(100_000) + "1" + "}]".repeat(100_000);
    check(
        "{\"stream\":true,\"x\":" + deep + "}",
        false,
        "{\"stream\":true,\"x\":" + deep + "," + OPTIONS + "}",
        Outcome.EDITED);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1400, 65536})
  void a_large_body_takes_no_memory(int size) {
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
