// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How much the headers of a message may become by edits: what Envoy takes by default. */
class WireHeadersTest {
  /** Headers of so many lines, which have so many bytes together. */
  private static WireHeaders headers(int lines, int bytes) {
    WireHeaders headers = new WireHeaders();
    headers.begin(new byte[bytes]);
    for (int i = 0; i < lines - 1; i++) {
      headers.add(0, 0, 0, 0);
    }
    headers.add(0, 1, 1, bytes);
    return headers;
  }

  @ParameterizedTest
  @CsvSource({"98, true", "99, true", "100, false"})
  void linesAreAHundredAtMost(int lines, boolean room) {
    assertThat(headers(lines, 100).hasRoomFor(1, 10)).isEqualTo(room);
  }

  @ParameterizedTest
  @CsvSource({"-1, true", "0, true", "1, false"})
  void bytesAreSixtyKibibytesAtMost(int more, boolean room) {
    assertThat(headers(10, 60 * 1024 - 100 + more).hasRoomFor(1, 100)).isEqualTo(room);
  }
}
