// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The command line of the simulated server. */
public final class SimulatedVllmCommand {

  private static final int EXIT_FAILURE = 1;
  private static final int EXIT_USAGE = 2;

  private static final String HELP =
      """
      Usage: java -jar simulated-vllm.jar [options]

      A small OpenAI-compatible server with deterministic token counts.

        --port PORT                      port to listen on, 0 for a free one (default 8000)
        --address ADDRESS                address to listen on (default 127.0.0.1)
        --model NAME[,NAME...]           model to serve, repeatable (default qwen3)
        --routing-headers vsr|seed|none  spelling of the routing headers (default vsr)
        --help                           show this text
      """;

  private SimulatedVllmCommand() {}

  /** Runs the server until the process is told to end. */
  public static void main(String[] args) {
    if (List.of(args).contains("--help")) {
      System.out.print(HELP);
      return;
    }
    int exitCode = start(args, System.out, System.err);
    if (exitCode != 0) {
      System.exit(exitCode);
    }
    // The server's own threads keep the process alive.
  }

  private static int start(String[] args, PrintStream out, PrintStream err) {
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      err.println("simulated-vllm: " + e.getMessage() + " (see --help)");
      return EXIT_USAGE;
    }
    SimulatedVllm server;
    try {
      server = options.builder().start();
    } catch (IOException e) {
      err.println(
          "simulated-vllm: cannot listen on "
              + options.address
              + ":"
              + options.port
              + ": "
              + e.getMessage());
      return EXIT_FAILURE;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "stop"));
    out.println(
        "simulated-vllm listening on "
            + server.baseUrl()
            + " (models: "
            + String.join(", ", options.models)
            + "; routing headers: "
            + options.routingHeaders.optionName()
            + ")");
    return 0;
  }

  private record Options(
      String address, int port, List<String> models, RoutingHeaders routingHeaders) {

    static Options parse(String[] args) {
      String address = "127.0.0.1";
      int port = 8000;
      List<String> models = new ArrayList<>();
      RoutingHeaders routingHeaders = RoutingHeaders.VSR;
      for (int i = 0; i < args.length; i++) {
        int equals = args[i].startsWith("--") ? args[i].indexOf('=') : -1;
        String name = equals < 0 ? args[i] : args[i].substring(0, equals);
        if (!List.of("--port", "--address", "--model", "--routing-headers").contains(name)) {
          throw new IllegalArgumentException("unknown argument '" + args[i] + "'");
        }
        if (equals < 0 && i + 1 == args.length) {
          throw new IllegalArgumentException(name + " needs a value");
        }
        String value = equals < 0 ? args[++i] : args[i].substring(equals + 1);
        switch (name) {
          case "--port" -> port = port(value);
          case "--address" -> address = notBlank(name, value);
          case "--routing-headers" -> routingHeaders = routingHeaders(value);
          default -> {
            for (String model : value.split(",", -1)) {
              models.add(notBlank(name, model.strip()));
            }
          }
        }
      }
      return new Options(
          address, port, models.isEmpty() ? List.of("qwen3") : models, routingHeaders);
    }

    SimulatedVllm.Builder builder() {
      SimulatedVllm.Builder builder =
          SimulatedVllm.builder().address(address).port(port).routingHeaders(routingHeaders);
      models.forEach(builder::model);
      return builder;
    }

    private static int port(String value) {
      if (value.matches("[0-9]{1,5}") && Integer.parseInt(value) <= 65_535) {
        return Integer.parseInt(value);
      }
      throw new IllegalArgumentException("--port must be a number from 0 to 65535");
    }

    private static String notBlank(String name, String value) {
      if (value.isBlank()) {
        throw new IllegalArgumentException(name + " must not be empty");
      }
      return value;
    }

    private static RoutingHeaders routingHeaders(String value) {
      for (RoutingHeaders choice : RoutingHeaders.values()) {
        if (choice.optionName().equals(value.toLowerCase(Locale.ROOT))) {
          return choice;
        }
      }
      throw new IllegalArgumentException("--routing-headers must be vsr, seed or none");
    }
  }
}
