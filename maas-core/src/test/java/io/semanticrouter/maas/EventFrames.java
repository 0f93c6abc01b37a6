// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static io.semanticrouter.maas.Wire.concat;
import static io.semanticrouter.maas.Wire.utf8;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.CRC32;

/**
 * Encodes AWS event streams from a description in text.
 *
 * <p>One frame per line: the event type, a space, the payload; with {@code !} before it, an
 * exception of that type. The payload of a {@code chunk} is one event of the model's own API, and
 * goes into {@code {"bytes":"<base64>"}} as Bedrock does it.
 *
 * <p>Source: AWS SDK "event stream encoding" (prelude of total length, headers length and CRC32 of
 * both; headers; payload; CRC32 of all before; big-endian); Amazon Bedrock API reference, {@code
 * ConverseStream} and {@code InvokeModelWithResponseStream}.
 */
final class EventFrames {
  private EventFrames() {}

  /** All frames of a description. */
  static byte[] encode(String description) {
    byte[][] frames = description.lines().map(EventFrames::line).toArray(byte[][]::new);
    return concat(frames);
  }

  private static byte[] line(String line) {
    int space = line.indexOf(' ');
    String type = line.substring(0, space);
    String payload = line.substring(space + 1);
    if (type.startsWith("!")) {
      return exception(type.substring(1), payload);
    }
    return type.equals("chunk") ? chunk(payload) : event(type, utf8(payload));
  }

  /** One event. */
  static byte[] event(String type, byte[] payload) {
    return frame(
        headers(":event-type", type, ":content-type", "application/json", ":message-type", "event"),
        payload);
  }

  /** One event of the model's own API, as a model invocation wraps it. */
  static byte[] chunk(String json) {
    String bytes = Base64.getEncoder().encodeToString(utf8(json));
    return event("chunk", utf8("{\"bytes\":\"" + bytes + "\",\"p\":\"abcdefghijklm\"}"));
  }

  /** One exception. */
  static byte[] exception(String type, String payload) {
    return frame(
        headers(
            ":exception-type",
            type,
            ":content-type",
            "application/json",
            ":message-type",
            "exception"),
        utf8(payload));
  }

  /** Headers whose values are strings, from alternating names and values. */
  static byte[] headers(String... namesAndValues) {
    byte[] all = new byte[0];
    for (int i = 0; i < namesAndValues.length; i += 2) {
      byte[] name = utf8(namesAndValues[i]);
      byte[] value = utf8(namesAndValues[i + 1]);
      byte[] length = {(byte) (value.length >> 8), (byte) value.length};
      all = concat(all, new byte[] {(byte) name.length}, name, new byte[] {7}, length, value);
    }
    return all;
  }

  /** One frame of encoded headers and a payload. */
  static byte[] frame(byte[] headers, byte[] payload) {
    int total = 4 + 4 + 4 + headers.length + payload.length + 4;
    ByteBuffer frame = ByteBuffer.allocate(total).putInt(total).putInt(headers.length);
    frame.putInt(checksum(frame.array(), 8)).put(headers).put(payload);
    return frame.putInt(checksum(frame.array(), total - 4)).array();
  }

  /** The checksum of the first bytes. */
  static int checksum(byte[] bytes, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
