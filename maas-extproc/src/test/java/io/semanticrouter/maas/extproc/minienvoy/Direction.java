// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest.RequestCase;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;

/** The two halves of an HTTP exchange, and the messages that each of them has. */
public enum Direction {
  /** From the client to the upstream. */
  REQUEST,
  /** From the upstream to the client. */
  RESPONSE;

  /** The kind of message that shows headers. */
  public RequestCase headersCase() {
    return this == REQUEST ? RequestCase.REQUEST_HEADERS : RequestCase.RESPONSE_HEADERS;
  }

  /** The kind of message that shows a piece of the body. */
  public RequestCase bodyCase() {
    return this == REQUEST ? RequestCase.REQUEST_BODY : RequestCase.RESPONSE_BODY;
  }

  /** The kind of message that shows trailers. */
  public RequestCase trailersCase() {
    return this == REQUEST ? RequestCase.REQUEST_TRAILERS : RequestCase.RESPONSE_TRAILERS;
  }

  /** The body of a message of {@link #bodyCase()}. */
  public HttpBody body(ProcessingRequest message) {
    return this == REQUEST ? message.getRequestBody() : message.getResponseBody();
  }

  ProcessingRequest.Builder headers(HeaderMap headers, boolean endOfStream) {
    HttpHeaders message =
        HttpHeaders.newBuilder().setHeaders(headers).setEndOfStream(endOfStream).build();
    return this == REQUEST
        ? ProcessingRequest.newBuilder().setRequestHeaders(message)
        : ProcessingRequest.newBuilder().setResponseHeaders(message);
  }

  ProcessingRequest.Builder body(ByteString bytes, boolean endOfStream) {
    HttpBody message = HttpBody.newBuilder().setBody(bytes).setEndOfStream(endOfStream).build();
    return this == REQUEST
        ? ProcessingRequest.newBuilder().setRequestBody(message)
        : ProcessingRequest.newBuilder().setResponseBody(message);
  }

  ProcessingRequest.Builder trailers(HeaderMap trailers) {
    HttpTrailers message = HttpTrailers.newBuilder().setTrailers(trailers).build();
    return this == REQUEST
        ? ProcessingRequest.newBuilder().setRequestTrailers(message)
        : ProcessingRequest.newBuilder().setResponseTrailers(message);
  }

  HeadersResponse headersReply(ProcessingResponse reply) {
    return this == REQUEST ? reply.getRequestHeaders() : reply.getResponseHeaders();
  }

  BodyResponse bodyReply(ProcessingResponse reply) {
    return this == REQUEST ? reply.getRequestBody() : reply.getResponseBody();
  }

  boolean sendsHeaders(ProcessingMode mode) {
    // Headers are shown unless they are skipped.
    return headerMode(mode) != HeaderSendMode.SKIP;
  }

  BodySendMode bodyMode(ProcessingMode mode) {
    return this == REQUEST ? mode.getRequestBodyMode() : mode.getResponseBodyMode();
  }

  boolean sendsTrailers(ProcessingMode mode) {
    // Trailers are not shown unless they are asked for.
    return trailerMode(mode) == HeaderSendMode.SEND;
  }

  private HeaderSendMode headerMode(ProcessingMode mode) {
    return this == REQUEST ? mode.getRequestHeaderMode() : mode.getResponseHeaderMode();
  }

  private HeaderSendMode trailerMode(ProcessingMode mode) {
    return this == REQUEST ? mode.getRequestTrailerMode() : mode.getResponseTrailerMode();
  }
}
