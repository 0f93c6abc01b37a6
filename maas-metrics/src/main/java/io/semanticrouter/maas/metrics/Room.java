// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.metrics;

import org.jspecify.annotations.Nullable;

/** How many bytes of a scrape some series may take. Never given back. Thread-safe. */
final class Room {
  static final Room UNBOUNDED = new Room(null, Long.MAX_VALUE);

  private final @Nullable Room whole;
  private final long max;
  private long taken; // guarded by this

  /**
   * Room.
   *
   * @param whole what this is a part of; null when of nothing
   */
  Room(@Nullable Room whole, long max) {
    this.whole = whole;
    this.max = max;
  }

  /** Takes so much, or nothing when there is less. */
  synchronized boolean take(long bytes) {
    if (bytes > max - taken || (whole != null && !whole.take(bytes))) {
      return false;
    }
    if (max != Long.MAX_VALUE) {
      taken += bytes;
    }
    return true;
  }
}
