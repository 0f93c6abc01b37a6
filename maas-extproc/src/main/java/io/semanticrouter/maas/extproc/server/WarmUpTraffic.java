// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.semanticrouter.maas.MaasConfig;
import java.util.ArrayList;
import java.util.List;
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

  private final MaasConfig config;
  private final List<String> models;

  WarmUpTraffic(MaasConfig config) {
    this.config = config;
    // With a price and without.
    List<String> names = new ArrayList<>(List.of("warm-up"));
    config.rateCard().models().stream().limit(2).forEach(names::add);
    models = List.copyOf(names);
  }

  /** The messages of so many exchanges, as they are sent. */
  List<List<byte[]>> exchanges(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> exchange(i).stream().map(ProcessingRequest::toByteArray).toList())
        .toList();
  }

  /** The messages of one exchange; another user and another shape for each number. */
  private List<ProcessingRequest> exchange(int i) {
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
    messages.add(response("200", "text/event-stream", model, i));
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
                  + (i % 3 == 0 ? "" : ",\"usage\":null")
                  + "}\n\n",
              false));
    }
    boolean endsWithUsage = i % 4 == 0;
    messages.add(
        responseBody("data: " + start + "]," + usage(i) + "}\n\ndata: [DONE]\n\n", endsWithUsage));
    if (!endsWithUsage) {
      messages.add(responseBody("", true));
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

  private static String usage(int i) {
    return "\"usage\":{\"prompt_tokens\":"
        + (1900 + i)
        + ",\"completion_tokens\":8,\"total_tokens\":"
        + (1908 + i)
        + ",\"prompt_tokens_details\":{\"cached_tokens\":"
        + (i % 2 == 0 ? 1024 : 0)
        + "},\"completion_tokens_details\":{\"reasoning_tokens\":0}}";
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
            .addHeaders(header(config.authentication().userHeader(), "warm-up-" + i))
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
          .addHeaders(header("x-vsr-selected-decision", "warm-up"))
          .addHeaders(header("x-vsr-selected-category", "warm-up"))
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
