// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import java.util.List;

/** Messages as Envoy sends them. */
public final class Messages {
  /** An answer that states 7 prompt and 5 completion tokens. */
  public static final String JSON_ANSWER =
      """
      {"id":"c1","object":"chat.completion","model":"qwen3","choices":[{"index":0,"message":\
      {"role":"assistant","content":"Four."},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,\
      "completion_tokens":5,"total_tokens":12}}""";

  /** The same as an event stream; the usage is in the last event but one. */
  public static final List<String> SSE_ANSWER =
      List.of(
          "data: {\"model\":\"qwen3\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Fo\"}}]}\n\n",
          "data: {\"model\":\"qwen3\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ur\"},"
              + "\"finish_reason\":\"stop\"}]}\n\n",
          "data: {\"model\":\"qwen3\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,"
              + "\"completion_tokens\":5,\"total_tokens\":12}}\n\n",
          "data: [DONE]\n\n");

  private Messages() {}

  /** The request headers of a chat completion; names and values alternate. */
  public static ProcessingRequest chat(String... headers) {
    return request("POST", "/v1/chat/completions", headers);
  }

  /** Request headers; names and values alternate. */
  public static ProcessingRequest request(String method, String path, String... headers) {
    HeaderMap.Builder map = HeaderMap.newBuilder();
    add(map, ":method", method);
    add(map, ":path", path);
    addAll(map, headers);
    return requestHeaders(map.build());
  }

  static ProcessingRequest requestHeaders(HeaderMap map) {
    return ProcessingRequest.newBuilder()
        .setRequestHeaders(HttpHeaders.newBuilder().setHeaders(map))
        .build();
  }

  /** The headers of a response; names and values alternate. */
  public static ProcessingRequest response(int status, String contentType, String... headers) {
    return response(status, contentType, false, headers);
  }

  static ProcessingRequest response(
      int status, String contentType, boolean endOfStream, String... headers) {
    HeaderMap.Builder map = HeaderMap.newBuilder();
    add(map, ":status", Integer.toString(status));
    add(map, "content-type", contentType);
    addAll(map, headers);
    return ProcessingRequest.newBuilder()
        .setResponseHeaders(HttpHeaders.newBuilder().setHeaders(map).setEndOfStream(endOfStream))
        .build();
  }

  /** A piece of a response body. */
  public static ProcessingRequest body(String text, boolean endOfStream) {
    return body(ByteString.copyFromUtf8(text), endOfStream);
  }

  static ProcessingRequest body(ByteString bytes, boolean endOfStream) {
    return ProcessingRequest.newBuilder().setResponseBody(httpBody(bytes, endOfStream)).build();
  }

  static ProcessingRequest requestBody(String text, boolean endOfStream) {
    return requestBody(ByteString.copyFromUtf8(text), endOfStream);
  }

  static ProcessingRequest requestBody(ByteString bytes, boolean endOfStream) {
    return ProcessingRequest.newBuilder().setRequestBody(httpBody(bytes, endOfStream)).build();
  }

  static ProcessingRequest requestTrailers() {
    return ProcessingRequest.newBuilder()
        .setRequestTrailers(HttpTrailers.getDefaultInstance())
        .build();
  }

  static ProcessingRequest trailers() {
    return ProcessingRequest.newBuilder()
        .setResponseTrailers(HttpTrailers.getDefaultInstance())
        .build();
  }

  static ProcessingRequest observed(ProcessingRequest message) {
    return message.toBuilder().setObservabilityMode(true).build();
  }

  static HeaderValue raw(String name, ByteString value) {
    return HeaderValue.newBuilder().setKey(name).setRawValue(value).build();
  }

  private static HttpBody httpBody(ByteString bytes, boolean endOfStream) {
    return HttpBody.newBuilder().setBody(bytes).setEndOfStream(endOfStream).build();
  }

  private static void addAll(HeaderMap.Builder map, String... headers) {
    for (int i = 0; i < headers.length; i += 2) {
      add(map, headers[i], headers[i + 1]);
    }
  }

  private static void add(HeaderMap.Builder map, String name, String value) {
    map.addHeaders(raw(name, ByteString.copyFromUtf8(value)));
  }
}
