// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing.vllm;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The endpoints that consume no tokens: they take no knobs and no statistics count them. */
final class InfoEndpoints {

  private final ServerState server;

  InfoEndpoints(ServerState server) {
    this.server = server;
  }

  void health(Exchange exchange) throws IOException {
    exchange.json(200, Json.object("status", "ok"));
  }

  void models(Exchange exchange) throws IOException {
    List<Map<String, Object>> data =
        server.models().stream()
            .map(
                model ->
                    Json.object(
                        "id",
                        model,
                        "object",
                        "model",
                        "created",
                        server.created(),
                        "owned_by",
                        "vllm",
                        "root",
                        model,
                        "parent",
                        Json.NULL,
                        "max_model_len",
                        Knobs.MAX_TOKENS))
            .toList();
    exchange.json(200, Json.object("object", "list", "data", data));
  }

  void stats(Exchange exchange) throws IOException {
    if (exchange.http().getRequestMethod().equals("DELETE")) {
      server.stats().reset();
    }
    exchange.json(200, StatsRecorder.json(server.stats().snapshot()));
  }

  /** Tells what reached this server, so that a test can prove what a gateway passed on. */
  void echo(Exchange exchange) throws IOException {
    Map<String, List<String>> headers = new TreeMap<>();
    exchange
        .http()
        .getRequestHeaders()
        .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values));
    byte[] body = exchange.body();
    exchange.json(
        200,
        Json.object(
            "method", exchange.http().getRequestMethod(),
            "path", exchange.http().getRequestURI().toString(),
            "headers", headers,
            "body_bytes", body.length,
            "body_sha256", sha256(body)));
  }

  private static String sha256(byte[] body) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
