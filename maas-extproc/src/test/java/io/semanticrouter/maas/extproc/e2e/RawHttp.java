// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * One HTTP/1.1 exchange over a bare socket: every header line and body byte as it comes.
 *
 * @param cut whether a chunked body lacks its end
 */
record RawHttp(List<String> head, String body, boolean cut) {

  static RawHttp post(int port, String path, String json, String... headers) throws IOException {
    return post(port, path, json.getBytes(StandardCharsets.UTF_8), headers);
  }

  static RawHttp post(int port, String path, byte[] body, String... headers) throws IOException {
    String head = head(path, headers) + "content-length: " + body.length + "\r\n\r\n";
    return send(port, head.getBytes(StandardCharsets.ISO_8859_1), body);
  }

  /**
   * Sends the body in chunks, each for its own.
   *
   * @param trailers header lines, or none
   */
  static RawHttp postChunked(
      int port, String path, List<String> chunks, String trailers, String... headers)
      throws IOException {
    List<byte[]> pieces = new ArrayList<>();
    pieces.add(ascii(head(path, headers) + "transfer-encoding: chunked\r\n\r\n"));
    for (String chunk : chunks) {
      pieces.add(ascii(Integer.toHexString(chunk.length()) + "\r\n" + chunk + "\r\n"));
    }
    pieces.add(ascii("0\r\n" + trailers + "\r\n"));
    return send(port, pieces.toArray(byte[][]::new));
  }

  /** Sends a request without a body, or with it behind an empty line. */
  static RawHttp lines(int port, String... lines) throws IOException {
    boolean body = List.of(lines).contains("");
    return send(port, ascii(String.join("\r\n", lines) + (body ? "" : "\r\n\r\n")));
  }

  /** Sends the body only when the server has said that it wants it. */
  static RawHttp postWhenAsked(int port, String path, String json, String... headers)
      throws IOException {
    byte[] body = ascii(json);
    String head = head(path, headers) + "expect: 100-continue\r\ncontent-length: " + body.length;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write(ascii(head + "\r\n\r\n"));
      socket.getOutputStream().flush();
      InputStream in = socket.getInputStream();
      String asked = new String(in.readNBytes(25), StandardCharsets.ISO_8859_1);
      if (!asked.equals("HTTP/1.1 100 Continue\r\n\r\n")) {
        throw new AssertionError(asked);
      }
      socket.getOutputStream().write(body);
      socket.getOutputStream().flush();
      return parse(readAll(in));
    }
  }

  /** What a test does while a request is under way. */
  interface Between {
    void run() throws Exception;
  }

  /** Sends the first half of the body, does something, and sends the rest. */
  static RawHttp postAround(int port, String path, String json, Between between) throws Exception {
    byte[] body = ascii(json);
    int half = body.length / 2;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(30_000);
      OutputStream out = socket.getOutputStream();
      out.write(ascii(head(path) + "content-length: " + body.length + "\r\n\r\n"));
      out.write(body, 0, half);
      out.flush();
      between.run();
      out.write(body, half, body.length - half);
      out.flush();
      return parse(readAll(socket.getInputStream()));
    }
  }

  private static String head(String path, String... headers) {
    StringBuilder head = new StringBuilder("POST " + path + " HTTP/1.1\r\nhost: test\r\n");
    boolean typed = false;
    for (int i = 0; i < headers.length; i += 2) {
      head.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
      typed |= headers[i].equals("content-type");
    }
    head.append(typed ? "" : "content-type: application/json\r\n");
    return head.append("connection: close\r\n").toString();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static RawHttp send(int port, byte[]... pieces) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(30_000);
      socket.setTcpNoDelay(true);
      for (byte[] piece : pieces) {
        socket.getOutputStream().write(piece);
        socket.getOutputStream().flush();
      }
      return parse(readAll(socket.getInputStream()));
    }
  }

  int status() {
    int from = "HTTP/1.1 ".length();
    return Integer.parseInt(head.get(0).substring(from, from + 3));
  }

  /** The value of a header; null when there is none. */
  String header(String name) {
    String prefix = name + ": ";
    return head.stream()
        .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
        .map(line -> line.substring(prefix.length()))
        .findFirst()
        .orElse(null);
  }

  /** Head and body, but for what differs between any two responses: date and duration. */
  String comparable() {
    Stream<String> lines =
        head.stream()
            .filter(line -> !line.startsWith("date: "))
            .filter(line -> !line.startsWith("x-envoy-upstream-service-time: "));
    return String.join("\n", lines.toList()) + "\n\n" + body;
  }

  /** All that came on a connection until it was closed. */
  static RawHttp parse(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    while (text.startsWith("HTTP/1.1 100") || text.startsWith("HTTP/1.1 103")) {
      text = text.substring(text.indexOf("\r\n\r\n") + 4);
    }
    int end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      throw new AssertionError("no HTTP response: " + text);
    }
    List<String> head = List.of(text.substring(0, end).split("\r\n"));
    String body = text.substring(end + 4);
    boolean chunked = head.stream().anyMatch("transfer-encoding: chunked"::equalsIgnoreCase);
    return chunked ? joined(head, body) : new RawHttp(head, body, false);
  }

  /** The content of a chunked body. The proxy decides where it is cut into chunks. */
  private static RawHttp joined(List<String> head, String chunked) {
    StringBuilder content = new StringBuilder();
    int at = 0;
    while (true) {
      int line = chunked.indexOf("\r\n", at);
      int size = line < 0 ? 0 : Integer.parseInt(chunked.substring(at, line), 16);
      if (size == 0) {
        return new RawHttp(head, content.toString(), line < 0);
      }
      content.append(chunked, line + 2, line + 2 + size);
      at = line + 2 + size + 2;
    }
  }

  private static byte[] readAll(InputStream in) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    in.transferTo(all);
    return all.toByteArray();
  }
}
