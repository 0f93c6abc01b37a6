// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.json;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SkippedValueTest {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void randomBracketsAndStringsEndWhereAStackSays(boolean lineEndStops) {
    Random random = new Random(20261124);
    String parts = "{}[]{}[]\"\"\\,:1a \n\r\t";
    int closed = 0;
    int malformed = 0;
    for (int run = 0; run < 20_000; run++) {
      StringBuilder text = new StringBuilder(random.nextBoolean() ? "[" : "{");
      String pad = "b".repeat(random.nextInt(20));
      for (int n = random.nextInt(16); n > 0; n--) {
        char part = parts.charAt(random.nextInt(parts.length()));
        text.append(lineEndStops && part < ' ' ? ' ' : part)
            .append(random.nextBoolean() ? pad : "");
      }
      byte[] b = utf8(text.toString());
      int end = end(b);
      SkippedValue value = new SkippedValue(lineEndStops);
      value.begin(b[0] == '[');
      int at = 1;
      int largest = 1 + random.nextInt(b.length);
      while (at < b.length && !value.isClosed() && !value.isMalformed()) {
        int to = Math.min(b.length, at + 1 + random.nextInt(largest));
        int read = value.feed(b, at, to);
        assertThat(read == to || value.isClosed() || value.isMalformed()).as("%s", text).isTrue();
        at = read;
        if (!value.isInEscape()) {
          SkippedValue same = new SkippedValue(lineEndStops);
          same.restore(value.position(), value.arrays());
          assertThat(same.isInString()).isEqualTo(value.isInString());
          value = value.isMalformed() ? value : same;
        }
      }
      assertThat(value.isClosed()).as("%s", text).isEqualTo(end > 0);
      assertThat(value.isMalformed()).as("%s", text).isEqualTo(end < 0);
      assertThat(at).as("%s", text).isEqualTo(end == 0 ? b.length : Math.abs(end));
      if (end != 0) {
        assertThat(value.feed(b, 0, b.length)).as("read behind the end").isZero();
      }
      closed += end > 0 ? 1 : 0;
      malformed += end < 0 ? 1 : 0;
    }
    assertThat(closed).isGreaterThan(1000);
    assertThat(malformed).isGreaterThan(1000);
  }

  /** Behind the last bracket; the complement's neighbour of one that is wrong; 0 for neither. */
  private static int end(byte[] b) {
    Deque<Character> open = new ArrayDeque<>();
    boolean string = false;
    for (int i = 0; i < b.length; i++) {
      char c = (char) b[i];
      if (string) {
        string = c != '"';
        i += c == '\\' ? 1 : 0;
      } else if (c == '"') {
        string = true;
      } else if (c == '[' || c == '{') {
        open.push(c);
      } else if (c == ']' || c == '}') {
        if (open.pop() != (c == ']' ? '[' : '{')) {
          return -i;
        }
        if (open.isEmpty()) {
          return i + 1;
        }
      }
    }
    return 0;
  }

  @ParameterizedTest
  @CsvSource({"1, true", "63, true", "64, true", "65, false", "1000, false"})
  void bracketThatDoesNotMatchIsToldDownTo64Levels(int depth, boolean told) {
    for (boolean array : new boolean[] {true, false}) {
      SkippedValue value = new SkippedValue(false);
      value.begin(array);
      byte[] open = utf8((array ? "[" : "{").repeat(depth - 1));
      assertThat(value.feed(open, 0, open.length)).isEqualTo(open.length);
      byte[] wrong = utf8(array ? "}" : "]");
      value.feed(wrong, 0, 1);
      assertThat(value.isMalformed()).isEqualTo(told);
      byte[] rest = utf8((array ? "]" : "}").repeat(depth));
      int read = value.feed(rest, 0, rest.length);
      assertThat(value.isClosed()).isEqualTo(!told);
      assertThat(read).isEqualTo(told ? 0 : depth - 1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 62, 63, 64, 65, 66, 127, 128, 200})
  void bracketOfOneKindEndsWhereManyOfTheOtherKindAreInIt(int depth) {
    for (boolean array : new boolean[] {true, false}) {
      SkippedValue value = new SkippedValue(false);
      value.begin(array);
      String open = (array ? "{" : "[").repeat(depth);
      String close = (array ? "}" : "]").repeat(depth) + (array ? "]" : "}");
      byte[] b = utf8(open + close);
      assertThat(value.feed(b, 0, b.length)).isEqualTo(b.length);
      assertThat(value.isClosed()).isTrue();
    }
  }

  @Test
  void bracketOfOneKindIsNotTakenForAnEarlierOneAtItsDepth() {
    for (String text : new String[] {"[],{}}", "{},[]}", "[{}],{\"a\":[]}}"}) {
      SkippedValue value = new SkippedValue(false);
      value.begin(false);
      assertThat(value.feed(utf8(text), 0, text.length())).as(text).isEqualTo(text.length());
      assertThat(value.isClosed()).as(text).isTrue();
    }
    SkippedValue value = new SkippedValue(false);
    value.begin(true);
    value.feed(utf8("[[\""), 0, 3);
    value.begin(false);
    assertThat(value.isInString()).isFalse();
    assertThat(value.feed(utf8("}"), 0, 1)).isEqualTo(1);
    assertThat(value.isClosed()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r"})
  void lineEndStopsWhereverItStandsIfItDoesSo(String lineEnd) {
    String plain = "a".repeat(20);
    for (String before : new String[] {"", "1", plain, "\"", "\"" + plain, "\"\\", "\"a\"", "[]"}) {
      byte[] b = utf8(before + lineEnd + plain);
      for (int cut = 0; cut <= before.length(); cut++) {
        SkippedValue stopping = new SkippedValue(true);
        stopping.begin(true);
        assertThat(stopping.feed(b, 0, cut)).isEqualTo(cut);
        for (int again = 0; again < 2; again++) {
          int from = again == 0 ? cut : before.length();
          assertThat(stopping.feed(b, from, b.length)).as(before).isEqualTo(before.length());
        }
        SkippedValue passing = new SkippedValue(false);
        passing.begin(true);
        passing.feed(b, 0, cut);
        assertThat(passing.feed(b, cut, b.length)).as(before).isEqualTo(b.length);
        assertThat(passing.isMalformed()).isFalse();
      }
    }
  }

  @Test
  void lineFeedBetweenLinesIsWhatAnEscapeTakesWithIt() {
    SkippedValue value = new SkippedValue(true);
    value.begin(true);
    value.feed(utf8("\"\\"), 0, 2);
    assertThat(value.isInEscape()).isTrue();
    assertThat(value.isInString()).isFalse();
    value.lineFeed();
    assertThat(value.isInEscape()).isFalse();
    assertThat(value.isInString()).isTrue();
    assertThat(value.feed(utf8("\"]"), 0, 2)).isEqualTo(2);
    assertThat(value.isClosed()).isTrue();
    value.begin(true);
    value.lineFeed();
    assertThat(value.isInString()).isFalse();
    assertThat(value.isClosed()).isFalse();
  }
}
