// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.Exchange;
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
import org.openjdk.jmh.infra.Blackhole;

/** The seed's "header extraction": the begin of an exchange, 10,000 users. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class IdentityBenchmark {
  private final Metering metering =
      Metering.builder(Traffic.config(io.semanticrouter.maas.Mode.HYBRID)).build();
  private final Client client = new Client();

  /** What a mistake here would look like. */
  @Setup(Level.Trial)
  public void check() {
    client.next();
    Exchange exchange = begin();
    Checks.that(exchange.isMetered(), "metered");
    Checks.that(exchange.identity().user().startsWith("user-"), "the user was read");
  }

  /** Headers in, exchange with identity out. */
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
}
