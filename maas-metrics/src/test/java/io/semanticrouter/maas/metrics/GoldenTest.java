// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.Identity.Source;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.ResponsePath;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The whole exposition after one fixed sequence of exchanges, as files to read and review. */
class GoldenTest {
  private static final Records[] EXCHANGES = {
    // The seed's line: 1500 prompt tokens of alice.
    Records.of("alice", "premium", "qwen3")
        .routed("math_route", "math", true)
        .cacheHit(false)
        .stream(180, 4_170)
        .tokens(1500, 320)
        .parts(1024, 0, 128)
        .cost(0, 492_000_000_000_000L),
    Records.of("alice", "premium", "qwen3")
        .routed("math_route", "math", true)
        .cacheHit(true)
        .stream(3, 5)
        .tokens(1500, 320)
        .cost(0, 0),
    Records.of("alice", "premium", "qwen3")
        .measured(Status.ESTIMATED, 40, 7, Reason.CANCELLED)
        .cost(0, 12_200_000_000_000L),
    Records.of("alice", "premium", "llama")
        .routed(null, "law", false)
        .security(true, true)
        .measured(Status.PARTIAL, 12, -1, Reason.CANCELLED, Reason.NO_TERMINATOR)
        .unpriced(),
    Records.of("bob", "free", "qwen3")
        .operation(Operation.EMBEDDING)
        .took(7, 7)
        .tokens(0, 0)
        .security(false, false)
        .cost(0, 0),
    Records.of("bob", "free", "qwen3").refused(429, "qwen3"),
    Records.of("bob", "free", "qwen3").unmeasured(Status.FAILED, Reason.MALFORMED_JSON),
    Records.of("bob", "free", "qwen3")
        .path(ResponsePath.FAST_RESPONSE)
        .unmeasured(Status.NONE, Reason.FAST_RESPONSE),
    Records.of("bob", "free", "qwen3")
        .path(ResponsePath.LOOPER)
        .measured(Status.COMPLETE, 24, 36, Reason.ROUTER_TOTALS)
        .unpriced(),
    new Records().identity("unknown", "free", Source.ABSENT).unmeasured(Status.NONE),
  };

  @ParameterizedTest
  @EnumSource(Mode.class)
  void prometheusText(Mode mode) throws IOException {
    assertGolden(mode, ".prom.txt", Exposition.of(mode).record(EXCHANGES).text());
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void openMetrics(Mode mode) throws IOException {
    assertGolden(mode, ".openmetrics.txt", Exposition.of(mode).record(EXCHANGES).openMetrics());
  }

  private static void assertGolden(Mode mode, String suffix, String actual) throws IOException {
    String name = "/golden/" + mode.name().toLowerCase(Locale.ROOT) + suffix;
    // What was seen, to compare with the golden file and to replace it with when that is right.
    Path seen = Path.of("target" + name);
    Files.createDirectories(Path.of("target/golden"));
    Files.writeString(seen, actual);
    try (InputStream golden = GoldenTest.class.getResourceAsStream(name)) {
      String expected =
          golden == null ? "" : new String(golden.readAllBytes(), StandardCharsets.UTF_8);
      assertThat(actual).as(name).isEqualTo(expected);
    }
  }
}
