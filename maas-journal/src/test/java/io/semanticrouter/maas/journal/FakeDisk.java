// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A real disk that can be full, fail or stall, and that can lose what was not synchronised. */
final class FakeDisk implements Disk {
  private final AtomicLong room = new AtomicLong(Long.MAX_VALUE);
  private volatile @Nullable String creationFailure;
  private volatile @Nullable String writeFailure;
  private volatile @Nullable String syncFailure;
  private volatile @Nullable CountDownLatch writeStall;
  private volatile @Nullable CountDownLatch syncStall;

  /** The size of each file that survives a power cut. */
  final Map<Path, Long> safe = new ConcurrentHashMap<>();

  void hasRoomFor(long bytes) {
    room.set(bytes);
  }

  void failsToCreate(@Nullable String why) {
    creationFailure = why;
  }

  void failsToWrite(@Nullable String why) {
    writeFailure = why;
  }

  void failsToSync(@Nullable String why) {
    syncFailure = why;
  }

  /** Until the latch is open. */
  CountDownLatch stallsWrites() {
    CountDownLatch stall = new CountDownLatch(1);
    writeStall = stall;
    return stall;
  }

  CountDownLatch stallsSync() {
    CountDownLatch stall = new CountDownLatch(1);
    syncStall = stall;
    return stall;
  }

  private static void await(@Nullable CountDownLatch stall) {
    if (stall != null) {
      boolean interrupted = false;
      while (stall.getCount() > 0) {
        try {
          stall.await();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void failIf(@Nullable String why) throws IOException {
    if (why != null) {
      throw new IOException(why);
    }
  }

  @Override
  public Output create(Path file) throws IOException {
    failIf(creationFailure);
    Output real = REAL.create(file);
    return new Output() {
      private long size;

      @Override
      public void write(byte[] bytes, int offset, int length, long position) throws IOException {
        await(writeStall);
        failIf(writeFailure);
        long fits = Math.min(length, room.get());
        real.write(bytes, offset, (int) fits, position);
        room.addAndGet(-fits);
        if (fits < length) {
          throw new IOException("No space left on device");
        }
        size = position + length;
      }

      @Override
      public void sync() throws IOException {
        long now = size;
        await(syncStall);
        failIf(syncFailure);
        safe.put(file, now);
      }

      @Override
      public void truncate(long to) throws IOException {
        real.truncate(to);
      }

      @Override
      public void close() throws IOException {
        real.close();
      }
    };
  }

  @Override
  public void syncDirectory(Path directory) {}
}
