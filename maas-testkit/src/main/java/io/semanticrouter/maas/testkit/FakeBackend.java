// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A backend on the loopback interface that answers as a test says: in pieces, never to the end, or
 * only when the test lets it. It speaks HTTP/1.1 byte by byte, so that nothing is added that the
 * test did not ask for. One connection for each request. Thread-safe.
 */
public final class FakeBackend implements AutoCloseable {
  /**
   * A request as it came.
   *
   * @param headers their lines, names in lower case
   */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares requests
  public record Request(
      String method, String target, List<Map.Entry<String, String>> headers, byte[] body) {
    /** The body as text. */
    public String text() {
      return new String(body, UTF_8);
    }

    /** The values of a header. */
    public List<String> values(String lowerCaseName) {
      return headers.stream()
          .filter(line -> line.getKey().equals(lowerCaseName))
          .map(Map.Entry::getValue)
          .toList();
    }
  }

  /** A piece of an answer. */
  @FunctionalInterface
  public interface Piece {
    /** The bytes; may wait. */
    byte[] bytes() throws InterruptedException;
  }

  /**
   * An answer.
   *
   * @param headers alternating names and values
   * @param pieces the body; each is sent apart
   * @param breaksOff whether the connection is cut instead of ending the body
   */
  public record Answer(int status, List<String> headers, List<Piece> pieces, boolean breaksOff) {
    /** An answer that ends as it should. */
    public static Answer of(int status, String contentType, byte[]... pieces) {
      List<Piece> all = new ArrayList<>();
      for (byte[] piece : pieces) {
        all.add(() -> piece);
      }
      return new Answer(status, List.of("content-type", contentType), all, false);
    }

    /** The same, cut off after its last piece. */
    public Answer cutOff() {
      return new Answer(status, headers, pieces, true);
    }

    /** The same with one more header. */
    public Answer with(String name, String value) {
      List<String> more = new ArrayList<>(headers);
      more.add(name);
      more.add(value);
      return new Answer(status, more, pieces, breaksOff);
    }
  }

  private final ServerSocket server;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final AtomicLong sentBytes = new AtomicLong();
  private volatile Function<Request, Answer> answers;

  private FakeBackend(ServerSocket server, Function<Request, Answer> answers) {
    this.server = server;
    this.answers = answers;
  }

  /** Starts a backend on a free port. */
  public static FakeBackend start(Function<Request, Answer> answers) throws IOException {
    FakeBackend backend =
        new FakeBackend(new ServerSocket(0, 100, InetAddress.getLoopbackAddress()), answers);
    Thread accepting = new Thread(backend::accept, "fake-backend");
    accepting.setDaemon(true);
    accepting.start();
    return backend;
  }

  /** Where it listens. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getLocalPort());
  }

  /** Answers otherwise from here on. */
  public void answer(Function<Request, Answer> next) {
    answers = next;
  }

  /** What has come in whole, in the order of arrival. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** The bytes of bodies that connections have taken. */
  public long sentBytes() {
    return sentBytes.get();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        open.add(socket);
        Thread thread = new Thread(() -> serve(socket), "fake-backend-connection");
        thread.setDaemon(true);
        thread.start();
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      Request request = read(in);
      if (request == null) {
        return;
      }
      requests.add(request);
      write(answers.apply(request), out, request.method().equals("HEAD"));
    } catch (IOException e) {
      // the gateway went away, as a test may want it to
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(socket);
    }
  }

  private void write(Answer answer, OutputStream out, boolean isHead)
      throws IOException, InterruptedException {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + answer.status() + " Status\r\n");
    for (int i = 0; i < answer.headers().size(); i += 2) {
      head.append(answer.headers().get(i)).append(": ").append(answer.headers().get(i + 1));
      head.append("\r\n");
    }
    boolean isStated = answer.headers().contains("content-length");
    head.append(isStated ? "" : "transfer-encoding: chunked\r\n")
        .append("connection: close\r\n\r\n");
    out.write(head.toString().getBytes(ISO_8859_1));
    out.flush();
    if (isHead) {
      return;
    }
    for (Piece piece : answer.pieces()) {
      byte[] bytes = piece.bytes();
      if (bytes.length == 0) {
        continue;
      }
      ByteArrayOutputStream framed = new ByteArrayOutputStream();
      if (isStated) {
        framed.writeBytes(bytes);
      } else {
        framed.writeBytes((Integer.toHexString(bytes.length) + "\r\n").getBytes(ISO_8859_1));
        framed.writeBytes(bytes);
        framed.writeBytes("\r\n".getBytes(ISO_8859_1));
      }
      framed.writeTo(out);
      out.flush();
      sentBytes.addAndGet(bytes.length);
    }
    if (!answer.breaksOff() && !isStated) {
      out.write("0\r\n\r\n".getBytes(ISO_8859_1));
      out.flush();
    }
  }

  /** Null when the connection closed before a request. */
  private static @Nullable Request read(InputStream in) throws IOException {
    String first = line(in);
    if (first.isEmpty()) {
      return null;
    }
    String[] words = first.split(" ", 3);
    List<Map.Entry<String, String>> headers = new ArrayList<>();
    long length = 0;
    boolean isChunked = false;
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      String value = line.substring(colon + 1).strip();
      headers.add(Map.entry(name, value));
      length = name.equals("content-length") ? Long.parseLong(value) : length;
      isChunked |= name.equals("transfer-encoding") && value.equalsIgnoreCase("chunked");
    }
    byte[] body = isChunked ? chunks(in) : in.readNBytes((int) length);
    if (!isChunked && body.length < length) {
      throw new IOException("a request that is not whole");
    }
    return new Request(words[0], words[1], List.copyOf(headers), body);
  }

  private static byte[] chunks(InputStream in) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int size = Integer.parseInt(line(in).split(";", 2)[0].strip(), 16);
      if (size == 0) {
        while (!line(in).isEmpty()) {
          // trailers
        }
        return body.toByteArray();
      }
      byte[] chunk = in.readNBytes(size);
      if (chunk.length < size) {
        throw new IOException("a chunk that is not whole");
      }
      body.writeBytes(chunk);
      line(in);
    }
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(ISO_8859_1);
  }

  /** Stops at once, and cuts all connections. */
  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
