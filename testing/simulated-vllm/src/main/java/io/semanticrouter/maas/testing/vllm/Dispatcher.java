// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Hands each request to its endpoint and turns what goes wrong into an error answer. */
final class Dispatcher implements HttpHandler {

  private static final String CHAT = "/v1/chat/completions";
  private static final String COMPLETIONS = "/v1/completions";
  private static final String EMBEDDINGS = "/v1/embeddings";
  private static final String MESSAGES = "/v1/messages";
  private static final String RESPONSES = "/v1/responses";
  private static final String STORED_RESPONSE = RESPONSES + "/";
  private static final Set<String> READ = Set.of("GET", "HEAD");

  private final StatsRecorder stats;
  private final Map<String, InferenceEndpoint> inference;
  private final ResponsesEndpoint responses;
  private final Map<String, Info> info;

  Dispatcher(ServerState server) {
    this.stats = server.stats();
    MessagesEndpoint messages = new MessagesEndpoint(MESSAGES, server);
    this.responses = new ResponsesEndpoint(RESPONSES, server);
    this.inference =
        Map.of(
            CHAT, new GenerationEndpoint(CHAT, WireFormat.CHAT, server),
            COMPLETIONS, new GenerationEndpoint(COMPLETIONS, WireFormat.COMPLETION, server),
            EMBEDDINGS, new EmbeddingsEndpoint(EMBEDDINGS, server),
            MESSAGES, messages,
            RESPONSES, responses);
    InfoEndpoints endpoints = new InfoEndpoints(server);
    this.info =
        Map.of(
            "/health",
            new Info(READ, endpoints::health),
            "/v1/models",
            new Info(READ, endpoints::models),
            MESSAGES + "/count_tokens",
            new Info(Set.of("POST"), messages::countTokens),
            "/stats",
            new Info(Set.of("GET", "HEAD", "DELETE"), endpoints::stats),
            "/echo",
            new Info(Set.of("GET", "POST", "PUT", "PATCH", "DELETE"), endpoints::echo));
  }

  /**
   * {@inheritDoc}
   *
   * <p>An exception from here makes the JDK server close the connection at once: that is how an
   * answer is cut short.
   */
  @Override
  public void handle(HttpExchange http) throws IOException {
    String path = Objects.requireNonNullElse(http.getRequestURI().getPath(), "");
    Exchange exchange = new Exchange(http);
    InferenceEndpoint endpoint = inference.get(path);
    try {
      if (endpoint != null) {
        infer(exchange, endpoint);
      } else {
        inform(exchange, path);
      }
    } catch (ApiException e) {
      fail(exchange, path, e);
    } catch (RuntimeException e) {
      if (http.getResponseCode() >= 0) {
        throw e;
      }
      // A fault of this server: say so, for the JDK server would only close the connection.
      http.getResponseHeaders().clear();
      fail(exchange, path, new ApiException(500, "internal_error", e.toString()));
    }
    http.close();
  }

  private void fail(Exchange exchange, String path, ApiException error) throws IOException {
    if (inference.containsKey(path)) {
      stats.error(path);
    }
    exchange.json(error.status(), path.startsWith(MESSAGES) ? error.messagesBody() : error.body());
  }

  private static void infer(Exchange exchange, InferenceEndpoint endpoint) throws IOException {
    requireMethod(exchange, Set.of("POST"));
    Knobs knobs = Knobs.of(exchange.http().getRequestHeaders());
    byte[] body = exchange.body();
    PieceWriter.pause(knobs.delayMillis());
    if (knobs.status().isPresent()) {
      throw ApiException.simulated(knobs.status().getAsInt());
    }
    endpoint.answer(exchange, Fields.ofBody(body), knobs);
  }

  private void inform(Exchange exchange, String path) throws IOException {
    Info endpoint =
        path.startsWith(STORED_RESPONSE)
            ? new Info(READ, e -> responses.retrieve(e, path.substring(STORED_RESPONSE.length())))
            : info.get(path);
    if (endpoint == null) {
      throw new ApiException(404, "not_found", "There is no endpoint '" + path + "'.");
    }
    requireMethod(exchange, endpoint.methods);
    endpoint.handler.handle(exchange);
  }

  private static void requireMethod(Exchange exchange, Set<String> methods) {
    String method = exchange.http().getRequestMethod();
    if (!methods.contains(method)) {
      exchange.header("Allow", String.join(", ", methods.stream().sorted().toList()));
      throw new ApiException(405, "method_not_allowed", "Method " + method + " is not allowed.");
    }
  }

  private record Info(Set<String> methods, InfoHandler handler) {}

  @FunctionalInterface
  private interface InfoHandler {
    void handle(Exchange exchange) throws IOException;
  }
}
