// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * As much of an HTTP/2 and gRPC client as a made-up load needs, on one connection and one thread.
 * gRPC's own would have to be loaded and compiled too, in the same time and on the same processors
 * as the server that is to become warm; that takes longer than the load itself.
 *
 * <p>It waits for the reply to each message before it sends the next one, so no window can run out,
 * and it reads of frames only what it has to. Sources: RFC 9113 (frames), RFC 7541 (header fields),
 * gRPC over HTTP/2 (messages). Not thread-safe.
 */
final class WarmUpClient implements AutoCloseable {
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final int FRAME_BYTES = 16 * 1024;
  private static final int MESSAGE_HEAD = 5;
  private static final int INITIAL_WINDOW = 65_535;

  // RFC 9113, 6
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int WINDOW_UPDATE = 8;
  private static final int ACK = 1;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;
  private static final int INITIAL_WINDOW_SIZE = 4;
  private static final int CANCEL = 8;

  /** Of so many writes one comes in two pieces, with a pause for the first to be read alone. */
  private static final int WRITES_PER_CUT = 64;

  private static final long PAUSE_NANOS = 200_000;

  /** RFC 7541, 2.3.3: what was added last comes right behind the static table. */
  private static final int NEWEST_ENTRY = 62;

  /** Names and values in turn: those of Envoy, and those of gRPC's libraries. */
  private static final List<String> FIELDS =
      List.of(
          ":authority", "ext-proc",
          ":path", "/" + ExternalProcessorGrpc.getProcessMethod().getFullMethodName(),
          "content-type", "application/grpc",
          "grpc-accept-encoding", "gzip",
          "te", "trailers",
          "user-agent", "warm-up",
          "x-envoy-internal", "true",
          "x-forwarded-for", "127.0.0.1");

  /** One exchange. */
  private static final class Stream {
    private final int id;
    private final List<byte[]> messages;
    private int sent;

    /** What is still to come of a reply. */
    private int missing;

    Stream(int id, List<byte[]> messages) {
      this.id = id;
      this.messages = messages;
    }
  }

  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;
  private final ByteArrayOutputStream unsent = new ByteArrayOutputStream(FRAME_BYTES);
  private final OutputStream wire;
  private final Map<Integer, Stream> open = new HashMap<>();
  private int nextId = 1;
  private int flushes;

  /**
   * Connects.
   *
   * @param patience how long a server may be silent
   */
  WarmUpClient(int port, Duration patience) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout((int) patience.toMillis());
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    wire = socket.getOutputStream();
    out = new DataOutputStream(unsent);
    out.write(PREFACE.getBytes(US_ASCII));
    frame(6, SETTINGS, 0, 0);
    out.writeShort(INITIAL_WINDOW_SIZE);
    out.writeInt(Integer.MAX_VALUE);
    frame(4, WINDOW_UPDATE, 0, 0);
    out.writeInt(Integer.MAX_VALUE - INITIAL_WINDOW);
    flush();
  }

  /**
   * Runs exchanges, so many at a time; they end with a half-close and a reset at once, as Envoy
   * ends them, or with one of the two alone.
   *
   * @param exchanges how many
   * @param next asked for the messages of each when it begins
   * @param enough asked again and again: true stops it, whatever is left
   * @return how many have ended
   */
  int run(int exchanges, Supplier<List<byte[]>> next, int atOnce, BooleanSupplier enough)
      throws IOException {
    int begun = 0;
    int ended = 0;
    while (!enough.getAsBoolean()) {
      while (open.size() < atOnce && begun < exchanges) {
        begin(next.get());
        begun++;
      }
      if (open.isEmpty()) {
        break;
      }
      flush();
      ended += read() ? 1 : 0;
    }
    return ended;
  }

  private void begin(List<byte[]> messages) throws IOException {
    byte[] headers = requestHeaders();
    Stream stream = new Stream(nextId, messages);
    frame(headers.length, HEADERS, END_HEADERS, nextId);
    out.write(headers);
    open.put(nextId, stream);
    nextId += 2;
    message(stream);
  }

  /** The first request of a connection spells its fields out, the others point to them. */
  private byte[] requestHeaders() {
    ByteArrayOutputStream fields = new ByteArrayOutputStream();
    fields.write(0x83); // :method: POST
    fields.write(0x86); // :scheme: http
    if (nextId > 1) {
      for (int i = FIELDS.size() / 2 - 1; i >= 0; i--) {
        fields.write(0x80 | (NEWEST_ENTRY + i));
      }
      return fields.toByteArray();
    }
    for (int i = 0; i < FIELDS.size(); i += 2) {
      fields.write(0x40);
      text(fields, FIELDS.get(i));
      text(fields, FIELDS.get(i + 1));
    }
    return fields.toByteArray();
  }

  private static void text(ByteArrayOutputStream fields, String text) {
    fields.write(text.length());
    fields.writeBytes(text.getBytes(US_ASCII));
  }

  private void message(Stream stream) throws IOException {
    byte[] message = stream.messages.get(stream.sent++);
    byte[] bytes =
        ByteBuffer.allocate(MESSAGE_HEAD + message.length)
            .put((byte) 0) // not compressed
            .putInt(message.length)
            .put(message)
            .array();
    for (int from = 0; from < bytes.length; from += FRAME_BYTES) {
      int length = Math.min(FRAME_BYTES, bytes.length - from);
      frame(length, DATA, 0, stream.id);
      out.write(bytes, from, length);
    }
  }

  /** Reads a frame; whether an exchange has ended with it. */
  private boolean read() throws IOException {
    int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    int id = in.readInt() & Integer.MAX_VALUE;
    byte[] payload = in.readNBytes(length);
    Stream stream = open.get(id);
    switch (type) {
      case DATA -> {
        return stream != null && data(stream, payload);
      }
      case HEADERS -> {
        return (flags & END_STREAM) != 0 && open.remove(id) != null;
      }
      case RST_STREAM -> {
        return open.remove(id) != null;
      }
      case SETTINGS -> {
        if ((flags & ACK) == 0) {
          frame(0, SETTINGS, ACK, 0);
        }
      }
      case PING -> {
        if ((flags & ACK) == 0) {
          frame(payload.length, PING, ACK, 0);
          out.write(payload);
        }
      }
      case GOAWAY -> throw new IOException("the server closes the connection");
      default -> {
        // Nothing that is needed.
      }
    }
    return false;
  }

  /** A reply, or a piece of one; when it is whole, the next message goes out, or the end. */
  private boolean data(Stream stream, byte[] payload) throws IOException {
    if (stream.missing == 0) {
      stream.missing = MESSAGE_HEAD + replyLength(payload);
    }
    stream.missing -= payload.length;
    if (stream.missing > 0) {
      return false;
    }
    if (stream.sent < stream.messages.size()) {
      message(stream);
      return false;
    }
    int ending = stream.id % 8;
    if (ending != 5) {
      frame(0, DATA, END_STREAM, stream.id);
    }
    if (ending == 1 || ending == 5) {
      frame(4, RST_STREAM, 0, stream.id);
      out.writeInt(CANCEL);
      return open.remove(stream.id) != null;
    }
    return false;
  }

  private static int replyLength(byte[] payload) throws IOException {
    if (payload.length < MESSAGE_HEAD) {
      throw new IOException("a reply in too small pieces");
    }
    return ByteBuffer.wrap(payload).getInt(1);
  }

  private void frame(int length, int type, int flags, int id) throws IOException {
    out.writeByte(length >> 16);
    out.writeShort(length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(id);
  }

  private void flush() throws IOException {
    if (unsent.size() > 0) {
      if (flushes++ % WRITES_PER_CUT == 0) {
        byte[] bytes = unsent.toByteArray();
        wire.write(bytes, 0, bytes.length / 2);
        LockSupport.parkNanos(PAUSE_NANOS);
        wire.write(bytes, bytes.length / 2, bytes.length - bytes.length / 2);
      } else {
        unsent.writeTo(wire);
      }
      unsent.reset();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
