// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.http.HeaderEdits;
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
import org.openjdk.jmh.infra.Blackhole;

/** The steps of an exchange that read headers, 10,000 users. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class StepBenchmark {
  private final Metering metering =
      Metering.builder(Traffic.config(io.semanticrouter.maas.config.Mode.HYBRID)).build();
  private final Client client = new Client();
  private final Exchange open = client.begin(metering);

  /** What a mistake here would look like. */
  @Setup(Level.Trial)
  public void check() {
    client.next();
    open.request().pass();
    Exchange exchange = begin();
    Checks.that(exchange.isMetered(), "metered");
    Checks.that(exchange.identity().user().startsWith("user-"), "the user was read");
    Checks.that(edits().toSet().size() == 6, "six edits");
    Checks.that(
        open.response(200, client.jsonResponse()).mode() == ResponseBody.Mode.WATCH,
        "the body is wanted");
  }

  /** The seed's "header extraction": headers in, exchange with identity out. */
  @Benchmark
  public Exchange begin() {
    client.next();
    return client.begin(metering);
  }

  /** Of that, the part of the gateway: two look-ups and the two texts. */
  @Benchmark
  public void gatewayShare(Blackhole hole) {
    client.next();
    hole.consume(client.request.get("x-auth-request-user"));
    hole.consume(client.request.get("x-auth-request-tier"));
  }

  /**
   * The seed's "header mutation": response headers in, six edits out, of an exchange that has begun
   * before. Reading the routing facts and making the scanner for the body is included.
   */
  @Benchmark
  public HeaderEdits edits() {
    client.next();
    return open.response(200, client.jsonResponse()).edits();
  }
}
