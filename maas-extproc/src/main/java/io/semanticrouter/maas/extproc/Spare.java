// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Buffers that are used again, one for each thread. The caller that takes one owns it until it is
 * given back, so that work which is nested or crosses threads gets another; one that never comes
 * back is only garbage. Thread-safe.
 */
final class Spare<T> {
  /** Larger ones should not be given back: threads would hold the largest body that ever came. */
  static final int MAX_BYTES = 64 * 1024;

  private final Supplier<T> fresh;
  private final ThreadLocal<Slot<T>> slots = ThreadLocal.withInitial(Slot::new);

  Spare(Supplier<T> fresh) {
    this.fresh = fresh;
  }

  T take() {
    Slot<T> slot = slots.get();
    T kept = slot.kept;
    slot.kept = null;
    return kept == null ? fresh.get() : kept;
  }

  void giveBack(T spare) {
    slots.get().kept = spare;
  }

  /** Setting a field costs less than setting a thread's variable. */
  private static final class Slot<T> {
    private @Nullable T kept;
  }
}
