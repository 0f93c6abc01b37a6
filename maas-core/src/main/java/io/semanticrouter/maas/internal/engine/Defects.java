// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.engine;

import static java.lang.System.Logger.Level.ERROR;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/**
 * Failures of the metering itself, or of something that was plugged in: the one answer to all that
 * a callback catches. Each is counted, the first one is logged, and the exchange goes on.
 * Thread-safe.
 */
public final class Defects {
  private static final System.Logger LOG = System.getLogger("io.semanticrouter.maas.Metering");

  private final LongAdder count = new LongAdder();
  private final AtomicBoolean logged = new AtomicBoolean();

  /** How many there were. */
  public long count() {
    return count.sum();
  }

  /** Counts a failure; see {@link #passOn} for what goes on all the same. */
  public void add(Throwable e) {
    count.increment();
    passOn(e);
    if (logged.compareAndSet(false, true)) {
      // Only where it happened: a message could quote what the exchange carried.
      StackTraceElement[] trace = e.getStackTrace();
      LOG.log(
          ERROR,
          "Metering failed with {0} at {1}; further failures are counted, not logged",
          e.getClass().getName(),
          trace.length == 0 ? "unknown" : trace[0].toString());
    }
  }

  /**
   * Rethrows what says that the JVM is at its end, or that this thread has to end: nothing here can
   * go on then. All else stays here, also errors of classes that are missing and of stacks that are
   * too small, and checked exceptions, which other languages throw where Java would not.
   */
  public static void passOn(Throwable e) {
    if (e instanceof VirtualMachineError fatal && !(e instanceof StackOverflowError)) {
      throw fatal;
    }
    if (e instanceof ThreadDeath death) {
      throw death;
    }
    if (e instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
  }
}
