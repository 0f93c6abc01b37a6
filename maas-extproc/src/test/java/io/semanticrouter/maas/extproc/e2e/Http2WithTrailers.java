// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One HTTP/2 request that ends in trailers (RFC 9113, 8.1), which no client library here sends. */
final class Http2WithTrailers {
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;
  private static final int END_STREAM = 1;
  private static final int ACK = 1;
  private static final int END_HEADERS = 4;

  private Http2WithTrailers() {}

  /**
   * Posts a body in two pieces.
   *
   * @param body at most 32 KiB of ASCII
   * @return the body of the answer
   */
  static String post(int port, String path, String body) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(30_000);
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      frame(out, SETTINGS, 0, 0, new byte[0]);
      byte[] head =
          block(
              ":method",
              "POST",
              ":scheme",
              "http",
              ":authority",
              "test",
              ":path",
              path,
              "content-type",
              "application/json");
      frame(out, HEADERS, END_HEADERS, 1, head);
      byte[] bytes = body.getBytes(StandardCharsets.US_ASCII);
      int half = bytes.length / 2;
      frame(out, DATA, 0, 1, Arrays.copyOfRange(bytes, 0, half));
      frame(out, DATA, 0, 1, Arrays.copyOfRange(bytes, half, bytes.length));
      frame(out, HEADERS, END_HEADERS | END_STREAM, 1, block("x-checksum", "42"));
      return answer(new DataInputStream(socket.getInputStream()), out);
    }
  }

  private static String answer(DataInputStream in, DataOutputStream out) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
      int type = in.readUnsignedByte();
      int flags = in.readUnsignedByte();
      int stream = in.readInt();
      byte[] payload = in.readNBytes(length);
      if (type == RST_STREAM || type == GOAWAY) {
        throw new IOException("frame of type " + type + " after " + body);
      }
      if (type == SETTINGS && flags != ACK) {
        frame(out, SETTINGS, ACK, 0, new byte[0]);
      }
      if (type == DATA) {
        body.write(payload);
      }
      if (stream == 1 && (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0) {
        return body.toString(StandardCharsets.ISO_8859_1);
      }
    }
  }

  private static void frame(DataOutputStream out, int type, int flags, int stream, byte[] payload)
      throws IOException {
    out.writeByte(payload.length >> 16);
    out.writeShort(payload.length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.write(payload);
    out.flush();
  }

  /** Literal fields without indexing and without Huffman coding (RFC 7541, 6.2.2). */
  private static byte[] block(String... namesAndValues) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    for (int i = 0; i < namesAndValues.length; i++) {
      if (i % 2 == 0) {
        block.write(0);
      }
      block.write(namesAndValues[i].length());
      block.writeBytes(namesAndValues[i].getBytes(StandardCharsets.US_ASCII));
    }
    return block.toByteArray();
  }
}
