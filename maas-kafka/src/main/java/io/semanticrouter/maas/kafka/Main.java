// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.kafka;

import io.semanticrouter.maas.journal.JournalCheckpoint;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.LogManager;
import java.util.regex.Pattern;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program: follows the journal of a directory, and sends its records to a topic of Kafka. */
@Command(
    name = "maas-kafka",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = {
      "Follows the journal of a directory and sends its records to a topic of Kafka, at least"
          + " once.",
      "The file TOPIC.checkpoint of the directory says how far it has come; the journal keeps what"
          + " comes after it.",
      "Exit status: 0, 1 when it cannot go on, 2 when the command line is wrong, 4 with --once when"
          + " something of the journal cannot be read."
    })
public final class Main implements Callable<Integer> {
  private static final int CANNOT_RUN = 1;
  private static final int NOT_WHOLE = 4;
  private static final long STOP_SECONDS = 10;

  /** What Kafka allows, so that it is the name of a file as well. */
  private static final Pattern TOPIC = Pattern.compile("(?!\\.{1,2}$)[a-zA-Z0-9._-]{1,249}");

  private static final String LOGGING =
      """
      handlers=java.util.logging.ConsoleHandler
      java.util.logging.SimpleFormatter.format=%1$tFT%1$tT.%1$tL%1$tz %4$s %5$s%6$s%n
      org.apache.kafka.level=WARNING
      """;

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Option(
      names = "--journal",
      paramLabel = "DIRECTORY",
      required = true,
      description = "Directory of a journal; this process must be able to write there too.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Path directory;

  @Option(
      names = "--bootstrap",
      paramLabel = "HOST:PORT,...",
      required = true,
      description = "Servers of the cluster.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private String bootstrap;

  @Option(names = "--topic", paramLabel = "NAME", required = true, description = "Where to.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private String topic;

  @Option(
      names = "--properties",
      paramLabel = "FILE",
      description = "Settings of Kafka's producer: TLS, secrets, compression and the like.")
  private @Nullable Path properties;

  @Option(names = "--once", description = "Ends when all that is there has been sent.")
  private boolean once;

  /** Runs it, and ends the process. */
  public static void main(String[] arguments) throws IOException {
    if (System.getProperty("java.util.logging.config.file") == null) {
      LogManager.getLogManager()
          .readConfiguration(
              new ByteArrayInputStream(LOGGING.getBytes(StandardCharsets.ISO_8859_1)));
    }
    System.exit(new CommandLine(new Main()).execute(arguments));
  }

  @Override
  public Integer call() {
    if (!TOPIC.matcher(topic).matches()) {
      throw new ParameterException(spec.commandLine(), "'" + topic + "' is no name of a topic");
    }
    Path checkpoint = directory.resolve(topic + JournalCheckpoint.SUFFIX);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(stopping(Thread.currentThread(), ended));
    try (Shipper shipper = Shipper.open(directory, checkpoint, topic, bootstrap, settings())) {
      return shipper.run(once) || !once ? 0 : NOT_WHOLE;
    } catch (IOException | KafkaException | IllegalStateException e) {
      spec.commandLine().getErr().println("maas-kafka: cannot go on: " + e);
      return CANNOT_RUN;
    } finally {
      ended.countDown();
    }
  }

  private Properties settings() throws IOException {
    Properties settings = new Properties();
    if (properties != null) {
      try (InputStream in = Files.newInputStream(properties)) {
        settings.load(in);
      }
    }
    return settings;
  }

  /** At SIGTERM what has been sent is waited for, and comes into the checkpoint. */
  private static Thread stopping(Thread running, CountDownLatch ended) {
    return new Thread(
        () -> {
          if (ended.getCount() > 0) {
            running.interrupt();
          }
          try {
            boolean unused = ended.await(STOP_SECONDS, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        },
        "stop");
  }

  /** Name and version, as the jar says it. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"maas-kafka " + (version == null ? "(not from its jar)" : version)};
    }
  }
}
