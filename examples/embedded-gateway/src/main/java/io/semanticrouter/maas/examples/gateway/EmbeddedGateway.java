// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.RequestBody;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.AbortReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * A reverse proxy on nothing but the JDK, with the metering inside. The numbered calls to {@link
 * Exchange} are what any other gateway needs as well; the rest is plain HTTP.
 *
 * <p>Not in here: authentication. A real gateway authenticates first and then sets the identity
 * headers itself, over whatever the client sent.
 */
final class EmbeddedGateway implements AutoCloseable {
  static final int CHUNK_BYTES = 16 * 1024;

  static {
    // Read once, when the JDK's server loads. Without it Nagle's algorithm holds events of a stream
    // back for 40 ms.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final Metering metering;
  private final String backend;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpClient client =
      HttpClient.newBuilder()
          // LLM backends speak HTTP/1.1; HTTP/2 would send an Upgrade header along.
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private EmbeddedGateway(Metering metering, URI backend, HttpServer server) {
    this.metering = metering;
    this.backend = backend.toString().replaceFirst("/+$", "");
    this.server = server;
  }

  /**
   * Starts a gateway.
   *
   * @param backend where requests go, such as {@code http://127.0.0.1:8000}
   * @throws IOException when the address cannot be had
   */
  static EmbeddedGateway start(InetSocketAddress address, URI backend, Metering metering)
      throws IOException {
    HttpServer server = HttpServer.create(address, 1024);
    EmbeddedGateway gateway = new EmbeddedGateway(metering, backend, server);
    server.createContext("/", gateway::handle);
    server.setExecutor(gateway.threads);
    server.start();
    return gateway;
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** Stops at once; exchanges under way are cut short and settled. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange http) throws IOException {
    String path = http.getRequestURI().getRawPath();
    // 1. Begin. From here on the exchange is billed, whatever happens: close() settles what nothing
    //    else has settled.
    try (Exchange exchange =
        metering.begin(
            http.getRequestMethod(),
            path == null ? "" : path,
            WireHeaders.of(http.getRequestHeaders()))) {
      try {
        LocalAnswer refusal = exchange.refuse();
        if (refusal != null) {
          answer(http, refusal);
          return;
        }
        forward(http, exchange);
      } catch (IOException e) {
        // 6b. The client went away (a write failed) or the backend broke off (a read failed).
        exchange.abort(AbortReason.CANCELLED);
        // Leaving by an exception makes the JDK's server cut the connection. http.close() would
        // write the last chunk of a body that is not whole, and the client would take it for whole.
        throw e;
      }
    }
  }

  private void forward(HttpExchange http, Exchange exchange) throws IOException {
    // 2. Change the request as the metering asks: clients may not send a router's headers.
    HttpResponse<InputStream> response = null;
    // 3. Let the request body pass through the metering, if it wants to ask for usage in it. A
    //    router holds it until it is whole, and may answer it: then no backend is asked.
    RequestBody body = exchange.request();
    try {
      EditedRequestBody edited = new EditedRequestBody(http.getRequestBody(), body);
      edited.hold(length(http));
      if (body.answer() == null) {
        boolean passes = body.mode() == RequestBody.Mode.PASS;
        HttpRequest request =
            request(http, passes ? body.pass() : body.edits(), body(http, passes ? null : edited));
        response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the gateway stops", e);
    } catch (IOException e) {
      exchange.abort(AbortReason.CANCELLED); // the metering knows that there was no response
      http.sendResponseHeaders(502, -1);
      http.close();
      return;
    }
    LocalAnswer answer = body.answer();
    if (answer != null) {
      answer(http, answer);
    } else if (response != null) {
      try (InputStream in = response.body()) { // closing it early cancels the backend's work
        respond(http, exchange, response, in);
      }
    }
  }

  /** The exchange is settled: all that is left is to send it. */
  private static void answer(HttpExchange http, LocalAnswer answer) throws IOException {
    byte[] body = answer.body();
    http.getResponseHeaders().putAll(WireHeaders.toForward(Map.of(), answer.headers()));
    http.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
    try (OutputStream out = http.getResponseBody()) {
      out.write(body);
    }
  }

  private static void respond(
      HttpExchange http, Exchange exchange, HttpResponse<?> response, InputStream in)
      throws IOException {
    Map<String, List<String>> fromBackend = response.headers().map();
    // 4. Show the response headers, and change them as the metering asks.
    ResponseBody body = exchange.response(response.statusCode(), WireHeaders.of(fromBackend));
    http.getResponseHeaders().putAll(WireHeaders.toForward(fromBackend, body.edits()));
    long length = body.mode() == ResponseBody.Mode.EDIT ? 0 : length(http, response);
    http.sendResponseHeaders(response.statusCode(), length);
    OutputStream out = http.getResponseBody();
    out.flush(); // newer JDKs hold the headers back until the first token
    byte[] chunk = new byte[CHUNK_BYTES];
    ByteArrayOutputStream toClient = new ByteArrayOutputStream();
    for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
      // 5. Show each piece, in order, cut anywhere, and pass on what comes out: the same bytes, but
      //    for usage that the client did not ask for. Before the write, so that what a client got
      //    was always metered.
      body.write(chunk, 0, n, toClient::write);
      send(toClient, out);
    }
    // 6a. The backend has said all. Before the close, so that a client that has seen the end of a
    //     stream finds it metered.
    body.end(toClient::write);
    send(toClient, out);
    out.close();
  }

  private static void send(ByteArrayOutputStream piece, OutputStream out) throws IOException {
    if (piece.size() > 0) {
      piece.writeTo(out);
      piece.reset();
      out.flush(); // a token is for now, not for when the buffer is full
    }
  }

  private HttpRequest request(HttpExchange http, HeaderEdits edits, BodyPublisher body) {
    URI uri = http.getRequestURI();
    String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(backend + uri.getRawPath() + query))
            .method(http.getRequestMethod(), body);
    WireHeaders.toForward(http.getRequestHeaders(), edits)
        .forEach((name, values) -> values.forEach(value -> request.header(name, value)));
    return request.build();
  }

  /**
   * The request body, handed on as it arrives, with the framing that it came with.
   *
   * @param edited what goes on instead, mostly of a length that nobody knows yet; null to change
   *     nothing
   */
  private static BodyPublisher body(HttpExchange http, @Nullable EditedRequestBody edited) {
    long length = length(http);
    if (length == 0) {
      return BodyPublishers.noBody();
    }
    if (edited != null) {
      byte[] whole = edited.whole();
      return whole != null
          ? BodyPublishers.ofByteArray(whole)
          : BodyPublishers.ofInputStream(() -> edited);
    }
    BodyPublisher body = BodyPublishers.ofInputStream(http::getRequestBody);
    return length < 0 ? body : BodyPublishers.fromPublisher(body, length);
  }

  /** The length of the request body, as its head says it; -1 when that does not. */
  private static long length(HttpExchange http) {
    boolean chunked = http.getRequestHeaders().containsKey("transfer-encoding");
    String stated = http.getRequestHeaders().getFirst("content-length");
    return stated != null ? Long.parseLong(stated.strip()) : chunked ? -1 : 0;
  }

  /** The body length as the JDK's server wants it: 0 means "chunked", -1 means "none". */
  private static long length(HttpExchange http, HttpResponse<?> response) {
    int status = response.statusCode();
    if (http.getRequestMethod().equals("HEAD") || status == 204 || status == 304) {
      return -1;
    }
    OptionalLong length = response.headers().firstValueAsLong("content-length");
    return length.isEmpty() ? 0 : length.getAsLong() == 0 ? -1 : length.getAsLong();
  }
}
