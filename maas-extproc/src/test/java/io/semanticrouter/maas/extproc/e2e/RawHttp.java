// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** One HTTP/1.1 exchange over a bare socket: every header line and body byte as it comes. */
record RawHttp(List<String> head, String body) {

  static RawHttp post(int port, String path, String json, String... headers) throws IOException {
    StringBuilder request = new StringBuilder("POST " + path + " HTTP/1.1\r\nhost: test\r\n");
    for (int i = 0; i < headers.length; i += 2) {
      request.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
    }
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    request.append("content-type: application/json\r\nconnection: close\r\n");
    request.append("content-length: ").append(body.length).append("\r\n\r\n");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().write(body);
      socket.getOutputStream().flush();
      return parse(readAll(socket.getInputStream()));
    }
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

  private static RawHttp parse(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    int end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      throw new AssertionError("no HTTP response: " + text);
    }
    List<String> head = List.of(text.substring(0, end).split("\r\n"));
    String body = text.substring(end + 4);
    return new RawHttp(head, head.contains("transfer-encoding: chunked") ? joined(body) : body);
  }

  /** The content of a chunked body. Where it is cut into chunks is up to whoever forwards it. */
  private static String joined(String chunked) {
    StringBuilder content = new StringBuilder();
    int at = 0;
    while (true) {
      int line = chunked.indexOf("\r\n", at);
      int size = Integer.parseInt(chunked.substring(at, line), 16);
      if (size == 0) {
        return content.toString();
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
