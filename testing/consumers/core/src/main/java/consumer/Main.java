// SPDX-License-Identifier: Apache-2.0
package consumer;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.Metering;

import java.util.List;
import java.util.Map;

/** The core alone, as a module: one exchange that nobody answers is one record. */
final class Main {
  private Main() {}

  public static void main(String[] args) {
    Metering metering =
        Metering.builder(MaasConfig.from(Map.of()))
            .sink(record -> System.out.println("recorded"))
            .build();
    Headers headers = Headers.of(Map.of("content-type", List.of("application/json")));
    metering.begin("POST", "/v1/chat/completions", headers).close();
  }
}
