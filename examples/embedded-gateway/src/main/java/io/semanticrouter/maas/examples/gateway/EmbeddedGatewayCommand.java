// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import com.sun.net.httpserver.HttpExchange;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.metrics.PrometheusSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
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
        --config FILE                  YAML with maas_integration, pricing and router instead
        --help                         show this text

      It listens on 127.0.0.1 only, because it authenticates nobody.
      """;

  private static final List<String> OPTIONS =
      List.of("--backend", "--port", "--metrics-port", "--mode", "--config");

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
    GatewayConfig config = config(options);

    PrometheusRegistry registry = new PrometheusRegistry();
    Metering metering =
        config.engine().sink(PrometheusSink.register(config.metering(), registry)).build();
    LocalServer metrics =
        new LocalServer(metricsPort, "/metrics", exchange -> answer(exchange, registry));
    LocalServer gateway;
    try {
      gateway = new LocalServer(port, "/", new EmbeddedGateway(metering, backend));
    } catch (IOException e) {
      metrics.close();
      throw e;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(gateway::close, "stop"));
    System.out.printf(
        "embedded-gateway: mode %s, embedded router %s; http://127.0.0.1:%d -> %s, metrics on"
            + " http://127.0.0.1:%d/metrics%n",
        config.metering().mode().name().toLowerCase(Locale.ROOT),
        config.router().enabled() ? "on" : "off",
        gateway.port(),
        backend,
        metrics.port());
    // The servers' own threads keep the process alive.
  }

  private static void answer(HttpExchange exchange, PrometheusRegistry registry)
      throws IOException {
    try (exchange) {
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      PrometheusTextFormatWriter format = PrometheusTextFormatWriter.create();
      format.write(text, registry.scrape());
      exchange.getResponseHeaders().set("Content-Type", format.getContentType());
      exchange.sendResponseHeaders(200, text.size());
      text.writeTo(exchange.getResponseBody());
    }
  }

  private static GatewayConfig config(Map<String, String> options) {
    String file = options.get("--config");
    if (file == null) {
      return GatewayConfig.of(options.getOrDefault("--mode", "standalone"));
    }
    if (options.containsKey("--mode")) {
      throw new IllegalArgumentException("--mode must not stand beside --config, which has it");
    }
    return GatewayConfig.read(Path.of(file));
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
