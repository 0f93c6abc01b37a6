// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.journal.JournalConfig.Durability;
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
import java.util.concurrent.locks.Condition;
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

  /** How long lines gather before they are brought to the device. */
  private static final long GROUP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** How long an exchange waits for another one to write before lines wait in memory. */
  static final long WRITE_BOUND_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /**
   * How long a synchronisation may take before lines wait in memory: a write to a disk that stalls
   * still goes to the memory of the operating system, until there is no room for it.
   */
  static final long SYNC_BOUND_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** How long the end of an exchange waits for the device. */
  private static final long POWER_BOUND_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** How long a segment goes on that is full, when no new one could be made. */
  private static final long ROTATION_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** How long a journal that is closed tries to write what waits. */
  private static final int CLOSING_TRIES = 10;

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

  private final JournalConfig config;
  private final Disk disk;
  private final String writer;
  private final long epoch;
  private final FileChannel lockFile;
  private final LineWriter line;
  private final Sealer sealer;
  private final Thread thread;
  private final ExecutorService sealing =
      Executors.newSingleThreadExecutor(task -> daemon(task, "journal-sealing"));

  private final ReentrantLock lock = new ReentrantLock();

  /** Something was written, synchronised, or nobody writes any more. */
  private final Condition progress = lock.newCondition();

  /** There is something to do for the thread. */
  private final Condition work = lock.newCondition();

  // All of what follows is guarded by the lock. Input and output are not done under it, but by the
  // thread that has set writing.

  private final Backlog backlog;
  private final Map<String, Open> open = new HashMap<>();
  private Segment segment;
  private Disk.Output output;

  /** The position in the backlog at which the segment begins. */
  private long segmentBase;

  private long segmentBornNanos = System.nanoTime();
  private boolean directoryChanged = true;

  /** When a new segment could not be made, while the old one can still be written; 0: it could. */
  private long rotationFailedNanos;

  private long lastSequence;
  private long writtenSequence;
  private long keptSequence;

  /** Up to this position in the backlog all is on the device. */
  private long safe;

  private boolean writing;
  private boolean failing;

  /** The disk was too slow for somebody: the thread writes what waits. */
  private boolean stalled;

  /** When a synchronisation that goes on has begun; 0 when there is none. */
  private long syncingSince;

  private int powerWaiters;
  private boolean idle;
  private boolean closing;
  private boolean closed;

  /** Takes what is sealed; null as long as the server has not said who does. */
  private @Nullable Runnable taken;

  private long lines;
  private long lost;
  private long lostBefore;
  private long late;
  private long crashed;
  private long failures;
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
    this.config = config;
    this.disk = disk;
    this.lockFile = lockFile;
    Segment newest = before.newest();
    // Also when an old copy of the directory is put back, no run has the number of another.
    epoch = Math.max(before.lastEpoch() + 1, clock.instant().getEpochSecond());
    writer =
        newest == null
            ? UUID.randomUUID().toString().replace("-", "").substring(0, 12)
            : newest.writer();
    line = new LineWriter(writer, epoch, program, Users.of(config));
    backlog = new Backlog(backlogBytes);
    lastSequence = before.lastSequence();
    writtenSequence = lastSequence;
    keptSequence = lastSequence;
    repairedBytes = before.repairedBytes();
    sealer = new Sealer(config, clock);
    taken = config.restoresCounters() ? null : () -> {};
    segment = new Segment(config.directory(), writer, epoch, lastSequence + 1);
    output = disk.create(segment.plain());
    disk.syncDirectory(config.directory());
    thread = daemon(this::run, "journal");
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
        append(sequence -> line.asRead(sequence, record), false);
        crashed++;
      } finally {
        lock.unlock();
      }
    }
    thread.start();
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
      return new JournalStats(
          lines,
          lost,
          late,
          crashed,
          repairedBytes,
          failures,
          backlog.appended() - backlog.written());
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
        append(sequence -> line.open(sequence, begun), false);
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
    append(sequence -> line.usage(sequence, record, revision, before), true);
  }

  /** But for the time. */
  private static boolean saysTheSame(UsageRecord one, UsageRecord other) {
    return one.toBuilder().duration(other.duration()).build().equals(other);
  }

  private interface Line {
    void write(long sequence);
  }

  /**
   * Returns when the line is as safe as it has to be, or when that takes too long. The lock is
   * held, once.
   *
   * @param isRecord whether an exchange may not end before it is
   */
  private void append(Line content, boolean isRecord) {
    lines++;
    long sequence = ++lastSequence;
    boolean taken = false;
    try {
      if (!closed) {
        content.write(sequence);
        taken = backlog.append(line.bytes(), line.size(), writing);
      }
    } finally {
      if (!taken) {
        lose(1);
      }
    }
    if (!taken) {
      return;
    }
    long position = backlog.appended();
    if (idle || backlog.isHalfFull()) {
      work.signal();
    }
    if (config.durability() == Durability.NONE) {
      return;
    }
    boolean safe = awaitWritten(position);
    if (safe && isRecord && config.durability() == Durability.POWER) {
      safe = awaitSafe(position);
    }
    if (!safe) {
      late++;
    }
  }

  private void lose(long count) {
    if (lost == lostBefore) {
      LOG.log(ERROR, "The journal loses records: {0}", closed ? "it is closed" : "too many wait");
    }
    lost += count;
  }

  private boolean awaitWritten(long position) {
    if (isDiskSlow()) {
      return false;
    }
    long deadline = System.nanoTime() + WRITE_BOUND_NANOS;
    while (backlog.written() < position) {
      if (failing) {
        return false;
      }
      if (!writing) {
        write();
      } else if (!await(deadline)) {
        stalled = true;
        work.signal();
        return backlog.written() >= position;
      }
    }
    return true;
  }

  private boolean isDiskSlow() {
    return failing
        || stalled
        || (syncingSince != 0 && System.nanoTime() - syncingSince > SYNC_BOUND_NANOS);
  }

  private boolean awaitSafe(long position) {
    long deadline = System.nanoTime() + POWER_BOUND_NANOS;
    powerWaiters++;
    work.signal();
    try {
      while (safe < position && !closed && await(deadline)) {
        // Also while the disk fails: what is written again may be safe in time.
      }
      return safe >= position;
    } finally {
      powerWaiters--;
    }
  }

  /** Waits for progress; false when it is too late. An interrupt is left to the caller. */
  private boolean await(long deadline) {
    boolean interrupted = false;
    try {
      while (true) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        try {
          return progress.awaitNanos(left) > 0;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Writes what waits, without the lock; nobody else must be writing. */
  private void write() {
    long from = backlog.written();
    long to = backlog.appended();
    long sequence = lastSequence;
    byte[] bytes = backlog.array();
    int offset = backlog.indexOf(from);
    Disk.Output file = output;
    long position = from - segmentBase;
    IOException failure =
        unlocked(() -> file.write(bytes, offset, (int) (to - from), position), true);
    if (failure == null) {
      backlog.written(to);
      writtenSequence = sequence;
      if (config.durability() == Durability.NONE) {
        release(to, sequence);
      }
      if (failing) {
        recovered();
      }
    } else {
      failed("written", failure);
    }
  }

  private interface Action {
    void run() throws IOException;
  }

  /**
   * Does what may take long without the lock.
   *
   * @param exclusively whether nobody may write meanwhile
   * @return why it failed, or null
   */
  private @Nullable IOException unlocked(Action action, boolean exclusively) {
    writing |= exclusively;
    lock.unlock();
    IOException failure = null;
    try {
      action.run();
    } catch (IOException e) {
      failure = e;
    } finally {
      lock.lock();
      if (exclusively) {
        writing = false;
      }
      progress.signalAll();
    }
    return failure;
  }

  private void failed(String what, IOException failure) {
    failures++;
    if (!failing) {
      failing = true;
      LOG.log(
          ERROR,
          "The journal {0} cannot be {1}; records wait in memory: {2}",
          config.directory(),
          what,
          failure.toString());
    }
  }

  private void recovered() {
    failing = false;
    LOG.log(
        WARNING,
        "The journal {0} is written again; {1} lines were lost",
        config.directory(),
        lost - lostBefore);
    lostBefore = lost;
  }

  private void release(long to, long sequence) {
    safe = Math.max(safe, to);
    backlog.release(to);
    keptSequence = Math.max(keptSequence, sequence);
  }

  // --- the thread ----------------------------------------------------------------------------

  private void run() {
    lock.lock();
    try {
      for (int tries = 0; !closing || (hasWork() && tries < CLOSING_TRIES); ) {
        awaitWork();
        try {
          work();
        } catch (RuntimeException | Error e) {
          failures++;
          LOG.log(ERROR, "A defect in the journal", e);
        }
        tries = closing ? tries + 1 : 0;
      }
    } finally {
      closed = true;
      progress.signalAll();
      lock.unlock();
    }
  }

  private boolean hasWork() {
    return backlog.kept() < backlog.appended();
  }

  private void awaitWork() {
    try {
      while (!closing && !hasWork() && !isSegmentOld()) {
        idle = true;
        long unused =
            work.awaitNanos(
                Math.max(
                    1, config.segmentAge().toNanos() - (System.nanoTime() - segmentBornNanos)));
      }
      idle = false;
      long deadline = System.nanoTime() + GROUP_NANOS;
      long left = GROUP_NANOS;
      while (left > 0 && (failing || !(closing || powerWaiters > 0 || backlog.isHalfFull()))) {
        left = work.awaitNanos(deadline - System.nanoTime());
      }
    } catch (InterruptedException e) {
      failures++; // nobody has a reason to; the thread goes on
    } finally {
      idle = false;
    }
  }

  private void work() {
    while (writing) {
      progress.awaitUninterruptibly();
    }
    if (backlog.written() < backlog.appended()) {
      write();
    }
    if (backlog.written() == backlog.appended()) {
      stalled = false;
    }
    if (config.durability() != Durability.NONE && backlog.kept() < backlog.written()) {
      sync();
    }
    boolean full = backlog.written() - segmentBase >= config.segmentBytes();
    if (!failing && !closing && (full || isSegmentOld()) && mayRotate()) {
      rotate();
    }
  }

  private boolean isSegmentOld() {
    boolean hasLines = backlog.written() > segmentBase;
    return hasLines && System.nanoTime() - segmentBornNanos >= config.segmentAge().toNanos();
  }

  private boolean mayRotate() {
    return rotationFailedNanos == 0
        || System.nanoTime() - rotationFailedNanos >= ROTATION_PAUSE_NANOS;
  }

  private void sync() {
    long to = backlog.written();
    long sequence = writtenSequence;
    Disk.Output file = output;
    boolean directory = directoryChanged;
    syncingSince = System.nanoTime();
    IOException failure =
        unlocked(
            () -> {
              file.sync();
              if (directory) {
                disk.syncDirectory(config.directory());
              }
            },
            false);
    syncingSince = 0;
    if (failure == null) {
      directoryChanged &= !directory;
      release(to, sequence);
    } else {
      // What was written since the last time may be gone, although it seems to be there.
      failed("brought to the device", failure);
      writeAgain();
    }
  }

  /** In a new segment, all that is not known to be on the device. */
  private void writeAgain() {
    while (writing) {
      progress.awaitUninterruptibly();
    }
    Disk.Output old = output;
    long size = Math.max(0, backlog.kept() - segmentBase);
    IOException failure = begin(keptSequence);
    if (failure != null) {
      failed("continued in a new segment", failure);
    } else {
      segmentBase = backlog.kept();
      backlog.rewind();
      writtenSequence = keptSequence;
      IOException unused =
          unlocked(
              () -> {
                try {
                  old.truncate(size);
                } finally {
                  old.close();
                }
              },
              true);
    }
  }

  /**
   * Begins a segment after a line.
   *
   * @return why it failed, or null
   */
  private @Nullable IOException begin(long sequence) {
    Segment next = new Segment(config.directory(), writer, segment.epoch(), sequence + 1);
    while (Files.exists(next.plain())) { // of which no line is known to be on the device
      next = new Segment(config.directory(), writer, next.epoch() + 1, sequence + 1);
    }
    Segment begun = next;
    Disk.Output[] made = new Disk.Output[1];
    IOException failure = unlocked(() -> made[0] = disk.create(begun.plain()), true);
    if (failure != null) {
      return failure;
    }
    segment = begun;
    output = made[0];
    segmentBornNanos = System.nanoTime();
    directoryChanged = true;
    rotationFailedNanos = 0;
    return null;
  }

  private void rotate() {
    while (writing) {
      progress.awaitUninterruptibly();
    }
    Disk.Output old = output;
    // Nobody writes to the old one from here on, so that all of it is on the device then.
    IOException failure = unlocked(old::sync, true);
    if (failure != null) {
      failed("brought to the device", failure);
      writeAgain();
      return;
    }
    release(backlog.written(), writtenSequence);
    IOException refused = begin(writtenSequence);
    if (refused != null) {
      goOnInOldSegment(refused);
      return;
    }
    segmentBase = backlog.written();
    IOException unused = unlocked(old::close, false);
    carryOver();
    sync();
    if (!failing) {
      sealing.execute(this::seal);
    }
  }

  private void goOnInOldSegment(IOException failure) {
    failures++;
    if (rotationFailedNanos == 0) {
      LOG.log(
          ERROR,
          "The journal {0} takes no new segment; the old one goes on: {1}",
          config.directory(),
          failure.toString());
    }
    rotationFailedNanos = System.nanoTime();
  }

  /** So that only the newest segment has to be looked at for what was open. */
  private void carryOver() {
    int count = 0;
    for (Open exchange : List.copyOf(open.values())) {
      if (exchange.written == null && open.get(exchange.begun.id()) == exchange) {
        append(sequence -> line.open(sequence, exchange.begun), false);
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
      current = segment;
      taking = taken;
    } finally {
      lock.unlock();
    }
    try {
      sealer.seal(current, taking);
    } catch (IOException | RuntimeException e) {
      lock.lock();
      try {
        failures++;
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
      work.signal();
    } finally {
      lock.unlock();
    }
    boolean ended = join();
    lock.lock();
    try {
      long waiting = backlog.appended() - backlog.written();
      if (waiting > 0) {
        lose(lastSequence - writtenSequence);
      }
      output.close();
      if (lastSequence + 1 == segment.first()) {
        Files.deleteIfExists(segment.plain());
      }
      LOG.log(INFO, "Journal: {0} lines, {1} lost", lines, lost);
      if (ended) {
        lockFile.close(); // else the end of the process does it
      }
    } catch (IOException e) {
      failures++;
    } finally {
      lock.unlock();
    }
  }

  /** False when a slow disk keeps a thread busy. */
  private boolean join() {
    sealing.shutdown();
    try {
      thread.join(TimeUnit.NANOSECONDS.toMillis(2 * CLOSING_TRIES * GROUP_NANOS));
      return sealing.awaitTermination(CLOSING_SECONDS, TimeUnit.SECONDS) && !thread.isAlive();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
