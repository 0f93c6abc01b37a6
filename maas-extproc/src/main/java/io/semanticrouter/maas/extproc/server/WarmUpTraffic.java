// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.semanticrouter.maas.MaasConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Made-up exchanges of the shapes that gateways see. The more of them, the better: what the
 * compiler has not seen it leaves out, and the first exchange that has it pays for that.
 */
final class WarmUpTraffic {
  private static final List<String> WORDS =
      List.of(
          "",
          " Two",
          " and",
          " two",
          " is\\n",
          " f\u00fcr",
          " \\\"4\\\"",
          " \\u00e9.",
          "\u4e8c",
          "  {[:,]}");

  /** How many different exchanges there are, but for their users. */
  private static final int KINDS = 480;

  /** What users are called, and decisions and categories; digits take the place of the zeros. */
  private static final String NAME = "warm-up-000000";

  private static final int DIGITS = 6;

  /** The others have a name that was seen before, in the same kind of exchange. */
  private static final int EXCHANGES_PER_NEW_NAME = 7;

  /** A message, and where the names in it end. */
  private static final class Template {
    private final byte[] message;
    private final int[] ends;

    Template(ProcessingRequest request) {
      message = request.toByteArray();
      // As text of one byte a character it can be searched.
      ends =
          Pattern.compile(NAME)
              .matcher(new String(message, ISO_8859_1))
              .results()
              .mapToInt(MatchResult::end)
              .toArray();
    }

    byte[] named(int name) {
      if (ends.length == 0) {
        return message;
      }
      byte[] named = message.clone();
      for (int end : ends) {
        for (int digit = 1, rest = name; digit <= DIGITS; digit++, rest /= 10) {
          named[end - digit] = (byte) ('0' + rest % 10);
        }
      }
      return named;
    }
  }

  private final MaasConfig config;
  private final List<String> models;
  private final List<List<Template>> kinds;
  private int next;

  WarmUpTraffic(MaasConfig config) {
    this.config = config;
    // With a price and without.
    List<String> names = new ArrayList<>(List.of("warm-up"));
    config.rateCard().models().stream().limit(2).forEach(names::add);
    models = List.copyOf(names);
    kinds =
        IntStream.range(0, KINDS)
            .mapToObj(i -> kind(i).stream().map(Template::new).toList())
            .toList();
  }

  /** The messages of the next exchange, as they are sent. */
  List<byte[]> next() {
    int kind = next % KINDS;
    int name = next % EXCHANGES_PER_NEW_NAME == 0 ? next : kind;
    next++;
    return kinds.get(kind).stream().map(template -> template.named(name)).toList();
  }

  private List<ProcessingRequest> kind(int i) {
    String model = models.get(i % models.size());
    return switch (i % 8) {
      case 0, 2, 4, 5 -> stream(i, model);
      case 1, 3 -> document(i, model);
      case 6 -> List.of(request("GET", "/health", i), response("200", "text/plain", model, i));
      default ->
          List.of(
              request("POST", "/v1/chat/completions", i),
              response("429", "application/json", model, i));
    };
  }

  private List<ProcessingRequest> stream(int i, String model) {
    List<ProcessingRequest> messages = new ArrayList<>();
    messages.add(request("POST", "/v1/chat/completions", i));
    messages.add(
        ProcessingRequest.newBuilder()
            .setRequestBody(
                body("{\"model\":\"" + model + "\",\"stream\":true,\"messages\":[]}", true))
            .build());
    String contentType = i % 3 == 0 ? "text/event-stream" : "text/event-stream; charset=utf-8";
    messages.add(response("200", contentType, model, i));
    String start = start("chat.completion.chunk", model) + "\"choices\":[";
    for (int word = 0; word < WORDS.size(); word++) {
      String reason = word + 1 == WORDS.size() ? "\"stop\"" : "null";
      messages.add(
          responseBody(
              "data: "
                  + start
                  + "{\"index\":0,\"delta\":{\"content\":\""
                  + WORDS.get((i + word) % WORDS.size())
                  + "\"},\"logprobs\":null,\"finish_reason\":"
                  + reason
                  + "}]"
                  + usageBeside(i, word)
                  + "}\n\n",
              false));
    }
    String last = "data: " + start + "]," + usage(i) + "}\n\n";
    String done = "data: [DONE]\n\n";
    switch (i % 8) {
      case 0 -> messages.add(responseBody(last + done, true));
      case 2 -> {
        messages.add(responseBody(last, false));
        messages.add(responseBody(done, false));
        messages.add(responseBody("", true));
      }
      case 4 -> {
        messages.add(responseBody(last + done, false));
        messages.add(
            ProcessingRequest.newBuilder()
                .setResponseTrailers(HttpTrailers.getDefaultInstance())
                .build());
      }
      default -> {
        messages.add(responseBody(last, false));
        messages.add(responseBody(done, true));
      }
    }
    return messages;
  }

  private List<ProcessingRequest> document(int i, String model) {
    return List.of(
        request("POST", "/v1/chat/completions", i),
        response("200", "application/json", model, i),
        responseBody(
            start("chat.completion", model)
                + "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""
                + String.join("", WORDS)
                + "\",\"tool_calls\":[]},\"finish_reason\":\"stop\"}],"
                + usage(i)
                + "}",
            true));
  }

  private static String start(String object, String model) {
    return "{\"id\":\"chatcmpl-8c1f3f0a6a0e4b6e\",\"object\":\""
        + object
        + "\",\"created\":1790000000,\"model\":\""
        + model
        + "\",\"system_fingerprint\":null,";
  }

  /**
   * Of an event with text: some backends say nothing there, some null, some how much it is so far.
   */
  private static String usageBeside(int i, int word) {
    return switch (i % 5) {
      case 0, 1 -> "";
      case 2, 3 -> ",\"usage\":null";
      default ->
          ",\"usage\":{\"prompt_tokens\":%d,\"total_tokens\":%d,\"completion_tokens\":%d}"
              .formatted(1900 + i, 1901 + i + word, word + 1);
    };
  }

  private static String usage(int i) {
    return "\"usage\":{\"prompt_tokens\":"
        + (1900 + i)
        + ",\"completion_tokens\":8,\"total_tokens\":"
        + (1908 + i)
        + ",\"prompt_tokens_details\":{\"cached_tokens\":"
        + (i % 2 == 0 ? 1024 : 0)
        + "}"
        + (i % 3 == 1 ? "" : ",\"completion_tokens_details\":{\"reasoning_tokens\":0}")
        + "}";
  }

  private ProcessingRequest request(String method, String path, int i) {
    HeaderMap.Builder headers =
        HeaderMap.newBuilder()
            .addHeaders(header(":method", method))
            .addHeaders(header(":scheme", "http"))
            .addHeaders(header(":authority", "warm-up.example.com"))
            .addHeaders(header(":path", path))
            .addHeaders(header("accept", "application/json"))
            .addHeaders(
                header("accept-encoding", i % 2 == 0 ? "gzip, deflate" : "gzip, deflate, br"))
            .addHeaders(header("accept-language", "*"))
            .addHeaders(header("content-type", "application/json"))
            .addHeaders(header("user-agent", "warm-up/1.0"))
            .addHeaders(header("x-forwarded-for", "127.0.0.1"))
            .addHeaders(header("x-forwarded-proto", "https"))
            .addHeaders(header("x-request-id", "00000000-0000-4000-8000-000000000000"))
            // Whose fallback would be logged.
            .addHeaders(header(config.authentication().userHeader(), NAME))
            .addHeaders(header(config.authentication().tierHeader(), "tier-" + i % 3));
    if (i % 3 != 0) {
      headers.addHeaders(header("content-length", "51"));
    }
    if (i % 16 == 0) {
      headers.addHeaders(header("x-vsr-debug", "1"));
    }
    return ProcessingRequest.newBuilder()
        .setRequestHeaders(HttpHeaders.newBuilder().setHeaders(headers))
        .setMetadataContext(Metadata.getDefaultInstance())
        .setProtocolConfig(ProtocolConfiguration.newBuilder().setRequestBodyMode(BodySendMode.NONE))
        .build();
  }

  private static ProcessingRequest response(
      String status, String contentType, String model, int i) {
    HeaderMap.Builder headers =
        HeaderMap.newBuilder()
            .addHeaders(header(":status", status))
            .addHeaders(header("date", "Tue, 24 Nov 2026 00:00:00 GMT"))
            .addHeaders(header("server", "warm-up"))
            .addHeaders(header("content-type", contentType))
            .addHeaders(header("x-envoy-upstream-service-time", "12"));
    if (i % 4 != 0) {
      headers
          .addHeaders(header("x-vsr-selected-model", model))
          .addHeaders(header("x-vsr-selected-decision", NAME))
          .addHeaders(header("x-vsr-selected-category", NAME))
          .addHeaders(header("x-vsr-selected-reasoning", i % 2 == 0 ? "on" : "off"))
          .addHeaders(header("x-vsr-injected-system-prompt", i % 2 == 0 ? "true" : "false"));
    }
    return ProcessingRequest.newBuilder()
        .setResponseHeaders(HttpHeaders.newBuilder().setHeaders(headers))
        .build();
  }

  private static ProcessingRequest responseBody(String text, boolean endOfStream) {
    return ProcessingRequest.newBuilder().setResponseBody(body(text, endOfStream)).build();
  }

  private static HttpBody body(String text, boolean endOfStream) {
    return HttpBody.newBuilder()
        .setBody(ByteString.copyFromUtf8(text))
        .setEndOfStream(endOfStream)
        .build();
  }

  private static HeaderValue header(String name, String value) {
    return HeaderValue.newBuilder()
        .setKey(name)
        .setRawValue(ByteString.copyFromUtf8(value))
        .build();
  }
}
