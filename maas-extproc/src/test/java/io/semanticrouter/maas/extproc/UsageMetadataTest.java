// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Cost;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UsageMetadataTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0, 0",
    "10, 0, 10",
    "0, 1, 0.000000000001",
    "0, 500000000000, 0.5",
    "3, 141592653589, 3.141592653589",
    "9223372036854775807, 999999999999, 9223372036854775807.999999999999"
  })
  void costIsWrittenWithoutZerosAtItsEnd(long units, long picos, String expected) {
    assertThat(UsageMetadata.decimal(new Cost("USD", units, picos))).isEqualTo(expected);
  }

  @Test
  void costIsWrittenAsBigDecimalWritesIt() {
    Random random = new Random(20261128);
    for (int i = 0; i < 10_000; i++) {
      long scale = (long) Math.pow(10, random.nextInt(13));
      long picos = random.nextLong(Cost.PICOS_PER_UNIT) / scale * scale;
      Cost cost = new Cost("USD", random.nextLong(Long.MAX_VALUE) >>> random.nextInt(63), picos);
      assertThat(UsageMetadata.decimal(cost))
          .isEqualTo(cost.amount().stripTrailingZeros().toPlainString());
    }
  }
}
