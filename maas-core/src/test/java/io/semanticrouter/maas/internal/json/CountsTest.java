// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.json;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CountsTest {
  private static long parse(String number) {
    byte[] text = utf8(number);
    return Counts.parse(text, text.length);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0, 0",
    "0.000, 0",
    "0e9999, 0",
    "12, 12",
    "12.0, 12",
    "12e0, 12",
    "12e1, 120",
    "12E+1, 120",
    "1.2e1, 12",
    "120e-1, 12",
    "9007199254740991, 9007199254740991",
    "900719925474099e1, 9007199254740990",
    "90071992547409910e-1, 9007199254740991",
    "9007199254740991.000, 9007199254740991",
  })
  void integersInAnyNotationAreCounts(String number, long value) {
    assertThat(parse(number)).isEqualTo(value);
    assertThat(new BigDecimal(number)).isEqualByComparingTo(BigDecimal.valueOf(value));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "-", "-1", "-1.0", "01", "00", "+1", ".5", "1.", "1.5", "12e-1", "1e", "1E", "1e-",
        "1e+", "1e+-1", "1.e1", "e1", "1x", "1.0x", "1e1x", "0x1", "1,0", "1 ", " 1", "NaN"
      })
  void whatIsNoIntegerFromZeroOnIsMalformed(String number) {
    assertThat(parse(number)).isEqualTo(Counts.MALFORMED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "9007199254740992",
        "900719925474100e1",
        "1e16",
        "1e999999999999",
        "922337203685477579",
        "9223372036854775807",
        "9223372036854775808",
        "92233720368547758070",
        "922337203685477580.70",
        "0.9223372036854775807",
        "1.0000000000000000000000",
      })
  void moreThanEveryJsonImplementationCanHoldIsMalformed(String number) {
    assertThat(parse(number)).isEqualTo(Counts.MALFORMED);
  }

  @Test
  void bytesBehindTheLengthAreNotRead() {
    byte[] text = utf8("-12.34e-56");
    assertThat(Counts.parse(text, 0)).isEqualTo(Counts.MALFORMED);
    assertThat(Counts.parse(text, 1)).isEqualTo(Counts.MALFORMED);
    byte[] positive = utf8("120e123");
    assertThat(Counts.parse(positive, 2)).isEqualTo(12);
    assertThat(Counts.parse(positive, 3)).isEqualTo(120);
    assertThat(Counts.parse(positive, 4)).isEqualTo(Counts.MALFORMED);
    assertThat(Counts.parse(positive, 5)).isEqualTo(1200);
    assertThat(Counts.parse(utf8("1.00"), 3)).isEqualTo(1);
  }
}
