// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A peer that speaks just as much HTTP/2 (RFC 9113) as a test wants, and no more. */
final class RawHttp2 implements AutoCloseable {
  private static final int HEADERS = 1;
  private static final int END_HEADERS = 4;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int ACK = 1;

  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;

  private record Frame(int type, int flags, ByteBuffer payload) {
    @Override
    public String toString() {
      return switch (type) {
        case SETTINGS -> "SETTINGS";
        case PING -> "PING";
        case GOAWAY ->
            "GOAWAY " + StandardCharsets.US_ASCII.decode(payload.duplicate().position(8));
        default -> "frame of type " + type;
      };
    }
  }

  private RawHttp2(Socket socket) throws IOException {
    this.socket = socket;
    in = new DataInputStream(socket.getInputStream());
    out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
  }

  /** Connects and agrees to whatever the other side's settings are. */
  static RawHttp2 connect(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(60_000);
    RawHttp2 client = new RawHttp2(socket);
    client.out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    client.write(SETTINGS, 0, new byte[0]);
    client.write(SETTINGS, ACK, new byte[0]);
    return client;
  }

  /**
   * Opens so many streams of ExtProc, whatever the other side allows, and sends nothing on them.
   */
  void openStreams(int count) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(200);
    block.put((byte) 0x83).put((byte) 0x86); // :method POST, :scheme http
    literal(block.put((byte) 0x04), "/envoy.service.ext_proc.v3.ExternalProcessor/Process");
    literal(block.put((byte) 0x01), "test");
    literal(block.put((byte) 0x0F).put((byte) 16), "application/grpc"); // content-type
    literal(literal(block.put((byte) 0), "te"), "trailers");
    for (int i = 0; i < count; i++) {
      frame(HEADERS, END_HEADERS, 2 * i + 1, block.array(), block.position());
    }
    out.flush();
  }

  private static ByteBuffer literal(ByteBuffer block, String text) {
    return block.put((byte) text.length()).put(text.getBytes(StandardCharsets.US_ASCII));
  }

  void ping(int number) throws IOException {
    byte[] payload = new byte[8];
    payload[6] = (byte) (number >> 8);
    payload[7] = (byte) number;
    write(PING, 0, payload);
  }

  /** The number of the ping that is answered next; fails when the connection is to end. */
  int awaitPingAnswer() throws IOException {
    while (true) {
      Frame frame = read();
      if (frame.type() == GOAWAY) {
        throw new IOException(frame.toString());
      }
      if (frame.type() == PING && frame.flags() == ACK) {
        return frame.payload().getShort(6);
      }
    }
  }

  /** What comes until the other side closes the connection; answers none of it. */
  List<String> awaitEnd() throws IOException {
    List<String> frames = new ArrayList<>();
    try {
      while (true) {
        frames.add(read().toString());
      }
    } catch (EOFException | SocketException e) {
      return frames;
    }
  }

  private void write(int type, int flags, byte[] payload) throws IOException {
    frame(type, flags, 0, payload, payload.length);
    out.flush();
  }

  private void frame(int type, int flags, int stream, byte[] payload, int length)
      throws IOException {
    out.writeByte(0);
    out.writeShort(length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.write(payload, 0, length);
  }

  private Frame read() throws IOException {
    int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    in.readInt();
    byte[] payload = new byte[length];
    in.readFully(payload);
    return new Frame(type, flags, ByteBuffer.wrap(payload));
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
