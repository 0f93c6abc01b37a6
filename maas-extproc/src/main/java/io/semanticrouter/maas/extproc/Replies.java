// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.semanticrouter.maas.HeaderEdits;
import org.jspecify.annotations.Nullable;

/**
 * The replies to Envoy. Nearly all are constants, built once. Envoy takes only a reply of the same
 * kind as the request that it answers.
 */
final class Replies {
  static final ProcessingResponse REQUEST_BODY =
      ProcessingResponse.newBuilder().setRequestBody(BodyResponse.getDefaultInstance()).build();
  static final ProcessingResponse REQUEST_TRAILERS =
      ProcessingResponse.newBuilder()
          .setRequestTrailers(TrailersResponse.getDefaultInstance())
          .build();
  static final ProcessingResponse RESPONSE_BODY =
      ProcessingResponse.newBuilder().setResponseBody(BodyResponse.getDefaultInstance()).build();
  static final ProcessingResponse RESPONSE_TRAILERS =
      ProcessingResponse.newBuilder()
          .setResponseTrailers(TrailersResponse.getDefaultInstance())
          .build();

  /** "Nothing more of this exchange, please." */
  private static final ProcessingMode SKIP =
      mode(BodySendMode.NONE, HeaderSendMode.SKIP, BodySendMode.NONE);

  /** "The request body as it streams by", to ask for usage in it; and the response headers. */
  private static final ProcessingMode STREAM_REQUEST =
      mode(BodySendMode.STREAMED, HeaderSendMode.SEND, BodySendMode.NONE);

  /** "The response body as it streams by". */
  private static final ProcessingMode STREAM_RESPONSE =
      mode(BodySendMode.NONE, HeaderSendMode.SEND, BodySendMode.STREAMED);

  /** Both, when the response begins before the request has ended. */
  private static final ProcessingMode STREAM_BOTH =
      mode(BodySendMode.STREAMED, HeaderSendMode.SEND, BodySendMode.STREAMED);

  private static final ProcessingResponse REQUEST_HEADERS = requestHeaders(HeaderEdits.EMPTY, null);
  private static final ProcessingResponse REQUEST_HEADERS_SKIP =
      requestHeaders(HeaderEdits.EMPTY, SKIP);
  private static final ProcessingResponse RESPONSE_HEADERS =
      responseHeaders(HeaderEdits.EMPTY, null);
  private static final ProcessingResponse RESPONSE_HEADERS_STREAM =
      responseHeaders(HeaderEdits.EMPTY, STREAM_RESPONSE);

  private Replies() {}

  /**
   * One of the overrides that envoy.yaml allows; there are no others. With a body come its
   * trailers: without them the end of a body with trailers would not be seen.
   */
  private static ProcessingMode mode(
      BodySendMode requestBody, HeaderSendMode responseHeaders, BodySendMode responseBody) {
    return ProcessingMode.newBuilder()
        .setRequestHeaderMode(HeaderSendMode.SEND)
        .setRequestBodyMode(requestBody)
        .setRequestTrailerMode(trailers(requestBody))
        .setResponseHeaderMode(responseHeaders)
        .setResponseBodyMode(responseBody)
        .setResponseTrailerMode(trailers(responseBody))
        .build();
  }

  private static HeaderSendMode trailers(BodySendMode body) {
    return body == BodySendMode.STREAMED ? HeaderSendMode.SEND : HeaderSendMode.SKIP;
  }

  /** What of the request Envoy shall show. */
  static ProcessingResponse requestHeaders(HeaderEdits edits, boolean metered, boolean wantsBody) {
    if (edits.isEmpty() && !wantsBody) {
      return metered ? REQUEST_HEADERS : REQUEST_HEADERS_SKIP;
    }
    return requestHeaders(edits, wantsBody ? STREAM_REQUEST : metered ? null : SKIP);
  }

  /**
   * What of the response Envoy shall show.
   *
   * @param requestOpen whether the request body is still being edited
   */
  static ProcessingResponse responseHeaders(
      HeaderEdits edits, boolean wantsBody, boolean requestOpen) {
    if (requestOpen) {
      return responseHeaders(edits, wantsBody ? STREAM_BOTH : STREAM_REQUEST);
    }
    if (edits.isEmpty()) {
      return wantsBody ? RESPONSE_HEADERS_STREAM : RESPONSE_HEADERS;
    }
    return responseHeaders(edits, wantsBody ? STREAM_RESPONSE : null);
  }

  /** A request body chunk that goes on as this instead. */
  static ProcessingResponse requestBody(ByteString replacement) {
    return ProcessingResponse.newBuilder().setRequestBody(body(replacement)).build();
  }

  /** A response body chunk that goes on as this instead. */
  static ProcessingResponse responseBody(ByteString replacement) {
    return ProcessingResponse.newBuilder().setResponseBody(body(replacement)).build();
  }

  private static BodyResponse body(ByteString replacement) {
    BodyMutation.Builder mutation = BodyMutation.newBuilder();
    if (replacement.isEmpty()) {
      mutation.setClearBody(true);
    } else {
      mutation.setBody(replacement);
    }
    return BodyResponse.newBuilder()
        .setResponse(CommonResponse.newBuilder().setBodyMutation(mutation))
        .build();
  }

  static ProcessingResponse withMetadata(ProcessingResponse reply, Struct metadata) {
    return reply.toBuilder().setDynamicMetadata(metadata).build();
  }

  private static ProcessingResponse requestHeaders(
      HeaderEdits edits, @Nullable ProcessingMode override) {
    ProcessingResponse.Builder reply =
        ProcessingResponse.newBuilder().setRequestHeaders(headers(edits));
    return (override == null ? reply : reply.setModeOverride(override)).build();
  }

  private static ProcessingResponse responseHeaders(
      HeaderEdits edits, @Nullable ProcessingMode override) {
    ProcessingResponse.Builder reply =
        ProcessingResponse.newBuilder().setResponseHeaders(headers(edits));
    return (override == null ? reply : reply.setModeOverride(override)).build();
  }

  private static HeadersResponse headers(HeaderEdits edits) {
    if (edits.isEmpty()) {
      return HeadersResponse.getDefaultInstance();
    }
    HeaderMutation.Builder mutation = HeaderMutation.newBuilder();
    edits.forEachRemove(mutation::addRemoveHeaders);
    edits.forEachSet((name, value) -> mutation.addSetHeaders(option(name, value)));
    return HeadersResponse.newBuilder()
        .setResponse(CommonResponse.newBuilder().setHeaderMutation(mutation))
        .build();
  }

  /**
   * Only {@code raw_value}, because Envoy reads nothing else; the append action for the data planes
   * that honour it, and {@code append} left unset for those that do not: overwrite everywhere.
   */
  private static HeaderValueOption option(String name, String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(
            HeaderValue.newBuilder().setKey(name).setRawValue(ByteString.copyFromUtf8(value)))
        .setAppendAction(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
        .build();
  }
}
