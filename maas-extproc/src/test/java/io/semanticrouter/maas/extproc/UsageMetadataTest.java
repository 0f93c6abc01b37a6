// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UsageMetadataTest {
  /** The keys are a contract with access logs and rate limits. */
  @Test
  void everyPartHasAKeyOfItsOwn() {
    TokenUsage.Builder usage = TokenUsage.builder(100, 50);
    for (TokenPart part : TokenPart.values()) {
      usage.part(part, part.label().length());
    }
    Identity identity = Identity.of("alice", "premium");
    Exchange.SoFar soFar = new Exchange.SoFar("m", usage.build(), new Cost("USD", 1, 0));
    UsageMetadata metadata = UsageMetadata.of("n.s", identity, soFar, new CarriedMicros());

    Map<String, Object> shown = new LinkedHashMap<>();
    for (int i = 0; i < metadata.size(); i++) {
      String text = metadata.text(i);
      shown.put(metadata.name(i), text == null ? (Object) metadata.number(i) : text);
    }
    assertThat(shown)
        .hasToString(
            "{user=alice, tier=premium, model=m, "
                + "prompt_tokens=100.0, completion_tokens=50.0, total_tokens=150.0, "
                + "cache_read_tokens=10.0, cache_write_tokens=11.0, "
                + "cache_write_5m_tokens=14.0, cache_write_1h_tokens=14.0, "
                + "reasoning_tokens=9.0, prompt_audio_tokens=12.0, prompt_image_tokens=12.0, "
                + "completion_audio_tokens=16.0, completion_image_tokens=16.0, "
                + "tool_use_tokens=8.0, accepted_prediction_tokens=19.0, "
                + "rejected_prediction_tokens=19.0, unattributed_tokens=12.0, "
                + "cost=1, currency=USD, cost_micros=1000000.0}");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 0",
    "10, 0, 10",
    "0, 1, 0.000000000000000001",
    "0, 500000000000000000, 0.5",
    "3, 141592653589793238, 3.141592653589793238",
    "9223372036854775807, 999999999999999999, 9223372036854775807.999999999999999999"
  })
  void costIsWrittenWithoutZerosAtItsEnd(long units, long attos, String expected) {
    assertThat(UsageMetadata.decimal(new Cost("USD", units, attos))).isEqualTo(expected);
  }

  @Test
  void costIsWrittenAsBigDecimalWritesIt() {
    Random random = new Random(20261128);
    for (int i = 0; i < 10_000; i++) {
      long scale = (long) Math.pow(10, random.nextInt(19));
      long attos = random.nextLong(Cost.ATTOS_PER_UNIT) / scale * scale;
      Cost cost = new Cost("USD", random.nextLong(Long.MAX_VALUE) >>> random.nextInt(63), attos);
      assertThat(UsageMetadata.decimal(cost))
          .isEqualTo(cost.amount().stripTrailingZeros().toPlainString());
    }
  }
}
