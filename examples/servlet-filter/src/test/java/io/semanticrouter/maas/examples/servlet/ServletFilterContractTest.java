// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.servlet;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.testkit.GatewayContract;
import java.io.IOException;
import java.net.URI;

/**
 * The filter before Jetty's asynchronous proxy servlet, which reads and writes without blocking.
 */
class ServletFilterContractTest extends GatewayContract {
  @Override
  protected Gateway start(Metering metering, URI backend) throws IOException {
    JettyGateway jetty = JettyGateway.proxy(metering, backend);
    return Gateway.of(jetty.uri(), jetty);
  }
}
