// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeaderEditsTest {
  @Test
  void sizeCountsWhatIsSetAndWhatIsRemoved() {
    HeaderEdits edits =
        new HeaderEdits.Builder().set("x-a", "1").set("x-b", "2").remove("x-c").build();
    assertThat(edits.size()).isEqualTo(3);
    assertThat(edits.withRemove("x-d").size()).isEqualTo(4);
    assertThat(HeaderEdits.EMPTY.size()).isZero();
  }

  @Test
  void latin1HasOneCharForEachByteOfTheWire() {
    HeaderEdits edits =
        new HeaderEdits.Builder().set("x-a", "1").set("x-b", "zoë").remove("x-c").build();
    HeaderEdits expected =
        new HeaderEdits.Builder()
            .set("x-a", "1")
            .set("x-b", "zo\u00c3\u00ab")
            .remove("x-c")
            .build();
    assertThat(edits.latin1()).isEqualTo(expected);
    assertThat(HeaderEdits.EMPTY.latin1()).isSameAs(HeaderEdits.EMPTY);
  }
}
