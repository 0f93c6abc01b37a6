// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.semanticrouter.maas.HeaderEdits;
import io.semanticrouter.maas.Headers;
import io.semanticrouter.maas.LocalAnswer;
import java.io.IOException;
import java.io.InputStream;

/** The codec with the generated classes: what {@link WireCodec} is measured against. */
final class GeneratedCodec implements Codec {
  /** What Envoy's access log gives as the details of an answer of ours. */
  static final String DETAILS = "semantic_router";

  @Override
  public Message read(InputStream stream) throws IOException {
    return message(ProcessingRequest.parseFrom(stream));
  }

  /** What is read of a message. */
  static Message message(ProcessingRequest request) {
    return switch (request.getRequestCase()) {
      case REQUEST_HEADERS -> headers(request, Phase.REQUEST_HEADERS, request.getRequestHeaders());
      case RESPONSE_HEADERS ->
          headers(request, Phase.RESPONSE_HEADERS, request.getResponseHeaders());
      case REQUEST_BODY -> body(request, Phase.REQUEST_BODY, request.getRequestBody());
      case RESPONSE_BODY -> body(request, Phase.RESPONSE_BODY, request.getResponseBody());
      case REQUEST_TRAILERS -> head(request, Phase.REQUEST_TRAILERS, false, Headers.EMPTY);
      case RESPONSE_TRAILERS -> head(request, Phase.RESPONSE_TRAILERS, false, Headers.EMPTY);
      case REQUEST_NOT_SET -> head(request, Phase.UNKNOWN, false, Headers.EMPTY);
    };
  }

  private static Message headers(ProcessingRequest request, Phase phase, HttpHeaders headers) {
    return head(request, phase, headers.getEndOfStream(), new EnvoyHeaders(headers.getHeaders()));
  }

  private static Message head(
      ProcessingRequest request, Phase phase, boolean endOfStream, Headers headers) {
    return Message.head(
        new Whole(request),
        phase,
        endOfStream,
        request.getObservabilityMode(),
        headers,
        requestMode(request),
        responseMode(request));
  }

  private static Message body(ProcessingRequest request, Phase phase, HttpBody body) {
    byte[] bytes = body.getBody().toByteArray();
    return Message.body(
        new Whole(request),
        phase,
        body.getEndOfStream(),
        request.getObservabilityMode(),
        bytes,
        0,
        bytes.length,
        requestMode(request),
        responseMode(request));
  }

  /** A message that is nobody else's. */
  private record Whole(ProcessingRequest whole) implements Message.Source {
    @Override
    public void release() {
      // Nothing is lent.
    }
  }

  private static BodyMode requestMode(ProcessingRequest request) {
    return request.hasProtocolConfig()
        ? BodyMode.of(request.getProtocolConfig().getRequestBodyModeValue())
        : BodyMode.UNKNOWN;
  }

  private static BodyMode responseMode(ProcessingRequest request) {
    ProtocolConfiguration stated = request.getProtocolConfig();
    return request.hasProtocolConfig()
        ? BodyMode.of(stated.getResponseBodyModeValue())
        : BodyMode.UNKNOWN;
  }

  @Override
  public byte[] write(Reply reply) {
    return response(reply).toByteArray();
  }

  /** The reply as the generated classes say it. */
  static ProcessingResponse response(Reply reply) {
    ProcessingResponse.Builder response = ProcessingResponse.newBuilder();
    if (reply.answer != null) {
      response.setImmediateResponse(immediate(reply.answer));
      return withMetadata(response, reply).build();
    }
    switch (reply.phase) {
      case REQUEST_HEADERS -> response.setRequestHeaders(headers(reply.edits));
      case RESPONSE_HEADERS -> response.setResponseHeaders(headers(reply.edits));
      case REQUEST_BODY -> response.setRequestBody(body(reply));
      case RESPONSE_BODY -> response.setResponseBody(body(reply));
      case REQUEST_TRAILERS -> response.setRequestTrailers(TrailersResponse.getDefaultInstance());
      case RESPONSE_TRAILERS -> response.setResponseTrailers(TrailersResponse.getDefaultInstance());
      case UNKNOWN -> throw new IllegalArgumentException("no reply to an unknown phase");
    }
    if (reply.override != null) {
      response.setModeOverride(reply.override.mode);
    }
    return withMetadata(response, reply).build();
  }

  private static ProcessingResponse.Builder withMetadata(
      ProcessingResponse.Builder response, Reply reply) {
    return reply.metadata == null
        ? response
        : response.setDynamicMetadata(reply.metadata.toStruct());
  }

  private static ImmediateResponse immediate(LocalAnswer answer) {
    return ImmediateResponse.newBuilder()
        .setStatus(HttpStatus.newBuilder().setCodeValue(answer.status()))
        .setHeaders(mutation(answer.headers()))
        .setBody(ByteString.copyFrom(answer.body()))
        .setDetails(DETAILS)
        .build();
  }

  private static BodyResponse body(Reply reply) {
    ByteString bytes =
        UnsafeByteOperations.unsafeWrap(reply.bytes, reply.from, reply.to - reply.from);
    BodyMutation.Builder mutation = BodyMutation.newBuilder();
    switch (reply.body) {
      case KEPT -> {
        return BodyResponse.getDefaultInstance();
      }
      case REPLACED -> {
        if (bytes.isEmpty()) {
          mutation.setClearBody(true);
        } else {
          mutation.setBody(bytes);
        }
      }
      case ECHOED ->
          mutation.setStreamedResponse(
              StreamedBodyResponse.newBuilder().setBody(bytes).setEndOfStream(reply.endOfStream));
    }
    return BodyResponse.newBuilder()
        .setResponse(CommonResponse.newBuilder().setBodyMutation(mutation))
        .build();
  }

  private static HeadersResponse headers(HeaderEdits edits) {
    if (edits.isEmpty()) {
      return HeadersResponse.getDefaultInstance();
    }
    return HeadersResponse.newBuilder()
        .setResponse(CommonResponse.newBuilder().setHeaderMutation(mutation(edits)))
        .build();
  }

  private static HeaderMutation mutation(HeaderEdits edits) {
    HeaderMutation.Builder mutation = HeaderMutation.newBuilder();
    edits.forEachRemove(mutation::addRemoveHeaders);
    edits.forEachSet((name, value) -> mutation.addSetHeaders(option(name, value)));
    return mutation.build();
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
