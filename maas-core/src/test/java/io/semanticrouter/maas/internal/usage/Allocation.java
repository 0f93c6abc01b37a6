// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import java.lang.reflect.Method;

/**
 * How much a thread has allocated. By reflection: tests are compiled into the module of the core,
 * which does not read {@code jdk.management}, and shall not.
 */
public final class Allocation {
  private static final Object THREADS;
  private static final Method ALLOCATED_BYTES;

  static {
    try {
      THREADS =
          Class.forName("java.lang.management.ManagementFactory")
              .getMethod("getThreadMXBean")
              .invoke(null);
      ALLOCATED_BYTES =
          Class.forName("com.sun.management.ThreadMXBean")
              .getMethod("getThreadAllocatedBytes", long.class);
      for (int i = 0; i < 100; i++) {
        // Reflection compiles itself after some calls, which allocates.
        ALLOCATED_BYTES.invoke(THREADS, 1L);
      }
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private Allocation() {}

  /** Bytes that the current thread has ever allocated; asking takes some hundred itself. */
  public static long ofThisThread() {
    try {
      return (long) ALLOCATED_BYTES.invoke(THREADS, Thread.currentThread().getId());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Bytes that a piece of work allocates once it runs as it will go on to: the least of five times.
   * A first time may still run in the interpreter, link something or be compiled meanwhile.
   */
  public static long leastOf(Runnable work) {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      long before = ofThisThread();
      work.run();
      least = Math.min(least, ofThisThread() - before);
    }
    return least;
  }
}
