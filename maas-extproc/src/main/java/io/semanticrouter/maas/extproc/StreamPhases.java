// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.RequestBody;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.extproc.ExtProcStats.End;
import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.UsageRecord;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the messages of one stream mean for its exchange, and what they are answered. The two
 * directions are independent: a response may begin, and end, before its request has.
 *
 * <p>Each message gets exactly one reply of its own phase; in full duplex, pieces of a body get as
 * many as their bytes need, and none when there are none. What is not understood gets no reply:
 * Envoy takes anything else for an error of ours, and fails the exchange.
 *
 * <p>Not thread-safe.
 */
final class StreamPhases {
  /** Takes replies, in the order in which they have to be sent. */
  interface Replies {
    void send(Reply reply);
  }

  /** Data planes take at most 64 KiB of a body in one reply. */
  private static final int MAX_ECHO_BYTES = 62 * 1024;

  private static final BodySink NOWHERE = (bytes, offset, length) -> {};

  private final Metering metering;
  private final ExtProcConfig config;
  private final CarriedMicros carried;
  private final StreamStats stats;

  private @Nullable Exchange exchange;

  /** The request where its body is handed in; null where it goes on unseen. */
  private @Nullable RequestBody request;

  /** The response, once its headers are here; null again once it is settled. */
  private @Nullable ResponseBody response;

  private BodyMode requestMode = BodyMode.UNKNOWN;
  private BodyMode responseMode = BodyMode.UNKNOWN;
  private boolean observed;
  private boolean requestEnded;
  private boolean responseBegun;
  private boolean responseEnded;
  private boolean requestStreamed;

  /** All of the request body in one message has been asked for. */
  private boolean requestGathered;

  private boolean responseStreamed;

  /** That the request is unknown has been counted. */
  private boolean requestMissed;

  /** The client has an answer of ours; what still comes is what was on its way. */
  private boolean answered;

  private @Nullable UsageMetadata sentMetadata;

  /** Nothing more is needed, and the data plane has been told so. */
  private boolean skipped;

  /** It sent something all the same. */
  private boolean notSkipped;

  StreamPhases(Metering metering, ExtProcConfig config, CarriedMicros carried, StreamStats stats) {
    this.metering = metering;
    this.config = config;
    this.carried = carried;
    this.stats = stats;
  }

  /** Takes the next message. */
  void on(Message message, Replies out) {
    observed = message.observed;
    if (message.requestMode != BodyMode.UNKNOWN || message.responseMode != BodyMode.UNKNOWN) {
      requestMode = message.requestMode;
      responseMode = message.responseMode;
    }
    if (answered && message.phase != Phase.REQUEST_HEADERS) {
      // The data plane is done with us; a second answer in one frame crashes some versions.
      return;
    }
    notSkipped |= skipped;
    if (exchange == null && message.phase != Phase.REQUEST_HEADERS) {
      beginWithoutHead(message);
    }
    switch (message.phase) {
      case REQUEST_HEADERS -> requestHeaders(message, out);
      case REQUEST_BODY -> requestBody(message, out);
      case REQUEST_TRAILERS -> requestTrailers(message, out);
      case RESPONSE_HEADERS -> responseHeaders(message, out);
      case RESPONSE_BODY -> responseBody(message, out);
      case RESPONSE_TRAILERS -> responseTrailers(message, out);
      case UNKNOWN -> {
        // A reply of any kind would be the wrong one.
      }
    }
  }

  /** Answers a message so that it changes nothing. */
  void neutral(Message message, Replies out) {
    switch (message.phase) {
      case REQUEST_BODY -> pass(message, isEchoed(requestMode), out);
      case RESPONSE_BODY -> pass(message, isEchoed(responseMode), out);
      case UNKNOWN -> {
        // As above.
      }
      default -> out.send(Reply.neutral(message.phase));
    }
  }

  /** Whether the stream only holds resources by now. */
  boolean isOver() {
    if (observed) {
      return exchange == null || !exchange.isOpen();
    }
    return notSkipped && config.earlyCompletion() && !isFullDuplex();
  }

  /**
   * Whether the client would get what it did not ask for if the rest of the response passed without
   * us: also when the exchange is settled.
   */
  boolean mayEditResponse() {
    return !observed && !responseEnded && (editsResponse() || (!responseBegun && request != null));
  }

  /** Whether what is not sent back in full duplex would be lost. */
  boolean isFullDuplex() {
    return isEchoed(requestMode) || isEchoed(responseMode);
  }

  /** The stream ends, whatever has been seen: settles what is not settled yet. */
  void close(End end) {
    if (exchange == null || !exchange.isOpen()) {
      return;
    }
    exchange.abort(
        switch (end) {
          case IDLE_TIMEOUT -> AbortReason.IDLE_TIMEOUT;
          case DRAIN -> AbortReason.DRAIN;
          default -> AbortReason.CANCELLED;
        });
    countSettled(exchange, end);
  }

  /** Sends on what is held of a request of which the rest does not come. */
  void letGo(Replies out) {
    if (request != null && isEchoed(requestMode) && !answered) {
      request.release(
          (b, from, count) -> echo(Phase.REQUEST_BODY, b, from, from + count, false, out));
    }
  }

  // --- request -------------------------------------------------------------------------------

  private void requestHeaders(Message message, Replies out) {
    if (exchange != null) {
      // A second head on one stream is not HTTP; what the first one began still has to be settled.
      close(End.NEXT_REQUEST);
      responseBegun = false;
      responseEnded = false;
      response = null;
      answered = false;
      sentMetadata = null;
      notSkipped = false;
    }
    requestEnded = message.endOfStream;
    Exchange begun = begin(NotedHeaders.of(message, metering.config()));
    LocalAnswer refusal = observed ? null : begun.refuse();
    if (refusal != null) {
      answer(refusal, message, out);
      return;
    }
    boolean wantsBody = request != null;
    skipped = !begun.isMetered();
    // What is buffered comes whole, and can be edited to its last byte whatever follows it.
    boolean asksForBody = wantsBody && !requestMode.isWhole();
    requestGathered =
        asksForBody && begun.request().mode() == RequestBody.Mode.HOLD && !isFullDuplex();
    requestStreamed = asksForBody && !requestGathered;
    ModeOverride override =
        isFullDuplex()
            ? null
            : requestGathered
                ? ModeOverride.BUFFER_REQUEST
                : requestStreamed
                    ? ModeOverride.STREAM_REQUEST
                    : skipped ? ModeOverride.SKIP : null;
    HeaderEdits edits = wantsBody ? begun.request().edits() : begun.request().pass();
    out.send(Reply.headers(Phase.REQUEST_HEADERS, edits, override));
  }

  private void beginWithoutHead(Message message) {
    if (requestMissed || message.phase == Phase.UNKNOWN) {
      return;
    }
    Headers head = NotedHeaders.ofRequest(message);
    if (head != null) {
      Exchange begun = begin(head);
      if (request != null) {
        begun.request().edits(); // too late for them
      } else {
        begun.request().pass();
      }
    } else {
      requestMissed = true;
      stats.requestUnknown();
    }
  }

  private Exchange begin(Headers headers) {
    String method = headers.get(":method");
    String path = headers.get(":path");
    Exchange begun =
        metering.begin(method == null ? "" : method, path == null ? "" : path, headers);
    exchange = begun;
    // Where replies are ignored nothing can be edited.
    boolean isHandedIn =
        begun.request().mode() != RequestBody.Mode.PASS && !observed && !requestEnded;
    request = isHandedIn ? begun.request() : null;
    return begun;
  }

  private void requestBody(Message message, Replies out) {
    boolean echoed = isEchoed(requestMode);
    boolean late = requestEnded;
    requestEnded |= message.endOfStream;
    if (late && echoed) {
      // Some versions of Envoy send the last piece twice; it has gone on already.
      return;
    }
    RequestBody open = request;
    if (open == null) {
      pass(message, echoed, out);
      return;
    }
    EditedBody edited = new EditedBody(message);
    open.write(message.bytes, message.from, message.to - message.from, edited);
    boolean last =
        message.endOfStream
            || (!echoed && requestGathered)
            || (requestMode.isWhole() && !requestStreamed);
    if (!message.endOfStream && !echoed && requestMode != BodyMode.BUFFERED) {
      // Too long for Envoy's buffer, or trailers follow: more of it may never be shown, or nothing
      // could be sent in its place.
      open.release(edited);
    }
    if (last) {
      open.end(edited);
    }
    LocalAnswer answer = open.answer();
    if (answer != null) {
      answer(answer, message, out);
    } else {
      pass(edited, message, echoed, out);
    }
  }

  /** No message of the response will come. */
  private void answer(LocalAnswer answer, Message message, Replies out) {
    answered = true;
    stats.settled(End.LOCAL_ANSWER);
    out.send(withMetadata(Reply.answered(message.phase, answer)));
  }

  private void requestTrailers(Message message, Replies out) {
    requestEnded = true;
    if (request != null) {
      EditedBody rest = new EditedBody(message);
      LocalAnswer answer = request.end(rest);
      if (answer != null) {
        answer(answer, message, out);
        return;
      }
      if (isEchoed(requestMode)) {
        echo(Phase.REQUEST_BODY, rest, false, out);
      }
    }
    out.send(Reply.REQUEST_TRAILERS);
  }

  // --- response ------------------------------------------------------------------------------

  private void responseHeaders(Message message, Replies out) {
    responseBegun = true;
    responseEnded = message.endOfStream;
    HeaderEdits edits = HeaderEdits.EMPTY;
    boolean wantsBody = false;
    boolean requestOpen = false;
    if (exchange != null) {
      ResponseBody begun = exchange.response(status(message.headers), message.headers);
      response = begun;
      edits = begun.edits();
      wantsBody = begun.mode() != ResponseBody.Mode.PASS && !responseEnded;
      requestOpen = request != null && request.isOpen() && !responseEnded;
      if (!wantsBody) {
        // Nothing more is coming, or nothing more that matters.
        end(NOWHERE);
      }
    }
    skipped = !wantsBody && !requestOpen;
    ModeOverride override = responseOverride(message, wantsBody, requestOpen);
    out.send(withMetadata(Reply.headers(Phase.RESPONSE_HEADERS, edits, override)));
  }

  private @Nullable ModeOverride responseOverride(
      Message message, boolean wantsBody, boolean requestOpen) {
    if (isFullDuplex()) {
      return null;
    }
    if (wantsBody) {
      // All of a document at once is what Envoy was asked to wait for; events should not wait, and
      // where we asked for usage events are likely, whatever the label. An override of ours for the
      // request may have switched the body off.
      boolean wait =
          responseMode == BodyMode.BUFFERED
              && !requestStreamed
              && !requestGathered
              && !editsResponse()
              && isJson(message.headers);
      responseStreamed = !wait;
      return wait ? null : requestOpen ? ModeOverride.STREAM_BOTH : ModeOverride.STREAM_RESPONSE;
    }
    if (requestOpen) {
      return ModeOverride.STREAM_REQUEST;
    }
    return responseMode.isShown() && !responseEnded ? ModeOverride.SKIP : null;
  }

  private void responseBody(Message message, Replies out) {
    boolean echoed = isEchoed(responseMode);
    boolean late = responseEnded;
    responseEnded |= message.endOfStream;
    if (late && echoed) {
      return;
    }
    boolean last = message.endOfStream || (responseMode == BodyMode.BUFFERED && !responseStreamed);
    ResponseBody open = response;
    if (open == null) {
      if (exchange != null && exchange.isOpen()) {
        // Its head was not shown: nothing says what it is.
        end(NOWHERE);
        skipped = true;
      }
      pass(message, echoed, out);
      return;
    }
    int length = message.to - message.from;
    if (open.mode() != ResponseBody.Mode.PASS) {
      stats.scanned(length);
    }
    if (!editsResponse()) {
      open.watch(message.bytes, message.from, length);
      if (last) {
        end(NOWHERE);
      } else if (open.mode() == ResponseBody.Mode.PASS) {
        // The first bytes say that it holds no usage.
        end(NOWHERE);
        skipped = true;
      }
      pass(message, echoed, out);
      return;
    }
    EditedBody edited = new EditedBody(message);
    open.write(message.bytes, message.from, length, edited);
    if (last) {
      end(edited);
    } else if (responseMode == BodyMode.BUFFERED_PARTIAL) {
      // In part or as a stream: what is on its way cannot tell. So nothing of it is held back.
      open.release(edited);
    }
    pass(edited, message, echoed, out);
  }

  private void responseTrailers(Message message, Replies out) {
    responseEnded = true;
    if (response != null
        && (responseMode == BodyMode.BUFFERED_PARTIAL || responseMode == BodyMode.UNKNOWN)) {
      // What did not fit into Envoy's buffer has gone on unseen; only an end of stream tells.
      response.incomplete();
    }
    EditedBody rest = new EditedBody(message);
    boolean edits = editsResponse();
    end(rest);
    if (edits && isEchoed(responseMode)) {
      echo(Phase.RESPONSE_BODY, rest, false, out);
    }
    out.send(withMetadata(Reply.RESPONSE_TRAILERS));
  }

  private boolean editsResponse() {
    return response != null && response.mode() == ResponseBody.Mode.EDIT;
  }

  private static int status(Headers headers) {
    String status = headers.get(":status");
    try {
      return status == null ? 0 : Integer.parseInt(status);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static boolean isJson(Headers headers) {
    String type = headers.get("content-type");
    return type != null && type.strip().toLowerCase(Locale.ROOT).startsWith("application/json");
  }

  private void end(BodySink rest) {
    if (exchange == null) {
      return;
    }
    boolean isOpen = exchange.isOpen();
    if (response != null) {
      response.end(rest);
      response = null;
    } else {
      exchange.close();
    }
    if (isOpen) {
      countSettled(exchange, End.END_OF_RESPONSE);
    }
  }

  /** Of a request on no list often no record comes. */
  private void countSettled(Exchange settled, End end) {
    if (settled.record() != null) {
      stats.settled(end);
    }
  }

  // --- replies -------------------------------------------------------------------------------

  private static boolean isEchoed(BodyMode mode) {
    return mode == BodyMode.FULL_DUPLEX_STREAMED;
  }

  private void pass(Message message, boolean echoed, Replies out) {
    if (echoed) {
      echo(message.phase, message.bytes, message.from, message.to, message.endOfStream, out);
    } else {
      out.send(withMetadata(Reply.neutral(message.phase)));
    }
  }

  private void pass(EditedBody edited, Message message, boolean echoed, Replies out) {
    if (echoed) {
      echo(message.phase, edited, message.endOfStream, out);
    } else {
      out.send(withMetadata(edited.reply(message.phase)));
    }
  }

  private void echo(Phase phase, EditedBody edited, boolean endOfStream, Replies out) {
    echo(phase, edited.bytes(), edited.start(), edited.end(), endOfStream, out);
  }

  private void echo(Phase phase, byte[] bytes, int from, int to, boolean endOfStream, Replies out) {
    int i = from;
    while (i < to - MAX_ECHO_BYTES) {
      out.send(Reply.echoed(phase, bytes, i, i + MAX_ECHO_BYTES, false));
      i += MAX_ECHO_BYTES;
    }
    if (i < to || endOfStream) {
      out.send(withMetadata(Reply.echoed(phase, bytes, i, to, endOfStream)));
    }
  }

  /**
   * Adds the usage for Envoy to the first reply that can carry it, and once more to the last. The
   * first matters: a client that has all its bytes may hang up before the reply to an empty last
   * message is back, and Envoy then writes its access log without it.
   */
  private Reply withMetadata(Reply reply) {
    if (exchange == null || !metering.config().mode().isIntegrated() || !isOfAnswer(reply)) {
      return reply;
    }
    UsageRecord settled = exchange.record();
    if (settled == null && (sentMetadata != null || !exchange.hasFinalUsage())) {
      return reply;
    }
    if (settled != null && sentMetadata != null && sentMetadata.isOf(settled)) {
      return reply.withMetadata(sentMetadata.withOutcome(settled));
    }
    sentMetadata = UsageMetadata.of(config.metadataNamespace(), exchange, carried, sentMetadata);
    return reply.withMetadata(sentMetadata);
  }

  private static boolean isOfAnswer(Reply reply) {
    return reply.answer != null
        || reply.phase == Phase.RESPONSE_HEADERS
        || reply.phase == Phase.RESPONSE_BODY
        || reply.phase == Phase.RESPONSE_TRAILERS;
  }
}
