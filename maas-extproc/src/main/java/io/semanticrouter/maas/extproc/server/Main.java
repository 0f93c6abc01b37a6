// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.Authentication;
import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.extproc.server.journal.ExplainCommand;
import io.semanticrouter.maas.extproc.server.journal.ExportCommand;
import io.semanticrouter.maas.extproc.server.journal.ReportCommand;
import io.semanticrouter.maas.extproc.server.journal.TailCommand;
import io.semanticrouter.maas.extproc.server.journal.VerifyCommand;
import io.semanticrouter.maas.extproc.server.prices.PriceBooks;
import io.semanticrouter.maas.extproc.server.prices.PricesCommand;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.journal.UsageJournal;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import org.slf4j.event.Level;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The command line. Exit status of the server: 0 stopped as asked, 1 cannot run, 2 wrong
 * configuration, 3 out of memory.
 */
@Command(
    name = "maas-extproc",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      VerifyCommand.class,
      ReportCommand.class,
      ExplainCommand.class,
      TailCommand.class,
      ExportCommand.class,
      DoctorCommand.class,
      PricesCommand.class
    },
    description = "Meters and bills LLM traffic behind Envoy, as an ExtProc server.",
    footer = {
      "",
      "Environment:",
      "  CONFIG_FILE  configuration file, when --config is not given (default config/config.yaml)",
      "  LOG_LEVEL    trace, debug, info (default), warn, error or off",
      "  LOG_FORMAT   text (default) or json: one object a line"
    })
public final class Main implements Callable<Integer> {
  private static final int CANNOT_RUN = 1;
  private static final int WRONG_CONFIGURATION = 2;

  /** How long an end waits for what reads its log. */
  private static final int LAST_LINES_MILLIS = 1000;

  private static final String DEFAULT_CONFIG = "config/config.yaml";

  private final Map<String, String> environment;
  private final PrintWriter out;
  private final PrintWriter err;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration file (default: $CONFIG_FILE, else " + DEFAULT_CONFIG + ").")
  private @Nullable Path config;

  @Option(
      names = "--check",
      paramLabel = "FILE",
      description =
          "Check a configuration file as a start would, and end: 0 when it is right, 2 with all"
              + " errors when not. Ports and the files that it names are not looked at, but for"
              + " price books.")
  private @Nullable Path check;

  @Option(
      names = "--print-config",
      description = "Print the configuration with all keys and their defaults as YAML, and end.")
  private boolean printConfig;

  Main(Map<String, String> environment, PrintWriter out, PrintWriter err) {
    this.environment = environment;
    this.out = out;
    this.err = err;
  }

  /** Runs the server until the process is asked to stop. */
  public static void main(String[] args) {
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    int status = new CommandLine(new Main(System.getenv(), out, err)).execute(args);
    StandardOutput.PROCESS.awaitWritten(LAST_LINES_MILLIS, TimeUnit.MILLISECONDS);
    System.exit(status);
  }

  @Override
  public Integer call() throws InterruptedException {
    Path path = configFile(check != null ? check : config);
    Map<String, String> logging =
        Map.of(
            "LOG_LEVEL", logging("LOG_LEVEL", "info"), "LOG_FORMAT", logging("LOG_FORMAT", "text"));
    ConfigText text = new ConfigText();
    ConfigFile file;
    try {
      file = ConfigFile.read(path, logging, text);
    } catch (UnreadableException e) {
      err.println("maas-extproc: " + e.getMessage());
      return WRONG_CONFIGURATION;
    } catch (ConfigException e) {
      err.println("maas-extproc: " + path + ": " + e.errors().size() + " error(s)");
      for (ConfigError error : e.errors()) {
        err.println("  " + text.located(error));
      }
      return WRONG_CONFIGURATION;
    }
    if (printConfig) {
      out.print(text.yaml());
    } else if (check != null) {
      out.println("maas-extproc: " + path + " is right; " + Setup.describe(file.metering().mode()));
    }
    if (printConfig || check != null) {
      out.flush();
      return 0;
    }
    // Before the first logger: logback.xml asks for them, and would take an empty LOG_LEVEL for
    // debug.
    logging.forEach(System::setProperty);
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    Logger log = LoggerFactory.getLogger(Main.class);
    return run(log, path, file, logging, text);
  }

  /** The file that was named, else that of the environment, else the default. */
  Path configFile(@Nullable Path stated) {
    String configFile = environment.getOrDefault("CONFIG_FILE", "");
    return stated != null ? stated : Path.of(configFile.isBlank() ? DEFAULT_CONFIG : configFile);
  }

  private String logging(String variable, String defaultValue) {
    String value = environment.getOrDefault(variable, "").strip().toLowerCase(Locale.ROOT);
    return value.isEmpty() ? defaultValue : value;
  }

  private int run(
      Logger log, Path path, ConfigFile file, Map<String, String> logging, ConfigText text)
      throws InterruptedException {
    MaasServer server;
    try {
      UsageJournal journal = null;
      JournalConfig journalConfig = file.server().journal();
      if (journalConfig != null) {
        journal = UsageJournal.open(journalConfig, Version.text());
        log.info("Journal: {}", journalConfig);
      }
      server = new MaasServer(file.metering(), file.router(), file.server(), journal);
    } catch (IOException e) {
      err.println("maas-extproc: no journal: " + e.getMessage());
      return CANNOT_RUN;
    } catch (ConfigException e) {
      err.println("maas-extproc: " + path + ": " + e.getMessage());
      return WRONG_CONFIGURATION;
    }
    // Before it listens: a client that is served is waited for, however early the process is
    // stopped.
    Thread shutdown = new Thread(() -> stop(log, server), "shutdown");
    if (!addShutdownHook(shutdown)) {
      return 0;
    }
    OutOfMemory.endsTheProcess(server);
    log.info("MaaS integration: {} ({})", Setup.describe(file.metering().mode()), path);
    Authentication authentication = file.metering().authentication();
    if (file.metering().mode() != Mode.STANDALONE) {
      log.atLevel(Setup.isProven(authentication) ? Level.INFO : Level.WARN)
          .log("The payer is {}", Setup.describe(authentication));
    }
    log.info("Usage that is not stated: {}", Setup.describe(file.metering().usage()));
    if (file.router().enabled()) {
      log.info("Embedded router: on");
    }
    log.info("Routing facts: {}", Setup.describe(file.metering().routing()));
    if (file.metering().mode() == Mode.HYBRID && file.metering().rateCard().isEmpty()) {
      log.warn("Cost is to be calculated, but no model has a price: all exchanges are unpriced");
    }
    if (file.server().otlp() != null) {
      log.info("Metrics are pushed to {}", file.server().otlp());
    }
    for (String book : file.books()) {
      log.info("Price book {}", book);
    }
    for (String warning : file.server().warnings()) {
      log.warn(warning);
    }
    ConfigReload reload = new ConfigReload(path, logging, text, server);
    try {
      server.start(
          () ->
              log.info(
                  "Ready: ExtProc and health on {}, metrics on {}:{}",
                  where(file.server().grpc(), server.grpcPort()),
                  (file.server().metrics().tls() == null ? "" : "TLS ")
                      + file.server().metrics().address().host(),
                  server.metricsPort()));
    } catch (IOException e) {
      err.println("maas-extproc: " + e.getMessage());
      // With it this would end as if it had been asked to.
      removeShutdownHook(shutdown);
      return CANNOT_RUN;
    } catch (RuntimeException | Error e) {
      removeShutdownHook(shutdown);
      throw e;
    }
    reload.start();
    HangUp.runs(reload::soon);
    Thread.currentThread().join();
    return 0;
  }

  /** Where gRPC is, the TCP address last. */
  private static String where(GrpcConfig grpc, int port) {
    List<String> places = new ArrayList<>();
    if (grpc.socket() != null) {
      places.add("unix:" + grpc.socket().path());
    }
    if (grpc.tcp() != null) {
      TlsConfig tls = grpc.tls();
      String security = tls == null ? "" : tls.clientCa() == null ? "TLS " : "mutual TLS ";
      places.add(security + grpc.tcp().host() + ":" + port);
    }
    return String.join(" and ", places);
  }

  /** False when the process is being stopped already. */
  private static boolean addShutdownHook(Thread hook) {
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  private static void removeShutdownHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It runs: somebody asked at the same moment.
      return;
    }
  }

  private static void stop(Logger log, MaasServer server) {
    int status = CANNOT_RUN;
    try {
      server.close(() -> log.info("Stopping: waiting for open exchanges"));
      log.info("Metered since the start: {}", server);
      log.info("Stopped");
      // A JVM that is ended by SIGTERM reports 143; being asked to stop is no failure.
      status = 0;
    } catch (Throwable t) {
      // Whatever it is, the process was asked to end.
      log.error("The stop failed", t);
    } finally {
      StandardOutput.PROCESS.awaitWritten(LAST_LINES_MILLIS, TimeUnit.MILLISECONDS);
      Runtime.getRuntime().halt(status);
    }
  }

  /** The version of the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {text(), "default price book: " + PriceBooks.defaultDescription()};
    }

    static String text() {
      return "maas-extproc " + number();
    }

    static String number() {
      String version = Main.class.getPackage().getImplementationVersion();
      return version == null ? "(development)" : version;
    }
  }
}
