// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import io.semanticrouter.maas.testing.vllm.StatsRecorder.Outcome;
import io.semanticrouter.maas.testing.vllm.StatsRecorder.Receipt;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Sends the streamed answer of an inference endpoint, whole or cut short, and counts it. */
final class StreamedAnswer {

  /** The events of one answer, in the wire format of its API. */
  interface Script {

    /** Sends all events but the last. */
    void play(EventStream events) throws IOException;

    /** Sends the event that tells the client that it has the whole answer. */
    void end(EventStream events) throws IOException;

    /** What the answer has cost so far. */
    Outcome outcome();
  }

  private StreamedAnswer() {}

  static void send(Exchange exchange, Knobs knobs, StatsRecorder stats, Script script)
      throws IOException {
    @Nullable Receipt receipt = null;
    try {
      boolean gzip = exchange.gzips(knobs.gzip());
      EventStream events = new EventStream(exchange.eventBody(), knobs, gzip);
      script.play(events);
      // Before the last event, so that a client that has read it finds the answer counted.
      receipt = stats.completed(script.outcome());
      script.end(events);
      events.close();
    } catch (IOException e) {
      if (receipt == null) {
        stats.aborted(script.outcome());
      } else {
        stats.abortedAfterAll(receipt);
      }
      throw e;
    }
  }
}
