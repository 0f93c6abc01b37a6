// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** An HTTP/1.1 connection that is kept: one exchange after the other, each read to its end. */
final class RawConnection implements AutoCloseable {
  private static final String CRLF = "\r\n";

  private final Socket socket;
  private final InputStream in;

  private RawConnection(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(30_000);
    in = new BufferedInputStream(socket.getInputStream());
  }

  static RawConnection open(int port) throws IOException {
    return new RawConnection(new Socket(InetAddress.getLoopbackAddress(), port));
  }

  /** Posts JSON without a word about the connection. */
  RawHttp post(String path, String json, String... headers) throws IOException {
    StringBuilder head = new StringBuilder("POST " + path + " HTTP/1.1" + CRLF + "Host: test");
    for (int i = 0; i < headers.length; i += 2) {
      head.append(CRLF).append(headers[i]).append(": ").append(headers[i + 1]);
    }
    head.append(CRLF).append("Content-Type: application/json");
    head.append(CRLF).append("Content-Length: ").append(json.length());
    return send(head + CRLF + CRLF + json);
  }

  /** Sends a request as it is, and reads what answers it. */
  RawHttp send(String request) throws IOException {
    socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    int length = -1;
    String line;
    do {
      line = line(answer);
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length: ")) {
        length = Integer.parseInt(line.substring("content-length: ".length()));
      }
    } while (!line.isEmpty());
    if (length < 0) {
      readChunks(answer);
    } else {
      answer.write(in.readNBytes(length));
    }
    return RawHttp.parse(answer.toByteArray());
  }

  private void readChunks(ByteArrayOutputStream answer) throws IOException {
    int size;
    do {
      size = Integer.parseInt(line(answer), 16);
      answer.write(in.readNBytes(size));
      line(answer);
    } while (size > 0);
  }

  private String line(ByteArrayOutputStream answer) throws IOException {
    StringBuilder line = new StringBuilder();
    int next;
    while ((next = in.read()) != '\n') {
      if (next < 0) {
        throw new EOFException("the connection is closed after: " + answer);
      }
      answer.write(next);
      if (next != '\r') {
        line.append((char) next);
      }
    }
    answer.write('\n');
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
