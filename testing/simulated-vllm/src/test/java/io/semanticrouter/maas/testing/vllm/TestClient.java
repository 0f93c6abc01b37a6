// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicInteger;

/** Talks to a server under test, through HTTP or through a bare socket. */
final class TestClient {

  static final String CHAT = "/v1/chat/completions";
  static final String COMPLETIONS = "/v1/completions";
  static final String EMBEDDINGS = "/v1/embeddings";
  static final String MESSAGES = "/v1/messages";
  static final String RESPONSES = "/v1/responses";
  static final String QUESTION = "{\"role\":\"user\",\"content\":\"What is 2+2?\"}";

  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final SimulatedVllm server;

  TestClient(SimulatedVllm server) {
    this.server = server;
  }

  /** A server whose answers have the ids 1, 2, ... and the time 1700000000. */
  static SimulatedVllm.Builder fixedServer() {
    AtomicInteger ids = new AtomicInteger();
    return SimulatedVllm.builder()
        .clock(Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC))
        .ids(() -> Integer.toString(ids.incrementAndGet()));
  }

  static String chat(String moreMembers) {
    return "{\"model\":\"qwen3\",\"messages\":[" + QUESTION + "]" + moreMembers + "}";
  }

  static String message(String moreMembers) {
    String members = moreMembers.contains("\"max_tokens\"") ? "" : ",\"max_tokens\":100";
    return chat(members + moreMembers);
  }

  static String response(String moreMembers) {
    return "{\"model\":\"qwen3\",\"input\":\"What is 2+2?\"" + moreMembers + "}";
  }

  HttpResponse<String> get(String path) throws Exception {
    return HTTP.send(
        HttpRequest.newBuilder(URI.create(server.baseUrl() + path)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Posts JSON; {@code headers} are names and values in turn. */
  HttpResponse<String> post(String path, String body, String... headers) throws Exception {
    return post(HttpResponse.BodyHandlers.ofString(), path, body, headers);
  }

  /** Posts JSON, for an answer that is not text. */
  HttpResponse<byte[]> postForBytes(String path, String body, String... headers) throws Exception {
    return post(HttpResponse.BodyHandlers.ofByteArray(), path, body, headers);
  }

  private <T> HttpResponse<T> post(
      HttpResponse.BodyHandler<T> handler, String path, String body, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server.baseUrl() + path))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return HTTP.send(request.build(), handler);
  }

  /** Opens a socket and sends a POST; {@code headers} end in CRLF each. */
  Socket open(String path, String body, String headers) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    String request =
        "POST %s HTTP/1.1\r\nHost: test\r\n%sContent-Length: %d\r\n\r\n%s"
            .formatted(path, headers, body.length(), body);
    socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
    return socket;
  }

  /** Reads what the server sends until it closes the connection. */
  String rawUntilEnd(String path, String body, String headers) throws IOException {
    try (Socket socket = open(path, body, headers)) {
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
