// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.vllm;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes server-sent events at the pace, and up to the end, that the knobs ask for. */
final class EventStream {

  private final OutputStream out;
  private final PieceWriter writer;
  private final Knobs knobs;
  private int sent;

  EventStream(OutputStream out, Knobs knobs) {
    this.out = out;
    this.writer = new PieceWriter(out, knobs.splitBytes(), 0);
    this.knobs = knobs;
  }

  void send(String data) throws IOException {
    abortIfDue();
    if (sent > 0) {
      PieceWriter.pause(knobs.chunkDelayMillis());
    }
    byte[] event =
        ("data: " + data + knobs.lineEnding() + knobs.lineEnding())
            .getBytes(StandardCharsets.UTF_8);
    writer.write(event, event.length);
    sent++;
  }

  /** Ends the body properly; not called for a stream that is cut short. */
  void close() throws IOException {
    abortIfDue();
    writer.flush();
    out.close();
  }

  private void abortIfDue() throws IOException {
    if (knobs.abortAfterEvents().isPresent() && sent >= knobs.abortAfterEvents().getAsInt()) {
      writer.flush();
      throw new IOException("cut short after " + sent + " events, as the request asked");
    }
  }
}
