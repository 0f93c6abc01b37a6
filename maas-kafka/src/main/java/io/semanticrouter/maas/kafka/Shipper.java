// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.kafka;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.semanticrouter.maas.journal.JournalCheckpoint;
import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends each record of a journal to a topic, at least once: the line as it is, in the structured
 * mode of the <a
 * href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md">binding
 * of CloudEvents for Kafka</a>. The key is the user, else the id of the exchange, so that what is
 * replaced is before what replaces it. For one thread.
 */
final class Shipper implements JournalReader.Visitor, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Shipper.class);
  private static final long CHECKPOINT_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final Duration CLOSING = Duration.ofSeconds(1);

  private static final List<Header> HEADERS =
      List.of(
          new RecordHeader(
              "content-type", "application/cloudevents+json; charset=UTF-8".getBytes(US_ASCII)));

  private final Path directory;
  private final Path checkpoint;
  private final String topic;
  private final KafkaProducer<byte[], byte[]> producer;

  /** The last line that is known to be in the topic, as the file says. */
  private long saved;

  /** The last line that was handed to the producer. */
  private long last;

  private long savedAt = System.nanoTime();
  private long problems;
  private byte[] text = {};

  /** Why a line was not taken; by the thread of the producer. */
  private volatile @Nullable Exception failure;

  private Shipper(
      Path directory,
      Path checkpoint,
      String topic,
      KafkaProducer<byte[], byte[]> producer,
      long saved) {
    this.directory = directory;
    this.checkpoint = checkpoint;
    this.topic = topic;
    this.producer = producer;
    this.saved = saved;
    last = saved;
  }

  /**
   * Goes on where the checkpoint says. From now on the journal keeps what has not been sent.
   *
   * @param settings of the producer; what at least once needs is not among them
   * @throws IOException when the checkpoint cannot be read or written
   * @throws KafkaException when the settings are wrong
   */
  static Shipper open(
      Path directory, Path checkpoint, String topic, String bootstrap, Properties settings)
      throws IOException {
    long saved = JournalCheckpoint.read(checkpoint);
    JournalCheckpoint.write(checkpoint, saved);
    Properties all = new Properties();
    all.put(ProducerConfig.CLIENT_ID_CONFIG, "maas-kafka");
    // A cluster that is away is waited for: what cannot be sent later cannot be in order either.
    all.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
    all.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, Long.MAX_VALUE);
    all.putAll(settings);
    all.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    all.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    all.put(ProducerConfig.ACKS_CONFIG, "all");
    ByteArraySerializer bytes = new ByteArraySerializer();
    KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(all, bytes, bytes);
    return new Shipper(directory, checkpoint, topic, producer, saved);
  }

  /**
   * Sends what is there, and what comes, until this thread is interrupted.
   *
   * @param once whether to end when all that is there has been sent
   * @return false when something could not be read; that is in the log
   * @throws IOException when the journal cannot be read at all, or the checkpoint not be written
   * @throws IllegalStateException when a record cannot be sent
   */
  boolean run(boolean once) throws IOException {
    LOG.info("Sends the records of {} after line {} to the topic {}", directory, saved, topic);
    try {
      if (once) {
        last = JournalReader.readAfter(directory, saved, this);
      } else {
        JournalReader.followAfter(directory, saved, this);
      }
    } catch (InterruptException e) {
      LOG.info("Stopped while it waited for the cluster");
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    boolean unused = Thread.interrupted();
    save();
    LOG.info("All up to line {} is in the topic {}", saved, topic);
    return problems == 0;
  }

  @Override
  public boolean takes(JournalLine.Kind kind) {
    return kind == JournalLine.Kind.USAGE;
  }

  @Override
  public void text(byte[] bytes, int from, int end) {
    text = Arrays.copyOfRange(bytes, from, end);
  }

  @Override
  public void line(JournalLine line) {
    String user = line.record().identity().user();
    byte[] key = (user.isEmpty() ? line.record().id() : user).getBytes(UTF_8);
    Future<?> unused =
        producer.send(
            new ProducerRecord<>(topic, null, key, text, HEADERS),
            (metadata, e) -> {
              if (e != null && failure == null) {
                failure = e;
              }
            });
    last = line.sequence();
    saveNowAndThen();
  }

  @Override
  public void problem(JournalProblem problem) {
    problems++;
    LOG.warn("Not sent: {}", problem);
  }

  @Override
  public void progress(long bytes, long of) {
    saveNowAndThen();
  }

  private void saveNowAndThen() {
    if (System.nanoTime() - savedAt >= CHECKPOINT_NANOS) {
      try {
        save();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Waits until all is acknowledged. */
  private void save() throws IOException {
    if (last > saved) {
      producer.flush();
      Exception cause = failure;
      if (cause != null) {
        throw new IllegalStateException("a record was not taken: " + cause, cause);
      }
      JournalCheckpoint.write(checkpoint, last);
      saved = last;
    }
    savedAt = System.nanoTime();
  }

  /** What was not acknowledged comes again the next time. */
  @Override
  public void close() {
    producer.close(CLOSING);
  }
}
