// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;

class CostTest {
  @Test
  void amountHasEighteenExactDecimalPlaces() {
    assertThat(new Cost("USD", 0, 0).amount()).isEqualTo(new BigDecimal("0.000000000000000000"));
    assertThat(new Cost("USD", 0, 1).amount()).isEqualTo(new BigDecimal("0.000000000000000001"));
    assertThat(new Cost("EUR", 7, 999_999_999_999_999_999L).amount())
        .isEqualTo(new BigDecimal("7.999999999999999999"));
    assertThat(new Cost("EUR", Long.MAX_VALUE, 0).amount())
        .isEqualTo(new BigDecimal("9223372036854775807.000000000000000000"));
  }

  @Test
  void attosCarryIntoUnits() {
    assertThat(new Cost("USD", 1, 999_999_999_999_999_999L).plus(new Cost("USD", 2, 1)))
        .isEqualTo(new Cost("USD", 4, 0));
    assertThat(new Cost("USD", 1, 5).plus(new Cost("USD", 0, 6))).isEqualTo(new Cost("USD", 1, 11));
  }

  @Test
  void amountOutsideItsRangeIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Cost("USD", -1, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new Cost("USD", 0, -1));
    assertThatIllegalArgumentException().isThrownBy(() -> new Cost("USD", 0, Cost.ATTOS_PER_UNIT));
  }
}
