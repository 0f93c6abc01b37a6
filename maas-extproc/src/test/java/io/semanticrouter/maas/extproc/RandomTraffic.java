// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.semanticrouter.maas.extproc.minienvoy.Filter;
import io.semanticrouter.maas.extproc.minienvoy.HttpExchange;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage;
import io.semanticrouter.maas.extproc.minienvoy.HttpMessage.End;
import io.semanticrouter.maas.extproc.minienvoy.Modes;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Any filter that Envoy would accept, and any exchange that HTTP allows. */
final class RandomTraffic {
  /** Bodies of requests; whatever is not a stream has to pass as it is. */
  private static final List<String> REQUESTS =
      List.of(
          "{\"model\":\"m\",\"stream\":true}",
          "{\"stream\":true,\"stream_options\":{\"include_usage\":false},\"n\":2}",
          "{\"stream_options\":{ \"include_usage\" : null },\"messages\":[],\"stream\":true}",
          "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
          "{\"stream\":false}",
          "{\"a\":1}",
          "no JSON");

  private static final BodySendMode[] SIMPLEX = {
    BodySendMode.NONE, BodySendMode.STREAMED, BodySendMode.BUFFERED, BodySendMode.BUFFERED_PARTIAL
  };

  private static final String SSE = String.join("", Messages.SSE_ANSWER);

  private final Random random;

  RandomTraffic(Random random) {
    this.random = random;
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  /** A filter without FULL_DUPLEX_STREAMED bodies. */
  Filter filter() {
    boolean observing = oneIn(10);
    Filter.Builder filter =
        Filter.builder(
                Modes.of(
                    !oneIn(12),
                    mode(observing),
                    random.nextBoolean(),
                    !oneIn(12),
                    mode(observing),
                    random.nextBoolean()))
            .observing(observing)
            .protocolConfig(!oneIn(5));
    return rest(filter);
  }

  private BodySendMode mode(boolean observing) {
    return SIMPLEX[random.nextInt(observing ? 2 : SIMPLEX.length)];
  }

  /** A filter with at least one FULL_DUPLEX_STREAMED body. */
  Filter fullDuplex() {
    boolean request = random.nextBoolean();
    boolean response = !request || random.nextBoolean();
    Filter.Builder filter =
        Filter.builder(
            Modes.of(
                !oneIn(12),
                request ? BodySendMode.FULL_DUPLEX_STREAMED : mode(false),
                request || random.nextBoolean(),
                !oneIn(12),
                response ? BodySendMode.FULL_DUPLEX_STREAMED : mode(false),
                response || random.nextBoolean()));
    return rest(filter);
  }

  private Filter rest(Filter.Builder filter) {
    switch (random.nextInt(4)) {
      case 0 -> filter.allowing(List.of());
      case 1 -> filter.allowing(MeteredEnvoy.ALLOWED);
      case 2 -> filter.allowing(List.of(Modes.of(BodySendMode.BUFFERED, BodySendMode.STREAMED)));
      default -> {
        // allows none
      }
    }
    return filter
        .sendingBodyEarly(oneIn(10))
        .closingEarly(oneIn(3))
        .bufferLimit(oneIn(2) ? 1 + random.nextInt(400) : 1 << 20)
        .build();
  }

  HttpExchange exchange() {
    HttpMessage request = request();
    HttpMessage response = response();
    return oneIn(3)
        ? HttpExchange.interleaved(request, response, random)
        : HttpExchange.of(request, response);
  }

  private HttpMessage request() {
    if (oneIn(6)) {
      return HttpMessage.request("GET", "/healthz");
    }
    String path = oneIn(5) ? "/v1/embeddings" : "/v1/chat/completions";
    HttpMessage request = HttpMessage.request("POST", path, MeteredEnvoy.USER, "alice");
    if (oneIn(10)) {
      return request;
    }
    String text = REQUESTS.get(random.nextInt(REQUESTS.size()));
    ByteString length = ByteString.copyFromUtf8(Integer.toString(text.length()));
    return body(oneIn(3) ? request.header("content-length", length) : request, text, 40);
  }

  private HttpMessage response() {
    int status =
        switch (random.nextInt(10)) {
          case 0 -> 204;
          case 1 -> 429;
          case 2 -> 503;
          default -> 200;
        };
    boolean sse = random.nextBoolean();
    String type = sse ? "text/event-stream" : oneIn(8) ? "text/plain" : "application/json";
    HttpMessage response = HttpMessage.response(status, "content-type", type);
    if (status == 204 || oneIn(20)) {
      return response;
    }
    return body(response, sse ? SSE : Messages.JSON_ANSWER, 300);
  }

  private HttpMessage body(HttpMessage message, String text, int longest) {
    ByteString bytes = ByteString.copyFromUtf8(text);
    List<ByteString> chunks = new ArrayList<>();
    int most = 1 + random.nextInt(longest);
    for (int at = 0; at < bytes.size(); ) {
      int to = Math.min(bytes.size(), at + 1 + random.nextInt(most));
      chunks.add(bytes.substring(at, to));
      at = to;
    }
    return switch (random.nextInt(3)) {
      case 0 -> message.body(End.LAST_CHUNK, chunks);
      case 1 -> message.body(End.EMPTY_CHUNK, chunks);
      default -> message.body(End.EMPTY_CHUNK, chunks).trailers("grpc-status", "0");
    };
  }
}
