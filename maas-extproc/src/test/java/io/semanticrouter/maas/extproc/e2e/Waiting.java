// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Bounded polling. */
final class Waiting {
  private static final Duration STEP = Duration.ofMillis(20);

  private Waiting() {}

  static void pause() {
    LockSupport.parkNanos(STEP.toNanos());
  }

  /** Runs the assertion until it holds, or fails with its last failure. */
  static void until(Duration timeout, Runnable assertion) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      try {
        assertion.run();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        pause();
      }
    }
  }

  static <T> T value(Duration timeout, Supplier<T> supplier) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (System.nanoTime() < deadline) {
      T value = supplier.get();
      if (value != null) {
        return value;
      }
      pause();
    }
    return fail("nothing came within %s", timeout);
  }
}
