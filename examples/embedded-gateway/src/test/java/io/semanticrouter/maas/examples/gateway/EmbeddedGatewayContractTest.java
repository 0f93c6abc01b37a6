// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.testkit.GatewayContract;
import java.io.IOException;
import java.net.URI;

class EmbeddedGatewayContractTest extends GatewayContract {
  @Override
  protected Gateway start(Metering metering, URI backend) throws IOException {
    LocalServer server = new LocalServer(0, "/", new EmbeddedGateway(metering, backend));
    return Gateway.of(URI.create("http://127.0.0.1:" + server.port()), server);
  }
}
