// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes usage records to the files of a directory, one line each, before the exchange goes on.
 * Thread-safe.
 *
 * <p>The thread that settles an exchange hands its line to the operating system; a thread of the
 * journal brings all lines to the device, in groups. A disk that is full, fails or stalls stops no
 * traffic: then lines wait in memory, as many as fit there, and the thread of the journal writes
 * them when it can. What does not fit is lost, counted, and a gap in the sequence.
 */
public final class UsageJournal implements UsageSink.WhileOpen, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(UsageJournal.class.getName());

  private static final int CLOSING_SECONDS = 5;

  private static final int CARRIED_AT_ONCE = 256;

  /** An exchange whose response has begun. */
  private static final class Open {
    private final UsageRecord begun;
    private @Nullable UsageRecord written;
    private int revision;

    private Open(UsageRecord begun) {
      this.begun = begun;
    }
  }

  private final FileChannel lockFile;
  private final String writer;
  private final long epoch;
  private final Sealer sealer;
  private final ExecutorService sealing =
      Executors.newSingleThreadExecutor(task -> daemon(task, "journal-sealing"));

  private final ReentrantLock lock = new ReentrantLock();

  // All of what follows is guarded by the lock.

  private final SegmentWriter segments;
  private final Map<String, Open> open = new HashMap<>();
  private boolean closing;

  /** Takes what is sealed; null as long as the server has not said who does. */
  private @Nullable Runnable taken;

  private long crashed;
  private long otherFailures;
  private final long repairedBytes;

  /**
   * Opens the journal of a directory: repairs what a crash has left, and writes a record for each
   * exchange that was open then.
   *
   * @param program name and version of the program, which every record has
   * @throws IOException when the directory cannot be written, or another process writes it
   */
  public static UsageJournal open(JournalConfig config, String program) throws IOException {
    return open(config, program, Disk.REAL, InstantSource.system(), Backlog.maxOfMemory());
  }

  static UsageJournal open(
      JournalConfig config, String program, Disk disk, InstantSource clock, int backlogBytes)
      throws IOException {
    Path directory = config.directory();
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory, Disk.ownerOnly(directory, "rwx------"));
    }
    FileChannel lockFile = lock(directory);
    try {
      Recovery before = Recovery.of(directory);
      UsageJournal journal =
          new UsageJournal(config, program, disk, clock, backlogBytes, lockFile, before);
      journal.start(before);
      return journal;
    } catch (Throwable e) {
      lockFile.close();
      throw e;
    }
  }

  private static FileChannel lock(Path directory) throws IOException {
    Path file = directory.resolve("lock");
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            Disk.ownerOnly(file, "rw-------"));
    FileLock held = null;
    try {
      held = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      held = null; // by this process
    } finally {
      if (held == null) {
        channel.close();
      }
    }
    if (held == null) {
      throw new IOException("The journal " + directory + " is in use by another process");
    }
    return channel;
  }

  private UsageJournal(
      JournalConfig config,
      String program,
      Disk disk,
      InstantSource clock,
      int backlogBytes,
      FileChannel lockFile,
      Recovery before)
      throws IOException {
    this.lockFile = lockFile;
    Segment newest = before.newest();
    // Also when an old copy of the directory is put back, no run has the number of another.
    epoch = Math.max(before.lastEpoch() + 1, clock.instant().getEpochSecond());
    writer =
        newest == null
            ? UUID.randomUUID().toString().replace("-", "").substring(0, 12)
            : newest.writer();
    repairedBytes = before.repairedBytes();
    sealer = new Sealer(config, clock);
    taken = config.restoresCounters() ? null : () -> {};
    segments =
        new SegmentWriter(
            config,
            disk,
            backlogBytes,
            new Segment(config.directory(), writer, epoch, before.lastSequence() + 1),
            new LineWriter(writer, epoch, program, config.userNames()),
            lock,
            new SegmentWriter.Owner() {
              @Override
              public void rotated() {
                carryOver();
              }

              @Override
              public void sealable() {
                sealing.execute(UsageJournal.this::seal);
              }
            });
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  private void start(Recovery before) {
    for (UsageRecord begun : before.open()) {
      Duration duration = Duration.between(begun.startedAt(), before.lastSeen());
      UsageRecord record = crashed(begun, duration.isNegative() ? Duration.ZERO : duration);
      lock.lock();
      try {
        segments.append((line, sequence) -> line.asRead(sequence, record), false);
        crashed++;
      } finally {
        lock.unlock();
      }
    }
    segments.start();
    if (crashed > 0) {
      LOG.log(
          WARNING,
          "{0} exchanges were open when the run before was killed; each has a record now",
          crashed);
    }
    sealing.execute(this::seal);
  }

  private static UsageRecord crashed(UsageRecord begun, Duration duration) {
    return begun.toBuilder()
        .duration(duration)
        .measurement(Measurement.of(Status.NONE, Set.of(Reason.CRASH), null))
        .build();
  }

  /**
   * What {@link io.semanticrouter.maas.Metering.Builder#instanceId} takes, so that ids of records
   * name the journal, the run and the exchange.
   */
  public String instanceId() {
    return writer + '-' + epoch;
  }

  /**
   * Has an action run when segments have been sealed, and once now, on a thread of the journal. No
   * segment is removed because of its age or size before the action has returned; when it throws,
   * that is logged and counted, and it is run again after the next one.
   *
   * @param action see {@link JournalReader#readSealedAfter}
   */
  public void whenSealed(Runnable action) {
    lock.lock();
    try {
      taken = action;
      if (!closing) {
        sealing.execute(this::seal);
      }
    } finally {
      lock.unlock();
    }
  }

  /** What it has done so far. */
  public JournalStats stats() {
    lock.lock();
    try {
      return segments.stats(crashed, repairedBytes, otherFailures);
    } finally {
      lock.unlock();
    }
  }

  /**
   * The response of an exchange has begun. If there is no record of it when the process is killed,
   * the next run makes one that says so.
   */
  @Override
  public void opened(UsageRecord begun) {
    lock.lock();
    try {
      if (open.putIfAbsent(begun.id(), new Open(begun)) == null) {
        segments.append((line, sequence) -> line.open(sequence, begun), false);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The usage of an exchange is known, although it has not ended. */
  @Override
  public void stated(UsageRecord record) {
    lock.lock();
    try {
      Open exchange = open.computeIfAbsent(record.id(), id -> new Open(record));
      write(exchange, record);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void record(UsageRecord record) {
    lock.lock();
    try {
      Open exchange = open.remove(record.id());
      write(exchange == null ? new Open(record) : exchange, record);
    } finally {
      lock.unlock();
    }
  }

  private void write(Open exchange, UsageRecord record) {
    UsageRecord before = exchange.written;
    if (before != null && saysTheSame(before, record)) {
      return;
    }
    exchange.written = record;
    int revision = ++exchange.revision;
    segments.append((line, sequence) -> line.usage(sequence, record, revision, before), true);
  }

  /** But for the time. */
  private static boolean saysTheSame(UsageRecord one, UsageRecord other) {
    return one.toBuilder().duration(other.duration()).build().equals(other);
  }

  /** So that only the newest segment has to be looked at for what was open. */
  private void carryOver() {
    int count = 0;
    for (Open exchange : List.copyOf(open.values())) {
      if (exchange.written == null && open.get(exchange.begun.id()) == exchange) {
        segments.append((line, sequence) -> line.open(sequence, exchange.begun), false);
        if (++count % CARRIED_AT_ONCE == 0) {
          lock.unlock();
          lock.lock();
        }
      }
    }
  }

  private void seal() {
    Segment current;
    @Nullable Runnable taking;
    lock.lock();
    try {
      current = segments.segment();
      taking = taken;
    } finally {
      lock.unlock();
    }
    try {
      sealer.seal(current, taking);
    } catch (IOException | RuntimeException e) {
      lock.lock();
      try {
        otherFailures++;
      } finally {
        lock.unlock();
      }
      LOG.log(ERROR, "A segment cannot be sealed; it is kept as it is", e);
    }
  }

  /** Writes what waits, and lets go of the directory. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (closing) {
        return;
      }
      closing = true;
      segments.beginClosing();
    } finally {
      lock.unlock();
    }
    boolean ended = join();
    lock.lock();
    try {
      segments.closeSegment();
      JournalStats stats = stats();
      LOG.log(INFO, "Journal: {0} lines, {1} lost", stats.lines(), stats.lost());
      if (ended) {
        lockFile.close(); // else the end of the process does it
      }
    } catch (IOException e) {
      otherFailures++;
    } finally {
      lock.unlock();
    }
  }

  /** False when a slow disk keeps a thread busy. */
  private boolean join() {
    sealing.shutdown();
    try {
      boolean written = segments.join();
      return sealing.awaitTermination(CLOSING_SECONDS, TimeUnit.SECONDS) && written;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
