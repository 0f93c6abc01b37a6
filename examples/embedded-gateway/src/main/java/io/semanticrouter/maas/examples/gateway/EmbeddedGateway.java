// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.RequestBody;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.AbortReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A reverse proxy on nothing but the JDK, with the metering inside. The numbered steps are what any
 * gateway needs; the rest is plain HTTP. Not in here: authentication. A real gateway authenticates
 * first, and sets the identity headers itself, over what the client sent.
 */
final class EmbeddedGateway implements HttpHandler {
  /** Of one connection and not of the message (RFC 9110, 7.6.1), or written by the JDK itself. */
  private static final String NOT_FORWARDED =
      "connection,content-length,date,expect,host,http2-settings,keep-alive,proxy-authenticate,"
          + "proxy-authorization,proxy-connection,te,trailer,transfer-encoding,upgrade,";

  private static final byte[] END = {};

  private final Metering metering;
  private final String backend;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** Handles requests to a backend such as {@code http://127.0.0.1:8000}. */
  EmbeddedGateway(Metering metering, URI backend) {
    this.metering = metering;
    this.backend = backend.toString().replaceFirst("/+$", "");
  }

  @Override
  public void handle(HttpExchange http) throws IOException {
    Headers headers = Headers.latin1(Headers.of(http.getRequestHeaders()));
    String path = http.getRequestURI().getRawPath();
    // 1. Begin. From here on it is billed, whatever happens: close() settles what nothing else has.
    try (Exchange exchange = metering.begin(http.getRequestMethod(), path, headers)) {
      try {
        LocalAnswer refusal = exchange.refuse();
        LocalAnswer answer = refusal != null ? refusal : forward(http, exchange);
        if (answer != null) {
          http.getResponseHeaders().putAll(forwarded(Map.of(), answer.headers()));
          int length = answer.body().length;
          http.sendResponseHeaders(answer.status(), length == 0 ? -1 : length);
          http.getResponseBody().write(answer.body());
          http.close();
        }
      } catch (IOException e) {
        // 4b. The client left (a write failed) or the backend broke off (a read failed). Thrown on,
        //     it makes the JDK's server cut the connection: the client has to see that, too.
        exchange.abort(AbortReason.CANCELLED);
        throw e;
      }
    }
  }

  /** Returns what the client gets instead of a backend's answer. */
  private @Nullable LocalAnswer forward(HttpExchange http, Exchange exchange) throws IOException {
    // 2. The request passes through the metering, which asks for usage in it. A router holds it
    //    until it is whole, and may answer it.
    RequestBody body = exchange.request();
    boolean isHeld = body.mode() == RequestBody.Mode.HOLD;
    byte[] piece = new byte[16 * 1024];
    Iterator<byte[]> pieces =
        Stream.generate(() -> next(http.getRequestBody(), body, piece, isHeld))
            .takeWhile(next -> next != END)
            .filter(next -> next.length > 0)
            .iterator();
    HttpResponse<InputStream> response;
    try {
      byte[] first = isHeld && pieces.hasNext() ? pieces.next() : END;
      if (body.answer() != null) {
        return body.answer();
      }
      BodyPublisher all =
          isHeld && !pieces.hasNext()
              ? BodyPublishers.ofByteArray(first) // routed: of a known length
              : publisher(http, body, first, pieces);
      URI uri = http.getRequestURI();
      String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(backend + uri.getRawPath() + query));
      forwarded(http.getRequestHeaders(), body.edits())
          .forEach((name, values) -> values.forEach(value -> request.header(name, value)));
      request.method(http.getRequestMethod(), all);
      response = client.send(request.build(), BodyHandlers.ofInputStream());
    } catch (InterruptedException | IOException | UncheckedIOException e) {
      exchange.abort(AbortReason.CANCELLED);
      LocalAnswer refusal = body.answer();
      return refusal != null ? refusal : new LocalAnswer(502, HeaderEdits.EMPTY, END);
    }
    try (InputStream in = response.body()) { // closing it early cancels the backend's work
      respond(http, exchange, response, in);
      return null;
    }
  }

  /** What comes out for the next piece of the client. */
  private static byte[] next(InputStream in, RequestBody body, byte[] piece, boolean isHeld) {
    try {
      ByteArrayOutputStream edited = new ByteArrayOutputStream();
      int length = in.read(piece);
      if (length >= 0) {
        body.write(piece, 0, length, edited::write);
      } else if (body.end(edited::write) != null && !isHeld) {
        throw new IOException("refused with its last byte"); // cuts the request to the backend
      }
      return length < 0 && edited.size() == 0 ? END : edited.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The body as it comes, with the framing that it came with where its length cannot change. */
  private static BodyPublisher publisher(
      HttpExchange http, RequestBody body, byte[] first, Iterator<byte[]> more) {
    boolean isChunked = http.getRequestHeaders().containsKey("transfer-encoding");
    String stated = http.getRequestHeaders().getFirst("content-length");
    long length = isChunked ? -1 : stated == null ? 0 : Long.parseLong(stated);
    BodyPublisher all = // the rest of it when there is room for it
        BodyPublishers.concat(
            BodyPublishers.ofByteArray(first), BodyPublishers.ofByteArrays(() -> more));
    return length == 0
        ? BodyPublishers.noBody()
        : length < 0 || body.edits().toRemove().contains("content-length")
            ? all
            : BodyPublishers.fromPublisher(all, length);
  }

  private static void respond(
      HttpExchange http, Exchange exchange, HttpResponse<?> response, InputStream in)
      throws IOException {
    // 3. Show the response, and pass on what comes out: the same, but for usage that the client did
    //    not ask for. Before it is sent, so that what a client got was always metered.
    Map<String, List<String>> headers = response.headers().map();
    int status = response.statusCode();
    ResponseBody body = exchange.response(status, Headers.latin1(Headers.of(headers)));
    http.getResponseHeaders().putAll(forwarded(headers, body.edits()));
    boolean isEmpty = http.getRequestMethod().equals("HEAD") || status == 204 || status == 304;
    boolean isEdited = body.mode() == ResponseBody.Mode.EDIT;
    long length = isEdited ? -1 : response.headers().firstValueAsLong("content-length").orElse(-1);
    // The JDK's server takes 0 for "chunked", and -1 for "none".
    http.sendResponseHeaders(status, isEmpty || length == 0 ? -1 : Math.max(length, 0));
    OutputStream out = http.getResponseBody();
    out.flush(); // newer JDKs hold the headers back until the first token
    byte[] piece = new byte[16 * 1024];
    ByteArrayOutputStream toClient = new ByteArrayOutputStream();
    for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
      body.write(piece, 0, n, toClient::write);
      toClient.writeTo(out);
      toClient.reset();
      out.flush(); // a token is for now, not for when the buffer is full
    }
    body.end(toClient::write); // 4a. Before the close: a client that sees the end finds it metered.
    toClient.writeTo(out);
    out.close();
  }

  /** The headers to hand on, with the edits of the metering: first remove, then set. */
  private static Map<String, List<String>> forwarded(
      Map<String, List<String>> from, HeaderEdits edits) {
    Map<String, List<String>> to = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    to.putAll(from);
    String named = String.join(",", from.getOrDefault("connection", List.of()));
    for (String name : (NOT_FORWARDED + named).split(",", -1)) {
      to.remove(name.strip());
    }
    edits.forEachRemove(to::remove);
    edits.latin1().forEachSet((name, value) -> to.put(name, List.of(value)));
    return to;
  }
}
