// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Threads that do not keep the process alive. */
final class Daemons {
  private Daemons() {}

  /** One thread for work that is done from time to time. */
  static ScheduledExecutorService scheduler(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        task -> {
          Thread thread = new Thread(task, name);
          thread.setDaemon(true);
          return thread;
        });
  }
}
