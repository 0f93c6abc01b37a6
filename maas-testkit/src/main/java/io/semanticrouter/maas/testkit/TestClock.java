// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Time that moves only by hand: an instant and a nanosecond ticker that advance together. The
 * ticker starts one second before it wraps around, as {@link System#nanoTime()} may: code that
 * compares ticks instead of subtracting them fails. Thread-safe.
 */
public final class TestClock implements InstantSource {
  /** Where each test clock starts. */
  public static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private static final long FIRST_TICK = Long.MAX_VALUE - 1_000_000_000L;

  private Duration elapsed = Duration.ZERO;

  @Override
  public synchronized Instant instant() {
    return START.plus(elapsed);
  }

  /** The ticker; only differences between two of its values mean anything. */
  public synchronized long nanos() {
    return FIRST_TICK + elapsed.toNanos();
  }

  /**
   * Moves time forward.
   *
   * @throws IllegalArgumentException for a negative duration: a ticker never runs backwards
   */
  public synchronized void advance(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("cannot go back by " + duration);
    }
    elapsed = elapsed.plus(duration);
  }
}
