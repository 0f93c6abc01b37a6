// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.extproc.MaasProcessor;
import io.semanticrouter.maas.testkit.GatewayContract;
import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;

/**
 * A real Envoy, with the service of this module as its ExtProc, keeps what every gateway has to.
 */
class EnvoyContractIT extends GatewayContract {
  private static final Path DIRECTORY = Project.WORK.resolve("contract");

  @BeforeAll
  static void findEnvoy() throws Exception {
    Envoy.binary();
  }

  @Override
  protected Gateway start(Metering metering, URI backend) throws Exception {
    Server server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(new MaasProcessor(metering))
            .build()
            .start();
    Envoy envoy = Envoy.start(DIRECTORY, EnvoyConfig.patient(server.getPort(), backend.getPort()));
    URI uri = URI.create("http://127.0.0.1:" + envoy.port(EnvoyConfig.PATIENT));
    return Gateway.of(
        uri,
        () -> {
          envoy.close();
          server.shutdownNow();
        });
  }
}
