// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.WARNING;

import io.semanticrouter.maas.journal.JournalConfig.Durability;
import java.io.IOException;
import java.nio.file.Files;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Brings lines to the disk. The thread that appends one hands it, and all that others have
 * appended, to the operating system; a thread of its own brings what was written to the device, in
 * groups, and begins new segments. A disk that is full, fails or stalls holds up nobody for long:
 * then lines wait in memory, and that thread writes them when it can.
 *
 * <p>The lock guards everything but input and output, which is done without it by the thread that
 * has set {@link #writing}. The owner keeps what belongs to its lines under the same lock.
 */
final class SegmentWriter {
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

  /** How often a journal that is closed tries to write what waits. */
  private static final int CLOSING_TRIES = 10;

  /** Makes a line. */
  interface Line {
    /** Writes it. */
    void write(LineWriter line, long sequence);
  }

  /** What is done for the lines of a segment that is full. The lock is held. */
  interface Owner {
    /** A new segment has begun; it may get lines, and the lock may be given up between them. */
    void rotated();

    /** The segment before it is on the device. */
    void sealable();
  }

  private final JournalConfig config;
  private final Disk disk;
  private final String writer;
  private final LineWriter line;
  private final Owner owner;
  private final Thread thread = new Thread(this::run, "journal");

  private final ReentrantLock lock;

  /** Something was written, synchronised, or nobody writes any more. */
  private final Condition progress;

  /** There is something to do for the thread. */
  private final Condition work;

  // All of what follows is guarded by the lock.

  private final Backlog backlog;
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

  private long lines;
  private long lost;
  private long lostBefore;
  private long late;
  private long failures;

  /** Begins the first segment; nothing is written to the device before {@link #start}. */
  SegmentWriter(
      JournalConfig config,
      Disk disk,
      int backlogBytes,
      Segment first,
      LineWriter line,
      ReentrantLock lock,
      Owner owner)
      throws IOException {
    this.config = config;
    this.disk = disk;
    this.writer = first.writer();
    this.line = line;
    this.lock = lock;
    this.owner = owner;
    progress = lock.newCondition();
    work = lock.newCondition();
    backlog = new Backlog(backlogBytes);
    lastSequence = first.first() - 1;
    writtenSequence = lastSequence;
    keptSequence = lastSequence;
    segment = first;
    output = disk.create(first.plain());
    disk.syncDirectory(config.directory());
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** The one that is written now. The lock is held. */
  Segment segment() {
    return segment;
  }

  /**
   * What it has done so far. The lock is held.
   *
   * @param crashed see {@link JournalStats}, as the others
   */
  JournalStats stats(long crashed, long repairedBytes, long otherFailures) {
    return new JournalStats(
        lines,
        lost,
        late,
        crashed,
        repairedBytes,
        failures + otherFailures,
        backlog.appended() - backlog.written());
  }

  /**
   * Returns when the line is as safe as it has to be, or when that takes too long. The lock is
   * held, once.
   *
   * @param content makes the line of the sequence number that it gets
   * @param isRecord whether an exchange may not end before it is
   */
  void append(Line content, boolean isRecord) {
    lines++;
    long sequence = ++lastSequence;
    boolean taken = false;
    try {
      if (!closed) {
        content.write(line, sequence);
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
    owner.rotated();
    sync();
    if (!failing) {
      owner.sealable();
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

  /** Takes no more lines, and writes those that wait. The lock is held, and given up meanwhile. */
  void beginClosing() {
    closing = true;
    work.signal();
  }

  /** Waits for that; false when a slow disk keeps the thread busy. The lock is not held. */
  boolean join() throws InterruptedException {
    thread.join(TimeUnit.NANOSECONDS.toMillis(2 * CLOSING_TRIES * GROUP_NANOS));
    return !thread.isAlive();
  }

  /** Gives up what still waits, and lets go of the segment. The lock is held. */
  void closeSegment() {
    long waiting = backlog.appended() - backlog.written();
    if (waiting > 0) {
      lose(lastSequence - writtenSequence);
    }
    try {
      output.close();
      if (lastSequence + 1 == segment.first()) {
        Files.deleteIfExists(segment.plain());
      }
    } catch (IOException e) {
      failures++;
    }
  }
}
