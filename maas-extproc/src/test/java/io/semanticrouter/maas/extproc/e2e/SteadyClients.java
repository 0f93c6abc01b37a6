// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Clients that ask for documents and streams, one after the other, and get each of them. */
final class SteadyClients implements AutoCloseable {
  private final AtomicBoolean go = new AtomicBoolean(true);
  private final AtomicLong answers = new AtomicLong();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Future<?>> loads = new ArrayList<>();

  /** Begins to ask at a port. */
  SteadyClients(int port, int clients) {
    for (int i = 0; i < clients; i++) {
      String body = i % 2 == 0 ? Requests.PLAIN : Requests.STREAM;
      loads.add(threads.submit(() -> load(port, body), null));
    }
  }

  /** How many answers there were. */
  long answers() {
    return answers.get();
  }

  /** Lets each client end what it has begun; fails where one did not get its answer. */
  void stop() throws Exception {
    go.set(false);
    for (Future<?> load : loads) {
      load.get();
    }
  }

  private void load(int port, String body) {
    while (go.get()) {
      try {
        RawHttp answer = RawHttp.post(port, Requests.CHAT, body, "x-auth-request-user", "alice");
        assertThat(answer.status()).isEqualTo(200);
        answers.incrementAndGet();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Override
  public void close() {
    go.set(false);
    threads.shutdownNow();
  }
}
