// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse.ResponseStatus;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * One direction of an exchange inside the filter: what it shows of it, what it holds back while a
 * reply is outstanding, and what goes on.
 */
final class HttpSide {
  /** The largest piece of a FULL_DUPLEX_STREAMED body that a reply should carry, in bytes. */
  private static final int MAX_DUPLEX_BYTES = 64 << 10;

  /** What the rest of the message has to wait for. */
  private enum Wait {
    NOTHING,
    HEADERS,
    BODY
  }

  /** A piece of the body in front of what has gone on; it goes when it is settled. */
  static final class Chunk {
    private ByteString bytes;
    private final boolean end;
    private final boolean streamed;
    private boolean settled;

    Chunk(ByteString bytes, boolean end, boolean streamed) {
      this.bytes = bytes;
      this.end = end;
      this.streamed = streamed;
    }
  }

  private final Direction direction;
  private final Filter filter;
  private final Play play;
  private final Deque<Chunk> queue = new ArrayDeque<>();
  private final List<HeaderValue> headers = new ArrayList<>();
  private final List<HeaderValue> trailers = new ArrayList<>();

  private boolean sendsHeaders;
  private boolean sendsTrailers;
  private BodySendMode bodyMode = BodySendMode.NONE;
  private Wait wait = Wait.NOTHING;
  private boolean bypassed;

  private boolean endsWithHeaders;
  private boolean hasBody;
  private boolean hasHeld;
  private boolean heldEnd;
  private ByteString held = ByteString.EMPTY;
  private boolean holdsTrailers;
  private boolean awaitsTrailers;
  private HeaderMap trailerMap = HeaderMap.getDefaultInstance();
  private boolean hasBuffered;
  private boolean hasOverflowed;
  private ByteString buffered = ByteString.EMPTY;
  private boolean duplexBegun;
  private boolean duplexEndSent;
  private boolean duplexEnded;

  private boolean replaced;
  private ByteString body = ByteString.EMPTY;
  private boolean complete;

  HttpSide(Direction direction, Filter filter, Play play) {
    this.direction = direction;
    this.filter = filter;
    this.play = play;
    mode(filter.mode());
  }

  void mode(ProcessingMode mode) {
    sendsHeaders = direction.sendsHeaders(mode);
    sendsTrailers = direction.sendsTrailers(mode);
    bodyMode = direction.bodyMode(mode);
  }

  // What comes from the network

  void on(HttpExchange.Event event) {
    switch (event.part()) {
      case HEADERS -> headers(event.map(), event.end());
      case DATA -> data(event.bytes(), event.end());
      case TRAILERS -> trailers(event.map());
    }
  }

  private void headers(HeaderMap map, boolean end) {
    endsWithHeaders = end;
    headers.addAll(map.getHeadersList());
    if (bypassed) {
      complete = end;
      return;
    }
    if (!filter.observability() && dropsContentLength()) {
      headers.removeIf(header -> header.getKey().equals("content-length"));
    }
    if (sendsHeaders) {
      wait = filter.observability() ? Wait.NOTHING : Wait.HEADERS;
      play.send(direction.headers(map, end), this, direction.headersCase(), null);
    }
    complete = end && wait == Wait.NOTHING;
  }

  private boolean dropsContentLength() {
    return switch (bodyMode) {
      case STREAMED, BUFFERED_PARTIAL, FULL_DUPLEX_STREAMED -> true;
      case BUFFERED -> !sendsHeaders;
      default -> false;
    };
  }

  private void data(ByteString bytes, boolean end) {
    hasBody = true;
    if (!bypassed && isHeld()) {
      hasHeld = true;
      held = held.concat(bytes);
      heldEnd = end;
    } else {
      body(bytes, end);
    }
  }

  private boolean isHeld() {
    return switch (wait) {
      case NOTHING -> false;
      case BODY -> true;
      case HEADERS ->
          bodyMode != BodySendMode.FULL_DUPLEX_STREAMED
              && !(bodyMode == BodySendMode.STREAMED && filter.sendsBodyEarly());
    };
  }

  private void body(ByteString bytes, boolean end) {
    switch (bypassed || hasOverflowed ? BodySendMode.NONE : bodyMode) {
      case STREAMED -> {
        passOnBuffered();
        Chunk chunk = new Chunk(bytes, end, true);
        chunk.settled = filter.observability();
        queue.add(chunk);
        play.send(direction.body(bytes, end), this, direction.bodyCase(), chunk);
        passOnSettled();
      }
      case BUFFERED, BUFFERED_PARTIAL -> {
        hasBuffered = true;
        buffered = buffered.concat(bytes);
        boolean overflows =
            bodyMode == BodySendMode.BUFFERED_PARTIAL && buffered.size() >= filter.bufferLimit();
        if (end || overflows) {
          hasOverflowed = !end;
          sendBuffered(end);
        }
      }
      case FULL_DUPLEX_STREAMED -> {
        duplexBegun = true;
        duplexEndSent |= end;
        play.sendDuplex(direction.body(bytes, end));
      }
      default -> {
        passOnBuffered();
        passOn(bytes, end);
      }
    }
  }

  private void sendBuffered(boolean end) {
    Chunk chunk = new Chunk(buffered, end, false);
    hasBuffered = false;
    buffered = ByteString.EMPTY;
    wait = Wait.BODY;
    queue.add(chunk);
    play.send(direction.body(chunk.bytes, end), this, direction.bodyCase(), chunk);
  }

  private void trailers(HeaderMap map) {
    trailerMap = map;
    trailers.addAll(map.getHeadersList());
    if (!bypassed && isHeld()) {
      holdsTrailers = true;
    } else {
      trailersNow();
    }
  }

  private void trailersNow() {
    if (!bypassed && hasBuffered) {
      holdsTrailers = true;
      sendBuffered(false);
    } else if (!bypassed && sendsTrailers) {
      awaitsTrailers = !filter.observability();
      play.send(direction.trailers(trailerMap), this, direction.trailersCase(), null);
      if (!awaitsTrailers) {
        passOn(ByteString.EMPTY, true);
      }
    } else {
      passOnBuffered();
      passOn(ByteString.EMPTY, true);
    }
  }

  // What comes from the server

  void headersReply(HeadersResponse reply) {
    wait = Wait.NOTHING;
    CommonResponse common = reply.getResponse();
    HeaderEditing.apply(common.getHeaderMutation(), headers, play::violation);
    if (common.getStatus() == ResponseStatus.CONTINUE_AND_REPLACE) {
      replaced = true;
      body = common.getBodyMutation().getBody();
      complete = true;
      bypass();
      return;
    }
    if (common.hasBodyMutation()) {
      play.violation("edits a body in the reply to headers, and does not replace it");
    }
    complete = endsWithHeaders;
    release();
  }

  void bodyReply(BodyResponse reply, Chunk chunk) {
    if (!chunk.streamed) {
      wait = Wait.NOTHING;
    }
    CommonResponse common = reply.getResponse();
    if (common.getStatus() == ResponseStatus.CONTINUE_AND_REPLACE) {
      play.violation("replaces a message in the reply to a body");
    }
    if (!chunk.streamed) {
      HeaderEditing.apply(common.getHeaderMutation(), headers, play::violation);
    } else if (common.hasHeaderMutation()) {
      play.violation("edits headers that have gone on");
    }
    BodyMutation mutation = common.getBodyMutation();
    switch (mutation.getMutationCase()) {
      case BODY -> chunk.bytes = mutation.getBody();
      case CLEAR_BODY -> chunk.bytes = mutation.getClearBody() ? ByteString.EMPTY : chunk.bytes;
      case STREAMED_RESPONSE -> {
        play.spurious("streamed_response where the mode is not FULL_DUPLEX_STREAMED");
        return;
      }
      case MUTATION_NOT_SET -> {
        // goes on as it is
      }
    }
    chunk.settled = true;
    passOnSettled();
    if (!chunk.streamed) {
      release();
    }
  }

  boolean isDuplex() {
    return bodyMode == BodySendMode.FULL_DUPLEX_STREAMED;
  }

  void duplexReply(BodyResponse reply) {
    if (!duplexBegun || wait == Wait.HEADERS) {
      play.spurious(direction.bodyCase() + " before its turn");
      return;
    }
    CommonResponse common = reply.getResponse();
    if (!common.getBodyMutation().hasStreamedResponse()) {
      play.spurious(direction.bodyCase() + " without streamed_response");
      return;
    }
    if (common.hasHeaderMutation()) {
      play.violation("edits headers that have gone on");
    }
    if (complete) {
      play.violation(direction.bodyCase() + " behind the end of the body");
      return;
    }
    StreamedBodyResponse piece = common.getBodyMutation().getStreamedResponse();
    if (piece.getBody().size() > MAX_DUPLEX_BYTES) {
      play.violation("a piece of " + piece.getBody().size() + " bytes");
    }
    if (piece.getEndOfStream()) {
      if (!duplexEndSent) {
        play.violation("ends a body that has not ended");
      }
      duplexEnded = true;
    }
    passOn(piece.getBody(), piece.getEndOfStream());
  }

  void trailersReply(TrailersResponse reply) {
    awaitsTrailers = false;
    HeaderEditing.apply(reply.getHeaderMutation(), trailers, play::violation);
    passOn(ByteString.EMPTY, true);
  }

  /** What was held back while a reply was outstanding goes its way, in the mode of now. */
  private void release() {
    if (hasHeld) {
      ByteString bytes = held;
      hasHeld = false;
      held = ByteString.EMPTY;
      body(bytes, heldEnd);
    }
    if (holdsTrailers && !isHeld()) {
      holdsTrailers = false;
      trailersNow();
    }
  }

  /** From now on everything goes on unseen. */
  void bypass() {
    if (bypassed) {
      return;
    }
    bypassed = true;
    if (isOpenDuplex()) {
      play.violation("lets go of a " + direction + " body that only the server had");
    }
    wait = Wait.NOTHING;
    complete |= endsWithHeaders;
    queue.forEach(chunk -> chunk.settled = true);
    passOnSettled();
    passOnBuffered();
    release();
    if (awaitsTrailers) {
      awaitsTrailers = false;
      passOn(ByteString.EMPTY, true);
    }
  }

  // What goes on

  private void passOnBuffered() {
    if (hasBuffered) {
      hasBuffered = false;
      ByteString bytes = buffered;
      buffered = ByteString.EMPTY;
      passOn(bytes, false);
    }
  }

  private void passOn(ByteString bytes, boolean end) {
    Chunk chunk = new Chunk(bytes, end, true);
    chunk.settled = true;
    queue.add(chunk);
    passOnSettled();
  }

  private void passOnSettled() {
    while (!queue.isEmpty() && queue.element().settled) {
      Chunk chunk = queue.remove();
      if (!replaced) {
        body = body.concat(chunk.bytes);
        complete |= chunk.end;
      }
    }
  }

  // What the stream is still good for

  boolean awaitsDuplexEnd() {
    return !bypassed && duplexEndSent && !duplexEnded;
  }

  boolean isOpenDuplex() {
    return duplexBegun && !complete;
  }

  boolean isEndOfDuplex() {
    return isDuplex() && duplexEnded;
  }

  boolean showsNothing() {
    return !sendsHeaders && bodyMode == BodySendMode.NONE && !sendsTrailers;
  }

  boolean showsNothingBehindHeaders() {
    return endsWithHeaders || (bodyMode == BodySendMode.NONE && !sendsTrailers);
  }

  static boolean isLast(Chunk chunk) {
    return chunk.streamed && chunk.end;
  }

  /** What the other side would choke on, once all has been said. */
  void check() {
    if (awaitsDuplexEnd()) {
      play.violation("never ends the " + direction + " body");
    }
    if (!complete || !hasBody || replaced) {
      return;
    }
    for (HeaderValue header : headers) {
      if (header.getKey().equals("content-length")
          && !header.getRawValue().toStringUtf8().equals(Integer.toString(body.size()))) {
        play.violation("a content-length other than the " + body.size() + " bytes passed on");
      }
    }
  }

  Played.Forwarded forwarded() {
    return new Played.Forwarded(List.copyOf(headers), body, List.copyOf(trailers), complete);
  }
}
