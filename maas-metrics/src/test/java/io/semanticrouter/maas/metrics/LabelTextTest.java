// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LabelTextTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "alice",
        "two words",
        " ",
        "Zoë 用户 🦊",
        "e\u0301",
        "CORP\\alice",
        "CORP\\ulrich",
        "a\\",
        "a\\u",
        "a\\u202",
        "a\\U202e",
        "a\\u202E",
        "a\\n",
        "\"quoted\"",
        "_",
        "__overflow",
        "ﬁ",
        "\u05d0\u0628",
        "\uFFFD"
      })
  void whatCanBeSeenIsShownAsItIs(String value) {
    assertThat(LabelText.shown(value)).isSameAs(value);
  }

  @ParameterizedTest
  @CsvSource({
    // Spaces that are not the space.
    "00A0",
    "1680",
    "2000",
    "2001",
    "2002",
    "2003",
    "2004",
    "2005",
    "2006",
    "2007",
    "2008",
    "2009",
    "200A",
    "202F",
    "205F",
    "3000",
    "2028",
    "2029",
    // Controls.
    "0000",
    "0007",
    "0009",
    "000A",
    "000D",
    "001F",
    "007F",
    "0085",
    "009F",
    // Of no width, and for the reading direction.
    "00AD",
    "061C",
    "180E",
    "200B",
    "200C",
    "200D",
    "200E",
    "200F",
    "202A",
    "202B",
    "202C",
    "202D",
    "202E",
    "2060",
    "2061",
    "2062",
    "2063",
    "2064",
    "2065",
    "2066",
    "2067",
    "2068",
    "2069",
    "206F",
    "FEFF",
    "FFF9",
    "FFFB",
    "E0001",
    "E0041",
    "E007F",
    "1D173",
    // Ignorable, or blank, though they are letters, marks and symbols.
    "034F",
    "115F",
    "1160",
    "17B4",
    "17B5",
    "180B",
    "180F",
    "2800",
    "3164",
    "FE00",
    "FE0F",
    "FFA0",
    "E0100",
    "E01EF",
    // Private use, no characters, halves of pairs.
    "E000",
    "F8FF",
    "F0000",
    "10FFFD",
    "FFFE",
    "FFFF",
    "1FFFE",
    "FDD0",
    "D800",
    "DFFF"
  })
  void whatCannotBeSeenIsShownEscaped(String hex) {
    String value = Character.toString(Integer.parseInt(hex, 16));
    StringBuilder expected = new StringBuilder("ali");
    for (int i = 0; i < value.length(); i++) {
      expected.append('\\').append('u').append("%04x".formatted((int) value.charAt(i)));
    }

    assertThat(LabelText.shown("ali" + value + "ce")).isEqualTo(expected + "ce");
    assertThat(LabelText.shown("ali" + value + value + "ce"))
        .isEqualTo(expected + expected.substring(3) + "ce");
  }

  @Test
  void textThatReadsLikeAnEscapeIsAnotherName() {
    assertThat(LabelText.shown("a\\u202e")).isEqualTo("a\\u005cu202e");
    assertThat(LabelText.shown("a\\\\u202e")).isEqualTo("a\\\\u005cu202e");
    assertThat(LabelText.shown("a\\\u202e")).isEqualTo("a\\\\u202e");
    assertThat(LabelText.shown("a\\u005cu202e")).isEqualTo("a\\u005cu005cu202e");
  }

  @Test
  void nobodyIsCalledLikeTheOverflowSeries() {
    assertThat(LabelText.shown("__overflow__")).isEqualTo("\\u005f_overflow__");
    assertThat(LabelText.shown("\\u005f_overflow__")).isEqualTo("\\u005cu005f_overflow__");
  }

  @Test
  void differentValuesAreNeverShownAlike() {
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("LabelTextTest seed " + seed);
    Random random = new Random(seed);
    String[] pieces = {
      "\\",
      "u",
      "\\u",
      "0",
      "5",
      "c",
      "2",
      "e",
      "20",
      "202e",
      "005c",
      "\u202e",
      "\u200b",
      "_",
      "__overflow__",
      "\uD83E",
      "\uDD8A",
      "\uDB40",
      "\uDC01",
      "a",
      " "
    };
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < 50_000; i++) {
      StringBuilder value = new StringBuilder();
      for (int piece = random.nextInt(7); piece >= 0; piece--) {
        value.append(pieces[random.nextInt(pieces.length)]);
      }
      String before = values.put(LabelText.shown(value.toString()), value.toString());
      if (before != null) {
        assertThat(before).isEqualTo(value.toString());
      }
    }
  }
}
