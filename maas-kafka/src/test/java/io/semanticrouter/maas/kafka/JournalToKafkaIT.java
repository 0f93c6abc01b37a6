// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.journal.JournalCheckpoint;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import io.semanticrouter.maas.journal.UsageJournal;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The program with a real journal and a real Kafka. */
class JournalToKafkaIT {
  private static final Path JAR = Path.of("target/maas-kafka.jar").toAbsolutePath();

  @SuppressWarnings("NullAway.Init") // by start
  private static Broker broker;

  private final Path directory;
  private final String topic;
  private final Path checkpoint;
  private final Random random;
  private int count;

  JournalToKafkaIT(@TempDir Path temporary, TestInfo test) {
    directory = temporary.resolve("journal");
    topic = test.getTestMethod().orElseThrow().getName();
    checkpoint = directory.resolve(topic + JournalCheckpoint.SUFFIX);
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("-Dmaas.seed=" + seed);
    random = new Random(seed);
  }

  @BeforeAll
  static void start(@TempDir Path temporary) throws Exception {
    broker = new Broker(temporary.resolve("kafka"));
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  /** Sealed when it has a megabyte. */
  private UsageJournal journal() throws Exception {
    List<ConfigError> errors = new ArrayList<>();
    Map<String, Object> section = Map.of("directory", directory.toString(), "segment_mb", 1);
    JournalConfig config =
        Objects.requireNonNull(
            JournalConfig.from(ConfigSection.root(Map.of(JournalConfig.SECTION, section), errors)));
    assertThat(errors).isEmpty();
    return UsageJournal.open(config, "test 1");
  }

  /** Exchanges as they come: some are stated first, and some of those end otherwise. */
  private void give(UsageJournal journal, int exchanges) {
    for (int i = 0; i < exchanges; i++) {
      int user = random.nextInt(20);
      UsageRecord record =
          UsageRecord.builder(
                  journal.instanceId() + '-' + ++count,
                  Instant.now(),
                  Operation.CHAT,
                  Measurement.of(
                      Status.COMPLETE,
                      Set.of(),
                      TokenUsage.of(random.nextInt(1000), random.nextInt(1000))))
              .identity(Identity.of(user == 0 ? "" : "üser " + user, "gold"))
              .httpStatus(200)
              .build();
      journal.opened(record);
      if (random.nextBoolean()) {
        journal.stated(record);
        record = record.toBuilder().abortReason(AbortReason.CANCELLED).build();
      }
      journal.record(record);
    }
  }

  private int run(String... more) {
    List<String> arguments = new ArrayList<>(arguments());
    arguments.addAll(List.of(more));
    return new CommandLine(new Main()).execute(arguments.toArray(String[]::new));
  }

  private List<String> arguments() {
    return List.of(
        "--journal", directory.toString(), "--bootstrap", broker.address(), "--topic", topic);
  }

  /** The lines that are to be in the topic. */
  private List<String> lines() throws IOException {
    List<String> lines = new ArrayList<>();
    JournalReader.read(
        directory,
        new JournalReader.Visitor() {
          private String text = "";

          @Override
          public boolean takes(JournalLine.Kind kind) {
            return kind == JournalLine.Kind.USAGE;
          }

          @Override
          public void text(byte[] bytes, int from, int end) {
            text = new String(bytes, from, end - from, StandardCharsets.UTF_8);
          }

          @Override
          public void line(JournalLine line) {
            assertThat(text).contains(line.record().id());
            lines.add(text);
          }

          @Override
          public void problem(JournalProblem problem) {
            throw new AssertionError(problem);
          }
        });
    return lines;
  }

  private static long sequence(String line) {
    String before = "\"sequence\":\"";
    int from = line.indexOf(before) + before.length();
    return Long.parseLong(line.substring(from, line.indexOf('"', from)));
  }

  /** Within a partition the lines that came for the first time are in the order of the journal. */
  private static List<String> firstInOrder(List<ConsumerRecord<String, String>> records) {
    Map<Integer, Long> last = new HashMap<>();
    Map<String, Integer> partitions = new HashMap<>();
    Set<String> seen = new HashSet<>();
    for (ConsumerRecord<String, String> record : records) {
      if (seen.add(record.value())) {
        long sequence = sequence(record.value());
        assertThat(sequence).isGreaterThan(last.getOrDefault(record.partition(), 0L));
        last.put(record.partition(), sequence);
      }
      assertThat(partitions.computeIfAbsent(record.key(), key -> record.partition()))
          .isEqualTo(record.partition());
    }
    return seen.stream().sorted((a, b) -> Long.compare(sequence(a), sequence(b))).toList();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  @Test
  void eachRecordArrivesOnceAsItsLineAndThoseOfAUserInOrder() throws Exception {
    broker.create(topic);
    try (UsageJournal journal = journal()) {
      give(journal, 1500);
      assertThat(run("--once")).isZero();
      long first = JournalCheckpoint.read(checkpoint);
      give(journal, 1500);
      assertThat(run("--once")).isZero();
      assertThat(JournalCheckpoint.read(checkpoint)).isGreaterThan(first);
    }
    try (Broker.Reader reader = broker.new Reader(topic)) {
      List<ConsumerRecord<String, String>> records = reader.all();
      List<String> lines = lines();
      assertThat(records).hasSameSizeAs(lines);
      assertThat(firstInOrder(records)).isEqualTo(lines);
      assertThat(lines.toString()).contains("\"revision\":2");
      for (ConsumerRecord<String, String> record : records) {
        String value = record.value();
        boolean anonymous = !record.key().startsWith("üser ");
        assertThat(value).contains((anonymous ? "\"id\":\"" : "\"user\":\"") + record.key() + "\"");
        assertThat(record.headers().toArray()).hasSize(1);
        assertThat(
                new String(
                    record.headers().lastHeader("content-type").value(), StandardCharsets.UTF_8))
            .isEqualTo("application/cloudevents+json; charset=UTF-8");
      }
    }
  }

  @Test
  void whatWasAcknowledgedAfterTheCheckpointComesAgainAfterAKill() throws Exception {
    assumeThat(JAR).exists();
    broker.create(topic);
    try (UsageJournal journal = journal();
        Broker.Reader reader = broker.new Reader(topic)) {
      Process killed = start();
      try {
        await(
            () -> {
              give(journal, 5);
              return killed.isAlive() && isAfterCheckpoint(reader.poll());
            });
      } finally {
        killed.destroyForcibly().waitFor();
      }
      give(journal, 5);
      List<String> lines = lines();
      Process stopped = start();
      try {
        long last = sequence(lines.get(lines.size() - 1));
        await(
            () ->
                reader.poll().stream().anyMatch(record -> sequence(record.value()) == last)
                    && stopped.isAlive());
      } finally {
        stopped.destroy();
        assertThat(stopped.waitFor(30, TimeUnit.SECONDS)).isTrue();
      }
      int sent = reader.all().size();
      assertThat(sent).isGreaterThan(lines.size());
      assertThat(run("--once")).isZero();
      assertThat(firstInOrder(reader.all())).isEqualTo(lines);
      assertThat(reader.all()).as("a stop leaves nothing that comes again").hasSize(sent);
    }
  }

  private Process start() throws IOException {
    List<String> command = new ArrayList<>(List.of("java", "-Xmx128m", "-jar", JAR.toString()));
    command.addAll(arguments());
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(directory.resolveSibling("log").toFile())
        .start();
  }

  /** The checkpoint is read last: it may be written meanwhile. */
  private boolean isAfterCheckpoint(List<ConsumerRecord<String, String>> records) {
    try {
      long last = records.stream().mapToLong(record -> sequence(record.value())).max().orElse(0);
      return last > JournalCheckpoint.read(checkpoint) + 20
          && JournalCheckpoint.read(checkpoint) > 0;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aClusterThatIsAwayIsWaitedFor() throws Exception {
    broker.create(topic);
    CompletableFuture<Integer> status = new CompletableFuture<>();
    try (UsageJournal journal = journal()) {
      Thread follower = new Thread(() -> status.complete(run()));
      follower.start();
      give(journal, 100);
      await(() -> isUpTo(100));
      broker.stop();
      give(journal, 100);
      TimeUnit.MILLISECONDS.sleep(200);
      broker.start();
      give(journal, 100);
      long last = sequence(lines().get(lines().size() - 1));
      await(() -> isUpTo(last));
      follower.interrupt();
      assertThat(status.get(20, TimeUnit.SECONDS)).isZero();
    }
    try (Broker.Reader reader = broker.new Reader(topic)) {
      assertThat(firstInOrder(reader.all())).isEqualTo(lines());
      assertThat(reader.all()).hasSameSizeAs(lines());
    }
  }

  private boolean isUpTo(long line) {
    try {
      return JournalCheckpoint.read(checkpoint) >= line;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aRecordThatKafkaDoesNotTakeEndsItAndIsSentTheNextTime() throws Exception {
    broker.create(topic);
    Path properties =
        Files.writeString(
            directory.resolveSibling("producer.properties"), "max.request.size=600\n");
    try (UsageJournal journal = journal()) {
      give(journal, 10);
      assertThat(run("--once", "--properties", properties.toString())).isEqualTo(1);
      assertThat(JournalCheckpoint.read(checkpoint)).isZero();
      assertThat(run("--once")).isZero();
    }
    try (Broker.Reader reader = broker.new Reader(topic)) {
      assertThat(firstInOrder(reader.all())).isEqualTo(lines());
    }
  }

  @Test
  void whatCannotBeUsedIsRefused() throws Exception {
    journal().close();
    assertThat(new CommandLine(new Main()).execute("--journal", directory.toString())).isEqualTo(2);
    assertThat(run("--topic", "a/b")).isEqualTo(2);
    assertThat(run("--once", "--properties", "nowhere")).isEqualTo(1);
    Files.writeString(checkpoint, "many");
    assertThat(run("--once")).isEqualTo(1);
  }
}
