// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/** Writes server-sent events at the pace, and up to the end, that the knobs ask for. */
final class EventStream {

  private static final int ZIP_BUFFER_BYTES = 512;

  private final OutputStream out;
  private final PieceWriter writer;
  private final Knobs knobs;
  private final ByteArrayOutputStream encoded = new ByteArrayOutputStream();
  private final OutputStream encoder;
  private int sent;

  EventStream(OutputStream out, Knobs knobs, boolean gzip) throws IOException {
    this.out = out;
    this.writer = new PieceWriter(out, knobs.splitBytes(), 0);
    this.knobs = knobs;
    // With a sync flush the client can decompress each event as soon as it has it.
    this.encoder = gzip ? new GZIPOutputStream(encoded, ZIP_BUFFER_BYTES, true) : encoded;
  }

  /** Sends an event without a name. */
  void send(String data) throws IOException {
    write("data: " + data + knobs.lineEnding() + knobs.lineEnding());
  }

  /** Sends an event with a name. */
  void send(String name, String data) throws IOException {
    write(
        ("event: " + name + knobs.lineEnding())
            + ("data: " + data + knobs.lineEnding() + knobs.lineEnding()));
  }

  private void write(String event) throws IOException {
    abortIfDue();
    if (sent > 0) {
      PieceWriter.pause(knobs.chunkDelayMillis());
    }
    encoder.write(event.getBytes(StandardCharsets.UTF_8));
    encoder.flush();
    writeEncoded();
    sent++;
  }

  /** Ends the body properly; not called for a stream that is cut short. */
  void close() throws IOException {
    abortIfDue();
    encoder.close();
    writeEncoded();
    writer.flush();
    out.close();
  }

  private void writeEncoded() throws IOException {
    byte[] bytes = encoded.toByteArray();
    encoded.reset();
    writer.write(bytes, bytes.length);
  }

  private void abortIfDue() throws IOException {
    if (knobs.abortAfterEvents().isPresent() && sent >= knobs.abortAfterEvents().getAsInt()) {
      writer.flush();
      throw new IOException("cut short after " + sent + " events, as the request asked");
    }
  }
}
