// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.UnsafeByteOperations;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.LocalAnswer;

/** Replies as the generated classes say them: what {@link Codec} is compared with. */
final class GeneratedReplies {
  private GeneratedReplies() {}

  /** The reply as the generated classes say it. */
  static ProcessingResponse of(Reply reply) {
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
    return reply.metadata == null ? response : response.setDynamicMetadata(struct(reply.metadata));
  }

  private static ImmediateResponse immediate(LocalAnswer answer) {
    return ImmediateResponse.newBuilder()
        .setStatus(HttpStatus.newBuilder().setCodeValue(answer.status()))
        .setHeaders(mutation(answer.headers()))
        .setBody(ByteString.copyFrom(answer.body()))
        .setDetails("semantic_router")
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

  private static Struct struct(UsageMetadata metadata) {
    Struct.Builder fields = Struct.newBuilder();
    for (int i = 0; i < metadata.size(); i++) {
      String text = metadata.text(i);
      Value.Builder value = Value.newBuilder();
      fields.putFields(
          metadata.name(i),
          (text == null ? value.setNumberValue(metadata.number(i)) : value.setStringValue(text))
              .build());
    }
    return Struct.newBuilder()
        .putFields(metadata.namespace(), Value.newBuilder().setStructValue(fields).build())
        .build();
  }
}
