// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** The simplest gateway that keeps the contract, and ways to break it. */
final class ScratchGateway implements GatewayContract.Gateway {
  /** A mistake that somebody could make, and the rule that it breaks. */
  enum Fault {
    NONE(""),
    READS_ONE_LINE("ofTwoLinesOfAnIdentityHeaderNoneIsBelieved"),
    FORGETS_THE_HEADERS("theUserOfTheIdentityHeadersPays"),
    NEVER_REFUSES("aRequestOfNobodyIsRefusedWhereTheConfigurationSaysSo"),
    FORWARDS_ALL_HEADERS("aClientThatPosesAsARouterDoesNotReachTheBackend"),
    SHOWS_THE_FIRST_PIECE_ONLY("anAnswerIsMeteredAndGoesOnHoweverItIsCut"),
    KEEPS_THE_LENGTH_OF_THE_REQUEST("aStreamIsAskedForItsUsageAndTheClientDoesNotSeeIt"),
    NEVER_HANDS_IN("aStreamIsAskedForItsUsageAndTheClientDoesNotSeeIt"),
    SENDS_WHAT_THE_BACKEND_SENT("aStreamIsAskedForItsUsageAndTheClientDoesNotSeeIt"),
    SENDS_PART_OF_THE_REQUEST("aRequestThatComesInPiecesReachesTheBackendWhole"),
    WAITS_FOR_THE_WHOLE_ANSWER("anEventReachesTheClientBeforeTheNextOneIsThere"),
    READS_AHEAD("aClientThatDoesNotReadHoldsTheBackendBack"),
    LOSES_THE_QUERY("whatIsNoOperationGoesOnAndLeavesNoRecord"),
    STRIPS_IN_STANDALONE("standaloneChangesNoByteOfRequestAndAnswer"),
    ENDS_WHAT_THE_CLIENT_LEFT("aClientThatLeavesIsBilledForWhatItGot"),
    ENDS_WHAT_THE_BACKEND_CUT("aBackendThatBreaksOffIsNoWholeAnswer"),
    HIDES_THAT_THE_BACKEND_CUT("aBackendThatBreaksOffIsNoWholeAnswer"),
    LOSES_THE_STATUS("anErrorOfTheBackendGoesOnAndCostsNothing"),
    NEVER_CLOSES("aBackendThatIsNotThereIsAnErrorAndOneRecord"),
    ENDS_TOO_LATE("theRecordIsThereWhenTheClientHasSeenTheEnd"),
    ASKS_THE_BACKEND_ALL_THE_SAME("anAnswerOfTheRouterReachesTheClientAndNoBackend"),
    SENDS_THE_BODY_OF_THE_CLIENT("aBodyThatTheRouterEditsReachesTheBackend"),
    MIXES_IDENTITIES("exchangesAtOnceDoNotMix"),
    BEGINS_TWICE("theRecordIsThereWhenTheClientHasSeenTheEnd");

    /** The test of the contract that fails. */
    final String rule;

    Fault(String rule) {
      this.rule = rule;
    }
  }

  static {
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private static final Set<String> CONNECTION =
      Set.of(
          "connection", "content-length", "host", "transfer-encoding", "upgrade", "http2-settings");

  private final Metering metering;
  private final URI backend;
  private final Fault fault;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private volatile @Nullable Headers first;

  ScratchGateway(Metering metering, URI backend, Fault fault) throws IOException {
    this.metering = metering;
    this.backend = backend;
    this.fault = fault;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  @Override
  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private Headers headers(HttpExchange http) {
    Headers all =
        fault == Fault.READS_ONE_LINE
            ? http.getRequestHeaders()::getFirst
            : Headers.of(http.getRequestHeaders());
    if (first == null) {
      first = all;
    }
    Headers of = fault == Fault.MIXES_IDENTITIES && first != null ? first : all;
    return fault == Fault.FORGETS_THE_HEADERS ? Headers.EMPTY : of;
  }

  private void handle(HttpExchange http) throws IOException {
    String path = http.getRequestURI().getRawPath();
    if (fault == Fault.BEGINS_TWICE) {
      metering.begin(http.getRequestMethod(), path, headers(http)).close();
    }
    Exchange exchange = metering.begin(http.getRequestMethod(), path, headers(http));
    try {
      LocalAnswer refusal = fault == Fault.NEVER_REFUSES ? null : exchange.refuse();
      if (refusal != null) {
        send(http, refusal);
        return;
      }
      forward(http, exchange);
    } catch (IOException e) {
      exchange.abort(AbortReason.CANCELLED);
      throw e; // makes the server cut the connection
    } finally {
      if (fault != Fault.NEVER_CLOSES) {
        exchange.close();
      }
    }
  }

  private void forward(HttpExchange http, Exchange exchange) throws IOException {
    RequestBody request = exchange.request();
    byte[] came = http.getRequestBody().readAllBytes();
    boolean isUnseen = fault == Fault.NEVER_HANDS_IN;
    HeaderEdits edits = isUnseen ? request.pass() : request.edits();
    byte[] goes = came;
    if (!isUnseen) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      int length = fault == Fault.SENDS_PART_OF_THE_REQUEST ? came.length / 2 : came.length;
      request.write(came, 0, length, out::write);
      LocalAnswer answer = request.end(out::write);
      if (answer != null && fault != Fault.ASKS_THE_BACKEND_ALL_THE_SAME) {
        send(http, answer);
        return;
      }
      goes = fault == Fault.SENDS_THE_BODY_OF_THE_CLIENT ? came : out.toByteArray();
      if (fault == Fault.KEEPS_THE_LENGTH_OF_THE_REQUEST) {
        goes = java.util.Arrays.copyOf(goes, came.length);
      }
    }
    HttpResponse<InputStream> response;
    try {
      response = client.send(request(http, edits, goes), HttpResponse.BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      throw new IOException("the gateway stops", e);
    } catch (IOException e) {
      http.sendResponseHeaders(502, -1);
      return;
    }
    try (InputStream in = response.body()) {
      respond(http, exchange, response, in);
    }
  }

  private HttpRequest request(HttpExchange http, HeaderEdits edits, byte[] body) {
    URI asked = http.getRequestURI();
    String query =
        asked.getRawQuery() == null || fault == Fault.LOSES_THE_QUERY
            ? ""
            : "?" + asked.getRawQuery();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(backend + asked.getRawPath() + query))
            .method(
                http.getRequestMethod(),
                body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
    List<String> removed =
        fault == Fault.FORWARDS_ALL_HEADERS
            ? List.of()
            : fault == Fault.STRIPS_IN_STANDALONE ? List.of("x-vsr-debug") : edits.toRemove();
    Map<String, String> set = edits.toSet();
    http.getRequestHeaders()
        .forEach(
            (name, values) -> {
              String key = name.toLowerCase(Locale.ROOT);
              if (!removed.contains(key) && !set.containsKey(key) && !CONNECTION.contains(key)) {
                values.forEach(value -> request.header(name, value));
              }
            });
    set.forEach(request::header);
    return request.build();
  }

  private void respond(
      HttpExchange http, Exchange exchange, HttpResponse<?> response, InputStream backendBody)
      throws IOException {
    InputStream in = backendBody;
    if (fault == Fault.READS_AHEAD) {
      in = new java.io.ByteArrayInputStream(in.readAllBytes());
    }
    Map<String, List<String>> headers = response.headers().map();
    ResponseBody body = exchange.response(response.statusCode(), Headers.of(headers));
    headers.forEach(
        (name, values) -> {
          if (!CONNECTION.contains(name) && !body.edits().toRemove().contains(name)) {
            http.getResponseHeaders().put(name, values);
          }
        });
    body.edits().forEachSet(http.getResponseHeaders()::set);
    int status = fault == Fault.LOSES_THE_STATUS ? 200 : response.statusCode();
    http.sendResponseHeaders(status, 0);
    OutputStream out = http.getResponseBody();
    out.flush();
    byte[] chunk = new byte[8192];
    ByteArrayOutputStream piece = new ByteArrayOutputStream();
    try {
      boolean shown = false;
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        if (!shown || fault != Fault.SHOWS_THE_FIRST_PIECE_ONLY) {
          body.write(chunk, 0, n, piece::write);
        } else {
          piece.write(chunk, 0, n);
        }
        shown = true;
        if (fault == Fault.SENDS_WHAT_THE_BACKEND_SENT) {
          piece.reset();
          piece.write(chunk, 0, n);
        }
        if (fault != Fault.WAITS_FOR_THE_WHOLE_ANSWER) {
          flush(piece, out);
        }
      }
    } catch (IOException e) {
      if (fault == Fault.ENDS_WHAT_THE_BACKEND_CUT || fault == Fault.ENDS_WHAT_THE_CLIENT_LEFT) {
        body.end(piece::write);
      }
      if (fault != Fault.HIDES_THAT_THE_BACKEND_CUT) {
        throw e;
      }
      exchange.abort(AbortReason.CANCELLED);
    }
    if (fault == Fault.ENDS_TOO_LATE) {
      flush(piece, out);
      out.close();
      pause();
    }
    body.end(piece::write);
    if (fault != Fault.ENDS_TOO_LATE) {
      flush(piece, out);
      out.close();
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(500);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static void flush(ByteArrayOutputStream piece, OutputStream out) throws IOException {
    piece.writeTo(out);
    piece.reset();
    out.flush();
  }

  private static void send(HttpExchange http, LocalAnswer answer) throws IOException {
    answer.headers().forEachSet(http.getResponseHeaders()::set);
    http.sendResponseHeaders(answer.status(), answer.body().length);
    http.getResponseBody().write(answer.body());
    http.close();
  }
}
