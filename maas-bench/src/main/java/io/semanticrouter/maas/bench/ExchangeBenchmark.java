// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * The whole metering of one exchange with a JSON body of 2 KB: request headers, response headers
 * with the edits handed out, body, end, record, all metrics. The figure beside the seed's 0.55 ms.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class ExchangeBenchmark {
  /** One exchange. */
  @Benchmark
  public @Nullable UsageRecord exchange(Engine engine, Client client, Blackhole gateway) {
    client.next();
    Exchange exchange = client.begin(engine.metering);
    exchange.request().pass().forEachRemove(gateway::consume);
    ResponseBody answer = exchange.response(200, client.jsonResponse());
    answer
        .edits()
        .forEachSet(
            (name, value) -> {
              gateway.consume(name);
              gateway.consume(value);
            });
    if (answer.mode() != ResponseBody.Mode.PASS) {
      byte[] body = client.body();
      answer.watch(body, 0, body.length);
    }
    answer.end();
    return exchange.record();
  }
}
