// SPDX-License-Identifier: Apache-2.0
package consumer;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.Metering;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.metrics.PrometheusSink;
import java.util.List;
import java.util.Map;

/** The core and the metrics. */
final class Main {
  private Main() {}

  public static void main(String[] args) {
    MaasConfig config = MaasConfig.from(Map.of());
    PrometheusRegistry registry = new PrometheusRegistry();
    Metering metering =
        Metering.builder(config).sink(PrometheusSink.register(config, registry)).build();
    Headers headers = Headers.of(Map.of("content-type", List.of("application/json")));
    metering.begin("POST", "/v1/chat/completions", headers).close();
    System.out.println(registry.scrape().size() > 0 ? "recorded" : "no metrics");
  }
}
