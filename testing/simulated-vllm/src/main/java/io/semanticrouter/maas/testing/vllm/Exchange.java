// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads the request and writes the response of one HTTP exchange. */
final class Exchange {

  /** The longest request body. */
  static final int MAX_BODY_BYTES = 64 << 20;

  /** The coding with a weight other than zero, which would refuse it. */
  private static final Pattern GZIP =
      Pattern.compile("\\s*gzip\\s*(;\\s*q\\s*=\\s*(1|1\\.0*|0\\.0*[1-9]\\d*)\\s*)?");

  private final HttpExchange http;

  Exchange(HttpExchange http) {
    this.http = http;
  }

  HttpExchange http() {
    return http;
  }

  boolean isHead() {
    return http.getRequestMethod().equals("HEAD");
  }

  /**
   * Reads the whole request body.
   *
   * @throws ApiException with status 413 if it is too long
   */
  byte[] body() throws IOException {
    String length = http.getRequestHeaders().getFirst("Content-Length");
    // Refuse what is announced as too long before any of it is read.
    if (length == null || Long.parseLong(length.trim()) <= MAX_BODY_BYTES) {
      byte[] body = http.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
      if (body.length <= MAX_BODY_BYTES) {
        return body;
      }
    }
    throw new ApiException(
        413, "request_too_large", "The request body exceeds " + MAX_BODY_BYTES + " bytes.");
  }

  void header(String name, String value) {
    http.getResponseHeaders().set(name, value);
  }

  void headers(Map<String, String> headers) {
    headers.forEach(this::header);
  }

  /** Announces that the body is compressed, if that is wanted and the client accepts it. */
  boolean gzips(boolean wanted) {
    boolean gzips = wanted && acceptsGzip();
    if (gzips) {
      header("Content-Encoding", "gzip");
    }
    return gzips;
  }

  private boolean acceptsGzip() {
    List<String> values = http.getRequestHeaders().getOrDefault("Accept-Encoding", List.of());
    return Stream.of(String.join(",", values).toLowerCase(Locale.ROOT).split(","))
        .anyMatch(coding -> GZIP.matcher(coding).matches());
  }

  /** Sends a whole JSON response. */
  void json(int status, Object value) throws IOException {
    byte[] body = Json.bytes(value);
    try (OutputStream out = jsonBody(status, body.length)) {
      if (!isHead()) {
        out.write(body);
        out.flush();
        if (status == 413) {
          drain();
        }
      }
    }
  }

  /** Starts a JSON response; the caller writes and closes the body. */
  OutputStream jsonBody(int status, int length) throws IOException {
    header("Content-Type", "application/json");
    http.sendResponseHeaders(status, isHead() ? -1 : length);
    return http.getResponseBody();
  }

  /** Starts a response of server-sent events; the caller writes and closes the body. */
  OutputStream eventBody() throws IOException {
    header("Content-Type", "text/event-stream; charset=utf-8");
    header("Cache-Control", "no-cache");
    http.sendResponseHeaders(200, 0);
    OutputStream body = http.getResponseBody();
    // A stream begins before its first event; newer JDKs hold the headers back until then.
    body.flush();
    return body;
  }

  /**
   * Reads some of a refused body. Closing a connection with unread input resets it, and the client
   * may lose the response that explains why.
   */
  private void drain() throws IOException {
    InputStream in = http.getRequestBody();
    byte[] buffer = new byte[1 << 16];
    long drained = 0;
    for (int count = 0; count >= 0 && drained <= MAX_BODY_BYTES; drained += count) {
      count = in.read(buffer);
    }
  }
}
