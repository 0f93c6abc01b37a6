// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.internal.json.Counts;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every combination of small counts against arithmetic that was written apart from it. */
class CanonicalUsageTest {
  private static final long[] VALUES = {Tally.ABSENT, 0, 1, 2, 3};

  private static final Map<String, Integer> SLOTS =
      Map.ofEntries(
          Map.entry("INPUT", Slots.INPUT),
          Map.entry("OUTPUT", Slots.OUTPUT),
          Map.entry("TOTAL", Slots.TOTAL),
          Map.entry("CACHE_READ", Slots.CACHE_READ),
          Map.entry("CACHED", Slots.CACHED),
          Map.entry("CACHE_READ_INPUT", Slots.CACHE_READ_INPUT),
          Map.entry("CACHE_WRITE", Slots.CACHE_WRITE),
          Map.entry("WRITE_5M", Slots.WRITE_5M),
          Map.entry("WRITE_1H", Slots.WRITE_1H),
          Map.entry("REASONING", Slots.REASONING),
          Map.entry("REASONING_BESIDE", Slots.REASONING_BESIDE),
          Map.entry("TOOL_INPUT", Slots.TOOL_INPUT),
          Map.entry("BILLED_INPUT", Slots.BILLED_INPUT),
          Map.entry("BILLED_OUTPUT", Slots.BILLED_OUTPUT));

  @ParameterizedTest
  @CsvSource({
    "OPENAI, INPUT OUTPUT TOTAL CACHE_READ REASONING REASONING_BESIDE",
    "OPENAI, INPUT OUTPUT TOTAL CACHED CACHE_READ_INPUT CACHE_WRITE",
    "INPUT_OUTPUT, INPUT OUTPUT TOTAL CACHE_READ CACHE_WRITE REASONING",
    "ANTHROPIC, INPUT OUTPUT CACHE_READ_INPUT CACHE_WRITE WRITE_5M WRITE_1H",
    "ANTHROPIC, INPUT OUTPUT TOTAL REASONING CACHE_READ_INPUT WRITE_1H",
    "CONVERSE, INPUT OUTPUT TOTAL CACHE_READ CACHED CACHE_WRITE",
    "GEMINI, INPUT OUTPUT TOTAL CACHE_READ REASONING TOOL_INPUT",
    "COHERE, INPUT OUTPUT TOTAL CACHED BILLED_INPUT BILLED_OUTPUT",
  })
  @Tag("slow")
  void combinationsOfSmallCountsComeToWhatArithmeticSays(Dialect dialect, String names) {
    String[] slots = names.split(" ", -1);
    int combinations = 1;
    for (int i = 0; i < slots.length; i++) {
      combinations *= VALUES.length;
    }
    for (int combination = 0; combination < combinations; combination++) {
      Map<String, Long> stated = new LinkedHashMap<>();
      int rest = combination;
      for (int i = 0; i < slots.length; i++, rest /= VALUES.length) {
        long value = VALUES[rest % VALUES.length];
        if (value != Tally.ABSENT) {
          stated.put(slots[i], value);
        }
      }
      assertSame(dialect, stated);
    }
  }

  private static void assertSame(Dialect dialect, Map<String, Long> stated) {
    Tally tally = new Tally();
    stated.forEach((name, value) -> tally.put(Objects.requireNonNull(SLOTS.get(name)), value));
    for (boolean promptOnly : new boolean[] {false, true}) {
      assertThat(OracleCanonical.of(CanonicalUsage.of(tally, dialect, promptOnly)))
          .as("%s %s, prompt only %s", dialect, stated, promptOnly)
          .isEqualTo(OracleCanonical.of(stated, dialect, promptOnly));
    }
  }

  @Test
  void sumsEndWhereCountsEnd() {
    Map<String, Long> stated = new HashMap<>();
    stated.put("INPUT", Counts.MAX);
    stated.put("OUTPUT", Counts.MAX);
    stated.put("CACHE_READ_INPUT", Counts.MAX);
    stated.put("CACHE_WRITE", Counts.MAX);
    assertSame(Dialect.ANTHROPIC, stated);
    Tally tally = new Tally();
    tally.put(Slots.INPUT, Counts.MAX);
    tally.put(Slots.CACHE_READ_INPUT, 1);
    assertThat(CanonicalUsage.of(tally, Dialect.ANTHROPIC, false).tokens.prompt())
        .isEqualTo(Counts.MAX);
  }
}
