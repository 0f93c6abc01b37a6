// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import io.semanticrouter.maas.testing.vllm.StatsRecorder.Outcome;
import io.semanticrouter.maas.testing.vllm.StatsRecorder.Receipt;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.GZIPOutputStream;

/** Sends the JSON answer of an inference endpoint, whole or cut short, and counts it. */
final class JsonAnswer {

  private JsonAnswer() {}

  static void send(
      Exchange exchange, Knobs knobs, StatsRecorder stats, Outcome outcome, Object body)
      throws IOException {
    byte[] plain = Json.bytes(body);
    byte[] bytes = exchange.gzips(knobs.gzip()) ? gzip(plain) : plain;
    if (knobs.abortAfterEvents().isPresent()) {
      stats.aborted(outcome);
      write(exchange, knobs, bytes, bytes.length / 2);
      throw new IOException("cut short, as the request asked");
    }
    Receipt receipt = stats.completed(outcome);
    try {
      write(exchange, knobs, bytes, bytes.length).close();
    } catch (IOException e) {
      stats.abortedAfterAll(receipt);
      throw e;
    }
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
      zip.write(bytes);
    }
    return out.toByteArray();
  }

  private static OutputStream write(Exchange exchange, Knobs knobs, byte[] bytes, int length)
      throws IOException {
    OutputStream out = exchange.jsonBody(200, bytes.length);
    PieceWriter writer = new PieceWriter(out, knobs.splitBytes(), knobs.chunkDelayMillis());
    writer.write(bytes, length);
    writer.flush();
    return out;
  }
}
