// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.extproc.Certificates;
import io.semanticrouter.maas.extproc.Certificates.Identity;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Envoy configurations that we ship. */
class EnvoyConfigIT {
  @TempDir private Path directory;

  @Test
  void shippedConfigurationIsValid() throws Exception {
    assertValid(Project.file("config/envoy.yaml"));
  }

  @Test
  void configurationOfTheSidecarIsTheShippedOneWithASocketAndABackendByName() throws Exception {
    Path sidecar = Project.file("deploy/kubernetes/overlays/sidecar/envoy.yaml");
    String shipped = Files.readString(Project.file("config/envoy.yaml"));
    int backend = shipped.indexOf("  - name: backend");
    assertThat(sidecar)
        .hasContent(
            shipped
                    .substring(0, backend)
                    .replace(
                        "socket_address: { address: 127.0.0.1, port_value: 50051 }",
                        "pipe: { path: /run/maas/maas.sock }")
                + shipped
                    .substring(backend)
                    .replace("type: STATIC", "type: STRICT_DNS")
                    .replace(
                        "address: 127.0.0.1, port_value: 8000", "address: vllm, port_value: 8000"));
    assertValid(sidecar);
  }

  @Test
  void filterAndClusterOfIstioGatewaysAreValid() throws Exception {
    String config = IstioFilter.in(Envoy.config(1, 2), IstioFilter.cluster(1, 2)).toString();
    assertValid(Files.writeString(directory.resolve("istio.json"), config));
  }

  @Test
  void shippedClusterWithASocketIsValid() throws Exception {
    assertValid(Project.file("deploy/envoy/cluster-uds.yaml"));
  }

  /** Envoy looks into the files, so that they have to be there. */
  @Test
  void shippedClusterWithMutualTlsIsValid() throws Exception {
    Certificates authority = new Certificates(directory);
    Identity envoy = authority.issue("envoy", "EC");
    String cluster = Envoy.clusterWithFiles(envoy, authority.authority());
    assertValid(Files.writeString(directory.resolve("cluster.yaml"), cluster));
  }

  private static void assertValid(Path config) throws Exception {
    Envoy.Result result = Envoy.validate(config);
    assertThat(result.status()).as(result.output()).isZero();
    assertThat(result.output()).contains("OK").doesNotContain("deprecated");
  }
}
