// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.framing;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.bytes.StringBytes;
import io.semanticrouter.maas.internal.usage.Cuts;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SseFramingTest {
  private final List<String> events = new ArrayList<>();
  private StringBuilder event = new StringBuilder();

  /** The events are between bars, "/" is a line end, and "+" between two lines of one event. */
  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "data: a//data: b//,|a|b|",
        "data:a//data:  b//,|a| b|",
        "data: a/data: b//,|a+b|",
        "data: a/data/data:/data: //data: b//,|a+++|b|",
        "//data: a///data: b//,|a|b|",
        ": data: no//data: a//,|a|",
        ":data: no/ data: no/xdata: no/dat: no/datax: no/d/da/dat/Data: no/data: a//,|a|",
        "dxta: no/daxa: no/datx: no/data; no/data. no/data: a//,|a|",
        "event: data: no/id: data: no/data: a/retry: 7//,|a|",
        "data: a/: no/data: b/: data: no//,|a+b|",
        "data:: a//data:data: b//,|: a|data: b|",
        "data//,||",
        "data: a,|a|",
        "data: a/data: b,|a+b|",
        ": data: no,",
      })
  void eventsAreToldWhereverTheStreamIsCut(String text, String expected) {
    for (String lineEnd : new String[] {"\n", "\r", "\r\n"}) {
      byte[] stream = utf8(text.replace("/", lineEnd));
      String told = expected == null ? "" : expected.replace('+', '\n');
      for (int size = 1; size <= stream.length; size++) {
        assertEvents(told, stream, size, 0);
      }
      for (int cut = 1; cut < stream.length; cut++) {
        assertEvents(told, stream, stream.length, cut);
      }
    }
  }

  private void assertEvents(String expected, byte[] stream, int size, int first) {
    events.clear();
    event = new StringBuilder();
    SseFraming framing = new SseFraming(new Recorder());
    // Each chunk ends where its array does.
    framing.feed(Arrays.copyOf(stream, first), 0, first);
    byte[] rest = Arrays.copyOfRange(stream, first, stream.length);
    Cuts.every(
        size, rest, (b, from, to) -> framing.feed(Arrays.copyOfRange(b, from, to), 0, to - from));
    boolean ended = stream[stream.length - 1] < ' ';
    assertThat(framing.end()).as("pending").isEqualTo(!ended && !expected.isEmpty());
    String told = events.isEmpty() ? "" : "|" + String.join("|", events) + "|";
    assertThat(told).as("cut at %d, then chunks of %d", first, size).isEqualTo(expected);
  }

  private final class Recorder implements SseFraming.Data {
    @Override
    public int data(byte[] b, int from, int to) {
      int end = StringBytes.lineEnd(b, from, to);
      event.append(new String(b, from, end - from, StandardCharsets.UTF_8));
      return end;
    }

    @Override
    public void nextLine() {
      event.append('\n');
    }

    @Override
    public void dispatch() {
      events.add(event.toString());
      event = new StringBuilder();
    }
  }
}
