// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.minienvoy;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest.RequestCase;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse.ResponseCase;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One exchange on its way through the filter. */
final class Play {
  /** A message without its reply. */
  private record Awaited(HttpSide side, RequestCase kind, HttpSide.@Nullable Chunk chunk) {}

  /** A reply, and when it came. */
  private record Reply(ProcessingResponse message, int step) {}

  private final Supplier<Wire> opener;
  private final Filter filter;
  private final Duration patience;
  private final int lag;
  private final HttpSide request;
  private final HttpSide response;

  private final List<ProcessingRequest> sent = new ArrayList<>();
  private final List<ProcessingResponse> replies = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();
  private final Deque<Awaited> awaited = new ArrayDeque<>();
  private final Deque<Reply> arrived = new ArrayDeque<>();
  private final Struct.Builder metadata = Struct.newBuilder();
  private @Nullable Wire wire;
  private @Nullable ImmediateResponse immediate;
  private @Nullable Status end;
  private boolean closed;
  private int step;

  Play(Supplier<Wire> opener, Filter filter, Duration patience, int lag) {
    this.opener = opener;
    this.filter = filter;
    this.patience = patience;
    this.lag = lag;
    request = new HttpSide(Direction.REQUEST, filter, this);
    response = new HttpSide(Direction.RESPONSE, filter, this);
  }

  Played run(HttpExchange exchange, int events, Ending ending) {
    for (HttpExchange.Event event : exchange.events().subList(0, events)) {
      (event.direction() == Direction.REQUEST ? request : response).on(event);
      step++;
      pump(lag);
      if (immediate != null) {
        break;
      }
    }
    if (events == exchange.length()) {
      drain();
    }
    if (events == exchange.length() && immediate == null) {
      request.check();
      response.check();
    }
    hangUp(ending);
    return new Played(
        List.copyOf(sent),
        List.copyOf(replies),
        List.copyOf(violations),
        request.forwarded(),
        response.forwarded(),
        metadata.build(),
        immediate,
        awaited.size(),
        end);
  }

  // Sending

  void send(
      ProcessingRequest.Builder message,
      HttpSide side,
      RequestCase kind,
      HttpSide.@Nullable Chunk chunk) {
    if (!filter.observability()) {
      awaited.add(new Awaited(side, kind, chunk));
    }
    sendDuplex(message);
  }

  /** Sends what is not answered one by one. */
  void sendDuplex(ProcessingRequest.Builder message) {
    message.setMetadataContext(Metadata.getDefaultInstance());
    message.setObservabilityMode(filter.observability());
    Wire open = wire;
    if (open == null) {
      open = opener.get();
      wire = open;
      if (filter.sendsProtocolConfig() && !filter.observability()) {
        message.setProtocolConfig(
            ProtocolConfiguration.newBuilder()
                .setRequestBodyMode(filter.mode().getRequestBodyMode())
                .setResponseBodyMode(filter.mode().getResponseBodyMode())
                .setSendBodyWithoutWaitingForHeaderResponse(filter.sendsBodyEarly()));
      }
      if (filter.requestAttributes().getFieldsCount() > 0) {
        message.putAttributes("envoy.filters.http.ext_proc", filter.requestAttributes());
      }
    }
    ProcessingRequest built = message.build();
    sent.add(built);
    open.send(built);
  }

  void violation(String what) {
    violations.add(what);
  }

  /** A message that Envoy counts as spurious; it then ends the stream. */
  void spurious(String what) {
    violation("spurious: " + what);
    close();
  }

  private void close() {
    if (!closed && wire != null) {
      closed = true;
      wire.halfClose();
      wire.reset();
    }
    bypass();
  }

  private void bypass() {
    request.bypass();
    response.bypass();
  }

  // Receiving

  /** Takes what has come, and acts on what came at least so many steps ago. */
  private void pump(int steps) {
    boolean busy = true;
    while (busy) {
      busy = receive(Duration.ZERO);
      while (!arrived.isEmpty() && arrived.element().step() + steps <= step) {
        busy = true;
        take(arrived.remove().message());
      }
    }
  }

  private boolean receive(Duration longest) {
    Wire open = wire;
    if (open == null || closed) {
      return false;
    }
    Wire.Arrival arrival = open.next(longest);
    if (arrival == null) {
      return false;
    }
    ProcessingResponse reply = arrival.reply();
    if (reply != null) {
      replies.add(reply);
      arrived.add(new Reply(reply, step));
    }
    Status status = arrival.end();
    if (status != null) {
      ended(status);
    }
    return true;
  }

  private void ended(Status status) {
    // What came before the end counts.
    while (!arrived.isEmpty() && !closed) {
      take(arrived.remove().message());
    }
    end = status;
    closed = true;
    if (!status.isOk()) {
      violation("the server failed the stream: " + status);
    }
    bypass();
  }

  /** Waits for every reply that is still to come. */
  private void drain() {
    pump(0);
    while (!closed && isWaiting()) {
      if (!receive(patience)) {
        awaited.forEach(message -> violation("no reply to " + message.kind()));
        return;
      }
      pump(0);
    }
  }

  private boolean isWaiting() {
    return !awaited.isEmpty() || request.awaitsDuplexEnd() || response.awaitsDuplexEnd();
  }

  private void take(ProcessingResponse reply) {
    if (filter.observability()) {
      violation("a reply in observability mode: " + reply.getResponseCase());
      return;
    }
    if (closed) {
      return;
    }
    if (reply.hasOverrideMessageTimeout()) {
      violation("asks for more time instead of replying");
      return;
    }
    if (reply.hasImmediateResponse()) {
      answered(reply);
      return;
    }
    HttpSide duplex = duplex(reply.getResponseCase());
    if (duplex != null) {
      merge(reply);
      noOverride(reply);
      duplex.duplexReply(bodyReply(reply));
      if (duplex.isEndOfDuplex() && (duplex == response || response.showsNothing())) {
        closeEarly();
      }
      return;
    }
    Awaited message = awaited.poll();
    if (message == null || message.kind() != kind(reply.getResponseCase())) {
      spurious(
          reply.getResponseCase()
              + (message == null ? " to nothing" : " instead of " + message.kind()));
      return;
    }
    merge(reply);
    answer(message, reply);
  }

  private void answer(Awaited message, ProcessingResponse reply) {
    HttpSide side = message.side();
    switch (message.kind()) {
      case REQUEST_HEADERS, RESPONSE_HEADERS -> {
        if (reply.hasModeOverride() && filter.honoursOverrides()) {
          override(reply);
        }
        boolean last =
            side.showsNothingBehindHeaders() && (side == response || response.showsNothing());
        side.headersReply(
            (side == request ? Direction.REQUEST : Direction.RESPONSE).headersReply(reply));
        if (last) {
          closeEarly();
        }
      }
      case REQUEST_BODY, RESPONSE_BODY -> {
        noOverride(reply);
        HttpSide.Chunk chunk = message.chunk();
        if (chunk != null) {
          side.bodyReply(bodyReply(reply), chunk);
          if (HttpSide.isLast(chunk) && (side == response || response.showsNothing())) {
            closeEarly();
          }
        }
      }
      case REQUEST_TRAILERS, RESPONSE_TRAILERS -> {
        noOverride(reply);
        side.trailersReply(
            side == request ? reply.getRequestTrailers() : reply.getResponseTrailers());
        if (side == response || response.showsNothing()) {
          closeEarly();
        }
      }
      case REQUEST_NOT_SET -> throw new AssertionError("never sent");
    }
  }

  private void override(ProcessingResponse reply) {
    var merged = Modes.override(filter.mode(), reply.getModeOverride());
    if (filter.allowedOverrides().isEmpty() || Modes.isAllowed(merged, filter.allowedOverrides())) {
      request.mode(merged);
      response.mode(merged);
    }
  }

  private void noOverride(ProcessingResponse reply) {
    if (reply.hasModeOverride()) {
      violation("mode_override in a reply of kind " + reply.getResponseCase());
    }
  }

  /** Adds metadata as Envoy does: what was said stays, what is said again wins. */
  private void merge(ProcessingResponse reply) {
    for (Map.Entry<String, Value> entry : reply.getDynamicMetadata().getFieldsMap().entrySet()) {
      String namespace = entry.getKey();
      if (!entry.getValue().hasStructValue()) {
        violation("dynamic metadata without a namespace: " + namespace);
      } else if (!filter.namespaces().isEmpty() && !filter.namespaces().contains(namespace)) {
        violation("dynamic metadata of a namespace that is not received: " + namespace);
      } else {
        Struct old =
            metadata.getFieldsOrDefault(namespace, Value.getDefaultInstance()).getStructValue();
        Struct both = old.toBuilder().mergeFrom(entry.getValue().getStructValue()).build();
        metadata.putFields(namespace, Value.newBuilder().setStructValue(both).build());
      }
    }
  }

  private void closeEarly() {
    // A request that outlives its response goes down with it; what the server then still has of it
    // is not the server's fault.
    if (filter.closesEarly() && awaited.isEmpty() && !request.isOpenDuplex()) {
      close();
    }
  }

  /** The client has its answer: nothing of the exchange goes on any more. */
  private void answered(ProcessingResponse reply) {
    immediate = reply.getImmediateResponse();
    merge(reply);
    awaited.clear();
    closed = true;
    if (wire != null) {
      wire.halfClose();
      wire.reset();
    }
  }

  private @Nullable HttpSide duplex(ResponseCase kind) {
    return switch (kind) {
      case REQUEST_BODY -> request.isDuplex() ? request : null;
      case RESPONSE_BODY -> response.isDuplex() ? response : null;
      default -> null;
    };
  }

  private static io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse bodyReply(
      ProcessingResponse reply) {
    return reply.hasRequestBody() ? reply.getRequestBody() : reply.getResponseBody();
  }

  private static RequestCase kind(ResponseCase kind) {
    return switch (kind) {
      case REQUEST_HEADERS -> RequestCase.REQUEST_HEADERS;
      case RESPONSE_HEADERS -> RequestCase.RESPONSE_HEADERS;
      case REQUEST_BODY -> RequestCase.REQUEST_BODY;
      case RESPONSE_BODY -> RequestCase.RESPONSE_BODY;
      case REQUEST_TRAILERS -> RequestCase.REQUEST_TRAILERS;
      case RESPONSE_TRAILERS -> RequestCase.RESPONSE_TRAILERS;
      default -> RequestCase.REQUEST_NOT_SET;
    };
  }

  // Ending

  private void hangUp(Ending ending) {
    Wire open = wire;
    if (open == null || closed) {
      return;
    }
    // A cut leaves replies that nobody will act upon; they have to match all the same.
    while (!arrived.isEmpty()) {
      match(arrived.remove().message());
    }
    switch (ending) {
      case RESET -> {
        open.halfClose();
        open.reset();
      }
      case ABORT -> open.reset();
      case GRACEFUL -> {
        open.halfClose();
        awaitEnd(open);
      }
      case AWAIT_SERVER -> awaitEnd(open);
    }
    closed = true;
  }

  private void awaitEnd(Wire open) {
    while (end == null) {
      Wire.Arrival arrival = open.next(patience);
      if (arrival == null) {
        violation("the server does not end the stream");
        open.reset();
        return;
      }
      ProcessingResponse reply = arrival.reply();
      if (reply != null) {
        replies.add(reply);
        match(reply);
      }
      end = arrival.end();
    }
    if (!end.isOk()) {
      violation("the server failed the stream: " + end);
    }
  }

  private void match(ProcessingResponse reply) {
    if (filter.observability()) {
      violation("a reply in observability mode: " + reply.getResponseCase());
    } else if (reply.hasImmediateResponse()) {
      immediate = reply.getImmediateResponse();
      awaited.clear();
    } else if (duplex(reply.getResponseCase()) == null) {
      Awaited message = awaited.poll();
      if (message == null || message.kind() != kind(reply.getResponseCase())) {
        violation("spurious: " + reply.getResponseCase());
      }
    }
  }
}
