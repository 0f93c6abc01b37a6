// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.metrics.PrometheusSink;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The seed's "metric recording": all metric updates of one exchange in Hybrid mode. The records
 * exist before, each with texts of its own that are not the keys in the sink.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms512m", "-Xmx512m"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class SinkBenchmark {
  /** How many users the traffic has. */
  @Param({"1", "10000"})
  int users = 1;

  private UsageRecord[] records = {};
  private UsageSink sink = record -> {};
  private int next;

  /** Makes the records and opens all series. */
  @Setup(Level.Trial)
  public void open() {
    MaasConfig config = Traffic.config(io.semanticrouter.maas.config.Mode.HYBRID);
    sink = PrometheusSink.register(config, new PrometheusRegistry());
    for (UsageRecord record : records(config)) {
      sink.record(record);
    }
    records = records(config).toArray(UsageRecord[]::new);
  }

  /** All metric updates of one exchange. */
  @Benchmark
  public void record() {
    sink.record(records[next]);
    next = next + 1 == records.length ? 0 : next + 1;
  }

  private List<UsageRecord> records(MaasConfig config) {
    List<UsageRecord> records = new ArrayList<>();
    Metering metering = Metering.builder(config).sink(records::add).build();
    Client client = new Client(users);
    for (int i = 0; i < users * Traffic.MODELS.size(); i++) {
      client.next();
      var exchange = client.begin(metering);
      exchange.request().pass();
      ResponseBody answer = exchange.response(200, client.jsonResponse());
      answer.watch(client.body(), 0, client.body().length);
      answer.end();
      Checks.isBilled(exchange.record());
    }
    return records;
  }
}
