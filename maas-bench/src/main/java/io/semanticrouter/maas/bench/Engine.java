// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.metrics.PrometheusSink;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One metering with its metrics, shared by all threads as in a gateway. Every series exists before
 * the first measurement: opening one is a price per user, not per exchange.
 */
@State(Scope.Benchmark)
public class Engine {
  /** The operational mode. */
  @Param({"STANDALONE", "MAAS", "HYBRID"})
  Mode mode = Mode.HYBRID;

  Metering metering = Metering.builder(Traffic.config(mode)).build();

  /** Builds the metering and opens all series. */
  @Setup(Level.Trial)
  public void open() {
    var config = Traffic.config(mode);
    metering =
        Metering.builder(config)
            .sink(PrometheusSink.register(config, new PrometheusRegistry()))
            .build();
    Client client = new Client();
    for (int i = 0; i < Traffic.USERS * Traffic.MODELS.size(); i++) {
      client.next();
      Exchange exchange = client.begin(metering);
      exchange.request().pass();
      ResponseBody answer = exchange.response(200, client.jsonResponse());
      byte[] body = client.body();
      answer.watch(body, 0, body.length);
      answer.end();
      Checks.isBilled(exchange.record());
    }
  }

  /** Fails the trial when something went wrong that the metering keeps from the traffic. */
  @TearDown(Level.Trial)
  public void check() {
    Checks.that(metering.defects() == 0, "no defects");
    Checks.that(metering.sinkFailures() == 0, "no sink failures");
  }
}
