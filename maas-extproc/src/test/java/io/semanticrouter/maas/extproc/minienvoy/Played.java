// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of an exchange. Immutable.
 *
 * @param sent the messages that the server got; none: no stream was opened
 * @param replies its replies, in order
 * @param violations what Envoy would have counted as an error of the server, or lost by it
 * @param upstream what went on to the upstream
 * @param downstream what went on to the client
 * @param metadata the dynamic metadata that the replies have set, merged as Envoy merges it
 * @param immediate the local reply that the server asked for, or null
 * @param unanswered how many messages had no reply when the stream ended
 * @param end what the server ended the stream with before Envoy did, or null
 */
public record Played(
    List<ProcessingRequest> sent,
    List<ProcessingResponse> replies,
    List<String> violations,
    Forwarded upstream,
    Forwarded downstream,
    Struct metadata,
    @Nullable ImmediateResponse immediate,
    int unanswered,
    @Nullable Status end) {

  /**
   * An HTTP message as it left Envoy.
   *
   * @param headers its headers after all edits
   * @param body its body; when it is not complete, as far as it went
   * @param trailers its trailers after all edits
   * @param complete whether its end has left too
   */
  public record Forwarded(
      List<HeaderValue> headers, ByteString body, List<HeaderValue> trailers, boolean complete) {

    /** The last value of a header, or null. */
    public @Nullable String header(String name) {
      String value = null;
      for (HeaderValue header : headers) {
        if (header.getKey().equals(name)) {
          value = header.getRawValue().toStringUtf8();
        }
      }
      return value;
    }
  }

  /** The bytes of one body that the server got to see. */
  public ByteString shown(Direction direction) {
    ByteString shown = ByteString.EMPTY;
    for (ProcessingRequest message : sent) {
      shown = shown.concat(direction.body(message).getBody());
    }
    return shown;
  }

  /** The kinds of the messages, in order. */
  public List<String> sentKinds() {
    return sent.stream().map(message -> message.getRequestCase().name()).toList();
  }

  /** The kinds of the replies, in order. */
  public List<String> replyKinds() {
    return replies.stream().map(reply -> reply.getResponseCase().name()).toList();
  }

  /** Whether the server ended the stream, and without an error. */
  public boolean isCompletedByServer() {
    return end != null && end.isOk();
  }
}
