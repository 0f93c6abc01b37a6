// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Ends the process when its heap has run out. What is left of it then would hold up exchanges and
 * not obey a stop, while a supervisor would start a new one. That is what {@code
 * -XX:+ExitOnOutOfMemoryError} is for, but a jar cannot set it.
 *
 * <p>Libraries catch the error and go on, so it is looked for in three places: where threads end by
 * it, in what is logged, and by a thread that asks for a little memory, again and again.
 */
final class OutOfMemory {
  /** The exit status, which {@code docs/run.md} documents. */
  static final int EXIT_STATUS = 3;

  /** Small enough for any heap that is not at its end. */
  private static final int PROBE_BYTES = 128 * 1024;

  private static final long PROBE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** What the last line needs. */
  private static final int RESERVE_BYTES = 512 * 1024;

  private static final int MAX_CAUSES = 8;

  /** How the JVM's messages begin. */
  private static final String[] HEAP_MESSAGES = {
    "Java heap space", "GC overhead limit exceeded", "Metaspace", "Compressed class space"
  };

  private static volatile @Nullable OutOfMemory guard;

  private final Object totals;
  private final PrintStream err;
  private final Runtime runtime = Runtime.getRuntime();
  private final AtomicBoolean ending = new AtomicBoolean();

  @SuppressWarnings("UnusedVariable") // to be there, and then not
  private volatile byte @Nullable [] reserve = new byte[RESERVE_BYTES];

  /** A field, so that the compiler cannot do without the allocation. */
  @SuppressWarnings("UnusedVariable")
  private volatile byte @Nullable [] probe;

  private OutOfMemory(Object totals, PrintStream err) {
    this.totals = totals;
    this.err = err;
  }

  /**
   * From now on, the process ends with {@link #EXIT_STATUS} when the heap has run out.
   *
   * @param totals its text is written then
   */
  static void endsTheProcess(Object totals) {
    OutOfMemory created = new OutOfMemory(totals, System.err);
    created.rehearse();
    guard = created;
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, thrown) -> {
          notice(thrown);
          if (before != null) {
            before.uncaughtException(thread, thrown);
          } else {
            thrown.printStackTrace();
          }
        });
    Thread prober = new Thread(created::probe, "memory");
    prober.setDaemon(true);
    prober.start();
  }

  /** Ends the process if this was thrown because the heap has run out, and it is to end then. */
  static void notice(@Nullable Throwable thrown) {
    OutOfMemory active = guard;
    if (active != null && isHeap(thrown)) {
      active.end();
    }
  }

  /**
   * Whether the heap or the space for classes has run out. Other memory runs out only for a while:
   * Netty's and the JDK's buffers outside the heap, native threads; and an array can be longer than
   * arrays can be.
   */
  static boolean isHeap(@Nullable Throwable thrown) {
    Throwable t = thrown;
    for (int i = 0; t != null && i < MAX_CAUSES; i++) {
      if (t.getClass() == OutOfMemoryError.class) {
        String message = t.getMessage();
        for (String begin : HEAP_MESSAGES) {
          if (message != null && message.startsWith(begin)) {
            return true;
          }
        }
        return false;
      }
      t = t.getCause();
    }
    return false;
  }

  /**
   * The JVM makes the constants of a method, and what links its calls, when it gets there first: on
   * the heap.
   */
  private void rehearse() {
    for (String message : HEAP_MESSAGES) {
      if (!isHeap(new OutOfMemoryError(message))) {
        throw new IllegalStateException(message);
      }
    }
    byte[] line = lastLine();
    err.write(line, 0, 0);
    err.flush();
  }

  private byte[] lastLine() {
    return ("maas-extproc: the heap has run out, so this process ends. " + totals + "\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  private void probe() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        probe = new byte[PROBE_BYTES];
        probe = null;
      } catch (OutOfMemoryError e) {
        end();
      }
      LockSupport.parkNanos(PROBE_NANOS);
    }
  }

  private void end() {
    if (!ending.compareAndSet(false, true)) {
      return;
    }
    reserve = null;
    try {
      byte[] line = lastLine();
      err.write(line, 0, line.length);
      err.flush();
    } finally {
      runtime.halt(EXIT_STATUS);
    }
  }
}
