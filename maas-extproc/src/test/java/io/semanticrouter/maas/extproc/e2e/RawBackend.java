// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A backend that writes to the socket what the test says, for answers that no HTTP library gives. A
 * thread for each connection.
 */
final class RawBackend implements AutoCloseable {
  /** Which answer is wanted: a request header, because paths decide what is metered. */
  static final String CASE = "x-case";

  /** The head of a stream of events that comes in chunks. */
  static final byte[] EVENT_STREAM =
      bytes(
          String.join(
              "\r\n",
              "HTTP/1.1 200 OK",
              "content-type: text/event-stream",
              "transfer-encoding: chunked",
              "",
              ""));

  private static final int STACK_BYTES = 256 << 10;
  private static final String CRLF = "\r\n";

  /** Writes a whole answer; the connection is then used for the next request. */
  interface Answer {
    void write(Request request, InputStream in, OutputStream out) throws IOException;
  }

  /** A request as it arrived; a chunked body is put together. */
  record Request(List<String> head, String body) {
    String header(String name) {
      String prefix = name + ": ";
      return head.stream()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
          .map(line -> line.substring(prefix.length()))
          .findFirst()
          .orElse(null);
    }
  }

  private final ServerSocket server;
  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  private RawBackend(ServerSocket server) {
    this.server = server;
  }

  static RawBackend start() throws IOException {
    ServerSocket socket = new ServerSocket(0, 4096, InetAddress.getLoopbackAddress());
    RawBackend backend = new RawBackend(socket);
    backend.run("accept", backend::accept);
    return backend;
  }

  int port() {
    return server.getLocalPort();
  }

  /** Answers requests with this {@link #CASE} so, from now on. */
  RawBackend on(String name, Answer answer) {
    answers.put(name, answer);
    return this;
  }

  /** Answers requests with this {@link #CASE} with these bytes. */
  RawBackend on(String name, String... lines) {
    byte[] answer = bytes(String.join(CRLF, lines));
    return on(name, (request, in, out) -> out.write(answer));
  }

  /** A head with these lines, and a body of which it states the length. */
  static byte[] answer(String status, String body, String... headers) {
    String head = "HTTP/1.1 " + status + CRLF;
    for (String header : headers) {
      head += header + CRLF;
    }
    return bytes(head + "content-length: " + body.length() + CRLF + CRLF + body);
  }

  /** A stream of events, each in a chunk of its own, with a trailer behind it. */
  static Answer events(List<String> events, String trailer) {
    return (request, in, out) -> {
      out.write(EVENT_STREAM);
      for (String event : events) {
        out.write(chunk(event));
        out.flush();
      }
      out.write(bytes("0" + CRLF + trailer + CRLF + CRLF));
    };
  }

  static byte[] chunk(String content) {
    return bytes(Integer.toHexString(content.length()) + CRLF + content + CRLF);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() {
    closeQuietly(server);
    sockets.forEach(RawBackend::closeQuietly);
  }

  private void accept() throws IOException {
    while (true) {
      Socket socket = server.accept();
      sockets.add(socket);
      run("connection", () -> serve(socket));
    }
  }

  private void serve(Socket socket) throws IOException {
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      while (true) {
        List<String> head = head(in);
        if (head.isEmpty()) {
          return;
        }
        Request request = new Request(head, body(head, in));
        Answer answer = answers.get(String.valueOf(request.header(CASE)));
        if (answer == null) {
          out.write(answer("404 Not Found", ""));
        } else {
          answer.write(request, in, out);
        }
        out.flush();
      }
    } finally {
      sockets.remove(socket);
    }
  }

  /** The lines of the next head; none when the other side has closed. */
  private static List<String> head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int last4 = 0;
    while (last4 != 0x0d0a0d0a) {
      int next = in.read();
      if (next < 0) {
        return List.of();
      }
      head.write(next);
      last4 = last4 << 8 | next;
    }
    return List.of(head.toString(StandardCharsets.ISO_8859_1).split(CRLF));
  }

  private static String body(List<String> head, InputStream in) throws IOException {
    Request request = new Request(head, "");
    String length = request.header("content-length");
    if (length != null) {
      return new String(in.readNBytes(Integer.parseInt(length)), StandardCharsets.ISO_8859_1);
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    if ("chunked".equals(request.header("transfer-encoding"))) {
      int size;
      while ((size = Integer.parseInt("0" + line(in), 16)) > 0) {
        body.write(in.readNBytes(size));
        line(in);
      }
      while (!line(in).isEmpty()) {
        // trailers
      }
    }
    return body.toString(StandardCharsets.ISO_8859_1);
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    int next;
    while ((next = in.read()) >= 0 && next != '\n') {
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }

  private interface Task {
    void run() throws IOException;
  }

  private void run(String name, Task task) {
    Runnable body =
        () -> {
          try {
            task.run();
          } catch (IOException e) {
            // the other side is gone, or the test is over
          }
        };
    Thread thread = new Thread(null, body, "raw-backend-" + name, STACK_BYTES);
    thread.setDaemon(true);
    thread.start();
  }

  private static void closeQuietly(java.io.Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException e) {
      // closed all the same
    }
  }
}
