// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.MaasConfig;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.metrics.PrometheusSink;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The command line of the gateway. */
public final class EmbeddedGatewayCommand {
  private static final String HELP =
      """
      Usage: java -jar embedded-gateway.jar [options]

      A small LLM gateway that meters in process.

        --backend URL                  where requests go (default http://127.0.0.1:8000)
        --port PORT                    port to listen on (default 8801)
        --metrics-port PORT            port of /metrics (default 9190)
        --mode standalone|maas|hybrid  operational mode (default standalone)
        --help                         show this text

      It listens on 127.0.0.1 only, because it authenticates nobody.
      """;

  private static final List<String> OPTIONS =
      List.of("--backend", "--port", "--metrics-port", "--mode");

  private EmbeddedGatewayCommand() {}

  /** Runs the gateway until the process is told to end. */
  public static void main(String[] args) {
    if (List.of(args).contains("--help")) {
      System.out.print(HELP);
      return;
    }
    try {
      run(options(args));
    } catch (IllegalArgumentException e) {
      System.err.println("embedded-gateway: " + e.getMessage() + " (see --help)");
      System.exit(2);
    } catch (IOException e) {
      System.err.println("embedded-gateway: cannot listen: " + e.getMessage());
      System.exit(1);
    }
  }

  private static void run(Map<String, String> options) throws IOException {
    int port = Integer.parseInt(options.getOrDefault("--port", "8801"));
    int metricsPort = Integer.parseInt(options.getOrDefault("--metrics-port", "9190"));
    URI backend = URI.create(options.getOrDefault("--backend", "http://127.0.0.1:8000"));
    if (backend.getHost() == null) {
      throw new IllegalArgumentException("--backend must be a URL such as http://127.0.0.1:8000");
    }
    MaasConfig config = config(options.getOrDefault("--mode", "standalone"));

    PrometheusRegistry registry = new PrometheusRegistry();
    Metering metering =
        Metering.builder(config).sink(PrometheusSink.register(config, registry)).build();
    InetAddress address = InetAddress.getLoopbackAddress();
    HTTPServer metrics =
        HTTPServer.builder()
            .inetAddress(address)
            .port(metricsPort)
            .registry(registry)
            .buildAndStart();
    EmbeddedGateway gateway;
    try {
      gateway = EmbeddedGateway.start(new InetSocketAddress(address, port), backend, metering);
    } catch (IOException e) {
      metrics.close();
      throw e;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(gateway::close, "stop"));
    System.out.printf(
        "embedded-gateway: mode %s; http://127.0.0.1:%d -> %s, metrics on"
            + " http://127.0.0.1:%d/metrics%n",
        config.mode().name().toLowerCase(Locale.ROOT), gateway.port(), backend, metrics.getPort());
    // The servers' own threads keep the process alive.
  }

  /** The same tree that a YAML library would read from a configuration file. */
  static MaasConfig config(String mode) {
    if (!List.of("standalone", "maas", "hybrid").contains(mode)) {
      throw new IllegalArgumentException("--mode must be standalone, maas or hybrid");
    }
    Map<String, ?> metrics = Map.of("internal_cost_calculation", mode.equals("hybrid"));
    boolean enabled = !mode.equals("standalone");
    return MaasConfig.from(
        Map.of("maas_integration", Map.of("enabled", enabled, "metrics", metrics)));
  }

  private static Map<String, String> options(String[] args) {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      if (!OPTIONS.contains(args[i])) {
        throw new IllegalArgumentException("unknown argument '" + args[i] + "'");
      }
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " needs a value");
      }
      options.put(args[i], args[i + 1]);
    }
    return options;
  }
}
