// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.semanticrouter.maas.bench.Traffic;
import io.semanticrouter.maas.http.Headers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The messages of one HTTP exchange, a chat that streams, each serialised once. */
final class Transcript {
  /** Pieces of the response: events of 230 bytes, the usage, the end marker. */
  static final int CHUNKS = 20;

  private static final String BROWSER =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
          + " Safari/537.36";

  private final byte[] requestHeaders;
  private final byte[] requestBody;
  private final byte[] responseHeaders;
  private final byte[][] chunks;
  private final byte[] end;
  private final byte[] trailers;

  private Transcript(
      byte[] requestHeaders,
      byte[] requestBody,
      byte[] responseHeaders,
      byte[][] chunks,
      byte[] end,
      byte[] trailers) {
    this.requestHeaders = requestHeaders;
    this.requestBody = requestBody;
    this.responseHeaders = responseHeaders;
    this.chunks = chunks;
    this.end = end;
    this.trailers = trailers;
  }

  /** 21 headers, 820 bytes. */
  byte[] requestHeaders() {
    return requestHeaders;
  }

  /** The whole body, with its end; sent only where it is asked for. */
  byte[] requestBody() {
    return requestBody;
  }

  /** 12 headers. */
  byte[] responseHeaders() {
    return responseHeaders;
  }

  /** One of {@link #CHUNKS} pieces, from 0. */
  byte[] chunk(int number) {
    return chunks[number];
  }

  /** The empty piece that ends the response. */
  byte[] end() {
    return end;
  }

  /** Trailers, which end the response instead. */
  byte[] trailers() {
    return trailers;
  }

  /** Exchanges of a hundred users. */
  static List<Transcript> ofUsers() {
    return of(100);
  }

  /** Exchanges of so many users, with their models in turn. */
  static List<Transcript> of(int users) {
    List<Transcript> transcripts = new ArrayList<>();
    List<String> names = Traffic.users(users);
    for (int i = 0; i < users; i++) {
      transcripts.add(of(names.get(i), Traffic.MODELS.get(i % Traffic.MODELS.size())));
    }
    return transcripts;
  }

  private static Transcript of(String user, String model) {
    byte[][] chunks = new byte[CHUNKS][];
    for (int i = 0; i < CHUNKS - 2; i++) {
      chunks[i] = response(Traffic.event(model, i, "null", Traffic.EVENT_BYTES), false);
    }
    byte[] terminal = Traffic.terminal(model, Traffic.COMPLETION_TOKENS);
    int done = new String(terminal, UTF_8).indexOf("data: [DONE]");
    chunks[CHUNKS - 2] = response(Arrays.copyOf(terminal, done), false);
    chunks[CHUNKS - 1] = response(Arrays.copyOfRange(terminal, done, terminal.length), false);
    return new Transcript(
        ProcessingRequest.newBuilder()
            .setRequestHeaders(headers(Traffic.request(), user))
            .build()
            .toByteArray(),
        ProcessingRequest.newBuilder()
            .setRequestBody(body(chat(model), true))
            .build()
            .toByteArray(),
        ProcessingRequest.newBuilder()
            .setResponseHeaders(
                headers(Traffic.response(model, "text/event-stream; charset=utf-8"), user))
            .build()
            .toByteArray(),
        chunks,
        response(new byte[0], true),
        ProcessingRequest.newBuilder()
            .setResponseTrailers(HttpTrailers.getDefaultInstance())
            .build()
            .toByteArray());
  }

  private static byte[] response(byte[] bytes, boolean end) {
    return ProcessingRequest.newBuilder().setResponseBody(body(bytes, end)).build().toByteArray();
  }

  private static HttpBody body(byte[] bytes, boolean end) {
    return HttpBody.newBuilder().setBody(ByteString.copyFrom(bytes)).setEndOfStream(end).build();
  }

  /** A question of 1.9 KB that does not ask for usage. */
  private static byte[] chat(String model) {
    String text = "How much is it, and who is to pay for it in the end? ".repeat(34);
    return ("{\"model\":\""
            + model
            + "\",\"messages\":[{\"role\":\"user\",\"content\":\""
            + text
            + "\"}],\"stream\":true}")
        .getBytes(UTF_8);
  }

  private static HttpHeaders headers(Headers headers, String user) {
    HeaderMap.Builder map = HeaderMap.newBuilder();
    for (String name : headers.names()) {
      String value =
          switch (name) {
            case "x-auth-request-user" -> user;
            case "x-auth-request-tier" -> Traffic.tier(user);
            case "user-agent" -> BROWSER;
            case "x-forwarded-for" -> "203.0.113.57, 198.51.100.23, 10.0.0.1";
            default -> headers.get(name);
          };
      map.addHeaders(
          HeaderValue.newBuilder()
              .setKey(name)
              .setRawValue(ByteString.copyFromUtf8(value == null ? "" : value)));
    }
    return HttpHeaders.newBuilder().setHeaders(map).build();
  }
}
