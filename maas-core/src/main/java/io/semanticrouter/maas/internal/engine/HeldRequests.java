// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import java.util.concurrent.atomic.AtomicLong;

/** The bytes of all requests that are held back at a moment, to be routed. Thread-safe. */
public final class HeldRequests {
  private final AtomicLong bytes = new AtomicLong();

  /** How many there are now. */
  public long bytes() {
    return bytes.get();
  }

  /**
   * Whether so many more may be held; they are counted then.
   *
   * @param limit of all requests together
   */
  boolean reserve(long more, long limit) {
    if (bytes.addAndGet(more) <= limit) {
      return true;
    }
    bytes.addAndGet(-more);
    return false;
  }

  /** Gives back what was reserved. */
  void release(long fewer) {
    if (fewer > 0) {
      bytes.addAndGet(-fewer);
    }
  }
}
