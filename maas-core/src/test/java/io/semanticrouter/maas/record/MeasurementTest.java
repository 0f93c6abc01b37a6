// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Measurement.Status;
import java.math.BigDecimal;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MeasurementTest {
  private static final Measurement NONE = Measurement.of(Status.NONE, Set.of(), null);

  @ParameterizedTest
  @CsvSource({
    "0, 0, 0",
    "0.00172125, 0, 1721250000000000",
    "1e2, 100, 0",
    "12.5, 12, 500000000000000000",
    "0.0000000000000000005, 0, 0",
    "0.0000000000000000015, 0, 2",
    "1e-2147483647, 0, 0",
    "0.9999999999999999999, 1, 0",
    "999999999999999999.1, 999999999999999999, 100000000000000000"
  })
  void whatTheProviderStatesIsACostInDollars(String stated, long units, long attos) {
    assertThat(NONE.withProviderStatement(new BigDecimal(stated), null).statedCost())
        .isEqualTo(new Cost("USD", units, attos));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-0.1", "1e18", "1e2147483647"})
  void whatNoCostCanBeIsNone(String stated) {
    assertThat(NONE.withProviderStatement(new BigDecimal(stated), null).statedCost()).isNull();
  }

  @Test
  void nothingStatedIsNone() {
    assertThat(NONE.statedCost()).isNull();
  }
}
