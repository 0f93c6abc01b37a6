// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import io.semanticrouter.maas.UsageSink;
import io.semanticrouter.maas.record.UsageRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A sink that keeps every record in the order of arrival. Thread-safe. */
public final class RecordingSink implements UsageSink {
  private final List<UsageRecord> records = new ArrayList<>();

  @Override
  public synchronized void record(UsageRecord record) {
    records.add(record);
    notifyAll();
  }

  /** A copy of all records so far. */
  public synchronized List<UsageRecord> records() {
    return List.copyOf(records);
  }

  /**
   * The only record.
   *
   * @throws AssertionError when there is none or more than one
   */
  public synchronized UsageRecord single() {
    if (records.size() != 1) {
      throw new AssertionError("expected 1 usage record, got " + records.size() + ": " + records);
    }
    return records.get(0);
  }

  /**
   * Waits until at least {@code count} records have arrived. For "exactly", look at {@link
   * #records()} after the last thing that could add one has happened.
   *
   * @throws AssertionError when they have not arrived in time, or the thread is interrupted
   */
  public synchronized List<UsageRecord> awaitCount(int count, Duration timeout) {
    long start = System.nanoTime();
    try {
      while (records.size() < count) {
        long left = timeout.toNanos() - (System.nanoTime() - start);
        if (left <= 0) {
          throw new AssertionError(
              "expected " + count + " usage records, got " + records.size() + ": " + records);
        }
        wait(left / 1_000_000 + 1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while waiting for usage records", e);
    }
    return List.copyOf(records);
  }
}
