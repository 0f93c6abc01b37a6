// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest.RequestCase;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.semanticrouter.maas.internal.edit.RequestSplice;
import io.semanticrouter.maas.internal.edit.UsageStrip;
import io.semanticrouter.maas.internal.framing.Framing;
import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The two bodies of an exchange as they leave Envoy: what it makes of its messages and of the
 * replies to them, and what it should have made of them, by the edits of whole bodies.
 */
record PassedOn(String request, String response) {

  /** As Envoy does it in STREAMED mode. */
  static PassedOn of(List<ProcessingRequest> messages, List<ProcessingResponse> replies) {
    return new PassedOn(
        body(messages, replies, RequestCase.REQUEST_BODY),
        body(messages, replies, RequestCase.RESPONSE_BODY));
  }

  private static String body(
      List<ProcessingRequest> messages, List<ProcessingResponse> replies, RequestCase kind) {
    ByteString passed = ByteString.EMPTY;
    for (int i = 0; i < messages.size(); i++) {
      ProcessingRequest message = messages.get(i);
      if (message.getRequestCase() == kind) {
        boolean request = kind == RequestCase.REQUEST_BODY;
        passed =
            passed.concat(
                chunk(
                    (request ? message.getRequestBody() : message.getResponseBody()).getBody(),
                    request ? replies.get(i).getRequestBody() : replies.get(i).getResponseBody()));
      }
    }
    return passed.toString(java.nio.charset.StandardCharsets.ISO_8859_1);
  }

  private static ByteString chunk(ByteString original, BodyResponse reply) {
    BodyMutation mutation = reply.getResponse().getBodyMutation();
    return switch (mutation.getMutationCase()) {
      case BODY -> mutation.getBody();
      case CLEAR_BODY -> mutation.getClearBody() ? ByteString.EMPTY : original;
      case MUTATION_NOT_SET -> original;
      default -> throw new AssertionError(mutation);
    };
  }

  /** What one chat completion should have become, its response seen up to its end. */
  static PassedOn expected(List<ProcessingRequest> messages) {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    ByteArrayOutputStream response = new ByteArrayOutputStream();
    RequestSplice splice =
        new RequestSplice((b, from, to) -> request.write(b, from, to - from), false);
    UsageStrip strip = null;
    boolean answered = false;
    for (ProcessingRequest message : messages) {
      switch (message.getRequestCase()) {
        case REQUEST_BODY -> {
          byte[] chunk = message.getRequestBody().getBody().toByteArray();
          if (answered) {
            splice.end();
            request.writeBytes(chunk);
          } else {
            splice.feed(chunk, 0, chunk.length);
            if (message.getRequestBody().getEndOfStream()) {
              splice.end();
            }
          }
        }
        case RESPONSE_HEADERS -> {
          answered = true;
          String headers = message.getResponseHeaders().toString();
          UsageStrip.@Nullable Mode mode = splice.strip();
          if (mode != null && headers.contains("event-stream") && headers.contains("\"200\"")) {
            strip =
                new UsageStrip(
                    (b, from, to) -> response.write(b, from, to - from), mode, Framing.SSE);
          }
        }
        case RESPONSE_BODY -> {
          byte[] chunk = message.getResponseBody().getBody().toByteArray();
          if (strip == null) {
            response.writeBytes(chunk);
          } else {
            strip.feed(chunk, 0, chunk.length);
          }
        }
        default -> {
          // changes no body
        }
      }
    }
    return new PassedOn(
        request.toString(java.nio.charset.StandardCharsets.ISO_8859_1),
        response.toString(java.nio.charset.StandardCharsets.ISO_8859_1));
  }
}
