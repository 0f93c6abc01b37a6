// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalProblem;
import io.semanticrouter.maas.journal.JournalReader;
import io.semanticrouter.maas.metrics.PrometheusSink;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counters that go on where the run before has ended. The file {@code counters} beside the segments
 * has what the sealed ones add up to; the lines that came after them are read at the start, so that
 * a start takes as long as a segment or two. It is written anew when a segment has been sealed, by
 * the thread of the journal that has done that.
 */
final class RestoredCounters {
  private static final Logger LOG = LoggerFactory.getLogger(RestoredCounters.class);
  private static final int FORMAT = 0x4d52_0001;
  private static final String TOKENS = "semantic_router_tokens";
  private static final String ESTIMATED = "semantic_router_estimated_tokens";

  private final Path directory;
  private final Path file;
  private final Supplier<PrometheusSink> sinks;

  /** Counts lines. */
  private static final class Counting implements JournalReader.Visitor {
    private final PrometheusSink sink;
    private long problems;

    Counting(PrometheusSink sink) {
      this.sink = sink;
    }

    @Override
    public boolean takes(JournalLine.Kind kind) {
      return kind == JournalLine.Kind.USAGE;
    }

    @Override
    public void line(JournalLine line) {
      UsageRecord replaced = line.replaced();
      if (replaced != null) {
        sink.takeOff(replaced);
      }
      sink.replay(line.record());
    }

    @Override
    public void problem(JournalProblem problem) {
      problems++;
      LOG.warn("Not in the counters: {}", problem);
    }
  }

  /**
   * Those of the journal in a directory.
   *
   * @param sinks makes a sink that counts as that of the server does, with a registry of its own
   */
  RestoredCounters(Path directory, Supplier<PrometheusSink> sinks) {
    this.directory = directory;
    this.file = directory.resolve("counters");
    this.sinks = sinks;
  }

  /**
   * Adds all that is in the journal to the sink of the server, which has counted nothing yet.
   * Nothing may be written to the journal meanwhile.
   *
   * @throws IOException when the journal cannot be read at all
   */
  void restore(PrometheusSink sink) throws IOException {
    long from = System.nanoTime();
    long saved = addSaved(sink);
    Counting counting = new Counting(sink);
    long last = JournalReader.readAfter(directory, saved, counting);
    LOG.info(
        "Counters go on after line {} of the journal: {} lines read in {} ms, {} problems",
        last,
        last - saved,
        (System.nanoTime() - from) / 1_000_000,
        counting.problems);
  }

  /** Takes what has been sealed. */
  void takeSealed() {
    try {
      PrometheusSink sink = sinks.get();
      long saved = addSaved(sink);
      long last = JournalReader.readSealedAfter(directory, saved, new Counting(sink));
      if (last > saved) {
        save(sink, last);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The last line that is in it; 0 where nothing was saved, or it cannot be read. */
  private long addSaved(PrometheusSink sink) throws IOException {
    if (!Files.exists(file)) {
      return 0;
    }
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
    int length = bytes.capacity() - Long.BYTES;
    if (length < Integer.BYTES + Long.BYTES
        || bytes.getLong(length) != checksum(bytes.array(), length)
        || bytes.getInt(0) != FORMAT) {
      LOG.error("{} is damaged, or of another version: the whole journal is read instead", file);
      return 0;
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.array(), 0, length));
    in.readInt();
    long last = in.readLong();
    long leftOut = sink.restore(in);
    if (leftOut == PrometheusSink.OTHER) {
      LOG.warn(
          "{} is of another version or has other labels: the whole journal is read instead", file);
      return 0;
    }
    if (leftOut > 0) {
      LOG.warn("{} counts have no place under this configuration, and are left out", leftOut);
    }
    return last;
  }

  private void save(PrometheusSink sink, long last) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(FORMAT);
    out.writeLong(last);
    sink.save(out);
    out.writeLong(checksum(bytes.toByteArray(), bytes.size()));
    Path unfinished = directory.resolve("counters.unfinished");
    Files.deleteIfExists(unfinished);
    try (FileChannel channel =
        FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(bytes.toByteArray());
      while (left.hasRemaining()) {
        channel.write(left);
      }
      channel.force(true);
    }
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static long checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return crc.getValue();
  }

  /** Shows what the counters begin with, so that a run can be told from those before it. */
  static void register(PrometheusRegistry registry) {
    Map<String, Double> restored = new TreeMap<>();
    restored.put("exchanges", sum(registry, "semantic_router_requests", ""));
    for (String type : new String[] {"prompt", "completion"}) {
      restored.put(type, sum(registry, TOKENS, type));
      restored.put("estimated_" + type, sum(registry, ESTIMATED, type));
    }
    GaugeWithCallback.builder()
        .name("semantic_router_journal_restored")
        .help("What the counters of usage began with: exchanges and tokens of earlier runs.")
        .labelNames("what")
        .callback(callback -> restored.forEach((what, value) -> callback.call(value, what)))
        .register(registry);
  }

  private static double sum(PrometheusRegistry registry, String metric, String type) {
    double sum = 0;
    for (MetricSnapshot snapshot : registry.scrape(metric::equals)) {
      for (CounterDataPointSnapshot point : ((CounterSnapshot) snapshot).getDataPoints()) {
        sum += type.isEmpty() || type.equals(point.getLabels().get("type")) ? point.getValue() : 0;
      }
    }
    return sum;
  }
}
