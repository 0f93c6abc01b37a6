// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.HeaderEdits;
import io.semanticrouter.maas.Metering;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The seed's "header mutation": response headers in, six edits out. The exchange has been begun
 * before, once, so nothing has to be subtracted; what is included besides the edits is reading the
 * routing facts and making the scanner for the body.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class HeaderEditsBenchmark {
  private final Metering metering =
      Metering.builder(Traffic.config(io.semanticrouter.maas.Mode.HYBRID)).build();
  private final Client client = new Client();
  private final Exchange exchange = client.begin(metering);

  /** Six edits, not five and not none. */
  @Setup(Level.Trial)
  public void check() {
    Checks.that(edits().toSet().size() == 6, "six edits");
    Checks.that(exchange.wantsResponseBody(), "the body is wanted");
  }

  /** Headers in, edits out. */
  @Benchmark
  public HeaderEdits edits() {
    client.next();
    return exchange.onResponseHeaders(200, client.jsonResponse());
  }
}
