// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.stub.StreamObserver;
import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.HeaderEdits;
import io.semanticrouter.maas.Metering;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One ext_proc stream: one HTTP exchange, from Envoy's first message to its hanging up.
 *
 * <p>Each request is answered by exactly one reply of its own kind, in order, and what is not
 * understood by none: Envoy takes anything else for an error of ours and fails the exchange.
 *
 * <p>Envoy ends good and bad exchanges alike, by resetting the stream. So the first sign of the
 * regular end settles, and whatever else ends the stream settles what is left.
 */
final class ProcessorStream implements StreamObserver<ProcessingRequest> {
  private final MaasProcessor processor;
  private final Metering metering;
  private final StreamObserver<ProcessingResponse> replies;
  private @Nullable Exchange exchange;
  private boolean metadataSent;

  ProcessorStream(
      MaasProcessor processor, Metering metering, StreamObserver<ProcessingResponse> replies) {
    this.processor = processor;
    this.metering = metering;
    this.replies = replies;
  }

  @Override
  public void onNext(ProcessingRequest request) {
    ProcessingResponse reply;
    try {
      reply = handle(request);
    } catch (Throwable t) {
      // Errors too, such as a class that is missing: what leaves here fails the exchange.
      processor.failed();
      reply = neutral(request);
    }
    // In observability mode Envoy does not wait for replies, and ignores them.
    if (reply != null && !request.getObservabilityMode()) {
      replies.onNext(reply);
    }
  }

  @Override
  public void onError(Throwable t) {
    abort();
  }

  /** The stream is over, however that came about; gRPC tells of some ends in no other way. */
  void onClosed() {
    abort();
  }

  @Override
  public void onCompleted() {
    abort();
    replies.onCompleted();
  }

  private @Nullable ProcessingResponse handle(ProcessingRequest request) throws IOException {
    return switch (request.getRequestCase()) {
      case REQUEST_HEADERS -> requestHeaders(request.getRequestHeaders());
      // Where replies are ignored nothing can be edited.
      case REQUEST_BODY ->
          request.getObservabilityMode() ? neutral(request) : requestBody(request.getRequestBody());
      case RESPONSE_HEADERS -> responseHeaders(request.getResponseHeaders());
      case RESPONSE_BODY -> responseBody(request.getResponseBody());
      case RESPONSE_TRAILERS -> {
        end();
        yield withMetadata(Replies.RESPONSE_TRAILERS);
      }
      case REQUEST_TRAILERS, REQUEST_NOT_SET -> neutral(request);
    };
  }

  /** The reply that changes nothing; none for a kind of message that this version does not know. */
  private static @Nullable ProcessingResponse neutral(ProcessingRequest request) {
    return switch (request.getRequestCase()) {
      case REQUEST_HEADERS -> Replies.requestHeaders(HeaderEdits.EMPTY, true, false);
      case RESPONSE_HEADERS -> Replies.responseHeaders(HeaderEdits.EMPTY, false, false);
      case REQUEST_BODY -> Replies.REQUEST_BODY;
      case RESPONSE_BODY -> Replies.RESPONSE_BODY;
      case REQUEST_TRAILERS -> Replies.REQUEST_TRAILERS;
      case RESPONSE_TRAILERS -> Replies.RESPONSE_TRAILERS;
      case REQUEST_NOT_SET -> null;
    };
  }

  private ProcessingResponse requestHeaders(HttpHeaders message) {
    EnvoyHeaders headers = new EnvoyHeaders(message.getHeaders());
    String method = headers.get(":method");
    String path = headers.get(":path");
    Exchange begun =
        metering.begin(method == null ? "" : method, path == null ? "" : path, headers);
    if (exchange != null) {
      // A second head on one stream is not HTTP; what the first one began still has to be settled.
      exchange.abort(processor.abortReason());
    }
    exchange = begun;
    metadataSent = false;
    boolean wantsBody = begun.editsRequestBody() && !message.getEndOfStream();
    return Replies.requestHeaders(begun.requestEdits(), begun.isMetered(), wantsBody);
  }

  private ProcessingResponse requestBody(HttpBody message) throws IOException {
    if (exchange == null || !exchange.editsRequestBody()) {
      return Replies.REQUEST_BODY;
    }
    EditedBody edited = new EditedBody(message.getBody(), exchange::onRequestBody);
    if (message.getEndOfStream()) {
      exchange.endRequestBody(edited);
    }
    return edited.isUnchanged() ? Replies.REQUEST_BODY : Replies.requestBody(edited.bytes());
  }

  private ProcessingResponse responseHeaders(HttpHeaders message) {
    if (exchange == null) {
      return Replies.responseHeaders(HeaderEdits.EMPTY, false, false);
    }
    EnvoyHeaders headers = new EnvoyHeaders(message.getHeaders());
    HeaderEdits edits = exchange.onResponseHeaders(status(headers), headers);
    boolean open = !message.getEndOfStream();
    boolean metersBody = exchange.wantsResponseBody() && open;
    boolean editsBody = exchange.editsResponseBody() && open;
    boolean requestOpen = exchange.isRequestBodyOpen() && open;
    if (!metersBody) {
      // Nothing more is coming, or nothing more that matters.
      exchange.end();
    }
    return withMetadata(Replies.responseHeaders(edits, metersBody || editsBody, requestOpen));
  }

  private ProcessingResponse responseBody(HttpBody message) throws IOException {
    if (exchange == null) {
      return Replies.RESPONSE_BODY;
    }
    if (exchange.editsResponseBody()) {
      EditedBody edited = new EditedBody(message.getBody(), exchange::onResponseBody);
      if (message.getEndOfStream()) {
        exchange.endResponseBody(edited);
        exchange.end();
      }
      return withMetadata(
          edited.isUnchanged() ? Replies.RESPONSE_BODY : Replies.responseBody(edited.bytes()));
    }
    ByteString body = message.getBody();
    if (!body.isEmpty() && exchange.wantsResponseBody()) {
      // Hands over the array behind the message: no copy, and the exchange only reads.
      UnsafeByteOperations.unsafeWriteTo(body, new BodyReader(exchange));
    }
    if (message.getEndOfStream()) {
      exchange.end();
    }
    return withMetadata(Replies.RESPONSE_BODY);
  }

  private static int status(EnvoyHeaders headers) {
    String status = headers.get(":status");
    try {
      return status == null ? 0 : Integer.parseInt(status);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /**
   * Adds the usage for Envoy to the first reply that can carry it, and once more to the last. The
   * first matters: a client that has all its bytes may hang up before the reply to an empty last
   * message is back, and Envoy then writes its access log without it.
   */
  private ProcessingResponse withMetadata(ProcessingResponse reply) {
    if (exchange == null || !metering.config().mode().isIntegrated()) {
      return reply;
    }
    boolean settled = exchange.record() != null;
    if (!settled && (metadataSent || !exchange.hasFinalUsage())) {
      return reply;
    }
    metadataSent = true;
    return Replies.withMetadata(reply, UsageMetadata.of(exchange));
  }

  private void end() {
    if (exchange != null) {
      exchange.end();
    }
  }

  private void abort() {
    try {
      if (exchange != null) {
        exchange.abort(processor.abortReason());
      }
    } catch (Throwable t) {
      processor.failed();
    }
  }
}
