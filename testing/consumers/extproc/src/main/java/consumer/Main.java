// SPDX-License-Identifier: Apache-2.0
package consumer;

import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.Metering;

import io.semanticrouter.maas.extproc.MaasProcessor;
import java.util.Map;

/** The ExtProc service, for a gRPC server of one's own. */
final class Main {
  private Main() {}

  public static void main(String[] args) {
    Metering metering = Metering.builder(MaasConfig.from(Map.of())).build();
    var service = new MaasProcessor(metering).bindService();
    System.out.println("serves " + service.getServiceDescriptor().getName());
  }
}
